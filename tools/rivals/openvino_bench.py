#!/usr/bin/env python3
"""OpenVINO GenAI: one JSON line per cell.   openvino_bench.py MODEL.gguf THREADS CELL ...

CELL: prefillN (tokens/s of a prompt of N tokens, one new token), decodeN (tokens/s in total of N sequences, 32 steps from
512 tokens of context on, by the engine's own time stamps of its tokens). Greedy; every prompt is new.
"""
import json
import random
import sys
import time

import numpy as np
import openvino as ov
import openvino_genai as og

STEPS, CONTEXT = 32, 512
path, threads, cells = sys.argv[1], int(sys.argv[2]), sys.argv[3:]


def has(*features):
    with open("/proc/cpuinfo") as info:
        flags = next(line for line in info if line.startswith("flags")).split()
    return any(f in flags for f in features)


# bf16 where the CPU computes in it; elsewhere the engine would only imitate it, so it keeps its own choice.
config = {"INFERENCE_NUM_THREADS": threads, "PERFORMANCE_HINT": "LATENCY"}
if has("avx512_bf16", "amx_bf16"):
    config |= {"INFERENCE_PRECISION_HINT": "bf16", "KV_CACHE_PRECISION": "bf16"}
else:
    config |= {"KV_CACHE_PRECISION": "f16"}
scheduler = og.SchedulerConfig()
scheduler.enable_prefix_caching = False  # else it would answer a repeated prompt
scheduler.cache_size = 2
scheduler.max_num_batched_tokens = 8192
pipeline = og.LLMPipeline(path, "CPU", scheduler_config=scheduler, **config)
draw = random.Random(7)


def generate(sequences, length, tokens):
    """Seconds in all, and seconds from the first to the last token."""
    how = og.GenerationConfig()
    how.max_new_tokens = how.min_new_tokens = tokens
    how.ignore_eos, how.do_sample = True, False
    ids = np.array([[draw.randrange(300, 30000) for _ in range(length)] for _ in range(sequences)], dtype=np.int64)
    start = time.perf_counter()
    result = pipeline.generate(og.TokenizedInputs(ov.Tensor(ids), ov.Tensor(np.ones_like(ids))), how)
    seconds = time.perf_counter() - start
    assert all(len(answer) == tokens for answer in result.tokens), "an answer is shorter than asked for"
    stamps = result.perf_metrics.raw_metrics.m_new_token_times
    return seconds, (stamps[-1] - stamps[0]) / 1e3 if len(stamps) == tokens else None


for cell in cells:
    if cell.startswith("prefill"):
        length = int(cell[len("prefill"):])
        if length <= 1024:
            generate(1, length, 1)
        rate = length / generate(1, length, 1)[0]
    else:
        batch = int(cell[len("decode"):])
        generate(batch, CONTEXT, 4)
        seconds, span = generate(batch, CONTEXT, STEPS + 1)
        rate = batch * STEPS / (span or seconds - generate(batch, CONTEXT, 1)[0])
    print(json.dumps({"cell": cell, "per_second": round(rate, 3)}), flush=True)
