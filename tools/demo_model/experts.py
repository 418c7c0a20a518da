"""The sparse feed-forward part: routed experts and a shared one."""
import torch
import torch.nn.functional as F
from torch import nn

from shape import Shape


class SwiGLU(nn.Module):
    def __init__(self, size: int, inner: int):
        super().__init__()
        self.gate_proj = nn.Linear(size, inner, bias=False)
        self.up_proj = nn.Linear(size, inner, bias=False)
        self.down_proj = nn.Linear(inner, size, bias=False)

    def forward(self, x):
        return self.down_proj(F.silu(self.gate_proj(x)) * self.up_proj(x))


class Router(nn.Module):
    """Scores of all experts for each token."""

    def __init__(self, shape: Shape):
        super().__init__()
        self.weight = nn.Parameter(torch.empty(shape.num_experts, shape.hidden_size))

    def forward(self, x):
        with torch.autocast("cpu", enabled=False):
            return F.linear(x.float(), self.weight).softmax(dim=-1)


def slots_by_expert(chosen, experts: int, multiple: int = 64):
    """Places every (token, expert) pair in a row of slots sorted by expert.

    Returns (slot of each pair [N * k], token that fills each slot, slots per expert). Each expert gets
    a whole multiple of slots, because a matrix product of a new size has to be prepared first, which
    takes longer than the product; spare slots hold token 0 and nobody reads them.
    """
    flat = chosen.flatten()
    order = flat.argsort(stable=True)
    counts = flat.bincount(minlength=experts)
    padded = (counts + multiple - 1) // multiple * multiple
    spare_before = (padded - counts).cumsum(0) - (padded - counts)
    slot = torch.empty_like(order)
    slot[order] = torch.arange(len(order)) + spare_before.repeat_interleave(counts)
    source = torch.zeros(int(padded.sum()), dtype=torch.long)
    source[slot] = torch.arange(len(flat)) // chosen.shape[1]
    return slot, source, padded.tolist()


class Experts(nn.Module):
    """All routed experts, stacked: [E, 2 * inner, D] (gate above up) and [E, D, inner]."""

    def __init__(self, shape: Shape):
        super().__init__()
        experts, size, inner = shape.num_experts, shape.hidden_size, shape.moe_intermediate_size
        self.gate_up_proj = nn.Parameter(torch.empty(experts, 2 * inner, size))
        self.down_proj = nn.Parameter(torch.empty(experts, size, inner))

    def forward(self, x, chosen, weights):
        """x [N, D], chosen and weights [N, k] -> [N, D].

        The (token, expert) pairs are sorted by expert, so that each expert is one matrix product.
        """
        tokens, per_token = chosen.shape
        slot, source, counts = slots_by_expert(chosen, len(self.down_proj))
        dtype = torch.get_autocast_dtype("cpu") if torch.is_autocast_enabled("cpu") else x.dtype
        inputs = x.to(dtype).index_select(0, source).split(counts)
        gate_up, down = self.gate_up_proj.to(dtype), self.down_proj.to(dtype)
        inner = torch.cat([F.linear(rows, matrix) for rows, matrix in zip(inputs, gate_up.unbind())])
        gate, up = inner.chunk(2, dim=-1)
        inner = (F.silu(gate) * up).split(counts)
        outputs = torch.cat([F.linear(rows, matrix) for rows, matrix in zip(inner, down.unbind())])
        outputs = outputs.index_select(0, slot).view(tokens, per_token, -1)
        return (weights.unsqueeze(1).to(dtype) @ outputs).squeeze(1)


class SparseFeedForward(nn.Module):
    def __init__(self, shape: Shape):
        super().__init__()
        self.per_token = shape.num_experts_per_tok
        self.gate = Router(shape)
        self.experts = Experts(shape)
        self.shared_expert = SwiGLU(shape.hidden_size, shape.shared_expert_intermediate_size)
        self.shared_expert_gate = nn.Linear(shape.hidden_size, 1, bias=False)

    def forward(self, x):
        """x [B, T, D] -> (output [B, T, D], load-balance term of this layer).

        The term is eq. 4 of Switch Transformer: 1 when all experts are used alike, more otherwise.
        """
        flat = x.flatten(0, 1)
        probability = self.gate(flat)
        weights, chosen = probability.topk(self.per_token, dim=-1)
        weights = weights / weights.sum(dim=-1, keepdim=True)
        routed = self.experts(flat, chosen, weights)
        shared = self.shared_expert(flat) * self.shared_expert_gate(flat).sigmoid()
        experts = probability.shape[1]
        share = chosen.flatten().bincount(minlength=experts).float() / chosen.numel()
        balance = experts * (probability.mean(dim=0) * share).sum()
        return (routed + shared).view_as(x), balance
