"""`train-*`: the loss of one training step and its gradients, from PyTorch's autograd.

The loss is the mean squared error between the noise and the U-Net's prediction of it, for a batch
of two prompts at two timesteps. The context comes from the text encoders, so that gradients reach
the embedding rows through every network.

All of it is computed in double precision: in single precision PyTorch's own gradients are off by
up to a thousandth of the largest value, where a norm has few channels or pixels to average over.
"""

from __future__ import annotations

import copy
import re
from typing import TYPE_CHECKING

import torch
from diffusers import DDPMScheduler
from torch.nn import functional

from values.checkpoint import Checkpoint, draw
from values.configs import NOISE
from values.folder import Tensors, write
from values.lora import CASES, SCALE, changed, draw_loras, loaded, networks, peft_names

if TYPE_CHECKING:
    from pathlib import Path

PROMPTS = ["a red *bag0 on a table", "photo of two cats"]
TIMESTEPS = [261, 803]
SIZE = (16, 16)
CROSS_ATTENTION = re.compile(r"attn2\.to_[qkv]\.weight$")
KEPT = re.compile(r"(down_blocks\.1\.attentions\.0|mid_block|up_blocks\.1\.attentions\.2)\.")
"""Gradients that are stored whole; of the others, the norm."""

TOLERANCE = {"loss_relative": 1e-5, "gradient_relative": 1e-3}
"""Of a gradient: the largest difference over the largest value, and the difference of norms."""


def train_inputs(checkpoint: Checkpoint) -> Tensors:
    """A latent with noise, and the prompts."""
    seed = f"train.{checkpoint.kind}"
    latent, noise = (draw(f"{seed}.{part}", 2, 4, *SIZE) for part in ("latent", "noise"))
    timestep = torch.tensor(TIMESTEPS)
    noisy = DDPMScheduler(**NOISE).add_noise(latent, noise, timestep)
    inputs = {"noise": noise, "timestep": timestep, "noisy": noisy}
    for name, tokenizer in checkpoint.tokenizers.items():
        inputs[f"{name}.ids"] = tokenizer(
            PROMPTS, padding="max_length", max_length=16, return_tensors="pt"
        ).input_ids
    if checkpoint.is_xl:
        inputs["time_ids"] = torch.tensor([[96.0, 64.0, 0.0, 0.0, 96.0, 64.0]] * 2)
    return inputs


def loss_of(checkpoint: Checkpoint, inputs: Tensors) -> torch.Tensor:
    """The loss, as the pipelines of each family make the context."""
    contexts, added = [], {}
    for name, model in checkpoint.text_encoders.items():
        output = model(inputs[f"{name}.ids"], output_hidden_states=True)
        if checkpoint.is_xl:
            contexts.append(output.hidden_states[-2])
        else:
            contexts.append(output.last_hidden_state)
        if name == "text_encoder_2":
            added = {"text_embeds": output.text_embeds, "time_ids": inputs["time_ids"]}
    predicted = checkpoint.unet(
        inputs["noisy"],
        inputs["timestep"],
        encoder_hidden_states=torch.cat(contexts, dim=-1),
        added_cond_kwargs=added,
    ).sample
    return functional.mse_loss(predicted, inputs["noise"])


def token_table(model: torch.nn.Module) -> torch.nn.Parameter:
    """The embedding rows of a text encoder."""
    return model.get_input_embeddings().weight


def weight_case(checkpoint: Checkpoint, inputs: Tensors) -> tuple[torch.Tensor, Tensors]:
    """Gradients of the noisy latent, the cross-attention weights and the rows in the prompts."""
    parts = {name: copy.deepcopy(model) for name, model in networks(checkpoint).items()}
    checkpoint = changed(checkpoint, **parts)
    learned = {
        f"unet.{name}": weight.requires_grad_()
        for name, weight in checkpoint.unet.named_parameters()
        if CROSS_ATTENTION.search(name)
    }
    tables = {name: token_table(model) for name, model in checkpoint.text_encoders.items()}
    learned |= {f"{name}.rows": table.requires_grad_() for name, table in tables.items()}
    learned["noisy"] = inputs["noisy"].clone().requires_grad_()
    loss = loss_of(checkpoint, inputs | {"noisy": learned["noisy"]})
    found = torch.autograd.grad(loss, list(learned.values()))
    gradients = dict(zip(learned, found, strict=True))
    for name in tables:
        gradients[f"{name}.rows"] = gradients[f"{name}.rows"][inputs[f"{name}.row_ids"]]
    return loss, gradients


def double(checkpoint: Checkpoint) -> Checkpoint:
    """The same networks, in double precision from here on."""
    for network in networks(checkpoint).values():
        network.double()
    return checkpoint


def lora_case(checkpoint: Checkpoint, inputs: Tensors, file: Path) -> tuple[torch.Tensor, Tensors]:
    """Gradients of a LoRA's matrices, under the names they have in its file."""
    with_lora = double(loaded(checkpoint, file))
    learned: Tensors = {}
    for lora in draw_loras(checkpoint, "peft", CASES["peft"]):
        layer = networks(with_lora)[lora.network].get_submodule(lora.layer)
        matrices = (layer.lora_A["lora"].weight, layer.lora_B["lora"].weight)
        for name, matrix in zip(peft_names(lora), matrices, strict=True):
            learned[name] = matrix.requires_grad_()
    loss = loss_of(with_lora, inputs)
    # SDXL does not use the last layer of its first text encoder: no gradient there.
    found = torch.autograd.grad(loss, list(learned.values()), allow_unused=True)
    pairs = zip(learned, found, strict=True)
    return loss, {name: gradient for name, gradient in pairs if gradient is not None}


def is_kept(name: str) -> bool:
    """Whether a gradient is stored whole."""
    return not name.startswith("unet.") or KEPT.search(name) is not None


def write_train(out: Path, checkpoint: Checkpoint) -> None:
    """Write `train-<kind>`; the folder `lora-<kind>` is there already."""
    kind = checkpoint.kind
    inputs = train_inputs(checkpoint)
    for name in checkpoint.text_encoders:
        inputs[f"{name}.row_ids"] = inputs[f"{name}.ids"].unique()
    file = out / f"lora-{kind}" / "peft.safetensors"
    wide = {n: v.double() if v.is_floating_point() else v for n, v in inputs.items()}
    results = {
        "lora": lora_case(checkpoint, wide, file),
        "weights": weight_case(double(checkpoint), wide),
    }
    tensors, cases = dict(inputs), {}
    for case, (loss, gradients) in results.items():
        norms = {name: value.norm().item() for name, value in gradients.items()}
        cases[case] = {"loss": loss.item(), "norms": norms}
        kept = {name: value.float() for name, value in gradients.items() if is_kept(name)}
        tensors |= {f"{case}.grad.{name}": value for name, value in kept.items()}
    cases["lora"] |= {"file": f"../lora-{kind}/{file.name}", "scale": SCALE}
    meta = {"kind": kind, "prompts": PROMPTS, "tolerance": TOLERANCE, "cases": cases}
    write(out / f"train-{kind}", meta, tensors)
