"""OpenAI's own client and OpenAI's own schema against the server.

The client and jsonschema come from PyPI into an environment beside the build, once. Where PyPI cannot be reached and
they are not there, this test says so and skips.
"""
import unittest

from clients_environment import run_there


class Clients(unittest.TestCase):
    def test_all(self):
        run_there(self, "api_clients.py")


if __name__ == "__main__":
    unittest.main()
