"""Asking a server as OpenAI's clients do, and looking at what comes."""
import json
import os
import subprocess

from service import error_of

TENON = os.environ["TENON"]
QUESTION = "What is the capital of France?"


def post(server, path, body, headers=None):
    """(status, headers, body) of a JSON body, or of bytes as they are."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return server.request("POST", path, data, {"content-type": "application/json", **(headers or {})})


def answer(server, path, **body):
    """The JSON of an answer that must be a 200."""
    status, _, text = post(server, path, body)
    assert status == 200, (status, text)
    return json.loads(text)


def refusal(server, path, **body):
    """(status, error) of what must be refused."""
    status, _, text = post(server, path, body)
    assert status >= 400, (status, text)
    return status, error_of(text)


def chat(server, question=QUESTION, **body):
    return answer(server, "/v1/chat/completions", messages=[{"role": "user", "content": question}], **body)


def complete(server, prompt, **body):
    return answer(server, "/v1/completions", prompt=prompt, **body)


def chunks_of(text):
    """The chunks of a stream, which must end as clients expect."""
    frames = [frame for frame in text.decode().split("\n\n") if frame and not frame.startswith(":")]
    assert all(frame.startswith("data: ") for frame in frames), frames
    assert frames[-1] == "data: [DONE]", frames[-1]
    return [json.loads(frame[6:]) for frame in frames[:-1]]


def stream(server, path, **body):
    status, headers, text = post(server, path, {**body, "stream": True})
    assert status == 200, (status, text)
    assert headers["content-type"] == "text/event-stream", headers
    return chunks_of(text)


def stream_chat(server, question=QUESTION, **body):
    return stream(server, "/v1/chat/completions", messages=[{"role": "user", "content": question}], **body)


def joined(chunks, field="content", index=0):
    """What the deltas of one choice add up to."""
    return "".join(choice["delta"].get(field) or "" for chunk in chunks for choice in chunk["choices"]
                   if choice["index"] == index)


def endings(chunks):
    return [choice["finish_reason"] for chunk in chunks for choice in chunk["choices"] if choice["finish_reason"]]


def run(*arguments):
    """The answer of `tenon run`."""
    done = subprocess.run([TENON, "run", *map(str, arguments)], capture_output=True, text=True, check=True)
    return done.stdout[:-1]


# As the demo model was trained on.
WEATHER = {"type": "function", "function": {
    "name": "get_weather", "description": "Get the current weather in a city.",
    "parameters": {"type": "object", "properties": {
        "city": {"type": "string", "description": "Name of the city"},
        "unit": {"type": "string", "enum": ["celsius", "fahrenheit"]}}, "required": ["city"]}}}
SUNNY = json.dumps({"temperature": 21, "condition": "sunny"})
