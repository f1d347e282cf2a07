"""`single-file-*`: the tiny checkpoints under the names of the original releases.

One file holds every network: the U-Net and the VAE as latent-diffusion numbers their blocks, CLIP
as transformers names it, OpenCLIP with its fused projections, and the tensors of training that
published files carry along.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import torch
from diffusers import AutoencoderKL, UNet2DConditionModel
from diffusers.loaders.single_file_utils import create_diffusers_clip_model_from_ldm
from safetensors.torch import load_file, save_file

from values.checkpoint import Checkpoint, draw
from values.folder import Tensors, write_meta

if TYPE_CHECKING:
    from pathlib import Path

Rules = list[tuple[str, str]]

RESNETS_PER_LEVEL = 2

UNET_RESNET: Rules = [
    (r"\.norm1\.", ".in_layers.0."),
    (r"\.conv1\.", ".in_layers.2."),
    (r"\.time_emb_proj\.", ".emb_layers.1."),
    (r"\.norm2\.", ".out_layers.0."),
    (r"\.conv2\.", ".out_layers.3."),
    (r"\.conv_shortcut\.", ".skip_connection."),
]
UNET_ENDS: Rules = [
    (r"^conv_in\.", "input_blocks.0.0."),
    (r"^time_embedding\.linear_1\.", "time_embed.0."),
    (r"^time_embedding\.linear_2\.", "time_embed.2."),
    (r"^add_embedding\.linear_1\.", "label_emb.0.0."),
    (r"^add_embedding\.linear_2\.", "label_emb.0.2."),
    (r"^mid_block\.resnets\.0\.", "middle_block.0."),
    (r"^mid_block\.attentions\.0\.", "middle_block.1."),
    (r"^mid_block\.resnets\.1\.", "middle_block.2."),
    (r"^conv_norm_out\.", "out.0."),
    (r"^conv_out\.", "out.2."),
]
VAE: Rules = [
    (r"\.down_blocks\.(\d)\.resnets\.(\d)\.", r".down.\1.block.\2."),
    (r"\.down_blocks\.(\d)\.downsamplers\.0\.", r".down.\1.downsample."),
    (r"(\.up_blocks\.\d)\.resnets\.(\d)\.", r"\1.block.\2."),
    (r"(\.up_blocks\.\d)\.upsamplers\.0\.", r"\1.upsample."),
    (r"\.mid_block\.resnets\.0\.", ".mid.block_1."),
    (r"\.mid_block\.resnets\.1\.", ".mid.block_2."),
    (r"\.mid_block\.attentions\.0\.", ".mid.attn_1."),
    (r"\.attn_1\.group_norm\.", ".attn_1.norm."),
    (r"\.attn_1\.to_([qkv])\.", r".attn_1.\1."),
    (r"\.attn_1\.to_out\.0\.", ".attn_1.proj_out."),
    (r"\.conv_norm_out\.", ".norm_out."),
    (r"\.conv_shortcut\.", ".nin_shortcut."),
]
OPENCLIP: Rules = [
    (r"^embeddings\.token_embedding\.weight$", "token_embedding.weight"),
    (r"^embeddings\.position_embedding\.weight$", "positional_embedding"),
    (r"^encoder\.layers\.", "transformer.resblocks."),
    (r"\.layer_norm(\d)\.", r".ln_\1."),
    (r"\.self_attn\.", ".attn."),
    (r"\.mlp\.fc1\.", ".mlp.c_fc."),
    (r"\.mlp\.fc2\.", ".mlp.c_proj."),
    (r"^final_layer_norm\.", "ln_final."),
]


def rename(name: str, rules: Rules) -> str:
    """A name after every rule that fits."""
    for pattern, replacement in rules:
        name = re.sub(pattern, replacement, name)
    return name


def unet_name(name: str) -> str:
    """Latent diffusion's name of a U-Net tensor: blocks are numbered through all levels."""
    found = re.match(r"(down|up)_blocks\.(\d)\.(resnets|attentions|\w+samplers)\.(\d)\.(.*)", name)
    inside = UNET_RESNET if ".resnets." in name else []
    if not found:
        return rename(name, UNET_ENDS + inside)
    way, level, part, index, rest = found.groups()
    per_level = RESNETS_PER_LEVEL + 1
    number = per_level * int(level) + int(index)
    if part == "downsamplers":
        return f"input_blocks.{per_level * (int(level) + 1)}.0.op.{rest.removeprefix('conv.')}"
    if part == "upsamplers":
        return f"output_blocks.{number + RESNETS_PER_LEVEL}.UPSAMPLE.{rest}"
    block = f"input_blocks.{number + 1}" if way == "down" else f"output_blocks.{number}"
    return rename(f"{block}.{'0' if part == 'resnets' else '1'}.{rest}", inside)


def unet_tensors(unet: torch.nn.Module) -> Tensors:
    """The U-Net under its original names; an upsampler comes after the attention, if any."""
    renamed = {unet_name(name): value for name, value in unet.state_dict().items()}
    tensors = {}
    for name, value in renamed.items():
        block, upsampler, rest = name.partition(".UPSAMPLE.")
        if upsampler:
            place = 2 if f"{block}.1.norm.weight" in renamed else 1
            tensors[f"{block}.{place}.{rest}"] = value
        else:
            tensors[name] = value
    return {f"model.diffusion_model.{name}": value for name, value in tensors.items()}


def vae_tensors(vae: torch.nn.Module) -> Tensors:
    """The VAE under its original names: the decoder counts levels from the picture up."""
    last = len(vae.config.block_out_channels) - 1
    tensors = {}
    for name, value in vae.state_dict().items():
        renamed = rename(name, VAE)
        level = re.search(r"\.up_blocks\.(\d)\.", renamed)
        if level:
            renamed = renamed.replace(level[0], f".up.{last - int(level[1])}.")
        is_projection = ".attn_1." in renamed and value.ndim == 2
        tensors[f"first_stage_model.{renamed}"] = value[..., None, None] if is_projection else value
    return tensors


def clip_tensors(model: torch.nn.Module, prefix: str) -> Tensors:
    """CLIP as transformers 4 named it, with the positions that it stored."""
    tensors = {f"{prefix}text_model.{name}": value for name, value in model.state_dict().items()}
    tensors[f"{prefix}text_model.embeddings.position_ids"] = torch.arange(77)[None]
    return tensors


def fused(state: Tensors) -> Tensors:
    """Query, key and value projections joined in this order."""
    tensors = {}
    for name, value in state.items():
        if ".self_attn.q_proj." in name:
            parts = [state[name.replace("q_proj", f"{part}_proj")] for part in "qkv"]
            tensors[name.replace("q_proj.", "in_proj_")] = torch.cat(parts)
        elif ".k_proj." not in name and ".v_proj." not in name:
            tensors[name] = value
    return tensors


def openclip_tensors(model: torch.nn.Module, prefix: str) -> Tensors:
    """A text encoder under OpenCLIP's names; its projection is stored transposed."""
    state = {name.removeprefix("text_model."): value for name, value in model.state_dict().items()}
    projection = state.pop("text_projection.weight", None)
    tensors = {rename(name, OPENCLIP): value for name, value in fused(state).items()}
    width = tensors["positional_embedding"].shape[1]
    tensors["text_projection"] = (
        draw("projection", width, 10) if projection is None else projection.T
    )
    tensors["logit_scale"] = torch.tensor(4.6)
    return {f"{prefix}{name}": value for name, value in tensors.items()}


def unused_layer(tensors: Tensors, prefix: str, layers: int) -> Tensors:
    """OpenCLIP's last layer, which Stable Diffusion 2 does not use."""
    last = f"{prefix}transformer.resblocks.{layers - 1}."
    return {
        name.replace(last, f"{prefix}transformer.resblocks.{layers}."): value.flip(0)
        for name, value in tensors.items()
        if name.startswith(last)
    }


def text_tensors(checkpoint: Checkpoint) -> Tensors:
    """The text encoders, as each family has them."""
    first = checkpoint.text_encoders["text_encoder"]
    if checkpoint.kind == "sd":
        return clip_tensors(first, "cond_stage_model.transformer.")
    if checkpoint.kind == "sd2":
        prefix = "cond_stage_model.model."
        tensors = openclip_tensors(first, prefix)
        return tensors | unused_layer(tensors, prefix, first.config.num_hidden_layers)
    return clip_tensors(first, "conditioner.embedders.0.transformer.") | openclip_tensors(
        checkpoint.text_encoders["text_encoder_2"], "conditioner.embedders.1.model."
    )


def training_tensors(checkpoint: Checkpoint) -> Tensors:
    """What published files carry along and inference does not need."""
    if checkpoint.is_xl:
        return {"denoiser.sigmas": torch.linspace(0.03, 14.6, 1000)}
    return {
        "alphas_cumprod": checkpoint.scheduler.alphas_cumprod,
        "betas": checkpoint.scheduler.betas,
        "model_ema.decay": torch.tensor(0.9999),
        "model_ema.num_updates": torch.tensor(1000, dtype=torch.int32),
    }


def half(value: torch.Tensor) -> torch.Tensor:
    """Half precision; integers stay."""
    return (value.half() if value.is_floating_point() else value).contiguous()


def verify(file: Path, config: Path, checkpoint: Checkpoint) -> None:
    """Fail unless diffusers reads the same networks from the file."""
    read = {
        part: kind.from_single_file(str(file), config=str(config), subfolder=part)
        for part, kind in (("unet", UNet2DConditionModel), ("vae", AutoencoderKL))
    }
    for part, model in checkpoint.text_encoders.items():
        read[part] = create_diffusers_clip_model_from_ldm(
            type(model), checkpoint=load_file(file), subfolder=part, config=str(config)
        )
    written = checkpoint.text_encoders | {"unet": checkpoint.unet, "vae": checkpoint.vae}
    for part, model in written.items():
        found = read[part].state_dict()
        if not all(torch.equal(value, found[name]) for name, value in model.state_dict().items()):
            raise ValueError(f"diffusers reads another {part} from {file}")


def write_single_file(out: Path, checkpoint: Checkpoint) -> None:
    """Write `single-file-<kind>`; the folder `tiny-<kind>` is there already."""
    kind = checkpoint.kind
    folder = out / f"single-file-{kind}"
    folder.mkdir(parents=True)
    tensors = unet_tensors(checkpoint.unet) | vae_tensors(checkpoint.vae)
    tensors |= text_tensors(checkpoint) | training_tensors(checkpoint)
    tensors = {name: half(value) for name, value in tensors.items()}
    save_file(tensors, folder / "checkpoint.safetensors")
    verify(folder / "checkpoint.safetensors", out / f"tiny-{kind}", checkpoint)
    meta = {
        "kind": kind,
        "checkpoint": "checkpoint.safetensors",
        "config": f"tiny-{kind}",
        "expected": f"ladder-{kind}",
    }
    write_meta(folder, meta)
