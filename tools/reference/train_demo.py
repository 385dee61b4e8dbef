"""Trains the demo model of `models/demo`: a small Llama on the text of `demo_text`, seeded, on two CPU cores or a GPU.

    python tools/reference/train_demo.py --out models/demo [--tokens 3000000] [--device cuda]
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, processors, trainers
from transformers import LlamaConfig, LlamaForCausalLM

import demo_text as text

VOCABULARY = 1024
CONTEXT = 2048
SHORT, LONG = 256, CONTEXT
LONG_SHARE = 0.25
PROMPT_WEIGHT = 0.1
WORDS = r" ?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"

CHAT_TEMPLATE = """\
{{- bos_token }}
{%- for message in messages %}
    {%- if message.role == 'system' or message.role == 'developer' %}
        {{- '<|system|>\\n' }}
    {%- elif message.role == 'user' or message.role == 'assistant' or message.role == 'tool' %}
        {{- '<|' + message.role + '|>\\n' }}
    {%- else %}
        {{- raise_exception('Unknown role: ' + message.role) }}
    {%- endif %}
    {%- if message.content is string %}
        {{- message.content | trim }}
    {%- elif message.content %}
        {%- for part in message.content if part.type == 'text' %}
            {{- part.text | trim }}
        {%- endfor %}
    {%- endif %}
    {{- '<|end|>\\n' }}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|assistant|>\\n' }}
{%- endif %}
"""


def train_tokenizer(seed: int) -> Tokenizer:
    """A byte-level BPE that writes each digit as one token; `encode` puts <|bos|> in front."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.Split(Regex(WORDS), "isolated"), pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY, special_tokens=text.SPECIAL_TOKENS, show_progress=False,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet())
    sample = [d for long, n in ((False, 12_000), (True, 300)) for d in islice(text.documents(seed, long), n)]
    for token in text.SPECIAL_TOKENS:
        sample = [d.replace(token, "\n") for d in sample]
    tokenizer.train_from_iterator(sample, trainer)
    bos = tokenizer.token_to_id(text.BOS)
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{text.BOS} $A", pair=f"{text.BOS} $A $B", special_tokens=[(text.BOS, bos)])
    return tokenizer


def build_model(tokenizer: Tokenizer) -> LlamaForCausalLM:
    config = LlamaConfig(
        vocab_size=VOCABULARY, hidden_size=256, intermediate_size=704, num_hidden_layers=4, num_attention_heads=4,
        num_key_value_heads=2, head_dim=64, max_position_embeddings=CONTEXT, rope_theta=10_000.0, rms_norm_eps=1e-5,
        tie_word_embeddings=True, attention_bias=False, mlp_bias=False, hidden_act="silu", initializer_range=0.02,
        bos_token_id=tokenizer.token_to_id(text.BOS), pad_token_id=tokenizer.token_to_id(text.PAD),
        eos_token_id=[tokenizer.token_to_id(text.EOS), tokenizer.token_to_id(text.END)])
    return LlamaForCausalLM(config)


def windows(tokenizer: Tokenizer, seed: int, long: bool) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Packed token windows with the weight of each token in the loss: prompts weigh little, answers fully."""
    prompt = {tokenizer.token_to_id(t) for t in (text.SYSTEM, text.USER)}
    answer, end = tokenizer.token_to_id(text.ASSISTANT), tokenizer.token_to_id(text.END)
    length = (LONG if long else SHORT) + 1
    ids: list[int] = []
    weights: list[float] = []
    for document in text.documents(seed, long):
        weight = 1.0
        for token in tokenizer.encode(document, add_special_tokens=False).ids:
            ids.append(token)
            weights.append(weight)
            if token in prompt:
                weight = PROMPT_WEIGHT
            elif token == answer:
                weight = 1.0
            elif token == end:
                weight = PROMPT_WEIGHT
        while len(ids) >= length:
            yield np.array(ids[:length]), np.array(weights[:length], dtype=np.float32)
            ids, weights = ids[length - 1:], weights[length - 1:]


def batches(tokenizer: Tokenizer, seed: int, size: int) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    """Batches of `size` tokens, each of short windows or of long ones."""
    streams = [windows(tokenizer, seed, long) for long in (False, True)]
    choice = np.random.default_rng(seed)
    while True:
        long = bool(choice.random() < LONG_SHARE)
        rows = list(islice(streams[long], max(1, size // (LONG if long else SHORT))))
        yield torch.tensor(np.stack([r[0] for r in rows])), torch.tensor(np.stack([r[1] for r in rows]))


class Muon(torch.optim.Optimizer):
    """Momentum whose matrix updates are made orthogonal by Newton-Schulz steps (Jordan et al., 2024)."""

    def __init__(self, parameters, lr: float, momentum: float = 0.95):
        super().__init__(parameters, {"lr": lr, "momentum": momentum})

    @torch.no_grad()
    def step(self, closure=None):
        for group in self.param_groups:
            for p in group["params"]:
                buffer = self.state[p].setdefault("momentum", torch.zeros_like(p))
                buffer.lerp_(p.grad, 1 - group["momentum"])
                update = orthogonal(p.grad.lerp(buffer, group["momentum"]))
                p.mul_(1 - group["lr"] * 0.1).add_(update, alpha=-group["lr"] * max(1.0, p.size(0) / p.size(1)) ** 0.5)


def orthogonal(g: torch.Tensor, steps: int = 4) -> torch.Tensor:
    x = g.T if g.size(0) > g.size(1) else g
    x = x / (x.norm() + 1e-7)
    for _ in range(steps):
        a = x @ x.T
        x = 3.4445 * x + (-4.7750 * a + 2.0315 * a @ a) @ x
    return x.T if g.size(0) > g.size(1) else x


def loss_of(model: LlamaForCausalLM, ids: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
    logits = model(input_ids=ids[:, :-1], use_cache=False).logits
    each = F.cross_entropy(logits.reshape(-1, logits.size(-1)), ids[:, 1:].reshape(-1), reduction="none")
    w = weights[:, 1:].reshape(-1)
    return (each * w).sum() / w.sum()


def train(model: LlamaForCausalLM, tokenizer: Tokenizer, args: argparse.Namespace, save) -> dict:
    """Trains for the token budget (or until the time is up) and returns what the model card states."""
    model.to(args.device).train()
    matrices = [p for n, p in model.named_parameters() if p.ndim == 2 and "embed" not in n]
    others = [p for n, p in model.named_parameters() if p.ndim != 2 or "embed" in n]
    optimizers = [Muon(matrices, lr=0.02), torch.optim.AdamW(others, lr=4e-3, betas=(0.9, 0.95), weight_decay=0.0)]
    peak = [o.param_groups[0]["lr"] for o in optimizers]
    started, seen, step, recent = time.monotonic(), 0, 0, []
    for ids, weights in batches(tokenizer, args.seed, args.batch):
        done = max(seen / args.tokens, (time.monotonic() - started) / args.seconds)
        if done >= 1:
            break
        scale = args.peak * min(1.0, (step + 1) / 40, (1 - done) / 0.5)
        for optimizer, lr in zip(optimizers, peak):
            optimizer.param_groups[0]["lr"] = lr * scale
        loss = loss_of(model, ids.to(args.device), weights.to(args.device))
        loss.backward()
        torch.nn.utils.clip_grad_norm_(others, 1.0)
        for optimizer in optimizers:
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
        seen, step = seen + ids.numel(), step + 1
        recent = [*recent[-49:], loss.item()]
        if step % 25 == 0:
            elapsed = time.monotonic() - started
            print(f"{step:5} steps {seen:9} tokens {seen / elapsed:6.0f} tokens/s loss {np.mean(recent[-25:]):.4f}", flush=True)
        if step % args.save_every == 0:
            save()
    return {"tokens": seen, "steps": step, "seconds": time.monotonic() - started, "loss": float(np.mean(recent))}


def save_model(model: LlamaForCausalLM, tokenizer: Tokenizer, out: Path) -> None:
    out.mkdir(parents=True, exist_ok=True)
    copy = LlamaForCausalLM(model.config)
    copy.load_state_dict(model.state_dict())
    copy.to(torch.bfloat16).save_pretrained(out)
    (out / "model.safetensors").chmod(0o644)
    config = json.loads((out / "config.json").read_text(encoding="utf-8"))
    write_json(out / "config.json", {**config, "rope_theta": 10_000.0, "torch_dtype": "bfloat16"})  # for older readers
    tokenizer.save(str(out / "tokenizer.json"))
    write_json(out / "tokenizer_config.json", {
        "tokenizer_class": "PreTrainedTokenizerFast", "bos_token": text.BOS, "eos_token": text.END, "pad_token": text.PAD,
        "add_bos_token": True, "clean_up_tokenization_spaces": False, "model_max_length": CONTEXT,
        "chat_template": CHAT_TEMPLATE})
    write_json(out / "generation_config.json", {
        "bos_token_id": model.config.bos_token_id, "eos_token_id": model.config.eos_token_id,
        "pad_token_id": model.config.pad_token_id, "do_sample": True, "temperature": 0.7, "top_p": 0.9})


def write_json(path: Path, value: dict) -> None:
    path.write_text(json.dumps(value, indent=2) + "\n", encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("models/demo"))
    parser.add_argument("--tokens", type=int, default=4_000_000, help="token budget; the learning rate falls to zero over it")
    parser.add_argument("--seconds", type=float, default=1e9, help="stop by then even when tokens are left")
    parser.add_argument("--batch", type=int, default=2048, help="tokens per step")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--resume", type=Path, help="go on from this model and its tokenizer instead of starting anew")
    parser.add_argument("--peak", type=float, default=1.0, help="scales the learning rates, for a resumed run say 0.6")
    parser.add_argument("--save-every", type=int, default=200, help="steps between snapshots")
    args = parser.parse_args()
    torch.manual_seed(args.seed)
    torch.set_num_threads(args.threads)
    if args.resume:
        tokenizer = Tokenizer.from_file(str(args.resume / "tokenizer.json"))
        model = LlamaForCausalLM.from_pretrained(args.resume, dtype=torch.float32, attn_implementation="sdpa")
    else:
        tokenizer = train_tokenizer(args.seed)
        model = build_model(tokenizer)
    print(f"{sum(p.numel() for p in model.parameters())} parameters on {args.device}", flush=True)
    result = train(model, tokenizer, args, lambda: save_model(model, tokenizer, args.out))
    save_model(model, tokenizer, args.out)
    print(json.dumps(result))


if __name__ == "__main__":
    main()
