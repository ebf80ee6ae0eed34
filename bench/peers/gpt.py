"""The CPU recipe of nanoGPT for characters of Shakespeare, written anew: 0.8 M parameters, 4 layers of width 128, 4
heads, blocks of 64, batches of 12, 2,000 iterations, AdamW (0.9, 0.99) with a rate of 1e-3 that falls to 1e-4 on a
cosine after 100 warm-up steps, decay 0.1, clipping to 1, no dropout. Every 250 iterations it measures both losses on 20
batches.

usage: gpt.py TEXT ITERATIONS
Prints "seconds iterations loss": from the start of the process, and the loss at the end in nats a character over the
last tenth of the text, in windows of 64.
"""
import math
import sys
import time

START = time.time()
import torch
from torch import nn
from torch.nn import functional as F

T, B, D, LAYERS, HEADS = 64, 12, 128, 4, 4
text = open(sys.argv[1], encoding="utf-8").read()
iterations = int(sys.argv[2])
letters = {c: i for i, c in enumerate(sorted(set(text)))}
data = torch.tensor([letters[c] for c in text])
cut = int(0.9 * len(data))
train, held = data[:cut], data[cut:]
torch.manual_seed(1337)
torch.set_num_threads(2)


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(D, bias=False), nn.LayerNorm(D, bias=False)
        self.qkv, self.out = nn.Linear(D, 3 * D, bias=False), nn.Linear(D, D, bias=False)
        self.up, self.down = nn.Linear(D, 4 * D, bias=False), nn.Linear(4 * D, D, bias=False)

    def forward(self, x):
        b, t, _ = x.shape
        q, k, v = (y.view(b, t, HEADS, -1).transpose(1, 2) for y in self.qkv(self.norm1(x)).chunk(3, -1))
        y = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + self.out(y.transpose(1, 2).reshape(b, t, D))
        return x + self.down(F.gelu(self.up(self.norm2(x))))


class Gpt(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed, self.position = nn.Embedding(len(letters), D), nn.Embedding(T, D)
        self.blocks = nn.Sequential(*(Block() for _ in range(LAYERS)))
        self.norm = nn.LayerNorm(D, bias=False)
        for name, p in self.named_parameters():
            if p.dim() > 1:
                last = name.endswith(("out.weight", "down.weight"))
                nn.init.normal_(p, std=0.02 / math.sqrt(2 * LAYERS) if last else 0.02)

    def forward(self, ids, targets):
        x = self.norm(self.blocks(self.embed(ids) + self.position.weight[: ids.shape[1]]))
        return F.cross_entropy(F.linear(x, self.embed.weight).flatten(0, 1), targets.flatten())


def batch(part):
    at = torch.randint(len(part) - T, (B,)).tolist()
    return torch.stack([part[i : i + T] for i in at]), torch.stack([part[i + 1 : i + T + 1] for i in at])


def rate(i):
    if i < 100:
        return 1e-3 * (i + 1) / 101
    done = (i - 100) / (2000 - 100)
    return 1e-4 + 0.5 * (1 + math.cos(math.pi * min(1, done))) * (1e-3 - 1e-4)


@torch.no_grad()
def held_out_loss():
    n = (len(held) - 1) // T
    x, y = held[: n * T].view(n, T), held[1 : n * T + 1].view(n, T)
    return sum(model(x[i : i + 64], y[i : i + 64]).item() * len(x[i : i + 64]) for i in range(0, n, 64)) / n


model = Gpt()
matrices = [p for p in model.parameters() if p.dim() > 1]
vectors = [p for p in model.parameters() if p.dim() == 1]
groups = [{"params": matrices, "weight_decay": 0.1}, {"params": vectors, "weight_decay": 0.0}]
optimizer = torch.optim.AdamW(groups, betas=(0.9, 0.99), fused=True)
for i in range(iterations + 1):
    if i % 250 == 0:
        with torch.no_grad():
            for part in (train, held):
                for _ in range(20):
                    model(*batch(part)).item()
    if i == iterations:
        break
    for group in optimizer.param_groups:
        group["lr"] = rate(i)
    loss = model(*batch(train))
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    nn.utils.clip_grad_norm_(matrices + vectors, 1.0)
    optimizer.step()
seconds = time.time() - START
print(f"{seconds:.2f} {iterations} {held_out_loss():.4f}")
