"""Answers a line "step N" with the seconds of N training steps: forward, loss, backward, clipping to norm 1, AdamW.

usage: train_step.py SHAPE BATCHxLENGTH [eager|compile] [EXPERTS]
"""
import sys
import time

import torch

from deepseek import Model, Shape

shape = Shape(sys.argv[1])
batch, length = map(int, sys.argv[2].split("x"))
mode = sys.argv[3] if len(sys.argv) > 3 else "compile"
if len(sys.argv) > 4:
    shape.experts = int(sys.argv[4])
torch.manual_seed(1)
torch.set_num_threads(2)
model = Model(shape, length)
matrices = [p for p in model.parameters() if p.dim() > 1]
vectors = [p for p in model.parameters() if p.dim() == 1]
optimizer = torch.optim.AdamW(
    [{"params": matrices, "weight_decay": 0.1}, {"params": vectors, "weight_decay": 0.0}],
    lr=3e-4,
    betas=(0.9, 0.95),
    fused=True,
)
forward = torch.compile(model) if mode == "compile" else model
batches = [torch.randint(0, shape.vocab, (batch, length + 1)) for _ in range(4)]


def step(i):
    start = time.perf_counter()
    ids = batches[i % len(batches)]
    loss = forward(ids[:, :-1].contiguous(), ids[:, 1:].contiguous())
    loss.backward()
    torch.nn.utils.clip_grad_norm_(matrices + vectors, 1.0, foreach=True)
    optimizer.step()
    optimizer.zero_grad(set_to_none=True)
    loss.item()
    return time.perf_counter() - start


steps = 0
print("ready", flush=True)
for line in sys.stdin:
    seconds = []
    for _ in range(int(line.split()[1])):
        seconds.append(step(steps))
        steps += 1
    print(*seconds, flush=True)
