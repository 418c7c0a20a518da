"""What the compiler does not see of core/abi: thread tags, and that the layout tables leave nothing out."""
import os
import pathlib
import re
import unittest

SOURCE = pathlib.Path(os.environ["TENON_SOURCE"])
ABI = SOURCE / "core" / "abi"
TABLES = SOURCE / "tests" / "abi" / "layout"
HEADERS = sorted(ABI.glob("**/*.h"))

STRUCT = re.compile(r"^(?:typedef )?struct (?P<name>\w+) \{(?P<rest_of_line>[^\n]*)\n(?P<body>.*?)^\}", re.M | re.S)
# [control], [any], [step & bound] ...
TAG = re.compile(r"\[(control|step|any)( & (created|planned|bound))?\]")
FUNCTION = re.compile(r"\(\*(\w+)\)\(")


def members(body):
    """(declaration, comment) of each member: comments above it, or behind it in the same or the next lines."""
    above, declaration = [], ""
    found = []
    for line in body.splitlines():
        code, _, comment = line.partition("//")
        code, comment = code.strip(), comment.strip()
        if code:
            declaration = f"{declaration} {code}".strip()
            if comment:
                above.append(comment)
            if declaration.endswith(";"):
                found.append((declaration, " ".join(above)))
                above, declaration = [], ""
        elif comment:
            above.append(comment)
    return found


def structs():
    for header in HEADERS:
        for struct in STRUCT.finditer(header.read_text()):
            yield header, struct["name"], members(struct["body"])


def name_of(declaration):
    function = FUNCTION.search(declaration)
    return [function[1]] if function else re.findall(r"(\w+)(?:\[\w+\])?(?=[,;])", declaration)


class Headers(unittest.TestCase):
    def test_every_function_says_thread_and_state(self):
        for header, struct, fields in structs():
            for declaration, comment in fields:
                if FUNCTION.search(declaration):
                    with self.subTest(header=header.name, function=f"{struct}.{name_of(declaration)[0]}"):
                        self.assertRegex(comment, TAG)

    def test_every_field_stands_in_a_layout_table(self):
        for header, struct, fields in structs():
            table = (TABLES / f"{header.stem}.cpp").read_text()
            for declaration, _ in fields:
                for field in name_of(declaration):
                    with self.subTest(header=header.name, field=f"{struct}.{field}"):
                        self.assertRegex(table, rf"(FIELD|FUNCTION)\({struct}, \d+, {field},")

    def test_structs_that_may_grow_begin_with_their_size(self):
        for header, struct, fields in structs():
            body = header.read_text()
            is_frozen = re.search(rf"struct {struct} \{{[^\n]*\bfrozen\b", body, re.I)
            with self.subTest(header=header.name, struct=struct):
                self.assertEqual(fields[0][0].startswith("uint32_t size"), not is_frozen)

    def test_only_headers_of_libc_and_of_the_abi_are_included(self):
        for header in HEADERS:
            for included in re.findall(r"#include (\S+)", header.read_text()):
                with self.subTest(header=header.name):
                    self.assertRegex(included, r"<std(int|def)\.h>|\"(\.\./)?tenon_\w+\.h\"")


if __name__ == "__main__":
    unittest.main()
