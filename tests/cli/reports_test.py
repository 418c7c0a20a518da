"""tenon inspect, plugins, devices, parity, tokenize, template."""
import json
import shutil
import unittest

from program import DEMO, EX_DATAERR, FIXTURES, SOURCE, ModelCase, output_of, tenon

SHIPPED = {"gated_deltanet", "gated_attention", "sparse_moe", "dense_mlp", "hybrid_paged", "contiguous", "mtp", "ngram",
           "yarn", "rope"}


class Inspect(ModelCase):
    def test_the_published_model_has_its_published_number_of_parameters(self):
        report = json.loads(output_of("inspect", SOURCE / "configs/qwen3-next-80b-a3b-instruct.toml", "--json"))
        self.assertEqual(report["parameters"], 81324862720)
        self.assertEqual(len(report["layers"]), 48)
        self.assertEqual([layer["mixer"] for layer in report["layers"][:4]], ["gated_deltanet"] * 3 + ["gated_attention"])
        self.assertEqual([row["tokens"] for row in report["memory"]], [4096, 32768, 262144, 1048576])
        self.assertEqual(report["bytes_per_token"], 13 * 2048)
        self.assertEqual(report["bytes_per_sequence"], 36 * 2195456)

    def test_every_description_in_configs_is_good(self):
        configs = sorted((SOURCE / "configs").glob("*.toml"))
        self.assertGreaterEqual(len(configs), 5)
        for config in configs:
            self.assertIn("parameters", output_of("inspect", config))

    def test_a_checkpoint_counts_what_is_stored(self):
        report = json.loads(output_of("inspect", FIXTURES / "tiny", "--json"))
        self.assertEqual(report["weight_bytes"], 4 * report["parameters"])
        self.assertLess(report["active_parameters"], report["parameters"])
        tied = json.loads(output_of("inspect", FIXTURES / "variants", "--json"))
        self.assertEqual(tied["speculative"], None)


class Plugins(ModelCase):
    def test_what_is_shipped_is_found(self):
        reports = json.loads(output_of("plugins", "--json"))
        self.assertEqual({report["name"] for report in reports}, SHIPPED)
        self.assertTrue(all(report["ok"] for report in reports))
        text = output_of("plugins", "--schema")
        self.assertIn("kv_type", text)
        self.assertIn("how keys and values are stored", text)

    def test_a_plugin_outside_runs_only_if_allowed(self):
        reports = json.loads(output_of("plugins", "--json"))
        path = next(report["path"] for report in reports if report["name"] == "rope")
        self.folder.chmod(0o755)
        shutil.copy(path, self.folder / "tenon_rope.so")

        def report(*arguments):
            found = json.loads(output_of("plugins", "--json", "--plugin-dir", self.folder, *arguments))
            return next(entry for entry in found if entry["path"].startswith(str(self.folder)))

        self.assertFalse(report()["ok"])
        self.assertIn("--allow-plugin rope", report()["reason"])
        self.assertTrue(report("--allow-plugin", "rope")["ok"])
        self.assertFalse(report("--allow-plugin", "rope=" + "0" * 64)["ok"])


class Parity(ModelCase):
    def test_a_dump_is_a_golden_file(self):
        dump = self.folder / "dump.safetensors"
        output_of("parity", FIXTURES / "tiny", "--dump", dump)
        output_of("parity", FIXTURES / "tiny", "--golden", dump, "--tolerance", 0)

    def test_another_model_is_out_of_tolerance(self):
        done = tenon("parity", FIXTURES / "tiny", "--golden", FIXTURES / "yarn" / "golden.safetensors", "--json")
        self.assertEqual(done.returncode, EX_DATAERR)
        report = json.loads(done.stdout)
        self.assertGreater(report["failed"], 0)
        self.assertEqual(report["failed"], sum(not tensor["ok"] for tensor in report["tensors"]))
        self.assertIn("tensors are beyond", done.stderr)

    def test_a_golden_file_must_have_a_prompt(self):
        done = tenon("parity", FIXTURES / "tiny", "--golden", FIXTURES / "tiny" / "model.safetensors")
        self.assert_refused(done, EX_DATAERR, "prompt_ids")


class TextFilters(ModelCase):
    def test_tokenize_answers_line_by_line(self):
        lines = [{"text": "Hello!"}, {"text": ""}, {"txt": "?"}]
        stdin = "\n".join(json.dumps(line) for line in lines) + "\n\nnot json\n"
        answers = [json.loads(line) for line in output_of("tokenize", DEMO / "tokenizer.json", "--jsonl",
                                                          stdin=stdin).splitlines()]
        self.assertEqual(len(answers), 4)
        self.assertGreater(len(answers[0]["ids"]), 0)
        self.assertEqual(answers[1]["ids"], [])
        self.assertIn("error", answers[2])
        self.assertIn("error", answers[3])
        back = output_of("tokenize", DEMO / "tokenizer.json", "--jsonl", "--decode", stdin=json.dumps(answers[0]) + "\n")
        self.assertEqual(json.loads(back), {"text": "Hello!"})

    def test_template_answers_line_by_line(self):
        good = {"messages": [{"role": "user", "content": "Hello, wörld!"}], "add_generation_prompt": True}
        stdin = json.dumps(good) + "\n" + json.dumps({"messages": 3}) + "\n"
        answers = [json.loads(line) for line in output_of("template", DEMO / "chat_template.jinja", "--jsonl",
                                                          stdin=stdin).splitlines()]
        self.assertIn("Hello, wörld!", answers[0]["rendered"])
        self.assertIn("error", answers[1])


if __name__ == "__main__":
    unittest.main()
