"""Builds a tiny random checkpoint of every family and records what `transformers` computes with it (f32, eager, CPU).

    python tools/reference/make_families.py [name …]
"""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import torch
import transformers as hf

from greedy import STEPS, TOLERANCE, Continuation, continuation

FOLDER = Path(__file__).parents[2] / "model/src/test/resources/reference/families"
SMALL = {"vocab_size": 128, "hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4,
         "num_key_value_heads": 2, "max_position_embeddings": 256, "bos_token_id": 0, "eos_token_id": 1, "pad_token_id": 2}
LLAMA3_ROPE = {"rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
               "original_max_position_embeddings": 64}
LENGTHS = (1, 5, 64, 100)


@dataclass(frozen=True)
class Family:
    """`rope` as the classic `rope_scaling`; `classic` rewrites config.json into the layout of checkpoints made before
    version 5 of `transformers`; `shard` is the largest file in bytes."""

    config: Callable[..., Any]
    dtype: torch.dtype
    settings: dict[str, Any] = field(default_factory=dict)
    theta: float = 10_000.0
    rope: dict[str, Any] = field(default_factory=dict)
    classic: bool = True
    shard: str = "1GB"
    seed: int | None = None


FAMILIES = {
    "llama2": Family(hf.LlamaConfig, torch.float32, {"num_key_value_heads": 4, "tie_word_embeddings": False}),
    "llama31": Family(hf.LlamaConfig, torch.bfloat16, {"hidden_size": 48, "head_dim": 12, "tie_word_embeddings": False},
                      theta=500_000.0, rope=LLAMA3_ROPE, shard="24KB"),
    "llama32": Family(hf.LlamaConfig, torch.bfloat16, {"head_dim": 16, "num_hidden_layers": 3, "tie_word_embeddings": True},
                      theta=500_000.0, rope={**LLAMA3_ROPE, "factor": 32.0}, classic=False),
    "llama-odd-heads": Family(hf.LlamaConfig, torch.float16, {
        "vocab_size": 97, "hidden_size": 42, "intermediate_size": 52, "num_attention_heads": 3, "num_key_value_heads": 1, "head_dim": 20,
        "attention_bias": True, "tie_word_embeddings": False}),
    "mistral": Family(hf.MistralConfig, torch.bfloat16, {"sliding_window": 24, "tie_word_embeddings": False}, theta=1_000_000.0),
    "qwen2": Family(hf.Qwen2Config, torch.bfloat16, {"tie_word_embeddings": True, "use_sliding_window": False}, theta=1_000_000.0),
    "qwen25-sharded": Family(hf.Qwen2Config, torch.float16, {"num_attention_heads": 6, "num_key_value_heads": 3, "hidden_size": 48,
                                                             "tie_word_embeddings": False}, theta=1_000_000.0, shard="16KB"),
    "qwen3": Family(hf.Qwen3Config, torch.bfloat16, {"head_dim": 24, "tie_word_embeddings": True}, theta=1_000_000.0),
    "phi3": Family(hf.Phi3Config, torch.float32, {"num_key_value_heads": 4, "sliding_window": 48, "tie_word_embeddings": False}),
    "gemma2": Family(hf.Gemma2Config, torch.bfloat16, {
        "head_dim": 16, "query_pre_attn_scalar": 24, "sliding_window": 16, "attn_logit_softcapping": 5.0, "final_logit_softcapping": 3.0,
        "tie_word_embeddings": True}),
    "gemma3": Family(hf.Gemma3TextConfig, torch.bfloat16, {
        "num_hidden_layers": 3, "head_dim": 12, "query_pre_attn_scalar": 12, "sliding_window": 16, "num_key_value_heads": 1,
        "layer_types": ["sliding_attention", "sliding_attention", "full_attention"], "tie_word_embeddings": True}, theta=1_000_000.0, classic=False),
    "mixtral": Family(hf.MixtralConfig, torch.bfloat16, {
        "intermediate_size": 40, "num_local_experts": 4, "num_experts_per_tok": 2, "sliding_window": None, "tie_word_embeddings": False}, theta=1_000_000.0),
    "qwen3-moe": Family(hf.Qwen3MoeConfig, torch.bfloat16, {
        "head_dim": 16, "num_hidden_layers": 3, "num_experts": 8, "num_experts_per_tok": 3, "moe_intermediate_size": 16, "norm_topk_prob": True,
        "mlp_only_layers": [1], "decoder_sparse_step": 1, "tie_word_embeddings": False}, theta=1_000_000.0),
    "qwen25-yarn": Family(hf.Qwen2Config, torch.bfloat16, {"head_dim": 16, "hidden_size": 64, "max_position_embeddings": 64, "tie_word_embeddings": False},
                          theta=10_000.0, rope={"rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 64}, seed=13),
    "phi4-mini": Family(hf.Phi3Config, torch.bfloat16, {"head_dim": 16, "hidden_size": 64, "tie_word_embeddings": True},
                        rope={"partial_rotary_factor": 0.75}, classic=False, seed=14),
}


@torch.no_grad()
def randomize(model, seed: int) -> None:
    """Weights at which every part matters: norms away from one, biases away from zero, logits well spread."""
    generator = torch.Generator().manual_seed(seed)
    for name, p in sorted(model.named_parameters()):
        noise = torch.randn(p.shape, generator=generator)
        if "norm" in name:
            p.copy_(p + 0.3 * noise)
        elif p.ndim == 1:
            p.copy_(0.5 * noise)
        elif "embed" in name or "lm_head" in name:
            p.copy_(0.15 * noise if "Gemma" in type(model).__name__ else noise)  # Gemma scales its embeddings up
        else:
            p.copy_(1.5 * noise / p.shape[-1] ** 0.5)


def classic_config(path: Path, family: Family) -> None:
    config = json.loads(path.read_text(encoding="utf-8"))
    config.pop("rope_parameters", None)
    config["torch_dtype"] = config.pop("dtype")
    config["rope_theta"] = family.theta
    if family.rope:
        config["rope_scaling"] = family.rope
    path.write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")


def build(name: str, family: Family, folder: Path) -> None:
    rope = {"rope_theta": family.theta, "rope_type": "default", **family.rope}
    if name == "gemma3":
        rope = {"full_attention": {**rope, "rope_type": "linear", "factor": 8.0}, "sliding_attention": {"rope_theta": 10_000.0, "rope_type": "default"}}
    config = family.config(**{**SMALL, **family.settings, "rope_parameters": rope})
    model = hf.AutoModelForCausalLM.from_config(config)
    unseeded = sorted(n for n, f in FAMILIES.items() if f.seed is None)
    randomize(model, unseeded.index(name) if family.seed is None else family.seed)
    model.to(family.dtype).save_pretrained(folder, max_shard_size=family.shard)
    (folder / "generation_config.json").unlink(missing_ok=True)
    for file in folder.iterdir():
        file.chmod(0o644)
    if family.classic:
        classic_config(folder / "config.json", family)


def clear_case(model, length: int, rng: Random) -> Continuation:
    """A random prompt of that length after which no choice is close."""
    for _ in range(200):
        prompt = [rng.randrange(3, model.config.vocab_size) for _ in range(length)]
        result = continuation(model, prompt)
        if result.clear() and len(set(result.tokens)) > 3:
            return result
    raise RuntimeError(f"no clear continuation of {length} tokens found: change the seed or the weights")


def record(name: str, folder: Path) -> str:
    model = hf.AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager").eval()
    rng, cases, rows = Random(name), [], []
    for length in LENGTHS:
        result = clear_case(model, length, rng)
        positions = sorted({0, length // 2, length - 1, length + STEPS - 1})
        cases.append({"ids": result.prompt, "continuation": result.tokens, "margin": round(result.margin, 5), "positions": positions, "row": len(rows)})
        rows += [result.logits[p] for p in positions]
    lines = ",\n".join(json.dumps(c) for c in cases)
    head = json.dumps({"tolerance": TOLERANCE, "vocabulary": model.config.vocab_size}, indent=1)
    (folder / "reference.json").write_text(head[:-2] + f',\n "cases": [\n{lines}\n]}}\n', encoding="utf-8")
    torch.stack(rows).numpy().astype("<f4").tofile(folder / "logits.bin")
    size = sum(f.stat().st_size for f in folder.iterdir())
    return f"{name:16} {size / 1024:6.0f} KB, {len(list(folder.glob('*.safetensors')))} files, smallest margin {min(c['margin'] for c in cases)}"


def main() -> None:
    hf.utils.logging.disable_progress_bar()
    torch.set_num_threads(1)
    for name in sys.argv[1:] or FAMILIES:
        folder = FOLDER / name
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        build(name, FAMILIES[name], folder)
        print(record(name, folder), flush=True)


if __name__ == "__main__":
    main()
