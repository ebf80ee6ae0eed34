"""DeepSeek-V3's architecture for training on a CPU, as fast as PyTorch makes it: one product for each expert over the
tokens that are sorted by expert, attention by scaled_dot_product_attention, everything else left to torch.compile.

Letters: n tokens, d model width, e experts, k of them a token, f width of an expert.
"""
import torch
from torch import nn
from torch.nn import functional as F

# vocabulary, width, layers, heads, latent, nope, rope, value, dense layers, their width, experts, top-k, shared, expert
# width, groups, groups kept: the shapes of docs/performance.md.
SHAPES = {
    "mini": (1000, 256, 2, 4, 64, 48, 16, 64, 0, 1024, 4, 2, 0, 1024, 1, 1),
    "shakespeare-bench": (65, 128, 4, 4, 64, 24, 8, 32, 1, 512, 8, 2, 1, 128, 1, 1),
    "small": (4096, 384, 8, 6, 128, 48, 16, 64, 1, 1024, 16, 4, 1, 256, 4, 2),
}
NAMES = "vocab width layers heads latent nope rope value dense dense_width experts top shared expert_width groups kept"


class Shape:
    def __init__(self, name):
        self.__dict__.update(zip(NAMES.split(), SHAPES[name]))


def slices(ends):
    start = 0
    for i, end in enumerate(ends.tolist()):
        yield i, slice(start, end)
        start = end


@torch.library.custom_op("eva_peer::experts", mutates_args=())
def experts(x: torch.Tensor, w: torch.Tensor, ends: torch.Tensor) -> torch.Tensor:
    """Rows of x (n, in), sorted by expert, times w (e, out, in): opaque to the compiler, which cannot know sizes."""
    y = torch.empty(x.shape[0], w.shape[1])
    for i, rows in slices(ends):
        torch.mm(x[rows], w[i].t(), out=y[rows])
    return y


@torch.library.custom_op("eva_peer::experts_gradient", mutates_args=())
def experts_gradient(
    dy: torch.Tensor, x: torch.Tensor, w: torch.Tensor, ends: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    dy, dx, dw = dy.contiguous(), torch.empty_like(x), torch.empty_like(w)
    for i, rows in slices(ends):
        torch.mm(dy[rows], w[i], out=dx[rows])
        torch.mm(dy[rows].t(), x[rows], out=dw[i])
    return dx, dw


experts.register_fake(lambda x, w, ends: x.new_empty(x.shape[0], w.shape[1]))
experts_gradient.register_fake(lambda dy, x, w, ends: (torch.empty_like(x), torch.empty_like(w)))
experts.register_autograd(
    lambda ctx, dy: (*experts_gradient(dy, *ctx.saved_tensors), None),
    setup_context=lambda ctx, inputs, output: ctx.save_for_backward(*inputs),
)


def linear(i, o):
    return nn.Linear(i, o, bias=False)


class Gated(nn.Module):
    def __init__(self, d, f):
        super().__init__()
        self.up, self.down = linear(d, 2 * f), linear(f, d)

    def forward(self, x):
        gate, up = self.up(x).chunk(2, -1)
        return self.down(F.silu(gate) * up)


class Routed(nn.Module):
    def __init__(self, s):
        super().__init__()
        self.s = s
        self.router = linear(s.width, s.experts)
        self.register_buffer("bias", torch.zeros(s.experts))
        self.up = nn.Parameter(torch.empty(s.experts, 2 * s.expert_width, s.width))
        self.down = nn.Parameter(torch.empty(s.experts, s.width, s.expert_width))
        self.shared = Gated(s.width, s.shared * s.expert_width) if s.shared else None

    @torch.no_grad()
    def choose(self, scores):
        s, choice = self.s, scores + self.bias
        if s.groups > 1:
            grouped = choice.unflatten(1, (s.groups, -1))
            kept = grouped.topk(2, -1)[0].sum(-1).topk(s.kept, -1)[1]
            mask = torch.ones(grouped.shape[:2], dtype=torch.bool).scatter(1, kept, False)
            choice = grouped.masked_fill(mask.unsqueeze(-1), float("-inf")).flatten(1)
        return choice.topk(s.top, -1)[1]

    def forward(self, x):
        s = self.s
        scores = self.router(x).sigmoid()
        chosen = self.choose(scores)
        gates = scores.gather(1, chosen)
        gates = 2.5 * gates / (gates.sum(-1, keepdim=True) + 1e-20)
        slot = chosen.flatten()
        order = slot.argsort(stable=True)
        ends = torch.zeros(s.experts, dtype=torch.int64).scatter_add(0, slot, torch.ones_like(slot)).cumsum(0)
        back = torch.empty_like(order).scatter(0, order, torch.arange(order.numel()))
        gate, up = experts(x[order // s.top], self.up, ends).chunk(2, -1)
        y = experts(F.silu(gate) * up, self.down, ends)[back].unflatten(0, (-1, s.top))
        y = (y * gates.unsqueeze(-1)).sum(1)
        return y if self.shared is None else y + self.shared(x)


class Attention(nn.Module):
    def __init__(self, s):
        super().__init__()
        self.s = s
        self.q = linear(s.width, s.heads * (s.nope + s.rope))
        self.down = linear(s.width, s.latent + s.rope)
        self.norm = nn.RMSNorm(s.latent, 1e-6)
        self.up = linear(s.latent, s.heads * (s.nope + s.value))
        self.out = linear(s.heads * s.value, s.width)

    def forward(self, x, b, angle):
        s, t = self.s, x.shape[0] // b
        q, q_rope = self.q(x).view(b, t, s.heads, -1).transpose(1, 2).split((s.nope, s.rope), -1)
        latent, k_rope = self.down(x).split((s.latent, s.rope), -1)
        k, v = self.up(self.norm(latent)).view(b, t, s.heads, -1).transpose(1, 2).split((s.nope, s.value), -1)
        k_rope = rotate(k_rope.reshape(b, 1, t, -1), angle).expand(-1, s.heads, -1, -1)
        q = torch.cat((q, rotate(q_rope, angle)), -1)
        y = F.scaled_dot_product_attention(q, torch.cat((k, k_rope), -1), v, is_causal=True)
        return self.out(y.transpose(1, 2).reshape(b * t, -1))


def rotate(x, angle):
    a, b = x[..., ::2], x[..., 1::2]
    cos, sin = angle
    return torch.cat((a * cos - b * sin, a * sin + b * cos), -1)


class Layer(nn.Module):
    def __init__(self, s, dense):
        super().__init__()
        self.norm1, self.norm2 = nn.RMSNorm(s.width, 1e-6), nn.RMSNorm(s.width, 1e-6)
        self.attention = Attention(s)
        self.ffn = Gated(s.width, s.dense_width) if dense else Routed(s)

    def forward(self, x, b, angle):
        x = x + self.attention(self.norm1(x), b, angle)
        return x + self.ffn(self.norm2(x))


class Model(nn.Module):
    def __init__(self, s, length):
        super().__init__()
        self.embed = nn.Embedding(s.vocab, s.width)
        self.layers = nn.ModuleList(Layer(s, i < s.dense) for i in range(s.layers))
        self.norm, self.head = nn.RMSNorm(s.width, 1e-6), linear(s.width, s.vocab)
        angle = torch.arange(length)[:, None] * 10000.0 ** (-torch.arange(0, s.rope, 2) / s.rope)
        self.register_buffer("cos", angle.cos())
        self.register_buffer("sin", angle.sin())
        for p in self.parameters():
            if p.dim() > 1:
                nn.init.normal_(p, std=0.02)

    def forward(self, ids, targets):
        x = self.embed(ids.flatten())
        for layer in self.layers:
            x = layer(x, ids.shape[0], (self.cos, self.sin))
        return F.cross_entropy(self.head(self.norm(x)), targets.flatten())
