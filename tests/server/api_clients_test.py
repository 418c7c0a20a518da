"""OpenAI's own client and OpenAI's own schema against the server.

The client and jsonschema come from PyPI into an environment beside the build, once. Where PyPI cannot be reached and
they are not there, this test says so and skips.
"""
import pathlib
import subprocess
import unittest

from clients_environment import prepare

HERE = pathlib.Path(__file__).parent


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
