"""What `tenon` does on a terminal: the chat, Ctrl-C, Ctrl-D."""
import os
import pty
import select
import signal
import subprocess
import unittest

from program import TENON

# How long to wait for output that must come; a machine that is busy may need most of it.
PATIENCE_S = 120


class Terminal:
    """A `tenon` on a pseudo-terminal."""

    def __init__(self, *arguments):
        self.master, slave = pty.openpty()
        self.process = subprocess.Popen([TENON, *arguments], stdin=slave, stdout=slave, stderr=slave,
                                        start_new_session=True)
        os.close(slave)
        self.seen = ""

    def type(self, text):
        os.write(self.master, text.encode())

    def wait_for(self, text):
        """Reads until `text` has come; returns everything up to it, and forgets it."""
        while text not in self.seen:
            ready, _, _ = select.select([self.master], [], [], PATIENCE_S)
            assert ready, f"waited for {text!r}, got {self.seen!r}"
            try:
                self.seen += os.read(self.master, 4096).decode(errors="replace")
            except OSError as error:
                raise AssertionError(f"ended before {text!r}: {self.seen!r}") from error
        before, self.seen = self.seen.split(text, 1)
        return before

    def close(self):
        code = self.process.wait()
        os.close(self.master)
        return code


class Chat(unittest.TestCase):
    def test_questions_are_answered_until_the_end_of_input(self):
        terminal = Terminal("run", "--temperature", "0")
        self.assertIn("demo", terminal.wait_for("> "))
        for question in ("What is 12 + 30?", "What is 2 + 2?"):
            terminal.type(question + "\n")
            terminal.wait_for(question)
            self.assertGreater(len(terminal.wait_for("\n> ").strip()), 3)
        terminal.type("\x04")
        self.assertEqual(terminal.close(), 0)

    def test_exit_leaves(self):
        terminal = Terminal("run")
        terminal.wait_for("> ")
        terminal.type("/exit\n")
        self.assertEqual(terminal.close(), 0)

    def test_interrupting_an_answer_keeps_the_chat(self):
        terminal = Terminal("run", "--ignore-eos", "--temperature", "0")
        terminal.wait_for("> ")
        terminal.type("Hello!\n")
        terminal.wait_for("Hello!")
        terminal.wait_for(" ")  # the answer has begun
        terminal.process.send_signal(signal.SIGINT)
        terminal.wait_for("\n> ")
        terminal.type("/exit\n")
        self.assertEqual(terminal.close(), 0)


class Interrupt(unittest.TestCase):
    def test_ctrl_c_ends_a_single_answer_with_130(self):
        with subprocess.Popen([TENON, "run", "-p", "Hello!", "--ignore-eos"], stdout=subprocess.PIPE) as process:
            process.stdout.read(1)
            process.send_signal(signal.SIGINT)
            process.stdout.read()
            self.assertEqual(process.wait(), 130)


if __name__ == "__main__":
    unittest.main()
