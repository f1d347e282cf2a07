"""Draws what the denoiser can do so far: `sheet.py OUT HELD PICTURE --tokenizer DIR [--state denoiser.pt]`.

Rows: a caption alone; a prompt for each item in its own pixels; the same with the first toy replaced by another in a box; the true pictures.
"""

import argparse
from pathlib import Path

import numpy as np
import torch
from autoencoder import network as autoencoder
from denoiser import CHANNELS, SIDE, SLOTS, Denoiser
from diffusers import DPMSolverMultistepScheduler
from export import SCHEDULER
from PIL import Image
from prompts import Prompts
from scenes import Scenes
from vocabulary import Vocabulary

COUNT, STEPS, GUIDANCE = 12, 20, 3.0
OTHERS = ["a yellow star", "a red house", "a green duck", "a blue car", "a white snowman", "an orange mug", "a purple tree", "a red rocket"]
OTHERS += ["a green heart", "a red mushroom", "a blue ring", "a yellow cube"]


@torch.no_grad()
def sample(network: Denoiser, owned: torch.Tensor, prompts: torch.Tensor, empty: torch.Tensor) -> torch.Tensor:
    scheduler = DPMSolverMultistepScheduler.from_config(SCHEDULER)
    scheduler.set_timesteps(STEPS)
    latents = torch.randn(len(owned), CHANNELS, SIDE, SIDE, generator=torch.Generator().manual_seed(3))
    network.grouping.set_owners(torch.cat([owned, owned]))
    contexts = torch.cat([network.contexts(prompts), network.contexts(empty)])
    for step in scheduler.timesteps:
        steps = torch.full((2 * len(owned),), int(step))
        with_prompt, without = network.unet(torch.cat([latents, latents]), steps, contexts).sample.chunk(2)
        latents = scheduler.step(without + GUIDANCE * (with_prompt - without), step, latents).prev_sample
    return latents


def boxed(labels: np.ndarray) -> np.ndarray:
    """The first toy's region as its bounding box."""
    rows, columns = np.flatnonzero((labels == 1).any(1)), np.flatnonzero((labels == 1).any(0))
    out = labels.copy()
    box = out[max(rows[0] - 4, 0) : rows[-1] + 3, max(columns[0] - 4, 0) : columns[-1] + 5]
    box[box == 0] = 1
    return out


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("held", type=Path)
    parser.add_argument("picture", type=Path)
    parser.add_argument("--tokenizer", type=Path, required=True)
    parser.add_argument("--state", default="denoiser.pt")
    options = parser.parse_args()
    torch.set_num_threads(2)
    vocabulary, held = Vocabulary(options.tokenizer), Scenes(options.held)
    network, vae = Denoiser(len(vocabulary.tokens)), autoencoder()
    network.load_state_dict(torch.load(options.out / options.state)["mean"])
    vae.load_state_dict(torch.load(options.out / "autoencoder.pt"))
    network.eval()
    encode, empty = vocabulary.encode, Prompts(vocabulary).empty
    lines, labels = held.lines[:COUNT], held.labels[:COUNT]

    def filled(prompts: list[list[int]]) -> list[list[int]]:
        return prompts + [empty] * (SLOTS - len(prompts))

    grouped = [filled([encode(line["background"]), *map(encode, line["toys"])]) for line in lines]
    replaced = [[one[0], encode(other), *one[2:]] for one, other in zip(grouped, OTHERS, strict=True)]
    captions = [filled([encode(line["caption"])]) for line in lines]
    nobody = torch.tensor([[empty] * SLOTS] * COUNT)
    exact = torch.from_numpy(np.array(labels))
    boxes = torch.from_numpy(np.stack([boxed(one) for one in labels]))
    rows = [
        sample(network, torch.zeros_like(exact), torch.tensor(captions), nobody),
        sample(network, exact, torch.tensor(grouped), nobody),
        sample(network, boxes, torch.tensor(replaced), nobody),
    ]
    with torch.no_grad():
        decoded = [vae.decode(row).sample.clamp(-1, 1) for row in rows]
        pictures = held.batch(np.arange(COUNT))
        decoded += [vae.decode(vae.encode(pictures).latent_dist.mean).sample.clamp(-1, 1), pictures]
    sheet = torch.cat([torch.cat(list(row), 2) for row in decoded], 1)
    Image.fromarray(((sheet + 1) * 127.5).round().byte().permute(1, 2, 0).numpy()).save(options.picture)


if __name__ == "__main__":
    main()
