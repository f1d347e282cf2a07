"""The text encoder and the U-Net: v-prediction on a noise schedule that ends in noise alone (zero terminal SNR)."""

from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from diffusers import UNet2DConditionModel
from diffusers.schedulers.scheduling_ddim import rescale_zero_terminal_snr
from transformers import CLIPTextConfig, CLIPTextModel

from autoencoder import CHANNELS, LATENT_SIDE
from regions import GRIDS, forbidden, on_grid, owners, vacate
from scenes import Shard
from states import Log, Training, worker, workers
from words import LENGTH, Prompts, Vocabulary

WIDTH = 96
"""Width of the text encoder."""
LEVELS = (48, 80, 128, 192)
SLOTS = 7
"""Prompts of a sample: the background's, up to five toys', and one of a region without a toy."""
BATCH = 16
RATE = 1e-3
GROUPED = 0.85
"""Share of the samples that have a prompt for each item; the others have a caption for all."""
VACATED = 0.35
"""Share of the grouped samples that have a region in which there is to be no toy."""
UNPROMPTED = 0.1
"""Share of the samples without any prompt, for guidance."""
STEPS = 70_000
COOLDOWN = 10_000


class GroupedAttention:
    """Attention where what each cell may see in cross-attention is set from outside."""

    def __init__(self):
        self.masks: dict[int, torch.Tensor] = {}

    def __call__(self, attention, hidden_states, encoder_hidden_states=None, **_options) -> torch.Tensor:
        context = hidden_states if encoder_hidden_states is None else encoder_hidden_states

        def split(values: torch.Tensor) -> torch.Tensor:
            return values.unflatten(2, (attention.heads, -1)).transpose(1, 2)

        query, key, value = split(attention.to_q(hidden_states)), split(attention.to_k(context)), split(attention.to_v(context))
        mask = None if encoder_hidden_states is None else self.masks[hidden_states.shape[1]][:, None]
        out = F.scaled_dot_product_attention(query, key, value, attn_mask=mask).transpose(1, 2).flatten(2)
        return attention.to_out[0](out)

    def set_owners(self, owned: torch.Tensor) -> None:
        """Takes the owner of every pixel, `[n, side, side]`."""
        self.masks = {side * side: forbidden(on_grid(owned, SLOTS, side), SLOTS, LENGTH) for side in GRIDS}


class Denoiser(torch.nn.Module):
    """Both networks, and the noise schedule."""

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
            sample_size=LATENT_SIDE,
            in_channels=CHANNELS,
            out_channels=CHANNELS,
            block_out_channels=LEVELS,
            down_block_types=("DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D", "DownBlock2D"),
            up_block_types=("UpBlock2D", "CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"),
            layers_per_block=1,
            attention_head_dim=4,
            cross_attention_dim=WIDTH,
            norm_num_groups=8,
        ).to(memory_format=torch.channels_last)
        self.grouping = GroupedAttention()
        self.unet.set_attn_processor(self.grouping)
        betas = torch.linspace(0.00085**0.5, 0.012**0.5, 1000, dtype=torch.float64) ** 2
        self.register_buffer("kept", torch.cumprod(1 - rescale_zero_terminal_snr(betas), 0).float(), persistent=False)

    def contexts(self, prompts: torch.Tensor) -> torch.Tensor:
        """`[n, slots, length]` rows to `[n, slots · length, width]`, each different prompt encoded once."""
        different, places = torch.unique(prompts.flatten(0, 1), dim=0, return_inverse=True)
        encoded = self.text(different).last_hidden_state
        return encoded[places].unflatten(0, prompts.shape[:2]).flatten(1, 2)

    def loss(self, latents: torch.Tensor, owned: torch.Tensor, inside: torch.Tensor, prompts: torch.Tensor) -> torch.Tensor:
        """The error of v. Its weight does not starve the noisiest steps, where the layout is decided, and toys count for more than ground."""
        count = len(latents)
        # One time in each of `count` equal parts: the loss varies less from batch to batch than with independent times.
        times = ((torch.arange(count) + torch.rand(count)) * (1000 / count)).long().clamp(max=999)[torch.randperm(count)]
        kept = self.kept[times][:, None, None, None]
        noise = torch.randn_like(latents)
        noisy = (kept.sqrt() * latents + (1 - kept).sqrt() * noise).contiguous(memory_format=torch.channels_last)
        self.grouping.set_owners(owned)
        predicted = self.unet(noisy, times, self.contexts(prompts)).sample
        wanted = kept.sqrt() * noise - (1 - kept).sqrt() * latents
        ratio = kept / (1 - kept)
        weight = torch.clamp(ratio + 1, max=6) / (ratio + 1) * (0.7 + 1.8 * inside)
        return (weight * (predicted - wanted) ** 2).mean()


class Batches:
    """Draws training samples; those of a step follow from its number and the worker's."""

    def __init__(self, shards: list[Shard], vocabulary: Vocabulary):
        self.shards, self.vocabulary = shards, vocabulary
        shape = (CHANNELS, LATENT_SIDE, LATENT_SIDE)
        self.latents = [np.memmap(shard.folder / "latents.f16", np.float16, "r", shape=(len(shard), *shape)) for shard in shards]

    def draw(self, step: int, count: int) -> tuple[torch.Tensor, ...]:
        """Latents, owners of pixels, shares of toys in cells, and prompts."""
        random = np.random.default_rng([2, step, worker()])
        prompts = Prompts(self.vocabulary, random)
        drawn = [self.one(random, prompts) for _ in range(count)]
        latents, owned, labels, rows = zip(*drawn, strict=True)
        inside = F.adaptive_avg_pool2d(torch.from_numpy(np.stack(labels) > 0)[:, None].float(), LATENT_SIDE)
        return torch.from_numpy(np.stack(latents)).float(), torch.from_numpy(np.stack(owned)), inside, torch.tensor(rows)

    def one(self, random: np.random.Generator, prompts: Prompts) -> tuple[np.ndarray, np.ndarray, np.ndarray, list[list[int]]]:
        place = int(random.integers(len(self.shards)))
        shard = self.shards[place]
        index, other = random.integers(0, len(shard), 2)
        labels, line = np.array(shard.labels[index]), shard.lines[index]
        if random.random() < GROUPED:
            owned, rows = owners(labels, shard.shadows[index], random), prompts.of_items(line)
            if random.random() < VACATED and vacate(owned, (shard.labels[other], shard.shadows[other]), len(rows), random):
                rows.append(prompts.of_nothing(rows[0]))
        else:
            owned, rows = np.zeros_like(labels), [prompts.caption(line)]
        rows += [prompts.empty] * (SLOTS - len(rows))
        if random.random() < UNPROMPTED:
            rows = [prompts.empty] * SLOTS
        return np.array(self.latents[place][index]), owned, labels, rows


@torch.no_grad()
def quality(network: Denoiser, held: Batches) -> dict[str, float]:
    """The loss on samples that are the same each time, of scenes that training never sees."""
    random = torch.random.get_rng_state()
    torch.manual_seed(0)
    values = [network.loss(*held.draw(step, 32)).item() for step in range(2)]
    torch.random.set_rng_state(random)
    return {"held": float(np.mean(values))}


def train(folder: Path, shards: list[Shard], held: Shard, vocabulary: Vocabulary, is_cooldown: bool) -> None:
    """Trains at one rate over `STEPS` steps, or lowers the rate to nothing over `COOLDOWN` more; both go on from their last state."""
    torch.manual_seed(1)
    network = Denoiser(len(vocabulary.tokens))
    name = "cooled" if is_cooldown else "denoiser"
    batches, held_batches = Batches(shards, vocabulary), Batches([held], vocabulary)
    training, log = Training(folder / f"{name}.pt", network, RATE, 0.9995, weight_decay=0.01), Log(folder / f"{name}.csv")
    if is_cooldown and training.step == 0:
        training.take(torch.load(folder / "denoiser.pt"))
    start = training.begun if is_cooldown else 0

    def rate(_share: float) -> float:
        return RATE * (1 - (training.step - start) / COOLDOWN) if is_cooldown else RATE

    def report(value: float) -> None:
        seconds = training.seconds / training.step
        log.row(step=training.step, samples=training.step * BATCH, loss=value, seconds=round(seconds, 3), **quality(training.mean, held_batches))

    training.run(start + COOLDOWN if is_cooldown else STEPS, rate, lambda step: network.loss(*batches.draw(step, BATCH // workers())), report, 500)
    training.finish()
