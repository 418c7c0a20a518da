"""Weights as e4m3 numbers with one scale per tile of 128 x 128, as `weight_scale_inv` of the hub's files."""
from contextlib import contextmanager

import torch
import torch.nn.functional as F
from torch import nn

TILE = 128
LARGEST = torch.finfo(torch.float8_e4m3fn).max

# The large matrices; everything else is small or sensitive and stays bf16.
QUANTISED = ("in_proj_qkvz", "out_proj", "q_proj", "k_proj", "v_proj", "o_proj",
             "gate_proj", "up_proj", "down_proj", "gate_up_proj")


def is_quantised(name: str) -> bool:
    return name.removesuffix(".weight").endswith(QUANTISED)


def tile_scales(weight: torch.Tensor) -> torch.Tensor:
    """[..., rows, columns] -> [..., ceil(rows / 128), ceil(columns / 128)]; edge tiles are partial."""
    rows, columns = weight.shape[-2:]
    padded = F.pad(weight.float().abs(), (0, -columns % TILE, 0, -rows % TILE))
    tiles = padded.unflatten(-1, (-1, TILE)).unflatten(-3, (-1, TILE))
    return tiles.amax(dim=(-3, -1)).clamp(min=1e-12) / LARGEST


def spread(scales: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    """A scale per tile -> a scale per weight."""
    whole = scales.repeat_interleave(TILE, dim=-2).repeat_interleave(TILE, dim=-1)
    return whole[..., : weight.shape[-2], : weight.shape[-1]]


def quantise(weight: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """(e4m3 weights, scales to multiply them with)"""
    scales = tile_scales(weight)
    return (weight.float() / spread(scales, weight)).to(torch.float8_e4m3fn), scales


def dequantise(weight: torch.Tensor, scales: torch.Tensor) -> torch.Tensor:
    return weight.float() * spread(scales, weight)


def rounded(name: str, weight: torch.Tensor) -> torch.Tensor:
    """The weight as it will be read back from an FP8 file."""
    if not is_quantised(name):
        return weight.bfloat16().float()
    if name.endswith("gate_up_proj"):  # two matrices in one
        return torch.cat([dequantise(*quantise(half)) for half in weight.chunk(2, dim=-2)], dim=-2)
    return dequantise(*quantise(weight))


@contextmanager
def rounded_weights(module: nn.Module):
    """Within, the module computes with the weights of its FP8 form; gradients still fit the exact ones."""
    exact = {name: parameter.data for name, parameter in module.named_parameters()}
    try:
        for name, parameter in module.named_parameters():
            parameter.data = rounded(name, parameter.data)
        yield
    finally:
        for name, parameter in module.named_parameters():
            parameter.data = exact[name]
