"""What training has in common for the main model and the MTP head: arguments, steps, checkpoints."""
import argparse
import os
from pathlib import Path

import torch
from tokenizers import Tokenizer
from torch import nn

from batches import Batches
from documents import Mixture


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--verse", type=Path, required=True, help="plain text of the verse")
    parser.add_argument("--tokenizer", type=Path, required=True, help="tokenizer.json")
    parser.add_argument("--run", type=Path, required=True,
                        help="checkpoint file; training goes on from it if it exists")
    parser.add_argument("--steps", type=int, required=True, help="steps in all")
    parser.add_argument("--decay-steps", type=int, required=True,
                        help="of those, the last steps, in which the learning rate falls to zero")
    parser.add_argument("--warmup-steps", type=int, default=100)
    parser.add_argument("--learning-rate", type=float, default=2e-3)
    parser.add_argument("--rows", type=int, default=8, help="rows of a batch")
    parser.add_argument("--length", type=int, default=512, help="tokens of a row")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=1, help="at most the number of free cores")


def prepare(args) -> Batches:
    torch.set_num_threads(args.threads)
    torch.set_flush_denormal(True)  # denormal numbers make every operation several times slower
    torch.manual_seed(args.seed)
    mixture = Mixture(args.verse.read_text())
    return Batches(mixture, Tokenizer.from_file(str(args.tokenizer)), args.seed, args.rows, args.length)


def learning_rate_at(step: int, args) -> float:
    """Up, level, and down in a straight line."""
    up = (step + 1) / args.warmup_steps
    down = (args.steps - step) / args.decay_steps
    return args.learning_rate * min(1.0, up, down)


def update(module: nn.Module, optimizers: list, learning_rate: float) -> None:
    """One step with the gradients at hand, which are cleared."""
    nn.utils.clip_grad_norm_(module.parameters(), 1.0)
    for optimizer in optimizers:
        for group in optimizer.param_groups:
            group["lr"] = learning_rate
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)


def save(path: Path, module: nn.Module, optimizers: list, step: int) -> None:
    """Written beside the file and renamed, so that an interruption leaves a whole checkpoint."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(".writing")
    torch.save({"model": module.state_dict(), "step": step,
                "optimizers": [optimizer.state_dict() for optimizer in optimizers]}, temporary)
    os.replace(temporary, path)


def load(path: Path, module: nn.Module, optimizers: list) -> int:
    """Restores a checkpoint if there is one; returns the steps already taken."""
    if not path.exists():
        return 0
    saved = torch.load(path)
    module.load_state_dict(saved["model"])
    for optimizer, state in zip(optimizers, saved["optimizers"]):
        optimizer.load_state_dict(state)
    return saved["step"]
