"""What api_clients_test.py runs where openai and jsonschema are installed."""
import asyncio
import json
import os
import pathlib
import time
import typing
import unittest

import jsonschema
import openai
import pydantic  # the client brings it

from api_client import QUESTION, SUNNY, WEATHER, answer, chunks_of, post
from service import tenon_server

OUTSIDE = os.environ.get("TENON_TEST_DATA")
CHAT, TEXT = "/v1/chat/completions", "/v1/completions"
ASK = [{"role": "user", "content": QUESTION}]
# Closed and all required, as the client's strict mode wants it.
CITY = {"type": "object", "additionalProperties": False, "required": ["name", "people", "twins"], "properties": {
    "name": {"type": "string", "maxLength": 12}, "people": {"type": "integer", "minimum": 1, "maximum": 99999},
    "twins": {"type": "array", "maxItems": 2, "items": {"type": "string", "enum": ["Rome", "Kyoto"]}}}}


class ClientCase(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = tenon_server()
        cls.addClassCleanup(cls.server.stop)
        cls.client = openai.OpenAI(base_url=cls.server.url + "/v1", api_key="none", max_retries=0)
        cls.addClassCleanup(cls.client.close)


class OpenAi(ClientCase):
    def test_chat_and_stream(self):
        whole = self.client.chat.completions.create(model="demo", messages=ASK, temperature=0)
        self.assertIn("Paris", whole.choices[0].message.content)
        with self.client.chat.completions.create(model="demo", messages=ASK, temperature=0, stream=True,
                                                 stream_options={"include_usage": True}) as stream:
            chunks = list(stream)
        text = "".join(choice.delta.content or "" for chunk in chunks for choice in chunk.choices)
        self.assertEqual(text, whole.choices[0].message.content)
        self.assertEqual(chunks[-1].usage.completion_tokens, whole.usage.completion_tokens)

    def test_completions_and_models(self):
        done = self.client.completions.create(model="demo", prompt="Once", max_tokens=5, logprobs=1,
                                              extra_body={"ignore_eos": True})
        self.assertEqual(len(done.choices[0].logprobs.tokens), 5)
        self.assertEqual([model.id for model in self.client.models.list()], ["demo"])
        self.assertEqual(self.client.models.retrieve("demo").id, "demo")

    def test_a_round_trip_of_tools(self):
        ask = [{"role": "user", "content": "What is the weather in Paris?"}]
        first = self.client.chat.completions.create(model="demo", messages=ask, tools=[WEATHER], temperature=0)
        call = first.choices[0].message.tool_calls[0]
        self.assertEqual(json.loads(call.function.arguments), {"city": "Paris"})
        result = {"role": "tool", "tool_call_id": call.id, "content": SUNNY}
        messages = [*ask, first.choices[0].message, result]
        second = self.client.chat.completions.create(model="demo", messages=messages, tools=[WEATHER], temperature=0)
        self.assertEqual(second.choices[0].finish_reason, "stop")

    def test_a_round_trip_of_a_schema(self):
        form = {"type": "json_schema", "json_schema": {"name": "city", "schema": CITY, "strict": True}}
        for seed in range(4):
            options = {"model": "demo", "messages": ASK, "response_format": form, "temperature": 1.5, "seed": seed}
            whole = self.client.chat.completions.create(**options).choices[0]
            self.assertEqual(whole.finish_reason, "stop")
            jsonschema.validate(json.loads(whole.message.content), CITY)
            with self.client.chat.completions.create(**options, stream=True) as stream:
                text = "".join(choice.delta.content or "" for chunk in stream for choice in chunk.choices)
            self.assertEqual(text, whole.message.content)

    def test_a_type_of_the_clients_is_parsed(self):
        class City(pydantic.BaseModel):
            name: typing.Annotated[str, pydantic.Field(max_length=12)]
            twins: typing.Annotated[list[typing.Literal["Rome", "Kyoto"]], pydantic.Field(max_length=2)]

        done = self.client.chat.completions.parse(model="demo", messages=ASK, response_format=City, temperature=1.5, seed=5)
        self.assertIsInstance(done.choices[0].message.parsed, City)
        self.assertEqual(done.choices[0].message.parsed, City.model_validate_json(done.choices[0].message.content))

    def test_a_named_function_is_called(self):
        choice = {"type": "function", "function": {"name": "get_weather"}}
        done = self.client.chat.completions.create(model="demo", messages=ASK, tools=[WEATHER], tool_choice=choice,
                                                   temperature=1)
        calls = done.choices[0].message.tool_calls
        self.assertEqual([call.function.name for call in calls], ["get_weather"])
        jsonschema.validate(json.loads(calls[0].function.arguments), WEATHER["function"]["parameters"])

    def test_errors_are_the_clients_own(self):
        with self.assertRaises(openai.BadRequestError) as caught:
            self.client.chat.completions.create(model="demo", messages=ASK, temperature=3)
        self.assertEqual((caught.exception.param, caught.exception.code), ("temperature", "out_of_range"))
        with self.assertRaises(openai.NotFoundError):
            self.client.chat.completions.create(model="other", messages=ASK)

    def test_a_cancelled_task_ends_the_work(self):
        async def cancel():
            async with openai.AsyncOpenAI(base_url=self.server.url + "/v1", api_key="none") as client:
                task = asyncio.create_task(client.chat.completions.create(
                    model="demo", messages=ASK, extra_body={"ignore_eos": True}))
                await asyncio.sleep(0.2)
                task.cancel()
                with self.assertRaises(asyncio.CancelledError):
                    await task

        asyncio.run(cancel())
        deadline = time.monotonic() + 60
        while "tenon_requests_running 0" not in self.server.request("GET", "/metrics")[2].decode():
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.01)


def with_nulls(schema):
    """The schema with `nullable: true`, a word of older OpenAPI, said as JSON schema says it."""
    if isinstance(schema, list):
        return [with_nulls(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    plain = {key: with_nulls(value) for key, value in schema.items() if key != "nullable"}
    return {"anyOf": [plain, {"type": "null"}]} if schema.get("nullable") is True else plain


class Schema(ClientCase):
    """Every kind of answer under a document's schemas."""

    def check(self, schemas, name, value):
        schema = {"$ref": f"#/components/schemas/{name}", "components": {"schemas": schemas}}
        jsonschema.Draft202012Validator(schema).validate(value)

    def whole_answers(self):
        tools = {"messages": [{"role": "user", "content": "What is the weather in Paris?"}], "tools": [WEATHER]}
        for body in ({"messages": ASK}, {"messages": ASK, "logprobs": True, "top_logprobs": 2, "n": 2},
                     {"messages": ASK, "reasoning_effort": "high", "return_token_ids": True}, tools):
            yield CHAT, {**body, "temperature": 0}
        for body in ({"prompt": "Once"}, {"prompt": ["a", "b"], "logprobs": 2, "echo": True, "max_tokens": 2}):
            yield TEXT, body

    def errors(self):
        for path, body in ((CHAT, {}), (CHAT, {"messages": ASK, "n": 0}), (TEXT, b"{"), ("/v1/embeddings", {})):
            yield json.loads(post(self.server, path, body)[2])

    def check_all(self, schemas, names):
        for path, body in self.whole_answers():
            self.check(schemas, names["whole", path], answer(self.server, path, **body))
            options = {"stream": True, "stream_options": {"include_usage": True}}
            for chunk in chunks_of(post(self.server, path, {**body, **options})[2]):
                if ("chunk", path) in names:
                    self.check(schemas, names["chunk", path], chunk)
        for error in self.errors():
            self.check(schemas, "ErrorResponse", error)
        models = json.loads(self.server.request("GET", "/v1/models")[2])
        self.check(schemas, names["models"], models)
        self.check(schemas, "Model", models["data"][0])

    def test_answers_are_valid_under_our_own(self):
        document = json.loads(self.server.request("GET", "/openapi.json")[2])
        self.check_all(document["components"]["schemas"], {
            ("whole", CHAT): "ChatCompletion", ("chunk", CHAT): "ChatCompletionChunk", ("whole", TEXT): "Completion",
            ("chunk", TEXT): "Completion", "models": "ModelList"})
        self.check(document["components"]["schemas"], "Tokens", answer(self.server, "/tokenize", prompt="x"))

    @unittest.skipUnless(OUTSIDE, "TENON_TEST_DATA is not set, expected the folder that holds openapi/")
    def test_answers_are_valid_under_openais(self):
        path = pathlib.Path(OUTSIDE) / "openapi" / "openai-openapi.subset.json"
        schemas = with_nulls(json.loads(path.read_text())["components"]["schemas"])
        # Its stream of completions has no schema: chunks before the last have no finish_reason, which this one demands.
        self.check_all(schemas, {
            ("whole", CHAT): "CreateChatCompletionResponse", ("chunk", CHAT): "CreateChatCompletionStreamResponse",
            ("whole", TEXT): "CreateCompletionResponse", "models": "ListModelsResponse"})


if __name__ == "__main__":
    unittest.main()
