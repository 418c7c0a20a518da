"""Bad input of every kind: one clear line, the right exit code, nothing half-written."""
import json
import os
import unittest

from program import (DEMO, EX_DATAERR, EX_IOERR, EX_OSERR, EX_UNAVAILABLE, EX_USAGE, FIXTURES, ModelCase, change_json,
                     output_of, read_header, tenon, write_header)


class CommandLine(ModelCase):
    def test_unknown_commands_and_options_are_usage_errors(self):
        for arguments in ([], ["fly"], ["run", "--fly"], ["run", "--temperature", "warm"], ["run", "--temperature", "-1"],
                          ["run", "--top-p", "2"], ["run", "-n", "0"], ["run", "--thinking", "perhaps"], ["import"],
                          ["--log", "loudly", "devices"], ["parity", "--tolerance", "-1"]):
            self.assert_refused(tenon(*arguments), EX_USAGE)

    def test_help_is_not_an_error(self):
        for arguments in (["--help"], ["run", "--help"], ["--version"]):
            self.assertGreater(len(output_of(*arguments)), 10)

    def test_values_that_make_no_sense_are_named(self):
        self.assert_refused(tenon("run", "-p", "a", "--memory", "much"), EX_DATAERR, "--memory", "much")
        self.assert_refused(tenon("run", "-p", "a", "--chat-template-kwargs", "{"), EX_DATAERR, "--chat-template-kwargs")
        self.assert_refused(tenon("run", "-p", "a", "--chat-template-kwargs", "[]"), EX_DATAERR, "--chat-template-kwargs")
        self.assert_refused(tenon("run", "-p", "a", "--plugin-dir", "plugins"), EX_DATAERR, "--plugin-dir", "absolute")
        self.assert_refused(tenon("run", "-p", "a", "--allow-plugin", "../x"), EX_DATAERR, "--allow-plugin")
        self.assert_refused(tenon("run", "-p", "a", environment={"TENON_ISA": "mmx"}), EX_DATAERR, "TENON_ISA", "mmx")


class Checkpoint(ModelCase):
    def run_model(self, model):
        return tenon("run", model, "-p", "Hello!", "-n", 3)

    def test_missing_files_are_named(self):
        self.assert_refused(self.run_model(self.folder / "nothing"), EX_IOERR, "nothing", "No such file")
        self.assert_refused(self.run_model(self.folder), EX_IOERR, "config.json", "No such file")
        model = self.copy_of(DEMO)
        (model / "model.safetensors").unlink()
        self.assert_refused(self.run_model(model), EX_DATAERR, "weights")

    def test_a_link_that_leads_nowhere_is_named(self):
        model = self.copy_of(DEMO)
        (model / "config.json").unlink()
        os.symlink("config.json", model / "config.json")
        self.assert_refused(self.run_model(model), EX_IOERR, "config.json", "symbolic links")

    def test_config_values_are_checked(self):
        for key, value in (("hidden_size", -1), ("hidden_size", "wide"), ("num_hidden_layers", 10**9), ("head_dim", None),
                           ("model_type", "gpt2"), ("hidden_act", "gelu"), ("rms_norm_eps", [1]),
                           ("layer_types", ["full_attention"]), ("rope_scaling", {"type": "longer"}),
                           ("quantization_config", {"quant_method": "awq"})):
            with self.subTest(key=key, value=value):
                model = self.copy_of(DEMO)
                change_json(model / "config.json", **{key: value})
                self.assert_refused(self.run_model(model), EX_DATAERR, "config.json", key.split("_")[0])
                self.doCleanups_of(model)

    def doCleanups_of(self, model):
        for path in model.iterdir():
            path.unlink()
        model.rmdir()

    def test_nan_is_not_a_number_in_a_config(self):
        model = self.copy_of(DEMO)
        config = json.loads((model / "config.json").read_text())
        config["rms_norm_eps"] = float("nan")
        (model / "config.json").write_text(json.dumps(config))
        self.assert_refused(self.run_model(model), EX_DATAERR, "config.json", "not valid JSON")

    def test_a_file_cut_short_is_refused(self):
        model = self.copy_of(DEMO)
        weights = model / "model.safetensors"
        os.truncate(weights, weights.stat().st_size - 1000)
        self.assert_refused(self.run_model(model), EX_DATAERR, "model.safetensors", "cut short")
        os.truncate(weights, 4)
        self.assert_refused(self.run_model(model), EX_DATAERR, "model.safetensors", "too short")

    def test_an_absurd_header_length_is_refused(self):
        model = self.copy_of(DEMO)
        (model / "model.safetensors").write_bytes(b"\xff" * 8 + b"{}")
        self.assert_refused(self.run_model(model), EX_DATAERR, "model.safetensors", "18446744073709551615")

    def test_overlapping_tensors_are_refused(self):
        model = self.copy_of(DEMO)
        header, data = read_header(model / "model.safetensors")
        name = "model.norm.weight"
        begin, end = header[name]["data_offsets"]
        header[name]["data_offsets"] = [begin - 8, end - 8]
        write_header(model / "model.safetensors", header, data)
        self.assert_refused(self.run_model(model), EX_DATAERR, "model.safetensors", "begins at byte")

    def test_missing_and_unknown_tensors_are_named_all_at_once(self):
        model = self.copy_of(FIXTURES / "tiny")
        header, data = read_header(model / "model.safetensors")
        for old, new in (("model.norm.weight", "model.norms.weight"),
                         ("model.layers.1.linear_attn.dt_bias", "model.layers.1.linear_attn.bias_dt")):
            header[new] = header.pop(old)
        write_header(model / "model.safetensors", header, data)
        done = tenon("inspect", model)
        self.assert_refused(done, EX_DATAERR, "2 tensors are missing", "model.norm.weight for model",
                            "layer 1: gated_deltanet", "2 tensors are not asked for", "model.norms.weight", "bias_dt")

    def test_a_tensor_of_another_shape_is_named_with_both(self):
        model = self.copy_of(FIXTURES / "tiny")
        header, data = read_header(model / "model.safetensors")
        header["model.embed_tokens.weight"]["shape"] = [256, 128]
        write_header(model / "model.safetensors", header, data)
        self.assert_refused(tenon("inspect", model), EX_DATAERR, "model.embed_tokens.weight is [256, 128]",
                            "expected [512, 64]")


class Text(ModelCase):
    def test_another_kind_of_tokenizer_is_refused(self):
        model = self.copy_of(DEMO)
        tokenizer = json.loads((model / "tokenizer.json").read_text())
        tokenizer["model"]["type"] = "WordPiece"
        (model / "tokenizer.json").write_text(json.dumps(tokenizer))
        self.assert_refused(tenon("run", model, "-p", "Hello!"), EX_DATAERR, "tokenizer.json", "WordPiece")

    def test_a_model_without_a_tokenizer_says_so(self):
        self.assert_refused(tenon("run", FIXTURES / "tiny", "-p", "Hello!"), EX_DATAERR, "tokenizer")

    def test_a_template_that_raises_says_what(self):
        model = self.copy_of(DEMO)
        (model / "chat_template.jinja").write_text("{{ raise_exception('No roles today.') }}")
        self.assert_refused(tenon("run", model, "-p", "Hello!"), EX_DATAERR, "chat_template.jinja", "No roles today.")

    def test_a_template_that_loops_is_stopped(self):
        model = self.copy_of(DEMO)
        (model / "chat_template.jinja").write_text(
            "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}")
        self.assert_refused(tenon("run", model, "-p", "Hello!"), EX_DATAERR, "chat_template.jinja")

    def test_a_prompt_longer_than_the_context_is_refused_with_both_lengths(self):
        self.assert_refused(tenon("run", "--raw", "-p", "word " * 5000), EX_DATAERR, "prompt", "4096")

    def test_a_prompt_that_is_not_text_is_refused(self):
        done = tenon("run", "--raw", "-p", os.fsdecode(b"\xff\xfe"))
        self.assert_refused(done, EX_DATAERR, "UTF-8")


class Limits(ModelCase):
    def test_too_little_memory_is_refused_with_the_numbers(self):
        self.assert_refused(tenon("run", "-p", "Hello!", "--memory", 1000), EX_OSERR, "1000 bytes")

    def test_a_device_that_is_not_there_is_refused(self):
        model = self.folder / "model.toml"
        model.write_text(output_of("import", DEMO).replace("[model]", '[model]\ndevice = "cuda:0"'))
        self.assert_refused(tenon("run", model, "-p", "Hello!"), EX_UNAVAILABLE, "device")

    def test_a_step_too_small_for_the_model_is_refused(self):
        self.assert_refused(tenon("run", "-p", "Hello!", "--step-tokens", 10), EX_DATAERR, "tokens_per_step", "10")


class Description(ModelCase):
    def refusal_of(self, old, new):
        text = output_of("import", DEMO)
        self.assertIn(old, text)
        model = self.folder / "model.toml"
        model.write_text(text.replace(old, new, 1))
        return tenon("run", model, "-p", "Hello!")

    def test_an_unknown_key_comes_with_its_place_and_the_nearest(self):
        done = self.refusal_of("vocabulary =", "vocabulry =")
        self.assert_refused(done, EX_DATAERR, "model.vocabulry: is not a known key (did you mean vocabulary?)",
                            "model.toml:8:1)")

    def test_an_unknown_plugin_comes_with_the_nearest(self):
        self.assert_refused(self.refusal_of('"gated_deltanet"', '"gated_deltnet"'), EX_DATAERR, "plugin gated_deltnet",
                            "did you mean gated_deltanet?", "model.toml:")

    def test_a_plugin_of_another_kind_is_refused(self):
        self.assert_refused(self.refusal_of('"gated_deltanet"', '"sparse_moe"'), EX_DATAERR, "sparse_moe",
                            "tenon.token_mixer/1", "model.toml:")

    def test_a_value_the_plugin_refuses_comes_with_its_place(self):
        self.assert_refused(self.refusal_of("key_dim = 32", "key_dim = 33"), EX_DATAERR, "gated_deltanet", "key_dim is 33",
                            "a multiple of 16", "model.toml:")

    def test_toml_that_is_none_comes_with_its_place(self):
        self.assert_refused(self.refusal_of("[layers]", "[layers"), EX_DATAERR, "not valid TOML", "model.toml:")

    def test_a_path_is_no_plugin_name(self):
        self.assert_refused(self.refusal_of('"gated_deltanet"', '"../gated_deltanet"'), EX_DATAERR, "not a plugin name")


if __name__ == "__main__":
    unittest.main()
