"""CLIP's byte pair encoding: the vocabulary that follows from a list of merges."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import TYPE_CHECKING

from transformers import CLIPTokenizer

from values.configs import CLIP_MERGES

if TYPE_CHECKING:
    from values.configs import Config

REPOSITORY = Path(__file__).resolve().parents[3]
MERGES = REPOSITORY / "crates" / "dedit-diffusion" / "data" / "clip-merges.txt.gz"
START, END = "<|startoftext|>", "<|endoftext|>"


def clip_merges() -> list[tuple[str, str]]:
    """All merges of CLIP, in order, from the copy that the engine carries."""
    lines = gzip.decompress(MERGES.read_bytes()).decode().splitlines()
    pairs = (tuple(line.split(" ")) for line in lines if not line.startswith("#version"))
    return [(left, right) for left, right in pairs]


def byte_symbols() -> list[str]:
    """A printable character for each byte: the printable bytes first, then the others."""
    printable = [*range(ord("!"), ord("~") + 1), *range(ord("¡"), ord("¬") + 1)]
    printable += range(ord("®"), ord("ÿ") + 1)
    others = 256 - len(printable)
    return [chr(code) for code in printable] + [chr(256 + index) for index in range(others)]


def vocabulary(merges: list[tuple[str, str]]) -> dict[str, int]:
    """Token -> id: bytes, bytes that end a word, merges, the two special tokens."""
    single = byte_symbols()
    tokens = single + [symbol + "</w>" for symbol in single]
    tokens += [left + right for left, right in merges] + [START, END]
    return {token: index for index, token in enumerate(tokens)}


def merges_of(text_encoder: Config) -> list[tuple[str, str]]:
    """The merges behind a text encoder's vocabulary."""
    return clip_merges()[: text_encoder["vocab_size"] - 514]


def tokenizer(text_encoder: Config, pad: str) -> CLIPTokenizer:
    """The tokenizer that belongs to a text encoder."""
    merges = merges_of(text_encoder)
    return CLIPTokenizer(
        vocab=vocabulary(merges), merges=merges, pad_token=pad, model_max_length=77
    )


def save_tokenizer(folder: Path, text_encoder: Config, pad: str, *, as_json: bool = False) -> None:
    """Write a tokenizer folder as published checkpoints have it.

    The whole CLIP vocabulary is left out, because the engine carries it: then only the settings
    are written. `as_json` writes the one file that newer versions of transformers write.
    """
    merges = merges_of(text_encoder)
    folder.mkdir(parents=True)
    if as_json:
        tokenizer(text_encoder, pad).save_pretrained(folder)
        return
    settings = {
        "tokenizer_class": "CLIPTokenizer",
        "bos_token": START,
        "eos_token": END,
        "unk_token": END,
        "pad_token": pad,
        "model_max_length": 77,
    }
    (folder / "tokenizer_config.json").write_text(json.dumps(settings, indent=1) + "\n")
    if len(merges) == CLIP_MERGES:
        return
    lines = ["#version: 0.2", *(f"{left} {right}" for left, right in merges)]
    (folder / "merges.txt").write_text("\n".join(lines) + "\n")
    (folder / "vocab.json").write_text(json.dumps(vocabulary(merges), ensure_ascii=False))
