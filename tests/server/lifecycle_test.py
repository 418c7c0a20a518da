"""The program's life: from its first line to its exit code, and what clients see of its end."""
import json
import os
import pathlib
import subprocess
import tempfile
import threading
import time
import unittest

from service import SERVER, SIGINT, SIGTERM, error_of, tenon_server

TENON = os.environ["TENON"]
STORY = {"prompt": "Once upon a time", "max_tokens": 400, "temperature": 0, "ignore_eos": True, "stream": True}


def start(case, *arguments, **options):
    service = tenon_server("--threads", 1, *arguments, **options)
    case.addCleanup(service.stop)
    return service


def begin_stream(service, **fields):
    """A client that has read the first event of a long answer."""
    body = json.dumps({**STORY, **fields}).encode()
    client = service.connect()
    client.send(b"POST /v1/completions HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n"
                b"content-length: %d\r\n\r\n" % len(body) + body)
    head = client.read_until(b"\r\n\r\n")
    assert b" 200 " in head, head + client.buffer
    client.read_until(b"\n\n")
    return client


def rest_of(client):
    """What comes until the server closes: the data of each event."""
    while client.receive():
        pass
    return [line[6:] for line in client.buffer.decode().split("\n") if line.startswith("data: ")]


def status_of(service, path):
    status, _, body = service.request("GET", path)
    return status, json.loads(body)["status"]


class Start(unittest.TestCase):
    def test_it_says_what_it_does_and_then_serves(self):
        begun = time.monotonic()
        process = subprocess.Popen([SERVER, "--port", "0"], stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
        first = process.stderr.readline()
        print(f"first line after {1000 * (time.monotonic() - begun):.0f} ms")
        lines = [first]
        while "ready" not in lines[-1]:
            lines.append(process.stderr.readline())
        process.terminate()
        process.communicate()
        self.assertEqual(process.returncode, 0)
        self.assertIn("tenon-server", first)
        self.assertEqual([line.split()[0] for line in lines[1:-1]],
                         ["address", "description", "weights", "engine", "warm-up"])
        self.assertRegex(lines[-1], r"^ready in \d+\.\d\d s: http://127\.0\.0\.1:\d+$")

    def test_tenon_serve_is_the_same_program(self):
        said = subprocess.run([TENON, "serve", "--help"], capture_output=True, text=True)
        self.assertEqual(said.stdout, subprocess.run([SERVER, "--help"], capture_output=True, text=True).stdout)
        self.assertIn("--api-key-file", said.stdout)
        self.assertEqual(subprocess.run([TENON, "serve", "--nonsense"], capture_output=True).returncode, 64)

    def test_check_says_what_fits(self):
        done = subprocess.run([TENON, "serve", "--check", "--memory", "64M"], capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        for part in ("weights ", "cache ", "longest ", "4,096 tokens", "it fits"):
            self.assertIn(part, done.stdout)
        done = subprocess.run([TENON, "serve", "--check", "--memory", "900T", "--max-sequences", "65536",
                               "--prefix-cache", "off"], capture_output=True, text=True)
        self.assertEqual((done.returncode, done.stdout), (71, ""))
        self.assertIn("does not fit", done.stderr)

    def test_an_address_in_use_is_known_before_the_model_is_read(self):
        first = start(self)
        done = subprocess.run([SERVER, "--port", str(first.address[1]), "/no/such/model"], capture_output=True, text=True)
        self.assertEqual(done.returncode, 74)
        self.assertIn("Address already in use", done.stderr.splitlines()[-1])

    def test_options_come_from_the_environment_too(self):
        service = start(self, environment={"TENON_METRICS_COMPAT": "vllm"})
        self.assertIn(b"\nvllm:num_requests_running{", service.request("GET", "/metrics")[2])


class Probes(unittest.TestCase):
    def test_probes_version_and_metrics(self):
        service = start(self)
        self.assertEqual(status_of(service, "/livez"), (200, "alive"))
        for path in ("/readyz", "/health"):
            self.assertEqual(status_of(service, path), (200, "ready"))
        self.assertRegex(service.request("GET", "/version")[2], rb'^\{"version":"\d+\.\d+\.\d+"\}$')
        status, headers, body = service.request("GET", "/metrics")
        self.assertTrue(status == 200 and headers["content-type"].startswith("text/plain; version=0.0.4"))
        self.assertIn(b"\ntenon_ready 1\n", body)

    def test_with_keys_only_probes_are_open(self):
        service = start(self, environment={"TENON_API_KEY": "sk-1"})
        for path in ("/livez", "/readyz", "/health"):
            self.assertEqual(service.request("GET", path)[0], 200)
        key = {"authorization": "Bearer sk-1"}
        paths = json.loads(service.request("GET", "/openapi.json", headers=key)[2])["paths"]
        self.assertLessEqual({"/v1/models", "/v1/chat/completions", "/tokenize"}, set(paths))
        for path in {"/version", "/metrics", "/nowhere", *paths} - {"/livez", "/readyz", "/health"}:
            self.assertEqual(service.request("GET", path)[0], 401, path)
        self.assertEqual(service.request("GET", "/version", headers={"authorization": "Bearer sk-1"})[0], 200)

    def test_a_step_that_hangs_is_seen_and_its_end_too(self):
        # The steps of the warm-up come first.
        service = start(self, "--watchdog", 0.2, environment={"TENON_FAILPOINTS": "engine_hang:6"})
        with begin_stream(service) as client:
            while status_of(service, "/readyz") == (200, "ready"):
                pass
            self.assertEqual(status_of(service, "/readyz"), (503, "hanging"))
            self.assertEqual(status_of(service, "/livez"), (200, "alive"))
            while status_of(service, "/readyz")[0] == 503:
                time.sleep(0.05)
            client.read_until(b"[DONE]")
        service.err.wait_for("ready again")
        self.assertTrue([line for line in service.err.seen if "a step has taken" in line])


class End(unittest.TestCase):
    def test_what_is_under_way_is_finished(self):
        service = start(self)
        with begin_stream(service) as client:
            service.signal(SIGTERM)
            service.err.wait_for("shutting down")
            while status_of(service, "/readyz") != (503, "draining"):
                pass
            status, headers, body = service.request("GET", "/v1/models")
            self.assertEqual((status, error_of(body)["code"]), (503, "shutting_down"))
            self.assertIn("retry-after", headers)
            self.assertEqual(rest_of(client)[-1], "[DONE]")
            self.assertNotIn("error", client.buffer.decode())
        self.assertEqual(service.wait(), 0)

    def test_what_takes_too_long_is_told_so(self):
        service = start(self, "--drain-timeout", 0.1)
        with begin_stream(service, max_tokens=3000) as client:
            service.signal(SIGINT)
            *_, error, done = rest_of(client)
            self.assertEqual((error_of(error)["code"], done), ("shutting_down", "[DONE]"))
        self.assertEqual(service.wait(), 0)

    def test_a_second_signal_ends_it_at_once(self):
        for number, code in ((SIGINT, 130), (SIGTERM, 143)):
            service = start(self)
            with begin_stream(service, max_tokens=3000) as client:
                service.signal(number)
                service.err.wait_for("shutting down")
                service.signal(number)
                self.assertNotIn("[DONE]", rest_of(client))
            self.assertEqual(service.wait(), code)

    def test_an_idle_server_ends_at_once(self):
        service = start(self)
        with service.connect() as idle:
            service.signal(SIGTERM)
            self.assertEqual(service.wait(), 0)
            self.assertTrue(idle.is_closed())

    def test_when_the_engine_stops_every_client_is_told_and_the_program_ends(self):
        service = start(self, environment={"TENON_FAILPOINTS": "engine_stop:40"})
        results = []
        clients = [begin_stream(service, max_tokens=3000, seed=i) for i in range(3)]
        threads = [threading.Thread(target=lambda c=client: results.append(rest_of(c))) for client in clients]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for *_, error, done in results:
            self.assertEqual((error_of(error)["type"], done), ("server_error", "[DONE]"))
        self.assertEqual(service.wait(), 70)
        self.assertTrue([line for line in service.err.seen if "engine: stops" in line] or
                        service.err.wait_for("engine: stops"))
        for client in clients:
            client.socket.close()


class Records(unittest.TestCase):
    def test_a_request_leaves_a_line_without_its_text(self):
        service = start(self)
        body = json.dumps({"prompt": "A very private prompt", "max_tokens": 5, "temperature": 0, "ignore_eos": True})
        status, _, answer = service.request("POST", "/v1/completions", body,
                                            {"x-request-id": "mine", "content-type": "application/json"})
        self.assertEqual(status, 200, answer)
        line = service.log_line("mine")
        self.assertEqual((line["route"], line["status"], line["output_tokens"], line["finish_reasons"]),
                         ("/v1/completions", 200, 5, ["length"]))
        self.assertGreater(line["first_token_ms"], 0)
        text = json.loads(answer)["choices"][0]["text"]
        for seen in service.out.seen + service.err.seen:
            self.assertNotIn("private", seen)
            self.assertNotIn(text, seen)

    def test_metrics_count_what_was_done(self):
        service = start(self, "--metrics-compat", "vllm")
        with begin_stream(service, max_tokens=20) as client:
            client.read_until(b"[DONE]")
        text = service.request("GET", "/metrics")[2].decode()
        for line in ('tenon_http_requests_total{route="/v1/completions",status="200"} 1',
                     "tenon_request_output_tokens_sum 20", "tenon_time_to_first_token_seconds_count 1",
                     "tenon_inter_token_seconds_count 19", 'tenon_answers_total{finished_reason="length"} 1'):
            self.assertIn("\n" + line + "\n", text)
        self.assertRegex(text, r'\nvllm:request_success_total\{finished_reason="length",.*\} 1\n')

    def test_a_client_that_goes_frees_everything(self):
        service = start(self)
        begin_stream(service, max_tokens=3000).socket.close()

        def metric(name):
            text = service.request("GET", "/metrics")[2].decode()
            return float(text.split(f"\n{name} ")[1].split("\n")[0])
        while metric("tenon_requests_running") + metric("tenon_requests_waiting") > 0:
            time.sleep(0.01)
        self.assertEqual(metric("tenon_cache_used_bytes"), 0)
        self.assertLess(metric("tenon_output_tokens_total"), 2900)

    def test_timelines_are_written(self):
        with tempfile.TemporaryDirectory() as folder:
            service = start(self, "--trace-dir", folder)
            with begin_stream(service, max_tokens=20) as client:
                client.read_until(b"[DONE]")
            service.signal(SIGTERM)
            self.assertEqual(service.wait(), 0)
            events = json.loads(next(pathlib.Path(folder).glob("tenon-*-0.json")).read_text())
        spans = {event["name"] for event in events if event["ph"] == "X"}
        self.assertLessEqual({"/v1/completions", "waiting", "prefill", "decode"}, spans)
        self.assertTrue([event for event in events if event["ph"] == "C" and event["name"] == "requests"])


if __name__ == "__main__":
    unittest.main()
