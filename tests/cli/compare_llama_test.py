"""tools/compare_llama.py, with programs that only pretend to measure."""
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

SOURCE = pathlib.Path(os.environ["TENON_SOURCE"])
SCRIPT = SOURCE / "tools" / "compare_llama.py"

# Writes down how it was called, and answers with a rate that rises with every call of either program.
FAKE = """#!{python}
import json, sys
name, log, batched, help_text = {name!r}, {log!r}, {batched}, {help_text!r}
if "--help" in sys.argv:
    print(help_text)
    sys.exit(0)
with open(log, "a") as file:
    file.write(json.dumps([name] + sys.argv[1:]) + "\\n")
if {fails}:
    print("first line", file=sys.stderr)
    print("no such model", file=sys.stderr)
    sys.exit(3)
rate = 10.0 * sum(1 for _ in open(log))
if batched:
    print("main: n_kv_max = 768")
    print("|    PP |     TG |    B |   N_KV |   T_PP s | S_PP t/s |   T_TG s | S_TG t/s |      T s |    S t/s |")
    print("|   128 |     64 |    4 |    768 |    1.000 |   512.00 |    2.000 | %8.2f |    3.000 |   256.00 |" % rate)
else:
    print("a line before")
    print(json.dumps([{{"samples_ts": [1.0]}}, {{"samples_ts": [rate, rate + 1, rate - 1]}}]))
"""


class CompareLlama(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.log = self.folder / "log"
        self.tenon = self.fake("tenon")
        self.llama = self.fake("llama-bench", help_text="-d, --n-depth <n>")

    def fake(self, name, batched=False, fails=False, help_text=""):
        path = self.folder / name
        path.write_text(FAKE.format(python=sys.executable, name=name, log=str(self.log), batched=batched, fails=fails,
                                    help_text=help_text))
        path.chmod(0o755)
        return path

    def compare(self, *arguments):
        return subprocess.run([sys.executable, SCRIPT, "model.gguf", "--llama-bench", self.llama, "--tenon", self.tenon,
                               *map(str, arguments)], capture_output=True, text=True)

    def calls(self):
        return [json.loads(line) for line in self.log.read_text().splitlines()]

    def test_runs_alternate_and_the_ratio_is_of_pairs(self):
        done = self.compare("--tests", "tg64", "--pairs", 3, "-t", 2, "--json", self.folder / "out.json")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual([call[0] for call in self.calls()], ["tenon", "llama-bench"] * 3)
        row = json.loads((self.folder / "out.json").read_text())[0]
        self.assertEqual([sample["rate"] for sample in row["tenon"]], [10, 30, 50])
        self.assertEqual([sample["rate"] for sample in row["llama-bench"]], [20, 40, 60])
        self.assertEqual(row["ratios"], [10 / 20, 30 / 40, 50 / 60])
        self.assertTrue(all(sample["peak_bytes"] > 0 for sample in row["tenon"]))
        self.assertIn("| tg64 | 30.00 (10.00-50.00) | 40.00 (20.00-60.00) | 0.750 (0.500-0.833) |", done.stdout)

    def test_both_get_the_same_test(self):
        done = self.compare("--tests", "pp512,tg64@4096", "--pairs", 1, "-t", 2, "--llama-args", "-rtr 1 -ub 2048",
                            "--tenon-args", "--max-sequences 1")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(self.calls(), [
            ["tenon", "bench", "model.gguf", "-p", "512", "-n", "0", "-d", "0", "-b", "1", "-r", "1", "--json", "-t", "2",
             "--max-sequences", "1"],
            ["llama-bench", "-m", "model.gguf", "-r", "1", "-o", "json", "-p", "512", "-n", "0", "-t", "2", "-rtr", "1",
             "-ub", "2048"],
            ["tenon", "bench", "model.gguf", "-p", "0", "-n", "64", "-d", "4096", "-b", "1", "-r", "1", "--json", "-t",
             "2", "--max-sequences", "1"],
            ["llama-bench", "-m", "model.gguf", "-r", "1", "-o", "json", "-p", "0", "-n", "64", "-d", "4096", "-t", "2",
             "-rtr", "1", "-ub", "2048"]])

    def test_a_prompt_after_others_counts_alone(self):
        done = self.compare("--tests", "pp512@1536", "--pairs", 1)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("--second-turn", self.calls()[0])
        self.assertIn("| pp512@1536 | 2.50 (2.50-2.50) | 20.00 ", done.stdout)

    def test_a_llama_bench_without_depth_is_asked_in_its_own_words(self):
        self.fake("llama-bench", help_text="-gp <pp,tg>")
        done = self.compare("--tests", "tg64@4096", "--pairs", 1)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(self.calls()[1][-6:], ["-p", "0", "-n", "0", "-gp", "4096,64"])
        done = self.compare("--tests", "pp512@4096", "--pairs", 1)
        self.assertEqual(done.returncode, 69)
        self.assertIn("knows no --n-depth", done.stderr)

    def test_many_answers_are_measured_by_the_batched_program(self):
        batched = self.fake("llama-batched-bench", batched=True)
        done = self.compare("--tests", "tg64@128x4", "--pairs", 1, "--batched-bench", batched)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(self.calls()[0][8:12], ["128", "-b", "4", "-r"])
        self.assertEqual(self.calls()[1], ["llama-batched-bench", "-m", "model.gguf", "-c", "768", "-npp", "128", "-ntg",
                                           "64", "-npl", "4"])
        self.assertIn("| tg64@128x4 | 10.00 (10.00-10.00) | 20.00 (20.00-20.00) | 0.500 ", done.stdout)

    def test_what_is_wrong_is_said_in_one_line(self):
        for arguments, code, part in [(("--tests", "xx5"), 64, "'xx5'"), (("--tests", "tg64x4"), 64, "tg64@128x4"),
                                      (("--tests", "tg64@128x4"), 64, "--batched-bench"), (("--pairs", "0"), 64, "--pairs")]:
            done = self.compare(*arguments)
            self.assertEqual(done.returncode, code)
            self.assertIn(part, done.stderr)
            self.assertEqual(done.stderr.count("\n"), 1)
        self.fake("llama-bench", fails=True)
        done = self.compare("--tests", "tg64", "--pairs", 1)
        self.assertEqual(done.returncode, 69)
        self.assertIn("ended with 3: first line / no such model", done.stderr)


if __name__ == "__main__":
    unittest.main()
