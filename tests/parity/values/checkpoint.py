"""Tiny random checkpoints in the folder layout of diffusers."""

from __future__ import annotations

import copy
import json
import math
import zlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import diffusers
import torch
from diffusers import AutoencoderKL, UNet2DConditionModel
from safetensors.torch import save_file
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection, CLIPTokenizer

from values.configs import FAMILIES, Config
from values.vocabulary import save_tokenizer, tokenizer

if TYPE_CHECKING:
    from pathlib import Path

SHARD = "20KB"


def draw(name: str, *shape: int) -> torch.Tensor:
    """Normal values that depend on the name and the shape alone."""
    generator = torch.Generator().manual_seed(zlib.crc32(name.encode()))
    return torch.randn(*shape, generator=generator)


def random_parameter(name: str, shape: torch.Size) -> torch.Tensor:
    """Values of a size that keeps activations near one, and no norm or bias without effect."""
    values = draw(name, *shape)
    if len(shape) == 1:
        return 0.1 * values + (1.0 if name.endswith("weight") else 0.0)
    if name.endswith("embedding.weight"):
        return 0.5 * values
    return values / math.sqrt(math.prod(shape[1:]))


def randomise(prefix: str, module: torch.nn.Module) -> None:
    """Fill a module with random values that half precision holds exactly."""
    with torch.no_grad():
        for name, parameter in module.named_parameters():
            values = random_parameter(f"{prefix}.{name}", parameter.shape)
            parameter.copy_(values.half().float())


@dataclass
class Checkpoint:
    """The networks of one tiny checkpoint, in single precision."""

    kind: str
    config: Config
    text_encoders: dict[str, torch.nn.Module] = field(default_factory=dict)
    tokenizers: dict[str, CLIPTokenizer] = field(default_factory=dict)
    unet: UNet2DConditionModel = None
    vae: AutoencoderKL = None
    scheduler: Any = None

    @property
    def is_xl(self) -> bool:
        """Whether the U-Net also takes the pooled prompt and the picture's size."""
        return "text_encoder_2" in self.text_encoders


def text_model(name: str, settings: Config) -> torch.nn.Module:
    """A text encoder; the second one of SDXL has a projection."""
    kind = CLIPTextModelWithProjection if name == "text_encoder_2" else CLIPTextModel
    return kind(CLIPTextConfig(**settings))


def build(kind: str) -> Checkpoint:
    """The tiny checkpoint of a family: sd, sd2 or sdxl."""
    config = FAMILIES[kind]
    checkpoint = Checkpoint(kind, config)
    for name in ("text_encoder", "text_encoder_2"):
        if name in config:
            suffix = name.removeprefix("text_encoder")
            checkpoint.text_encoders[name] = text_model(name, config[name])
            checkpoint.tokenizers[name] = tokenizer(config[name], config[f"pad{suffix}"])
    checkpoint.unet = UNet2DConditionModel(**config["unet"])
    checkpoint.vae = AutoencoderKL(**config["vae"])
    scheduler, settings = config["scheduler"]
    checkpoint.scheduler = getattr(diffusers, scheduler)(**settings)
    networks = checkpoint.text_encoders | {"unet": checkpoint.unet, "vae": checkpoint.vae}
    for name, network in networks.items():
        randomise(f"{kind}.{name}", network)
        network.eval().requires_grad_(requires_grad=False)
    return checkpoint


def save_text_encoder(
    folder: Path, model: torch.nn.Module, settings: Config, *, prefixed: bool
) -> None:
    """Write a text encoder; its names begin with `text_model.` up to version 4 of transformers."""
    folder.mkdir(parents=True)
    weights = {name: value.half().contiguous() for name, value in model.state_dict().items()}
    if prefixed:
        weights = {
            name if name.startswith("text_") else f"text_model.{name}": value
            for name, value in weights.items()
        }
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    settings = {"architectures": [type(model).__name__], "model_type": "clip_text_model"} | settings
    (folder / "config.json").write_text(json.dumps(settings, indent=1) + "\n")


def save_index(folder: Path, checkpoint: Checkpoint) -> None:
    """Write `model_index.json`."""
    parts = {"scheduler": ["diffusers", type(checkpoint.scheduler).__name__]}
    for name, model in checkpoint.text_encoders.items():
        parts[name] = ["transformers", type(model).__name__]
        parts[name.replace("text_encoder", "tokenizer")] = ["transformers", "CLIPTokenizer"]
    parts["unet"] = ["diffusers", "UNet2DConditionModel"]
    parts["vae"] = ["diffusers", "AutoencoderKL"]
    index = {
        "_class_name": checkpoint.config["pipeline"],
        "_diffusers_version": diffusers.__version__,
    }
    if checkpoint.is_xl:
        index["force_zeros_for_empty_prompt"] = True
    (folder / "model_index.json").write_text(json.dumps(index | parts, indent=1) + "\n")


def save_tiny(out: Path, checkpoint: Checkpoint) -> None:
    """Write `tiny-<kind>` in half precision, each family in one of the ways found in the wild.

    sd: plain file names. sd2: `fp16` variants, text encoder as transformers 5 names its tensors.
    sdxl: the VAE in shards, the second tokenizer as one file.
    """
    kind, config = checkpoint.kind, checkpoint.config
    folder = out / f"tiny-{kind}"
    folder.mkdir(parents=True)
    save_index(folder, checkpoint)
    checkpoint.scheduler.save_pretrained(folder / "scheduler")
    for name, model in checkpoint.text_encoders.items():
        suffix = name.removeprefix("text_encoder")
        save_text_encoder(folder / name, model, config[name], prefixed=kind != "sd2")
        save_tokenizer(
            folder / f"tokenizer{suffix}",
            config[name],
            config[f"pad{suffix}"],
            as_json=bool(suffix),
        )
    variant = "fp16" if kind == "sd2" else None
    shard = SHARD if kind == "sdxl" else "1GB"
    unet, vae = (copy.deepcopy(part).half() for part in (checkpoint.unet, checkpoint.vae))
    unet.save_pretrained(folder / "unet", variant=variant)
    vae.save_pretrained(folder / "vae", variant=variant, max_shard_size=shard)
