"""The building blocks of Qwen3-Next as plain torch modules.

Parameter names and layouts are those of transformers, so that a state dict goes from one to the
other unchanged. Several documents share a row of a batch; `Packing` keeps them apart.
"""
import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import nn

from kernels import gated_delta_rule, rms_norm, short_conv
from shape import Shape

# Added to the log decay of a document's first token: exp(-50) wipes the state of the one before.
FORGET = -50.0


@dataclass
class Packing:
    """Where documents begin and end inside the rows of a batch [B, T]."""

    position: torch.Tensor  # [B, T] position within the document
    lengths: list[int]      # of all documents, row after row (unused places count as one)

    @staticmethod
    def of(document: torch.Tensor) -> "Packing":
        """document [B, T]: a number per token, equal within a document and different beside it."""
        tokens = document.shape[1]
        index = torch.arange(tokens).expand_as(document)
        starts = torch.ones_like(document, dtype=torch.bool)
        starts[:, 1:] = document[:, 1:] != document[:, :-1]
        first = torch.where(starts, index, 0).cummax(dim=1).values
        begins = starts.flatten().nonzero().flatten()
        lengths = torch.diff(begins, append=torch.tensor([document.numel()]))
        return Packing(index - first, lengths.tolist())


class ZeroCentredNorm(nn.Module):
    """RMS norm whose weight is an offset from one."""

    def __init__(self, size: int, eps: float):
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(size))
        self.eps = eps

    def forward(self, x):
        return rms_norm(x, 1 + self.weight, self.eps)


class GatedNorm(nn.Module):
    """RMS norm of a delta-rule head, times silu(gate)."""

    def __init__(self, size: int, eps: float):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(size))
        self.eps = eps

    def forward(self, x, gate):
        return rms_norm(x, self.weight, self.eps) * F.silu(gate.float())


class GatedDeltaNet(nn.Module):
    def __init__(self, shape: Shape):
        super().__init__()
        self.shape = shape
        heads, channels = shape.linear_num_value_heads, 2 * shape.key_size + shape.value_size
        self.in_proj_qkvz = nn.Linear(shape.hidden_size, channels + shape.value_size, bias=False)
        self.in_proj_ba = nn.Linear(shape.hidden_size, 2 * heads, bias=False)
        self.conv1d = nn.Conv1d(channels, channels, shape.linear_conv_kernel_dim, groups=channels, bias=False)
        self.dt_bias = nn.Parameter(first_step_bias(heads))
        self.A_log = nn.Parameter(torch.empty(heads).uniform_(1, 16).log())
        self.norm = GatedNorm(shape.linear_value_head_dim, shape.rms_norm_eps)
        self.out_proj = nn.Linear(shape.value_size, shape.hidden_size, bias=False)

    def forward(self, x, packing: Packing):
        s = self.shape
        rows, tokens, _ = x.shape
        per_key = s.linear_num_value_heads // s.linear_num_key_heads
        grouped = self.in_proj_qkvz(x).view(rows, tokens, s.linear_num_key_heads, -1)
        widths = [s.linear_key_head_dim] * 2 + [per_key * s.linear_value_head_dim] * 2
        query, key, value, gate = (part.flatten(2) for part in grouped.split(widths, dim=-1))
        b, a = self.in_proj_ba(x).float().view(rows, tokens, s.linear_num_key_heads, -1).chunk(2, dim=-1)

        taps = self.conv1d.weight.squeeze(1).t()
        mixed = short_conv(torch.cat([query, key, value], dim=-1).float(), taps, packing.position)
        query, key, value = mixed.split([s.key_size, s.key_size, s.value_size], dim=-1)
        query = unit_heads(query, s.linear_key_head_dim, s.linear_key_head_dim**-0.5).repeat_interleave(per_key, dim=2)
        key = unit_heads(key, s.linear_key_head_dim).repeat_interleave(per_key, dim=2)
        value = value.unflatten(-1, (-1, s.linear_value_head_dim))
        log_decay = -self.A_log.exp() * F.softplus(a.flatten(2) + self.dt_bias)
        log_decay = log_decay + FORGET * (packing.position == 0).unsqueeze(-1)
        out = gated_delta_rule(query, key, value, log_decay, b.flatten(2).sigmoid())
        gated = self.norm(out, gate.unflatten(-1, (-1, s.linear_value_head_dim)))
        return self.out_proj(gated.flatten(2))


def first_step_bias(heads: int) -> torch.Tensor:
    """Biases whose softplus lies between 0.001 and 0.1, as in Mamba.

    Heads then start with memories of a few to a thousand tokens. With a bias of one they would forget
    everything at once, and copying from the context is learnt many times later.
    """
    step = torch.empty(heads).uniform_(math.log(0.001), math.log(0.1)).exp()
    return step + torch.log(-torch.expm1(-step))


def unit_heads(x, head_size: int, length: float = 1.0):
    """[B, T, H * K] -> [B, T, H, K], each head scaled to the length."""
    weight = torch.full((head_size,), length * head_size**-0.5)
    return rms_norm(x.unflatten(-1, (-1, head_size)), weight, 1e-6 / head_size)


class GatedAttention(nn.Module):
    def __init__(self, shape: Shape):
        super().__init__()
        self.shape = shape
        size = shape.num_attention_heads * shape.head_dim
        kv_size = shape.num_key_value_heads * shape.head_dim
        self.q_proj = nn.Linear(shape.hidden_size, 2 * size, bias=False)
        self.k_proj = nn.Linear(shape.hidden_size, kv_size, bias=False)
        self.v_proj = nn.Linear(shape.hidden_size, kv_size, bias=False)
        self.o_proj = nn.Linear(size, shape.hidden_size, bias=False)
        self.q_norm = ZeroCentredNorm(shape.head_dim, shape.rms_norm_eps)
        self.k_norm = ZeroCentredNorm(shape.head_dim, shape.rms_norm_eps)

    def rotate(self, x, position):
        """Turns the leading dimensions of each head by its position (split halves)."""
        half = self.shape.rotary_size // 2
        frequency = self.shape.rope_theta ** (-torch.arange(half) / half)
        angle = (position[..., None] * frequency).unsqueeze(2)
        cos, sin = angle.cos(), angle.sin()
        first, second, rest = x.split([half, half, x.shape[-1] - 2 * half], dim=-1)
        return torch.cat([first * cos - second * sin, second * cos + first * sin, rest], dim=-1)

    def forward(self, x, packing: Packing):
        s = self.shape
        split_heads = lambda y, size: y.unflatten(-1, (-1, size))
        query, gate = split_heads(self.q_proj(x), 2 * s.head_dim).chunk(2, dim=-1)
        query = self.rotate(self.q_norm(query), packing.position)
        key = self.rotate(self.k_norm(split_heads(self.k_proj(x), s.head_dim)), packing.position)
        value = split_heads(self.v_proj(x), s.head_dim)
        out = attend_within(packing.lengths, *(y.to(value.dtype) for y in (query, key, value)))
        return self.o_proj((out * gate.sigmoid()).flatten(2))


def attend_within(lengths: list[int], query, key, value):
    """Causal attention inside each document: query [B, T, H, K], key and value [B, T, 1, K] -> [B, T, H, K]."""
    documents = zip(*(x.flatten(0, 1).transpose(0, 1).split(lengths, dim=1) for x in (query, key, value)))
    out = [F.scaled_dot_product_attention(q[None], k[None], v[None], is_causal=True, enable_gqa=True)[0]
           for q, k, v in documents]
    return torch.cat(out, dim=1).transpose(0, 1).view_as(query)
