"""Writes a checkpoint folder in the layout of the Hugging Face hub."""
import argparse
import json
import shutil
from pathlib import Path

import torch

import weights
from chat_format import TEMPLATE_FILE
from hub_config import END_OF_TEXT, TURN_END, hub_config
from model import DemoModel, MtpHead
from shape import Shape

GENERATION = {
    "bos_token_id": END_OF_TEXT, "eos_token_id": [TURN_END, END_OF_TEXT], "pad_token_id": END_OF_TEXT,
    "do_sample": True, "temperature": 0.7, "top_k": 20, "top_p": 0.8,
}
TOKENIZER = {
    "add_bos_token": False, "add_prefix_space": False, "bos_token": None,
    "clean_up_tokenization_spaces": False, "eos_token": "<|im_end|>", "model_max_length": 4096,
    "pad_token": "<|endoftext|>", "tokenizer_class": "Qwen2Tokenizer", "unk_token": None,
}


def quantisation(kept: list[str]) -> dict:
    return {"activation_scheme": "dynamic", "fmt": "e4m3", "quant_method": "fp8",
            "weight_block_size": [128, 128], "modules_to_not_convert": kept}


def write_json(path: Path, value: dict) -> None:
    path.write_text(json.dumps(value, indent=2) + "\n")


def export(model: DemoModel, head: MtpHead, tokenizer: Path, folder: Path, fp8: bool) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    kept = weights.write(folder / "model.safetensors", model, head, fp8)
    config = hub_config(Shape())
    if fp8:
        config["quantization_config"] = quantisation(kept)
    write_json(folder / "config.json", config)
    write_json(folder / "generation_config.json", GENERATION)
    write_json(folder / "tokenizer_config.json", TOKENIZER)
    shutil.copyfile(tokenizer, folder / "tokenizer.json")
    shutil.copyfile(TEMPLATE_FILE, folder / "chat_template.jinja")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path, required=True, help="checkpoint of train.py")
    parser.add_argument("--head", type=Path, required=True, help="checkpoint of train_mtp.py")
    parser.add_argument("--tokenizer", type=Path, required=True)
    parser.add_argument("--form", choices=["bf16", "fp8"], required=True)
    parser.add_argument("--out", type=Path, required=True, help="folder to write")
    args = parser.parse_args()

    model, head = DemoModel(Shape()), MtpHead(Shape())
    model.load_state_dict(torch.load(args.model)["model"])
    head.load_state_dict(torch.load(args.head)["model"])
    export(model, head, args.tokenizer, args.out, args.form == "fp8")
    print(f"{args.out}: {(args.out / 'model.safetensors').stat().st_size / 2**20:.1f} MiB of weights")


if __name__ == "__main__":
    main()
