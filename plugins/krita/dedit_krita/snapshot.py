"""The picture as it is now: the layer that is edited with its visible result layers on top.

If the pixels equal a result of the daemon bit for bit, the next edit starts from that revision and
uses what was learned. If the user painted on a result, hid or deleted one, the composite is a
picture of its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from . import pixels as p
from .annotations import Annotations, ResultRecord, node_id
from .colour_space import convert, to_wire
from .failure import Failure
from .flow import InThread, Steps
from .qt import QtCore
from .source import (
    VISIBLE,
    LayerPixels,
    Source,
    check_unchanged,
    copy_result,
    find_document,
    read_pixels,
    visible_results,
)
from .wire import Pixels

if TYPE_CHECKING:
    from krita import Krita

    from .colour_space import ColourSpace


@dataclass(frozen=True)
class Snapshot:
    """The composite of a layer and its visible results."""

    pixels: Pixels
    digest: str
    result: ResultRecord | None
    """The result that the composite equals."""
    raw: bytes
    """The composite in the document's colour space, in Krita's order."""
    topmost: ResultRecord | None
    """Record of the uppermost visible result layer."""
    topmost_layer: str | None
    """Its id."""


def take_snapshot(krita: Krita, source: Source, without: str | None = None) -> Steps:
    """Read the picture, optionally without one result layer; gives a `Snapshot`.

    The picture `VISIBLE` always has all visible layers.
    """
    document = find_document(krita, source.document)
    check_unchanged(document, source)
    annotations, raw = Annotations.of(document), read_pixels(document, source)
    nodes = [node for node in visible_results(document, source) if node_id(node) != without]
    layers = [copy_result(node, source.rect) for node in nodes] if source.layer != VISIBLE else []
    if layers:
        below = raw
        exact = yield InThread(lambda: composite_exactly(below, layers, source.space))
        raw = exact if exact is not None else composite_in_krita(krita, source, below, layers)
    wire_space = source.space.wire_space
    data = convert(krita, raw, source.size, source.space, wire_space)
    pixels, digest = yield InThread(lambda: to_wire(data, source.size, wire_space))
    ids = [node_id(node) for node in nodes]
    records = [found for layer in reversed(ids) if (found := annotations.result(layer)) is not None]
    result = next((record for record in records if record.digest == digest), None)
    topmost = records[0] if records else None
    return Snapshot(pixels, digest, result, raw, topmost, ids[-1] if ids else None)


def composite_exactly(data: bytes, layers: list[LayerPixels], space: ColourSpace) -> bytes | None:
    """Composite layers whose alpha is 0 or 1 without rounding; None if one needs blending."""
    for layer in layers:
        is_plain = layer.space == space and layer.opacity == 255 and layer.blending == "normal"
        if not is_plain or space.depth not in p.SAMPLES:
            return None
        alphas = p.alpha(layer.data, space.channels, space.samples)
        if not p.is_binary(alphas, space.samples):
            return None
        data = p.select(data, layer.data, p.nonzero_mask(alphas, space.samples))
    return data


def composite_in_krita(
    krita: Krita, source: Source, data: bytes, layers: list[LayerPixels]
) -> bytes:
    """Have Krita blend the layers, in a temporary document."""
    rect, space = source.rect, source.space
    document = krita.createDocument(
        rect.width, rect.height, "", space.model, space.depth, space.profile, 72.0
    )
    if document is None:
        raise Failure("resources", "Krita cannot make a picture to lay results over each other in")
    try:
        document.setBatchmode(True)
        root = document.rootNode()
        for node in root.childNodes():
            node.remove()
        lowest = LayerPixels("", data, space, 255, "normal")
        for index, layer in enumerate([lowest, *layers]):
            node = document.createNode(str(index), "paintlayer")
            if layer.space != space:
                node.setColorSpace(layer.space.model, layer.space.depth, layer.space.profile)
            node.setPixelData(QtCore.QByteArray(layer.data), 0, 0, rect.width, rect.height)
            node.setOpacity(layer.opacity)
            node.setBlendingMode(layer.blending)
            root.addChildNode(node, None)
        document.refreshProjection()
        document.waitForDone()
        return bytes(document.pixelData(0, 0, rect.width, rect.height))
    finally:
        document.setModified(False)
        document.close()
