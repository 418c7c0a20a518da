"""The examples, as their README files say: installed Tenon, then a plugin and a program built outside the tree.

usage: examples_test.py CMAKE SOURCE BUILD
"""
import pathlib
import subprocess
import sys
import tempfile
import unittest

CMAKE, SOURCE, BUILD = sys.argv[1], pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3])
PLUGIN_NEEDS_NEITHER = ["-DCMAKE_DISABLE_FIND_PACKAGE_spdlog=ON", "-DCMAKE_DISABLE_FIND_PACKAGE_nlohmann_json=ON"]


def run(*command):
    done = subprocess.run([*map(str, command)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert done.returncode == 0, (command, done.stdout)
    return done.stdout


class Examples(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="tenon-test-")
        cls.addClassCleanup(folder.cleanup)
        cls.folder = pathlib.Path(folder.name)
        cls.prefix = cls.folder / "installed"
        run(CMAKE, "--install", BUILD, "--prefix", cls.prefix)

    def build(self, example, *options):
        build = self.folder / example
        run(CMAKE, "-S", SOURCE / "examples" / example, "-B", build, f"-DCMAKE_PREFIX_PATH={self.prefix}", *options)
        run(CMAKE, "--build", build)
        return build

    def test_a_plugin(self):
        plugin = self.build("scaled_mlp", *PLUGIN_NEEDS_NEITHER) / "plugins" / "tenon_scaled_mlp.so"
        self.assertIn("ok", run(self.prefix / "bin" / "tenon-validate", plugin))

    def test_a_program(self):
        ask = self.build("ask") / "ask"
        description = self.folder / "demo.toml"
        description.write_text(run(self.prefix / "bin" / "tenon", "import", SOURCE / "models" / "demo"))
        self.assertIn("42", run(ask, description, "What is 12 + 30?"))


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
