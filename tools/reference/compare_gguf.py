"""How far the log probabilities that Baton and llama.cpp serve for a Llama GGUF lie from those of `transformers` on its weights.

    ./baton up --model FILE.gguf --prefill 0 --decode 1
    python tools/reference/compare_gguf.py FILE.gguf FOLDER [http://127.0.0.1:8080]

FOLDER is the same model as a Hugging Face folder; its tokenizer makes the prompts, and its architecture is computed in f32 with
the file's own weights, dequantised without rounding. llama.cpp runs in this process. Needs torch, transformers, gguf, xllamacpp.
50 prompts are cut from this project's documentation; compared are the 20 likeliest next tokens of each, in the reference's order.
"""

from __future__ import annotations

import json
import sys
import urllib.request
from pathlib import Path
from typing import Callable

import gguf
import numpy as np
import torch
import transformers as hf

ROOT = Path(__file__).parents[2]
PROMPTS, TOKENS, TOP = 50, 48, 20


def reference(file: str, folder: str):
    """The folder's architecture with the file's weights, query and key rows in the folder's order."""
    model = hf.AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager").eval()
    names = {"attn_norm": "input_layernorm", "ffn_norm": "post_attention_layernorm", "attn_q": "self_attn.q_proj", "attn_k": "self_attn.k_proj",
             "attn_v": "self_attn.v_proj", "attn_output": "self_attn.o_proj", "ffn_gate": "mlp.gate_proj", "ffn_up": "mlp.up_proj", "ffn_down": "mlp.down_proj",
             "token_embd": "embed_tokens", "output_norm": "norm"}
    heads = {"attn_q": model.config.num_attention_heads, "attn_k": model.config.num_key_value_heads}
    state = model.state_dict()
    for tensor in gguf.GGUFReader(file).tensors:
        part = tensor.name.removesuffix(".weight").split(".")
        place = f"model.layers.{part[1]}.{names[part[2]]}.weight" if part[0] == "blk" else "lm_head.weight" if part[0] == "output" else f"model.{names[part[0]]}.weight"
        values = gguf.dequantize(tensor.data, tensor.tensor_type).astype(np.float32).reshape([int(n) for n in reversed(tensor.shape)])
        if part[-1] in heads:
            n = heads[part[-1]]
            values = values.reshape(n, values.shape[0] // n // 2, 2, -1).swapaxes(1, 2).reshape(values.shape)
        state[place].copy_(torch.from_numpy(np.ascontiguousarray(values)))
    return model


def prompts(folder: str) -> list[list[int]]:
    tokenizer = hf.AutoTokenizer.from_pretrained(folder)
    text = "\n".join(file.read_text(encoding="utf-8") for file in sorted((ROOT / "docs").glob("**/*.md")))
    ids = tokenizer(text, add_special_tokens=False)["input_ids"]
    step = (len(ids) - TOKENS) // PROMPTS
    return [ids[i * step:i * step + TOKENS] for i in range(PROMPTS)]


def baton(url: str) -> Callable[[list[int]], dict[str, float]]:
    with urllib.request.urlopen(url + "/v1/models") as answer:
        name = json.load(answer)["data"][0]["id"]

    def ask(ids: list[int]) -> dict[str, float]:
        body = {"model": name, "prompt": ids, "max_tokens": 1, "temperature": 0, "logprobs": TOP}
        request = urllib.request.Request(url + "/v1/completions", json.dumps(body).encode(), {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=120) as answer:
            return json.load(answer)["choices"][0]["logprobs"]["top_logprobs"][0]

    return ask


def llama_cpp(file: str) -> Callable[[list[int]], dict[str, float]]:
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = file
    params.n_ctx, params.n_parallel, params.warmup = 512, 1, False
    server = xllamacpp.Server(params)

    def ask(ids: list[int]) -> dict[str, float]:
        answer = server.handle_completions({"prompt": ids, "max_tokens": 1, "n_predict": 1, "temperature": 0, "logprobs": TOP, "n_probs": TOP, "cache_prompt": False})
        entry = answer["choices"][0]["logprobs"]["content"][0]
        return {one["token"]: one["logprob"] for one in entry["top_logprobs"]}

    return ask


@torch.no_grad()
def main() -> None:
    file, folder = sys.argv[1:3]
    url = sys.argv[3] if len(sys.argv) > 3 else "http://127.0.0.1:8080"
    model, tokenizer = reference(file, folder), hf.AutoTokenizer.from_pretrained(folder)
    wanted = []
    for ids in prompts(folder):
        log = torch.log_softmax(model(torch.tensor([ids])).logits[0, -1].double(), -1)
        top = log.topk(TOP)
        spelled = [(tokenizer.decode([t]), v) for t, v in zip(top.indices.tolist(), top.values.tolist())]
        whole = {text: v for text, v in spelled if "\ufffd" not in text}  # parts of a character look alike
        if whole:
            wanted.append((ids, whole))
    for name, ask in (("Baton", baton(url)), ("llama.cpp", llama_cpp(file))):
        off, first, missing = [], 0, 0
        for ids, expected in wanted:
            got = ask(ids)
            missing += sum(token not in got for token in expected)
            off += [abs(got[token] - value) for token, value in expected.items() if token in got]
            first += max(got, key=got.get) == next(iter(expected))
        print(f"{name:10} off by {np.mean(off):.5f} on average, {np.max(off):.4f} at most; same first token {first} of {len(wanted)}; "
              f"{missing} of the reference's {sum(len(e) for _, e in wanted)} likeliest not among its own", flush=True)


if __name__ == "__main__":
    main()
