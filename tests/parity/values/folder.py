"""Writing a parity folder: `meta.json` and `expected.safetensors`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import torch
from safetensors.torch import save_file

from values.checkpoint import Checkpoint, draw

if TYPE_CHECKING:
    from pathlib import Path

Tensors = dict[str, torch.Tensor]

ONE_OPERATION = {"float32": 2e-4}
"""Largest absolute difference for one pass through a network or a layer."""


def write_meta(folder: Path, meta: dict[str, Any]) -> None:
    """Write `meta.json`."""
    text = json.dumps(meta, indent=1, ensure_ascii=False) + "\n"
    (folder / "meta.json").write_text(text, encoding="utf-8")


def write(folder: Path, meta: dict[str, Any], tensors: Tensors) -> None:
    """Write a whole parity folder."""
    folder.mkdir(parents=True, exist_ok=True)
    write_meta(folder, meta)
    contiguous = {name: value.detach().contiguous() for name, value in tensors.items()}
    for name, value in contiguous.items():
        if value.is_floating_point() and not torch.isfinite(value).all():
            raise ValueError(f"{folder.name}: {name} is not finite")
    save_file(contiguous, folder / "expected.safetensors")


def conditioning(checkpoint: Checkpoint, tensors: Tensors, case: str) -> dict[str, torch.Tensor]:
    """The further conditioning of SDXL's U-Net, from the tensors of a case."""
    if not checkpoint.is_xl:
        return {}
    return {
        "text_embeds": tensors[f"{case}.pooled"],
        "time_ids": tensors[f"{case}.time_ids"],
    }


def run_unet(checkpoint: Checkpoint, tensors: Tensors, case: str) -> torch.Tensor:
    """The U-Net's output for the inputs of a case."""
    return checkpoint.unet(
        tensors[f"{case}.latent"],
        tensors[f"{case}.timestep"],
        encoder_hidden_states=tensors[f"{case}.context"],
        added_cond_kwargs=conditioning(checkpoint, tensors, case),
    ).sample


def unet_inputs(
    checkpoint: Checkpoint, case: str, size: tuple[int, int], timesteps: list[int], tokens: int
) -> Tensors:
    """Random inputs of the U-Net; `size` is height and width of the latent."""
    kind, batch = checkpoint.kind, len(timesteps)
    width = checkpoint.unet.config.cross_attention_dim
    tensors = {
        f"{case}.latent": draw(f"{kind}.{case}.latent", batch, 4, *size),
        f"{case}.context": draw(f"{kind}.{case}.context", batch, tokens, width),
        f"{case}.timestep": torch.tensor(timesteps),
    }
    if checkpoint.is_xl:
        pooled = checkpoint.config["text_encoder_2"]["projection_dim"]
        tensors[f"{case}.pooled"] = draw(f"{kind}.{case}.pooled", batch, pooled)
        height, wide = (8.0 * side for side in size)
        ids = [1024.0, 768.0, 8.0, 16.0, height, wide]
        tensors[f"{case}.time_ids"] = torch.tensor([ids] * batch)
    return tensors
