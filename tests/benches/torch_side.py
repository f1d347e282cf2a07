"""PyTorch's side of the bench: full-size Stable Diffusion 1.5 networks with random weights.

The works about items do what the published implementation of D-Edit does (arXiv 2403.04880): items
are vertical stripes of equal width with 40 tokens each.

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
import math
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
from diffusers import AutoencoderKL, DDIMScheduler, UNet2DConditionModel
from diffusers.models.attention_processor import Attention
from torch.nn import functional
from transformers import CLIPTextConfig, CLIPTextModel

Work = Callable[[], None]

LATENT = 64
"""Height and width of the latent of a picture of 512 x 512."""
TOKENS, WIDTH = 77, 768
ITEM_TOKENS = 40
"""Tokens of an item's prompt."""
GUIDANCE = 5.0

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
TEXT_CONFIG: dict[str, Any] = {
    "vocab_size": 49408,
    "hidden_size": WIDTH,
    "intermediate_size": 3072,
    "num_hidden_layers": 12,
    "num_attention_heads": 12,
    "hidden_act": "quick_gelu",
}
SCHEDULER_CONFIG: dict[str, Any] = {
    "beta_start": 0.00085,
    "beta_end": 0.012,
    "beta_schedule": "scaled_linear",
    "clip_sample": False,
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


def decoder() -> AutoencoderKL:
    """The autoencoder without its encoder."""
    model = AutoencoderKL(**VAE_CONFIG).eval().requires_grad_(requires_grad=False)
    del model.encoder
    return model


def vae_decode() -> Work:
    """One picture from its latent."""
    model, code = decoder(), latent(1)

    @torch.no_grad()
    def decode() -> None:
        model.decode(code)

    return decode


def cross_attention(model: UNet2DConditionModel) -> list[torch.nn.Parameter]:
    """The query, key and value weights of all cross-attentions, which learn from now on."""
    names = tuple(f"attn2.to_{part}.weight" for part in "qkv")
    return [
        weight.requires_grad_() for name, weight in model.named_parameters() if name.endswith(names)
    ]


def train_step() -> Work:
    """One step on the query, key and value weights of all cross-attentions."""
    model = frozen_unet()
    optimizer = torch.optim.AdamW(cross_attention(model), lr=1e-5)
    noisy, noise, prompt, timestep = latent(1), latent(1), context(1), torch.tensor([500])

    def step() -> None:
        predicted = model(noisy, timestep, encoder_hidden_states=prompt).sample
        functional.mse_loss(predicted, noise).backward()
        optimizer.step()
        optimizer.zero_grad()

    return step


class GroupedAttention:
    """Cross-attention as D-Edit publishes it: every pixel with every item, times the item's mask.

    Contexts are (1, items, tokens, width). Without masks there is one, for all pixels.
    """

    masks: torch.Tensor | None = None
    """(items, 512, 512), ones and zeros; one object serves all layers."""

    def __call__(
        self,
        attn: Attention,
        hidden_states: torch.Tensor,
        encoder_hidden_states: torch.Tensor,
        **_: torch.Tensor | None,
    ) -> torch.Tensor:
        """The layer's output, in the way diffusers asks for it."""

        def heads(values: torch.Tensor) -> torch.Tensor:
            return values.unflatten(-1, (attn.heads, -1)).transpose(1, 2)

        pixels = hidden_states.shape[1]
        query, total = heads(attn.to_q(hidden_states)), None
        for index, tokens in enumerate(encoder_hidden_states.unbind(1)):
            key, value = heads(attn.to_k(tokens)), heads(attn.to_v(tokens))
            attended = (query @ key.transpose(-1, -2) * attn.scale).softmax(-1) @ value
            if self.masks is not None:
                size = (math.isqrt(pixels),) * 2
                small = functional.interpolate(self.masks[None, index, None], size=size)
                attended = attended * small.reshape(pixels, 1)
            total = attended if total is None else total + attended
        return attn.to_out[0](total.transpose(1, 2).flatten(2))


def grouped_unet() -> tuple[UNet2DConditionModel, GroupedAttention]:
    """The U-Net with grouped cross-attention."""
    model, grouped = frozen_unet(), GroupedAttention()
    processors = model.attn_processors.items()
    model.set_attn_processor({n: grouped if ".attn2." in n else own for n, own in processors})
    return model, grouped


def stripes(count: int, side: int) -> torch.Tensor:
    """Masks of vertical stripes of equal width, (items, side, side)."""
    owner = torch.arange(side) * count // side
    return (
        (owner == torch.arange(count)[:, None]).float()[:, None].expand(-1, side, -1).contiguous()
    )


def grouped_forward(items: int) -> Work:
    """One forward pass with so many items."""
    model, grouped = grouped_unet()
    grouped.masks = stripes(items, 8 * LATENT)
    noisy, timestep = latent(1), torch.tensor([500])
    prompts = torch.randn(1, items, ITEM_TOKENS, WIDTH)

    @torch.no_grad()
    def forward() -> None:
        model(noisy, timestep, encoder_hidden_states=prompts)

    return forward


def learn_step_items() -> Work:
    """One step of the second stage: four prompts are encoded, the cross-attentions learn."""
    model, grouped = grouped_unet()
    grouped.masks = stripes(4, 8 * LATENT)
    text = CLIPTextModel(CLIPTextConfig(**TEXT_CONFIG)).eval().requires_grad_(requires_grad=False)
    ids = torch.randint(TEXT_CONFIG["vocab_size"], (4, ITEM_TOKENS))
    optimizer = torch.optim.AdamW(cross_attention(model), lr=5e-5)
    noisy, noise, timestep = latent(1), latent(1), torch.tensor([500])

    def step() -> None:
        with torch.no_grad():
            prompts = text(ids).last_hidden_state[None]
        predicted = model(noisy, timestep, encoder_hidden_states=prompts).sample
        functional.mse_loss(predicted, noise).backward()
        optimizer.step()
        optimizer.zero_grad()

    return step


def edit(steps: int) -> Work:
    """An edit of the second of four stripes: two calls a step, the rest put back, one picture."""
    (model, grouped), vae, masks = grouped_unet(), decoder(), stripes(4, 8 * LATENT)
    scheduler = DDIMScheduler(**SCHEDULER_CONFIG)
    start, original, noise = latent(1), latent(1), latent(1)
    prompts, nothing = torch.randn(1, 4, ITEM_TOKENS, WIDTH), torch.zeros(1, 1, TOKENS, WIDTH)
    active = stripes(4, LATENT)[1].bool()

    @torch.no_grad()
    def run() -> None:
        scheduler.set_timesteps(steps)
        now = start
        for timestep in scheduler.timesteps:
            grouped.masks = None
            without = model(now, timestep, encoder_hidden_states=nothing).sample
            grouped.masks = masks
            output = model(now, timestep, encoder_hidden_states=prompts).sample
            guided = without + GUIDANCE * (output - without)
            free = scheduler.step(guided, timestep, now).prev_sample
            now = torch.where(active, free, scheduler.add_noise(original, noise, timestep[None]))
        vae.decode(now / VAE_CONFIG["scaling_factor"])

    return run


WORKS: dict[str, Callable[[], Work]] = {
    "unet_f32": lambda: unet(1),
    "unet_f32_b2": lambda: unet(2),
    "unet_bf16": lambda: unet(1, torch.bfloat16),
    "vae_decode_f32": vae_decode,
    "train_step": train_step,
    "grouped_1": lambda: grouped_forward(1),
    "grouped_8": lambda: grouped_forward(8),
    "learn_step_items": learn_step_items,
    "edit": lambda: edit(4),
    "edit_20": lambda: edit(20),
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
