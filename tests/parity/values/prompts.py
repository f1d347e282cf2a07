"""`prompts-*`: weights in prompts, chunks, textual inversion, other layers, by compel.

compel has a syntax of its own: a case names the fragments and weights that its prompt means.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import torch
from compel.embeddings_provider import EmbeddingsProvider, ReturnedEmbeddingsType, SplitLongTextMode
from safetensors.torch import save_file

from values.checkpoint import Checkpoint, draw
from values.folder import ONE_OPERATION, Tensors, write

if TYPE_CHECKING:
    from pathlib import Path

Fragments = list[tuple[str, float]]

LONG = "one hundred words and then some more unbelievable " * 12
TOKENS = {"toy": 3, "Style-2": 1}
"""Textual inversion: name and number of vectors."""


@dataclass
class Case:
    """A prompt and what it means: fragments with weights, in sections that BREAK separates."""

    prompt: str
    sections: list[Fragments] = field(default_factory=list)
    clip_skip: int | None = None


def case(prompt: str, *fragments: tuple[str, float], clip_skip: int | None = None) -> Case:
    """A prompt of one section."""
    return Case(prompt, [list(fragments) or [(prompt, 1.0)]], clip_skip)


CASES = {
    "plain": case("a photo of a red bag"),
    "empty": case(""),
    "number": case("a (red:1.3) bag", ("a", 1.0), ("red", 1.3), ("bag", 1.0)),
    "round": case("a ((red)) bag, (blue)", ("a", 1.0), ("red", 1.21), ("bag,", 1.0), ("blue", 1.1)),
    "square": case("a [red] [[bag]]", ("a", 1.0), ("red", 1 / 1.1), ("bag", 1 / 1.21)),
    "negative": case("(red:-0.5) (bag:0)", ("red", -0.5), ("bag", 0.0)),
    "nested": case("((red:1.5) [bag]:2)", ("red", 3.0), ("bag", 2 / 1.1)),
    "open": case("a (red bag", ("a", 1.0), ("red bag", 1.1)),
    "escaped": case(r"a \(red\) (bag:2)", ("a (red)", 1.0), ("bag", 2.0)),
    "break": Case("a (red:2) BREAK bag", [[("a", 1.0), ("red", 2.0)], [("bag", 1.0)]]),
    "long": case(LONG),
    "long-weights": case(f"({LONG}:1.4) the end", (LONG, 1.4), ("the end", 1.0)),
    "one-word": case("z" * 900),
    "skip": case("a (red:1.3) bag", ("a", 1.0), ("red", 1.3), ("bag", 1.0), clip_skip=2),
    "last": case("a photo of a red bag", clip_skip=1),
    "vectors": case("a (toy:1.3) in style-2", ("a", 1.0), ("toy", 1.3), ("in style-2", 1.0)),
}


class Provider(EmbeddingsProvider):
    """compel's provider for any layer, counted from the end, with the final norm or without."""

    def __init__(self, *parts: object, layer: int, normed: bool) -> None:
        """Split long texts between words."""
        kind = ReturnedEmbeddingsType.LAST_HIDDEN_STATES_NORMALIZED
        super().__init__(
            *parts,
            truncate=False,
            split_long_text_mode=SplitLongTextMode.WORDS,
            returned_embeddings_type=kind,
        )
        self.layer, self.normed = layer, normed

    def _encode_token_ids_to_embeddings(
        self, token_ids: torch.Tensor, attention_mask: torch.Tensor | None = None
    ) -> torch.Tensor:
        if attention_mask is not None and not attention_mask.all():
            raise ValueError("padding is attended to")
        output = self.text_encoder(token_ids, output_hidden_states=True)
        states = output.hidden_states[-self.layer]
        if not self.normed:
            return states
        inner = getattr(self.text_encoder, "text_model", self.text_encoder)
        return inner.final_layer_norm(states)


def vectors(kind: str, name: str, token: str, width: int) -> torch.Tensor:
    """The vectors of a token for a text encoder."""
    return draw(f"{kind}.{name}.{token}", TOKENS[token], width).half().float()


def extended(checkpoint: Checkpoint, name: str) -> tuple[object, torch.nn.Module, dict[str, str]]:
    """Tokenizer and text encoder with the vectors as further words, and what names mean."""
    tokenizer = copy.deepcopy(checkpoint.tokenizers[name])
    model = copy.deepcopy(checkpoint.text_encoders[name])
    inner = getattr(model, "text_model", model)
    table = inner.embeddings.token_embedding
    rows, meaning = [table.weight.data], {}
    for token, count in TOKENS.items():
        words = [f"<{token.lower()}{index}>" for index in range(count)]
        tokenizer.add_tokens(words)
        meaning[token.lower()] = " ".join(words)
        rows.append(vectors(checkpoint.kind, name, token, table.embedding_dim))
    joined = torch.cat(rows)
    inner.embeddings.token_embedding = torch.nn.Embedding.from_pretrained(joined)
    return tokenizer, model, meaning


def replaced(text: str, meaning: dict[str, str]) -> str:
    """A fragment with the words of its vectors in place of names."""
    return " ".join(meaning.get(word, word) for word in text.split(" "))


def encode(checkpoint: Checkpoint, case: Case) -> Tensors:
    """Context and pooled text of a case."""
    contexts, tensors = [], {}
    for name in checkpoint.text_encoders:
        tokenizer, model, meaning = extended(checkpoint, name)
        layer = case.clip_skip or (2 if checkpoint.is_xl else 1)
        provider = Provider(tokenizer, model, layer=layer, normed=not checkpoint.is_xl)
        parts, first = [], None
        for section in case.sections:
            texts = [replaced(text, meaning) for text, _ in section]
            weights = [weight for _, weight in section]
            ids, weights, mask = provider.get_token_ids_and_expand_weights(texts, weights, "cpu")
            parts.append(provider.build_weighted_embedding_tensor(ids, weights, mask))
            first = ids[:77] if first is None else first
        contexts.append(torch.cat(parts, dim=1))
        if name == "text_encoder_2":
            tensors["pooled"] = model(first.unsqueeze(0)).text_embeds
    return tensors | {"context": torch.cat(contexts, dim=-1)}


def save_embeddings(folder: Path, checkpoint: Checkpoint) -> dict[str, str]:
    """Write a file for each name, in the layouts found in the wild; name -> file."""
    files = {}
    for token, count in TOKENS.items():
        rows = {
            name: vectors(checkpoint.kind, name, token, model.config.hidden_size).half()
            for name, model in checkpoint.text_encoders.items()
        }
        if checkpoint.is_xl:
            tensors = {"clip_l": rows["text_encoder"], "clip_g": rows["text_encoder_2"]}
        elif count > 1:
            tensors = {"emb_params": rows["text_encoder"]}
        else:
            tensors = {"<anything>": rows["text_encoder"][0]}
        files[token] = f"{token.lower()}.safetensors"
        save_file(tensors, folder / files[token])
    return files


@torch.no_grad()
def write_prompts(out: Path, checkpoint: Checkpoint) -> None:
    """Write `prompts-<kind>`."""
    folder = out / f"prompts-{checkpoint.kind}"
    folder.mkdir(parents=True, exist_ok=True)
    tensors: Tensors = {}
    for name, wanted in CASES.items():
        tensors |= {f"{name}.{part}": value for part, value in encode(checkpoint, wanted).items()}
    meta = {
        "kind": checkpoint.kind,
        "tolerance": ONE_OPERATION,
        "embeddings": save_embeddings(folder, checkpoint),
        "cases": {
            name: {"prompt": wanted.prompt, "clip_skip": wanted.clip_skip}
            for name, wanted in CASES.items()
        },
    }
    write(folder, meta, tensors)
