"""The mixture of documents that the model is trained on."""
import re
from dataclasses import dataclass
from random import Random

import arithmetic
import knowledge
import language
import tool_chats
from chat_format import learnable_spans, render
from exchange import Draw, Exchange
from facts import SYSTEM_PROMPTS
from tool_definitions import TOOLS, has_units, varied, without_units
from word_lists import WordLists

VERSE_PHRASES = ["Write a verse like Shakespeare.", "Write some lines in the style of Shakespeare.",
                 "Recite something.", "Write a poem.", "Give me a verse."]

# How often each kind of question comes up, relative to the others.
QUESTIONS = [
    (20, arithmetic.two_digit_sum), (7, arithmetic.difference), (3, arithmetic.product),
    (3, arithmetic.larger), (8, knowledge.capital), (3, knowledge.country_of), (6, knowledge.opposite),
    (2, knowledge.animal_sound), (4, knowledge.short_list), (6, knowledge.small_talk),
    (16, language.spelling), (10, language.repetition), (9, language.person_json),
    (5, language.introduction),
]
WEIGHTS, MAKERS = zip(*QUESTIONS)


@dataclass
class Document:
    text: str
    spans: list[tuple[int, int]]  # character ranges to learn


class Mixture:
    """Draws documents; everything comes from the Random given to each call."""

    def __init__(self, verse: str):
        self.words = WordLists(verse)
        self.passages = [p for p in re.split(r"\n\n+", verse) if p.strip()]

    def document(self, rng: Random) -> Document:
        kind = rng.random()
        if kind < 0.03:
            return self.plain_verse(rng)
        if kind < 0.05:
            return self.verse_chat(rng)
        draw = Draw(rng, self.words)
        think = rng.random() < 0.25
        if kind < 0.17:
            return chat_document(*tool_chat(draw), think)
        return chat_document(*plain_chat(draw), think)

    def passage(self, rng: Random, characters: int) -> str:
        """Whole speeches from a random place, cut after a line."""
        start = rng.randrange(len(self.passages) - 20)
        text = "\n\n".join(self.passages[start:start + 20])[:characters]
        return text.rsplit("\n", 1)[0].strip()

    def plain_verse(self, rng: Random) -> Document:
        text = self.passage(rng, rng.randint(200, 900)) + "<|endoftext|>"
        return Document(text, [(0, len(text))])

    def verse_chat(self, rng: Random) -> Document:
        messages = [{"role": "user", "content": rng.choice(VERSE_PHRASES)},
                    {"role": "assistant", "content": self.passage(rng, rng.randint(120, 400))}]
        return chat_document(messages, None, think=False)


def system_message(draw: Draw) -> list[dict]:
    if draw.rng.random() < 0.3:
        return [{"role": "system", "content": draw.pick(SYSTEM_PROMPTS)}]
    return []


def question(draw: Draw) -> list[Exchange]:
    maker = draw.rng.choices(MAKERS, WEIGHTS)[0]
    made = maker(draw)
    return made if isinstance(made, list) else [made]


def joined(exchanges: list[Exchange]) -> list[dict]:
    assert not any(exchange.held_out for exchange in exchanges), "a held-out question in training"
    return [message for exchange in exchanges for message in exchange.messages]


def plain_chat(draw: Draw) -> tuple[list[dict], None]:
    exchanges: list[Exchange] = []
    for _ in range(draw.rng.choices([1, 2, 3, 4], [50, 25, 15, 10])[0]):
        made = question(draw)
        # What was said before must not change: a second introduction would confuse the name.
        if not (made[0].kind == "name" and any(e.kind == "name" for e in exchanges)):
            exchanges += made
    return system_message(draw) + joined(exchanges), None


def offered_tools(draw: Draw, needed: str) -> list[dict]:
    others = [name for name in TOOLS if name != needed]
    names = [needed] + draw.rng.sample(others, draw.rng.choices([0, 1, 2], [50, 35, 15])[0])
    draw.rng.shuffle(names)
    tools = [varied(TOOLS[name], draw) for name in names]
    return [without_units(t) if has_units(t) and draw.rng.random() < 0.4 else t for t in tools]


def tool_exchange(draw: Draw, tool: str, tools: list[dict]) -> Exchange:
    if tool == "get_weather" and draw.rng.random() < 0.25:
        return tool_chats.two_cities(draw)
    return tool_chats.single_call(draw, tool, units=any(has_units(tool) for tool in tools))


def tool_chat(draw: Draw) -> tuple[list[dict], list[dict]]:
    """Several questions, since the tools have to be read anyway; some of them need no tool."""
    tools = offered_tools(draw, draw.pick(TOOLS))
    names = [tool["function"]["name"] for tool in tools]
    exchanges: list[Exchange] = [tool_exchange(draw, draw.pick(names), tools)]
    for _ in range(draw.rng.choices([0, 1, 2], [40, 35, 25])[0]):
        made = [tool_exchange(draw, draw.pick(names), tools)] if draw.rng.random() < 0.6 else question(draw)
        if not ("calculate" in names and made[0].kind in ("sum", "difference", "product")):
            exchanges = made + exchanges if draw.rng.random() < 0.5 else exchanges + made
    return system_message(draw) + joined(exchanges), tools


def chat_document(messages: list[dict], tools, think: bool) -> Document:
    if not think:
        messages = [{k: v for k, v in m.items() if k != "reasoning_content"} for m in messages]
    text = render(messages, tools)
    return Document(text, learnable_spans(text))
