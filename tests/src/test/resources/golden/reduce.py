"""Reduces the reference data to what the tests here read: python reduce.py SOURCE TARGET (standard library only).

Weights, ids, logits, hidden states, attention outputs and routing are kept bit by bit. Gradients are kept for every
parameter as 16-bit whole numbers times one step a tensor (its largest absolute value / 32767; half a step is 1.5e-5 of
it, the tolerance of a gradient is 5e-5). Final parameters of the training cases are kept whole for vectors and, in layer 1, for
attention and expert 9; of the other matrices the sums of rows and columns are kept.
"""
import array, gzip, json, math, os, re, shutil, struct, sys

SOURCE, TARGET = sys.argv[1], sys.argv[2]


def read(path):
    with open(path, "rb") as f:
        header = json.loads(f.read(struct.unpack("<Q", f.read(8))[0]))
        data = f.read()
    header.pop("__metadata__", None)
    return {k: (v["dtype"], v["shape"], data[slice(*v["data_offsets"])]) for k, v in header.items()}


def write(path, tensors, metadata):
    header, at = {"__metadata__": metadata} if metadata else {}, 0
    for k, (dtype, shape, data) in tensors.items():
        header[k] = {"dtype": dtype, "shape": shape, "data_offsets": [at, at + len(data)]}
        at += len(data)
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as raw, gzip.GzipFile("", "wb", 9, raw, mtime=0) as f:
        f.write(struct.pack("<Q", len(text)) + text)
        for _, _, data in tensors.values():
            f.write(data)


def floats(data):
    return array.array("f", data)


def as_f32(values, shape):
    return "F32", shape, array.array("f", values).tobytes()


def model(case):
    out, steps = {}, {}
    for k, (dtype, shape, data) in read(f"{SOURCE}/{case}/expected.safetensors").items():
        if k.startswith("grad."):
            values = floats(data)
            step = max(map(abs, values)) / 32767
            steps[k] = repr(step)
            out[k] = "I16", shape, array.array("h", (round(v / step) if step else 0 for v in values)).tobytes()
        else:
            out[k] = dtype, shape, data
    os.makedirs(f"{TARGET}/{case}", exist_ok=True)
    for name in os.listdir(f"{SOURCE}/{case}"):
        if name == "config.json" or name.startswith("model"):
            shutil.copyfile(f"{SOURCE}/{case}/{name}", f"{TARGET}/{case}/{name}")
    write(f"{TARGET}/{case}/expected.safetensors.gz", out, steps)


def training(case):
    out = {}
    for k, (dtype, shape, data) in read(f"{SOURCE}/{case}/expected.safetensors").items():
        kept = len(shape) < 2 or ".layers.1.self_attn." in k or ".layers.1.mlp.experts.9." in k
        if not k.startswith("final.") or kept:
            out[k] = dtype, shape, data
            continue
        values, (rows, cols) = floats(data), shape
        out["final_rowsum." + k[6:]] = as_f32((math.fsum(values[r * cols:(r + 1) * cols]) for r in range(rows)), [rows])
        out["final_colsum." + k[6:]] = as_f32((math.fsum(values[c::cols]) for c in range(cols)), [cols])
    write(f"{TARGET}/{case}/expected.safetensors.gz", out, {})
    shutil.copyfile(f"{SOURCE}/{case}/train.json", f"{TARGET}/{case}/train.json")


def whole(case, name, keep):
    tensors = {k: v for k, v in read(f"{SOURCE}/{case}/{name}.safetensors").items() if re.match(keep, k)}
    write(f"{TARGET}/{case}/{name}.safetensors.gz", tensors, {})


for c in "v3-tiny", "moonlight-tiny", "v2-lite-tiny", "v2-tiny", "v3-fp8-tiny", "v3-mtp-tiny":
    model(c)
for c in "train-v3-tiny", "train-v3-tiny-muon":
    training(c)
whole("rope-tables", "rope", ".")
whole("router", "router", ".")
whole("fp8-codec", "codec", ".")
shutil.copyfile(f"{SOURCE}/rope-tables/rope.json", f"{TARGET}/rope-tables/rope.json")
shutil.copyfile(f"{SOURCE}/router/router.json", f"{TARGET}/router/router.json")
