"""Many clients at once, most of them rude: what is answered is right, and nothing is left behind.

TENON_TEST_LOAD=1000 asks for so many requests; 240 without it.
"""
import concurrent.futures
import json
import os
import pathlib
import random
import subprocess
import tempfile
import threading
import time
import unittest

from api_client import TENON, chunks_of, complete, post
from service import tenon_server

REQUESTS = int(os.environ.get("TENON_TEST_LOAD", 240))
CONCURRENCY = 64
TOKENS = 24
PROMPTS = [f"{word} {number}:" for word in ("KING HENRY", "What is", "Once upon", "The sea") for number in range(10)]


def expected_texts():
    """What the engine itself answers, without a server."""
    with tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder) / "prompts.jsonl"
        file.write_text("".join(json.dumps({"prompt": prompt}) + "\n" for prompt in PROMPTS))
        done = subprocess.run([TENON, "run", "--raw", "--batch", file, "--temperature", "0", "-n", str(TOKENS)],
                              capture_output=True, text=True, check=True)
    return dict(zip(PROMPTS, (json.loads(line)["text"] for line in done.stdout.splitlines())))


class Load(unittest.TestCase):
    def setUp(self):
        self.server = tenon_server("--max-sequences", 32, "--request-log", "off")
        self.addCleanup(self.server.stop)
        self.expected = expected_texts()
        self.lock, self.counts = threading.Lock(), {}

    def count(self, what):
        with self.lock:
            self.counts[what] = self.counts.get(what, 0) + 1

    def body(self, prompt, **more):
        return {"prompt": prompt, "temperature": 0, "max_tokens": TOKENS, **more}

    def whole(self, prompt):
        self.assertEqual(complete(self.server, **self.body(prompt))["choices"][0]["text"], self.expected[prompt])

    def streamed(self, prompt):
        status, _, text = post(self.server, "/v1/completions", self.body(prompt, stream=True))
        self.assertEqual(status, 200, text)
        got = "".join(choice["text"] for chunk in chunks_of(text) for choice in chunk["choices"])
        self.assertEqual(got, self.expected[prompt])

    def send(self, client, prompt, **more):
        body = json.dumps(self.body(prompt, stream=True, **more))
        client.send(f"POST /v1/completions HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n"
                    f"content-length: {len(body)}\r\n\r\n{body}".encode())

    def slow(self, prompt):
        """Reads late, and bit by bit."""
        with self.server.connect() as client:
            self.send(client, prompt)
            time.sleep(random.random() / 2)
            while len(client.buffer) < 1 << 20 and client.receive():
                time.sleep(0.005)
            texts = [json.loads(part.split(b"\n\n")[0])["choices"][0]["text"]
                     for part in client.buffer.split(b"data: ")[1:] if part.startswith(b"{")]
        self.assertEqual("".join(texts), self.expected[prompt])

    def cut(self, prompt):
        """Goes away after the first chunks."""
        with self.server.connect() as client:
            self.send(client, prompt, ignore_eos=True, max_tokens=2000)
            client.read_until(b"data: ")

    def reset(self, prompt):
        client = self.server.connect()
        self.send(client, prompt, ignore_eos=True, max_tokens=2000)
        time.sleep(random.random() / 10)
        client.reset()

    def one(self, number):
        prompt = PROMPTS[number % len(PROMPTS)]
        kind = (self.whole, self.streamed, self.streamed, self.slow, self.cut, self.reset)[number % 6]
        kind(prompt)
        self.count(kind.__name__)

    def metric(self, name):
        lines = self.server.request("GET", "/metrics")[2].decode().splitlines()
        return float(next(line.split()[-1] for line in lines if line.startswith(name)))

    def test_what_is_answered_is_right_and_nothing_is_left(self):
        self.assertEqual(self.metric("tenon_cache_used_bytes"), 0)
        with concurrent.futures.ThreadPoolExecutor(CONCURRENCY) as pool:
            for done in [pool.submit(self.one, number) for number in range(REQUESTS)]:
                done.result()
        self.assertEqual(sum(self.counts.values()), REQUESTS)
        deadline = time.monotonic() + 60
        while self.metric("tenon_requests_running") + self.metric("tenon_requests_waiting") > 0:
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.01)
        self.assertEqual(self.metric("tenon_cache_used_bytes"), 0)


if __name__ == "__main__":
    unittest.main()
