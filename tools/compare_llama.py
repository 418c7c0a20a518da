#!/usr/bin/env python3
"""Speed of `tenon bench` beside a llama-bench binary: the same GGUF file, the same threads, one after the other.

    tools/compare_llama.py model.gguf --llama-bench ~/llama.cpp/build/bin/llama-bench -t 8
    tools/compare_llama.py model.gguf --llama-bench ~/ik/bin/llama-bench --llama-args '-rtr 1 -ub 2048'
    tools/compare_llama.py model.gguf --llama-bench ... --batched-bench .../llama-batched-bench --tests tg64@128x4

Each test is measured in pairs, A B A B ..., every run in a process of its own: what the machine does meanwhile
meets both alike, and the ratio is taken pair by pair. A test is one of

    pp512           a prompt of 512 tokens            tg64            an answer of 64 tokens
    pp512@4096      after 4096 others, not counted    tg64@4096       after 4096 others
    tg64@128x4      4 answers at once, after 128 tokens each; this one asks for --batched-bench

Rates are tokens per second of all sequences together. Standard library only.
"""
import argparse
import json
import os
import re
import shlex
import statistics
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field

TESTS = ["pp512", "pp2048", "tg64", "tg64@4096"]
EX_USAGE, EX_UNAVAILABLE = 64, 69


class Failure(Exception):
    """One sentence for the user."""


@dataclass(frozen=True)
class Test:
    kind: str  # "pp" or "tg"
    tokens: int
    depth: int = 0
    batch: int = 1

    @staticmethod
    def parse(text):
        match = re.fullmatch(r"(pp|tg)([1-9]\d*)(?:@(\d+))?(?:x([1-9]\d*))?", text)
        if not match:
            raise Failure(f"--tests: has {text!r}, expected such as pp512, tg64@4096 or tg64@128x4")
        test = Test(match[1], int(match[2]), int(match[3] or 0), int(match[4] or 1))
        if test.batch > 1 and (test.kind == "pp" or test.depth == 0):
            raise Failure(f"--tests: has {text!r}, expected answers after some tokens, such as tg64@128x4")
        return test

    def __str__(self):
        return (f"{self.kind}{self.tokens}" + (f"@{self.depth}" if self.depth else "")
                + (f"x{self.batch}" if self.batch > 1 else ""))


@dataclass
class Sample:
    rate: float      # tokens per second
    peak_bytes: int  # of memory, mapped files included


def run(command, verbose):
    """Standard output of a program that must succeed, and its peak memory in bytes."""
    if verbose:
        print("$", shlex.join(command), file=sys.stderr, flush=True)
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
        try:
            process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=errors)
        except OSError as error:
            raise Failure(f"{command[0]}: {error.strerror}") from error
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        texts = []
        for file in output, errors:
            file.seek(0)
            texts.append(file.read().decode(errors="replace"))
    if process.returncode != 0:
        last = (texts[1].strip() or texts[0].strip()).splitlines()[-3:]
        raise Failure(f"{shlex.join(command)}: ended with {process.returncode}: " + " / ".join(last))
    return texts[0], usage.ru_maxrss * 1024


def rows_of(output, command):
    """The list of results that both programs print as JSON."""
    try:
        rows = json.loads(output[output.index("["):])
    except ValueError as error:
        raise Failure(f"{shlex.join(command)}: printed no JSON list") from error
    if not rows or "samples_ts" not in rows[-1]:
        raise Failure(f"{shlex.join(command)}: printed no samples_ts")
    return rows


class Tenon:
    name = "tenon"

    def __init__(self, options):
        self.options = options

    def measure(self, test):
        options = self.options
        prompt, answer = (test.tokens, 0) if test.kind == "pp" else (0, test.tokens)
        command = [options.tenon, "bench", options.model, "-p", str(prompt), "-n", str(answer), "-d", str(test.depth),
                   "-b", str(test.batch), "-r", str(options.repetitions), "--json"]
        if options.threads:
            command += ["-t", str(options.threads)]
        if test.kind == "pp" and test.depth:
            command.append("--second-turn")
        command += shlex.split(options.tenon_args)
        output, peak_bytes = run(command, options.verbose)
        rate = statistics.median(rows_of(output, command)[-1]["samples_ts"])
        if test.kind == "pp":  # the tokens before are found in the cache, but counted
            rate *= test.tokens / (test.depth + test.tokens)
        return Sample(rate, peak_bytes)


class LlamaBench:
    name = "llama-bench"

    def __init__(self, options):
        self.options = options
        self.has_depth = None

    def measure(self, test):
        if test.batch > 1:
            return self.measure_batch(test)
        options = self.options
        command = [options.llama_bench, "-m", options.model, "-r", str(options.repetitions), "-o", "json",
                   *self.words_of(test)]
        if options.threads:
            command += ["-t", str(options.threads)]
        command += shlex.split(options.llama_args)
        output, peak_bytes = run(command, options.verbose)
        return Sample(statistics.median(rows_of(output, command)[-1]["samples_ts"]), peak_bytes)

    def words_of(self, test):
        """Builds of ik_llama.cpp have -gp in place of -d."""
        prompt, answer = (test.tokens, 0) if test.kind == "pp" else (0, test.tokens)
        words = ["-p", str(prompt), "-n", str(answer)]
        if test.depth == 0:
            return words
        if self.knows_depth():
            return words + ["-d", str(test.depth)]
        if test.kind == "pp":
            raise Failure(f"{test}: {self.options.llama_bench} knows no --n-depth, leave this test out")
        return ["-p", "0", "-n", "0", "-gp", f"{test.depth},{test.tokens}"]

    def knows_depth(self):
        if self.has_depth is None:
            done = subprocess.run([self.options.llama_bench, "--help"], capture_output=True, text=True)
            self.has_depth = "--n-depth" in done.stdout + done.stderr or "-gp" not in done.stdout + done.stderr
        return self.has_depth

    def measure_batch(self, test):
        options = self.options
        context = (test.depth + test.tokens) * test.batch
        command = [options.batched_bench, "-m", options.model, "-c", str(context), "-npp", str(test.depth),
                   "-ntg", str(test.tokens), "-npl", str(test.batch)]
        if options.threads:
            command += ["-t", str(options.threads)]
        command += shlex.split(options.batched_args)
        rates, peak_bytes = [], 0
        for _ in range(options.repetitions):
            output, peak = run(command, options.verbose)
            rates.append(self.batched_rate(output, command, test))
            peak_bytes = max(peak, peak_bytes)
        return Sample(statistics.median(rates), peak_bytes)

    @staticmethod
    def batched_rate(output, command, test):
        """S_TG of the line | PP | TG | B | N_KV | T_PP | S_PP | T_TG | S_TG | T | S |."""
        for line in output.splitlines():
            cells = [cell.strip() for cell in line[line.find("|") + 1:].split("|")]
            if cells[:3] == [str(test.depth), str(test.tokens), str(test.batch)] and len(cells) > 8:
                return float(cells[7])
        raise Failure(f"{shlex.join(command)}: printed no line for {test}")


@dataclass
class Row:
    test: Test
    samples: dict = field(default_factory=lambda: {"tenon": [], "llama-bench": []})  # of each pair, in turn

    def rates(self, name):
        return [sample.rate for sample in self.samples[name]]

    def ratios(self):
        return [ours / theirs for ours, theirs in zip(self.rates("tenon"), self.rates("llama-bench"))]

    def peak_bytes(self, name):
        return max(sample.peak_bytes for sample in self.samples[name])


def spread(values, digits):
    return f"{statistics.median(values):.{digits}f} ({min(values):.{digits}f}-{max(values):.{digits}f})"


def markdown(rows, pairs):
    lines = [f"Tokens per second: median (least-most) of {pairs} pairs; the ratio is tenon / llama-bench, pair by pair.",
             "", "| test | tenon | llama-bench | ratio | peak memory, GiB |", "|---|---|---|---|---|"]
    for row in rows:
        memory = " / ".join(f"{row.peak_bytes(name) / 2**30:.2f}" for name in row.samples)
        lines.append(f"| {row.test} | {spread(row.rates('tenon'), 2)} | {spread(row.rates('llama-bench'), 2)} "
                     f"| {spread(row.ratios(), 3)} | {memory} |")
    return "\n".join(lines)


def as_json(rows):
    return [{"test": str(row.test), "ratios": row.ratios(),
             **{name: [vars(sample) for sample in samples] for name, samples in row.samples.items()}} for row in rows]


def compare(options, tests):
    sides = [Tenon(options), LlamaBench(options)]
    rows = []
    for test in tests:
        row = Row(test)
        for pair in range(options.pairs):
            for side in sides:
                row.samples[side.name].append(side.measure(test))
            ours, theirs = row.rates("tenon")[-1], row.rates("llama-bench")[-1]
            print(f"{test} pair {pair + 1} of {options.pairs}: tenon {ours:.2f}, llama-bench {theirs:.2f}, "
                  f"ratio {ours / theirs:.3f}", file=sys.stderr, flush=True)
        rows.append(row)
    return rows


def with_words_joined(arguments):
    """The same with --x-args 'WORDS' as one --x-args='WORDS': argparse takes words that begin with - for options."""
    joined = []
    for argument in arguments:
        if joined and joined[-1] in ("--llama-args", "--batched-args", "--tenon-args"):
            joined[-1] += "=" + argument
        else:
            joined.append(argument)
    return joined


def parsed_options(arguments):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", help="the GGUF file")
    parser.add_argument("--llama-bench", required=True, metavar="PATH", help="the binary to compare with")
    parser.add_argument("--batched-bench", metavar="PATH", help="llama-batched-bench, for tests with x")
    parser.add_argument("--tenon", default="build/release/bin/tenon", metavar="PATH", help="default: %(default)s")
    parser.add_argument("-t", "--threads", type=int, help="of both; default: what each takes by itself")
    parser.add_argument("--tests", default=",".join(TESTS), help="default: %(default)s")
    parser.add_argument("--pairs", type=int, default=5, help="of each test; default: %(default)s")
    parser.add_argument("-r", "--repetitions", type=int, default=1,
                        help="within a process, of which the median is one sample; default: %(default)s")
    parser.add_argument("--llama-args", default="", metavar="WORDS", help="more for llama-bench, one quoted string")
    parser.add_argument("--batched-args", default="", metavar="WORDS", help="more for llama-batched-bench")
    parser.add_argument("--tenon-args", default="", metavar="WORDS", help="more for tenon bench")
    parser.add_argument("--json", metavar="FILE", help="write every sample there")
    parser.add_argument("-v", "--verbose", action="store_true", help="print the commands")
    return parser.parse_args(with_words_joined(arguments))


def main(arguments):
    options = parsed_options(arguments)
    try:
        tests = [Test.parse(text) for text in options.tests.split(",")]
        if options.pairs < 1 or options.repetitions < 1:
            raise Failure("--pairs, --repetitions: must be at least 1")
        if any(test.batch > 1 for test in tests) and not options.batched_bench:
            raise Failure("--tests: has several answers at once, expected --batched-bench too")
    except Failure as failure:
        print(f"compare_llama: {failure}", file=sys.stderr)
        return EX_USAGE
    try:
        rows = compare(options, tests)
    except Failure as failure:
        print(f"compare_llama: {failure}", file=sys.stderr)
        return EX_UNAVAILABLE
    print(markdown(rows, options.pairs))
    if options.json:
        with open(options.json, "w", encoding="utf-8") as file:
            json.dump(as_json(rows), file, indent=1)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
