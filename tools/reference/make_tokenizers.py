"""Trains two tiny tokenizers of the kinds that the demo model's is not, and records what Hugging Face makes of texts with them.

    python tools/reference/make_tokenizers.py

`metaspace`: pieces of text with a mark for the space, single bytes as a fallback, as SentencePiece makes them (Llama 2, Mistral, Gemma).
`split`: bytes, cut by Llama 3's regular expression, whole words before merges.
"""

from __future__ import annotations

import json
from pathlib import Path

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, pre_tokenizers, processors, trainers
from transformers import PreTrainedTokenizerFast

import demo_text as text
from make_demo_reference import STRINGS, write_lines

OUT = Path(__file__).parents[2] / "tokenizer/src/test/resources/tokenizers"
LLAMA3 = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+")
LETTERS = "".join(map(chr, range(32, 127))) + "äöüßé日"
CODE = [
    "def f(x):\n    return [i ** 2 for i in range(x) if i % 2 == 0]\n",
    "for (int i = 0; i < n; i++) {\n\tsum += a[i];  // add\n}\n\n\n",
    "SELECT name, count(*) FROM t WHERE id >= 100 GROUP BY 1;",
    "#include <stdio.h>\r\nint main(void) { printf(\"%d\\n\", 0xFF); }\r\n",
    "I'LL we'Ve THEY'RE don't 'tis",
    "1 12 123 1234 12345 3.14159 1e-10 ١٢٣ Ⅳ",
    "   \n  \n\t\n   x", "a  b   c    d", "line one  \n  line two\n\n\n   line three   ",
    "▁ and ▁▁ are marks", "<0x41> is no byte", "é è ñ Ü ß Æ œ", "𐍈 🏳️‍🌈 🤷🏽‍♀️ 中🙂文",
]
SPECIAL = {
    "metaspace": ["<s>Hello</s>", "a <s> b", " </s>x", "<s>", "<unk>", "Hi</s> there 🙂</s>"],
    "split": ["<|begin|>Hello<|end|>", "a <|begin|> b", " <|end|>x", "<|begin|>", "<|start|>user<|stop|>\n\nHi<|end|>", "<|endx|>"],
}


def corpus() -> list[str]:
    return text.held_out(400) + STRINGS + CODE * 3


def metaspace() -> Tokenizer:
    tokenizer = Tokenizer(models.BPE(unk_token="<unk>", fuse_unk=True, byte_fallback=True))
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="first", split=False)
    tokenizer.decoder = decoders.Sequence([decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)])
    specials = ["<unk>", "<s>", "</s>"]
    trained = Tokenizer(models.BPE())
    trained.pre_tokenizer = pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="first", split=True)
    few = ["".join(c if c in LETTERS else " " for c in t) for t in corpus()]  # so that bytes are needed for the others
    trained.train_from_iterator(few, trainers.BpeTrainer(vocab_size=500, show_progress=False))
    model = json.loads(trained.to_str())["model"]
    pieces = sorted(model["vocab"], key=model["vocab"].get)
    names = specials + [f"<0x{b:02X}>" for b in range(256)] + pieces
    merges = [tuple(m) for m in model["merges"]]
    tokenizer.model = models.BPE({n: i for i, n in enumerate(names)}, merges, unk_token="<unk>", fuse_unk=True, byte_fallback=True)
    tokenizer.add_special_tokens([AddedToken(s, special=True, normalized=False) for s in specials])
    tokenizer.post_processor = processors.TemplateProcessing("<s> $A", "<s> $A <s> $B", [("<s>", 1)])
    return tokenizer


def split() -> Tokenizer:
    tokenizer = Tokenizer(models.BPE(ignore_merges=True))
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.Split(Regex(LLAMA3), "isolated"), pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(vocab_size=700, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False)
    tokenizer.train_from_iterator(corpus(), trainer)
    tokenizer.add_special_tokens([AddedToken(s, special=True, normalized=False) for s in ("<|begin|>", "<|end|>", "<|start|>", "<|stop|>")])
    begin = tokenizer.token_to_id("<|begin|>")
    tokenizer.post_processor = processors.Sequence([
        processors.ByteLevel(trim_offsets=False), processors.TemplateProcessing("<|begin|> $A", "<|begin|> $A <|begin|> $B", [("<|begin|>", begin)])])
    return tokenizer


def main() -> None:
    for name, made in (("metaspace", metaspace()), ("split", split())):
        folder = OUT / name
        folder.mkdir(parents=True, exist_ok=True)
        made.save(str(folder / "tokenizer.json"), pretty=False)
        hf = PreTrainedTokenizerFast(tokenizer_file=str(folder / "tokenizer.json"), clean_up_tokenization_spaces=False)
        strings = []
        for s in STRINGS + CODE + SPECIAL[name]:
            plain, special = hf(s, add_special_tokens=False)["input_ids"], hf(s)["input_ids"]
            strings.append({"text": s, "ids": plain, "ids_with_special": special, "decoded": hf.decode(plain),
                            "decoded_without_special": hf.decode(special, skip_special_tokens=True)})
        write_lines(folder / "ids.json", {"tokenizer": name}, "strings", strings)
        print(f"{name}: {made.get_vocab_size()} tokens, {len(strings)} strings, {sum(len(s['ids']) for s in strings)} ids")


if __name__ == "__main__":
    main()
