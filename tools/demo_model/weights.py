"""The weights of model and MTP head in a file of the hub's layout, bf16 or FP8."""
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file

from fp8 import dequantise, is_quantised, quantise
from model import DemoModel, MtpHead
from shape import Shape

SCALE = "_scale_inv"


def split_experts(state: dict) -> dict:
    """Stacked experts -> one matrix per expert and projection, as the hub names them."""
    result = {}
    for name, tensor in state.items():
        stem, _, last = name.rpartition(".")
        if last not in ("gate_up_proj", "down_proj"):
            result[name] = tensor
            continue
        for number, matrix in enumerate(tensor):
            parts = {"down_proj": matrix}
            if last == "gate_up_proj":
                parts = dict(zip(("gate_proj", "up_proj"), matrix.chunk(2, dim=0)))
            for projection, part in parts.items():
                result[f"{stem}.{number}.{projection}.weight"] = part
    return result


def stack_experts(tensors: dict, shape: Shape) -> dict:
    """The way back from split_experts."""
    result = {name: tensor for name, tensor in tensors.items() if ".mlp.experts." not in name}
    stems = {name.split(".mlp.experts.")[0] + ".mlp.experts" for name in tensors if ".mlp.experts." in name}
    for stem in stems:
        def stacked(projection):
            return torch.stack(
                [tensors[f"{stem}.{e}.{projection}.weight"] for e in range(shape.num_experts)])
        result[f"{stem}.gate_up_proj"] = torch.cat([stacked("gate_proj"), stacked("up_proj")], dim=1)
        result[f"{stem}.down_proj"] = stacked("down_proj")
    return result


def write(path: Path, model: DemoModel, head: MtpHead, fp8: bool) -> list[str]:
    """Writes model.safetensors; returns the names of the matrices that are not FP8."""
    state = dict(model.state_dict())
    state.update({f"mtp.{name}": tensor for name, tensor in head.state_dict().items()})
    tensors, kept = {}, []
    for name, tensor in split_experts(state).items():
        if fp8 and is_quantised(name):
            tensors[name], tensors[name + SCALE] = quantise(tensor)
        else:
            tensors[name] = tensor.to(torch.bfloat16)
            if tensor.ndim >= 2:
                kept.append(name.removesuffix(".weight"))
    save_file({n: t.contiguous().clone() for n, t in tensors.items()}, path, metadata={"format": "pt"})
    path.chmod(0o644)  # safetensors writes files that only their owner can read
    return sorted(kept)


def read(path: Path) -> dict:
    """All tensors of a file in float32, FP8 ones multiplied by their scales."""
    raw = load_file(path)
    return {name: dequantise(tensor, raw[name + SCALE]) if name + SCALE in raw else tensor.float()
            for name, tensor in raw.items() if not name.endswith(SCALE)}


def load_models(folder: Path) -> tuple[DemoModel, MtpHead]:
    """The model and the MTP head of an exported folder."""
    shape = Shape()
    tensors = stack_experts(read(folder / "model.safetensors"), shape)
    model, head = DemoModel(shape).eval(), MtpHead(shape).eval()
    head.load_state_dict({n.removeprefix("mtp."): t for n, t in tensors.items() if n.startswith("mtp.")})
    model.load_state_dict({n: t for n, t in tensors.items() if not n.startswith("mtp.")})
    return model, head
