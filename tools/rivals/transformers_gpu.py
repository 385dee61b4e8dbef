#!/usr/bin/env python3
"""transformers in PyTorch on the first GPU: one JSON line per cell.   transformers_gpu.py FOLDER CELL ...

CELL: prefillN (tokens/s of a prompt of N tokens to its greedy next one), decodeN (tokens/s in total of N sequences, 32
steps from 512 tokens of context on). bf16, SDPA, DynamicCache, eager: as `generate` runs by default, without what it does
around a step. Every prompt is new; a token's choice reaches the host at every step, as a server needs it.
BATON_RIVAL_DEVICE: another torch device, to try the script.
"""
import json
import os
import sys
import time

import torch
from transformers import DynamicCache, LlamaForCausalLM

if len(sys.argv) < 3:
    sys.exit(__doc__)
STEPS, WARM, CONTEXT = 32, 2, 512
folder, cells = sys.argv[1], sys.argv[2:]
device = torch.device(os.environ.get("BATON_RIVAL_DEVICE", "cuda:0"))
model = LlamaForCausalLM.from_pretrained(folder, dtype=torch.bfloat16, attn_implementation="sdpa").to(device).eval()
draw = torch.Generator().manual_seed(7)


def synchronize():
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def prompts(sequences, length):
    return torch.randint(300, 30000, (sequences, length), generator=draw)


def step(ids, cache):
    """The greedy next tokens, on the host."""
    logits = model(ids.to(device), past_key_values=cache, use_cache=True, logits_to_keep=1).logits
    return logits[:, -1].argmax(-1).cpu()


def prefill(length):
    ids = prompts(1, length)
    cache = DynamicCache(config=model.config)
    synchronize()
    start = time.perf_counter()
    step(ids, cache)
    return length / (time.perf_counter() - start)


def decode(batch):
    cache = DynamicCache(config=model.config)
    tokens = step(prompts(batch, CONTEXT), cache)
    for i in range(WARM + STEPS):
        if i == WARM:
            synchronize()
            start = time.perf_counter()
        tokens = step(tokens[:, None], cache)
    return batch * STEPS / (time.perf_counter() - start)


with torch.inference_mode():
    for cell in cells:
        kind = prefill if cell.startswith("prefill") else decode
        size = int(cell.removeprefix("prefill").removeprefix("decode"))
        kind(size)  # its kernels are chosen and its memory taken
        print(json.dumps({"cell": cell, "per_second": round(kind(size), 3)}), flush=True)
