"""The autoencoder: latents of an eighth of the side.

It starts near the best linear code of 8 × 8 pixels, which costs no training, and is then trained as a whole: first on crops round toys, then on whole
pictures. The decoder is refined alone at the end, while the latents stay as they are.
"""

import math
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from diffusers import AutoencoderKL
from PIL import Image

from scenes import SIDE, Shard, psnr, to_tensor
from states import Log, Training, worker, workers

CHANNELS = 8
WIDTHS = (16, 32, 64, 96)
LATENT_SIDE = SIDE // 2 ** (len(WIDTHS) - 1)
RATE = 1.5e-3
NOISE = 0.05
"""Deviation of the noise on latents, which are of deviation 1, in training: the decoder must bear what a denoiser leaves."""
EVERY = 250
"""Steps from one row of the table of losses to the next."""
CROP = 128
CROPS = {"batch": 8, "steps": 5000}
WHOLE = {"batch": 4, "steps": 3000}
DECODER = {"batch": 4, "steps": 3000}


def network() -> AutoencoderKL:
    levels = len(WIDTHS)
    vae = AutoencoderKL(
        down_block_types=("DownEncoderBlock2D",) * levels,
        up_block_types=("UpDecoderBlock2D",) * levels,
        block_out_channels=WIDTHS,
        layers_per_block=1,
        latent_channels=CHANNELS,
        # With more groups a group would have so few channels that the norm takes absolute brightness away.
        norm_num_groups=2,
        sample_size=SIDE,
        scaling_factor=1.0,
    )
    return vae.to(memory_format=torch.channels_last)


@torch.no_grad()
def start_linear(vae: AutoencoderKL, pictures: torch.Tensor) -> None:
    """Makes the encoder the best linear code of 8 × 8 patches, nearly, and lets every residual block start as the identity."""
    for name, parameter in vae.named_parameters():
        if "conv2." in name or "to_out.0." in name:
            parameter.zero_()
    encoder, downs = vae.encoder, [block.downsamplers[0].conv for block in vae.encoder.down_blocks[:-1]]
    set_centre(encoder.conv_in, torch.eye(3))
    set_downsampling(downs[0], torch.eye(12))
    patches = F.pixel_unshuffle(F.pixel_unshuffle(pictures, 2), 2)
    vectors, _mean, _spread = components(patches)
    set_downsampling(downs[1], vectors[:, : WIDTHS[1]].T)
    patches = F.pixel_unshuffle(F.conv2d(patches, vectors[:, : WIDTHS[1]].T[:, :, None, None]), 2)
    vectors, mean, spread = components(patches)
    # In the place of one component a large constant, beside which the scale of the last norm hardly varies from picture to picture.
    kept = torch.cat([vectors[:, :CHANNELS], torch.zeros(len(vectors), 1), vectors[:, CHANNELS : WIDTHS[2] - 1]], 1)
    set_downsampling(downs[2], kept.T)
    downs[2].bias.copy_(-(kept.T @ mean)[:, 0])
    downs[2].bias[CHANNELS] = 12 * spread[0].sqrt()
    for level in (1, 2, 3):
        set_centre(encoder.down_blocks[level].resnets[0].conv_shortcut, torch.eye(WIDTHS[level - 1]))
    # SiLU is nearly the identity far from zero, so the norm's output is shifted there.
    seen = []
    hook = encoder.conv_norm_out.register_forward_hook(lambda _module, _inputs, output: seen.append(output))
    encoder.conv_norm_out.weight.fill_(1)
    encoder.conv_norm_out.bias.zero_()
    encoder(pictures[:32])
    hook.remove()
    deviation, middle = seen[0].std((0, 2, 3)), seen[0].mean((0, 2, 3))
    gain = 1 / deviation.clamp(min=deviation[CHANNELS - 1] * 0.7)
    encoder.conv_norm_out.weight.copy_(gain)
    encoder.conv_norm_out.bias.copy_(4 - middle * gain)
    out = torch.zeros(2 * CHANNELS, WIDTHS[3])
    out[:CHANNELS, :CHANNELS] = torch.eye(CHANNELS)
    set_centre(encoder.conv_out, out)
    encoder.conv_out.bias[:CHANNELS] = -F.silu(torch.tensor(4.0))
    encoder.conv_out.bias[CHANNELS:] = 2 * math.log(NOISE)
    for conv in (vae.quant_conv, vae.post_quant_conv):
        set_centre(conv, torch.eye(conv.weight.shape[0]))
    fold(vae, pictures[:64])


def components(patches: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """The principal components of `[n, channels, height, width]` as columns, the mean, and the spread along each."""
    flat = patches.permute(1, 0, 2, 3).flatten(1)
    mean = flat.mean(1, keepdim=True)
    vectors, spread, _ = torch.linalg.svd((flat - mean) @ (flat - mean).T / flat.shape[1])
    return vectors, mean, spread


def set_centre(conv: torch.nn.Conv2d, matrix: torch.Tensor) -> None:
    """The middle tap becomes a matrix, where it reaches; the rest becomes zero."""
    rows, columns = matrix.shape
    weight = torch.zeros_like(conv.weight)
    at = conv.kernel_size[0] // 2
    weight[:rows, :columns, at, at] = matrix
    conv.weight.copy_(weight)
    conv.bias.zero_()


def set_downsampling(conv: torch.nn.Conv2d, matrix: torch.Tensor) -> None:
    """A strided convolution becomes a matrix on blocks of 2 × 2 pixels."""
    rows, columns = matrix.shape
    weight = torch.zeros_like(conv.weight)
    weight[:rows, : columns // 4, :2, :2] = matrix.reshape(rows, columns // 4, 2, 2)
    conv.weight.copy_(weight)
    conv.bias.zero_()


def means(vae: AutoencoderKL, pictures: torch.Tensor) -> torch.Tensor:
    return vae.encode(pictures).latent_dist.mean


@torch.no_grad()
def fold(vae: AutoencoderKL, pictures: torch.Tensor) -> None:
    """Makes the latents' channels have mean 0 and deviation 1, by the 1 × 1 convolutions between the halves."""
    latents = torch.cat([means(vae, part) for part in pictures.split(8)])
    mean, deviation = latents.mean((0, 2, 3)), latents.std((0, 2, 3))
    vae.quant_conv.weight[:CHANNELS] /= deviation[:, None, None, None]
    vae.quant_conv.bias[:CHANNELS] = (vae.quant_conv.bias[:CHANNELS] - mean) / deviation
    vae.post_quant_conv.bias += vae.post_quant_conv.weight[:, :, 0, 0] @ mean
    vae.post_quant_conv.weight *= deviation[None, :, None, None]


@torch.no_grad()
def quality(vae: AutoencoderKL, held: Shard, count: int = 24) -> dict[str, float]:
    """Mean PSNR of whole pictures and of their toys, without noise."""
    whole, toys = [], []
    for first in range(0, count, 8):
        pictures = held.batch(slice(first, first + 8))
        error = (vae.decode(means(vae, pictures)).sample.clamp(-1, 1) - pictures) ** 2
        inside = torch.from_numpy(held.labels[first : first + 8] > 0)
        whole.append(psnr(error))
        toys += [psnr(picture[:, mask].mean()[None, None]) for picture, mask in zip(error, inside, strict=True) if mask.any()]
    return {"psnr": torch.cat(whole).mean().item(), "toys": torch.cat(toys).mean().item()}


@torch.no_grad()
def show(vae: AutoencoderKL, held: Shard, path: Path, count: int = 6) -> None:
    """A picture of some scenes and what becomes of them."""
    pictures = held.batch(slice(0, count))
    rows = torch.cat([pictures, vae.decode(means(vae, pictures)).sample.clamp(-1, 1)]).unflatten(0, (2, count))
    sheet = torch.cat([torch.cat(list(row), 2) for row in rows], 1)
    Image.fromarray(((sheet + 1) * 127.5).round().byte().permute(1, 2, 0).numpy()).save(path)


def difference(decoded: torch.Tensor, pictures: torch.Tensor, inside: torch.Tensor) -> torch.Tensor:
    """Absolute and squared error, toys counting three times, and the error of differences between neighbours at three scales: edges."""
    error = decoded - pictures
    value = ((1 + 2 * inside[:, None]) * (error**2 + 0.1 * error.abs())).mean()
    for weight in (0.6, 0.3, 0.15):
        across, down = error.diff(dim=3), error.diff(dim=2)
        value = value + weight * ((across**2).mean() + (down**2).mean() + 0.05 * (across.abs().mean() + down.abs().mean()))
        error = F.avg_pool2d(error, 2)
    return value


def spread(latents: torch.Tensor) -> torch.Tensor:
    """How far the latents' channels are from mean 0, deviation 1 and independence."""
    flat = latents.transpose(0, 1).flatten(1)
    mean = flat.mean(1)
    covariance = (flat - mean[:, None]) @ (flat - mean[:, None]).T / flat.shape[1]
    return (mean**2).mean() + ((covariance - torch.eye(CHANNELS)) ** 2).mean()


def samples(shards: list[Shard], step: int, batch: int, crop: int | None) -> tuple[torch.Tensor, torch.Tensor]:
    """A worker's pictures of a step and where their toys are; three quarters of the crops lie round a toy."""
    random = np.random.default_rng([1, step, worker()])
    pictures, inside = [], []
    for _ in range(batch // workers()):
        shard = shards[random.integers(len(shards))]
        index = random.integers(len(shard))
        top = left = 0
        labels = shard.labels[index]
        if crop:
            top, left = random.integers(0, SIDE - crop + 1, 2)
            rows, columns = np.nonzero(labels == random.integers(1, labels.max() + 1)) if labels.any() else ((), ())
            if len(rows) and random.random() < 0.75:
                at = random.integers(len(rows))
                low = [int(middle) - crop // 2 + int(random.integers(-32, 33)) for middle in (rows[at], columns[at])]
                top, left = (min(max(one, 0), SIDE - crop) for one in low)
        size = crop or SIDE
        pictures.append(shard.pictures[index, top : top + size, left : left + size])
        inside.append(labels[top : top + size, left : left + size] > 0)
    return to_tensor(np.stack(pictures)).contiguous(memory_format=torch.channels_last), torch.from_numpy(np.stack(inside)).float()


def falling(share: float) -> float:
    """A learning rate that falls like half a cosine, to a hundredth."""
    return RATE * (0.5 + 0.5 * math.cos(math.pi * share) + 0.01)


def train(stage: str, folder: Path, shards: list[Shard], held: Shard, before: str | None) -> None:
    """Trains a stage: `crops`, `whole` (both the whole network) or `decoder` (the decoder alone); each begins with the mean that the one before left."""
    vae = network()
    if before is None:
        torch.manual_seed(0)
        start_linear(vae, shards[0].batch(slice(0, 192)))
    else:
        vae.load_state_dict(torch.load(folder / f"{before}.pt")["mean"])
    plan, share = {"crops": (CROPS, 1.0), "whole": (WHOLE, 0.6), "decoder": (DECODER, 0.5)}[stage]
    is_decoder = stage == "decoder"
    for half in (vae.encoder, vae.quant_conv):
        half.requires_grad_(not is_decoder)
    training, log = Training(folder / f"{stage}.pt", vae, RATE, 0.998), Log(folder / f"{stage}.csv")

    def loss(step: int) -> torch.Tensor:
        pictures, inside = samples(shards, step, plan["batch"], CROP if stage == "crops" else None)
        with torch.set_grad_enabled(not is_decoder):
            latents = means(vae, pictures)
        decoded = vae.decode(latents + NOISE * torch.randn_like(latents)).sample
        value = difference(decoded, pictures, inside)
        return value if is_decoder else value + 0.02 * spread(latents)

    def report(value: float) -> None:
        seconds = training.seconds / training.step
        log.row(step=training.step, loss=value, seconds=round(seconds, 3), **quality(training.mean, held))
        show(training.mean, held, folder / f"{stage}.png")

    training.run(plan["steps"], lambda done: share * falling(done), loss, report, EVERY)
    if stage == "whole":
        # The latents are final from here on.
        fold(training.mean, torch.cat([shard.batch(slice(0, 32)) for shard in shards[:8]]))
    training.finish()
