"""examples/ask: the C++ interface gives the answers that the program gives."""
import os
import subprocess
import unittest

from program import DEMO, ModelCase, output_of

ASK = os.environ["ASK"]
QUESTIONS = ["What is 12 + 30?", "What is the capital of France?", "Spell the word house."]


class Ask(ModelCase):
    def test_several_questions_at_once(self):
        description = self.folder / "demo.toml"
        description.write_text(output_of("import", DEMO))
        done = subprocess.run([ASK, description, *QUESTIONS], capture_output=True, text=True)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        *answers, last = done.stdout.splitlines()
        expected = [line for question in QUESTIONS for line in
                    (f"> {question}\n" + output_of("run", "-p", question, "--temperature", 0)).splitlines()]
        self.assertEqual(answers, expected)
        self.assertRegex(last, r"^[1-9][0-9]* tokens$")

    def test_bad_input_is_one_line(self):
        done = subprocess.run([ASK, self.folder / "absent.toml", "?"], capture_output=True, text=True)
        self.assertEqual(done.returncode, 1)
        self.assertEqual(len(done.stderr.splitlines()), 1)
        self.assertIn("absent.toml", done.stderr)


if __name__ == "__main__":
    unittest.main()
