"""Mamba-1 and Mamba-2 in plain PyTorch, parameterised exactly as the Hugging Face classes name their tensors.

Shapes: B batch, L tokens, d model width, di inner width, N states, K kernel, R rank of dt, H heads, P head width.
"""
import math

import torch
import torch.nn.functional as F
from torch import nn


class RMSNorm(nn.Module):
    def __init__(self, width, epsilon=1e-5):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))
        self.epsilon = epsilon

    def forward(self, x):
        return x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + self.epsilon) * self.weight


class Recurrence(torch.autograd.Function):
    """h_t = a_t h_{t-1} + b_t over axis 1 of a, b [B, L, di, N]; returns every h."""

    @staticmethod
    def forward(context, a, b):
        states, h = torch.empty_like(b), torch.zeros_like(b[:, 0])
        for t in range(b.shape[1]):
            h = torch.addcmul(b[:, t], a[:, t], h)
            states[:, t] = h
        context.save_for_backward(a, states)
        return states

    @staticmethod
    def backward(context, gradient):
        a, states = context.saved_tensors
        grad_a, grad_b = torch.zeros_like(a), torch.empty_like(a)
        flowing = torch.zeros_like(a[:, 0])
        for t in reversed(range(a.shape[1])):
            flowing = flowing + gradient[:, t]
            grad_b[:, t] = flowing
            if t > 0:
                grad_a[:, t] = flowing * states[:, t - 1]
            flowing = flowing * a[:, t]
        return grad_a, grad_b


def step_bias(count, low=1e-3, high=0.1):
    """Inverse softplus of time steps drawn log-uniformly from [low, high]."""
    step = torch.exp(torch.rand(count) * math.log(high / low) + math.log(low)).clamp(min=1e-4)
    return step + torch.log(-torch.expm1(-step))


class Conv(nn.Module):
    """Causal depthwise convolution, tensors `weight` [C, 1, K] and `bias` [C]."""

    def __init__(self, channels, kernel):
        super().__init__()
        self.weight = nn.Parameter(torch.empty(channels, 1, kernel).uniform_(-kernel**-0.5, kernel**-0.5))
        self.bias = nn.Parameter(torch.zeros(channels))

    def forward(self, x):  # [B, L, C]
        padded = F.pad(x.transpose(1, 2), (self.weight.shape[2] - 1, 0))
        return F.conv1d(padded, self.weight, self.bias, groups=len(self.bias)).transpose(1, 2)


class Mixer1(nn.Module):
    """Mamba-1. With `keep` the values of the recurrence stay in `self.kept`; `hook(a, b)` may edit them before the scan."""

    def __init__(self, d, N=16, K=4):
        super().__init__()
        self.di, self.N, self.R = 2 * d, N, math.ceil(d / 16)
        self.in_proj = nn.Linear(d, 2 * self.di, bias=False)
        self.conv1d = Conv(self.di, K)
        self.x_proj = nn.Linear(self.di, self.R + 2 * N, bias=False)
        self.dt_proj = nn.Linear(self.R, self.di)
        self.A_log = nn.Parameter(torch.log(torch.arange(1, N + 1.0).repeat(self.di, 1)))
        self.D = nn.Parameter(torch.ones(self.di))
        self.out_proj = nn.Linear(self.di, d, bias=False)
        with torch.no_grad():
            self.dt_proj.weight.uniform_(-self.R**-0.5, self.R**-0.5)
            self.dt_proj.bias.copy_(step_bias(self.di))
        self.hook, self.keep, self.kept = None, False, {}

    def forward(self, x):
        x, z = self.in_proj(x).chunk(2, -1)
        u = F.silu(self.conv1d(x))
        delta, B, C = self.x_proj(u).split([self.R, self.N, self.N], -1)
        dt = F.softplus(self.dt_proj(delta))  # [B, L, di]
        a = torch.exp(dt.unsqueeze(-1) * -torch.exp(self.A_log))
        b = (dt * u).unsqueeze(-1) * B.unsqueeze(2)
        if self.hook:
            a, b = self.hook(a, b)
        h = Recurrence.apply(a, b)
        y = torch.einsum("blen,bln->ble", h, C) + self.D * u
        if self.keep:
            self.kept = {"a": a, "b": b, "h": h, "C": C}
        return self.out_proj(y * F.silu(z))


class GatedNorm(RMSNorm):
    pass


class Mixer2(nn.Module):
    """Mamba-2 with one group, computed in chunks of `Q` tokens (section 6 of the paper)."""

    def __init__(self, d, N=32, P=32, K=4, Q=32):
        super().__init__()
        self.di, self.N, self.P, self.H, self.Q = 2 * d, N, P, 2 * d // P, Q
        self.in_proj = nn.Linear(d, 2 * self.di + 2 * N + self.H, bias=False)
        self.conv1d = Conv(self.di + 2 * N, K)
        self.dt_bias = nn.Parameter(step_bias(self.H))
        self.A_log = nn.Parameter(torch.log(torch.empty(self.H).uniform_(1, 16)))
        self.D = nn.Parameter(torch.ones(self.H))
        self.norm = GatedNorm(self.di)
        self.out_proj = nn.Linear(self.di, d, bias=False)
        self.keep, self.kept = False, {}

    def forward(self, r):
        batch, length, _ = r.shape
        z, xBC, dt = self.in_proj(r).split([self.di, self.di + 2 * self.N, self.H], -1)
        x, B, C = F.silu(self.conv1d(xBC)).split([self.di, self.N, self.N], -1)
        dt = F.softplus(dt + self.dt_bias)
        if self.keep:
            self.kept = {"dt": dt, "x": x.view(batch, length, self.H, self.P), "B": B}
        y = self.chunks(x.view(batch, length, self.H, self.P), dt, B, C)
        return self.out_proj(self.norm(y.reshape(batch, length, self.di) * F.silu(z)))

    def chunks(self, x, dt, B, C):
        batch, length = dt.shape[:2]
        pad = -length % self.Q  # after softplus, with dt = 0: padding neither decays nor writes
        x, dt, B, C = (F.pad(v, (0, 0) * (v.dim() - 2) + (0, pad)) for v in (x, dt, B, C))
        n = (length + pad) // self.Q
        x, dt, B, C = (v.reshape(batch, n, self.Q, *v.shape[2:]) for v in (x, dt, B, C))
        total = (dt * -torch.exp(self.A_log)).permute(0, 1, 3, 2).cumsum(-1)  # [B, n, H, Q] log decay within a chunk
        written = (x * dt.unsqueeze(-1)).permute(0, 1, 3, 2, 4)               # [B, n, H, Q, P]
        causal = torch.tril(torch.ones(self.Q, self.Q, dtype=torch.bool))
        decay = torch.exp((total.unsqueeze(-1) - total.unsqueeze(-2)).masked_fill(~causal, -1e30))
        y = (decay * (C @ B.transpose(-1, -2)).unsqueeze(2)) @ written
        left = torch.exp(total[..., -1:] - total)
        chunk_state = (B.unsqueeze(2) * left.unsqueeze(-1)).transpose(-1, -2) @ written  # [B, n, H, N, P]
        whole, h, entering = torch.exp(total[..., -1])[..., None, None], torch.zeros_like(chunk_state[:, 0]), []
        for i in range(n):
            entering.append(h)
            h = whole[:, i] * h + chunk_state[:, i]
        y = y + torch.exp(total).unsqueeze(-1) * (C.unsqueeze(2) @ torch.stack(entering, 1))
        y = y.permute(0, 1, 3, 2, 4) + self.D.view(1, 1, 1, -1, 1) * x
        return y.reshape(batch, n * self.Q, self.H, self.P)[:, :length]


class Block(nn.Module):
    def __init__(self, d, mixer):
        super().__init__()
        self.norm, self.mixer = RMSNorm(d), mixer

    def forward(self, r):
        return r + self.mixer(self.norm(r))


class LanguageModel(nn.Module):
    """Embedding, pre-norm blocks, norm, head. `family` is "mamba" or "mamba2"."""

    def __init__(self, family, vocabulary, d, layers, **sizes):
        super().__init__()
        self.family, self.d, self.sizes = family, d, sizes
        self.embeddings = nn.Embedding(vocabulary, d)
        nn.init.normal_(self.embeddings.weight, std=d**-0.5)
        make = Mixer1 if family == "mamba" else Mixer2
        self.layers = nn.ModuleList([Block(d, make(d, **sizes)) for _ in range(layers)])
        self.norm_f = RMSNorm(d)
        self.lm_head = nn.Linear(d, vocabulary, bias=False)
        with torch.no_grad():
            for layer in self.layers:
                layer.mixer.out_proj.weight /= math.sqrt(layers)

    def forward(self, ids):  # [B, L] -> [B, L, V]
        r = self.embeddings(ids)
        for layer in self.layers:
            r = layer(r)
        return self.lm_head(self.norm_f(r))
