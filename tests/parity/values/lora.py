"""`lora-*`: LoRA files in the two common spellings, and what the networks compute with them.

Alpha is one number for each network: given different ones by layer, diffusers 0.42 takes the most
frequent for all of them, which is not what the files mean.
"""

from __future__ import annotations

import copy
import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from diffusers import StableDiffusionPipeline, StableDiffusionXLPipeline
from safetensors.torch import save_file

from values.checkpoint import Checkpoint, draw
from values.folder import ONE_OPERATION, Tensors, run_unet, unet_inputs, write
from values.ladder import PROMPTS
from values.single_file import unet_name

if TYPE_CHECKING:
    from pathlib import Path

SCALE = 0.7
INPUTS = "unet.square"

ATTENTION = r"(attn\d\.to_(q|k|v|out\.0)|self_attn\.(q|k|v|out)_proj)$"
ALL = (
    r"(attn\d\.to_(q|k|v|out\.0)|ff\.net\.(0\.proj|2)|proj_(in|out)|self_attn\.\w+_proj|mlp\.fc\d)$"
)
PLACES = r"^(down_blocks\.1\.attentions\.1|mid_block|up_blocks\.1\.attentions\.0|.*encoder\.layers)"
"""LoRA files often leave blocks out; these do, to stay small."""


@dataclass
class Lora:
    """The two matrices of one layer, and the alpha that is divided by the rank."""

    network: str
    layer: str
    down: torch.Tensor
    up: torch.Tensor
    alpha: float

    @property
    def delta(self) -> torch.Tensor:
        """What is added to the layer's weight at a scale of one."""
        rank = self.down.shape[0]
        product = self.up.float().flatten(1) @ self.down.float().flatten(1)
        return product * (self.alpha / rank)


@dataclass
class Case:
    """Which layers a LoRA file covers and how it is spelt."""

    layers: str
    rank: int
    alpha: float
    text_alpha: float
    spelling: str


CASES = {
    "peft": Case(ATTENTION, rank=4, alpha=6.0, text_alpha=3.0, spelling="peft"),
    "kohya": Case(ATTENTION, rank=2, alpha=1.0, text_alpha=3.0, spelling="kohya"),
    "kohya_all": Case(ALL, rank=3, alpha=2.0, text_alpha=2.0, spelling="kohya"),
}


def networks(checkpoint: Checkpoint) -> dict[str, torch.nn.Module]:
    """The networks that a LoRA may change."""
    return {"unet": checkpoint.unet} | checkpoint.text_encoders


def draw_loras(checkpoint: Checkpoint, name: str, case: Case) -> list[Lora]:
    """Random matrices for every layer that the case covers."""
    loras: list[Lora] = []
    for network, model in networks(checkpoint).items():
        for layer, module in model.named_modules():
            if not (re.match(PLACES, layer) and re.search(case.layers, layer)):
                continue
            out, wide, *kernel = module.weight.shape
            seed = f"lora.{checkpoint.kind}.{name}.{network}.{layer}"
            down = draw(f"{seed}.down", case.rank, wide, *kernel) / wide**0.5
            up = 0.5 * draw(f"{seed}.up", out, case.rank, *kernel)
            alpha = case.alpha if network == "unet" else case.text_alpha
            loras.append(Lora(network, layer, down.half(), up.half(), alpha))
    return loras


def text_layer(layer: str) -> str:
    """A text encoder's layer, with the prefix that LoRA files have."""
    return layer if layer.startswith("text_model.") else f"text_model.{layer}"


def peft_names(lora: Lora) -> tuple[str, str]:
    """Names of the down and up matrices as diffusers writes them."""
    layer = lora.layer if lora.network == "unet" else text_layer(lora.layer)
    stem = f"{lora.network}.{layer}"
    return f"{stem}.lora_A.weight", f"{stem}.lora_B.weight"


def kohya_stem(lora: Lora, *, is_xl: bool) -> str:
    """The name of a layer in kohya's files; for SDXL its U-Net has the original block names."""
    if lora.network == "unet":
        stem = unet_name(f"{lora.layer}.") if is_xl else lora.layer
        return "lora_unet_" + stem.strip(".").replace(".", "_")
    prefix = {"text_encoder": "te1", "text_encoder_2": "te2"}[lora.network] if is_xl else "te"
    return f"lora_{prefix}_" + text_layer(lora.layer).replace(".", "_")


def save_peft(file: Path, loras: list[Lora]) -> None:
    """Write a LoRA as diffusers does, with rank and alpha in the header."""
    tensors: Tensors = {}
    settings: dict[str, object] = {}
    for lora in loras:
        down, up = peft_names(lora)
        tensors |= {down: lora.down, up: lora.up}
        settings |= {
            f"{lora.network}.r": lora.down.shape[0],
            f"{lora.network}.lora_alpha": lora.alpha,
        }
    for network in {lora.network for lora in loras}:
        layers = {lora.layer for lora in loras if lora.network == network}
        settings[f"{network}.target_modules"] = sorted(layers)
    header = {"format": "pt", "lora_adapter_metadata": json.dumps(settings, sort_keys=True)}
    save_file(tensors, file, metadata=header)


def save_kohya(file: Path, loras: list[Lora], *, is_xl: bool) -> None:
    """Write a LoRA under kohya's names: an alpha beside each pair of matrices."""
    tensors: Tensors = {}
    for lora in loras:
        stem = kohya_stem(lora, is_xl=is_xl)
        tensors[f"{stem}.lora_down.weight"] = lora.down
        tensors[f"{stem}.lora_up.weight"] = lora.up
        tensors[f"{stem}.alpha"] = torch.tensor(lora.alpha, dtype=torch.float16)
    save_file(tensors, file, metadata={"ss_network_module": "networks.lora"})


def pipeline(
    checkpoint: Checkpoint,
) -> StableDiffusionPipeline | StableDiffusionXLPipeline:
    """The diffusers pipeline around copies of the networks."""
    kind = StableDiffusionXLPipeline if checkpoint.is_xl else StableDiffusionPipeline
    parts = networks(checkpoint) | {"vae": checkpoint.vae, "scheduler": checkpoint.scheduler}
    parts = {name: copy.deepcopy(part) for name, part in parts.items()}
    for name, tokenizer in checkpoint.tokenizers.items():
        parts[name.replace("text_encoder", "tokenizer")] = tokenizer
    if not checkpoint.is_xl:
        parts |= {"safety_checker": None, "feature_extractor": None}
        parts["requires_safety_checker"] = False
    return kind(**parts)


def changed(checkpoint: Checkpoint, **parts: torch.nn.Module) -> Checkpoint:
    """The same checkpoint with other networks."""
    encoders = {name: parts[name] for name in checkpoint.text_encoders}
    return Checkpoint(
        checkpoint.kind,
        checkpoint.config,
        encoders,
        checkpoint.tokenizers,
        parts["unet"],
        checkpoint.vae,
        checkpoint.scheduler,
    )


def loaded(checkpoint: Checkpoint, file: Path) -> Checkpoint:
    """The checkpoint with a LoRA file as diffusers applies it."""
    pipe = pipeline(checkpoint)
    pipe.load_lora_weights(str(file.parent), weight_name=file.name, adapter_name="lora")
    pipe.set_adapters("lora", SCALE)
    return changed(checkpoint, **{name: getattr(pipe, name) for name in networks(checkpoint)})


def merged(checkpoint: Checkpoint, loras: list[Lora]) -> Checkpoint:
    """The checkpoint with the matrices added to its weights."""
    parts = {name: copy.deepcopy(model) for name, model in networks(checkpoint).items()}
    for lora in loras:
        weight = parts[lora.network].get_submodule(lora.layer).weight
        weight += SCALE * lora.delta.view_as(weight)
    return changed(checkpoint, **parts)


def outputs(checkpoint: Checkpoint, inputs: Tensors) -> Tensors:
    """What the U-Net and the text encoders compute."""
    tensors = {f"{INPUTS}.out": run_unet(checkpoint, inputs, INPUTS)}
    for name, model in checkpoint.text_encoders.items():
        output = model(inputs[f"{name}.ids77"], output_hidden_states=True)
        tensors[f"{name}.last_hidden"] = output.last_hidden_state
        if name == "text_encoder_2":
            tensors[f"{name}.pooled"] = output.text_embeds
    return tensors


def lora_inputs(checkpoint: Checkpoint) -> Tensors:
    """Inputs that all cases share; without the padding the values would be the same many times."""
    inputs = unet_inputs(checkpoint, INPUTS, (8, 8), [37], 77)
    for name, tokenizer in checkpoint.tokenizers.items():
        inputs[f"{name}.ids77"] = tokenizer(
            PROMPTS[2], padding="max_length", max_length=77, return_tensors="pt"
        ).input_ids
    return inputs


def check(found: Tensors, wanted: Tensors, plain: Tensors) -> None:
    """Fail unless diffusers used every matrix, and every one matters."""
    for name, value in wanted.items():
        error = (found[name] - value).abs().max()
        effect = (plain[name] - value).abs().max()
        if not (error < 2e-5 and effect > 1e-2):
            raise ValueError(f"{name}: differs by {error} from merging, {effect} from no LoRA")


@torch.no_grad()
def write_lora(out: Path, checkpoint: Checkpoint) -> None:
    """Write `lora-<kind>`."""
    folder = out / f"lora-{checkpoint.kind}"
    folder.mkdir(parents=True)
    inputs = lora_inputs(checkpoint)
    plain = outputs(checkpoint, inputs)
    tensors = dict(inputs)
    for name, case in CASES.items():
        loras = draw_loras(checkpoint, name, case)
        file = folder / f"{name}.safetensors"
        if case.spelling == "peft":
            save_peft(file, loras)
        else:
            save_kohya(file, loras, is_xl=checkpoint.is_xl)
        found = outputs(loaded(checkpoint, file), inputs)
        check(found, outputs(merged(checkpoint, loras), inputs), plain)
        tensors |= {f"{name}.{label}": value for label, value in found.items()}
    cases = {name: {"file": f"{name}.safetensors", "scale": SCALE} for name in CASES}
    meta = {"kind": checkpoint.kind, "tolerance": ONE_OPERATION, "cases": cases}
    write(folder, meta, tensors)
