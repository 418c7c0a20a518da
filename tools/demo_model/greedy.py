"""Greedy continuation of many prompts at once, without a cache: simple, and fast enough for short answers."""
import torch

from batches import PADDING, Batch, Encoded, pack
from hub_config import END_OF_TEXT, TURN_END
from layers import Packing
from model import DemoModel


def batches_of(items: dict[int, Encoded], rows: int = 8, length: int = 1024):
    """Packs numbered sequences into as many batches as they need."""
    waiting = dict(items)
    while waiting:
        batch = pack(waiting, rows, length)
        for number in batch.numbers():
            del waiting[number]
        yield without_padding(batch)


def without_padding(batch: Batch) -> Batch:
    """Without the rows and columns that no document reaches."""
    used = batch.document != PADDING
    rows, columns = used.any(dim=1), used.any(dim=0)
    return Batch(*(part[rows][:, columns] for part in (batch.tokens, batch.document, batch.learn)))


def unlearned(tokens: list[int]) -> Encoded:
    return Encoded(tokens, [False] * len(tokens))


def last_places(batch: Batch):
    """(rows, columns) of each document's last token."""
    document = batch.document
    ends = torch.ones_like(document, dtype=torch.bool)
    ends[:, :-1] = document[:, :-1] != document[:, 1:]
    return (ends & (document != PADDING)).nonzero(as_tuple=True)


@torch.no_grad()
def continue_all(model: DemoModel, prompts: list[list[int]], limit: int) -> list[list[int]]:
    """The greedy continuation of each prompt, up to `limit` tokens or an end token (included)."""
    answers: list[list[int]] = [[] for _ in prompts]
    running = set(range(len(prompts)))
    for _ in range(limit):
        so_far = {i: unlearned(prompts[i] + answers[i]) for i in sorted(running)}
        for batch in batches_of(so_far):
            hidden, _ = model.model(batch.tokens, Packing.of(batch.document))
            ends = last_places(batch)
            chosen = model.lm_head(hidden[ends]).argmax(-1).tolist()
            for number, token in zip(batch.document[ends].tolist(), chosen):
                answers[number].append(token)
                if token in (TURN_END, END_OF_TEXT):
                    running.discard(number)
    return answers
