"""What a hostile, careless or slow client sends, byte by byte, and what it gets."""
import pathlib
import resource
import tempfile
import time
import unittest

from service import error_of, fake_server

HOST = b"host: localhost\r\n"


def post(*lines, body=b"", path=b"/echo"):
    return b"POST " + path + b" HTTP/1.1\r\n" + HOST + b"".join(line + b"\r\n" for line in lines) + b"\r\n" + body


def get(*lines, path=b"/live"):
    return b"GET " + path + b" HTTP/1.1\r\n" + HOST + b"".join(line + b"\r\n" for line in lines) + b"\r\n"


def chunked(data):
    return post(b"transfer-encoding: chunked", body=data)


def memory_of(service):
    """Bytes resident."""
    text = pathlib.Path(f"/proc/{service.process.pid}/status").read_text()
    return int(text.split("VmRSS:")[1].split()[0]) * 1024


LONG = b"x" * 8200

# Name, bytes, status. After each of these the server closes, since it cannot know where a next request begins.
REFUSED = [
    # Two ways to say where the body ends.
    ("length and chunks", post(b"content-length: 4", b"transfer-encoding: chunked", body=b"0\r\n\r\n"), 400),
    ("chunks and length", post(b"transfer-encoding: chunked", b"content-length: 4", body=b"0\r\n\r\n"), 400),
    ("two lengths", post(b"content-length: 4", b"content-length: 5", body=b"abcde"), 400),
    ("two equal lengths", post(b"content-length: 4", b"content-length: 4", body=b"abcd"), 400),
    ("a list of lengths", post(b"content-length: 4, 4", body=b"abcd"), 400),
    ("two encodings", post(b"transfer-encoding: chunked", b"transfer-encoding: chunked", body=b"0\r\n\r\n"), 400),
    ("gzip and chunks", post(b"transfer-encoding: gzip, chunked", body=b"0\r\n\r\n"), 501),
    ("identity, chunks", post(b"transfer-encoding: identity, chunked", body=b"0\r\n\r\n"), 501),
    ("chunks, misspelt", post(b"transfer-encoding: xchunked", body=b"0\r\n\r\n"), 501),
    ("chunks with a vertical tab", post(b"transfer-encoding:\x0bchunked", body=b"0\r\n\r\n"), 400),
    ("space before the colon", post(b"transfer-encoding : chunked", body=b"0\r\n\r\n"), 400),
    ("a folded header", post(b"x: 1", b" transfer-encoding: chunked", body=b"0\r\n\r\n"), 400),
    ("chunks in HTTP/1.0", b"POST /echo HTTP/1.0\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    # Lengths that are no numbers, or not ours.
    ("a length with a plus", post(b"content-length: +4", body=b"abcd"), 400),
    ("a negative length", post(b"content-length: -4", body=b"abcd"), 400),
    ("a hexadecimal length", post(b"content-length: 0x4", body=b"abcd"), 400),
    ("no length in the field", post(b"content-length:", body=b"abcd"), 400),
    ("a length beyond 64 bits", post(b"content-length: 18446744073709551620", body=b"abcd"), 400),
    ("a length beyond the limit", post(b"content-length: 20000", body=b"abcd"), 413),
    # Chunks.
    ("a signed chunk size", chunked(b"-2\r\nab\r\n0\r\n\r\n"), 400),
    ("a chunk size with a plus", chunked(b"+2\r\nab\r\n0\r\n\r\n"), 400),
    ("a chunk size with 0x", chunked(b"0x2\r\nab\r\n0\r\n\r\n"), 400),
    ("no chunk size", chunked(b"\r\nab\r\n0\r\n\r\n"), 400),
    ("a chunk size of nine digits", chunked(b"000000002\r\nab\r\n0\r\n\r\n"), 400),
    ("a chunk size that wraps", chunked(b"10000000000000002\r\nab\r\n0\r\n\r\n"), 400),
    ("a chunk size with space", chunked(b"2 3\r\nab\r\n0\r\n\r\n"), 400),
    ("a chunk longer than it says", chunked(b"2\r\nabc\r\n0\r\n\r\n"), 400),
    ("a chunk size and a bare LF", chunked(b"2\nab\r\n0\r\n\r\n"), 400),
    ("a chunk and a bare LF", chunked(b"2\r\nab\n0\r\n\r\n"), 400),
    ("a long chunk extension", chunked(b"2;" + b"x" * 300 + b"\r\nab\r\n0\r\n\r\n"), 400),
    ("chunks beyond the limit", chunked(b"1000\r\n" + b"x" * 4096 + b"\r\n3001\r\n"), 413),
    ("a trailer that is none", chunked(b"0\r\nno colon\r\n\r\n"), 400),
    ("trailers without end", chunked(b"0\r\n" + b"t: 1234567890\r\n" * 3000), 431),
    # Lines.
    ("a bare LF", b"GET /live HTTP/1.1\nhost: localhost\n\n", 400),
    ("a bare LF after a header", b"GET /live HTTP/1.1\r\nhost: localhost\nx: 1\r\n\r\n", 400),
    ("a bare CR in a header", get(b"x: 1\rcontent-length: 4"), 400),
    ("a NUL in a header", get(b"x: a\0b"), 400),
    ("a NUL in a name", get(b"x\0y: a"), 400),
    ("a NUL in the path", get(path=b"/li\0ve"), 400),
    ("an empty name", get(b": a"), 400),
    ("a header without colon", get(b"nothing"), 400),
    ("a name in two words", get(b"x y: a"), 400),
    # The first line.
    ("no version", b"GET /live\r\n" + HOST + b"\r\n", 400),
    ("two spaces", b"GET  /live HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    ("a space in the path", b"GET /a b HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    ("version 2", b"GET /live HTTP/2.0\r\n" + HOST + b"\r\n", 505),
    ("version 1.1 in small", b"GET /live http/1.1\r\n" + HOST + b"\r\n", 400),
    ("another protocol", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n", 400),
    ("a method that is no word", b"G(T /live HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    ("a whole URL", b"GET http://localhost/live HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    ("a NUL, encoded", get(path=b"/%00"), 400),
    ("half a code", get(path=b"/live%4"), 400),
    ("bad UTF-8, encoded", get(path=b"/%ff%fe"), 400),
    ("a path upwards", get(path=b"/files/../../etc/passwd"), 400),
    ("a path upwards, encoded", get(path=b"/files/%2e%2e/%2e%2e/etc/passwd"), 400),
    # Host.
    ("no host", b"GET /live HTTP/1.1\r\n\r\n", 400),
    ("two hosts", get(b"host: localhost"), 400),
    # Sizes.
    ("a long path", get(path=b"/" + LONG), 414),
    ("a long header", get(b"x: " + LONG), 431),
    ("a long header name", get(LONG + b": 1"), 431),
    ("many headers", get(*[b"x%d: 1" % i for i in range(100)]), 431),
    ("large headers", get(*[b"x%d: " % i + b"y" * 4000 for i in range(9)]), 431),
    # Coding that is not spoken.
    ("a compressed body", post(b"content-encoding: gzip", b"content-length: 4", body=b"abcd"), 415),
    ("an expectation", post(b"expect: a miracle", b"content-length: 4", body=b"abcd"), 417),
]


class RawSockets(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.service = fake_server("--max-body", 16384, "--header-timeout", 0.3, "--body-timeout", 0.3,
                                  "--keep-alive", 0.3, "--write-timeout", 0.3)
        cls.addClassCleanup(cls.service.stop)

    def exchange(self, data, pieces=1):
        with self.service.connect() as client:
            size = max(1, len(data) // pieces)
            for at in range(0, len(data), size):
                client.send(data[at:at + size])
            status, headers, body = client.read_answer()
            return status, headers, body, client.is_closed() if headers.get("connection") == "close" else False

    def test_what_cannot_be_understood_is_refused_and_the_connection_closed(self):
        for name, data, wanted in REFUSED:
            with self.subTest(name):
                status, headers, body, is_closed = self.exchange(data)
                self.assertEqual(status, wanted, body)
                self.assertTrue(is_closed)
                error_of(body)

    def test_it_makes_no_difference_how_the_bytes_are_cut(self):
        for name, data, wanted in REFUSED:
            if len(data) < 200:
                with self.subTest(name):
                    self.assertEqual(self.exchange(data, pieces=len(data))[0], wanted)

    def test_a_refused_request_does_not_smuggle_another(self):
        for data in (post(b"content-length: 4", b"transfer-encoding: chunked", body=b"0\r\n\r\n" + get()),
                     post(b"content-length: 0", b"content-length: 44", body=get()),
                     chunked(b"0\nx\r\n\r\n" + get()), chunked(b"-0\r\n\r\n" + get())):
            with self.service.connect() as client:
                client.send(data)
                self.assertEqual(client.read_answer()[0], 400)
                self.assertTrue(client.is_closed())

    def test_what_is_allowed_is_understood(self):
        for name, data, wanted in (
                ("chunks", chunked(b"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"), b"abcde"),
                ("chunk sizes in both cases", chunked(b"A\r\n0123456789\r\na\r\n0123456789\r\n0\r\n\r\n"), b"0123456789" * 2),
                ("leading zeros", chunked(b"00000003\r\nabc\r\n0\r\n\r\n"), b"abc"),
                ("extensions and trailers", chunked(b"3;a=b\r\nabc\r\n0;c\r\nx: y\r\n\r\n"), b"abc"),
                ("chunks in capitals", post(b"Transfer-Encoding: CHUNKED", body=b"1\r\na\r\n0\r\n\r\n"), b"a"),
                ("zeros before a length", post(b"content-length: 0003", body=b"abc"), b"abc"),
                ("space around a value", post(b"content-length: \t 3 ", body=b"abc"), b"abc"),
                ("no body", post(), b""),
                ("the largest body", post(b"content-length: 16384", body=b"x" * 16384), b"x" * 16384),
                ("a line break before", b"\r\n" + get(), b"alive"),
                ("an encoded slash", get(path=b"/files/a%2Fb/c"), b"a/b/c"),
                ("UTF-8 in the path", get(path=b"/items/%C3%A4"), "ä".encode()),
                ("a query", get(path=b"/live?x=%00&y"), b"alive"),
                ("99 headers", get(*[b"x%d: 1" % i for i in range(99)]), b"alive")):
            with self.subTest(name):
                status, _, body, _ = self.exchange(data)
                self.assertEqual((status, body), (200, wanted))

    def test_a_client_is_told_to_go_on(self):
        with self.service.connect() as client:
            client.send(post(b"expect: 100-continue", b"content-length: 4"))
            self.assertEqual(client.read_until(b"\r\n\r\n"), b"HTTP/1.1 100 Continue\r\n\r\n")
            client.send(b"abcd")
            self.assertEqual(client.read_answer()[2], b"abcd")

    def test_a_client_is_not_told_to_go_on_with_too_much(self):
        with self.service.connect() as client:
            client.send(post(b"expect: 100-continue", b"content-length: 20000"))
            self.assertEqual(client.read_answer()[0], 413)

    def test_pipelined_requests_are_answered_in_order_up_to_the_first_bad_one(self):
        with self.service.connect() as client:
            client.send(post(b"content-length: 1", body=b"a") + get() + get(path=b"/nowhere") + get(b"x y: 1") + get())
            answers = [client.read_answer()[0] for _ in range(4)]
            self.assertEqual(answers, [200, 200, 404, 400])
            self.assertTrue(client.is_closed())

    def test_close_is_obeyed(self):
        status, _, _, is_closed = self.exchange(get(b"connection: Close"))
        self.assertTrue(status == 200 and is_closed)

    def test_methods_and_paths_that_are_not_there(self):
        for data, status, code in ((get(path=b"/nowhere"), 404, "unknown_url"), (get(path=b"/live/"), 404, "unknown_url"),
                                   (get(path=b"//live"), 404, "unknown_url"), (get(path=b"/echo"), 405, "method_not_allowed"),
                                   (b"TRACE /live HTTP/1.1\r\n" + HOST + b"\r\n", 405, "method_not_allowed"),
                                   (b"get /live HTTP/1.1\r\n" + HOST + b"\r\n", 405, "method_not_allowed")):
            got, headers, body, _ = self.exchange(data)
            self.assertEqual((got, error_of(body)["code"]), (status, code), data)
            self.assertEqual("allow" in headers, status == 405)
        self.assertEqual(self.exchange(get(path=b"/echo"))[1]["allow"], "POST")
        self.assertEqual(self.exchange(post())[1].get("allow"), None)

    def test_request_ids_are_kept_if_they_are_harmless(self):
        self.assertEqual(self.exchange(get(b"x-request-id: a.B-7_"))[1]["x-request-id"], "a.B-7_")
        for bad in (b"", b"a b", b"a/b", b"a\xff", b"x" * 129):
            given = self.exchange(get(b"x-request-id: " + bad))[1]["x-request-id"]
            self.assertRegex(given, "^req-[0-9a-f]{24}$")

    def test_slow_headers_time_out(self):
        with self.service.connect() as client:
            begun = time.monotonic()
            client.send(b"GET /live HTTP/1.1\r\n")
            while time.monotonic() - begun < 5:  # a byte now and then does not help
                client.send(b"x")
                client.socket.settimeout(0.05)
                try:
                    if client.receive():
                        break
                except TimeoutError:
                    pass
            client.socket.settimeout(60)
            self.assertEqual(client.read_answer()[0], 408)
            self.assertTrue(client.is_closed())

    def test_a_body_that_stops_times_out(self):
        for data in (post(b"content-length: 10", body=b"abc"), chunked(b"a\r\nabc"), chunked(b"a")):
            status, _, body, is_closed = self.exchange(data)
            self.assertEqual((status, error_of(body)["code"], is_closed), (408, "request_timeout", True))

    def test_a_body_that_drips_times_out(self):
        with self.service.connect() as client:
            client.send(post(b"content-length: 10000"))
            client.socket.settimeout(0.05)
            for _ in range(100):
                client.send(b"x")
                try:
                    if client.receive():
                        break
                except TimeoutError:
                    pass
            self.assertEqual(client.read_answer()[0], 408)

    def test_idle_connections_are_closed_without_a_word(self):
        with self.service.connect() as client:
            self.assertTrue(client.is_closed())
        with self.service.connect() as client:
            client.send(get())
            self.assertEqual(client.read_answer()[2], b"alive")
            self.assertTrue(client.is_closed())

    def test_a_client_that_only_stops_sending_gets_its_answer(self):
        for data, wanted in ((get(), b"alive"), (post(b"content-length: 3", body=b"abc"), b"abc")):
            with self.service.connect() as client:
                client.send(data)
                client.half_close()
                self.assertEqual(client.read_answer()[2], wanted)
                self.assertTrue(client.is_closed())

    def test_half_a_request_and_an_end_is_dropped(self):
        for data in (b"GET /live HT", post(b"content-length: 10", body=b"abc"), chunked(b"3\r\nab")):
            with self.service.connect() as client:
                client.send(data)
                client.half_close()
                self.assertTrue(client.is_closed())

    def test_streams_end_when_the_client_goes(self):
        for leave in ("close", "reset", "half_close"):
            client = self.service.connect()
            client.send(get(b"x-request-id: gone-" + leave.encode(), path=b"/ticks"))
            client.read_until(b"tick")
            {"close": client.socket.close, "reset": client.reset, "half_close": client.half_close}[leave]()
            self.assertEqual(self.service.log_line("gone-" + leave)["ending"], "client_gone")
            client.socket.close()

    def test_a_client_that_stops_reading_is_cut_off(self):
        with self.service.connect() as client:
            client.socket.setsockopt(1, 8, 2048)  # SOL_SOCKET, SO_RCVBUF
            for _ in range(2000):  # answers that nobody takes, until no more requests are read
                client.socket.setblocking(False)
                try:
                    client.socket.send(post(b"x-request-id: stuffed", b"content-length: 8192", body=b"x" * 8192))
                except OSError:
                    break
            while self.service.log_line("stuffed")["ending"] != "cut_off":
                pass


class UnixSocket(unittest.TestCase):
    def test_a_path_serves_like_a_port(self):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "tenon.sock"
            service = fake_server("--unix-socket", str(path))
            self.addCleanup(service.stop)
            self.assertEqual(path.stat().st_mode & 0o777, 0o600)
            with service.connect() as client:
                client.send(get() + get(b"host: anything") + post(b"content-length: 1", body=b"a"))
                self.assertEqual(client.read_answer()[2], b"alive")
                self.assertEqual(client.read_answer()[0], 400)


class Connections(unittest.TestCase):
    def test_a_thousand_idle_connections_are_cheap(self):
        hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(4096, hard), hard))
        service = fake_server()
        self.addCleanup(service.stop)
        service.request("GET", "/live")
        before = memory_of(service)
        clients = [service.connect() for _ in range(1000)]
        for client in clients:
            client.send(get())
        for client in clients:
            self.assertEqual(client.read_answer()[2], b"alive")
        each = (memory_of(service) - before) / 1000
        print(f"an idle connection takes {each / 1024:.1f} KiB")
        self.assertLess(each, 16 << 10)
        for client in clients:
            client.socket.close()

    def test_more_connections_than_allowed_wait(self):
        service = fake_server("--max-connections", 4)
        self.addCleanup(service.stop)
        clients = [service.connect() for _ in range(6)]
        for client in clients:
            client.send(get())
        for client in clients[:4]:
            self.assertEqual(client.read_answer()[2], b"alive")
        for client in clients[4:]:
            client.socket.settimeout(0.05)
            self.assertRaises(TimeoutError, client.receive)
        for client in clients[:4]:
            client.socket.close()
        for client in clients[4:]:
            client.socket.settimeout(60)
            self.assertEqual(client.read_answer()[2], b"alive")
            client.socket.close()


if __name__ == "__main__":
    unittest.main()
