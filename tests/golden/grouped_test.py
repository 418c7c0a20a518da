"""Checkpoints with integers in groups, as compressed-tensors and GPTQ store them, compute what the numbers they stand
for compute.

usage: grouped_test.py TENON FIXTURES
"""
import json
import pathlib
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import unittest

TENON, FIXTURES = sys.argv[1], pathlib.Path(sys.argv[2])
MATRIX = re.compile(r".*(_proj|in_proj_qkvz)\.weight$")


def run(*arguments):
    return subprocess.run([TENON, *map(str, arguments)], capture_output=True, text=True)


def read_model(path):
    content = path.read_bytes()
    (length,) = struct.unpack("<Q", content[:8])
    header = json.loads(content[8:8 + length])
    header.pop("__metadata__", None)
    begin = 8 + length
    return {name: (entry["dtype"], entry["shape"], content[begin + entry["data_offsets"][0]:begin + entry["data_offsets"][1]])
            for name, entry in header.items()}


def write_model(path, tensors):
    header, data = {}, b""
    chunks = []
    at = 0
    for name, (dtype, shape, content) in sorted(tensors.items()):
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [at, at + len(content)]}
        chunks.append(content)
        at += len(content)
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + b"".join(chunks))


def bf16(values):
    """The upper halves of float32, cut off."""
    return b"".join(struct.pack("<f", value)[2:] for value in values)


def cut(value):
    return struct.unpack("<f", b"\0\0" + struct.pack("<f", value)[2:])[0]


def words(codes, bits):
    """Along the last index, the first code in the low bits."""
    count = 32 // bits
    return [[sum(code << (bits * i) for i, code in enumerate(row[at:at + count])) for at in range(0, len(row), count)]
            for row in codes]


def turned(rows):
    return [list(column) for column in zip(*rows)]


def packed(rows):
    return b"".join(struct.pack(f"<{len(row)}I", *row) for row in rows)


class Matrix:
    """A float32 matrix in codes: scale * (code - zero) for each row and group of inputs."""

    def __init__(self, shape, content, bits, group, zero):
        self.rows, self.columns = shape
        self.bits, self.group = bits, group or self.columns
        values = struct.unpack(f"<{self.rows * self.columns}f", content)
        middle, top = 1 << (bits - 1), (1 << bits) - 1
        self.codes, self.scales, self.zeros, self.values = [], [], [], []
        for n in range(self.rows):
            codes, scales, zeros = [], [], []
            for g in range(0, self.columns, self.group):
                span = values[n * self.columns + g:n * self.columns + g + self.group]
                own_zero = middle if zero is None else (zero + n + g // self.group) % 12 + 2
                room = min(own_zero, top - own_zero)
                scale = cut(max(max(map(abs, span)) / room, 1e-4))
                own = [min(top, max(0, round(value / scale) + own_zero)) for value in span]
                codes += own
                scales.append(scale)
                zeros.append(own_zero)
                self.values += [scale * (code - own_zero) for code in own]
            self.codes.append(codes)
            self.scales.append(scales)
            self.zeros.append(zeros)

    def dequantised(self):
        return ("F32", [self.rows, self.columns], struct.pack(f"<{len(self.values)}f", *self.values))

    def pack_quantized(self, name, has_zeros):
        groups = self.columns // self.group
        tensors = {
            name + "_packed": ("I32", [self.rows, self.columns * self.bits // 32], packed(words(self.codes, self.bits))),
            name + "_scale": ("BF16", [self.rows, groups], b"".join(map(bf16, self.scales))),
            name + "_shape": ("I64", [2], struct.pack("<2q", self.rows, self.columns)),
        }
        if has_zeros:
            zeros = turned(words(turned(self.zeros), self.bits))
            tensors[name + "_zero_point"] = ("I32", [len(zeros), groups], packed(zeros))
        return tensors

    def gptq(self, name, less, scale_type="BF16"):
        stem, groups = name.removesuffix("weight"), self.columns // self.group
        zeros = words([[zero - less for zero in row] for row in turned(self.zeros)], self.bits)
        scales = b"".join(map(bf16, turned(self.scales)))
        return {
            stem + "qweight": ("I32", [self.columns * self.bits // 32, self.rows],
                               packed(turned(words(self.codes, self.bits)))),
            stem + "scales": (scale_type, [groups, self.rows], scales),
            stem + "qzeros": ("I32", [groups, self.rows * self.bits // 32], packed(zeros)),
            stem + "g_idx": ("I32", [self.columns], struct.pack(f"<{self.columns}i",
                                                                *(i // self.group for i in range(self.columns)))),
        }


def compressed(bits, group, symmetric=True):
    weights = {"num_bits": bits, "type": "int", "symmetric": symmetric, "strategy": "group" if group else "channel",
               "group_size": group}
    return {"quant_method": "compressed-tensors", "format": "pack-quantized",
            "config_groups": {"group_0": {"targets": ["Linear"], "input_activations": None, "weights": weights}},
            "ignore": ["lm_head", "re:.*mlp.gate$"]}


class Grouped(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.tensors = read_model(FIXTURES / "tiny" / "model.safetensors")
        cls.made = {}

    def matrices(self, *kind):
        """All in such codes; made once, since that takes longest here."""
        if kind not in self.made:
            self.made[kind] = {name: Matrix(shape, content, *kind)
                               for name, (_, shape, content) in self.tensors.items() if MATRIX.match(name)}
        return self.made[kind]

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def model(self, name, tensors, quantization=None):
        directory = self.folder / name
        directory.mkdir()
        config = json.loads((FIXTURES / "tiny" / "config.json").read_text())
        if quantization:
            config["quantization_config"] = quantization
        (directory / "config.json").write_text(json.dumps(config))
        write_model(directory / "model.safetensors", tensors)
        return directory

    def unpacked(self, directory):
        """Its description, weights as they stand in the file."""
        text = run("import", directory).stdout.replace("[weights]", "[weights]\npack = false", 1)
        path = self.folder / (directory.name + ".toml")
        path.write_text(text)
        return path

    def assert_same_model(self, config, bits, group, zero, layout):
        matrices = self.matrices(bits, group, zero)
        rest = {name: tensor for name, tensor in self.tensors.items() if name not in matrices}
        plain = self.model("plain", {**rest, **{name: matrix.dequantised() for name, matrix in matrices.items()}})
        integers = dict(rest)
        for name, matrix in matrices.items():
            integers.update(layout(matrix, name))
        grouped = self.model("grouped", integers, config)
        golden = self.folder / "golden.safetensors"
        done = run("parity", plain, "--golden", FIXTURES / "tiny" / "golden.safetensors", "--dump", golden)
        self.assertTrue(golden.exists(), done.stderr)
        # As they stand, the numbers are the same; packed, activations have 8 bits: as much as q8_0 of this model loses.
        done = run("parity", self.unpacked(grouped), "--golden", golden, "--tolerance", 1e-5)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        done = run("parity", grouped, "--golden", golden, "--kl", 0.01)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_pack_quantized(self):
        for bits, group in ((4, 32), (8, 32), (4, None)):
            with self.subTest(bits=bits, group=group):
                self.setUp()
                self.assert_same_model(compressed(bits, group), bits, group, None,
                                       lambda matrix, name: matrix.pack_quantized(name, False))

    def test_pack_quantized_with_zero_points(self):
        self.assert_same_model(compressed(4, 32, False), 4, 32, 5,
                               lambda matrix, name: matrix.pack_quantized(name, True))

    def test_gptq(self):
        for config, less in (({"quant_method": "gptq", "bits": 4, "group_size": 32, "sym": False}, 1),
                             ({"quant_method": "gptq", "bits": 4, "group_size": 32, "sym": False,
                               "checkpoint_format": "gptq_v2"}, 0)):
            with self.subTest(config=config):
                self.setUp()
                self.assert_same_model(config, 4, 32, 5, lambda matrix, name: matrix.gptq(name, less))

    def test_auto_round(self):
        config = {"quant_method": "auto-round", "bits": 8, "group_size": 32, "sym": True,
                  "packing_format": "auto_round:auto_gptq"}
        self.assert_same_model(config, 8, 32, None, lambda matrix, name: matrix.gptq(name, 1))


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
