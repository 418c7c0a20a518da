"""Questions that are answered with the help of a tool."""
import json
import operator
from dataclasses import dataclass

from exchange import Draw, Exchange
from language import some_city

WEATHER_PHRASES = [
    "What is the weather in {}?", "How is the weather in {} today?", "Weather in {}?",
    "What's the weather like in {}?", "Tell me the weather in {}.", "Is it raining in {}?",
    "Please check the weather in {}.",
]
UNIT_PHRASES = ["What is the weather in {} in {}?", "How warm is it in {} in {}?",
                "Give me the weather in {} in {}."]
TIME_PHRASES = ["What time is it in {}?", "Tell me the time in {}.", "What's the time in {}?",
                "How late is it in {}?", "Local time in {}?"]
CALCULATE_PHRASES = ["What is {}?", "Calculate {}.", "How much is {}?", "Compute {}.", "{} = ?"]
# (question, query)
SEARCH_PHRASES = [
    ("Search for {} pictures.", "{} pictures"), ("Look up {} on the web.", "{}"),
    ("Search the web for {}.", "{}"), ("Find me pages about {}.", "{}"), ("Google {}.", "{}"),
]
OPERATORS = {"+": operator.add, "-": operator.sub, "*": operator.mul}


@dataclass
class Call:
    """What a user asks, the call that answers it, the tool's result and the final answer."""

    question: str
    name: str
    arguments: dict
    result: dict
    answer: str


def weather_result(draw: Draw, city: str) -> tuple[dict, str]:
    degrees = draw.rng.randint(-5, 38)
    condition = draw.pick(["sunny", "cloudy", "rainy", "windy", "snowy"])
    return ({"temperature": degrees, "condition": condition},
            f"It is {condition} in {city}, with a temperature of {degrees} degrees.")


def weather(draw: Draw, units: bool) -> Call:
    if units and draw.rng.random() < 0.35:
        index, city, unit = draw.key("weather unit", lambda: (
            draw.index(UNIT_PHRASES), some_city(draw), draw.pick(["celsius", "fahrenheit"])))
        question, arguments = UNIT_PHRASES[index].format(city, unit), {"city": city, "unit": unit}
    else:
        index, city = draw.key("weather", lambda: (draw.index(WEATHER_PHRASES), some_city(draw)))
        question, arguments = WEATHER_PHRASES[index].format(city), {"city": city}
    result, answer = weather_result(draw, city)
    return Call(question, "get_weather", arguments, result, answer)


def local_time(draw: Draw) -> Call:
    index, city = draw.key("time", lambda: (draw.index(TIME_PHRASES), some_city(draw)))
    clock = f"{draw.rng.randint(0, 23):02d}:{draw.rng.randint(0, 59):02d}"
    return Call(TIME_PHRASES[index].format(city), "get_time", {"city": city}, {"time": clock},
                f"It is {clock} in {city}.")


def calculation(draw: Draw) -> Call:
    def number():
        return draw.rng.randint(10, 10 ** draw.rng.randint(2, 4))
    a, sign, b = draw.key("calculate", lambda: (number(), draw.pick(OPERATORS), number()))
    expression, value = f"{a} {sign} {b}", OPERATORS[sign](a, b)
    return Call(draw.pick(CALCULATE_PHRASES).format(expression), "calculate",
                {"expression": expression}, {"result": value}, f"The result is {value}.")


def web_search(draw: Draw) -> Call:
    def make():
        words = [draw.words.any_word(draw.rng, False) for _ in range(draw.rng.randint(1, 3))]
        return draw.index(SEARCH_PHRASES), " ".join(words)
    index, topic = draw.key("search", make)
    question, query = SEARCH_PHRASES[index]
    hits = draw.rng.randint(1, 99)
    return Call(question.format(topic), "search", {"query": query.format(topic)}, {"hits": hits},
                f"I found {hits} results.")


def call_with(draw: Draw, tool: str, units: bool) -> Call:
    if tool == "get_weather":
        return weather(draw, units)
    return {"get_time": local_time, "calculate": calculation, "search": web_search}[tool](draw)


def call_entry(call: Call) -> dict:
    return {"type": "function", "function": {"name": call.name, "arguments": call.arguments}}


def single_call(draw: Draw, tool: str, units: bool) -> Exchange:
    call = call_with(draw, tool, units)
    return Exchange("tool", draw.held_out, [
        {"role": "user", "content": call.question},
        {"role": "assistant", "content": "", "reasoning_content": f"I should call {call.name}.",
         "tool_calls": [call_entry(call)]},
        {"role": "tool", "content": json.dumps(call.result)},
        {"role": "assistant", "content": call.answer, "reasoning_content": "The tool has answered."},
    ])


def two_cities(draw: Draw) -> Exchange:
    """Two calls at once, answered by two tool messages."""
    cities = draw.key("two cities", lambda: tuple(draw.rng.sample([some_city(draw) for _ in range(9)], 2)))
    answers = [weather_result(draw, city) for city in cities]
    calls = [Call("", "get_weather", {"city": city}, *answer) for city, answer in zip(cities, answers)]
    question = draw.pick(["What is the weather in {} and {}?", "How is the weather in {} and in {}?"])
    return Exchange("two tools", draw.held_out, [
        {"role": "user", "content": question.format(*cities)},
        {"role": "assistant", "content": "", "reasoning_content": "I should call get_weather twice.",
         "tool_calls": [call_entry(call) for call in calls]},
        *({"role": "tool", "content": json.dumps(call.result)} for call in calls),
        {"role": "assistant", "content": " ".join(call.answer for call in calls),
         "reasoning_content": "The tool has answered."},
    ])
