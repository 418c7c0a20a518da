"""tenon quantize into directories, interrupted conversions, tenon perplexity."""
import json
import random
import resource
import signal
import subprocess
import unittest

from program import DEMO, EX_DATAERR, EX_IOERR, FIXTURES, TENON, ModelCase, output_of, read_header, tenon

QUESTION = "What is the capital of France?"
HALF = 7 << 20  # bytes of the file that --type q4_k makes of the demo model


class Directories(ModelCase):
    def written(self, *arguments, model=DEMO, name="out"):
        path = self.folder / name
        return path, output_of("quantize", model, path, *arguments)

    def header(self, path):
        return read_header(path / "model.safetensors")[0]

    def test_a_directory_has_everything_that_runs(self):
        path, report = self.written("--type", "int8")
        self.assertIn("int8", report)
        self.assertEqual(output_of("run", path, "-p", QUESTION, "--temperature", 0),
                         output_of("run", DEMO, "-p", QUESTION, "--temperature", 0))
        self.assertEqual(output_of("template", path, "--user", "Hi"), output_of("template", DEMO, "--user", "Hi"))
        self.assertEqual([entry.name for entry in self.folder.iterdir()], ["out"])

    def test_every_type_answers_nearly_as_its_source(self):
        text = self.folder / "text"
        text.write_text("The capital of France is Paris. " * 60)
        for matrix_type, divergence in (("fp8", 0.02), ("int8", 0.01), ("int4_32", 0.2)):
            with self.subTest(type=matrix_type):
                path, _ = self.written("--type", matrix_type, name=matrix_type)
                report = json.loads(output_of("perplexity", path, text, "--vs", DEMO, "--window", 64, "--windows", 2,
                                              "--json"))
                self.assertLess(report["mean_kl"], divergence)
                self.assertEqual(report["tokens"], 64)

    def test_fp8_is_laid_out_as_published(self):
        path, _ = self.written("--type", "fp8", model=FIXTURES / "real-dims")
        header = self.header(path)
        gate = "model.layers.0.linear_attn.in_proj_qkvz.weight"
        self.assertEqual((header[gate]["dtype"], header[gate + "_scale_inv"]["dtype"]), ("F8_E4M3", "F32"))
        rows, columns = header[gate]["shape"]
        self.assertEqual(header[gate + "_scale_inv"]["shape"], [-(-rows // 128), -(-columns // 128)])
        self.assertEqual(header["lm_head.weight"]["dtype"], "BF16")
        self.assertEqual(header["model.layers.0.mlp.gate.weight"]["dtype"], "BF16")
        config = json.loads((path / "config.json").read_text())["quantization_config"]
        self.assertEqual((config["quant_method"], config["weight_block_size"]), ("fp8", [128, 128]))
        self.assertIn("lm_head", config["modules_to_not_convert"])
        self.assertIn("model.layers.0.mlp.gate", config["modules_to_not_convert"])
        self.assertNotIn("model.layers.0.linear_attn.out_proj", config["modules_to_not_convert"])

    def test_integers_are_laid_out_as_compressed_tensors(self):
        path, _ = self.written("--type", "int4", "--tensor", "lm_head=int8", model=FIXTURES / "real-dims")
        header = self.header(path)
        name = "model.layers.0.linear_attn.out_proj.weight"
        self.assertEqual({key.removeprefix(name): (header[key]["dtype"], header[key]["shape"])
                          for key in header if key.startswith(name)},
                         {"_packed": ("I32", [128, 64]), "_scale": ("BF16", [128, 4]), "_shape": ("I64", [2])})
        self.assertEqual(header["lm_head.weight_packed"]["shape"], [1024, 32])
        config = json.loads((path / "config.json").read_text())["quantization_config"]
        self.assertEqual((config["quant_method"], config["format"]), ("compressed-tensors", "pack-quantized"))
        groups = {(group["weights"]["num_bits"], group["weights"]["group_size"]): group["targets"]
                  for group in config["config_groups"].values()}
        self.assertEqual(groups[8, 128], ["lm_head"])
        # Experts of 64 inputs are in groups of 32.
        self.assertIn(r"re:^model\.layers\.\d+\.mlp\.experts\.\d+\.down_proj$", groups[4, 32])
        self.assertIn(r"re:^model\.layers\.\d+\.linear_attn\.out_proj$", groups[4, 128])
        self.assertIn(r"re:^model\.layers\.\d+\.mlp\.gate$", config["ignore"])
        output_of("inspect", path, "--json")

    def test_a_directory_can_be_quantised_again_only_from_floats(self):
        path, _ = self.written("--type", "int8", model=FIXTURES / "real-dims")
        self.assert_refused(tenon("quantize", path, self.folder / "x.gguf"), EX_DATAERR, "i32")
        eight, _ = self.written("--type", "fp8", model=FIXTURES / "real-dims", name="eight")
        output_of("quantize", eight, self.folder / "x.gguf")

    def test_what_cannot_be_done_leaves_nothing(self):
        path = self.folder / "out"
        self.assert_refused(tenon("quantize", DEMO, path, "--type", "q4_k"), EX_DATAERR, "q4_k", "int4")
        self.assert_refused(tenon("quantize", DEMO, path, "--type", "fp8", "--tensor", "experts=int4"), EX_DATAERR, "fp8")
        self.assert_refused(tenon("quantize", DEMO, path, "--calibrate", self.folder / "none"), EX_IOERR, "none")
        self.assertEqual(list(self.folder.iterdir()), [])
        path.mkdir()
        (path / "mine").write_text("x")
        self.assert_refused(tenon("quantize", DEMO, path), EX_DATAERR, "is there already")
        self.assertEqual((path / "mine").read_text(), "x")


class Interrupted(ModelCase):
    """Processes that are killed at random points."""

    def content(self, path):
        files = sorted(path.rglob("*")) if path.is_dir() else [path]
        return {str(file.relative_to(path)): file.read_bytes() for file in files if file.is_file()}

    def kill_until_done(self, model, path, *arguments):
        """How often it was killed."""
        choose = random.Random(7)
        killed = 0
        while True:
            process = subprocess.Popen([TENON, "quantize", model, path, *map(str, arguments), "--resume"],
                                       stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
            # Longer each time, so that this ends however slow the machine is.
            try:
                output, errors = process.communicate(timeout=choose.uniform(0.05, 0.15) * (1 + killed))
                self.assertEqual((process.returncode, errors), (0, ""))
                return killed, output
            except subprocess.TimeoutExpired:
                process.send_signal(signal.SIGKILL)
                process.communicate()
                self.assertFalse(path.exists() and path.is_file(), "half a file is seen")
                killed += 1

    def test_a_resumed_conversion_gives_the_same_bytes(self):
        for name, arguments in (("x.gguf", ("--type", "q4_k")), ("x", ("--type", "int4_32"))):
            with self.subTest(name=name):
                whole, path = self.folder / ("whole-" + name), self.folder / name
                report = output_of("quantize", DEMO, whole, *arguments)
                killed, resumed = self.kill_until_done(DEMO, path, *arguments)
                self.assertGreater(killed, 0)
                self.assertEqual(sorted(self.content(path)), sorted(self.content(whole)))
                self.assertTrue(self.content(path) == self.content(whole))
                self.assertEqual(resumed, report)
        self.assertEqual(len(list(self.folder.iterdir())), 4)

    def leave_half(self, path):
        """A conversion that ends without warning within its file; that and its record."""
        def limit():
            resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
            resource.setrlimit(resource.RLIMIT_FSIZE, (HALF, HALF))

        done = subprocess.run([TENON, "quantize", DEMO, path, "--type", "q4_k", "-t", "1"], stdout=subprocess.DEVNULL,
                              preexec_fn=limit)
        self.assertEqual(done.returncode, -signal.SIGXFSZ)
        part, record = path.parent / f".{path.name}.part", path.parent / f".{path.name}.part.done"
        self.assertEqual(part.stat().st_size, HALF)
        self.assertGreater(len(record.read_text().splitlines()), 20)
        return part, record

    def test_what_was_damaged_is_not_believed(self):
        whole = self.folder / "whole.gguf"
        output_of("quantize", DEMO, whole, "--type", "q4_k")
        for damage in ("bytes", "record", "header", "cut"):
            with self.subTest(damage=damage):
                path = self.folder / f"{damage}.gguf"
                part, record = self.leave_half(path)
                content = bytearray(part.read_bytes())
                if damage == "bytes":
                    content[-len(content) // 3] ^= 1
                elif damage == "header":
                    content[20] ^= 1
                elif damage == "cut":
                    del content[len(content) // 2:]
                else:
                    record.write_text(record.read_text()[:-7] + "x\n")
                part.write_bytes(content)
                output_of("quantize", DEMO, path, "--type", "q4_k", "--resume")
                self.assertEqual(path.read_bytes(), whole.read_bytes())

    def test_another_task_begins_anew(self):
        path, whole = self.folder / "x.gguf", self.folder / "whole.gguf"
        self.leave_half(path)
        output_of("quantize", DEMO, path, "--type", "q4_0", "--resume")
        output_of("quantize", DEMO, whole, "--type", "q4_0")
        self.assertEqual(path.read_bytes(), whole.read_bytes())

    def test_a_changed_source_begins_anew(self):
        model = self.copy_of(DEMO)
        path, whole = self.folder / "x.gguf", self.folder / "whole.gguf"
        part, record = self.leave_half(path)
        before = record.read_text()
        output_of("quantize", model, path, "--type", "q4_k", "--resume")  # the same content elsewhere
        output_of("quantize", model, whole, "--type", "q4_k")
        self.assertEqual(path.read_bytes(), whole.read_bytes())
        self.assertTrue(before)


class Perplexity(ModelCase):
    def text(self, content):
        path = self.folder / "text"
        path.write_text(content)
        return path

    def test_a_model_is_as_near_to_itself_as_can_be(self):
        text = self.text("What is the capital of France? Paris is. " * 40)
        report = json.loads(output_of("perplexity", DEMO, text, "--vs", DEMO, "--window", 48, "--json"))
        self.assertEqual(report["perplexity"], report["reference"]["perplexity"])
        self.assertLess(abs(report["mean_kl"]), 1e-12)
        self.assertEqual(report["top_1"], 1)
        self.assertEqual(report["tokens"], report["windows"] * 24)

    def test_text_like_the_models_own_is_guessed_better(self):
        def value(content):
            return json.loads(output_of("perplexity", DEMO, self.text(content), "--window", 32, "--json"))["perplexity"]

        choose = random.Random(1)
        noise = "".join(choose.choice("qxzjkvwy#@~^ ") for _ in range(400))
        self.assertLess(value("The capital of France is Paris. " * 30), value(noise))

    def test_windows_do_not_depend_on_threads_or_on_each_other(self):
        text = self.text("One two three four five six seven eight nine ten. " * 40)
        reports = [json.loads(output_of("perplexity", DEMO, text, "--window", 32, "--json", "-t", threads))
                   for threads in (1, 2)]
        self.assertEqual(reports[0], reports[1])

    def test_calibrating_compares_what_was_written_with_its_source(self):
        text = self.text("The capital of France is Paris. " * 200)
        report = output_of("quantize", DEMO, self.folder / "x.gguf", "--type", "q8_0", "--calibrate", text)
        lines = report.splitlines()
        self.assertEqual([line.split()[0] for line in lines[-5:]], ["perplexity", "before", "after", "mean", lines[-1].split()[0]])
        self.assertIn("windows of 512 tokens", lines[-1])
        before, after = (float(line.split()[1]) for line in lines[-4:-2])
        self.assertLess(abs(after / before - 1), 0.02)

    def test_bad_input_is_refused(self):
        self.assert_refused(tenon("perplexity", DEMO, self.text("short")), EX_DATAERR, "text", "window of 512")
        self.assert_refused(tenon("perplexity", DEMO, self.folder / "none"), EX_IOERR, "none")
        self.assert_refused(tenon("perplexity", FIXTURES / "tiny", self.text("x")), EX_DATAERR, "tokenizer")


if __name__ == "__main__":
    unittest.main()
