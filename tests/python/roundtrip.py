"""Compares an exported model in transformers with Eva, and what transformers saves of it in Eva.

    ./eva export runs/shakespeare exported
    python -m venv venv && venv/bin/pip install -r tests/python/requirements.txt
    venv/bin/python tests/python/roundtrip.py exported

Checked: the files by safetensors; every tensor loaded, none missing; logits of random ids; a greedy continuation; the
tokenizer's ids of a text; then the model as transformers saves it, in shards, read by Eva again. Exit code 1 if
anything differs by more than the tolerance.
"""

import argparse
import json
import random
import subprocess
import sys
import tempfile
from pathlib import Path

import torch
from safetensors import safe_open
from tokenizers import Tokenizer
from transformers import AutoModelForCausalLM, AutoTokenizer
from transformers.utils import logging

EVA = str(Path(__file__).resolve().parents[2] / "eva")
failed = False


def check(what, good, detail=""):
    global failed
    failed |= not good
    print(f"{'PASS' if good else 'FAIL'}  {what}{': ' if detail else ''}{detail}")


def eva_logits(args, folder, *source, tokens=0):
    command = [args.eva, "logits", str(folder), *source, "--max-tokens", str(tokens)]
    return json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)


def check_files(folder):
    index = folder / "model.safetensors.index.json"
    if not index.exists():
        with safe_open(folder / "model.safetensors", "pt") as file:
            check("safetensors opens the file", True, f"{len(file.keys())} tensors")
        return
    index = json.loads(index.read_text())
    found, size = {}, 0
    for name in sorted(set(index["weight_map"].values())):
        with safe_open(folder / name, "pt") as file:
            for key in file.keys():
                found[key] = name
                tensor = file.get_tensor(key)
                size += tensor.numel() * tensor.element_size()
    check("the index names every tensor's shard", found == index["weight_map"], f"{len(found)} tensors")
    check("the index has the size of all tensors", size == index["metadata"]["total_size"], f"{size} bytes")


def load(folder):
    model, info = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, output_loading_info=True)
    # Without shared experts transformers has empty matrices for them, and prediction layers it leaves out.
    weights = model.state_dict()
    layers = model.config.num_hidden_layers
    info["missing_keys"] = [k for k in info["missing_keys"] if weights[k].numel()]
    info["unexpected_keys"] = [k for k in info["unexpected_keys"] if not k.startswith(f"model.layers.{layers}.")]
    for kind in ("missing_keys", "unexpected_keys", "mismatched_keys"):
        check(f"transformers: no {kind.replace('_', ' ')}", not info[kind], ", ".join(map(str, info[kind])))
    # The continuation has the same length on both sides.
    model.generation_config.eos_token_id = None
    return model.eval()


def compare(what, args, model, mine, ids):
    with torch.no_grad():
        theirs = model(torch.tensor([ids])).logits[0]
    difference = (theirs - torch.tensor(mine["logits"])).abs().max().item()
    largest = theirs.abs().max().item()
    check(f"{what}: logits", difference <= args.tolerance * max(1.0, largest),
          f"largest difference {difference:.3g}, largest logit {largest:.4g}, {len(ids)} tokens")


def compare_greedy(args, model, mine, ids):
    theirs = model.generate(torch.tensor([ids]), attention_mask=torch.ones(1, len(ids)), do_sample=False,
                            max_new_tokens=args.max_tokens)[0, len(ids):].tolist()
    check("greedy continuation", theirs == mine["greedy"], f"{len(theirs)} tokens")


def check_tokenizer(args, folder):
    if not (folder / "tokenizer.json").exists():
        print("SKIP  no tokenizer.json")
        return
    mine = eva_logits(args, folder, "--prompt", args.text)["ids"]
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    check("tokenizers encodes the same", tokenizer.encode(args.text).ids == mine, f"{len(mine)} ids")
    check("tokenizers decodes it again", tokenizer.decode(mine) == args.text)
    auto = AutoTokenizer.from_pretrained(folder)
    check("transformers encodes the same", auto(args.text)["input_ids"] == mine)
    check("transformers decodes it again", auto.decode(mine) == args.text)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="what eva export wrote")
    parser.add_argument("--eva", default=EVA, help="the command")
    parser.add_argument("--length", type=int, default=48, help="tokens whose logits are compared")
    parser.add_argument("--max-tokens", type=int, default=32, help="tokens of the greedy continuation")
    parser.add_argument("--tolerance", type=float, default=1e-4, help="of the largest logit, or of 1")
    parser.add_argument("--text", default="ROMEO:\nWhat say you, sir?", help="what the tokenizers encode")
    args = parser.parse_args()

    logging.disable_progress_bar()
    check_files(args.folder)
    model = load(args.folder)
    draw = random.Random(1)
    ids = [draw.randrange(model.config.vocab_size) for _ in range(args.length)]
    given = ("--ids", ",".join(map(str, ids)))
    mine = eva_logits(args, args.folder, *given, tokens=args.max_tokens)
    compare("exported", args, model, mine, ids)
    compare_greedy(args, model, mine, ids)
    check_tokenizer(args, args.folder)
    with tempfile.TemporaryDirectory() as saved:
        model.save_pretrained(saved, max_shard_size="200KB")
        again = eva_logits(args, saved, *given)
        compare("saved by transformers, read by eva", args, model, again, ids)
        check("the same bits as before", again["logits"] == mine["logits"])
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
