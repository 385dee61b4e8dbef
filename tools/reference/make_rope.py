"""Records the frequencies that `transformers` makes of every published way to write rotary scaling.

    python tools/reference/make_rope.py
"""

from __future__ import annotations

import json
from pathlib import Path

import torch
import transformers as hf
from transformers.modeling_rope_utils import ROPE_INIT_FUNCTIONS

OUT = Path(__file__).parents[2] / "model/src/test/resources/reference/rope.json"
SIZES = {"hidden_size": 64, "num_attention_heads": 4, "num_hidden_layers": 1, "intermediate_size": 64, "vocab_size": 32}
SHORT, LONG = [1.0, 1.1, 1.2, 1.5, 2.0, 2.5, 3.0, 4.0], [1.0, 1.5, 2.0, 4.0, 8.0, 16.0, 24.0, 32.0]
# Name, architecture, what config.json says, longest sequence that is served.
WAYS = [
    ("default", "LlamaForCausalLM", {"max_position_embeddings": 2048, "rope_theta": 5e5, "rope_scaling": None}, 0),
    ("linear by type", "LlamaForCausalLM", {"max_position_embeddings": 2048, "rope_theta": 1e4, "rope_scaling": {"type": "linear", "factor": 4}}, 0),
    ("linear by rope_type", "LlamaForCausalLM", {"max_position_embeddings": 2048, "rope_parameters": {"rope_type": "linear", "factor": 2.5, "rope_theta": 1e6}}, 0),
    ("dynamic", "LlamaForCausalLM", {"max_position_embeddings": 2048, "rope_theta": 1e4, "rope_scaling": {"type": "dynamic", "factor": 2.0}}, 0),
    ("llama3", "LlamaForCausalLM", {"max_position_embeddings": 131072, "rope_theta": 5e5, "rope_scaling": {
        "rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0, "original_max_position_embeddings": 8192}}, 0),
    ("yarn", "Qwen2ForCausalLM", {"max_position_embeddings": 32768, "rope_theta": 1e6, "rope_scaling": {
        "type": "yarn", "factor": 4.0, "original_max_position_embeddings": 32768}}, 0),
    ("yarn without the original context", "Qwen2ForCausalLM", {"max_position_embeddings": 4096, "rope_theta": 1e6, "rope_scaling": {
        "rope_type": "yarn", "factor": 4.0, "attention_factor": None}}, 0),
    ("yarn with factors of its own", "Qwen2ForCausalLM", {"max_position_embeddings": 4096, "rope_theta": 1e4, "rope_scaling": {
        "rope_type": "yarn", "factor": 40.0, "original_max_position_embeddings": 4096, "beta_fast": 24, "beta_slow": 2, "mscale": 0.707, "mscale_all_dim": 1.0}}, 0),
    ("longrope within the original context", "Phi3ForCausalLM", {"max_position_embeddings": 131072, "original_max_position_embeddings": 4096, "rope_theta": 1e4,
        "rope_scaling": {"type": "longrope", "short_factor": SHORT, "long_factor": LONG}}, 4096),
    ("longrope beyond it", "Phi3ForCausalLM", {"max_position_embeddings": 131072, "original_max_position_embeddings": 4096, "rope_theta": 1e4,
        "rope_scaling": {"type": "longrope", "short_factor": SHORT, "long_factor": LONG}}, 0),
    ("su", "Phi3ForCausalLM", {"max_position_embeddings": 131072, "original_max_position_embeddings": 4096, "rope_theta": 1e4,
        "rope_scaling": {"type": "su", "short_factor": SHORT, "long_factor": LONG}}, 8192),
    ("longrope with the original context in its parameters", "Phi3ForCausalLM", {"max_position_embeddings": 131072,
        "rope_parameters": {"rope_type": "longrope", "short_factor": SHORT, "long_factor": LONG, "original_max_position_embeddings": 4096, "rope_theta": 1e4,
                            "attention_factor": 1.5}}, 2048),
]


def frequencies(architecture: str, written: dict, served: int) -> tuple[torch.Tensor, float]:
    classes = {"LlamaForCausalLM": hf.LlamaConfig, "Qwen2ForCausalLM": hf.Qwen2Config, "Phi3ForCausalLM": hf.Phi3Config}
    given = json.loads(json.dumps(written))
    rope = given.get("rope_scaling") or given.get("rope_parameters") or {}
    if "long_factor" in rope:  # published configurations of Phi-3 have it beside these, where this version no longer looks
        rope.setdefault("original_max_position_embeddings", given.get("original_max_position_embeddings"))
    config = classes[architecture](**SIZES, pad_token_id=None, **given)
    config.standardize_rope_params()
    kind = config.rope_parameters["rope_type"]
    if kind == "default":
        theta, dims = config.rope_parameters["rope_theta"], config.hidden_size // config.num_attention_heads
        return 1.0 / theta ** (torch.arange(0, dims, 2).float() / dims), 1.0
    return ROPE_INIT_FUNCTIONS[kind](config, torch.device("cpu"), seq_len=served or config.max_position_embeddings)


def main() -> None:
    ways = []
    for name, architecture, written, served in WAYS:
        inverse, magnitude = frequencies(architecture, written, served)
        ways.append({"name": name, "config": {"architectures": [architecture], **SIZES, **written}, "served": served,
                     "frequencies": inverse.tolist(), "magnitude": magnitude})
    OUT.write_text("[\n" + ",\n".join(json.dumps(way) for way in ways) + "\n]\n", encoding="utf-8")


if __name__ == "__main__":
    main()
