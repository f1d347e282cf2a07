"""`lora-kinds-*`: LoRA's kin (DoRA, LoHa, LoKr), and what the networks compute with them.

The changes are computed by the modules of LyCORIS, whose authors made these formats, and by peft.
A module's changed weight is the one that its own forward pass uses at full strength; at another
strength the difference to the plain weight counts by that much.
"""

from __future__ import annotations

import copy
import logging
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import torch
from lycoris.modules.locon import LoConModule
from lycoris.modules.loha import LohaModule
from lycoris.modules.lokr import LokrModule
from safetensors.torch import save_file

from values.checkpoint import Checkpoint, draw
from values.folder import ONE_OPERATION, Tensors, write
from values.lora import (
    PLACES,
    SCALE,
    Lora,
    changed,
    check,
    kohya_stem,
    loaded,
    lora_inputs,
    merged,
    networks,
    outputs,
    peft_names,
)

if TYPE_CHECKING:
    from pathlib import Path

LAYERS = (
    r"(attn\d\.to_(q|k|v|out\.0)|ff\.net\.2|proj_in|resnets\.0\.conv1|self_attn\.q_proj|mlp\.fc1)$"
)
VALUES = r"(attn2\.to_v|self_attn\.v_proj)$"
RANK, ALPHA = 2, 1.5


@dataclass
class Kind:
    """A format and the settings of its modules."""

    module: type
    settings: dict[str, object] = field(default_factory=dict)


DECOMPOSED = {"weight_decompose": True}
KINDS = {
    "dora": Kind(LoConModule, DECOMPOSED),
    "dora_columns": Kind(LoConModule, DECOMPOSED | {"wd_on_out": False}),
    "loha": Kind(LohaModule),
    "loha_dora": Kind(LohaModule, DECOMPOSED),
    "lokr": Kind(LokrModule, {"factor": 2}),
    "lokr_both": Kind(LokrModule, {"factor": 4, "decompose_both": True}),
    "lokr_full": Kind(LokrModule, {"full_matrix": True}),
}


OF_XL = ("loha", "lokr_both")
"""What SDXL's folder has, to stay small: the formulas are the same."""


def built(kind: Kind, layer: torch.nn.Module, seed: str) -> torch.nn.Module:
    """A module of LyCORIS beside a layer, with random factors that half precision holds."""
    module = kind.module("", layer, 1.0, RANK, ALPHA, **kind.settings)
    for name, parameter in module.named_parameters():
        values = draw(f"{seed}.{name}", *parameter.shape)
        if name == "dora_scale":
            values = parameter * (1 + 0.2 * values)
        elif name.startswith("lora_down"):
            values = values / parameter.shape[1:].numel() ** 0.5
        else:
            values = 0.7 * values
        parameter.copy_(values.half().float())
    return module.eval()


def changed_weight(module: torch.nn.Module, layer: torch.nn.Module) -> torch.Tensor:
    """The weight in the module's forward pass."""
    if isinstance(module, LoConModule):
        difference = module.make_weight() * module.scale
    else:
        difference = module.get_weight(module.shape)
    weight = layer.weight + difference
    return module.apply_weight_decompose(weight, 1) if module.wd else weight


def apply(checkpoint: Checkpoint, name: str, kind: Kind) -> tuple[Checkpoint, Tensors]:
    """The checkpoint with a change of this kind, and the tensors of its file."""
    parts = {part: copy.deepcopy(model) for part, model in networks(checkpoint).items()}
    tensors: Tensors = {}
    for part, model in parts.items():
        for path, layer in model.named_modules():
            if not (re.match(PLACES, path) and re.search(LAYERS, path)):
                continue
            module = built(kind, layer, f"kinds.{checkpoint.kind}.{name}.{part}.{path}")
            target = changed_weight(module, layer)
            stem = kohya_stem(Lora(part, path, None, None, 1.0), is_xl=checkpoint.is_xl)
            for key, value in module.custom_state_dict().items():
                tensors[f"{stem}.{key}"] = value.detach().half().contiguous()
            layer.weight += SCALE * (target - layer.weight)
    return changed(checkpoint, **parts), tensors


def peft_dora(checkpoint: Checkpoint) -> Tensors:
    """A DoRA of the U-Net's attention as peft stores it."""
    tensors: Tensors = {}
    for path, layer in checkpoint.unet.named_modules():
        if not (re.match(PLACES, path) and re.search(r"attn\d\.to_(q|v)$", path)):
            continue
        seed = f"kinds.{checkpoint.kind}.peft.{path}"
        out, wide = layer.weight.shape
        down, up = peft_names(Lora("unet", path, None, None, 1.0))
        norm = layer.weight.norm(dim=1) * (1 + 0.2 * draw(f"{seed}.norm", out))
        tensors |= {
            down: (draw(f"{seed}.down", RANK, wide) / wide**0.5).half(),
            up: (0.5 * draw(f"{seed}.up", out, RANK)).half(),
            down.replace("lora_A.weight", "lora_magnitude_vector"): norm.half(),
        }
    return tensors


def mixed(checkpoint: Checkpoint, *, with_unet: bool) -> tuple[list[Lora], Tensors]:
    """A plain LoRA of the last text encoder as peft names it, and of the U-Net as kohya does."""
    loras: list[Lora] = []
    tensors: Tensors = {}
    last = list(checkpoint.text_encoders)[-1]
    for part in (["unet"] if with_unet else []) + [last]:
        for path, layer in networks(checkpoint)[part].named_modules():
            if not (re.match(PLACES, path) and re.search(VALUES, path)):
                continue
            out, wide = layer.weight.shape
            seed = f"kinds.{checkpoint.kind}.mixed.{part}.{path}"
            down = (draw(f"{seed}.down", RANK, wide) / wide**0.5).half()
            up = (0.5 * draw(f"{seed}.up", out, RANK)).half()
            lora = Lora(part, path, down, up, float(RANK))
            loras.append(lora)
            stem = kohya_stem(lora, is_xl=checkpoint.is_xl)
            names = (f"{stem}.lora_down.weight", f"{stem}.lora_up.weight")
            names = names if part == "unet" else peft_names(lora)
            tensors |= dict(zip(names, (down, up), strict=True))
    return loras, tensors


@torch.no_grad()
def write_kinds(out: Path, checkpoint: Checkpoint) -> None:
    """Write `lora-kinds-<kind>`."""
    logging.disable(logging.WARNING)
    folder = out / f"lora-kinds-{checkpoint.kind}"
    folder.mkdir(parents=True)
    inputs = lora_inputs(checkpoint)
    plain = outputs(checkpoint, inputs)
    tensors, cases = dict(inputs), {}

    def add(name: str, file: Tensors, found: Tensors, *, merges: bool) -> None:
        save_file(file, folder / f"{name}.safetensors")
        cases[name] = {"file": f"{name}.safetensors", "scale": SCALE, "merges": merges}
        for label, value in found.items():
            tensors[f"{name}.{label}"] = value

    for name, kind in KINDS.items():
        if checkpoint.is_xl and name not in OF_XL:
            continue
        networks_changed, file = apply(checkpoint, name, kind)
        found = outputs(networks_changed, inputs)
        check(found, found, plain)
        add(name, file, found, merges=True)
    file = peft_dora(checkpoint)
    save_file(file, folder / "dora_peft.safetensors")
    found = outputs(loaded(checkpoint, folder / "dora_peft.safetensors"), inputs)
    add("dora_peft", file, found, merges=True)
    for name, with_unet in (("text_only", False), ("mixed", True)):
        loras, file = mixed(checkpoint, with_unet=with_unet)
        add(name, file, outputs(merged(checkpoint, loras), inputs), merges=False)
    write(folder, {"kind": checkpoint.kind, "tolerance": ONE_OPERATION, "cases": cases}, tensors)
