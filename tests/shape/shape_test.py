"""What ARCHITECTURE.md and CONTRIBUTING.md say of the tree, as far as a program can see it."""
import ast
import os
import pathlib
import re
import subprocess
import unittest

SOURCE = pathlib.Path(os.environ["TENON_SOURCE"])

FILE_LINES_MAX = 500
FUNCTION_LINES_MAX = 70
KERNEL_LINES_MAX = 150
COLUMNS_MAX = 112

CPP = {".c", ".h", ".cpp", ".hpp", ".inl", ".cu", ".cuh"}
HEADERS = {".h", ".hpp", ".cuh"}
README_HEADINGS = ["What it computes", "Interface", "Configuration", "State", "Files", "Numerics", "Speed", "Limits"]


def tracked_files():
    """What git tracks; where there is no git, everything that is not built."""
    listed = subprocess.run(["git", "-C", SOURCE, "ls-files", "-z"], capture_output=True, text=True)
    if listed.returncode == 0:
        paths = [SOURCE / name for name in listed.stdout.split("\0") if name]
    else:
        paths = [path for path in SOURCE.rglob("*") if "build" not in path.relative_to(SOURCE).parts]
    return sorted(path for path in paths if path.is_file() and not path.is_symlink())


FILES = tracked_files()


def text_of(path):
    """The file's text, or "" if it has none."""
    content = path.read_bytes()
    return "" if b"\0" in content else content.decode("utf-8", errors="replace")


def is_fixture(path):
    return not {"fixtures", "models", "corpus"}.isdisjoint(path.parts)


TEXTS = {path: text_of(path) for path in FILES if not is_fixture(path)}


def sources(suffixes, under=""):
    return [path for path in TEXTS if path.suffix in suffixes and path.is_relative_to(SOURCE / under)]


def plugin_folders():
    return sorted(path.parent for path in (SOURCE / "plugins").glob("*/*/CMakeLists.txt"))


def layers():
    """The layer of each folder, as ARCHITECTURE.md draws it: "a -> {b, c} -> d" gives a 2, b and c 1, d 0."""
    drawn = re.search(r"Arrows point down: (.*?)\. ", (SOURCE / "ARCHITECTURE.md").read_text())[1]
    groups = [re.findall(r"\w+", group) for group in reversed(drawn.split("->"))]
    return {name: rank for rank, group in enumerate(groups) for name in group}


def folder_of(path):
    """"engine" of core/engine/x.cpp, "apps" of apps/cli/x.cpp."""
    parts = path.relative_to(SOURCE).parts
    return parts[1] if parts[0] == "core" else parts[0]


def included_folders(path):
    """The folders of this project that a file includes by <...>."""
    for folder, below in re.findall(r"#include <(\w+)/(\w+)[^>]*>", TEXTS[path]):
        if folder == "tenon":
            yield below
        elif (SOURCE / folder).is_dir():
            yield folder


# Where a function begins in clang-formatted code, given the indentation of its closing brace.
NO_FUNCTION = re.compile(r"\s*(namespace|struct|class|enum|union|extern|typedef|using|static_assert|#|//|\}|public:|private:)")


def cpp_functions(text):
    """(first line, number of lines) of what looks like a function: a line that ends in ") ... {" to its brace."""
    lines = text.splitlines()
    for i, line in enumerate(lines):
        indent = len(line) - len(line.lstrip())
        is_start = indent in (0, 2) and re.search(r"\).*\{$", line) and not NO_FUNCTION.match(line)
        if is_start and not re.match(r"\s*(if|for|while|switch|else|do)\b", line):
            closing = " " * indent + "}"
            end = next((j for j in range(i + 1, len(lines)) if lines[j].startswith(closing)), i)
            yield i + 1, end - i + 1


def python_functions(text):
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield node.lineno, node.end_lineno - node.lineno + 1


class Shape(unittest.TestCase):
    def assert_none(self, found):
        """One line per finding."""
        lines = [f"{path.relative_to(SOURCE)}{what}" for path, what in found]
        self.assertFalse(lines, "\n" + "\n".join(lines))

    def test_no_file_is_long(self):
        code = [path for path in TEXTS if path.suffix in CPP | {".py", ".cmake", ".sh"} or path.name == "CMakeLists.txt"]
        self.assertTrue(code)
        self.assert_none((path, f": {lines} lines, at most {FILE_LINES_MAX}") for path in code
                         if (lines := TEXTS[path].count("\n")) > FILE_LINES_MAX)

    def test_no_function_is_long(self):
        found = []
        for path in sources(CPP | {".py"}):
            most = KERNEL_LINES_MAX if path.suffix in {".cu", ".cuh"} else FUNCTION_LINES_MAX
            functions = python_functions if path.suffix == ".py" else cpp_functions
            found += [(path, f":{line}: a function of {length} lines, at most {most}")
                      for line, length in functions(TEXTS[path]) if length > most]
        self.assert_none(found)

    def test_no_line_is_wide(self):
        self.assert_none((path, f":{i}: {len(line)} columns, at most {COLUMNS_MAX}") for path in sources(CPP)
                         for i, line in enumerate(TEXTS[path].splitlines(), 1) if len(line) > COLUMNS_MAX)

    def test_every_header_says_on_top_what_it_is(self):
        self.assert_none((path, ": does not begin with a comment") for path in sources(HEADERS)
                         if not TEXTS[path].startswith("//"))

    def test_every_header_is_guarded(self):
        self.assert_none((path, ": has no #pragma once") for path in sources(HEADERS)
                         if "\n#pragma once\n" not in TEXTS[path])

    def test_the_core_names_no_plugin(self):
        ids = "|".join(folder.name for folder in plugin_folders())
        word = re.compile(rf"\b({ids})\b", re.I)
        self.assert_none((path, f":{i}: names {match[1]}") for path in TEXTS if path.is_relative_to(SOURCE / "core")
                         for i, line in enumerate(TEXTS[path].splitlines(), 1) if ids and (match := word.search(line)))

    def test_nothing_is_left_for_later(self):
        note = re.compile(r"\b(TO" r"DO|FIX" r"ME)\b")
        self.assert_none((path, f":{i}: {match[1]}") for path in TEXTS
                         for i, line in enumerate(TEXTS[path].splitlines(), 1) if (match := note.search(line)))

    def test_no_path_of_somebodys_machine(self):
        machine = re.compile(r"(?<![\w.])/(?:work|home|root|Users)/\w+")
        self.assert_none((path, f":{i}: {match[0]}") for path in TEXTS
                         for i, line in enumerate(TEXTS[path].splitlines(), 1) if (match := machine.search(line)))

    def test_every_plugin_has_a_readme_with_the_same_headings(self):
        for folder in plugin_folders():
            with self.subTest(plugin=folder.name):
                text = (folder / "README.md").read_text()
                self.assertEqual(re.findall(r"^# (.*)$", text, re.M)[0], folder.name)
                self.assertEqual(re.findall(r"^## (.*)$", text, re.M), README_HEADINGS)

    def test_every_plugin_stands_in_the_table(self):
        table = (SOURCE / "plugins" / "README.md").read_text()
        rows = re.findall(r"^\| `(\w+)` \| [^|]* \| `([^`]*)` \|", table, re.M)
        folders = [(folder.name, str(folder.relative_to(SOURCE / "plugins"))) for folder in plugin_folders()]
        self.assertEqual(sorted(rows), sorted(folders))

    def test_includes_point_down(self):
        rank = layers()
        self.assertEqual((rank["abi"], rank["sdk"], rank["base"]), (0, 1, 2))
        found = []
        for path in sources(CPP):
            folder = folder_of(path)
            if folder in rank:
                found += [(path, f": includes {below}, which {folder} must not know") for below in included_folders(path)
                          if rank.get(below, len(rank)) > rank[folder]]
        self.assert_none(found)

    def test_plugins_include_the_sdk_and_the_abi_alone(self):
        own = [path for folder in ("plugins", "examples") for path in sources(CPP, folder)
               if not path.stem.endswith(("_test", "_bench")) and path.parent.name != "ask"]  # that one is a program
        self.assert_none((path, f": includes {below}") for path in own for below in included_folders(path)
                         if below not in ("sdk", "abi"))


if __name__ == "__main__":
    unittest.main()
