"""Trains the MTP head on the frozen main model, in its FP8 form: the one the head will draft for."""
import argparse
import time
from pathlib import Path

import torch
import torch.nn.functional as F

import run_state
from batches import Batch
from fp8 import rounded, rounded_weights
from layers import Packing
from model import DemoModel, MtpHead, initialise
from optimizers import optimizers_for
from shape import Shape

CHAIN_WEIGHT = 0.5  # of the second draft, made from the first one's hidden


def new_head(model: DemoModel, seed: int) -> MtpHead:
    """Starts from the main model's last layer, which is one of the same kind."""
    head = MtpHead(Shape())
    initialise(head, seed)
    head.layers[0].load_state_dict(model.model.layers[-1].state_dict())
    head.norm.load_state_dict(model.model.norm.state_dict())
    return head


def draft_loss(model: DemoModel, hidden, main_hidden, batch: Batch, ahead: int):
    """(loss against the main model's own distribution, share of drafts equal to its greedy token)

    hidden [B, T, D] drafts the token `ahead` places on, which the main model predicts one place before it.
    """
    where, _ = batch.targets(ahead)
    wanted = model.lm_head(main_hidden.roll(-(ahead - 1), dims=1)[where]).float()
    draft = model.lm_head(hidden[where]).float()
    agreement = (draft.argmax(-1) == wanted.argmax(-1)).float().mean()
    return F.cross_entropy(draft, wanted.softmax(-1)), agreement


def losses(model: DemoModel, head: MtpHead, batch: Batch):
    packing = Packing.of(batch.document)
    with torch.autocast("cpu", torch.bfloat16):
        with torch.no_grad():
            main_hidden, _ = model.model(batch.tokens, packing)
        embedding = model.model.embed_tokens(batch.tokens)
        first = head(embedding.roll(-1, dims=1), main_hidden, packing)
        second = head(embedding.roll(-2, dims=1), first, packing)
        loss, agreement = draft_loss(model, first, main_hidden, batch, ahead=2)
        chained, _ = draft_loss(model, second, main_hidden, batch, ahead=3)
    return loss + CHAIN_WEIGHT * chained, agreement


def frozen_model(path: Path) -> DemoModel:
    model = DemoModel(Shape()).requires_grad_(False)
    state = torch.load(path)["model"]
    model.load_state_dict({name: rounded(name, tensor) for name, tensor in state.items()})
    return model


def train(args) -> None:
    batches = run_state.prepare(args)
    model = frozen_model(args.model)
    head = new_head(model, args.seed)
    optimizers = optimizers_for(head, args.learning_rate)
    first = run_state.load(args.run, head, optimizers)
    start, average = time.monotonic(), None
    for step in range(first, args.steps):
        with rounded_weights(head):
            loss, agreement = losses(model, head, batches.at(step))
            loss.backward()
        run_state.update(head, optimizers, run_state.learning_rate_at(step, args))
        average = agreement.item() if average is None else 0.97 * average + 0.03 * agreement.item()
        done = step + 1
        if done % 20 == 0:
            seconds = (time.monotonic() - start) / (done - first)
            print(f"step {done} loss {loss.item():.4f} agreement {average:.4f} s/step {seconds:.2f}", flush=True)
        if done % 100 == 0 or done == args.steps:
            run_state.save(args.run, head, optimizers, done)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path, required=True, help="checkpoint of train.py")
    run_state.add_arguments(parser)
    train(parser.parse_args())


if __name__ == "__main__":
    main()
