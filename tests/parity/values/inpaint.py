"""`inpaint-*`: a U-Net for inpainting, and pictures filled by diffusers' inpainting pipeline.

The network is the tiny one with five more input channels: the mask, and the latents of the
picture without what the mask covers. Only the first convolution differs, so only it is stored.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import diffusers
import torch
from diffusers import (
    StableDiffusionInpaintPipeline,
    StableDiffusionXLInpaintPipeline,
    UNet2DConditionModel,
)
from safetensors.torch import save_file

from values.checkpoint import Checkpoint, draw
from values.configs import NOISE
from values.folder import Tensors, write
from values.lora import networks
from values.pipeline import (
    GUIDANCE,
    HEIGHT,
    PROMPT,
    SCHEDULERS,
    STEPS,
    TOLERANCE,
    WIDTH,
    to_levels,
)

if TYPE_CHECKING:
    from pathlib import Path

CHANNELS = 9


def widened(checkpoint: Checkpoint) -> UNet2DConditionModel:
    """The checkpoint's U-Net with more input channels."""
    unet = UNet2DConditionModel(**checkpoint.config["unet"] | {"in_channels": CHANNELS})
    weights = checkpoint.unet.state_dict()
    shape = unet.conv_in.weight.shape
    weight = draw(f"inpaint.{checkpoint.kind}.conv_in", *shape) / (9 * CHANNELS) ** 0.5
    unet.load_state_dict(weights | {"conv_in.weight": weight.half().float()})
    return unet.eval().requires_grad_(requires_grad=False)


def pipeline(
    checkpoint: Checkpoint, unet: UNet2DConditionModel
) -> StableDiffusionInpaintPipeline | StableDiffusionXLInpaintPipeline:
    """The diffusers pipeline around the networks."""
    parts = networks(checkpoint) | {"vae": checkpoint.vae, "scheduler": checkpoint.scheduler}
    parts["unet"] = unet
    for name, tokenizer in checkpoint.tokenizers.items():
        parts[name.replace("text_encoder", "tokenizer")] = tokenizer
    if checkpoint.is_xl:
        return StableDiffusionXLInpaintPipeline(**parts)
    parts |= {"safety_checker": None, "feature_extractor": None}
    return StableDiffusionInpaintPipeline(**parts, requires_safety_checker=False)


def scene(kind: str) -> tuple[torch.Tensor, torch.Tensor]:
    """A picture from 0 to 1, and a mask whose edges are not those of latent cells."""
    picture = torch.sigmoid(draw(f"inpaint.{kind}.picture", 1, 3, HEIGHT, WIDTH))
    mask = torch.zeros(1, 1, HEIGHT, WIDTH)
    mask[..., 11:37, 20:51] = 1
    return picture, mask


def masked_latents(
    checkpoint: Checkpoint, picture: torch.Tensor, mask: torch.Tensor
) -> torch.Tensor:
    """The latents of the picture with grey under the mask: the middle of their distribution."""
    seen = (2 * picture - 1) * (mask < 0.5)
    vae = checkpoint.vae
    return vae.encode(seen).latent_dist.mean * vae.config.scaling_factor


@torch.no_grad()
def write_inpaint(out: Path, checkpoint: Checkpoint) -> None:
    """Write `inpaint-<kind>`."""
    kind = checkpoint.kind
    folder = out / f"inpaint-{kind}"
    folder.mkdir(parents=True)
    unet = widened(checkpoint)
    weight = unet.conv_in.weight.detach().half().contiguous()
    save_file({"conv_in.weight": weight}, folder / "conv_in.safetensors")
    picture, mask = scene(kind)
    seen = masked_latents(checkpoint, picture, mask)
    noise = draw(f"inpaint.{kind}", 1, 4, HEIGHT // 8, WIDTH // 8)
    tensors: Tensors = {"picture": picture, "mask": mask, "noise": noise, "masked_latents": seen}
    tensors["latent_mask"] = torch.nn.functional.interpolate(mask, size=noise.shape[-2:])
    pipe = pipeline(checkpoint, unet)
    pipe.set_progress_bar_config(disable=True)
    prediction = checkpoint.scheduler.config.prediction_type
    settings = {
        "prompt": PROMPT,
        "image": picture,
        "mask_image": mask,
        "masked_image_latents": seen,
        "height": HEIGHT,
        "width": WIDTH,
        "strength": 1.0,
        "num_inference_steps": STEPS,
        "guidance_scale": GUIDANCE,
    }
    cases = {}
    for name, (scheduler, more) in SCHEDULERS.items():
        config = NOISE | more | {"prediction_type": prediction}
        pipe.scheduler = getattr(diffusers, scheduler)(**config)
        for label in ("latent", "np"):
            result = pipe(**settings, latents=noise.clone(), output_type=label).images
            if label == "np":
                tensors[f"{name}.image"] = to_levels(torch.from_numpy(result[0]))
            else:
                tensors[f"{name}.latent"] = result
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
    write(folder, meta, tensors)
