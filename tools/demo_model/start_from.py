"""Turns an exported model of the same shape but with another tokenizer into checkpoints to train on from.

Every weight is kept but the rows of the embedding and of the output head, which belong to tokens. A token
that both tokenizers have keeps its rows; any other gets the mean embedding of the old tokens that spell
it, and the output row of the first of them.
"""
import argparse
from pathlib import Path

import torch
from tokenizers import Tokenizer

import run_state
from model import DemoModel
from weights import load_models


def old_tokens(old: Tokenizer, new: Tokenizer) -> list[list[int]]:
    """For each token of the new tokenizer, the old ones that say the same."""
    known = old.get_vocab()

    def spelt(number: int) -> list[int]:
        token = new.id_to_token(number)
        return [known[token]] if token in known else old.encode(new.decode([number])).ids
    return [spelt(number) for number in range(new.get_vocab_size())]


@torch.no_grad()
def change_tokenizer(model: DemoModel, old: Tokenizer, new: Tokenizer) -> None:
    tokens = old_tokens(old, new)
    embedding, output = model.model.embed_tokens.weight, model.lm_head.weight
    embedding.copy_(torch.stack([embedding[those].mean(dim=0) for those in tokens]))
    output.copy_(output[[those[0] for those in tokens]])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--model", type=Path, required=True, help="exported folder")
    parser.add_argument("--tokenizer", type=Path, required=True, help="tokenizer.json to change to")
    parser.add_argument("--run", type=Path, required=True, help="checkpoint for train.py to write")
    parser.add_argument("--head", type=Path, required=True, help="checkpoint for train_mtp.py to write")
    args = parser.parse_args()

    model, head = load_models(args.model)
    old, new = (Tokenizer.from_file(str(path)) for path in (args.model / "tokenizer.json", args.tokenizer))
    change_tokenizer(model, old, new)
    run_state.save(args.run, model, [], step=0)
    run_state.save(args.head, head, [], step=0)


if __name__ == "__main__":
    main()
