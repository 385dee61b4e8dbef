"""Makes the GGUF files that tests read, with the programs that others make theirs with.

    python tools/reference/make_gguf.py LLAMA_CPP [families | types | tokenizers …]

LLAMA_CPP is a source tree of llama.cpp (its converter is used; nothing is built). Needs torch, transformers, gguf,
sentencepiece. `families` converts the tiny checkpoints of make_families.py; `types` writes a matrix of every type that is read,
with the values that the `gguf` package makes of it; `tokenizers` writes one vocabulary of each kind, with ids that
sentencepiece and transformers made of texts.
"""

from __future__ import annotations

import io
import json
import sys
import tempfile
from pathlib import Path

import numpy as np

ROOT = Path(__file__).parents[2]
MODEL = ROOT / "model/src/test/resources/reference"
TYPES = ROOT / "checkpoint/src/test/resources/reference"
TOKENIZERS = ROOT / "tokenizer/src/test/resources/tokenizers"
FAMILIES = ["llama2", "llama31", "llama32", "llama-odd-heads", "mistral", "qwen2", "qwen3", "qwen25-yarn", "phi3", "phi4-mini", "gemma2", "gemma3"]
READ = ["F32", "F16", "BF16", "Q8_0", "Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q4_K", "Q5_K", "Q6_K"]


def families(llama_cpp: Path) -> None:
    """Each family as llama.cpp's own converter writes it, with a vocabulary that means nothing."""
    sys.path[:0] = [str(llama_cpp), str(llama_cpp / "gguf-py")]
    import convert_hf_to_gguf
    import gguf
    from conversion import gemma, llama, phi, qwen  # noqa: F401 - registers the families
    from conversion.base import TextModel

    def vocabulary(self) -> None:
        tokens = [f"t{i}" for i in range(self.hparams["vocab_size"])]
        self.gguf_writer.add_tokenizer_model("gpt2")
        self.gguf_writer.add_tokenizer_pre("gpt-2")
        self.gguf_writer.add_token_list(tokens)
        self.gguf_writer.add_token_types([gguf.TokenType.NORMAL] * len(tokens))
        self.gguf_writer.add_token_merges([])
        self.gguf_writer.add_eos_token_id(1)
        if self.model_arch == gguf.MODEL_ARCH.GEMMA3:
            self.gguf_writer.add_sliding_window_pattern(3)  # published ones have six, which is what files leave out

    def everywhere(of: type) -> list[type]:
        return [of] + [c for d in of.__subclasses__() for c in everywhere(d)]

    (MODEL / "gguf").mkdir(exist_ok=True)
    for name in FAMILIES:
        for model in everywhere(TextModel):
            model.set_vocab = vocabulary
        with tempfile.TemporaryDirectory() as temporary:
            folder = Path(temporary)
            for file in (MODEL / "families" / name).iterdir():
                (folder / file.name).write_bytes(file.read_bytes())
            config = json.loads((folder / "config.json").read_text())
            rope = config.get("rope_scaling") or config.get("rope_parameters") or {}
            if config["architectures"] == ["Phi3ForCausalLM"]:
                # The converter asks Phi-3 for what its published configurations have.
                rope.setdefault("original_max_position_embeddings", config["max_position_embeddings"])
                config.setdefault("original_max_position_embeddings", config["max_position_embeddings"])
            (folder / "config.json").write_text(json.dumps(config))
            outtype = "f32" if config.get("torch_dtype") == "float32" else "auto"
            (folder / "tokenizer.model").write_bytes(b"")
            (folder / "tokenizer.json").write_text('{"model": {"vocab": {}}, "added_tokens": []}')
            if config["architectures"] == ["Gemma3ForCausalLM"]:
                for model in everywhere(TextModel):
                    model._create_vocab_sentencepiece = lambda self: ([b""] * self.hparams["vocab_size"], [], [])
            sys.argv = ["convert_hf_to_gguf", str(folder), "--outtype", outtype, "--outfile", str(MODEL / "gguf" / f"{name}.gguf")]
            convert_hf_to_gguf.main()


def types() -> None:
    """Two rows of 512 elements of each type; blocks of random bits with scales that are numbers."""
    import gguf
    from gguf.constants import GGML_QUANT_SIZES

    TYPES.mkdir(parents=True, exist_ok=True)
    random = np.random.default_rng(5)
    writer = gguf.GGUFWriter(str(TYPES / "types.gguf"), "llama")
    writer.add_uint32("llama.attention.head_count", 1)
    expected = []
    for name in READ:
        kind = gguf.GGMLQuantizationType[name]
        elements, size = GGML_QUANT_SIZES[kind]
        blocks = 2 * 512 // elements
        if elements == 1:
            values = random.standard_normal((2, 512)).astype(np.float32)
            data = gguf.quantize(values, kind)
        else:
            raw = random.integers(0, 256, (blocks, size), dtype=np.uint8)
            scales = (random.standard_normal((blocks, 2)) * 0.05).astype(np.float16).view(np.uint8).reshape(blocks, 4)
            at = size - 2 if name == "Q6_K" else 0
            both = name in ("Q4_1", "Q5_1", "Q4_K", "Q5_K")
            raw[:, at:at + (4 if both else 2)] = scales[:, :4 if both else 2]
            data = raw.reshape(2, -1)
        writer.add_tensor(name.lower(), data, raw_dtype=kind)
        expected.append(gguf.dequantize(data, kind).astype("<f4").reshape(-1))
    close(writer)
    np.concatenate(expected).tofile(TYPES / "types.bin")


def close(writer) -> None:
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def tokenizers() -> None:
    import gguf
    import sentencepiece as spm

    import make_tokenizers
    from make_demo_reference import STRINGS, write_lines

    def write(name: str, architecture: str, tokens: int, fill) -> None:
        writer = gguf.GGUFWriter(str(TOKENIZERS / f"{name}.gguf"), architecture)
        fill(writer)
        writer.add_tensor("token_embd.weight", np.zeros((tokens, 1), dtype=np.float32))
        close(writer)

    # Bytes: the tokenizer `split`, whose ids transformers recorded.
    split = json.loads((TOKENIZERS / "split/tokenizer.json").read_text())
    added = {t["id"]: t["content"] for t in split["added_tokens"]}
    names = {i: t for t, i in split["model"]["vocab"].items()} | added
    merges = [m if isinstance(m, str) else " ".join(m) for m in split["model"]["merges"]]

    def fill_bytes(writer) -> None:
        writer.add_tokenizer_model("gpt2")
        writer.add_tokenizer_pre("llama-bpe")
        writer.add_token_list([names[i] for i in range(len(names))])
        writer.add_token_types([3 if i in added else 1 for i in range(len(names))])
        writer.add_token_merges(merges)
        writer.add_bos_token_id(700)
        writer.add_eos_token_id(701)
        writer.add_chat_template("{{ bos_token }}{{ messages[0].content }}{{ eos_token }}")

    write("split", "llama", len(names), fill_bytes)

    # Pieces with scores: trained by sentencepiece, whose ids are recorded.
    made = io.BytesIO()
    few = ["".join(c if c in make_tokenizers.LETTERS else " " for c in t) for t in make_tokenizers.corpus()]
    spm.SentencePieceTrainer.Train(
        sentence_iterator=iter(few), model_writer=made, model_type="bpe", vocab_size=700, byte_fallback=True,
        normalization_rule_name="identity", remove_extra_whitespaces=False, split_digits=True, character_coverage=1.0,
        allow_whitespace_only_pieces=True, user_defined_symbols=["<tool>"], minloglevel=2)
    processor = spm.SentencePieceProcessor(model_proto=made.getvalue())
    ids = range(processor.vocab_size())

    def kind(i: int) -> int:
        if processor.IsUnknown(i):
            return 2
        return 3 if processor.IsControl(i) else 6 if processor.IsByte(i) else 4 if processor.IdToPiece(i) == "<tool>" else 1

    def fill_pieces(writer) -> None:
        writer.add_tokenizer_model("llama")
        writer.add_tokenizer_pre("default")
        writer.add_token_list([processor.IdToPiece(i) for i in ids])
        writer.add_token_scores([processor.GetScore(i) for i in ids])
        writer.add_token_types([kind(i) for i in ids])
        writer.add_unk_token_id(processor.unk_id())
        writer.add_bos_token_id(processor.bos_id())
        writer.add_eos_token_id(processor.eos_id())

    write("pieces", "llama", len(ids), fill_pieces)
    strings = [s for s in STRINGS + make_tokenizers.CODE if "<" not in s and "\u2581" not in s and s]
    write_lines(TOKENIZERS / "pieces.ids.json", {"tokenizer": "pieces"}, "strings",
                [{"text": s, "ids": processor.EncodeAsIds(s), "decoded": processor.DecodeIds(processor.EncodeAsIds(s))} for s in strings])


def main() -> None:
    wanted = sys.argv[2:] or ["families", "types", "tokenizers"]
    if "types" in wanted:
        types()
    if "tokenizers" in wanted:
        tokenizers()
    if "families" in wanted:
        families(Path(sys.argv[1]).resolve())


if __name__ == "__main__":
    main()
