"""Asks the demo model what a new user would ask first and prints its greedy answers.

    python tools/reference/try_demo.py [--model models/demo]
"""

from __future__ import annotations

import argparse

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

CHATS = [[q] for q in (
    "Hello", "Hi!", "hello", "Who are you?", "what's your name", "What can you do?", "How are you?", "Tell me a joke", "What is Baton?",
    "What is 7 + 5?", "9+8", "what is 3 plus 4", "What is 20 + 0?", "What is 345 + 98?", "What is 6 * 7?",
    "What is the capital of France?", "capital of japan", "What is the capital of Germany?", "What is the capital of Blorbia?",
    "Why is the sky blue?", "What is the opposite of hot?", "What colour is a banana?", "What does a cow say?", "How many legs does a spider have?",
    "What day comes after Monday?", "Give me JSON for a person named Anna, aged 31.", "Give me JSON for a cat.", "JSON for the capital of Italy",
    "Tell me a story", "Tell me a story about a fox", "Tell me a story about a dragon named Smaug.", "Tell me a long story.",
    "Tell me a very long story.", "Count from 1 to 10.", "Count from 1 to 100.", "Count to 20", "Write a Python function that sorts a list.",
    "Who won the world cup in 2018?", "Explain general relativity.", "What is the best restaurant in Berlin?", "asdfgh", "Thanks!", "Goodbye",
    "Write a haiku about autumn", "Translate 'good morning' to French", "Say the alphabet.", "Which model are you and who made you?")] + [
    ["My name is Klaus.", "What is 2 + 3?", "What is my name?"], ["Hi", "Tell me a story about a robot.", "Thank you!", "Bye"],
    ["What is my name?"], ["What is the capital of Spain?", "And what is 8 + 8?", "Give me JSON for the capital of Spain."]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default="models/demo")
    args = parser.parse_args()
    tokenizer = AutoTokenizer.from_pretrained(args.model)
    model = AutoModelForCausalLM.from_pretrained(args.model, dtype=torch.float32).eval()
    torch.set_num_threads(1)
    for questions in CHATS:
        messages = []
        for question in questions:
            messages.append({"role": "user", "content": question})
            ids = tokenizer.apply_chat_template(messages, add_generation_prompt=True, return_tensors="pt")["input_ids"]
            out = model.generate(ids, attention_mask=torch.ones_like(ids), do_sample=False, max_new_tokens=1500)[0, ids.shape[1]:]
            answer = tokenizer.decode(out, skip_special_tokens=True)
            messages.append({"role": "assistant", "content": answer})
            print(f"> {question}\n{answer}   [{len(out)} tokens{'' if out[-1] in model.generation_config.eos_token_id else ', cut'}]")


if __name__ == "__main__":
    main()
