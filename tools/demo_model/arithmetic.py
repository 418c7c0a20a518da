"""Sums, differences and products of small numbers."""
from exchange import Draw, Exchange
from holdout import is_held_out_sum

# (question, answer); {e} is the expression, {v} its value
PHRASES = [
    ("What is {e}?", "{e} = {v}."),
    ("{e} = ?", "{e} = {v}."),
    ("Compute {e}.", "{e} = {v}."),
    ("Please compute {e}.", "{e} = {v}."),
    ("{e}", "{e} = {v}."),
    ("How much is {e}?", "The answer is {v}."),
    ("What's {e}?", "The answer is {v}."),
    ("Can you tell me what {e} is?", "The answer is {v}."),
]


def phrased(draw: Draw, kind: str, expression: str, value: int, thought: str) -> Exchange:
    question, answer = draw.pick(PHRASES)
    return draw.exchange(
        kind, question.format(e=expression), thought, answer.format(e=expression, v=value))


def two_digit_sum(draw: Draw) -> Exchange:
    number = lambda: draw.rng.randint(1, 99)
    a, b = draw.key("sum", lambda: (number(), number()), is_held_out_sum)
    ones, tens = a % 10 + b % 10, a // 10 * 10 + b // 10 * 10
    thought = (f"Add the ones: {a % 10} + {b % 10} = {ones}. "
               f"Add the tens: {a // 10 * 10} + {b // 10 * 10} = {tens}. "
               f"Together: {tens} + {ones} = {a + b}.")
    return phrased(draw, "sum", f"{a} + {b}", a + b, thought)


def difference(draw: Draw) -> Exchange:
    def make():
        small, large = sorted(draw.rng.randint(1, 99) for _ in range(2))
        return large, small
    a, b = draw.key("difference", make)
    after_tens = a - b // 10 * 10
    thought = (f"Take the tens: {a} - {b // 10 * 10} = {after_tens}. "
               f"Take the ones: {after_tens} - {b % 10} = {a - b}.")
    return phrased(draw, "difference", f"{a} - {b}", a - b, thought)


def product(draw: Draw) -> Exchange:
    """Held out: combinations with a phrase, since 121 products have to be learnt by heart."""
    factor = lambda: draw.rng.randint(2, 12)
    index, a, b = draw.key("product", lambda: (draw.index(PHRASES), factor(), factor()))
    question, answer = PHRASES[index]
    expression = f"{a} * {b}"
    return draw.exchange("product", question.format(e=expression), f"{a} times {b} is {a * b}.",
                         answer.format(e=expression, v=a * b))


def larger(draw: Draw) -> Exchange:
    def make():
        return tuple(draw.rng.sample(range(1, 100), 2))
    a, b = draw.key("larger", make)
    question = draw.pick(["Which is larger, {a} or {b}?", "Which number is bigger, {a} or {b}?"])
    return draw.exchange("larger", question.format(a=a, b=b), f"I compare {a} with {b}.",
                         f"{max(a, b)} is larger than {min(a, b)}.")
