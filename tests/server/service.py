"""Servers under test, and clients that send the bytes they are told."""
import http.client
import json
import os
import queue
import re
import signal
import socket
import subprocess
import threading
import urllib.parse

FAKE_SERVER = os.environ.get("FAKE_SERVER", "")
SERVER = os.environ.get("TENON_SERVER", "")
# For things that must happen; a test never waits so long for one that works.
PATIENCE_S = 60


class Lines:
    """The lines of a pipe, read by a thread so that nobody blocks."""

    def __init__(self, pipe):
        self.seen = []
        self.queue = queue.Queue()
        self.thread = threading.Thread(target=self.read, args=(pipe,), daemon=True)
        self.thread.start()

    def read(self, pipe):
        for line in pipe:
            self.queue.put(line.rstrip("\n"))
        self.queue.put(None)

    def wait_for(self, pattern):
        """The first line that matches, from here on; None if the pipe ends before."""
        while (line := self.queue.get(timeout=PATIENCE_S)) is not None:
            self.seen.append(line)
            if match := re.search(pattern, line):
                return match
        return None


class Service:
    """A program that serves until stop(); `url` once it is ready."""

    def __init__(self, program, *arguments, ready, environment=None):
        clean = {k: v for k, v in os.environ.items() if not k.startswith("TENON_")}
        self.process = subprocess.Popen([program, *map(str, arguments)], stdin=subprocess.PIPE, text=True,
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                        env={**clean, **(environment or {})})
        self.out, self.err = Lines(self.process.stdout), Lines(self.process.stderr)
        stream, pattern = ready
        match = getattr(self, stream).wait_for(pattern)
        assert match, (self.process.wait(), self.out.seen, self.err.seen)
        self.url = match[1]
        parsed = urllib.parse.urlsplit(self.url)
        self.address = (parsed.hostname, parsed.port) if parsed.scheme == "http" else parsed.path

    def signal(self, number):
        self.process.send_signal(number)

    def wait(self):
        return self.process.wait(timeout=PATIENCE_S)

    def stop(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.out.thread.join(), self.err.thread.join()
        for pipe in (self.process.stdin, self.process.stdout, self.process.stderr):
            pipe.close()

    def log_line(self, request_id):
        """The line of the request log with this id."""
        return json.loads(self.out.wait_for(rf'^(.*"id":"{request_id}".*)$')[1])

    def connect(self):
        return Client(self.address)

    def request(self, method, path, body=None, headers=None):
        """(status, headers, body)"""
        connection = http.client.HTTPConnection(*self.address, timeout=PATIENCE_S)
        try:
            connection.request(method, path, body, headers or {})
            answer = connection.getresponse()
            return answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read()
        finally:
            connection.close()


def fake_server(*arguments, **options):
    port = () if "--unix-socket" in arguments else ("--port", 0)
    return Service(FAKE_SERVER, *port, *arguments, ready=("out", r"^((?:http|unix):\S+)$"), **options)


def tenon_server(*arguments, **options):
    return Service(SERVER, "--port", 0, *arguments, ready=("err", r"ready in [\d.]+ s: (\S+)"), **options)


class Client:
    def __init__(self, address):
        family = socket.AF_UNIX if isinstance(address, str) else socket.AF_INET
        self.socket = socket.socket(family, socket.SOCK_STREAM)
        self.socket.settimeout(PATIENCE_S)
        self.socket.connect(address)
        self.buffer = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, data):
        try:
            self.socket.sendall(data)
        except (BrokenPipeError, ConnectionResetError):
            pass  # what came before is read all the same

    def half_close(self):
        self.socket.shutdown(socket.SHUT_WR)

    def reset(self):
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        self.socket.close()

    def receive(self):
        try:
            data = self.socket.recv(65536)
        except ConnectionResetError:
            data = b""
        self.buffer += data
        return bool(data)

    def read_until(self, mark):
        while mark not in self.buffer and self.receive():
            pass
        at = self.buffer.find(mark)
        end = at + len(mark) if at >= 0 else len(self.buffer)
        taken, self.buffer = self.buffer[:end], self.buffer[end:]
        return taken

    def read_answer(self):
        """(status, headers, body) of an answer with content-length; status None if the server closed."""
        head = self.read_until(b"\r\n\r\n").decode()
        if not head:
            return None, {}, b""
        lines = head.split("\r\n")
        headers = dict(line.split(": ", 1) for line in lines[1:] if line)
        length = int(headers.get("content-length", 0))
        while len(self.buffer) < length and self.receive():
            pass
        body, self.buffer = self.buffer[:length], self.buffer[length:]
        return int(lines[0].split()[1]), headers, body

    def is_closed(self):
        """Waits for the server to close; False if it sends something instead."""
        return not self.buffer and not self.receive()


def error_of(body):
    """The error, after a look at its form."""
    error = json.loads(body)["error"]
    assert set(error) == {"message", "type", "param", "code"}, error
    assert isinstance(error["message"], str) and isinstance(error["type"], str), error
    assert error["code"] is None or isinstance(error["code"], str), error
    return error


SIGTERM, SIGINT = signal.SIGTERM, signal.SIGINT
