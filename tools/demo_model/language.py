"""Questions about the words themselves: spelling, repeating, people in JSON, remembering a name."""
import json

from exchange import Draw, Exchange
from facts import CITIES, NAMES
from word_lists import made_up_name

SPELL_PHRASES = [
    "Spell the word {}.", "Spell {}.", "How do you spell {}?", "Please spell the word {}.",
    "Can you spell {}?", "Spell out {}.",
]
REPEAT_PHRASES = ["Repeat: {}", "Say: {}", "Repeat after me: {}", "Please repeat: {}"]
JSON_PHRASES = [
    "Give me JSON for {name}, who is {age} years old and lives in {city}.",
    "Write JSON for {name}, aged {age}, from {city}.",
    "{name} is {age} years old and lives in {city}. Give me that as JSON.",
    "Make a JSON object: name {name}, age {age}, city {city}.",
    "JSON for {name}, {age}, {city}, please.",
]
INTRODUCTIONS = ["My name is {}.", "Hi, I am {}.", "I'm {}.", "Hello, my name is {}.", "Call me {}."]
NAME_QUESTIONS = ["What is my name?", "Who am I?", "Do you remember my name?", "What's my name?"]


def spelling(draw: Draw) -> Exchange:
    """Held out: whole words. Made-up words teach the letters of every piece of a word."""
    if draw.held_out or draw.rng.random() < 0.5:
        word = draw.words.any_word(draw.rng, draw.held_out)
    else:
        word = draw.words.made_up(draw.rng)
    return draw.exchange("spelling", draw.pick(SPELL_PHRASES).format(word),
                         f"The letters of {word} are {' '.join(word)}.",
                         "-".join(word.upper()) + ".")


def some_name(draw: Draw) -> str:
    return made_up_name(draw.rng) if draw.rng.random() < 0.4 else draw.pick(NAMES)


def some_city(draw: Draw) -> str:
    return made_up_name(draw.rng) if draw.rng.random() < 0.2 else draw.pick(CITIES)


def repetition(draw: Draw) -> Exchange:
    def make():
        words = [draw.words.any_word(draw.rng, False) for _ in range(draw.rng.randint(1, 6))]
        return (" ".join(words),)
    text, = draw.key("repeat", make)
    return draw.exchange("repeat", draw.pick(REPEAT_PHRASES).format(text),
                         "I repeat the words.", text)


def person_json(draw: Draw) -> Exchange:
    name, age, city = draw.key(
        "json", lambda: (some_name(draw), draw.rng.randint(5, 90), some_city(draw)))
    return draw.exchange("json", draw.pick(JSON_PHRASES).format(name=name, age=age, city=city),
                         "The object needs a name, an age and a city.",
                         json.dumps({"name": name, "age": age, "city": city}))


def introduction(draw: Draw) -> list[Exchange]:
    """Two exchanges: the user tells a name and later asks for it."""
    name, = draw.key("name", lambda: (some_name(draw),))
    told = draw.exchange("name", draw.pick(INTRODUCTIONS).format(name),
                         f"The user is called {name}.", f"Nice to meet you, {name}!")
    asked = draw.exchange("name", draw.pick(NAME_QUESTIONS), f"The user is called {name}.",
                          f"Your name is {name}.")
    return [told, asked]
