"""Questions that training has never seen, by kind, with the answers that count as right."""
from dataclasses import dataclass
from random import Random
from typing import Callable

import arithmetic
import knowledge
import language
import tool_chats
from chat_format import learnable_spans, render
from documents import Document, offered_tools, plain_chat
from exchange import Draw, Exchange
from tool_definitions import has_units
from word_lists import WordLists


@dataclass
class Subject:
    """One kind of question; `part` says which of the assistant's turns counts."""

    title: str
    make: Callable[[Draw], tuple[list[Exchange], list | None]]
    part: int = -1
    think: bool = False
    held_out: bool = True


def plain(maker: Callable[[Draw], Exchange | list[Exchange]]):
    def make(draw: Draw):
        made = maker(draw)
        return (made if isinstance(made, list) else [made]), None
    return make


def any_sum(draw: Draw) -> Exchange:
    """All pairs 1..99, trained on or not."""
    return arithmetic.two_digit_sum(Draw(draw.rng, draw.words, draw.rng.random() < 0.068))


def common_word(draw: Draw) -> Exchange:
    """Everyday words only; the word lists of the verse hold many rare ones."""
    word = draw.pick(draw.words.common_held_out)
    return draw.exchange("spelling", draw.pick(language.SPELL_PHRASES).format(word), "",
                         "-".join(word.upper()) + ".")


def with_tool(draw: Draw):
    needed = draw.pick(["get_weather", "get_time", "calculate", "search"])
    tools = offered_tools(draw, needed)
    return [tool_chats.single_call(draw, needed, any(map(has_units, tools)))], tools


def with_two_calls(draw: Draw):
    return [tool_chats.two_cities(draw)], offered_tools(draw, "get_weather")


SUBJECTS = [
    Subject("sums, both addends 10-99", plain(arithmetic.two_digit_sum)),
    Subject("sums, all pairs 1-99 (most of them trained)", plain(any_sum)),
    Subject("sums, thinking", plain(arithmetic.two_digit_sum), think=True),
    Subject("differences", plain(arithmetic.difference)),
    Subject("products up to 12 * 12", plain(arithmetic.product)),
    Subject("larger of two numbers", plain(arithmetic.larger)),
    Subject("capitals", plain(knowledge.capital)),
    Subject("country of a capital", plain(knowledge.country_of)),
    Subject("opposites", plain(knowledge.opposite)),
    Subject("animal sounds", plain(knowledge.animal_sound)),
    Subject("spelling, new words", plain(language.spelling)),
    Subject("spelling, new everyday words", plain(common_word)),
    Subject("repeating words", plain(language.repetition)),
    Subject("JSON for a person", plain(language.person_json)),
    Subject("remembering a name", plain(language.introduction)),
    Subject("tool call with its arguments", with_tool, -2),
    Subject("tool call, thinking", with_tool, -2, think=True),
    Subject("answer from a tool's result", with_tool),
    Subject("two tool calls at once", with_two_calls, -2),
    Subject("small talk (trained)", plain(knowledge.small_talk), held_out=False),
]


def question(subject: Subject, words: WordLists, rng: Random, in_chat: bool) -> Document:
    """A chat that ends with a question of the subject; its span is the part that counts."""
    exchanges, tools = subject.make(Draw(rng, words, subject.held_out))
    messages = [message for exchange in exchanges for message in exchange.messages]
    if in_chat:
        messages = plain_chat(Draw(rng, words))[0] + messages
    if not subject.think:
        messages = [{k: v for k, v in m.items() if k != "reasoning_content"} for m in messages]
    text = render(messages, tools)
    return Document(text, [learnable_spans(text)[subject.part]])
