"""tenon quantize, synth, and GGUF files wherever a model is named."""
import json
import os
import pathlib
import unittest

from program import DEMO, EX_DATAERR, EX_IOERR, FIXTURES, ModelCase, output_of, read_header, tenon, write_header

QUESTION = "What is the capital of France?"


class Quantize(ModelCase):
    def written(self, *arguments, model=DEMO):
        path = self.folder / "model.gguf"
        report = output_of("quantize", model, path, *arguments)
        return path, report

    def test_a_file_answers_as_the_directory_does(self):
        path, report = self.written("--type", "f32")
        self.assertIn("parameters", report)
        self.assertEqual(output_of("run", path, "-p", QUESTION, "--temperature", 0),
                         output_of("run", DEMO, "-p", QUESTION, "--temperature", 0))
        self.assertEqual(output_of("template", path, "--user", "Hi"), output_of("template", DEMO, "--user", "Hi"))

    def test_a_file_and_its_imported_description_give_the_same(self):
        path, _ = self.written("--type", "bf16")
        model = self.folder / "model.toml"
        model.write_text(output_of("import", path))
        self.assertEqual(output_of("run", model, "-p", QUESTION, "--temperature", 0),
                         output_of("run", path, "-p", QUESTION, "--temperature", 0))

    def test_the_head_that_guesses_ahead_comes_along(self):
        path, _ = self.written("--type", "bf16")
        facts = json.loads(output_of("inspect", path, "--json"))
        self.assertEqual(facts["speculative"], "mtp")
        self.assertEqual(facts["parameters"], json.loads(output_of("inspect", DEMO, "--json"))["parameters"])
        guessing = output_of("run", path, "-p", QUESTION, "--temperature", 0, "--speculative",
                             '{"method": "mtp", "num_speculative_tokens": 2}')
        self.assertEqual(guessing, output_of("run", path, "-p", QUESTION, "--temperature", 0))

    def test_the_report_gives_the_error_of_each_group(self):
        _, report = self.written("--type", "q8_0", "--tensor", "experts=q4_0,head=bf16")
        rows = {line.split()[0]: line.split() for line in report.splitlines()[3:]}
        self.assertEqual({name: row[1] for name, row in rows.items()},
                         {"embedding": "q8_0", "dense": "q8_0", "experts": "q4_0"})
        self.assertLess(float(rows["dense"][3]), 0.01)
        self.assertLess(float(rows["experts"][3]), 0.12)

    def test_what_cannot_be_done_leaves_nothing(self):
        path = self.folder / "model.gguf"
        self.assert_refused(tenon("quantize", DEMO, path, "--type", "q9"), EX_DATAERR, "--type", "q9")
        self.assert_refused(tenon("quantize", DEMO, self.folder / "model.bin", "--type", "q8_0"), EX_DATAERR, ".gguf")
        self.assert_refused(tenon("quantize", self.folder / "none", path), EX_IOERR, "none")
        self.assert_refused(tenon("quantize", DEMO, self.folder / "none" / "model.gguf"), EX_IOERR, "none")
        self.assertEqual(list(self.folder.iterdir()), [])

    def test_a_tensor_without_a_place_is_refused(self):
        model = self.copy_of(FIXTURES / "tiny")
        header, data = read_header(model / "model.safetensors")
        header["more"] = {"dtype": "U8", "shape": [1], "data_offsets": [len(data), len(data) + 1]}
        write_header(model / "model.safetensors", header, data + b"x")
        self.assert_refused(tenon("quantize", model, self.folder / "x.gguf"), EX_DATAERR, "more", "u8")


class Files(ModelCase):
    def test_a_malformed_file_is_refused_in_one_line(self):
        path = self.folder / "x.gguf"
        path.write_bytes(b"GGUF\3\0\0\0" + b"\xff" * 16)
        for command in ("run", "import", "inspect"):
            self.assert_refused(tenon(command, path), EX_DATAERR, path, "18446744073709551615 tensors")

    def test_a_file_of_another_architecture_is_refused(self):
        path = self.folder / "x.gguf"
        key, value = b"general.architecture", b"llama"
        path.write_bytes(b"GGUF\3\0\0\0" + bytes(8) + (1).to_bytes(8, "little") + len(key).to_bytes(8, "little") + key
                         + (8).to_bytes(4, "little") + len(value).to_bytes(8, "little") + value)
        self.assert_refused(tenon("run", path), EX_DATAERR, "general.architecture", "llama", "qwen3next")

    def test_a_file_that_is_not_there_is_refused(self):
        self.assert_refused(tenon("run", self.folder / "x.gguf"), EX_IOERR, "x.gguf", "No such file")

    @unittest.skipUnless(os.environ.get("TENON_TEST_DATA"), "TENON_TEST_DATA is not set")
    def test_a_file_of_another_converter_answers_like_its_checkpoint(self):
        data = pathlib.Path(os.environ["TENON_TEST_DATA"])
        guessing = ("--speculative", '{"method": "mtp", "num_speculative_tokens": 2}')
        for question in ("What is the capital of France?", "What is 3 + 4?", "Who are you?"):
            def answer(model, *more):
                done = tenon("run", model, "-p", question, "--temperature", 0, *more)
                return done.returncode, done.stdout, done.stderr  # thoughts are there
            expected = answer(data / "demo" / "checkpoint")
            self.assertEqual(expected[0], 0, expected)
            path = data / "gguf" / "demo-Q8_0.gguf"
            self.assertEqual(answer(path), expected)
            self.assertEqual(answer(path, *guessing), expected)


class Synth(ModelCase):
    SIZE = ("--layers", 1, "--vocabulary", 64, "--experts", 2)

    def test_a_file_and_a_directory_hold_the_same_model(self):
        file, directory = self.folder / "x.gguf", self.folder / "x"
        output_of("synth", file, *self.SIZE, "--type", "q8_0")
        output_of("synth", directory, *self.SIZE)
        counts = [json.loads(output_of("inspect", model, "--json"))["parameters"] for model in (file, directory)]
        self.assertEqual(counts[0], counts[1])
        output_of("bench", file, "-p", 8, "-n", 2, "-r", 1)

    def test_the_seed_decides(self):
        def content(name, seed, threads):
            path = self.folder / name
            output_of("synth", path, "--layers", 1, "--vocabulary", 64, "--experts", 1, "--type", "q8_0", "--seed", seed,
                      "--threads", threads)
            return path.read_bytes()

        self.assertEqual(content("a.gguf", 1, 1), content("b.gguf", 1, 2))
        self.assertNotEqual(content("a.gguf", 1, 2), content("b.gguf", 2, 2))


class Kept(ModelCase):
    """Where weights are does not change an answer."""

    def setUp(self):
        super().setUp()
        self.model = self.folder / "model.gguf"
        output_of("quantize", DEMO, self.model, "--type", "q4_0")
        self.answer = output_of("run", self.model, "-p", QUESTION, "--temperature", 0)

    def stats_of(self, *arguments):
        """The lines of --stats by their first word."""
        done = tenon("run", self.model, "-p", QUESTION, "--temperature", 0, "--stats", *arguments)
        self.assertEqual(done.stdout, self.answer)
        return {line.split()[0]: line for line in done.stderr.splitlines()}

    def test_the_memory_that_was_taken_is_reported(self):
        self.assertRegex(self.stats_of()["memory:"], r"[\d.]+ [MG]iB at most; now [\d.]+ [MG]iB of its own and [\d.]+ [KMG]iB of mapped files")
        self.assertNotIn("experts:", self.stats_of())
        bench = ["bench", self.model, "-p", 0, "-n", 1, "-r", 1]
        self.assertIn("memory: ", output_of(*bench))
        row, = json.loads(output_of(*bench, "--json"))
        self.assertGreater(row["memory_peak_bytes"], row["memory_own_bytes"])

    def test_packed_weights_stay_in_a_file_beside_the_model(self):
        packed = self.folder / "model.gguf.tenon-packed"
        for _ in range(2):
            self.stats_of("--packed-cache")
            self.assertEqual(sorted(self.folder.iterdir()), [self.model, packed])
        packed.write_bytes(b"something else")
        said = tenon("run", self.model, "-p", QUESTION, "--temperature", 0, "--packed-cache")
        self.assertEqual(said.stdout, self.answer)
        self.assertEqual(said.stderr, f"tenon: warning: {packed}: is not a file of packed weights; it is made anew\n")

    def test_experts_are_read_when_they_are_needed(self):
        for arguments in ([], ["--packed-cache"]):
            line = self.stats_of("--expert-cache", "1M", *arguments)["experts:"]
            self.assertRegex(line, r"[\d.]+ % of \d+ matrices found in \d+ KiB of memory; [\d.]+ [MG]iB read, [\d.]+ s waited for")

    def test_memory_for_less_than_one_expert_is_refused(self):
        self.assert_refused(tenon("run", self.model, "-p", QUESTION, "--expert-cache", "20K"), EX_DATAERR,
                            "weights.expert_cache_bytes: is 20480, must be at least 20736")
        self.assert_refused(tenon("run", self.model, "-p", QUESTION, "--expert-cache", "much"), EX_DATAERR, "--expert-cache: is much")


if __name__ == "__main__":
    unittest.main()
