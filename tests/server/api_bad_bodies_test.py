"""Bodies that are wrong, field by field: each gets a 4xx in OpenAI's form, and nobody else notices."""
import json
import threading
import unittest

from api_client import joined, post, stream_chat
from service import error_of, tenon_server

ROUTES = {"/v1/chat/completions": {"messages": [{"role": "user", "content": "hi"}], "max_tokens": 1},
          "/v1/completions": {"prompt": "hi", "max_tokens": 1},
          "/tokenize": {"prompt": "hi"},
          "/detokenize": {"tokens": [1]},
          "/apply-template": {"messages": [{"role": "user", "content": "hi"}]}}
SAMPLES = {"boolean": True, "integer": 1, "number": 1.5, "string": "x", "array": [], "object": {}}
TOKENS = 3072  # of the demo's vocabulary


def wrong_values(schema):
    """Values that a field with this schema must not take."""
    if "anyOf" in schema:
        return [1, "x", True, []]
    types = set(schema["type"])
    if "number" in types:
        types.add("integer")
    values = [value for kind, value in SAMPLES.items() if kind not in types]
    if "minimum" in schema:
        values.append(schema["minimum"] - 1)
    if "maximum" in schema:
        values.append(schema["maximum"] + 1)
    if "maxLength" in schema:
        values.append("x" * (schema["maxLength"] + 1))
    if "maxItems" in schema:
        values.append([None] * (schema["maxItems"] + 1))
    if "enum" in schema:
        values.append("no such word")
    return values


def bodies_by_table(document):
    """(path, body) for each field of each route, wrong in each way."""
    schemas = document["components"]["schemas"]
    for path, good in ROUTES.items():
        content = document["paths"][path]["post"]["requestBody"]["content"]["application/json"]
        table = schemas[content["schema"]["$ref"].rsplit("/", 1)[1]]
        for name in table["required"]:
            yield path, {key: value for key, value in good.items() if key != name}
            yield path, {**good, name: None}
        for name, schema in table["properties"].items():
            for value in wrong_values(schema):
                yield path, {**good, name: value}


def chat_with(message):
    return "/v1/chat/completions", {"messages": [message]}


def bodies_by_hand():
    chat, text = ROUTES["/v1/chat/completions"], ROUTES["/v1/completions"]
    tool = {"type": "function", "function": {"name": "f"}}
    for more in ({"logit_bias": {"x": 1}}, {"logit_bias": {str(TOKENS): 1}}, {"logit_bias": {"1": 101}},
                 {"logit_bias": {"1": "1"}}, {"logit_bias": {"-1": 1}}, {"stop_token_ids": [TOKENS]},
                 {"stop_token_ids": [-1]}, {"stop": ["x"] * 17}, {"stop": ["x" * 257]}, {"stop": [1]},
                 {"seed": 1 << 70}, {"n": 9}, {"model": "other"}, {"stream_options": {}}, {"top_logprobs": 2},
                 {"logprobs": True, "top_logprobs": 21}, {"tools": [{}]}, {"tools": [tool, tool]},
                 {"tools": [{"type": "function", "function": {"name": "a b"}}]}, {"tool_choice": "required"},
                 {"tools": [tool], "tool_choice": {"type": "function", "function": {"name": "g"}}},
                 {"tools": [tool], "tool_choice": {}}, {"tools": [tool] * 129}, {"chat_template": "x"},
                 {"continue_final_message": True}, {"response_format": {"type": "xml"}}, {"max_tokens": 1 << 23},
                 {"continue_final_message": True, "add_generation_prompt": True}):
        yield "/v1/chat/completions", {**chat, **more}
    for message in ({}, {"role": "user"}, {"role": "user", "content": None}, {"role": "user", "content": 1},
                    {"role": "king", "content": "x"}, {"content": "x"}, {"role": "user", "content": [{"type": "text"}]},
                    {"role": "user", "content": [{"type": "image_url", "image_url": {"url": "x"}}]},
                    {"role": "user", "content": ["x"]}, {"role": "assistant"}, {"role": "user", "content": "x", "name": 1},
                    {"role": "user", "content": "x", "tool_calls": [{"function": {"name": "f", "arguments": "{}"}}]},
                    {"role": "assistant", "tool_calls": [{}]}, {"role": "assistant", "tool_calls": [{"function": {}}]}):
        yield chat_with(message)
    for prompt in ("", [], [[]], [""], [1, "x"], ["x", 1], [TOKENS], [-1], [1.5], [[1], "x", 2], ["x"] * 65, {}, 5,
                   [None], [1] * 5000):
        yield "/v1/completions", {**text, "prompt": prompt}
    yield "/v1/completions", {**text, "max_tokens": 0}
    yield "/tokenize", {"prompt": "x", "messages": [{"role": "user", "content": "x"}]}
    yield "/detokenize", {"tokens": [TOKENS]}


def raw_bodies():
    good = json.dumps(ROUTES["/v1/chat/completions"]).encode()
    yield from (b"", b"{", b"null", b"[]", b"1", b"\"x\"", good[:-1], good + b"x", b"\xff\xfe", b"\0" + good)
    for value in (b"NaN", b"Infinity", b"-Infinity", b"1e999", b"01", b"0x1", b"\"\xff\"", b"\"\xed\xa0\x80\"", b"\"\\ud800\"",
                  b"[" * 100 + b"]" * 100, b"{\"a\":" * 100 + b"1" + b"}" * 100, b"1" * 5000, b"'x'", b"\"\n\""):
        yield good[:-1] + b", \"temperature\": " + value + b"}"
        yield good[:-1] + b", \"whatever\": " + value + b"}"
    yield good[:-1] + b", \"max_tokens\": 1}"


class BadBodies(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = tenon_server()
        cls.addClassCleanup(cls.server.stop)

    def setUp(self):
        self.canaries, self.is_over = [], threading.Event()
        singer = threading.Thread(target=self.sing)
        singer.start()
        self.addCleanup(singer.join)
        self.addCleanup(self.is_over.set)

    def sing(self):
        while not self.is_over.is_set() or len(self.canaries) < 2:
            chunks = stream_chat(self.server, "Write a verse like Shakespeare.", temperature=1.2, seed=3, max_tokens=60,
                                 return_token_ids=True)
            self.canaries.append((joined(chunks), [choice.get("token_ids") for chunk in chunks for choice in chunk["choices"]]))

    def assert_refused(self, path, body):
        status, _, text = post(self.server, path, body)
        shown = (path, body if len(str(body)) < 300 else str(body)[:300], text[:300])
        self.assertTrue(400 <= status < 500, (status, *shown))
        self.assertTrue(error_of(text)["message"], shown)

    def test_every_wrong_body_is_a_4xx_while_a_canary_sings_on(self):
        document = json.loads(self.server.request("GET", "/openapi.json")[2])
        count = 0
        for path, body in [*bodies_by_table(document), *bodies_by_hand()]:
            self.assert_refused(path, body)
            count += 1
        for body in raw_bodies():
            self.assert_refused("/v1/chat/completions", body)
            count += 1
        self.assertGreater(count, 150)
        self.is_over.set()
        while len(self.canaries) < 2:
            pass
        self.assertTrue(self.canaries[0][0])
        # Where tokens were cut into chunks may differ; what they are may not.
        tokens = {tuple(sum((ids or [] for ids in canary), [])) for _, canary in self.canaries}
        self.assertEqual((len(tokens), len({text for text, _ in self.canaries})), (1, 1))


if __name__ == "__main__":
    unittest.main()
