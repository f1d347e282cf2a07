"""Trains the text encoder and the U-Net: `denoiser.py SCENES OUT --minutes N`, again and again, then `--cooldown SAMPLES` once.

The rate stays the same from run to run, so that training can go on for as long as it helps. A cooldown lowers it to nothing over some
samples and leaves the state it began from alone; its result is what is shipped.
"""

import argparse
import random
import time
from pathlib import Path

import numpy as np
import torch
import torch.multiprocessing as mp
import torch.nn.functional as F
from diffusers import UNet2DConditionModel
from prompts import Prompts
from regions import GRIDS, forbidden, on_grid, owners
from scenes import Scenes
from transformers import CLIPTextConfig, CLIPTextModel
from vocabulary import LENGTH, Vocabulary
from workers import SAVE_SECONDS, Log, Mean, Shared, run, save

CHANNELS, SIDE, WIDTH = 4, 32, 96
SLOTS = 4
"""Prompts of a sample: the background's and up to three toys'."""
BATCH = 16
RATE = 1e-3
GROUPED = 0.85
"""Share of the samples that have a prompt for each item; the others have a caption for all."""


class GroupedAttention:
    """Attention where what each cell may see in cross-attention is set from outside."""

    def __init__(self):
        self.masks: dict[int, torch.Tensor] = {}

    def __call__(self, attention, hidden_states, encoder_hidden_states=None, **_options) -> torch.Tensor:
        context = hidden_states if encoder_hidden_states is None else encoder_hidden_states
        heads = attention.heads

        def split(values: torch.Tensor) -> torch.Tensor:
            return values.unflatten(2, (heads, -1)).transpose(1, 2)

        query, key, value = split(attention.to_q(hidden_states)), split(attention.to_k(context)), split(attention.to_v(context))
        mask = None if encoder_hidden_states is None else self.masks[hidden_states.shape[1]][:, None]
        out = F.scaled_dot_product_attention(query, key, value, attn_mask=mask).transpose(1, 2).flatten(2)
        return attention.to_out[0](out)

    def set_owners(self, owned: torch.Tensor) -> None:
        """Takes the owner of every pixel, `[n, side, side]`."""
        self.masks = {side * side: forbidden(on_grid(owned, SLOTS, side), SLOTS, LENGTH) for side in GRIDS}


class Denoiser(torch.nn.Module):
    """Both networks, and the noise schedule of Stable Diffusion."""

    def __init__(self, rows: int):
        super().__init__()
        self.text = CLIPTextModel(
            CLIPTextConfig(
                vocab_size=rows,
                hidden_size=WIDTH,
                intermediate_size=4 * WIDTH,
                num_hidden_layers=3,
                num_attention_heads=4,
                max_position_embeddings=LENGTH,
                projection_dim=WIDTH,
                bos_token_id=0,
                eos_token_id=1,
                pad_token_id=1,
            )
        )
        self.unet = UNet2DConditionModel(
            sample_size=SIDE,
            in_channels=CHANNELS,
            out_channels=CHANNELS,
            block_out_channels=(32, 64, 96, 128),
            down_block_types=("DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D", "DownBlock2D"),
            up_block_types=("UpBlock2D", "CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"),
            layers_per_block=1,
            attention_head_dim=4,
            cross_attention_dim=WIDTH,
            norm_num_groups=8,
        )
        self.grouping = GroupedAttention()
        self.unet.set_attn_processor(self.grouping)
        betas = torch.linspace(0.00085**0.5, 0.012**0.5, 1000, dtype=torch.float64) ** 2
        self.register_buffer("kept", torch.cumprod(1 - betas, 0).float(), persistent=False)

    def contexts(self, prompts: torch.Tensor) -> torch.Tensor:
        """`[n, slots, length]` rows to `[n, slots · length, width]`, each different prompt encoded once."""
        different, places = torch.unique(prompts.flatten(0, 1), dim=0, return_inverse=True)
        encoded = self.text(different).last_hidden_state
        return encoded[places].unflatten(0, prompts.shape[:2]).flatten(1, 2)

    def loss(self, latents: torch.Tensor, owned: torch.Tensor, inside: torch.Tensor, prompts: torch.Tensor) -> torch.Tensor:
        """The error of v. Its weight does not starve the noisiest steps, where the layout is decided, and toys count for more than ground."""
        count = len(latents)
        steps = torch.randint(0, 1000, (count,))
        kept = self.kept[steps][:, None, None, None]
        noise = torch.randn_like(latents)
        noisy = kept.sqrt() * latents + (1 - kept).sqrt() * noise
        self.grouping.set_owners(owned)
        predicted = self.unet(noisy, steps, self.contexts(prompts)).sample
        wanted = kept.sqrt() * noise - (1 - kept).sqrt() * latents
        ratio = kept / (1 - kept)
        weight = torch.clamp(ratio + 1, max=6) / (ratio + 1) * (0.7 + 1.8 * inside)
        return (weight * (predicted - wanted) ** 2).mean()


class Batches:
    """Draws training samples."""

    def __init__(self, folder: Path, latents: Path, vocabulary: Vocabulary, seed: int):
        self.scenes, self.prompts = Scenes(folder), Prompts(vocabulary)
        self.latents = np.memmap(latents, np.float16, "r", shape=(len(self.scenes), CHANNELS, SIDE, SIDE))
        self.random = np.random.default_rng(seed)
        random.seed(seed)

    def draw(self, count: int) -> tuple[torch.Tensor, ...]:
        indices = self.random.integers(0, len(self.scenes), count)
        latents = torch.from_numpy(self.latents[indices]).float()
        labels = self.scenes.labels[indices]
        drawn = [self.one(index, label) for index, label in zip(indices, labels, strict=True)]
        owned = torch.from_numpy(np.stack([owned for owned, _ in drawn]))
        prompts = torch.tensor([prompts for _, prompts in drawn])
        inside = F.adaptive_avg_pool2d(torch.from_numpy(labels > 0)[:, None].float(), SIDE)
        return latents, owned, inside, prompts

    def one(self, index: int, labels: np.ndarray) -> tuple[np.ndarray, list[list[int]]]:
        line, empty = self.scenes.lines[index], self.prompts.empty
        if self.random.random() < GROUPED:
            owned, prompts = owners(labels, self.scenes.shadows[index], self.random), self.prompts.of_items(line)
        else:
            owned, prompts = np.zeros_like(labels), [self.prompts.caption(line)]
        prompts += [empty] * (SLOTS - len(prompts))
        return owned, [empty] * SLOTS if self.random.random() < 0.1 else prompts


def train(worker: int, shared: Shared, network: Denoiser, options: argparse.Namespace) -> None:
    begun_at, begun = shared.seen.value, time.time()
    batches = Batches(options.scenes, options.out / "latents.f16", Vocabulary(options.tokenizer), begun_at + worker)
    optimiser = torch.optim.AdamW(network.parameters(), lr=RATE, betas=(0.9, 0.99), weight_decay=0.01, fused=True)
    mine, is_first = options.out / f"optimiser-{worker}.pt", worker == 0
    if mine.exists():
        optimiser.load_state_dict(torch.load(mine))
    if is_first:
        decaying = Mean(network, 0.999)
        log, losses, report = Log(options.out / "denoiser.csv"), [], begun_at + 2000

    def keep(seen: int) -> None:
        # A cooled network is the end of a branch: training goes on from where the branch began.
        if options.cooldown == 0:
            save(mine, optimiser.state_dict())
        if is_first:
            name = "cooled.pt" if options.cooldown else "denoiser.pt"
            save(options.out / name, {"network": network.state_dict(), "mean": decaying.module.state_dict(), "seen": seen})

    saved = time.time()
    while True:
        done = shared.count(BATCH)
        gone = (done - begun_at) / options.cooldown if options.cooldown else 0.0
        if gone >= 1 or (not options.cooldown and time.time() - begun > options.minutes * 60):
            break
        for group in optimiser.param_groups:
            group["lr"] = RATE * (1 - gone) * min(1, (done + BATCH) / (400 * BATCH))
        value = network.loss(*batches.draw(BATCH))
        optimiser.zero_grad()
        value.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimiser.step()
        if is_first:
            decaying.update()
            losses.append(value.item())
            if done >= report:
                report = done + 2000
                log.row(samples=done, loss=float(np.mean(losses)))
                losses.clear()
        if time.time() - saved > SAVE_SECONDS:
            saved = time.time()
            keep(done)
    keep(shared.seen.value)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("scenes", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--tokenizer", type=Path, required=True)
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--cooldown", type=int, default=0)
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    torch.manual_seed(1)
    rows = len(Vocabulary(options.tokenizer).tokens)
    network = Denoiser(rows)
    state, seen = options.out / "denoiser.pt", 0
    if state.exists():
        kept = torch.load(state)
        network.load_state_dict(kept["network"])
        seen = kept["seen"]
    network.share_memory()
    run(train, Shared(options.out, options.workers, mp.get_context("spawn").Value("q", seen)), network, options)


if __name__ == "__main__":
    main()
