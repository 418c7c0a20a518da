"""tenon run --batch, --speculative and --prefix-cache: many prompts at once, and switches that change no token."""
import json
import unittest

from program import EX_DATAERR, ModelCase, output_of, tenon

REQUESTS = [
    {"prompt": "What is the capital of France?", "temperature": 0},
    {"prompt": "What is 12 + 30?", "temperature": 0, "max_tokens": 4},
    {"prompt": "Write a verse like Shakespeare.", "temperature": 1.2, "seed": 7, "max_tokens": 50},
    {"prompt": "Spell the word house."},
]
SPECULATIVE = ['{"method": "mtp", "num_speculative_tokens": 3}', '{"method": "NEXTN"}',
               '{"method": "ngram", "num_speculative_tokens": 4, "shortest": 1}', "off"]


class Batch(ModelCase):
    def batch(self, requests, *arguments):
        file = self.folder / "requests.jsonl"
        file.write_text("".join((r if isinstance(r, str) else json.dumps(r)) + "\n" for r in requests))
        return tenon("run", "--batch", file, "--seed", 1, *arguments)

    def answers(self, requests, *arguments):
        done = self.batch(requests, *arguments)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        return [json.loads(line) for line in done.stdout.splitlines()]

    def test_answers_come_in_order_and_are_those_of_single_runs(self):
        answers = self.answers(REQUESTS)
        self.assertEqual(len(answers), len(REQUESTS))
        for request, answer in zip(REQUESTS, answers):
            arguments = ["-p", request["prompt"], "--seed", request.get("seed", 1)]
            if "temperature" in request:
                arguments += ["--temperature", request["temperature"]]
            if "max_tokens" in request:
                arguments += ["-n", request["max_tokens"]]
            self.assertEqual(output_of("run", *arguments), answer["text"] + "\n")
        self.assertEqual(answers[1]["finish_reason"], "length")
        self.assertEqual(len(answers[1]["ids"]), 4)
        self.assertEqual(answers[0]["finish_reason"], "stop")

    def test_more_prompts_than_may_wait_at_a_time(self):
        requests = [{"prompt": f"What is {i} + 30?", "temperature": 0, "max_tokens": 2} for i in range(300)]
        answers = self.answers(requests)
        self.assertEqual(len(answers), 300)
        self.assertTrue(all(len(answer["ids"]) == 2 for answer in answers))
        self.assertEqual(answers[-5:], self.answers(requests[-5:]))

    def test_switches_change_no_token(self):
        requests = REQUESTS + [{"prompt": "What is the capital of France? And why?", "temperature": 0}] * 3
        expected = self.answers(requests, "--speculative", "off", "--prefix-cache", "off", "--max-sequences", 1)
        for arguments in [["--speculative", text] for text in SPECULATIVE] + \
                [["--prefix-cache", "on"], ["--step-tokens", 100], ["--threads", 1], ["--max-sequences", 3]]:
            self.assertEqual(self.answers(requests, *arguments), expected, arguments)

    def test_nothing_runs_unless_every_line_is_good(self):
        for line, fact in [("{", "is not valid JSON at byte"), ('{"text": "x"}', "expected an object with a prompt"),
                           ('{"prompt": "x", "temp": 1}', "temp is not a known key"),
                           ('{"prompt": "x", "max_tokens": 0}', "max_tokens is 0, must be a number from 1"),
                           ('{"prompt": "x", "temperature": "hot"}', 'temperature is "hot", must be a number')]:
            self.assert_refused(self.batch([REQUESTS[0], line]), EX_DATAERR, "requests.jsonl:2", fact)

    def test_a_request_that_fails_leaves_the_others(self):
        done = self.batch([{"prompt": "word " * 5000}, REQUESTS[0]])
        self.assertEqual(done.returncode, EX_DATAERR)
        lines = [json.loads(line) for line in done.stdout.splitlines()]
        self.assertIn("tokens long", lines[0]["error"])
        self.assertEqual(lines[1], self.answers([REQUESTS[0]])[0])

    def test_a_speculator_that_is_not_there_is_named(self):
        def refusal(text):
            return tenon("run", "-p", "x", "--speculative", text)

        self.assert_refused(refusal('{"method": "oracle"}'), EX_DATAERR, "plugin oracle", "--speculative")
        self.assert_refused(refusal("[]"), EX_DATAERR, "--speculative: expected off, or an object with a method")
        self.assert_refused(refusal('{"method": "mtp", "num_speculative_tokens": 99}'), EX_DATAERR,
                            "num_speculative_tokens is 99, must be a whole number from 1 to 16")
        self.assert_refused(refusal('{"method": "ngram", "longest": 99}'), EX_DATAERR, "longest is 99")


if __name__ == "__main__":
    unittest.main()
