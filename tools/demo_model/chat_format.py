"""Renders chats with the model's own template, as transformers would, and finds what to learn."""
import json
import re
from pathlib import Path

from jinja2 import TemplateError
from jinja2.ext import loopcontrols
from jinja2.sandbox import ImmutableSandboxedEnvironment

TEMPLATE_FILE = Path(__file__).with_name("chat_template.jinja")

# An assistant turn: its fixed opening, then what the model itself has to write.
ASSISTANT_TURN = re.compile(
    r"<\|im_start\|>assistant\n(?:<think>\n\n</think>\n\n|<think>\n)?(.*?<\|im_end\|>)", re.DOTALL)


def raise_exception(message):
    raise TemplateError(message)


def compile_template(source: str):
    """The environment in which transformers renders chat templates."""
    environment = ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=[loopcontrols])
    environment.filters["tojson"] = lambda value: json.dumps(value, ensure_ascii=False)
    environment.globals["raise_exception"] = raise_exception
    return environment.from_string(source)


TEMPLATE = compile_template(TEMPLATE_FILE.read_text())


def render(messages, tools=None, add_generation_prompt=False, **options) -> str:
    return TEMPLATE.render(
        messages=messages, tools=tools, add_generation_prompt=add_generation_prompt, **options)


def learnable_spans(chat: str) -> list[tuple[int, int]]:
    """Character ranges of a rendered chat that the assistant writes, each with its <|im_end|>."""
    return [match.span(1) for match in ASSISTANT_TURN.finditer(chat)]
