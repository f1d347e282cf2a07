"""PyTorch's side of the bench: full-size Stable Diffusion 1.5 networks with random weights.

Usage: python torch_side.py WORK [--threads N]

Answers commands on standard input, one JSON object per line on standard output, so that the bench
can alternate the two sides round by round:

    warmup WORK   runs the work once, unmeasured
    run WORK      {"name": WORK, "cpu_s": …, "wall_s": …, "peak_rss_gib": …}
    quit

`cpu_s` is user and system time of the process during the call, over all threads. `peak_rss_gib` is
the most memory that the process held during the call, weights included. The weights are made at the
start, before the first answer `{"ready": WORK}`.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

# PyTorch's OpenMP threads would otherwise spin while they wait, which counts as CPU time whenever
# the machine has other work. Both have to be set before PyTorch is imported.
os.environ["OMP_WAIT_POLICY"] = "PASSIVE"
os.environ.setdefault("KMP_BLOCKTIME", "0")

import torch
from diffusers import AutoencoderKL, UNet2DConditionModel
from torch.nn import functional

Work = Callable[[], None]

LATENT = 64
"""Height and width of the latent of a picture of 512 x 512."""
TOKENS, WIDTH = 77, 768

UNET_CONFIG: dict[str, Any] = {
    "sample_size": LATENT,
    "block_out_channels": [320, 640, 1280, 1280],
    "attention_head_dim": 8,
    "cross_attention_dim": WIDTH,
}
VAE_CONFIG: dict[str, Any] = {
    "block_out_channels": [128, 256, 512, 512],
    "down_block_types": ["DownEncoderBlock2D"] * 4,
    "up_block_types": ["UpDecoderBlock2D"] * 4,
    "layers_per_block": 2,
    "latent_channels": 4,
    "sample_size": 512,
    "scaling_factor": 0.18215,
}


def latent(batch: int) -> torch.Tensor:
    """A random latent."""
    return torch.randn(batch, 4, LATENT, LATENT)


def context(batch: int) -> torch.Tensor:
    """A random context of the usual length."""
    return torch.randn(batch, TOKENS, WIDTH)


def frozen_unet() -> UNet2DConditionModel:
    """The U-Net without gradients."""
    return UNet2DConditionModel(**UNET_CONFIG).eval().requires_grad_(requires_grad=False)


def unet(batch: int, dtype: torch.dtype = torch.float32) -> Work:
    """One forward pass; bfloat16 in the memory order that is fastest for it."""
    fastest = torch.contiguous_format if dtype == torch.float32 else torch.channels_last
    model = frozen_unet().to(dtype=dtype, memory_format=fastest)
    noisy = latent(batch).to(dtype=dtype, memory_format=fastest)
    prompt, timestep = context(batch).to(dtype), torch.tensor([500] * batch)

    @torch.no_grad()
    def forward() -> None:
        model(noisy, timestep, encoder_hidden_states=prompt)

    return forward


def vae_decode() -> Work:
    """One picture from its latent."""
    model = AutoencoderKL(**VAE_CONFIG).eval().requires_grad_(requires_grad=False)
    del model.encoder
    code = latent(1)

    @torch.no_grad()
    def decode() -> None:
        model.decode(code)

    return decode


def train_step() -> Work:
    """One step on the query, key and value weights of all cross-attentions."""
    model = frozen_unet()
    names = tuple(f"attn2.to_{part}.weight" for part in "qkv")
    weights = [
        weight.requires_grad_() for name, weight in model.named_parameters() if name.endswith(names)
    ]
    optimizer = torch.optim.AdamW(weights, lr=1e-5)
    noisy, noise, prompt, timestep = latent(1), latent(1), context(1), torch.tensor([500])

    def step() -> None:
        predicted = model(noisy, timestep, encoder_hidden_states=prompt).sample
        functional.mse_loss(predicted, noise).backward()
        optimizer.step()
        optimizer.zero_grad()

    return step


WORKS: dict[str, Callable[[], Work]] = {
    "unet_f32": lambda: unet(1),
    "unet_f32_b2": lambda: unet(2),
    "unet_bf16": lambda: unet(1, torch.bfloat16),
    "vae_decode_f32": vae_decode,
    "train_step": train_step,
}


def cpu_seconds() -> float:
    """User and system time of this process so far."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def forget_peak() -> None:
    """Let Linux count the peak of memory from here."""
    Path("/proc/self/clear_refs").write_text("5")


def peak_gib() -> float:
    """Most memory held since the peak was forgotten."""
    status = Path("/proc/self/status").read_text()
    kib = next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM:"))
    return int(kib) / 2**20


def measure(name: str, work: Work) -> dict[str, float | str]:
    """What one call takes."""
    forget_peak()
    cpu, wall = cpu_seconds(), time.perf_counter()
    work()
    cpu, wall = cpu_seconds() - cpu, time.perf_counter() - wall
    return {"name": name, "cpu_s": cpu, "wall_s": wall, "peak_rss_gib": peak_gib()}


def answer(value: dict[str, Any]) -> None:
    """Write one line."""
    print(json.dumps(value), flush=True)


def serve(name: str, work: Work) -> None:
    """Answer commands until `quit` or the end of the input."""
    answer({"ready": name})
    for line in sys.stdin:
        command, _, wanted = line.strip().partition(" ")
        if command == "quit":
            return
        if wanted != name or command not in ("run", "warmup"):
            answer({"error": f"this process answers: run {name}, warmup {name}, quit"})
        elif command == "run":
            answer(measure(name, work))
        else:
            work()
            answer({"warm": name})


def main() -> None:
    """Build one work and serve it."""
    parser = argparse.ArgumentParser(description="PyTorch's side of the bench.")
    parser.add_argument("work", choices=WORKS)
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.manual_seed(0)
    serve(options.work, WORKS[options.work]())


if __name__ == "__main__":
    main()
