"""Result layers over a picture, as Krita shows them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import pixels as p
from .failure import Failure
from .qt import QtCore
from .source import LayerPixels

if TYPE_CHECKING:
    from krita import Krita

    from .colour_space import ColourSpace
    from .source import Source

MOST_SOFT = 1 << 18
"""Half-transparent pixels of a layer that are blended here; of more, Krita blends all."""


def composite(data: bytes, layers: list[LayerPixels], space: ColourSpace) -> bytes | None:
    """Composite layers; None if only Krita can. Where alpha is 0 or 1 no bit is rounded."""
    for layer in layers:
        is_plain = layer.space == space and layer.opacity == 255 and layer.blending == "normal"
        if not is_plain or space.depth not in p.SAMPLES:
            return None
        laid = lay_over(data, layer.data, space)
        if laid is None:
            return None
        data = laid
    return data


def lay_over(data: bytes, above: bytes, space: ColourSpace) -> bytes | None:
    """Lay pixels with straight alpha over others; None if too many are half-transparent."""
    alphas = p.alpha(above, space.channels, space.samples)
    full, soft = p.full_mask(alphas, space.samples), p.soft_mask(alphas, space.samples)
    if len(soft) - soft.count(0) > MOST_SOFT:
        return None
    laid = p.select(data, above, full)
    return p.blend(laid, above, soft, space.channels, space.samples) if any(soft) else laid


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
