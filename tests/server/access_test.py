"""Who is let in: keys, the Host header, origins, and addresses."""
import os
import pathlib
import subprocess
import tempfile
import unittest

from service import FAKE_SERVER, error_of, fake_server

KEYS = "sk-first\n# a comment\n\nsk-second\r\n"


class Keys(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.file = pathlib.Path(folder.name) / "keys"
        cls.file.write_text(KEYS)
        cls.file.chmod(0o600)
        cls.service = fake_server("--api-key-file", cls.file, "--max-requests-per-key", 2,
                                  environment={"TENON_API_KEY": "sk-third"})
        cls.addClassCleanup(cls.service.stop)

    def get(self, path="/items/x", **headers):
        return self.service.request("GET", path, headers=headers)

    def test_each_key_opens(self):
        for number, key in enumerate(("sk-first", "sk-second", "sk-third")):
            headers = {"authorization": f"Bearer {key}", "x-request-id": f"by-{number}"}
            self.assertEqual(self.service.request("GET", "/items/x", headers=headers)[0], 200)
            self.assertEqual(self.service.log_line(f"by-{number}")["tenant"], number)

    def test_nothing_else_does(self):
        for value in ("Bearer sk-firs", "Bearer sk-firstx", "Bearer  sk-first", "Bearer", "Bearer ", "sk-first",
                      "Basic sk-first", "Bearer # a comment", "Bearer sk-second\t", "bearer SK-FIRST"):
            status, headers, body = self.get(authorization=value)
            if value == "Bearer sk-second\t":  # space at the end of a header is none of it
                self.assertEqual(status, 200)
                continue
            self.assertEqual((status, error_of(body)["code"]), (401, "invalid_api_key"), value)
            self.assertEqual(headers["www-authenticate"], "Bearer")
        self.assertEqual(self.get()[0], 401)

    def test_open_routes_need_none(self):
        self.assertEqual(self.get("/live")[0], 200)

    def test_without_a_key_nobody_learns_which_routes_there_are(self):
        for path in ("/nowhere", "/echo", "/items/x"):
            self.assertEqual(self.get(path)[0], 401)
        self.assertEqual(self.get("/nowhere", authorization="Bearer sk-first")[0], 404)

    def test_a_large_body_is_not_waited_for(self):
        with self.service.connect() as client:
            client.send(b"POST /echo HTTP/1.1\r\nhost: localhost\r\ncontent-length: 1000000\r\n\r\n")
            self.assertEqual(client.read_answer()[0], 401)

    def test_one_key_has_no_more_requests_than_it_may(self):
        line = b"GET /ticks HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer sk-second\r\n\r\n"
        with self.service.connect() as first, self.service.connect() as second:
            for client in (first, second):
                client.send(line)
                client.read_until(b"tick")
            status, headers, body = self.get(authorization="Bearer sk-second")
            self.assertEqual((status, error_of(body)["code"]), (429, "too_many_requests"))
            self.assertEqual(headers["retry-after"], "1")
            self.assertEqual(self.get(authorization="Bearer sk-first")[0], 200)
        while self.get(authorization="Bearer sk-second")[0] == 429:
            pass

    def test_no_key_is_in_the_log(self):
        self.get(authorization="Bearer sk-wrong-key", **{"x-request-id": "last"})
        self.service.log_line("last")
        self.assertFalse([line for line in self.service.out.seen if "sk-" in line])


class Hosts(unittest.TestCase):
    def status(self, service, host, path="/live"):
        with service.connect() as client:
            client.send(f"GET {path} HTTP/1.1\r\nhost: {host}\r\n\r\n".encode())
            return client.read_answer()[0]

    def test_names_that_point_here_are_not_enough(self):
        service = fake_server("--allow-host", "Tenon.Lan")
        self.addCleanup(service.stop)
        for host in ("localhost", "LOCALHOST:80", "127.0.0.1", "127.0.0.1:8000", "[::1]:8000", "tenon.lan", "tenon.lan:1"):
            self.assertEqual(self.status(service, host), 200, host)
        for host in ("evil.example", "localhost.evil.example", "127.0.0.1.evil.example:80", "[::1", "", "0.0.0.0"):
            self.assertEqual(self.status(service, host), 421, host)

    def test_at_other_addresses_any_name_will_do(self):
        service = fake_server("--host", "0.0.0.0", "--insecure-no-auth")
        self.addCleanup(service.stop)
        service.address = ("127.0.0.1", service.address[1])
        self.assertEqual(self.status(service, "tenon.example"), 200)


class Origins(unittest.TestCase):
    PAGE = {"origin": "https://page.example"}

    def test_pages_of_others_get_no_leave(self):
        service = fake_server()
        self.addCleanup(service.stop)
        _, headers, _ = service.request("GET", "/live", headers=self.PAGE)
        self.assertFalse([name for name in headers if name.startswith("access-control")])
        asked = {**self.PAGE, "access-control-request-method": "POST"}
        self.assertEqual(service.request("OPTIONS", "/echo", headers=asked)[0], 405)

    def test_listed_origins_do(self):
        service = fake_server("--cors-origin", "https://page.example")
        self.addCleanup(service.stop)
        asked = {**self.PAGE, "access-control-request-method": "POST"}
        status, headers, _ = service.request("OPTIONS", "/echo", headers=asked)
        self.assertEqual((status, headers["access-control-allow-origin"]), (204, "https://page.example"))
        self.assertIn("authorization", headers["access-control-allow-headers"])
        _, headers, _ = service.request("GET", "/nowhere", headers=self.PAGE)
        self.assertEqual(headers["access-control-allow-origin"], "https://page.example")
        _, headers, _ = service.request("GET", "/live", headers={"origin": "https://other.example"})
        self.assertNotIn("access-control-allow-origin", headers)


class Refusals(unittest.TestCase):
    """What the program does not start with."""

    def refusal(self, *arguments, environment=None):
        clean = {k: v for k, v in os.environ.items() if not k.startswith("TENON_")}
        done = subprocess.run([FAKE_SERVER, "--port", "0", *map(str, arguments)], stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, env={**clean, **(environment or {})})
        self.assertEqual((done.returncode, done.stdout), (65, ""), done.stderr)
        return done.stderr

    def test_a_public_address_without_a_key(self):
        for host in ("0.0.0.0", "::", "[::]", "192.0.2.1"):
            self.assertIn("--insecure-no-auth", self.refusal("--host", host))

    def test_an_address_that_is_none(self):
        self.assertIn("expected an IP address", self.refusal("--host", "tenon.example", "--insecure-no-auth"))

    def test_key_files(self):
        with tempfile.TemporaryDirectory() as folder:
            file = pathlib.Path(folder) / "keys"
            for text, mode, wanted in (("sk-a\n", 0o644, "can be read by others"), ("\n# none\n", 0o600, "has no key"),
                                       ("sk-a\nsk a\n", 0o600, "keys:2: expected a key"), ("sk-a\nsk-a", 0o600, "keys:2: the key is there twice"),
                                       ("ä\n", 0o600, "visible ASCII"), ("x" * 513, 0o600, "1 to 512")):
                file.write_text(text)
                file.chmod(mode)
                error = self.refusal("--api-key-file", file)
                self.assertIn(wanted, error)
                self.assertNotIn("sk-a", error)
            file.chmod(0o600)
        self.assertIn("No such file", subprocess.run([FAKE_SERVER, "--api-key-file", file], capture_output=True,
                                                     text=True, stdin=subprocess.DEVNULL).stderr)
        self.assertIn("TENON_API_KEY", self.refusal(environment={"TENON_API_KEY": ""}))

    def test_sizes(self):
        self.assertIn("--max-body", self.refusal("--max-body", "many"))
        self.assertIn("--max-body", self.refusal(environment={"TENON_MAX_BODY": "0"}))


if __name__ == "__main__":
    unittest.main()
