"""Records what `transformers` computes with the demo model (f32, CPU): ids, logits, greedy continuations, perplexity.

    python tools/reference/make_demo_reference.py [--model models/demo]
"""

from __future__ import annotations

import argparse
import hashlib
import json
from pathlib import Path
from random import Random

import numpy as np
import torch
import torch.nn.functional as F
from transformers import AutoModelForCausalLM, AutoTokenizer

import demo_text as text
import try_demo
from greedy import STEPS, TOLERANCE, continuation

ROOT = Path(__file__).parents[2]
MODEL_TESTS = ROOT / "model/src/test/resources/reference/demo"
TOKENIZER = ROOT / "tokenizer/src/test/resources/tokenizers"
STRINGS = [
    "", " ", "  ", "\n", "\n\n", "\t", " \n ", "a", "A", " a", "a ", "Hello", "Hello!", "Hello, world!", " Hello", "hello  world", "Hello\nworld\n",
    "Once upon a time there was a little fox.", "What is 7 + 5?", "12345678901234567890", "3.14159", "1,000,000", "20+0=20", "0x1F", "½ ² ٣ ४",
    "{\"name\": \"Tom\", \"age\": 3, \"tags\": [null, true]}", "It's, isn't it? I'll go; they've \"left\".", "snake_case camelCase kebab-case", "a.b.c/d\\e",
    "https://example.org/a?b=c&d=%20#e", "x = [i**2 for i in range(10)]", "<b>bold</b> &amp;", "!!!???...---", "   leading", "trailing   ", "tabs\tand\r\nlines\r",
    "Größe, Maß, naïve café", "Zürich", "Ελληνικά", "Русский текст", "العربية", "עברית", "हिन्दी", "日本語のテキスト", "中文文本。", "한국어", "ไทย",
    "🙂", "👩‍👩‍👧‍👦", "🇩🇪🇫🇷", "👍🏽", "e\u0301 vs é", "\u200b\u00a0\u2028\ufeff", "\u0000\u0001\u007f", "𝔘𝔫𝔦𝔠𝔬𝔡𝔢", "a\u0300\u0301\u0302", "mixed 日本 and 🙂 text",
    "<|bos|>", "<|user|>\nHi<|end|>\n<|assistant|>\n", "a<|end|>b", "<|unknown|>", "<|eos|><|pad|>", "|end|>", "< |user| >", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    "Tell me a story about a fox named Mia and an owl named Leo."]


def candidates(tokenizer) -> list[dict]:
    """Prompts of every kind in a fixed order: plain text, chats as a user would type them, long chats."""
    out: list[dict] = []
    for start in ("Once upon a time", "Once upon a time there was a little fox named", "The Journey of", "On the way", "Chapter 1", "The", "In the end", "Hello"):
        out.append({"kind": "text", "text": start, "ids": tokenizer(start)["input_ids"]})
    asked = [q for q in try_demo.CHATS if len(q) == 1]
    asked += [[f"Tell me a story about {text.article(kind)}."] for kind in text.KINDS[:5]]
    asked += [["Tell me a long story about a fox."], ["Count from 5 to 40."], ["Count from 30 to 60."], ["Tell me a very long story about a dragon."]]
    chats = [("chat", [{"role": "user", "content": q[0]}]) for q in asked]
    rng = Random(5)
    for n in (2, 3, 4, 5, 6, 10, 14, 18, 20, 24, 28, 32, 36, 40, 44):
        messages = [m for u, a in text.turns(rng, n) for m in ({"role": "user", "content": u}, {"role": "assistant", "content": a})]
        ask = rng.choice(["Tell me a story about a fox.", "Tell me a long story.", "Count from 1 to 30.", "Tell me a very long story."])
        chats.append(("long chat" if n > 8 else "chat", [{"role": "system", "content": text.SYSTEMS[0]}, *messages, {"role": "user", "content": ask}]))
    for kind, messages in chats:
        ids = tokenizer.apply_chat_template(messages, add_generation_prompt=True)["input_ids"]
        out.append({"kind": kind, "messages": messages, "ids": ids})
    return out


def greedy_cases(model, tokenizer) -> tuple[list[dict], list[torch.Tensor]]:
    """Cases whose choices are clear, with rows of logits at a middle, the last prompt and the last position."""
    cases, rows = [], []
    ends = set(model.generation_config.eos_token_id)
    for candidate in candidates(tokenizer):
        if len(candidate["ids"]) + STEPS > model.config.max_position_embeddings:
            continue
        result = continuation(model, candidate["ids"])
        if not result.clear():
            print(f"left out, margin {result.margin:.1e}: {candidate.get('text') or candidate['messages'][-1]['content']}")
            continue
        n = len(result.prompt)
        positions = sorted({n // 2, n - 1, n + STEPS - 1})
        stop = next((i for i, t in enumerate(result.tokens) if t in ends), None)
        cases.append({"name": f"{len(cases):02} {candidate['kind']}, {n} tokens", **candidate, "continuation": result.tokens, "stop": stop,
                      "answer": tokenizer.decode(result.tokens[:stop], skip_special_tokens=True), "margin": round(result.margin, 5),
                      "positions": positions, "row": len(rows)})
        rows += [result.logits[p] for p in positions]
    return cases, rows


@torch.inference_mode()
def held_out(model, tokenizer) -> dict:
    """Text that training never saw, with the model's mean negative log likelihood per token in f32."""
    documents = [tokenizer(d, add_special_tokens=False)["input_ids"] for d in text.held_out(60) + text.held_out(6, long=True)]
    documents = [d[:1024] for d in documents]
    total, count = 0.0, 0
    for ids in documents:
        logits = model(input_ids=torch.tensor([ids])).logits[0]
        total += float(F.cross_entropy(logits[:-1].double(), torch.tensor(ids[1:]), reduction="sum"))
        count += len(ids) - 1
    return {"tokens": count, "mean_nll": total / count, "perplexity": float(np.exp(total / count)), "documents": documents}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path, default=ROOT / "models/demo")
    args = parser.parse_args()
    torch.set_num_threads(1)
    tokenizer = AutoTokenizer.from_pretrained(args.model)
    model = AutoModelForCausalLM.from_pretrained(args.model, dtype=torch.float32, attn_implementation="eager").eval()
    digest = hashlib.sha256((args.model / "model.safetensors").read_bytes()).hexdigest()

    cases, rows = greedy_cases(model, tokenizer)
    MODEL_TESTS.mkdir(parents=True, exist_ok=True)
    head = {"model": "models/demo", "model_sha256": digest, "tolerance": TOLERANCE, "vocabulary": model.config.vocab_size}
    write_lines(MODEL_TESTS / "reference.json", head, "cases", cases)
    torch.stack(rows).numpy().astype("<f4").tofile(MODEL_TESTS / "logits.bin")
    perplexity = held_out(model, tokenizer)
    write_lines(MODEL_TESTS / "held-out.json", {"model_sha256": digest, **{k: v for k, v in perplexity.items() if k != "documents"}},
                "documents", perplexity["documents"])

    TOKENIZER.mkdir(parents=True, exist_ok=True)
    strings = [{"text": s, "ids": tokenizer(s, add_special_tokens=False)["input_ids"], "ids_with_special": tokenizer(s)["input_ids"],
                "decoded": tokenizer.decode(tokenizer(s, add_special_tokens=False)["input_ids"]),
                "decoded_without_special": tokenizer.decode(tokenizer(s)["input_ids"], skip_special_tokens=True)} for s in STRINGS]
    write_lines(TOKENIZER / "demo-ids.json", {"tokenizer": "models/demo"}, "strings", strings)
    print(f"{len(cases)} cases, prompts of {min(len(c['ids']) for c in cases)} to {max(len(c['ids']) for c in cases)} tokens; "
          f"held-out perplexity {perplexity['perplexity']:.4f} over {perplexity['tokens']} tokens; {len(strings)} strings")


def write_lines(path: Path, head: dict, key: str, items: list) -> None:
    """JSON with one item a line, so that a change shows as the lines it touches."""
    lines = ",\n".join(json.dumps(item, ensure_ascii=False) for item in items)
    path.write_text(json.dumps(head, indent=1)[:-2] + f',\n "{key}": [\n{lines}\n]}}\n', encoding="utf-8")


if __name__ == "__main__":
    main()
