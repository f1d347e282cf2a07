"""`ladder-*`: each network of a checkpoint by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from values.checkpoint import Checkpoint, draw
from values.folder import ONE_OPERATION, Tensors, run_unet, unet_inputs, write

if TYPE_CHECKING:
    from pathlib import Path

PROMPTS = [
    "a photo of a red bag",
    "",
    "Two DOGS & one cat's 3 toys!!",
    "crème brûlée, größer, 北京 🍋",
    "\ttabs  and\r\nbreaks ",
    "z" * 400,
    "one hundred words and then some more " * 12,
    "we've they'll it's 0.5 1,000",
    "<|startoftext|>inside<|endoftext|>outside",
    "*bag0 *bag0_1",
    "left/right\\both (a) [b] {c} <d> a_b-c",
    "👨‍🚀 on the moon ☾ ½",
    "Ça e\u0301te\u0301",
]
"""The first four also go through the text encoder and are cut at 40 tokens."""

SHAPES = {"square": (4, 4), "wide": (2, 5), "odd": (3, 5)}
"""Height and width of the VAE's latents."""

UNET_CASES: dict[str, tuple[tuple[int, int], list[int], int]] = {
    "square": ((16, 16), [37], 77),
    "batch": ((8, 8), [37, 901], 40),
    "wide": ((8, 16), [37], 20),
    "odd": ((9, 13), [500], 1),
}
"""Height and width of the latents, timesteps, tokens of the context."""


def text_tensors(checkpoint: Checkpoint) -> Tensors:
    """Ids of all prompts, hidden states of the first four."""
    tensors: Tensors = {}
    for name, model in checkpoint.text_encoders.items():
        for length, prompts in ((77, PROMPTS), (40, PROMPTS[:4])):
            tensors[f"{name}.ids{length}"] = checkpoint.tokenizers[name](
                prompts,
                padding="max_length",
                truncation=True,
                max_length=length,
                return_tensors="pt",
            ).input_ids
        output = model(tensors[f"{name}.ids77"][:4], output_hidden_states=True)
        tensors[f"{name}.last_hidden"] = output.last_hidden_state
        tensors[f"{name}.penultimate_hidden"] = output.hidden_states[-2]
        if name == "text_encoder_2":
            tensors[f"{name}.pooled"] = output.text_embeds
    return tensors


def vae_tensors(checkpoint: Checkpoint) -> Tensors:
    """Posterior and decoded pictures."""
    tensors: Tensors = {}
    for name, (height, width) in SHAPES.items():
        case = f"vae.{name}"
        image = draw(f"{case}.image", 1, 3, 8 * height, 8 * width).clamp(-1, 1)
        latent = draw(f"{case}.latent", 1, 4, height, width)
        posterior = checkpoint.vae.encode(image).latent_dist
        tensors |= {
            f"{case}.image": image,
            f"{case}.mean": posterior.mean,
            f"{case}.std": posterior.std,
            f"{case}.latent": latent,
            f"{case}.decoded": checkpoint.vae.decode(latent).sample,
        }
    return tensors


def unet_tensors(checkpoint: Checkpoint) -> Tensors:
    """Outputs of the U-Net."""
    tensors: Tensors = {}
    for name, inputs in UNET_CASES.items():
        case = f"unet.{name}"
        tensors |= unet_inputs(checkpoint, case, *inputs)
        tensors[f"{case}.out"] = run_unet(checkpoint, tensors, case)
    return tensors


@torch.no_grad()
def write_ladder(out: Path, checkpoint: Checkpoint) -> None:
    """Write `ladder-<kind>`."""
    meta = {"kind": checkpoint.kind, "prompts": PROMPTS, "tolerance": ONE_OPERATION}
    tensors = text_tensors(checkpoint) | vae_tensors(checkpoint) | unet_tensors(checkpoint)
    write(out / f"ladder-{checkpoint.kind}", meta, tensors)
