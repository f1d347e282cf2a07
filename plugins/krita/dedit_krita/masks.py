"""Masks of items as a document has them: its selection, masks of a layer, opaque parts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from . import pixels as p
from .failure import Failure
from .noted import Notes, key_of
from .source import MASKS, VISIBLE, Source, all_nodes, node_of
from .spaces import Space

if TYPE_CHECKING:
    from krita import Document, Node

BACKGROUND, SELECTION, PREFIX = "background", "selection", "item:"
MOST = 250
"""Items that are told apart by a byte, with room for what is not one."""


@dataclass(frozen=True)
class Mask:
    """An item's mask: a byte for each pixel of the picture."""

    name: str
    data: bytes


@dataclass(frozen=True)
class Raw:
    """What a mask is made of, as it was copied: done in another thread, that takes a while."""

    name: str
    data: bytes
    space: Space | None = None
    """Of the pixels whose alpha is the mask; None where `data` is the mask."""

    def mask(self) -> Mask:
        """Make it."""
        if self.space is None:
            return Mask(self.name, self.data)
        pixel, depth = self.space.pixel, self.space.depth
        size = {"U8": 1, "U16": 2, "F16": 2, "F32": 4}[depth]
        if depth in ("U8", "U16"):
            # The upper byte is what a mask of a byte keeps.
            return Mask(self.name, bytes(self.data[pixel - 1 :: pixel]))
        planes = (self.data[pixel - size + place :: pixel] for place in range(size))
        return Mask(self.name, p.any_of(planes))


def selection(document: Document, source: Source) -> bytes | None:
    """Copy the selection on the picture; None where nothing of it is selected."""
    chosen = document.selection()
    if chosen is None:
        return None
    rect = source.rect
    data = bytes(chosen.pixelData(rect.x, rect.y, rect.width, rect.height))
    return data if len(data) == rect.area and any(data) else None


def gathered(document: Document, source: Source, kind: str) -> list[Raw]:
    """Copy the masks of a kind, the first in front; Failure where there are none."""
    nodes = _masks(document, source) if kind == "layer-masks" else _layers(document, source)
    found = [raw for raw in (_raw(node, source) for node in nodes) if raw is not None]
    if not found:
        hint = "give each thing a selection mask or transparency mask under the layer"
        if kind == "layer-alpha":
            hint = "put each thing on a layer of its own, in a group"
        what = "masks" if kind == "layer-masks" else "layers with a thing on each"
        raise Failure("input", f"'{source.name}' has no {what}", hint=hint)
    if len(found) > MOST:
        raise Failure("input", f"{len(found)} masks are too many", hint=f"use at most {MOST}")
    return unique(found)


def _masks(document: Document, source: Source) -> list[Node]:
    """Masks of the layer, and those called an item's wherever they are."""
    # What the root has is the selection of the whole document.
    layer = node_of(document, source.layer) if source.layer != VISIBLE else None
    own = [] if layer is None else [node for node in layer.childNodes() if node.type() in MASKS]
    keys = {key_of(node) for node in own}
    named = [
        node
        for node in all_nodes(document.rootNode())
        if node.type() in MASKS and node.name().startswith(PREFIX) and key_of(node) not in keys
    ]
    return [*reversed(own), *reversed(named)]


def _layers(document: Document, source: Source) -> list[Node]:
    """Layers of the group, or all but the picture itself."""
    notes, root = Notes.of(document), document.rootNode()
    layer = node_of(document, source.layer) if source.layer != VISIBLE else root
    children = [] if layer is None else layer.childNodes()
    if layer is None or (layer.type() != "grouplayer" and layer != root):
        children = [node for node in root.childNodes() if key_of(node) != source.layer]
    is_layer = [
        node
        for node in children
        if node.type().endswith("layer") and node.visible() and not notes.result(key_of(node))
    ]
    return list(reversed(is_layer))


def _raw(node: Node, source: Source) -> Raw | None:
    rect, name = source.rect, node.name().removeprefix(PREFIX)
    if node.type() in MASKS:
        data = bytes(node.pixelData(rect.x, rect.y, rect.width, rect.height))
        # One that was made without a selection has no pixels.
        return Raw(name, data) if len(data) == rect.area and any(data) else None
    space = Space(node.colorModel(), node.colorDepth(), node.colorProfile())
    data = bytes(node.projectionPixelData(rect.x, rect.y, rect.width, rect.height))
    raw = Raw(name, data, space)
    return raw if len(data) == rect.area * space.pixel and any(raw.mask().data) else None


def unique(raws: list[Raw]) -> list[Raw]:
    """Give each a name of its own that the daemon takes."""
    taken: set[str] = {BACKGROUND}
    named = []
    for raw in raws:
        name = free_name(raw.name, taken)
        taken.add(name)
        named.append(Raw(name, raw.data, raw.space))
    return named


def free_name(name: str, taken: set[str]) -> str:
    """Give a name that nobody has; `reference:` at its beginning would be another picture's."""
    name = " ".join(name.replace(":", " ").split()) or "item"
    number, free = 2, name
    while free in taken:
        free = f"{name} {number}"
        number += 1
    return free
