"""Checks the plain model against transformers: outputs, gradients, and the packing of documents."""
import argparse

import torch
import torch.nn.functional as F

from hub_config import reference_model
from layers import Packing
from model import DemoModel, initialise
from shape import Shape

TOLERANCE = 1e-4


def report(what: str, difference: float) -> None:
    print(f"{what}: largest difference {difference:.1e}")
    assert difference < TOLERANCE, what


def largest(a: torch.Tensor, b: torch.Tensor) -> float:
    return (a - b).abs().max().item()


def logits_of(model: DemoModel, tokens, document) -> torch.Tensor:
    hidden, _ = model.model(tokens, Packing.of(document))
    return model.lm_head(hidden)


def check_against_transformers(model: DemoModel, tokens: torch.Tensor) -> None:
    reference = reference_model(Shape())
    reference.load_state_dict(model.state_dict())
    mine, theirs = logits_of(model, tokens, torch.zeros_like(tokens)), reference(tokens).logits
    report("logits", largest(mine, theirs))
    for logits in (mine, theirs):
        F.cross_entropy(logits[:, :-1].flatten(0, 1), tokens[:, 1:].flatten()).backward()
    gradients = dict(reference.named_parameters())
    for name, parameter in model.named_parameters():
        scale = gradients[name].grad.abs().max().item()
        difference = largest(parameter.grad, gradients[name].grad) / scale
        assert difference < 10 * TOLERANCE, f"gradient of {name}: {difference}"
    print(f"gradients: {len(gradients)} tensors agree")


@torch.no_grad()
def check_packing(model: DemoModel, tokens: torch.Tensor) -> None:
    """Documents in one row must not see each other."""
    first, second = tokens[:, :37], tokens[:, 37:]
    document = (torch.arange(tokens.shape[1]) >= 37).long().expand_as(tokens)
    packed = logits_of(model, tokens, document)
    alone = [logits_of(model, part, torch.zeros_like(part)) for part in (first, second)]
    report("packed documents", largest(packed, torch.cat(alone, dim=1)))


def main() -> None:
    argparse.ArgumentParser(description=__doc__).parse_args()
    torch.manual_seed(0)
    model = DemoModel(Shape())
    initialise(model, seed=0, deviation=0.04)
    tokens = torch.randint(0, Shape().vocab_size, (2, 150))
    check_against_transformers(model, tokens)
    check_packing(model, tokens)


if __name__ == "__main__":
    main()
