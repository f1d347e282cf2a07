"""An edit as layers: the clean plate, and each edited item with straight alpha."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil
from typing import TYPE_CHECKING, Any

from . import pixels as p
from .failure import Failure
from .wire import Pixels

if TYPE_CHECKING:
    from .colour_space import ColourSpace
    from .pending import Answer

POSITIVE = ("RGBA", "GRAYA", "XYZA")
"""Colour models whose floats have no upper limit, and 0 as the lower one."""


@dataclass(frozen=True)
class Part:
    """The pixels of a layer, and where they are in the picture."""

    item: str
    """Empty for a plate."""
    region: p.Rect
    pixels: Pixels


@dataclass(frozen=True)
class EditLayers:
    """A plate, and the items above it, the first in front."""

    plate: Part
    items: tuple[Part, ...]
    is_lifted: bool
    """Whether the items show what the picture had, and are no part of the result."""


def edit_layers(answer: Answer, edit: dict[str, Any]) -> EditLayers | None:
    """Return the layers of an answer; None where an edit is of no item, or none is visible."""
    head = answer.head.get("layers")
    if not isinstance(head, dict) or not head.get("items"):
        return None
    items = tuple(_part(answer, part) for part in head["items"])
    return EditLayers(_part(answer, head["plate"]), items, edit.get("verb") == "remove")


def _part(answer: Answer, head: dict[str, Any]) -> Part:
    region, index = p.rect_of(head["region"]), head["pixels"]
    pixels = answer.blobs[index] if index < len(answer.blobs) else None
    if not isinstance(pixels, Pixels):
        raise Failure("connection", "the daemon's answer lacks a layer", hint="update D-Edit")
    return Part(str(head.get("item") or ""), region, pixels)


def refit(item: bytes, below: bytes, shown: bytes, space: ColourSpace) -> bytes:
    """Return an item whose half-transparent pixels over `below` give `shown`, in a colour space.

    The daemon has mixed colours in sRGB; Krita blends layers in the document's colour space. Where
    no colour gives what is shown, the item is more opaque. All of the same size, in Krita's order.
    """
    channels, samples = space.channels, space.samples
    made, under, over = (p.values_of(data, samples) for data in (item, below, shown))
    soft = p.soft_mask(p.alpha(item, channels, samples), samples)
    most, last = p.MOST[samples], channels - 1
    low, high = 0.0, float(most)
    if samples == "f32":
        low, high = 0.0 if space.model in POSITIVE else -float("inf"), float("inf")
    for run in p.runs(soft):
        for start in range(run.start * channels, run.stop * channels, channels):
            if under[start + last] != most:
                # What shows through is blended with the layers below, too.
                continue
            share = made[start + last] / most
            for at in range(start, start + last):
                step, room = over[at] - under[at], (low if over[at] < under[at] else high)
                if step and room != under[at]:
                    share = max(share, min(1.0, step / (room - under[at])))
            if samples != "f32":
                share = ceil(share * most - 1e-6) / most
            for at in range(start, start + last):
                value = min(high, max(low, under[at] + (over[at] - under[at]) / share))
                made[at] = value if samples == "f32" else int(value + 0.5)
            made[start + last] = share if samples == "f32" else round(share * most)
    return made.tobytes()
