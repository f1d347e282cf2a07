"""Draws what the model can do so far: `sheet.py FOLDER PICTURE --tokenizer FOLDER [--state denoiser]`.

Rows: a caption alone; a prompt for each item in its own pixels; the same with the first toy replaced by another in a box of another shape; the same with
the first toy gone; the true pictures.
"""

import argparse
from pathlib import Path

import numpy as np
import torch
from diffusers import DDIMScheduler
from PIL import Image

from autoencoder import CHANNELS, LATENT_SIDE
from autoencoder import network as autoencoder
from denoiser import SLOTS, Denoiser
from export import SCHEDULER
from regions import box_of, grow
from scenes import SIDE, Shard
from words import Vocabulary

COUNT, STEPS, GUIDANCE = 10, 25, 3.0
OTHERS = ["a yellow star", "a red house", "a green glass duck", "a blue car", "a white snowman", "an orange mug", "a purple wooden tree", "a pink bear"]
OTHERS += ["a green metal heart", "a black castle"]


@torch.no_grad()
def sample(network: Denoiser, owned: torch.Tensor, prompts: torch.Tensor, empty: torch.Tensor) -> torch.Tensor:
    scheduler = DDIMScheduler.from_config(SCHEDULER)
    scheduler.set_timesteps(STEPS)
    latents = torch.randn(len(owned), CHANNELS, LATENT_SIDE, LATENT_SIDE, generator=torch.Generator().manual_seed(3))
    network.grouping.set_owners(torch.cat([owned, owned]))
    contexts = torch.cat([network.contexts(prompts), network.contexts(empty)])
    for step in scheduler.timesteps:
        steps = torch.full((2 * len(owned),), int(step))
        with_prompt, without = network.unet(torch.cat([latents, latents]), steps, contexts).sample.chunk(2)
        latents = scheduler.step(without + GUIDANCE * (with_prompt - without), step, latents).prev_sample
    return latents


def boxed(labels: np.ndarray) -> np.ndarray:
    """The first toy's region as a box that is wider than its own."""
    top, bottom, left, right = box_of(labels == 1)
    out, beside = labels.copy(), (right - left) // 3
    box = out[max(top - 8, 0) : bottom + 6, max(left - beside, 0) : right + beside]
    box[box == 0] = 1
    return out


def vacated(labels: np.ndarray, shadows: np.ndarray) -> np.ndarray:
    """The first toy's region grown, with its shadow."""
    out = labels.copy()
    out[grow((labels == 1) | (shadows == 1), 8) & (out == 0)] = 1
    return out


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("picture", type=Path)
    parser.add_argument("--tokenizer", type=Path, required=True)
    parser.add_argument("--state", default="denoiser")
    options = parser.parse_args()
    torch.set_num_threads(2)
    vocabulary, held = Vocabulary(options.tokenizer), Shard(options.folder / "scenes/held")
    network, vae = Denoiser(len(vocabulary.tokens)).eval(), autoencoder()
    network.load_state_dict(torch.load(options.folder / f"{options.state}.pt")["mean"])
    refined = options.folder / "decoder.pt"
    vae.load_state_dict(torch.load(refined if refined.exists() else options.folder / "whole.pt")["mean"])
    encode = vocabulary.encode
    chosen = [index for index, line in enumerate(held.lines) if line["toys"]][:COUNT]
    lines, labels, shadows = [held.lines[index] for index in chosen], np.array(held.labels[chosen]), held.shadows[chosen]

    def filled(prompts: list[list[int]]) -> list[list[int]]:
        return prompts + [encode("")] * (SLOTS - len(prompts))

    grouped = [filled([encode(line["background"]), *map(encode, line["toys"])]) for line in lines]
    replaced = [[one[0], encode(other), *one[2:]] for one, other in zip(grouped, OTHERS, strict=True)]
    removed = [[one[0], encode("nothing"), *one[2:]] for one in grouped]
    captions = [filled([encode(line["caption"])]) for line in lines]
    nobody = torch.tensor([filled([])] * COUNT)
    rows = [
        (np.zeros((COUNT, SIDE, SIDE), np.uint8), captions),
        (labels, grouped),
        (np.stack([boxed(one) for one in labels]), replaced),
        (np.stack([vacated(*both) for both in zip(labels, shadows, strict=True)]), removed),
    ]
    with torch.no_grad():
        latents = [sample(network, torch.from_numpy(owned), torch.tensor(prompts), nobody) for owned, prompts in rows]
        decoded = [vae.decode(row).sample.clamp(-1, 1) for row in latents]
    decoded.append(held.batch(chosen))
    sheet = torch.cat([torch.cat(list(row), 2) for row in decoded], 1)
    Image.fromarray(((sheet + 1) * 127.5).round().byte().permute(1, 2, 0).numpy()).save(options.picture)


if __name__ == "__main__":
    main()
