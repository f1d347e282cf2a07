"""`float8-sd2`: a single file with weights in eight bits, as ComfyUI writes them, and every code.

Most are `float8_e4m3fn` with a scale for each tensor, under both spellings that there are;
convolutions and OpenCLIP's fused projections are `float8_e5m2` and `float8_e4m3fn` without one.
A program widens them to float16, in which the networks here compute as well.
"""

from __future__ import annotations

import copy
import json
import re
from typing import TYPE_CHECKING

import torch
from safetensors.torch import save_file

from values.checkpoint import Checkpoint
from values.folder import ONE_OPERATION, Tensors, run_unet, unet_inputs, write
from values.ladder import PROMPTS, UNET_CASES
from values.single_file import (
    half,
    openclip_tensors,
    training_tensors,
    unet_tensors,
    vae_tensors,
)

if TYPE_CHECKING:
    from pathlib import Path

E4M3, E5M2 = torch.float8_e4m3fn, torch.float8_e5m2
UNET, TEXT = "model.diffusion_model.", "cond_stage_model.model."
FUSED = re.compile(r"self_attn\.[qkv]_proj\.weight")
NOTE = torch.tensor(list(json.dumps({"format": "float8_e4m3fn"}).encode()), dtype=torch.uint8)


def scaled(value: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """The weight in eight bits and its scale, which uses the whole range."""
    scale = value.float().abs().max() / torch.finfo(E4M3).max
    return (value.float() / scale).to(E4M3), scale


def quantised(name: str, value: torch.Tensor) -> Tensors:
    """A tensor of the file, with its scale and whatever else is beside it."""
    if value.ndim < 2 or "embed" in name:
        return {name: half(value)}
    layer, _, last = name.rpartition(".")
    if value.ndim == 4:
        return {name: value.to(E5M2)}
    if last != "weight":
        return {name: value.to(E4M3)}
    code, scale = scaled(value)
    if name.startswith(UNET):
        return {
            name: code,
            f"{layer}.scale_weight": scale,
            f"{layer}.scale_input": torch.tensor(1.0),
        }
    return {
        name: code,
        f"{layer}.weight_scale": scale,
        f"{layer}.input_scale": torch.tensor(1.0),
        f"{layer}.comfy_quant": NOTE.clone(),
    }


def widen(module: torch.nn.Module) -> None:
    """Give a network the weights that its file holds."""
    for name, value in module.state_dict().items():
        if value.ndim == 4:
            value.copy_(value.to(E5M2))
        elif FUSED.search(name):
            value.copy_(value.to(E4M3))
        elif value.ndim == 2 and "embed" not in name:
            code, scale = scaled(value)
            value.copy_((code.float() * scale).half())


def widened(checkpoint: Checkpoint) -> Checkpoint:
    """The checkpoint with the weights of the file."""
    copied = copy.copy(checkpoint)
    copied.unet = copy.deepcopy(checkpoint.unet)
    copied.text_encoders = copy.deepcopy(checkpoint.text_encoders)
    widen(copied.unet)
    widen(copied.text_encoders["text_encoder"])
    return copied


def codes() -> Tensors:
    """All codes of both types, and the bits of the numbers in float32."""
    tensors: Tensors = {}
    for name, kind in (("e4m3", E4M3), ("e5m2", E5M2)):
        code = torch.arange(256, dtype=torch.uint8).view(kind)
        tensors[name] = code
        tensors[f"{name}.bits"] = code.float().view(torch.int32)
    return tensors


@torch.no_grad()
def write_float8(out: Path, checkpoint: Checkpoint) -> None:
    """Write `float8-sd2`."""
    folder = out / f"float8-{checkpoint.kind}"
    folder.mkdir(parents=True)
    save_file(codes(), folder / "codes.safetensors")
    encoder = checkpoint.text_encoders["text_encoder"]
    networks = unet_tensors(checkpoint.unet) | openclip_tensors(encoder, TEXT)
    tensors = {
        key: value
        for name, tensor in networks.items()
        for key, value in quantised(name, tensor).items()
    }
    rest = vae_tensors(checkpoint.vae) | training_tensors(checkpoint)
    tensors |= {name: half(value) for name, value in rest.items()}
    tensors[f"{UNET}scaled_fp8"] = torch.zeros(0, dtype=E4M3)
    save_file(tensors, folder / "checkpoint.safetensors")

    wide = widened(checkpoint)
    expected: Tensors = {}
    for name in ("square", "odd"):
        case = f"unet.{name}"
        expected |= unet_inputs(wide, case, *UNET_CASES[name])
        expected[f"{case}.out"] = run_unet(wide, expected, case)
    ids = checkpoint.tokenizers["text_encoder"](
        PROMPTS[:4], padding="max_length", truncation=True, max_length=77, return_tensors="pt"
    ).input_ids
    output = wide.text_encoders["text_encoder"](ids)
    expected["text_encoder.last_hidden"] = output.last_hidden_state
    meta = {
        "kind": checkpoint.kind,
        "checkpoint": "checkpoint.safetensors",
        "config": f"tiny-{checkpoint.kind}",
        "prompts": PROMPTS[:4],
        "tolerance": ONE_OPERATION,
    }
    write(folder, meta, expected)
