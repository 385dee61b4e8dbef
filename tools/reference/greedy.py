"""Greedy continuations and logits of a model, f32, with the margin that each choice had."""

from __future__ import annotations

from dataclasses import dataclass

import torch

TOLERANCE = 1e-4
STEPS = 64


@dataclass(frozen=True)
class Continuation:
    """`logits` has one row for each position of prompt + continuation; `margin` is the smallest top-1 margin of the
    continuation, relative to the largest absolute logit of its row."""

    prompt: list[int]
    tokens: list[int]
    logits: torch.Tensor
    margin: float

    def clear(self) -> bool:
        """No choice so close that a difference within the tolerance could turn it."""
        return self.margin > 10 * TOLERANCE


@torch.inference_mode()
def continuation(model, prompt: list[int], steps: int = STEPS) -> Continuation:
    """Decodes with the cache, then checks every choice against one pass over the whole without it."""
    ids, cache, tokens = torch.tensor([prompt]), None, []
    while len(tokens) < steps:
        out = model(input_ids=ids, past_key_values=cache, use_cache=True)
        cache = out.past_key_values
        tokens.append(int(out.logits[0, -1].argmax()))
        ids = torch.tensor([[tokens[-1]]])
    logits = model(input_ids=torch.tensor([prompt + tokens]), use_cache=False).logits[0].float()
    chosen = logits[len(prompt) - 1:-1]
    top = chosen.topk(2).values
    margin = float(((top[:, 0] - top[:, 1]) / chosen.abs().amax(1)).min())
    if chosen.argmax(1).tolist() != tokens:
        margin = 0.0
    return Continuation(prompt, tokens, logits, margin)
