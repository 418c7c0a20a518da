"""Texts of every kind with the ids that the tokenizers library gives them."""
import argparse
import json
from pathlib import Path
from random import Random

from tokenizers import Tokenizer

CONTRACTIONS = [
    f"{word}{mark}{ending}{after}"
    for word, after in (("I", ""), ("you", " go"), ("WE", "."))
    for mark in ("'", "\u2019")
    for ending in ("s", "S", "t", "T", "re", "RE", "Re", "ve", "VE", "m", "M", "ll", "LL", "lL", "d", "D", "x")
]
ADDED = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", "<tool_call>", "</tool_call>", "<tool_response>",
         "</tool_response>", "<think>", "</think>"]
WHITESPACE = ["", " ", "  ", "   ", "\n", "\n\n", "\r\n", "\r", "\t", " \n", "\n ", " \n \n x", "a  b", "a   b",
              "a \n b", "a\r\nb", "a\n\n\nb", "  a", "a  ", "\t\ta", "a\t b", "\x0b", "\x0c", "a\x0bb", "\x1c",
              "\x85", "a\x85b", "\u00a0", "a\u00a0b", "\u2003x", "\u2028", "\u2029x", "\u3000\u3000x", "\ufeffx",
              "\u200bx", " \u00a0 x", "\r\r\n\n", " " * 17 + "x", "\n" * 9 + "x", "x" + " " * 40]
WORDS = ["Hello", " Hello", "hello", "HELLO", "Hello world", "Hello, world!", "capital", " capital", "capi", "tal",
         "unquestionably", "Donaudampfschifffahrtsgesellschaft", "a" * 200, "ab" * 100, "snake_case_name",
         "camelCaseName", "kebab-case-name", "e-mail", "don't-care", "'tis", "rock'n'roll", "O'Brien", "''", "'",
         "'s", "s's", "'S 's", "it's's", "What is the capital of France?", "S-H-A-K-E-S-P-E-A-R-E.",
         "KING HENRY:\nOnce more unto the breach", "thou'rt", "o'er", "th'", "x'y", "7's", "7'S", " 's"]
NUMBERS = ["0", "12", " 12", "123456789", "3.14159", "1,000,000", "-5", "+5", "12+30", "12 + 30 = 42.", "1e-9",
           "0x1F", "50%", "$9.99", "1/2", "\u00bd", "\u00b2\u00b3", "\u2460\u2461", "\u2167", "\u0661\u0662\u0663",
           "\u096a\u0968", "\uff11\uff12", "a1b2c3", "1a 2b", "1990s", "20:45", "\U0001d7d8"]
PUNCTUATION = ["...", "!?!?", " ...", "( a )", "[x]{y}", "\"quoted\"", "\u201cquoted\u201d", "--", "\u2014", "\u2026",
               "a;b;c", "a.b.c", "#!/bin/sh\n", "}\n\n{", ");\n", " ;\n\n", "<b>&amp;</b>", "a@b.cd", "C:\\x\\y",
               "http://x.yz/a?b=c&d#e", "`code`", "~^|", "*bold* _it_", "\u00ab\u00bb", "\u3002\u300c\u300d", "\u00b7"]
SCRIPTS = ["na\u00efve caf\u00e9", "nai\u0308ve cafe\u0301", "\u00c5ngstr\u00f6m", "A\u030angstro\u0308m", "\u212b",
           "\u1e9b\u0323", "\u1ec6", "E\u0323\u0302", "E\u0302\u0323", "q\u0307\u0323", "\u00df \u1e9e", "\u0130i\u0307",
           "\ufb01\ufb02", "\u03a9\u2126", "\u4f60\u597d\uff0c\u4e16\u754c", "\u65e5\u672c\u8a9e\u306e\u30c6\u30ad\u30b9\u30c8",
           "\ud55c\uad6d\uc5b4", "\u1112\u1161\u11ab\u1100\u116e\u11a8", "\u1100\u1161\u11a8", "\uf900", "\u304c \u304b\u3099",
           "\u041f\u0440\u0438\u0432\u0435\u0442, \u043c\u0438\u0440", "\u0438\u0306 \u0439", "\u0393\u03b5\u03b9\u03ac",
           "\u0645\u0631\u062d\u0628\u0627 \u0628\u0643", "\u05e9\u05c1\u05dc\u05d5\u05dd", "\u200fabc\u200e", "\u0915\u094d\u0937",
           "\u0928\u092e\u0938\u094d\u0924\u0947", "\u0e2a\u0e27\u0e31\u0e2a\u0e14\u0e35", "\u12a0\u121b\u122d\u129b", "\u10d2\u10d0",
           "\U0001d518\U0001d52b", "\U00020000\U0002a6d6", "\U0010ffff", "\ufffd", "\u0344", "\u0958", "\u2adc"]
EMOJI = ["\U0001f600", "a\U0001f600b", "\U0001f44d\U0001f3fd", "\U0001f468\u200d\U0001f469\u200d\U0001f467\u200d\U0001f466",
         "\U0001f1e9\U0001f1ea\U0001f1eb\U0001f1f7", "\u2764\ufe0f", "\u2764", "1\ufe0f\u20e3",
         "\U0001f3f4\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f", "\U0001f9d1\u200d\U0001f4bb!", "\u263a\ufe0e"]
CONTROLS = ["\x00", "a\x00b", "\x01\x02", "\x7f", "\x1b[31mred\x1b[0m", "\u0080\u009f", "\u00ad", "so\u00adft", "\u2060",
            "\u061c", "\U000e0001"]
MARKED = [
    *ADDED, *(f"a{mark}b" for mark in ADDED), *(f" {mark} " for mark in ADDED), "".join(ADDED),
    "<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n", "<think>\n\n</think>\n\n42", "<think></think>",
    "<|im_start|><|im_start|>", "<|im_end|>\n<|im_end|>", "<|im_start", "<|im_start|", "|im_start|>", "< think>",
    "<Think>", "<THINK>", "<|IM_END|>", "<think><", "<<think>>", "</think", "x<think>y</think>z", "<|im_end|>'s",
    "e<think>\u0301", "<tool_call>\n{\"name\": \"f\", \"arguments\": {}}\n</tool_call>", "<|endoftext|>\n\n<|endoftext|>",
    "<|fim_prefix|>", "<tool_call >", "caf\u00e9<|im_end|>cafe\u0301",
]
# Pieces that random texts are made of.
PIECES = ["a", "Z", "the", " the", "'s", "'LL", "'", "9", "42", " ", "  ", "\n", "\r\n", "\t", ".", "--", "\u00e9", "e\u0301",
          "\u0323", "\u4e2d", "\u306f\u309a", "\u1100\u1161", "\u11a8", "\u0646", "\u094d", "\U0001f600", "\u200d", "\ufe0f",
          "\u00a0", "\u3000", "\u0085", "\u00b2", "\u2167", "<think>", "<|im_end|>", "\u0130", "\u00df", "King", "\x00"]


def random_texts(count: int, seed: int) -> list[str]:
    rng = Random(seed)
    return ["".join(rng.choices(PIECES, k=rng.randint(2, 24))) for _ in range(count)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tokenizer", type=Path, required=True, help="tokenizer.json")
    parser.add_argument("--out", type=Path, required=True, help="tokenizer_cases.jsonl to write")
    parser.add_argument("--random", type=int, default=160, help="random texts beside the written ones")
    args = parser.parse_args()

    tokenizer = Tokenizer.from_file(str(args.tokenizer))
    texts = (CONTRACTIONS + WHITESPACE + WORDS + NUMBERS + PUNCTUATION + SCRIPTS + EMOJI + CONTROLS + MARKED
             + random_texts(args.random, seed=5))
    lines = []
    for text in dict.fromkeys(texts):
        ids = tokenizer.encode(text).ids
        case = {"text": text, "ids": ids, "decoded": tokenizer.decode(ids, skip_special_tokens=False)}
        lines.append(json.dumps(case) + "\n")
    args.out.write_text("".join(lines))
    print(f"{args.out}: {len(lines)} cases")


if __name__ == "__main__":
    main()
