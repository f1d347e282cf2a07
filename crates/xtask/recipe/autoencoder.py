"""Makes the autoencoder: `autoencoder.py SCENES HELD OUT encoder|latents|decoder`.

`encoder` sets the encoder to the best linear code of small patches, `latents` writes every scene through it, and `decoder` trains the other
half. A linear code costs no training, so the denoiser's can begin at once, and nothing moves under it.
"""

import argparse
import math
import time
from pathlib import Path

import numpy as np
import torch
import torch.multiprocessing as mp
import torch.nn.functional as F
from diffusers import AutoencoderKL
from scenes import SIDE, Scenes, psnr
from workers import SAVE_SECONDS, Log, Mean, Shared, run, save

CHANNELS = 4
WIDTHS = (16, 32, 64)
BATCH = 4
RATE = 1.5e-3
NOISE = 0.04
"""Deviation of the noise on latents, which are of deviation 1, in training: the decoder must bear what a denoiser leaves."""


def network() -> AutoencoderKL:
    levels = len(WIDTHS)
    return AutoencoderKL(
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


@torch.no_grad()
def start_linear(vae: AutoencoderKL, pictures: torch.Tensor) -> None:
    """Makes the encoder the best linear code of 4 × 4 patches, nearly, and lets the decoder start near the identity."""
    for name, parameter in vae.named_parameters():
        if "conv2." in name or "to_out.0." in name:
            parameter.zero_()
    encoder = vae.encoder
    # What the code does not need stays zero, and takes no space when packed.
    for name, parameter in encoder.named_parameters():
        if "norm" not in name:
            parameter.zero_()
    set_centre(encoder.conv_in, torch.eye(3))
    set_downsampling(encoder.down_blocks[0].downsamplers[0].conv, torch.eye(12))
    set_centre(encoder.down_blocks[1].resnets[0].conv_shortcut, torch.eye(12))
    patches = F.pixel_unshuffle(F.pixel_unshuffle(pictures, 2), 2)
    flat = patches.permute(1, 0, 2, 3).flatten(1)
    mean = flat.mean(1, keepdim=True)
    vectors, spread, _ = torch.linalg.svd((flat - mean) @ (flat - mean).T / flat.shape[1])
    # One channel less than the half that the norm takes together; in its place a large constant, beside which the norm's scale hardly varies.
    kept = WIDTHS[1] - 1
    down = encoder.down_blocks[1].downsamplers[0].conv
    set_downsampling(down, vectors[:, :kept].T)
    down.bias[:kept] = -(vectors[:, :kept].T @ mean)[:, 0]
    down.bias[kept] = 12 * spread[0].sqrt()
    set_centre(encoder.down_blocks[2].resnets[0].conv_shortcut, torch.eye(WIDTHS[1]))
    # SiLU is nearly the identity far from zero, so the norm's output is shifted there.
    seen = []
    hook = encoder.conv_norm_out.register_forward_hook(lambda _module, _inputs, output: seen.append(output))
    encoder.conv_norm_out.weight.fill_(1)
    encoder.conv_norm_out.bias.zero_()
    encoder(pictures[:128])
    hook.remove()
    deviation, middle = seen[0].std((0, 2, 3)), seen[0].mean((0, 2, 3))
    gain = 1 / deviation.clamp(min=deviation[CHANNELS - 1] * 0.7)
    encoder.conv_norm_out.weight.copy_(gain)
    encoder.conv_norm_out.bias.copy_(4 - middle * gain)
    out = torch.zeros(2 * CHANNELS, WIDTHS[2])
    out[:CHANNELS, :CHANNELS] = torch.eye(CHANNELS)
    set_centre(encoder.conv_out, out)
    encoder.conv_out.bias[:CHANNELS] = -F.silu(torch.tensor(4.0))
    encoder.conv_out.bias[CHANNELS:] = 2 * math.log(NOISE)
    for conv in (vae.quant_conv, vae.post_quant_conv):
        conv.weight.copy_(torch.eye(conv.weight.shape[0])[:, :, None, None])
        conv.bias.zero_()


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
    latents = means(vae, pictures)
    mean, deviation = latents.mean((0, 2, 3)), latents.std((0, 2, 3))
    vae.quant_conv.weight[:CHANNELS] /= deviation[:, None, None, None]
    vae.quant_conv.bias[:CHANNELS] = (vae.quant_conv.bias[:CHANNELS] - mean) / deviation
    vae.post_quant_conv.bias += vae.post_quant_conv.weight[:, :, 0, 0] @ mean
    vae.post_quant_conv.weight *= deviation[None, :, None, None]


@torch.no_grad()
def quality(vae: AutoencoderKL, held: Scenes) -> dict[str, float]:
    """Mean PSNR of whole pictures and of their toys, without noise."""
    whole, toys = [], []
    for first in range(0, 64, 16):
        indices = np.arange(first, first + 16)
        pictures = held.batch(indices)
        error = (vae.decode(means(vae, pictures)).sample.clamp(-1, 1) - pictures) ** 2
        inside = torch.from_numpy(held.labels[indices] > 0)
        whole.append(psnr(error))
        toys.append(psnr(torch.stack([picture[:, mask].mean() for picture, mask in zip(error, inside, strict=True)])[:, None]))
    return {"psnr": torch.cat(whole).mean().item(), "toys": torch.cat(toys).mean().item()}


def loss(decoded: torch.Tensor, pictures: torch.Tensor, inside: torch.Tensor) -> torch.Tensor:
    """Squared and absolute error, the toys counting double, and the error of differences between neighbours: edges."""
    error = decoded - pictures
    weight = 1 + inside[:, None].float()
    across, down = error.diff(dim=3), error.diff(dim=2)
    return (weight * (error**2 + 0.05 * error.abs())).mean() + 0.5 * (across**2).mean() + 0.5 * (down**2).mean()


def train(worker: int, shared: Shared, vae: AutoencoderKL, scenes: Path, held: Path, images: int) -> None:
    scenes, held = Scenes(scenes), Scenes(held)
    vae.requires_grad_(False)
    vae.decoder.requires_grad_(True)
    trained = list(vae.decoder.parameters())
    optimiser = torch.optim.AdamW(trained, lr=RATE, betas=(0.9, 0.99), weight_decay=0.0)
    mean, log, saved, report = Mean(vae, 0.998), Log(shared.folder / "autoencoder.csv"), time.time(), 0
    random = np.random.default_rng(shared.seen.value * 64 + worker)
    while (done := shared.count(BATCH)) < images:
        for group in optimiser.param_groups:
            group["lr"] = RATE * min(1, done / (200 * BATCH)) * (0.5 + 0.5 * math.cos(math.pi * done / images) + 0.01)
        indices = np.sort(random.integers(0, len(scenes), BATCH))
        pictures = scenes.batch(indices)
        inside = torch.from_numpy(scenes.labels[indices] > 0)
        with torch.no_grad():
            latents = means(vae, pictures)
        value = loss(vae.decode(latents + NOISE * torch.randn_like(latents)).sample, pictures, inside)
        optimiser.zero_grad()
        value.backward()
        torch.nn.utils.clip_grad_norm_(trained, 1.0)
        optimiser.step()
        if worker > 0:
            continue
        mean.update()
        if done >= report:
            report = done + 1000
            log.row(images=done, loss=value.item(), **quality(mean.module, held))
        if time.time() - saved > SAVE_SECONDS:
            saved = time.time()
            save(shared.folder / "autoencoder.pt", mean.module.state_dict())
    if worker == 0:
        save(shared.folder / "autoencoder.pt", mean.module.state_dict())


@torch.no_grad()
def encode(worker: int, shared: Shared, vae: AutoencoderKL, scenes: Path, _held: Path) -> None:
    scenes = Scenes(scenes)
    side = SIDE // 2 ** (len(WIDTHS) - 1)
    out = np.memmap(shared.folder / "latents.f16", np.float16, "r+", shape=(len(scenes), CHANNELS, side, side))
    for first in range(worker * 16, len(scenes), shared.workers * 16):
        indices = np.arange(first, min(first + 16, len(scenes)))
        out[indices] = means(vae, scenes.batch(indices)).half().numpy()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("scenes", type=Path)
    parser.add_argument("held", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("stage", choices=["encoder", "latents", "decoder"])
    parser.add_argument("--images", type=int, default=14_000)
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(0)
    torch.set_num_threads(options.workers)
    scenes = Scenes(options.scenes)
    vae, weights = network(), options.out / "autoencoder.pt"
    if options.stage == "encoder":
        some = scenes.batch(np.arange(min(1024, len(scenes))))
        start_linear(vae, some)
        fold(vae, some[:512])
        save(weights, vae.state_dict())
        return
    vae.load_state_dict(torch.load(weights))
    vae.share_memory()
    shared = Shared(options.out, options.workers, mp.get_context("spawn").Value("q", 0))
    if options.stage == "latents":
        side = SIDE // 2 ** (len(WIDTHS) - 1)
        np.memmap(options.out / "latents.f16", np.float16, "w+", shape=(len(scenes), CHANNELS, side, side)).flush()
        run(encode, shared, vae, options.scenes, options.held)
    else:
        run(train, shared, vae, options.scenes, options.held, options.images)


if __name__ == "__main__":
    main()
