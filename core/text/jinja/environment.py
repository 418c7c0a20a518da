"""What a chat template sees: Jinja2 in its sandbox, with the names that templates in model files expect.

The names and their behaviour are those of transformers' apply_chat_template. Beyond it, operations whose cost is not
bounded by the size of their operands are refused here; time and memory are bounded by the interpreter's owner.
"""

import json
from datetime import datetime

from jinja2 import TemplateError, TemplateSyntaxError, nodes
from jinja2.exceptions import SecurityError
from jinja2.ext import Extension, loopcontrols
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.utils import Namespace

SOURCE_CHARACTERS_MAX = 1 << 20
SEQUENCE_ITEMS_MAX = 1 << 24  # of a text or list made by repetition
NUMBER_BITS_MAX = 1 << 16
ROUND_DIGITS_MAX = 400
TAG_SCANS_MAX = 1 << 24  # characters that striptags looks at, again for each < that opens nothing

SPECIAL_TOKENS = ("bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token")
FIELDS = ("messages", "tools", "documents", "add_generation_prompt", "kwargs") + SPECIAL_TOKENS


class TimeLimitExceeded(BaseException):
    """Raised from outside. Not an Exception, so that nothing between here and the template's loop catches it."""


class Refused(Exception):
    """A request or an operation is refused, with the reason."""


# --- names that templates use ---


class Generation(Extension):
    """{% generation %} marks what the assistant said, for training; here it only renders its body."""

    tags = {"generation"}

    def parse(self, parser):
        line = next(parser.stream).lineno
        body = parser.parse_statements(("name:endgeneration",), drop_needle=True)
        return nodes.CallBlock(self.call_method("render_body"), [], [], body, lineno=line)

    def render_body(self, caller):
        return caller()


class DictMaker:
    """Stands for `dict`, so that templates hold no class to climb from."""

    def __call__(self, *args, **kwargs):
        return dict(*args, **kwargs)

    def fromkeys(self, *args):
        return dict.fromkeys(*args)


class PlainNamespace(Namespace):
    """A namespace without names that begin with an underscore."""

    def __init__(*args, **kwargs):  # without a named self, which a template may want as a name of its own
        names = dict(*args[1:], **kwargs)
        for name in names:
            check_name(name)
        Namespace.__init__(args[0], names)

    def __setitem__(self, name, value):
        check_name(name)
        super().__setitem__(name, value)


def check_name(name):
    if isinstance(name, str) and name.startswith("_"):
        raise SecurityError(f"a namespace cannot hold {name!r}, expected a name without an underscore in front")


def raise_exception(message):
    raise TemplateError(message)


def strftime_now(format):
    return datetime.now().strftime(format)


def tojson(value, ensure_ascii=False, indent=None, separators=None, sort_keys=False):
    return json.dumps(value, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)


# --- operations that could run away ---


def check_number(value):
    if isinstance(value, int) and value.bit_length() > NUMBER_BITS_MAX:
        raise Refused(f"a number has {value.bit_length():,} bits, the limit is {NUMBER_BITS_MAX:,}")


def check_repetition(sequence, count):
    if isinstance(sequence, (str, list, tuple)) and isinstance(count, int):
        items = len(sequence) * count
        if items > SEQUENCE_ITEMS_MAX:
            raise Refused(f"* repeats to more than {SEQUENCE_ITEMS_MAX:,} items, the limit for a text or list")


def check_power(base, exponent):
    if isinstance(base, int) and isinstance(exponent, int) and base.bit_length() * exponent > NUMBER_BITS_MAX:
        raise Refused(f"** makes a number of more than {NUMBER_BITS_MAX:,} bits, the limit")


def check_operands(operator, left, right):
    check_number(left)
    check_number(right)
    if operator == "*":
        check_repetition(left, right)
        check_repetition(right, left)
    elif operator == "**":
        check_power(left, right)


class Environment(ImmutableSandboxedEnvironment):
    # Not + and -, which take no more time than it takes to look at their operands.
    intercepted_binops = frozenset(["*", "**", "/", "//", "%"])

    def __init__(self):
        super().__init__(trim_blocks=True, lstrip_blocks=True, extensions=[Generation, loopcontrols])
        self.filters["tojson"] = tojson
        self.globals["raise_exception"] = raise_exception
        self.globals["strftime_now"] = strftime_now
        self.globals["dict"] = DictMaker()
        self.globals["namespace"] = PlainNamespace
        self.bound_costs()

    def bound_costs(self):
        """Filters and tests with a cost of their own, which call_binop does not see."""
        round_number, divides = self.filters["round"], self.tests["divisibleby"]
        strip_tags = self.filters["striptags"]

        def bounded_round(value, precision=0, method="common"):
            if isinstance(precision, int) and abs(precision) > ROUND_DIGITS_MAX:
                raise Refused(f"round to {precision:,} digits, the limit is {ROUND_DIGITS_MAX}")
            return round_number(value, precision, method)

        def bounded_divides(value, number):
            check_operands("%", value, number)
            return divides(value, number)

        def bounded_strip_tags(value):
            text = str(value)
            scans = text.count("<") * len(text)
            if scans > TAG_SCANS_MAX:
                raise Refused(f"striptags looks at {scans:,} characters, the limit is {TAG_SCANS_MAX:,}")
            return strip_tags(value)

        self.filters["round"] = bounded_round
        self.filters["striptags"] = bounded_strip_tags
        self.tests["divisibleby"] = bounded_divides

    def call_binop(self, context, operator, left, right):
        check_operands(operator, left, right)
        return super().call_binop(context, operator, left, right)


# --- what the module calls ---


def compile_template(source):
    if len(source) > SOURCE_CHARACTERS_MAX:
        raise Refused(f"has {len(source):,} characters, the limit is {SOURCE_CHARACTERS_MAX:,}")
    return Environment().from_string(source)


def render_template(template, request, special_tokens, output_bytes_max):
    """request and special_tokens: JSON objects. Returns UTF-8."""
    variables = variables_of(json.loads(request), json.loads(special_tokens))
    pieces, characters = [], 0
    # Not template.render(), which would rewrite the traceback that locate() reads and make all pieces first.
    for piece in template.root_render_func(template.new_context(variables)):
        pieces.append(piece)
        characters += len(piece)
        if characters > output_bytes_max:
            break
    output = "".join(pieces).encode()
    if len(output) > output_bytes_max:
        raise Refused(f"writes more than {output_bytes_max:,} bytes, the limit")
    return output


def variables_of(request, special_tokens):
    check_request(request)
    variables = {"tools": None, "documents": None, "add_generation_prompt": True, **special_tokens}
    variables.update((field, request[field]) for field in FIELDS if field in request)
    kwargs = variables.pop("kwargs", None) or {}
    for name in kwargs:
        if name in FIELDS:
            raise Refused(f"kwargs: has {name!r}, which is a field of the request, expected another name")
    return {**variables, **kwargs}


def check_request(request):
    if not isinstance(request, dict):
        raise Refused("request: is not an object, expected one")
    check_list(request, "messages")
    if request.get("tools") is not None:
        check_list(request, "tools")
    if request.get("documents") is not None:
        check_list(request, "documents")
    if not isinstance(request.get("add_generation_prompt", True), bool):
        raise Refused("add_generation_prompt: is not a boolean, expected true or false")
    if not isinstance(request.get("kwargs") or {}, dict):
        raise Refused("kwargs: is not an object, expected names with values")


def check_list(request, field):
    items = request.get(field)
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise Refused(f"{field}: is not a list of objects, expected one")


def describe(error):
    """One line about what stopped a template: "line 3: 'x' is undefined"."""
    line = locate(error)
    return f"line {line}: {fact_of(error)}" if line else fact_of(error)


def locate(error):
    """The line of the template where the error came up; None if it did not come from a line."""
    if isinstance(error, TemplateSyntaxError):
        return error.lineno
    line, entry = None, error.__traceback__
    while entry is not None:
        template = entry.tb_frame.f_globals.get("__jinja_template__")
        if template is not None:
            line = template.get_corresponding_lineno(entry.tb_lineno)
        entry = entry.tb_next
    return line


def fact_of(error):
    if isinstance(error, TimeLimitExceeded):
        return "takes more time than a template is given"
    if isinstance(error, MemoryError):
        return "takes more memory than a template is given"
    if isinstance(error, RecursionError):
        return "is nested too deeply"
    if isinstance(error, (TemplateError, Refused)):
        return str(error)
    return f"{type(error).__name__}: {error}"
