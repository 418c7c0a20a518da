#!/usr/bin/env python3
"""Plants faults, one at a time, in a copy of the tree, and sees whether the tests catch them. See README.md."""
import argparse
import contextlib
import os
import pathlib
import re
import resource
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
SOURCE = HERE.parents[1]

RUN_SECONDS_MAX = 60
MEMORY_MAX = 16 << 30  # bytes of addresses; a planted fault may ask for ever more

# What a patch may name in caught-by: the program, and what has to be built for it.
MODEL_PLUGINS = ["tenon_" + name for name in (
    "gated_attention", "gated_deltanet", "contiguous", "hybrid_paged", "dense_mlp", "sparse_moe", "rope", "mtp")]
PROGRAMS = {
    "engine": ("bin/tests/engine", ["engine", *MODEL_PLUGINS]),
    "engine.sampler": ("bin/tests/engine.sampler", ["engine.sampler"]),
    "plugin.hybrid_paged": ("bin/tests/plugin.hybrid_paged", ["plugin.hybrid_paged"]),
    "tenon-sim": ("bin/tenon-sim", ["tenon-sim"]),
}


class Failure(Exception):
    """Said in one line."""


class Hunk:
    def __init__(self, line):
        self.line = line  # the first of the original's lines, from 1
        self.old, self.new = [], []

    def add(self, line):
        if line[0] in " -":
            self.old.append(line[1:])
        if line[0] in " +":
            self.new.append(line[1:])

    def place_in(self, lines):
        """Where the old lines are, nearest to where they were; None if they are not there."""
        starts = range(len(lines) - len(self.old) + 1)
        found = [at for at in starts if lines[at:at + len(self.old)] == self.old]
        return min(found, key=lambda at: abs(at - (self.line - 1)), default=None)


class Patch:
    def __init__(self, file):
        self.file, self.name = file, file.stem
        self.caught_by = []
        self.hunks = {}  # path: [Hunk]
        self.parse(file.read_text().splitlines(keepends=True))
        if not self.caught_by or self.caught_by[0] not in PROGRAMS:
            raise Failure(f"{file.name}: needs a line \"# caught-by: PROGRAM ARGUMENTS\" with one of {', '.join(PROGRAMS)}")
        if not self.hunks:
            raise Failure(f"{file.name}: changes nothing")

    def parse(self, lines):
        hunks = None
        for line in lines:
            if line.startswith("# caught-by: "):
                self.caught_by = shlex.split(line.removeprefix("# caught-by: "))
            elif line.startswith("+++ "):
                hunks = self.hunks.setdefault(line.split()[1].removeprefix("b/"), [])
            elif match := re.match(r"@@ -(\d+)", line):
                hunks.append(Hunk(int(match[1])))
            elif hunks and line[0] in " +-" and not line.startswith("--- "):
                hunks[-1].add(line)

    def changed(self, root):
        """{path: its text with the fault}, by what the files in root are now."""
        texts = {}
        for path, hunks in self.hunks.items():
            if not (root / path).is_file():
                raise Failure(f"{self.file.name}: no longer applies: there is no {path}")
            lines, shift = (root / path).read_text().splitlines(keepends=True), 0
            for hunk in hunks:
                hunk.line += shift
                at = hunk.place_in(lines)
                if at is None:
                    raise Failure(f"{self.file.name}: no longer applies to {path}: lines like {hunk.line - shift} to "
                                  f"{hunk.line - shift + len(hunk.old) - 1} were not found")
                lines[at:at + len(hunk.old)] = hunk.new
                hunk.line -= shift
                shift += len(hunk.new) - len(hunk.old)
            texts[path] = "".join(lines)
        return texts


def chosen_patches(names):
    files = sorted(HERE.glob("*.patch"))
    for name in names:
        if not any(name in file.stem for file in files):
            raise Failure(f"no patch is called {name}")
    return [Patch(file) for file in files if not names or any(name in file.stem for name in names)]


def source_files():
    """What git tracks or would; where there is no git, everything that is not built. Without the weights of models."""
    listed = subprocess.run(["git", "-C", SOURCE, "ls-files", "-co", "--exclude-standard", "-z"], capture_output=True, text=True)
    if listed.returncode == 0:
        paths = [pathlib.Path(name) for name in listed.stdout.split("\0") if name]
    else:
        paths = [path.relative_to(SOURCE) for path in SOURCE.rglob("*")]
        paths = [path for path in paths if path.parts[0] not in ("build", ".git", ".cache")]
    return [path for path in paths if (SOURCE / path).is_file()
            and not (path.parts[0] == "models" and path.suffix == ".safetensors")]


def write_if_changed(file, content):
    """Leaves the time of an equal file alone, so that it is not compiled again."""
    if not file.is_file() or file.read_bytes() != content:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)


class Workshop:
    """A copy of the tree, and its build."""

    def __init__(self, folder):
        self.tree, self.build_folder = folder / "tree", folder / "build"
        wanted = set(source_files())
        for file in list(self.tree.rglob("*")):
            if file.is_file() and file.relative_to(self.tree) not in wanted:
                file.unlink()
        for path in wanted:
            write_if_changed(self.tree / path, (SOURCE / path).read_bytes())
            shutil.copymode(SOURCE / path, self.tree / path)
        self.command("configure", ["cmake", "-S", self.tree, "-B", self.build_folder, "-G", "Ninja",
                                   "-DCMAKE_BUILD_TYPE=Release", "-DTENON_BENCH=OFF"])

    def command(self, what, command):
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        if done.returncode != 0:
            lines = done.stdout.splitlines()
            line = next((line for line in lines if "rror:" in line or "CMake Error" in line), lines[-1] if lines else "")
            raise Failure(f"{what} failed: {line.strip()}")

    def build(self, program):
        self.command("build", ["cmake", "--build", self.build_folder, "--target", *PROGRAMS[program][1]])

    def run(self, caught_by):
        """("", seconds) if the program is content, else what it says is wrong."""
        command = [self.build_folder / PROGRAMS[caught_by[0]][0], *caught_by[1:]]
        start = time.monotonic()
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace",
                                   cwd=self.build_folder, env={**os.environ, "GTEST_FAIL_FAST": "1"},
                                   start_new_session=True, preexec_fn=limit_resources)
        try:
            output, fault = process.communicate(timeout=RUN_SECONDS_MAX)[0], ""
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            output, fault = process.communicate()[0], f"does not end within {RUN_SECONDS_MAX} s"
        if not fault and process.returncode < 0:
            fault = signal.Signals(-process.returncode).name
        if not fault and process.returncode > 0:
            fault = first_fault(output)
        elif fault:
            fault = f"{last_started(output)} {fault}".strip()
        if "Running 0 tests" in output:
            fault = "no test is called that"
        return fault, time.monotonic() - start

    @contextlib.contextmanager
    def planted(self, patch):
        originals = {path: (self.tree / path).read_bytes() for path in patch.hunks}
        try:
            for path, text in patch.changed(self.tree).items():
                (self.tree / path).write_text(text)
            yield
        finally:
            for path, content in originals.items():
                (self.tree / path).write_bytes(content)


def limit_resources():
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_MAX, MEMORY_MAX))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def first_fault(output):
    failed = re.search(r"^\[  FAILED  \] ([^\s,]+)", output, re.M)
    return failed[1] if failed else output.strip().splitlines()[0] if output.strip() else "exit code without a word"


def last_started(output):
    """The test that was running, or the last that was said."""
    started = re.findall(r"^\[ RUN      \] (\S+)", output, re.M)
    return started[-1] if started else "".join(output.strip().splitlines()[-1:])


def expect_content(workshop, patches):
    """Without a fault, every program that is to catch one passes."""
    for program in sorted({patch.caught_by[0] for patch in patches}):
        workshop.build(program)
    for caught_by in sorted({tuple(patch.caught_by) for patch in patches}):
        fault, _ = workshop.run(caught_by)
        if fault:
            raise Failure(f"without a patch, {shlex.join(caught_by)} fails already: {fault}")


def try_patch(workshop, patch):
    """Prints what became of it; returns whether it was caught."""
    try:
        with workshop.planted(patch):
            workshop.build(patch.caught_by[0])
            fault, seconds = workshop.run(patch.caught_by)
    except Failure as failure:
        print(f"{patch.name}: NOT CAUGHT: {failure}", flush=True)
        return False
    if fault:
        print(f"{patch.name}: caught in {seconds:.1f} s by {patch.caught_by[0]}: {fault}", flush=True)
    else:
        print(f"{patch.name}: NOT CAUGHT by {shlex.join(patch.caught_by)}", flush=True)
    return bool(fault)


def check(names):
    """Whether every patch still applies. Builds nothing."""
    bad = 0
    for file in sorted(HERE.glob("*.patch")):
        if names and not any(name in file.stem for name in names):
            continue
        try:
            Patch(file).changed(SOURCE)
        except Failure as failure:
            print(failure)
            bad += 1
    return bad


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", metavar="DIR", type=pathlib.Path, help="keep copy and build here, for the next time")
    parser.add_argument("--check", action="store_true", help="only see whether the patches apply")
    parser.add_argument("names", metavar="NAME", nargs="*", help="patches with this in their name; all if none is given")
    arguments = parser.parse_args()
    if arguments.check:
        return 1 if check(arguments.names) else 0
    patches = chosen_patches(arguments.names)
    with contextlib.ExitStack() as stack:
        folder = arguments.build or pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="planted-")))
        workshop = Workshop(folder.resolve())
        for patch in patches:
            patch.changed(workshop.tree)
        expect_content(workshop, patches)
        caught = sum(try_patch(workshop, patch) for patch in patches)
    print(f"{caught} of {len(patches)} caught")
    return 0 if caught == len(patches) else 1


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Failure as failure:
        sys.exit(f"run.py: {failure}")
