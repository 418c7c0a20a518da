"""tenon run and tenon import: answers, and what changes them."""
import json
import subprocess
import unittest

from program import DEMO, EX_IOERR, TENON, ModelCase, output_of, tenon

QUESTION = "What is the capital of France?"


class Run(ModelCase):
    def test_the_demo_is_the_default_model(self):
        answer = output_of("run", "-p", QUESTION, "--temperature", 0)
        self.assertEqual(answer, output_of("run", DEMO, "-p", QUESTION, "--temperature", 0))
        self.assertGreater(len(answer.split()), 2)

    def test_a_prompt_may_come_from_standard_input(self):
        self.assertEqual(output_of("run", "--temperature", 0, stdin=QUESTION),
                         output_of("run", "-p", QUESTION, "--temperature", 0))

    def test_a_directory_and_its_imported_description_give_the_same(self):
        model = self.folder / "model.toml"
        model.write_text(output_of("import", DEMO))
        other = self.folder / "other.toml"
        self.assertEqual(output_of("import", DEMO, "-o", other), "")
        self.assertEqual(other.read_text(), model.read_text())
        for arguments in (["--temperature", 0], ["--temperature", 1.5, "--seed", 3, "-n", 60]):
            self.assertEqual(output_of("run", model, "-p", QUESTION, *arguments),
                             output_of("run", DEMO, "-p", QUESTION, *arguments))

    def test_the_same_seed_gives_the_same_answer(self):
        def answer(seed):
            return output_of("run", "-p", "Write a verse like Shakespeare.", "--temperature", 1.5, "--seed", seed)

        self.assertEqual(answer(1), answer(1))
        self.assertGreater(len({answer(seed) for seed in range(5)}), 1)

    def test_threads_and_instruction_sets_do_not_change_a_greedy_answer(self):
        expected = output_of("run", "-p", QUESTION, "--temperature", 0)
        self.assertEqual(output_of("run", "-p", QUESTION, "--temperature", 0, "--threads", 1), expected)
        self.assertEqual(output_of("run", "-p", QUESTION, "--temperature", 0,
                                   environment={"TENON_ISA": "scalar"}), expected)

    def test_max_tokens_cuts_an_answer(self):
        whole = output_of("run", "-p", QUESTION, "--temperature", 0)
        cut = output_of("run", "-p", QUESTION, "--temperature", 0, "-n", 3)
        self.assertLess(len(cut), len(whole))
        self.assertTrue(whole.startswith(cut.rstrip("\n")))

    def test_a_stop_string_ends_an_answer_before_itself(self):
        whole = output_of("run", "-p", QUESTION, "--temperature", 0).rstrip("\n")
        stop = whole[len(whole) // 2:len(whole) // 2 + 3]
        cut = output_of("run", "-p", QUESTION, "--temperature", 0, "--stop", stop, "--stop", "\x01never")
        self.assertEqual(cut.rstrip("\n"), whole[:whole.index(stop)])

    def test_raw_continues_the_text_itself(self):
        text = output_of("run", "--raw", "-p", "KING HENRY:\n", "--temperature", 0, "-n", 20)
        self.assertGreater(len(text.strip()), 5)
        rendered = output_of("template", DEMO, "--user", QUESTION)
        self.assertEqual(output_of("run", "--raw", "-p", rendered, "--temperature", 0),
                         output_of("run", "-p", QUESTION, "--temperature", 0))

    def test_thinking_is_a_switch(self):
        off = output_of("run", "-p", "What is 12 + 30?", "--temperature", 0)
        self.assertEqual(output_of("run", "-p", "What is 12 + 30?", "--temperature", 0, "--thinking", "off"), off)
        done = tenon("run", "-p", "What is 12 + 30?", "--temperature", 0, "--thinking", "on")
        on, thought = done.stdout, done.stderr.strip()
        self.assertGreater(len(thought), 3)
        self.assertNotIn("think>", on + thought)
        answer = json.loads(output_of("run", "-p", "What is 12 + 30?", "--temperature", 0, "--thinking", "on", "--json"))
        self.assertEqual((answer["content"] + "\n", answer["reasoning"]), (on, thought))
        kwargs = tenon("run", "-p", "What is 12 + 30?", "--temperature", 0, "--chat-template-kwargs",
                           '{"enable_thinking": true}')
        self.assertEqual((kwargs.stdout, kwargs.stderr.strip()), (on, thought))

    def test_a_system_message_is_part_of_the_prompt(self):
        with_system = tenon("run", "-p", QUESTION, "--system", "You are a tiny demo model.", "--stats", "--temperature", 0)
        without = tenon("run", "-p", QUESTION, "--stats", "--temperature", 0)
        tokens = [int(done.stderr.split()[0]) for done in (with_system, without)]
        self.assertGreater(tokens[0], tokens[1] + 3)

    def test_nothing_but_the_answer_is_printed(self):
        done = tenon("run", "-p", QUESTION, "--temperature", 0)
        self.assertEqual(done.stderr, "")
        self.assertEqual(done.stdout.count("\n"), 1)

    def test_an_output_that_nobody_takes_is_an_error(self):
        with open("/dev/full", "w") as full:
            done = subprocess.run([TENON, "run", "-p", QUESTION], stdout=full, stderr=subprocess.PIPE, text=True)
        self.assertEqual(done.returncode, EX_IOERR)
        self.assertEqual(done.stderr, "tenon: standard output: No space left on device\n")


if __name__ == "__main__":
    unittest.main()
