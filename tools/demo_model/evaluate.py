"""Measures an exported model on questions that training has never seen.

An answer counts only if every token of it is the model's greedy choice: exactly the expected text,
ended in the right place. Given the expected text, one pass over it tells that of all its tokens.
"""
import argparse
import json
from pathlib import Path
from random import Random

import torch
from tokenizers import Tokenizer

import exam
from batches import encode
from documents import Document, Mixture, VERSE_PHRASES
from chat_format import render
from greedy import batches_of, continue_all
from layers import Packing
from model import DemoModel, MtpHead
from weights import load_models


@torch.no_grad()
def exactly_right(model: DemoModel, tokenizer: Tokenizer, documents: list[Document]) -> list[bool]:
    right = [True] * len(documents)
    encoded = {number: encode(tokenizer, document) for number, document in enumerate(documents)}
    for batch in batches_of(encoded):
        hidden, _ = model.model(batch.tokens, Packing.of(batch.document))
        where, token = batch.targets(ahead=1)
        wrong = where & (model.lm_head(hidden).argmax(-1) != token)
        for number in batch.document[wrong].tolist():
            right[number] = False
    return right


def accuracies(model, tokenizer, words, count: int, seed: int) -> dict:
    """{title: {"alone": share, "in a chat": share}}"""
    results = {}
    for subject in exam.SUBJECTS:
        results[subject.title] = {}
        for name, in_chat in (("alone", False), ("in a chat", True)):
            rng = Random(f"{seed} {subject.title} {name}")
            documents = [exam.question(subject, words, rng, in_chat) for _ in range(count)]
            right = exactly_right(model, tokenizer, documents)
            results[subject.title][name] = sum(right) / count
        print(f"{subject.title:45} alone {results[subject.title]['alone']:.3f}"
              f"  in a chat {results[subject.title]['in a chat']:.3f}", flush=True)
    return results


def chat_prompts(words, count: int, seed: int) -> list[str]:
    """Openings of the assistant's turn for questions of every kind."""
    rng, prompts = Random(seed), []
    while len(prompts) < count:
        subject = exam.SUBJECTS[len(prompts) % len(exam.SUBJECTS)]
        document = exam.question(subject, words, rng, in_chat=rng.random() < 0.3)
        prompts.append(document.text[: document.spans[0][0]])
    return prompts


def verse_prompts() -> list[str]:
    return [render([{"role": "user", "content": phrase}], add_generation_prompt=True) for phrase in VERSE_PHRASES]


@torch.no_grad()
def agreement(model: DemoModel, head: MtpHead, tokenizer: Tokenizer, prompts: list[str], limit: int) -> float:
    """Share of places in the model's own greedy answers where the first draft is the next token."""
    openings = [tokenizer.encode(prompt).ids for prompt in prompts]
    answers = continue_all(model, openings, limit)
    same = total = 0
    for opening, answer in zip(openings, answers):
        tokens = torch.tensor([opening + answer])
        packing = Packing.of(torch.zeros_like(tokens))
        hidden, _ = model.model(tokens, packing)
        draft_hidden = head(model.model.embed_tokens(tokens.roll(-1, dims=1)), hidden, packing)
        drafts = model.lm_head(draft_hidden).argmax(-1)[0, len(opening) - 1:-2]
        same += (drafts == tokens[0, len(opening) + 1:]).sum().item()
        total += len(drafts)
    return same / total


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--model", type=Path, required=True, help="exported folder")
    parser.add_argument("--verse", type=Path, required=True, help="plain text of the verse")
    parser.add_argument("--count", type=int, default=100, help="questions of each kind")
    parser.add_argument("--chats", type=int, default=100, help="chats for the MTP agreement")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--out", type=Path, help="where to write the figures as JSON")
    args = parser.parse_args()

    torch.set_num_threads(args.threads)
    torch.set_flush_denormal(True)
    model, head = load_models(args.model)
    tokenizer = Tokenizer.from_file(str(args.model / "tokenizer.json"))
    words = Mixture(args.verse.read_text()).words
    figures = {"count": args.count, "exact": accuracies(model, tokenizer, words, args.count, args.seed)}
    prompts = chat_prompts(words, args.chats, args.seed)
    figures["mtp_agreement_chats"] = agreement(model, head, tokenizer, prompts, limit=60)
    figures["mtp_agreement_verse"] = agreement(model, head, tokenizer, verse_prompts(), limit=60)
    print(f"MTP agreement: chats {figures['mtp_agreement_chats']:.3f}, verse {figures['mtp_agreement_verse']:.3f}")
    if args.out:
        args.out.write_text(json.dumps(figures, indent=2) + "\n")


if __name__ == "__main__":
    main()
