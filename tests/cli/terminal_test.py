"""What `tenon` does on a terminal: the chat, Ctrl-C, Ctrl-D."""
import fcntl
import json
import os
import pty
import re
import select
import signal
import subprocess
import termios
import unittest

from program import TENON, ModelCase, output_of

QUESTION = "What is the capital of France?"

# How long to wait for output that must come; a machine that is busy may need most of it.
PATIENCE_S = 120


class Terminal:
    """A `tenon` on a pseudo-terminal. With `answers`, a file object, standard output goes there instead."""

    def __init__(self, *arguments, answers=None, **environment):
        self.master, slave = pty.openpty()
        environment = {**os.environ, "TERM": "dumb", "TENON_HISTORY": "", "NO_COLOR": "1", **environment}
        self.process = subprocess.Popen([TENON, *map(str, arguments)], stdin=slave, stdout=answers or slave, stderr=slave,
                                        start_new_session=True, env=environment,
                                        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0))
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

    def say(self, line):
        """Types a line; returns what is shown until the next prompt."""
        self.type(line + "\r")
        self.wait_for(line)
        return self.wait_for("\n> ").replace("\r", "").strip()

    def close(self):
        code = self.process.wait()
        os.close(self.master)
        return code


def chat(*arguments, **options):
    """A chat that has shown its first prompt."""
    terminal = Terminal("run", "--temperature", 0, *arguments, **options)
    terminal.wait_for("\n> ")
    return terminal


def counts(stats):
    """(prompt tokens, found in the cache, output tokens, thoughts) of what /stats says."""
    numbers = re.match(r"(\d+) prompt tokens, (\d+) of them found .*; (\d+) output tokens, (\d+) of them", stats)
    assert numbers, stats
    return tuple(map(int, numbers.groups()))


class Chat(ModelCase):
    def leave(self, terminal):
        terminal.type("/quit\r")
        self.assertEqual(terminal.close(), 0)

    def test_questions_are_answered_until_the_end_of_input(self):
        terminal = Terminal("run", "--temperature", "0")
        self.assertIn("demo", terminal.wait_for("\n> "))
        for question in ("What is 12 + 30?", "What is 2 + 2?"):
            self.assertGreater(len(terminal.say(question)), 3)
        terminal.type("\x04")
        self.assertEqual(terminal.close(), 0)

    def test_an_answer_is_that_of_a_single_question(self):
        terminal = chat()
        self.assertEqual(terminal.say(QUESTION), output_of("run", "-p", QUESTION, "--temperature", 0).strip())
        self.leave(terminal)

    def test_interrupting_an_answer_keeps_the_chat(self):
        terminal = chat("--ignore-eos")
        terminal.type("Hello!\r")
        terminal.wait_for("Hello!")
        terminal.wait_for("How can")  # the answer has begun
        terminal.type("\x03")
        terminal.wait_for("\n> ")
        self.assertIn("ended by interrupt", terminal.say("/stats"))
        self.leave(terminal)

    def test_ctrl_c_at_the_prompt_gives_a_new_one(self):
        terminal = chat()
        terminal.type("What is")
        terminal.wait_for("What is")
        terminal.type("\x03")
        terminal.wait_for("\n> ")
        self.assertGreater(len(terminal.say(QUESTION)), 3)
        self.leave(terminal)

    def test_standard_output_carries_the_answers_only(self):
        path = self.folder / "answers.txt"
        with path.open("w") as answers:
            terminal = chat("--thinking", "on", answers=answers)
            thought = terminal.say("What is 12 + 30?")
            self.assertGreater(len(thought), 3)
            self.leave(terminal)
        expected = output_of("run", "-p", "What is 12 + 30?", "--temperature", 0, "--thinking", "on", "--json")
        answer = json.loads(expected)
        self.assertEqual(path.read_text(), answer["content"] + "\n")
        self.assertEqual(thought, answer["reasoning"].strip())

    def test_json_is_a_line_per_answer(self):
        path = self.folder / "answers.jsonl"
        with path.open("w") as answers:
            terminal = chat("--json", answers=answers)
            terminal.say(QUESTION)
            terminal.say("And of Italy?")
            self.leave(terminal)
        first, second = map(json.loads, path.read_text().splitlines())
        self.assertEqual(first["content"], output_of("run", "-p", QUESTION, "--temperature", 0).strip())
        self.assertGreater(second["prompt_tokens"], first["prompt_tokens"])
        self.assertEqual(first["ending"], "eos")

    def test_lines_are_edited(self):
        terminal = chat()
        terminal.type("What is 12 + 99\x7f\x7f30?\x01Hi. \x05\r")  # Delete twice, then the beginning, then the end
        terminal.wait_for("\n> ")
        self.assertIn("Hi. What is 12 + 30?", terminal.say("/show messages"))
        self.leave(terminal)

    def test_history_is_kept_from_one_chat_to_the_next(self):
        history = self.folder / "state" / "history"
        terminal = chat(TENON_HISTORY=str(history))
        terminal.say(QUESTION)
        self.leave(terminal)
        self.assertEqual(history.stat().st_mode & 0o777, 0o600)
        terminal = chat(TENON_HISTORY=str(history))
        terminal.type("\x10\x10\r")  # Ctrl-P: the line before, which is /quit, and the one before that
        terminal.wait_for("\n> ")
        self.assertIn("user: " + QUESTION, terminal.say("/show messages"))
        self.leave(terminal)

    def test_quotation_marks_hold_several_lines(self):
        terminal = chat()
        terminal.type('"""Say\r')
        terminal.wait_for("... ")
        terminal.type("/quit\r")
        terminal.wait_for("... ")
        terminal.type('again."""\r')
        terminal.wait_for("\n> ")
        self.assertIn("user: Say\n/quit\nagain.", terminal.say("/show messages"))
        self.leave(terminal)

    def test_undo_and_regen_compute_nothing_again(self):
        terminal = chat("--system", "You answer in few words. " * 20)
        first = terminal.say(QUESTION)
        before = counts(terminal.say("/stats"))
        self.assertEqual(before[1], 0)
        self.assertEqual(terminal.say("/regen"), first)
        again = counts(terminal.say("/stats"))
        self.assertEqual(again[0], before[0])
        self.assertGreaterEqual(again[1], before[0] - 64)
        terminal.say("And of Italy?")
        self.assertEqual(terminal.say("/undo"), "")
        messages = terminal.say("/show messages")
        self.assertIn(QUESTION, messages)
        self.assertNotIn("Italy", messages)
        terminal.say("And of Spain?")
        after = counts(terminal.say("/stats"))
        self.assertGreaterEqual(after[1], before[0] - 64)
        self.leave(terminal)

    def test_thinking_is_switched_and_folded(self):
        terminal = chat()
        terminal.say("/think on")
        shown = terminal.say("What is 12 + 30?")
        self.assertNotIn("think>", shown)
        thought = terminal.say("/show thought")
        self.assertTrue(shown.startswith(thought.strip()), (shown, thought))
        self.assertGreater(counts(terminal.say("/stats"))[3], 0)
        terminal.say("/think fold")
        folded = terminal.say("/regen")
        self.assertIn("(thinking ...)", folded)
        self.assertRegex(folded, r"\(thought for \d+ tokens; /show thought shows it\)")
        self.assertNotIn(thought, folded)
        terminal.say("/think off")
        self.assertNotIn("thought for", terminal.say("/regen"))
        self.leave(terminal)

    def test_thoughts_are_dimmed_unless_no_color_says_otherwise(self):
        for environment, dimmed in (({"NO_COLOR": ""}, True), ({"NO_COLOR": "1"}, False)):
            terminal = chat("--thinking", "on", **environment)
            self.assertEqual("\x1b[2m" in terminal.say("What is 12 + 30?"), dimmed)
            self.leave(terminal)

    def test_a_chat_is_saved_and_loaded(self):
        path = self.folder / "chat.json"
        terminal = chat("--system", "You are brief.")
        answer = terminal.say(QUESTION)
        self.assertEqual(terminal.say(f"/save {path}"), "")
        messages = json.loads(path.read_text())["messages"]
        self.assertEqual([message["role"] for message in messages], ["system", "user", "assistant"])
        self.leave(terminal)
        terminal = chat()
        self.assertEqual(terminal.say(f"/load {path}"), "")
        self.assertIn("assistant: " + answer, terminal.say("/show messages"))
        self.assertEqual(terminal.say("/regen"), answer)
        self.leave(terminal)

    def test_a_file_that_is_no_chat_is_refused(self):
        path = self.folder / "chat.json"
        terminal = chat()
        for content, said in (("{}", "has no list of messages"), ("{", "chat.json"),
                              ('{"messages": [{"role": "user"}]}', "messages[0]: is not an object with a role")):
            path.write_text(content)
            self.assertIn(said, terminal.say(f"/load {path}"))
        self.assertIn("No such file", terminal.say(f"/load {path}.missing"))
        self.leave(terminal)

    def test_settings_are_checked_and_shown(self):
        terminal = chat()
        self.assertEqual(terminal.say("/set seed 7"), "")
        self.assertEqual(terminal.say("/set temperature 0.5"), "")
        shown = terminal.say("/show")
        self.assertRegex(shown, r"temperature +0.5\n")
        self.assertRegex(shown, r"seed +7\n")
        self.assertIn("did you mean temperature?", terminal.say("/set temperatur 1"))
        self.assertIn("top-p", terminal.say("/set top-p 2"))
        self.assertIn("is a switch", terminal.say("/set ignore-eos 1"))
        self.assertIn("expected a name and a value", terminal.say("/set seed"))
        self.leave(terminal)

    def test_system_clear_and_read_change_what_is_said(self):
        path = self.folder / "notes.txt"
        path.write_text("Ada wrote notes.")
        terminal = chat()
        terminal.say("/system You are brief.")
        self.assertEqual(terminal.say(f"/read {path}"), "16 B for the next question")
        terminal.say("Who wrote?")
        messages = terminal.say("/show messages")
        self.assertIn("system: You are brief.", messages)
        self.assertIn("user: Ada wrote notes.\nWho wrote?", messages)
        terminal.say("/clear")
        self.assertEqual(terminal.say("/show messages"), "system: You are brief.")
        self.leave(terminal)

    def test_a_command_that_cannot_be_is_one_line(self):
        terminal = chat()
        self.assertIn("/stat: is not a command (did you mean stats?)", terminal.say("/stat"))
        for line, said in (("/undo", "nothing to undo"), ("/regen", "no question"), ("/stats", "no answer yet"),
                           ("/think loud", "expected on, off, fold or show"), ("/read", "expected a file")):
            self.assertIn(said, terminal.say(line))
        self.assertIn("/regen", terminal.say("/help"))
        self.leave(terminal)


class Interrupt(unittest.TestCase):
    def test_ctrl_c_ends_a_single_answer_with_130(self):
        with subprocess.Popen([TENON, "run", "-p", "Hello!", "--ignore-eos"], stdout=subprocess.PIPE) as process:
            process.stdout.read(1)
            process.send_signal(signal.SIGINT)
            process.stdout.read()
            self.assertEqual(process.wait(), 130)


if __name__ == "__main__":
    unittest.main()
