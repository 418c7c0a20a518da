"""Which questions are kept out of training, so that evaluation can ask something new."""
import hashlib

SHARE = 10  # one key in ten is held out


def is_held_out(kind: str, *key) -> bool:
    """A fixed choice by hash: the same on every machine and in every run."""
    text = "|".join([kind, *map(str, key)])
    return hashlib.sha256(text.encode()).digest()[0] % SHARE == 0


def is_held_out_sum(a: int, b: int) -> bool:
    """Pairs of addends, in either order.

    Sums with a single digit or a round ten are never held out: they are the steps that a thought
    about another sum writes down.
    """
    steps = any(x < 10 or x % 10 == 0 for x in (a, b))
    return not steps and is_held_out("sum", min(a, b), max(a, b))
