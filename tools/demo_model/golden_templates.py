"""Chats rendered by transformers: with the demo model's template, and with small ones for single features."""
import argparse
import json
from pathlib import Path

from transformers.utils.chat_template_utils import render_jinja_template

from golden_template_chats import CHATS, FEATURES, TOOL_SETS

OPTIONS = [{}, {"enable_thinking": True}, {"enable_thinking": False}]


def rendered(template: str, case: dict) -> dict:
    """The case with what transformers makes of it: "rendered", or "error"."""
    try:
        texts, _ = render_jinja_template(
            conversations=[case["messages"]], tools=case["tools"], chat_template=template,
            add_generation_prompt=case["add_generation_prompt"], bos_token=case["bos_token"],
            eos_token=case["eos_token"], **case["kwargs"])
        return case | {"rendered": texts[0], "error": None}
    except Exception as error:  # whatever a template makes go wrong is part of the expectation
        return case | {"rendered": None, "error": str(error)}


def case_of(name: str, messages, tools, prompt: bool, options: dict, bos="<|endoftext|>") -> dict:
    return {"case": name, "messages": messages, "tools": tools, "add_generation_prompt": prompt,
            "kwargs": options, "bos_token": bos, "eos_token": "<|im_end|>"}


def own_cases():
    """Every chat with every option, with and without the generation prompt; a few with tools."""
    for name, messages in CHATS.items():
        for options in OPTIONS:
            yield case_of(name, messages, None, True, options)
        yield case_of(name, messages, None, False, {})
    for name in ("one", "system", "tool round", "two calls", "string arguments", "after tools"):
        for tools in TOOL_SETS:
            yield case_of(name, CHATS[name], tools, True, {})
            yield case_of(name, CHATS[name], tools, True, {"enable_thinking": True})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--template", type=Path, required=True, help="the demo model's chat_template.jinja")
    parser.add_argument("--out", type=Path, required=True, help="template_cases.jsonl to write")
    args = parser.parse_args()

    own = args.template.read_text()
    results = [rendered(own, case) | {"template": None} for case in own_cases()]
    for name, template, options in FEATURES:
        for chat in ("one", "multi", "unicode"):
            case = case_of(f"{name}: {chat}", CHATS[chat], None, True, options)
            results.append(rendered(template, case) | {"template": template})
    args.out.write_text("".join(json.dumps(case, ensure_ascii=False) + "\n" for case in results))
    errors = sum(case["error"] is not None for case in results)
    print(f"{args.out}: {len(results)} cases, {errors} of them errors")


if __name__ == "__main__":
    main()
