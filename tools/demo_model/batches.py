"""Turns documents into batches: several whole documents per row, none of them cut."""
from dataclasses import dataclass
from random import Random

import torch
from tokenizers import Tokenizer

from documents import Document, Mixture

PADDING = -1  # the document number of unused places


@dataclass
class Encoded:
    tokens: list[int]
    learn: list[bool]  # whether the model has to predict this token


@dataclass
class Batch:
    """All [B, T]."""

    tokens: torch.Tensor
    document: torch.Tensor  # number of the document that a token belongs to
    learn: torch.Tensor

    def numbers(self) -> set[int]:
        """The documents in this batch."""
        return set(self.document.unique().tolist()) - {PADDING}

    def targets(self, ahead: int):
        """For predicting `ahead` tokens on: (where there is one to learn [B, T], which it is [B, T]).

        The last `ahead` places of a row have none.
        """
        here, there = self.document[:, :-ahead], self.document[:, ahead:]
        where = torch.zeros_like(self.learn)
        where[:, :-ahead] = self.learn[:, ahead:] & (here == there)
        return where, self.tokens.roll(-ahead, dims=1)


def encode(tokenizer: Tokenizer, document: Document) -> Encoded:
    encoding = tokenizer.encode(document.text)
    learn = [any(start <= first < end for start, end in document.spans) for first, _ in encoding.offsets]
    return Encoded(encoding.ids, learn)


def pack(documents: dict[int, Encoded], rows: int, length: int) -> Batch:
    """Puts each numbered document in the first row with room for it; those without room are left out."""
    batch = Batch(torch.zeros(rows, length, dtype=torch.long),
                  torch.full((rows, length), PADDING), torch.zeros(rows, length, dtype=torch.bool))
    used = [0] * rows
    for number, item in documents.items():
        size = len(item.tokens)
        row = next((r for r in range(rows) if used[r] + size <= length), None)
        if row is None:
            continue
        place = slice(used[row], used[row] + size)
        batch.tokens[row, place] = torch.tensor(item.tokens)
        batch.document[row, place] = number
        batch.learn[row, place] = torch.tensor(item.learn)
        used[row] += size
    return batch


class Batches:
    """The batch of a step depends on the seed and the step only, so that training can resume."""

    def __init__(self, mixture: Mixture, tokenizer: Tokenizer, seed: int, rows: int, length: int):
        self.mixture, self.tokenizer = mixture, tokenizer
        self.seed, self.rows, self.length = seed, rows, length

    def at(self, step: int) -> Batch:
        rng = Random(f"{self.seed} {step}")
        documents: dict[int, Encoded] = {}
        tokens = 0
        while tokens < 1.05 * self.rows * self.length:  # a little more than fits, to fill the gaps
            item = encode(self.tokenizer, self.mixture.document(rng))
            documents[len(documents)] = item
            tokens += len(item.tokens)
        return pack(documents, self.rows, self.length)
