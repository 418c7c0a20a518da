"""Every plugin that was built exports its entry, and nothing besides."""
import os
import pathlib
import subprocess
import unittest

NM = os.environ["TENON_NM"]
FOLDERS = [pathlib.Path(folder) for folder in os.environ["TENON_PLUGIN_FOLDERS"].split(":")]
# Fakes that are there to be refused for their symbol.
WITHOUT_ENTRY = {"tenon_missing_symbol.so"}


def exported_symbols(path):
    listed = subprocess.run([NM, "-D", "--defined-only", path], capture_output=True, text=True, check=True)
    return [line.split()[-1] for line in listed.stdout.splitlines()]


class Exports(unittest.TestCase):
    def test_are_the_entry_alone(self):
        plugins = [path for folder in FOLDERS for path in sorted(folder.glob("*.so"))]
        self.assertTrue(plugins, f"no plugins in {FOLDERS}")
        for path in plugins:
            with self.subTest(plugin=path.name):
                expected = [] if path.name in WITHOUT_ENTRY else ["tenon_plugin_entry"]
                self.assertEqual(exported_symbols(path), expected)


if __name__ == "__main__":
    unittest.main()
