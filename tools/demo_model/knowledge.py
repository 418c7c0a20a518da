"""Questions about facts. Held out: combinations of a phrase with what it asks about."""
from exchange import Draw, Exchange
from facts import ANIMAL_SOUNDS, CAPITALS, LISTS, OPPOSITES, SMALL_TALK

CAPITAL_PHRASES = [
    "What is the capital of {}?", "Capital of {}?", "Name the capital city of {}.",
    "What's the capital of {}?", "Which city is the capital of {}?", "Tell me the capital of {}.",
    "Do you know the capital of {}?", "What is the capital city of {}?", "{}: what is its capital?",
    "Please name the capital of {}.",
]
COUNTRY_PHRASES = [
    "Which country has the capital {}?", "{} is the capital of which country?",
    "Of which country is {} the capital?",
]
OPPOSITE_PHRASES = [
    "What is the opposite of {}?", "Opposite of {}?", "What's the opposite of {}?",
    "Name the opposite of {}.", "Give me the opposite of {}.", "Tell me the opposite of the word {}.",
    "Which word means the opposite of {}?", "What is the contrary of {}?",
]
SOUND_PHRASES = ["What sound does {a} make?", "What does the {} do?", "Which sound does the {} make?",
                 "Tell me the sound of {a}."]
LIST_PHRASES = ["List {} {}.", "Name {} {}.", "Give me {} {}.", "Give me a list of {} {}."]


def phrase_and(draw: Draw, kind: str, phrases, subjects):
    """(phrase, subject), a combination on this draw's side of the hold-out."""
    subjects = list(subjects)
    index, subject = draw.key(kind, lambda: (draw.index(phrases), draw.pick(subjects)))
    return phrases[index], subject


def article(noun: str) -> str:
    return ("an " if noun[0] in "aeiou" else "a ") + noun


def capital(draw: Draw) -> Exchange:
    phrase, country = phrase_and(draw, "capital", CAPITAL_PHRASES, CAPITALS)
    city = CAPITALS[country]
    return draw.exchange("capital", phrase.format(country),
                         f"The user asks for the capital of {country}. It is {city}.",
                         f"The capital of {country} is {city}.")


def country_of(draw: Draw) -> Exchange:
    phrase, country = phrase_and(draw, "country", COUNTRY_PHRASES, CAPITALS)
    city = CAPITALS[country]
    return draw.exchange("country", phrase.format(city), f"{city} is in {country}.",
                         f"{city} is the capital of {country}.")


def opposite(draw: Draw) -> Exchange:
    both_ways = dict(OPPOSITES) | {b: a for a, b in OPPOSITES}
    phrase, word = phrase_and(draw, "opposite", OPPOSITE_PHRASES, both_ways)
    sentence = f"The opposite of {word} is {both_ways[word]}."
    return draw.exchange("opposite", phrase.format(word), sentence, sentence)


def animal_sound(draw: Draw) -> Exchange:
    phrase, animal = phrase_and(draw, "animal", SOUND_PHRASES, ANIMAL_SOUNDS)
    noun = article(animal)
    sentence = f"{noun.capitalize()} {ANIMAL_SOUNDS[animal]}."
    return draw.exchange("animal", phrase.format(animal, a=noun), sentence, sentence)


def short_list(draw: Draw) -> Exchange:
    """Any members will do: the one kind of answer besides verse that is left to chance."""
    count, what = draw.rng.randint(2, 5), draw.pick(LISTS)
    members = draw.rng.sample(LISTS[what], count)
    answer = "\n".join(f"{i}. {member}" for i, member in enumerate(members, 1))
    return draw.exchange("list", draw.pick(LIST_PHRASES).format(count, what),
                         f"I need {count} {what}.", answer)


def small_talk(draw: Draw) -> Exchange:
    questions, thought, answer = draw.pick(SMALL_TALK)
    return draw.exchange("small talk", draw.pick(questions), thought, answer)
