"""`pipeline-*`: text to picture, as the pipelines of diffusers compute it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import diffusers
import torch

from values.checkpoint import Checkpoint, draw
from values.configs import NOISE
from values.folder import Tensors, write
from values.lora import pipeline

if TYPE_CHECKING:
    from pathlib import Path

PROMPT = "a photo of a red bag"
HEIGHT, WIDTH = 48, 64
STEPS, GUIDANCE = 4, 5.0
TOLERANCE = {"latent": 5e-4, "levels": 1}

SCHEDULERS: dict[str, tuple[str, dict[str, Any]]] = {
    "ddim": ("DDIMScheduler", {"clip_sample": False, "set_alpha_to_one": False}),
    "euler": ("EulerDiscreteScheduler", {}),
}


def prompts(checkpoint: Checkpoint, pipe: diffusers.DiffusionPipeline) -> Tensors:
    """The encoded prompt and empty prompt; of SDXL's, the empty one is all zeros."""
    names = ("context", "negative", "pooled", "negative_pooled")
    encoded = pipe.encode_prompt(
        PROMPT, device="cpu", num_images_per_prompt=1, do_classifier_free_guidance=True
    )
    return dict(zip(names if checkpoint.is_xl else names[:2], encoded, strict=True))


def to_levels(image: torch.Tensor) -> torch.Tensor:
    """Values from 0 to 1 as 8-bit levels, height by width by colour."""
    return (image * 255).round().to(torch.uint8)


def run(pipe: diffusers.DiffusionPipeline, noise: torch.Tensor) -> Tensors:
    """Final latent and picture."""
    settings = {
        "prompt": PROMPT,
        "height": HEIGHT,
        "width": WIDTH,
        "num_inference_steps": STEPS,
        "guidance_scale": GUIDANCE,
        "latents": noise,
    }
    latent = pipe(**settings, output_type="latent").images
    image = torch.from_numpy(pipe(**settings, output_type="np").images[0])
    return {"latent": latent, "image": to_levels(image)}


def write_pipeline(out: Path, checkpoint: Checkpoint) -> None:
    """Write `pipeline-<kind>`."""
    kind = checkpoint.kind
    noise = draw(f"pipeline.{kind}", 1, 4, HEIGHT // 8, WIDTH // 8)
    prediction = checkpoint.scheduler.config.prediction_type
    pipe = pipeline(checkpoint)
    pipe.set_progress_bar_config(disable=True)
    tensors = {"noise": noise} | prompts(checkpoint, pipe)
    cases = {}
    for name, (scheduler, more) in SCHEDULERS.items():
        config = NOISE | more | {"prediction_type": prediction}
        pipe.scheduler = getattr(diffusers, scheduler)(**config)
        tensors |= {f"{name}.{label}": value for label, value in run(pipe, noise.clone()).items()}
        cases[name] = {"class": scheduler, "config": config}
    meta = {
        "kind": kind,
        "prompt": PROMPT,
        "negative_prompt": "",
        "height": HEIGHT,
        "width": WIDTH,
        "steps": STEPS,
        "guidance": GUIDANCE,
        "tolerance": TOLERANCE,
        "cases": cases,
    }
    write(out / f"pipeline-{kind}", meta, tensors)
