"""One question with its answer, and the dice that questions are drawn with."""
from dataclasses import dataclass
from random import Random
from typing import Callable

from holdout import is_held_out
from word_lists import WordLists


@dataclass
class Exchange:
    """What one user turn leads to: the user's message and everything up to the final answer."""

    kind: str
    held_out: bool
    messages: list[dict]


@dataclass
class Draw:
    """Draws questions: either those for training or those held out from it."""

    rng: Random
    words: WordLists
    held_out: bool = False

    def key(self, kind: str, make: Callable[[], tuple], test: Callable[..., bool] | None = None) -> tuple:
        """A key from make() on this draw's side of the hold-out."""
        test = test or (lambda *key: is_held_out(kind, *key))
        while True:
            key = make()
            if test(*key) == self.held_out:
                return key

    def pick(self, options):
        return self.rng.choice(list(options))

    def index(self, options) -> int:
        return self.rng.randrange(len(options))

    def exchange(self, kind: str, question: str, thought: str, answer: str) -> Exchange:
        messages = [
            {"role": "user", "content": question},
            {"role": "assistant", "content": answer, "reasoning_content": thought},
        ]
        return Exchange(kind, self.held_out, messages)
