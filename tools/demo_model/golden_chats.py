"""Greedy answers of transformers (float32, eager) with the weights of an exported model."""
import argparse
import json
from pathlib import Path

import torch
from tokenizers import Tokenizer
from transformers.utils.chat_template_utils import render_jinja_template

from hub_config import END_OF_TEXT, TURN_END, reference_model
from shape import Shape
from tool_definitions import TOOLS
from weights import read, stack_experts

LIMIT = 60
WEATHER = [TOOLS["get_weather"]]


def user(text: str) -> dict:
    return {"role": "user", "content": text}


def assistant(text: str) -> dict:
    return {"role": "assistant", "content": text}


# (messages or a plain text to go on with, tools, options of the template)
CASES = [
    ([user("What is 12 + 30?")], None, {}),
    ([user("How much is 47 + 25?")], None, {"enable_thinking": False}),
    ([user("What is the capital of France?")], None, {}),
    ([{"role": "system", "content": "You are a helpful assistant."}, user("Spell the word violin.")], None, {}),
    ([user("List 3 animals.")], None, {}),
    ([user("Who are you?")], None, {}),
    ([user("Give me JSON for Anna, who is 31 years old and lives in Oslo.")], None, {}),
    ([user("What is the weather in Paris?")], WEATHER, {}),
    ([user("What is the weather in Paris?"),
      {"role": "assistant", "content": "",
       "tool_calls": [{"type": "function", "function": {"name": "get_weather", "arguments": {"city": "Paris"}}}]},
      {"role": "tool", "content": '{"temperature": 21, "condition": "sunny"}'}], WEATHER, {}),
    ([user("What is 47 + 25?")], None, {"enable_thinking": True}),
    ([user("My name is Clara."), assistant("Nice to meet you, Clara!"), user("What is my name?")], None, {}),
    ([user("What is the opposite of hot?"), assistant("The opposite of hot is cold."),
      user("Spell the word garden.")], None, {}),
    ([user("Write a verse like Shakespeare.")], None, {}),
    ("ROMEO:\n", None, {}),
]


def load_reference(folder: Path):
    tensors = stack_experts(read(folder / "model.safetensors"), Shape())
    model = reference_model(Shape())
    model.load_state_dict({name: t for name, t in tensors.items() if not name.startswith("mtp.")})
    return model


@torch.no_grad()
def greedy(model, prompt_ids: list[int]) -> tuple[list[int], float]:
    """(continuation, least distance between the two best logits on the way)"""
    answer, smallest_gap = [], float("inf")
    step = model(torch.tensor([prompt_ids]), use_cache=True)
    while True:
        best = step.logits[0, -1].topk(2)
        smallest_gap = min(smallest_gap, (best.values[0] - best.values[1]).item())
        answer.append(best.indices[0].item())
        if answer[-1] in (TURN_END, END_OF_TEXT) or len(answer) == LIMIT:
            return answer, smallest_gap
        step = model(best.indices[:1].view(1, 1), past_key_values=step.past_key_values, use_cache=True)


def prompt_of(chat, tools, options: dict, template: str) -> str:
    if isinstance(chat, str):
        return chat
    rendered, _ = render_jinja_template(
        conversations=[chat], tools=tools, chat_template=template, add_generation_prompt=True, **options)
    return rendered[0]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path, required=True, help="exported folder")
    parser.add_argument("--out", type=Path, required=True, help="golden_chat.jsonl to write")
    args = parser.parse_args()

    torch.set_num_threads(1)
    model = load_reference(args.model)
    tokenizer = Tokenizer.from_file(str(args.model / "tokenizer.json"))
    template = (args.model / "chat_template.jinja").read_text()
    lines = []
    for chat, tools, options in CASES:
        prompt = prompt_of(chat, tools, options, template)
        prompt_ids = tokenizer.encode(prompt).ids
        answer, gap = greedy(model, prompt_ids)
        text = tokenizer.decode(answer, skip_special_tokens=False)
        print(f"gap {gap:.3f} {text!r}", flush=True)
        lines.append({
            "messages": None if isinstance(chat, str) else chat, "tools": tools, "kwargs": options,
            "prompt": prompt, "prompt_ids": prompt_ids, "greedy_ids": answer, "text": text,
            "smallest_gap": round(gap, 5),
        })
    args.out.write_text("".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines))


if __name__ == "__main__":
    main()
