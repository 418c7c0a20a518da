"""Swapping a plugin in a description changes what it should and nothing else.

usage: swaps_test.py TENON FIXTURES
"""
import pathlib
import subprocess
import sys
import tempfile
import unittest

TENON, FIXTURES = sys.argv[1], pathlib.Path(sys.argv[2])


def imported(fixture):
    return subprocess.run([TENON, "import", FIXTURES / fixture], check=True, capture_output=True, text=True).stdout


def parity(text, fixture):
    """The exit code of parity for a description, against the fixture's golden tensors."""
    with tempfile.TemporaryDirectory() as folder:
        model = pathlib.Path(folder) / "model.toml"
        model.write_text(text)
        golden = FIXTURES / fixture / "golden.safetensors"
        return subprocess.run([TENON, "parity", model, "--golden", golden], capture_output=True, text=True).returncode


def replaced(text, old, new):
    assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in the description"
    return text.replace(old, new)


class Swaps(unittest.TestCase):
    def test_an_imported_description_is_the_directory(self):
        self.assertEqual(parity(imported("tiny"), "tiny"), 0)

    def test_the_plain_cache_manager_gives_the_same(self):
        for fixture in ("tiny", "variants"):
            text = replaced(imported(fixture), 'plugin = "hybrid_paged"', 'plugin = "contiguous"')
            self.assertEqual(parity(text, fixture), 0, fixture)

    def test_yarn_of_factor_one_is_plain_rotary_encoding(self):
        text = replaced(imported("tiny"), 'plugin = "rope"', 'plugin = "yarn"\nfactor = 1.0\noriginal_context = 4096')
        self.assertEqual(parity(text, "tiny"), 0)

    def test_plain_rotary_encoding_is_not_yarn(self):
        text = imported("yarn")
        begin, end = text.index("[position]"), text.index("# Memory for sequences")
        plain = '[position]\nplugin = "rope"\nrotary_dim = 8\ntheta = 10000000.0\n\n'
        self.assertEqual(parity(text[:begin] + plain + text[end:], "yarn"), 65)

    def test_rounded_keys_and_values_are_seen(self):
        text = replaced(imported("tiny"), 'kv_type = "f32"', 'kv_type = "bf16"')
        self.assertEqual(parity(text, "tiny"), 65)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
