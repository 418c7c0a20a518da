"""Trains the main model. Interrupt it at will: it goes on from its last checkpoint."""
import argparse
import sys
import time
from contextlib import nullcontext

import torch
import torch.nn.functional as F

import run_state
from batches import Batch
from fp8 import rounded_weights
from layers import Packing
from model import DemoModel, initialise
from optimizers import optimizers_for
from shape import Shape

BALANCE_WEIGHT = 0.01


def losses(model: DemoModel, batch: Batch):
    """(mean loss over the tokens to learn, load-balance term)"""
    where, token = batch.targets(ahead=1)
    with torch.autocast("cpu", torch.bfloat16):
        hidden, balance = model.model(batch.tokens, Packing.of(batch.document))
        logits = model.lm_head(hidden[where])  # only where there is something to learn
    return F.cross_entropy(logits.float(), token[where]), balance


def train(args) -> None:
    batches = run_state.prepare(args)
    model = DemoModel(Shape())
    initialise(model, args.seed)
    optimizers = optimizers_for(model, args.learning_rate)
    first = run_state.load(args.run, model, optimizers)
    start, average = time.monotonic(), None
    for step in range(first, args.steps):
        with rounded_weights(model) if step >= args.fp8_from else nullcontext():
            loss, balance = losses(model, batches.at(step))
            (loss + BALANCE_WEIGHT * balance).backward()
        run_state.update(model, optimizers, run_state.learning_rate_at(step, args))
        average = loss.item() if average is None else 0.97 * average + 0.03 * loss.item()
        done = step + 1
        if done % 20 == 0:
            speed = (done - first) * args.rows * args.length / (time.monotonic() - start)
            print(f"step {done} loss {average:.4f} balance {balance.item():.3f} tokens/s {speed:.0f}", flush=True)
        if done % 100 == 0 or done == args.steps:
            run_state.save(args.run, model, optimizers, done)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    run_state.add_arguments(parser)
    parser.add_argument("--fp8-from", type=int, default=sys.maxsize,
                        help="from this step on, compute with the weights rounded as in the FP8 form")
    train(parser.parse_args())


if __name__ == "__main__":
    main()
