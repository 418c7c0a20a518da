"""Answers of a given form: response_format, structured_outputs, and calls that tool_choice demands."""
import json
import re
import tempfile
import unittest

from api_client import QUESTION, WEATHER, answer, chat, endings, joined, refusal, run, stream_chat
from service import tenon_server

CHAT = "/v1/chat/completions"
ASK = [{"role": "user", "content": QUESTION}]
CITY = {"type": "object", "properties": {
    "name": {"type": "string", "maxLength": 12}, "people": {"type": "integer", "minimum": 1, "maximum": 99999},
    "seaside": {"type": "boolean"}, "kind": {"enum": ["town", "capital", None]}},
    "required": ["name", "people", "seaside", "kind"]}
TIME = {"type": "function", "function": {"name": "get_time", "parameters": {
    "type": "object", "properties": {"hours": {"type": "integer", "minimum": 0, "maximum": 23}}, "required": ["hours"]}}}
NAMED = {"type": "function", "function": {"name": "get_time"}}


def of_schema(schema):
    return {"response_format": {"type": "json_schema", "json_schema": {"name": "city", "schema": schema}}}


def outputs(**form):
    return {"structured_outputs": form}


# Each draws from the model's whole distribution, so that the form does not come by itself.
FORMS = [of_schema(CITY), outputs(json=CITY), outputs(json=json.dumps(CITY)), outputs(regex="[a-f]{3,9}-(yes|no)+!"),
         outputs(choice=["perhaps", "per haps", "never"])]


class FormCase(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = tenon_server()
        cls.addClassCleanup(cls.server.stop)

    def check_city(self, text):
        city = json.loads(text)
        self.assertEqual(list(city), CITY["required"])
        self.assertTrue(isinstance(city["name"], str) and len(city["name"]) <= 12, text)
        self.assertTrue(type(city["people"]) is int and 1 <= city["people"] <= 99999, text)
        self.assertIs(type(city["seaside"]), bool)
        self.assertIn(city["kind"], ["town", "capital", None])

    def check_form(self, form, text):
        form = form.get("structured_outputs", {})
        if "regex" in form:
            self.assertTrue(re.fullmatch(form["regex"], text), text)
        elif "choice" in form:
            self.assertIn(text, form["choice"])
        else:
            self.check_city(text)


class Forms(FormCase):
    def test_answers_have_the_form_whole_and_as_streams(self):
        for form in FORMS:
            options = {**form, "temperature": 1.5, "seed": 3, "n": 3, "max_tokens": 400}
            whole, chunks = chat(self.server, **options), stream_chat(self.server, **options)
            for choice in whole["choices"]:
                text = choice["message"]["content"]
                self.assertEqual(choice["finish_reason"], "stop", text)
                self.check_form(form, text)
                self.assertEqual(joined(chunks, index=choice["index"]), text)

    def test_an_object_is_one(self):
        got = chat(self.server, response_format={"type": "json_object"}, temperature=0, max_tokens=400)["choices"][0]
        self.assertEqual(got["finish_reason"], "stop")
        self.assertIsInstance(json.loads(got["message"]["content"]), dict)

    def test_text_of_any_form_is_the_default(self):
        plain = chat(self.server, temperature=0)["choices"][0]["message"]
        for form in ({"response_format": {"type": "text"}}, {"response_format": None}, {"structured_outputs": None}):
            self.assertEqual(chat(self.server, temperature=0, **form)["choices"][0]["message"], plain)

    def test_the_command_line_answers_the_same(self):
        with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
            file.write(json.dumps(CITY)), file.flush()
            expected = run("-p", QUESTION, "--temperature", 1, "--seed", 7, "--json-schema", file.name)
        got = chat(self.server, temperature=1, seed=7, **of_schema(CITY))
        self.assertEqual(got["choices"][0]["message"]["content"], expected)

    def test_a_thought_is_free_and_what_follows_has_the_form(self):
        for form in FORMS:
            free = chat(self.server, temperature=0, reasoning_effort="high")["choices"][0]["message"]
            held = chat(self.server, temperature=0, reasoning_effort="high", **form)["choices"][0]["message"]
            self.assertTrue(held["reasoning"])
            self.assertEqual(held["reasoning"], free["reasoning"])
            self.check_form(form, held["content"])

    def test_speculation_changes_nothing(self):
        guessing = tenon_server("--speculative", '{"method": "mtp", "num_speculative_tokens": 3}')
        self.addCleanup(guessing.stop)
        plain = tenon_server("--speculative", "off")
        self.addCleanup(plain.stop)
        drafted = 0
        for form in (*FORMS, {"tools": [WEATHER, TIME], "tool_choice": "required"}):
            for temperature in (0, 1):
                options = {**form, "temperature": temperature, "seed": 11, "max_tokens": 400}
                got, expected = chat(guessing, **options), chat(plain, **options)
                drafted += got["timings"]["draft_n"]
                for each in got, expected:
                    for call in each["choices"][0]["message"].get("tool_calls", []):
                        del call["id"]
                self.assertEqual(got["choices"], expected["choices"])
        self.assertGreater(drafted, 0)


class Calls(FormCase):
    def check_call(self, call):
        arguments = json.loads(call["function"]["arguments"])
        if call["function"]["name"] == "get_time":
            self.assertTrue(list(arguments) == ["hours"] and 0 <= arguments["hours"] <= 23, arguments)
        else:
            self.assertEqual(call["function"]["name"], "get_weather")
            self.assertIsInstance(arguments["city"], str)
            self.assertIn(arguments.get("unit", "celsius"), ["celsius", "fahrenheit"])

    def test_a_required_call_comes_whatever_was_asked(self):
        for options in ({}, {"parallel_tool_calls": False}, {"reasoning_effort": "high"}):
            got = chat(self.server, tools=[WEATHER, TIME], tool_choice="required", temperature=0, max_tokens=400, **options)
            choice = got["choices"][0]
            self.assertEqual((choice["finish_reason"], choice["message"]["content"]), ("tool_calls", None))
            for call in choice["message"]["tool_calls"]:
                self.check_call(call)

    def test_a_named_function_is_called_once(self):
        for seed in range(4):
            options = {"tools": [WEATHER, TIME], "tool_choice": NAMED, "temperature": 2, "seed": seed}
            choice = chat(self.server, **options)["choices"][0]
            calls = choice["message"]["tool_calls"]
            self.assertEqual([call["function"]["name"] for call in calls], ["get_time"])
            self.check_call(calls[0])
            self.assertEqual((choice["finish_reason"], choice["message"]["content"]), ("tool_calls", None))
            chunks = stream_chat(self.server, **options)
            parts = [call["function"] for chunk in chunks for choice in chunk["choices"]
                     for call in choice["delta"].get("tool_calls", [])]
            self.assertEqual("".join(part["arguments"] for part in parts), calls[0]["function"]["arguments"])
            self.assertEqual((endings(chunks), joined(chunks)), (["tool_calls"], ""))

    def test_a_call_may_be_spelled_in_any_tokens(self):
        own = answer(self.server, "/tokenize", prompt="<tool_call>")["tokens"]
        choice = chat(self.server, tools=[TIME], tool_choice=NAMED, temperature=0, return_token_ids=True,
                      logit_bias={str(token): -100 for token in own})["choices"][0]
        self.assertNotIn(own[0], choice["token_ids"])
        self.check_call(choice["message"]["tool_calls"][0])


class Refusals(FormCase):
    def refused(self, **body):
        status, error = refusal(self.server, CHAT, messages=ASK, **body)
        self.assertEqual(status, 400)
        return error["param"], error["code"], error["message"]

    def test_a_keyword_that_is_not_supported_is_named_by_its_place(self):
        bad = {"type": "object", "properties": {"a": {"type": "string", "contentEncoding": "base64"}}}
        where = "response_format.json_schema.schema"
        param, code, message = self.refused(**of_schema(bad))
        self.assertEqual((param, code), (where, "invalid_value"))
        self.assertIn("#/properties/a/contentEncoding", message)
        self.assertEqual(self.refused(**outputs(json=bad))[:2], ("structured_outputs.json", "invalid_value"))
        tool = {"type": "function", "function": {"name": "f", "parameters": bad}}
        param, code, message = self.refused(tools=[tool], tool_choice="required")
        self.assertEqual((param, code), ("tools", "invalid_value"))
        self.assertIn("f: #/properties/a/contentEncoding", message)
        param, code, message = self.refused(**outputs(regex="a(?=b)"))
        self.assertEqual((param, code), ("structured_outputs.regex", "invalid_value"))

    def test_too_complex_a_form_has_its_own_code(self):
        for form in (outputs(json={"description": "x" * 70000}), outputs(regex="((a{1000}){1000}){1000}"),
                     outputs(choice=["x" * 70000])):
            param, code, message = self.refused(**form)
            self.assertTrue(param.startswith("structured_outputs."), param)
            self.assertEqual(code, "grammar_too_complex", message)

    def test_forms_must_be_one_and_complete(self):
        schema = "response_format.json_schema"
        for body, param in (({"response_format": {"type": "json_schema"}}, schema),
                            ({"response_format": {"type": "json_schema", "json_schema": {}}}, schema + ".schema"),
                            (outputs(), "structured_outputs"), (outputs(regex="a", choice=["a"]), "structured_outputs"),
                            ({**of_schema(CITY), **outputs(regex="a")}, "structured_outputs"),
                            ({**of_schema(CITY), "tools": [TIME]}, schema + ".schema")):
            self.assertEqual(self.refused(**body)[0], param, body)
        chosen = chat(self.server, tools=[TIME], tool_choice="none", **outputs(choice=["a"]))
        self.assertEqual(chosen["choices"][0]["message"]["content"], "a")

    def test_a_server_without_a_form_of_calls_demands_none(self):
        server = tenon_server("--tool-call-parser", "none")
        self.addCleanup(server.stop)
        status, error = refusal(server, CHAT, messages=ASK, tools=[TIME], tool_choice="required")
        self.assertEqual((status, error["param"], error["code"]), (400, "tool_choice", "unsupported_value"))


if __name__ == "__main__":
    unittest.main()
