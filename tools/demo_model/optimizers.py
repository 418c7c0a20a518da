"""Muon: momentum whose every matrix is made orthogonal before it is applied.

Keller Jordan et al., "Muon: An optimizer for hidden layers in neural networks" (2024); the scale that
lets it share AdamW's learning rate is from "Muon is scalable for LLM training" (arXiv 2502.16982).
"""
import torch
from torch import nn

COEFFICIENTS = (3.4445, -4.7750, 2.0315)


def orthogonal(matrix: torch.Tensor, iterations: int = 5) -> torch.Tensor:
    """The nearest orthogonal matrix, roughly, by Newton-Schulz; [..., rows, columns]."""
    a, b, c = COEFFICIENTS
    tall = matrix.shape[-2] > matrix.shape[-1]
    x = (matrix.mT if tall else matrix).bfloat16()
    x = x / (x.norm(dim=(-2, -1), keepdim=True) + 1e-7)
    for _ in range(iterations):
        square = x @ x.mT
        x = a * x + (b * square + c * square @ square) @ x
    return (x.mT if tall else x).float()


def matrices_in(parameter: torch.Tensor) -> tuple[int, ...]:
    """The shape of a parameter as the matrices it is made of: stacked experts hold gate above up."""
    if parameter.ndim == 3 and parameter.shape[1] < parameter.shape[2]:
        return (2 * parameter.shape[0], parameter.shape[1] // 2, parameter.shape[2])
    return tuple(parameter.shape)


class Muon(torch.optim.Optimizer):
    """For matrices, also stacked ones [E, rows, columns]."""

    def __init__(self, parameters, lr: float, momentum: float = 0.95, weight_decay: float = 0.05):
        super().__init__(parameters, {"lr": lr, "momentum": momentum, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            for parameter in group["params"]:
                self._update(parameter, group)

    def _update(self, parameter, group) -> None:
        state = self.state[parameter]
        if not state:
            state["momentum"] = torch.zeros_like(parameter)
        momentum = state["momentum"].lerp_(parameter.grad, 1 - group["momentum"])
        direction = orthogonal(parameter.grad.lerp(momentum, group["momentum"]).view(matrices_in(parameter)))
        scale = 0.2 * max(direction.shape[-2:]) ** 0.5
        parameter.mul_(1 - group["lr"] * group["weight_decay"])
        parameter.add_(direction.view_as(parameter), alpha=-group["lr"] * scale)


def optimizers_for(module: nn.Module, learning_rate: float) -> list[torch.optim.Optimizer]:
    """Muon for the matrices inside the layers; AdamW for embeddings, routers, norms and the like."""
    outside = ("embed_tokens", "lm_head", "conv1d", "mlp.gate.", "shared_expert_gate", "in_proj_ba")
    matrices, others = [], []
    for name, parameter in module.named_parameters():
        is_matrix = parameter.ndim >= 2 and not any(part in name for part in outside)
        (matrices if is_matrix else others).append(parameter)
    return [Muon(matrices, learning_rate),
            torch.optim.AdamW(others, learning_rate, betas=(0.9, 0.95), weight_decay=0.0, fused=True)]
