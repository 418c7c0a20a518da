"""OpenAI's own client and OpenAI's own schema against the server.

The client and jsonschema come from PyPI into an environment beside the build, once. Where PyPI cannot be reached and
they are not there, this test says so and skips.
"""
import os
import pathlib
import subprocess
import sys
import unittest

HERE = pathlib.Path(__file__).parent
ENVIRONMENT = pathlib.Path(os.environ["TENON_CLIENTS"])
PACKAGES = ["openai", "jsonschema"]


def prepare():
    """The environment's Python; None if it cannot be made."""
    python = ENVIRONMENT / "bin" / "python3"
    if not (ENVIRONMENT / "complete").exists():
        subprocess.run([sys.executable, "-m", "venv", "--clear", ENVIRONMENT], check=True, capture_output=True)
        done = subprocess.run([python, "-m", "pip", "install", "-q", "--disable-pip-version-check", *PACKAGES],
                              capture_output=True, text=True)
        if done.returncode != 0:
            return None
        (ENVIRONMENT / "complete").touch()
    return python


class Clients(unittest.TestCase):
    def test_all(self):
        python = prepare()
        if python is None:
            self.skipTest("openai and jsonschema cannot be installed from PyPI")
        done = subprocess.run([python, HERE / "api_clients.py", "-v"], capture_output=True, text=True)
        print(done.stderr)
        self.assertEqual(done.returncode, 0, done.stderr)


if __name__ == "__main__":
    unittest.main()
