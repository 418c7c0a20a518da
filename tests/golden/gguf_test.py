"""GGUF files compute what the checkpoints they were made of compute.

usage: gguf_test.py TENON FIXTURES
"""
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

TENON, FIXTURES = sys.argv[1], pathlib.Path(sys.argv[2])
OUTSIDE = os.environ.get("TENON_TEST_DATA")


def run(*arguments):
    return subprocess.run([TENON, *map(str, arguments)], capture_output=True, text=True)


class OwnFiles(unittest.TestCase):
    """Files that `tenon quantize` writes."""

    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)

    def written(self, fixture, *arguments):
        path = pathlib.Path(self.folder.name) / f"{fixture}.gguf"
        done = run("quantize", FIXTURES / fixture, path, *arguments)
        self.assertEqual(done.returncode, 0, done.stderr)
        return path

    def assert_parity(self, model, fixture, *arguments):
        done = run("parity", model, "--golden", FIXTURES / fixture / "golden.safetensors", *arguments)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_the_new_layout_computes_the_same(self):
        for fixture in ("tiny", "yarn", "variants", "sharded"):
            with self.subTest(fixture=fixture):
                self.assert_parity(self.written(fixture, "--type", "f32"), fixture)

    def test_scales_of_f8_are_multiplied_in(self):
        self.assert_parity(self.written("fp8", "--type", "f32"), "fp8")

    def test_bf16_stays_what_it_is(self):
        self.assert_parity(self.written("real-dims", "--type", "bf16"), "real-dims")

    def test_quantised_matrices_stay_near(self):
        for matrix_type, divergence in (("q8_0", 0.001), ("q4_0", 0.1)):
            with self.subTest(type=matrix_type):
                self.assert_parity(self.written("real-dims", "--type", matrix_type), "real-dims", "--kl", divergence)


@unittest.skipUnless(OUTSIDE, "TENON_TEST_DATA is not set, expected the folder that holds gguf/")
class OtherFiles(unittest.TestCase):
    """Files that another converter wrote."""

    def assert_parity(self, name, golden, *arguments):
        done = run("parity", pathlib.Path(OUTSIDE) / "gguf" / name, "--golden", pathlib.Path(OUTSIDE) / golden, *arguments)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_bf16_equals_the_checkpoint(self):
        self.assert_parity("real-dims-BF16.gguf", "fixtures/real-dims/golden.safetensors")

    def test_quantised_files_are_near_the_reference_on_the_same_numbers(self):
        for matrix_type in ("Q8_0", "Q4_0"):
            with self.subTest(type=matrix_type):
                name = f"real-dims-{matrix_type}"
                self.assert_parity(f"{name}.gguf", f"gguf/{name}.golden.safetensors", "--kl", 0.001)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
