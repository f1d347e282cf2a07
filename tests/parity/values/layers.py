"""`layers`: one operation at a time, forward and gradients.

Each case has named inputs, an output, the gradient that arrives at the output and the gradients it
causes at every floating-point input. Sizes are odd on purpose, so that the ends of blocked and
vectorised loops are used.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from diffusers.models.embeddings import get_timestep_embedding
from torch.nn import functional

from values.checkpoint import draw
from values.folder import ONE_OPERATION, Tensors, write

if TYPE_CHECKING:
    from pathlib import Path

Shape = tuple[int, ...]
Settings = dict[str, Any]


def linear(x: Tensors, _: Settings) -> torch.Tensor:
    """A product with the transposed weight, with or without bias."""
    return functional.linear(x["input"], x["weight"], x.get("bias"))


def conv2d(x: Tensors, settings: Settings) -> torch.Tensor:
    """A convolution; `pad` is left, right, top, bottom."""
    padded = functional.pad(x["input"], settings["pad"])
    return functional.conv2d(padded, x["weight"], x.get("bias"), stride=settings["stride"])


def group_norm(x: Tensors, settings: Settings) -> torch.Tensor:
    """Group norm, followed by SiLU where `silu` says so."""
    weight, bias = x["weight"], x["bias"]
    normed = functional.group_norm(x["input"], settings["groups"], weight, bias, settings["eps"])
    return functional.silu(normed) if settings["silu"] else normed


def layer_norm(x: Tensors, settings: Settings) -> torch.Tensor:
    """Layer norm over the last dimension."""
    weight = x["weight"]
    return functional.layer_norm(x["input"], weight.shape, weight, x["bias"], settings["eps"])


def geglu(x: Tensors, _: Settings) -> torch.Tensor:
    """The first half of the last dimension times the GELU (erf) of the second."""
    value, gate = x["input"].chunk(2, dim=-1)
    return value * functional.gelu(gate)


def attention(x: Tensors, settings: Settings) -> torch.Tensor:
    """Attention of so many heads; inputs are batch, tokens, heads times head size."""

    def split(value: torch.Tensor) -> torch.Tensor:
        return value.unflatten(-1, (settings["heads"], -1)).transpose(1, 2)

    queries, keys, values = (split(x[name]) for name in ("query", "key", "value"))
    scores = queries @ keys.transpose(-1, -2) / queries.shape[-1] ** 0.5
    if settings["causal"]:
        allowed = torch.ones(scores.shape[-2:], dtype=torch.bool).tril()
        scores = scores.masked_fill(~allowed, float("-inf"))
    return (scores.softmax(-1) @ values).transpose(1, 2).flatten(2)


def timestep_embedding(x: Tensors, settings: Settings) -> torch.Tensor:
    """Sinusoidal embedding as U-Nets use it: cosines first, no frequency shift."""
    return get_timestep_embedding(
        x["timesteps"], settings["dim"], flip_sin_to_cos=True, downscale_freq_shift=0
    )


def upsample(x: Tensors, settings: Settings) -> torch.Tensor:
    """Nearest neighbour to a height and width."""
    return functional.interpolate(x["input"], size=settings["size"], mode="nearest")


def embedding(x: Tensors, _: Settings) -> torch.Tensor:
    """Rows of a table."""
    return functional.embedding(x["ids"], x["weight"])


OPERATIONS: dict[str, Callable[[Tensors, Settings], torch.Tensor]] = {
    "linear": linear,
    "conv2d": conv2d,
    "group_norm": group_norm,
    "layer_norm": layer_norm,
    "silu": lambda x, _: functional.silu(x["input"]),
    "gelu": lambda x, _: functional.gelu(x["input"]),
    "quick_gelu": lambda x, _: x["input"] * torch.sigmoid(1.702 * x["input"]),
    "geglu": geglu,
    "attention": attention,
    "timestep_embedding": timestep_embedding,
    "upsample": upsample,
    "embedding": embedding,
}


@dataclass
class Case:
    """An operation with its settings and the shapes of its inputs."""

    op: str
    inputs: dict[str, Shape]
    settings: Settings


def linear_case(rows: Shape, wide: int, out: int, *, bias: bool = True) -> Case:
    """A linear layer over so many rows."""
    inputs = {"input": (*rows, wide), "weight": (out, wide)}
    return Case("linear", inputs | ({"bias": (out,)} if bias else {}), {})


def conv_case(
    size: Shape, channels: Shape, kernel: int = 3, stride: int = 1, pad: Shape = (1,) * 4
) -> Case:
    """A convolution over batch, height and width; channels in and out."""
    batch, height, width = size
    taken, given = channels
    inputs = {
        "input": (batch, taken, height, width),
        "weight": (given, taken, kernel, kernel),
        "bias": (given,),
    }
    return Case("conv2d", inputs, {"stride": stride, "pad": list(pad)})


def group_norm_case(shape: Shape, groups: int, eps: float, *, silu: bool) -> Case:
    """Group norm of a whole picture."""
    inputs = {"input": shape, "weight": (shape[1],), "bias": (shape[1],)}
    return Case("group_norm", inputs, {"groups": groups, "eps": eps, "silu": silu})


def attention_case(heads: int, size: int, queries: int, keys: int, *, causal: bool = False) -> Case:
    """Attention; over a batch of two where that stays small."""
    batch = 2 if heads * size <= 16 else 1
    inputs = {"query": (batch, queries, heads * size)}
    inputs |= dict.fromkeys(("key", "value"), (batch, keys, heads * size))
    return Case("attention", inputs, {"heads": heads, "causal": causal})


def pointwise_case(op: str, *shape: int) -> Case:
    """A function of each value."""
    return Case(op, {"input": shape}, {})


CASES: dict[str, Case] = {
    "linear": linear_case((2, 5), 12, 20),
    "linear_odd": linear_case((3, 7), 37, 19, bias=False),
    "linear_row": linear_case((1,), 67, 17),
    "conv2d_3x3": conv_case((2, 7, 5), (3, 6)),
    "conv2d_3x3_wide": conv_case((1, 5, 11), (18, 20)),
    "conv2d_3x3_pixel": conv_case((1, 1, 1), (5, 7)),
    "conv2d_1x1": conv_case((2, 5, 6), (17, 9), kernel=1, pad=(0,) * 4),
    "conv2d_stride2": conv_case((1, 8, 6), (6, 5), stride=2),
    "conv2d_stride2_odd": conv_case((2, 7, 9), (6, 5), stride=2),
    "conv2d_stride2_right": conv_case((1, 8, 6), (4, 7), stride=2, pad=(0, 1, 0, 1)),
    "group_norm": group_norm_case((2, 6, 5, 7), 3, 1e-6, silu=False),
    "group_norm_silu": group_norm_case((1, 32, 5, 3), 8, 1e-5, silu=True),
    "layer_norm": Case(
        "layer_norm", {"input": (2, 5, 27), "weight": (27,), "bias": (27,)}, {"eps": 1e-5}
    ),
    "silu": pointwise_case("silu", 3, 21),
    "gelu": pointwise_case("gelu", 3, 21),
    "quick_gelu": pointwise_case("quick_gelu", 3, 21),
    "geglu": pointwise_case("geglu", 2, 3, 26),
    "attention_size1": attention_case(3, 1, 5, 5),
    "attention_size8": attention_case(2, 8, 9, 9),
    "attention_size40": attention_case(2, 40, 5, 3),
    "attention_size64": attention_case(1, 64, 3, 7),
    "attention_size80": attention_case(1, 80, 3, 4),
    "attention_size160": attention_case(1, 160, 2, 3),
    "attention_one_key": attention_case(2, 3, 4, 1),
    "attention_causal": attention_case(2, 6, 11, 11, causal=True),
    "attention_long": attention_case(2, 5, 20, 77),
    "timestep_embedding": Case("timestep_embedding", {}, {"dim": 32}),
    "timestep_embedding_320": Case("timestep_embedding", {}, {"dim": 320}),
    "timestep_embedding_odd": Case("timestep_embedding", {}, {"dim": 7}),
    "upsample": Case("upsample", {"input": (2, 3, 4, 5)}, {"size": [8, 10]}),
    "upsample_odd": Case("upsample", {"input": (1, 3, 4, 5)}, {"size": [7, 9]}),
    "embedding": Case("embedding", {"weight": (9, 5)}, {}),
}
"""`attention_long` has more keys than one block, `embedding` reads a row twice and skips some."""

FIXED: dict[str, torch.Tensor] = {
    "timesteps": torch.tensor([0.0, 1.0, 37.0, 500.5, 999.0]),
    "ids": torch.tensor([[1, 8, 1], [0, 4, 8]]),
}
"""Inputs that are not random, and that no gradient reaches."""
FIXED_INPUT = {"timestep_embedding": "timesteps", "embedding": "ids"}


def inputs_of(name: str, case: Case) -> Tensors:
    """The inputs of a case; those that are drawn carry gradients."""
    drawn: Tensors = {}
    for label, shape in case.inputs.items():
        values = draw(f"layers.{name}.{label}", *shape)
        if label == "weight" and case.op in ("group_norm", "layer_norm"):
            values = 1.0 + 0.3 * values
        elif label == "weight" and case.op != "embedding":
            values = values / (values[0].numel() ** 0.5)
        drawn[label] = values.requires_grad_()
    if case.op in FIXED_INPUT:
        label = FIXED_INPUT[case.op]
        drawn[label] = FIXED[label].clone()
    return drawn


def case_tensors(name: str, case: Case) -> Tensors:
    """Inputs, output and gradients of one case."""
    inputs = inputs_of(name, case)
    output = OPERATIONS[case.op](inputs, case.settings)
    tensors = {f"{name}.{label}": value.detach() for label, value in inputs.items()}
    tensors[f"{name}.output"] = output.detach()
    learned = {label: value for label, value in inputs.items() if value.requires_grad}
    if learned:
        arriving = draw(f"layers.{name}.grad_output", *output.shape)
        tensors[f"{name}.grad_output"] = arriving
        gradients = torch.autograd.grad(output, list(learned.values()), arriving)
        tensors |= {
            f"{name}.grad_{label}": gradient
            for label, gradient in zip(learned, gradients, strict=True)
        }
    return tensors


def write_layers(out: Path) -> None:
    """Write `layers`."""
    tensors: Tensors = {}
    for name, case in CASES.items():
        tensors |= case_tensors(name, case)
    cases = {name: {"op": case.op} | case.settings for name, case in CASES.items()}
    meta = {"kind": "layers", "tolerance": ONE_OPERATION, "cases": cases}
    write(out / "layers", meta, tensors)
