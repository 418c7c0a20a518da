"""tenon run --json-schema and --regex, and batch lines with a form: answers that have it, whatever is switched on."""
import json
import re
import unittest

from program import EX_DATAERR, ModelCase, output_of, tenon

SCHEMA = {"type": "object", "properties": {"name": {"type": "string", "maxLength": 12},
                                           "age": {"type": "integer", "minimum": 0, "maximum": 150},
                                           "tags": {"type": "array", "items": {"enum": ["a", "b"]}, "maxItems": 3}},
          "required": ["name", "age", "tags"], "additionalProperties": False}
REQUESTS = [
    {"prompt": "Tell me of Ada.", "json_schema": SCHEMA, "temperature": 0},
    {"prompt": "Tell me of Ada.", "json_schema": SCHEMA, "temperature": 1.5, "seed": 3},
    {"prompt": "Give a date.", "regex": r"\d{4}-\d{2}-\d{2}"},
    {"prompt": "Yes or no?", "choice": ["yes", "no", "it depends"]},
    {"prompt": "What is the capital of France?", "temperature": 0, "max_tokens": 8},
]


class Structured(ModelCase):
    def batch(self, requests, *arguments):
        file = self.folder / "requests.jsonl"
        file.write_text("".join(json.dumps(request) + "\n" for request in requests))
        return tenon("run", "--batch", file, "--seed", 1, *arguments)

    def answers(self, *arguments):
        done = self.batch(REQUESTS, *arguments)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        return [json.loads(line) for line in done.stdout.splitlines()]

    def assert_valid(self, text):
        person = json.loads(text)
        self.assertEqual(list(person), ["name", "age", "tags"])
        self.assertTrue(len(person["name"]) <= 12 and 0 <= person["age"] <= 150 and len(person["tags"]) <= 3, person)
        self.assertTrue({"a", "b"}.issuperset(person["tags"]))

    def test_batch_lines_say_what_their_answers_look_like(self):
        answers = self.answers()
        for answer in answers[:2]:
            self.assert_valid(answer["text"])
        self.assertRegex(answers[2]["text"], r"\A\d{4}-\d{2}-\d{2}\Z")
        self.assertIn(answers[3]["text"], ["yes", "no", "it depends"])
        self.assertEqual({answer["finish_reason"] for answer in answers[:4]}, {"stop"})

    def test_switches_change_no_token(self):
        expected = self.answers("--speculative", "off", "--prefix-cache", "off", "--max-sequences", 1)
        for arguments in [["--speculative", '{"method": "mtp", "num_speculative_tokens": 3}'],
                          ["--speculative", '{"method": "ngram", "num_speculative_tokens": 4, "shortest": 1}'],
                          ["--step-tokens", 100], ["--threads", 1]]:
            self.assertEqual(self.answers(*arguments), expected, arguments)

    def test_options_of_one_answer(self):
        file = self.folder / "schema.json"
        file.write_text(json.dumps(SCHEMA))
        self.assert_valid(output_of("run", "-p", "Tell me of Ada.", "--json-schema", file, "--seed", 5))
        answer = output_of("run", "-p", "How sure?", "--regex", "(very|not so) sure", "--seed", 5)
        self.assertTrue(re.fullmatch("(very|not so) sure\n", answer), answer)

    def test_forms_that_cannot_be_are_refused_in_words(self):
        for arguments, fact in [(["--regex", "a("], "regex: a ( has no )"), (["--regex", "(" * 30000], "grammar_too_complex"),
                                (["--regex", "(?=a)"], "regex: a group of a kind that is not supported")]:
            done = tenon("run", "-p", "x", *arguments)
            self.assertEqual(done.stdout.strip(), "")
            self.assertIn(fact, done.stderr)
            self.assertNotEqual(done.returncode, 0)
        for line, fact in [({"prompt": "x", "regex": 1}, "regex is not a text"), ({"prompt": "x", "choice": "a"}, "choice is not an array"),
                           ({"prompt": "x", "regex": "a", "choice": ["a"]}, "choice beside another form of answer")]:
            self.assert_refused(self.batch([line]), EX_DATAERR, "requests.jsonl:1", fact)
        done = self.batch([{"prompt": "x", "json_schema": {"not": {}}}, REQUESTS[3]])
        lines = [json.loads(line) for line in done.stdout.splitlines()]
        self.assertEqual(lines[0]["error"], "json_schema: #/not: is not a supported keyword")
        self.assertIn("text", lines[1])


if __name__ == "__main__":
    unittest.main()
