"""Item masks in the document: the selection, masks of layers, opacity of layers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from . import pixels as p
from .annotations import Annotations, node_id
from .failure import Failure
from .source import MASKS, VISIBLE, descendants, find_node, source_of_result, space_of

if TYPE_CHECKING:
    from krita import Document, Node

    from .colour_space import ColourSpace
    from .source import Source

BACKGROUND, PREFIX = "background", "item:"
MAX_ITEMS = 250
"""Labels are bytes, of which some are reserved."""


@dataclass(frozen=True)
class Mask:
    """An item's mask: a byte for each pixel of the picture, row by row."""

    name: str
    data: bytes


@dataclass(frozen=True)
class CopiedMask:
    """A copy of a mask, or of a layer whose alpha is the mask."""

    name: str
    data: bytes
    space: ColourSpace | None = None
    """Of the layer; None where `data` is the mask itself."""

    def mask(self) -> Mask:
        """Return the mask; slow for a large layer, so call it in another thread."""
        if self.space is None:
            return Mask(self.name, self.data)
        pixel, depth = self.space.pixel, self.space.depth
        size = {"U8": 1, "U16": 2, "F16": 2, "F32": 4}[depth]
        if depth in ("U8", "U16"):
            # The most significant byte of alpha.
            return Mask(self.name, bytes(self.data[pixel - 1 :: pixel]))
        planes = (self.data[pixel - size + byte :: pixel] for byte in range(size))
        return Mask(self.name, p.any_of(planes))


def copy_selection(document: Document, source: Source) -> bytes | None:
    """Copy the selection within the picture, a byte per pixel; None if nothing is selected."""
    selection = document.selection()
    if selection is None:
        return None
    rect = source.rect
    data = bytes(selection.pixelData(rect.x, rect.y, rect.width, rect.height))
    return data if len(data) == rect.area and any(data) else None


def collect_masks(document: Document, source: Source, kind: str) -> list[CopiedMask]:
    """Copy `layer-masks` or `layer-alpha`, from front to back; Failure if there are none."""
    nodes = _masks(document, source) if kind == "layer-masks" else _layers(document, source)
    found = [copy for copy in (_copy(node, source) for node in nodes) if copy is not None]
    if not found:
        hint = "give each thing a selection mask or transparency mask under the layer"
        if kind == "layer-alpha":
            hint = "put each thing on a layer of its own, in a group"
        what = "masks" if kind == "layer-masks" else "layers with a thing on each"
        raise Failure("input", f"'{source.name}' has no {what}", hint=hint)
    if len(found) > MAX_ITEMS:
        raise Failure("input", f"{len(found)} masks are too many", hint=f"use at most {MAX_ITEMS}")
    return found


def _masks(document: Document, source: Source) -> list[Node]:
    """Return the masks of the layer, then those named `item:` anywhere in the document."""
    # The root's own mask is the selection of the document.
    layer = find_node(document, source.layer) if source.layer != VISIBLE else None
    own = [] if layer is None else [node for node in layer.childNodes() if node.type() in MASKS]
    ids = {node_id(node) for node in own}
    named = [
        node
        for node in descendants(document.rootNode())
        if node.type() in MASKS and node.name().startswith(PREFIX) and node_id(node) not in ids
    ]
    return [*reversed(own), *reversed(named)]


def _layers(document: Document, source: Source) -> list[Node]:
    """Return the layers of the group that is edited, or else all layers but the edited one."""
    annotations, root = Annotations.of(document), document.rootNode()
    layer = find_node(document, source.layer) if source.layer != VISIBLE else root
    children = [] if layer is None else layer.childNodes()
    if layer is None or (layer.type() != "grouplayer" and layer != root):
        children = [node for node in root.childNodes() if node_id(node) != source.layer]
    layers = [
        node
        for node in children
        if node.type().endswith("layer")
        and node.visible()
        and source_of_result(annotations, node) is None
    ]
    return list(reversed(layers))


def _copy(node: Node, source: Source) -> CopiedMask | None:
    """Copy a mask or layer; None if it covers nothing of the picture."""
    rect, name = source.rect, node.name().removeprefix(PREFIX)
    if node.type() in MASKS:
        data = bytes(node.pixelData(rect.x, rect.y, rect.width, rect.height))
        # A mask that was created without a selection has no pixels.
        return CopiedMask(name, data) if len(data) == rect.area and any(data) else None
    space = space_of(node)
    data = bytes(node.projectionPixelData(rect.x, rect.y, rect.width, rect.height))
    copy = CopiedMask(name, data, space)
    return copy if len(data) == rect.area * space.pixel and any(copy.mask().data) else None


def unused_name(name: str, taken: set[str]) -> str:
    """Return a valid item name that is not taken; names may not contain a colon."""
    name = " ".join(name.replace(":", " ").split()) or "item"
    number, unused = 2, name
    while unused in taken:
        unused = f"{name} {number}"
        number += 1
    return unused
