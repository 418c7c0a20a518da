"""Running `tenon` and looking at what it did."""
import json
import os
import pathlib
import shutil
import struct
import subprocess
import tempfile
import unittest

TENON = os.environ["TENON"]
SOURCE = pathlib.Path(os.environ["TENON_SOURCE"])
DEMO = SOURCE / "models" / "demo"
FIXTURES = SOURCE / "tests" / "fixtures"

EX_USAGE, EX_DATAERR, EX_UNAVAILABLE, EX_SOFTWARE, EX_OSERR, EX_IOERR = 64, 65, 69, 70, 71, 74


def tenon(*arguments, stdin="", environment=None):
    """The finished process, its output as text."""
    return subprocess.run([TENON, *map(str, arguments)], input=stdin, capture_output=True, text=True,
                          env={**os.environ, **(environment or {})})


def output_of(*arguments, **options):
    """Standard output of a run that must succeed and say nothing on standard error."""
    done = tenon(*arguments, **options)
    assert done.returncode == 0 and done.stderr == "", (arguments, done.returncode, done.stderr)
    return done.stdout


class ModelCase(unittest.TestCase):
    """Tests that change a copy of a model."""

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="tenon-test-"))
        self.addCleanup(shutil.rmtree, self.folder)

    def copy_of(self, model):
        copy = self.folder / "model"
        shutil.copytree(model, copy, symlinks=False)
        return copy

    def assert_refused(self, done, code, *parts):
        """One line on standard error with all parts in it, nothing on standard output, and this exit code."""
        self.assertEqual(done.returncode, code, done.stderr)
        self.assertEqual(done.stdout, "")
        lines = done.stderr.splitlines()
        self.assertEqual(len(lines), 1, done.stderr)
        self.assertTrue(lines[0].startswith("tenon: "), lines[0])
        for part in parts:
            self.assertIn(str(part), lines[0])


def read_header(path):
    """A safetensors file's header, and its data."""
    content = path.read_bytes()
    (length,) = struct.unpack("<Q", content[:8])
    return json.loads(content[8:8 + length]), content[8 + length:]


def write_header(path, header, data):
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)


def change_json(path, **changes):
    content = json.loads(path.read_text())
    content.update(changes)
    path.write_text(json.dumps(content))
