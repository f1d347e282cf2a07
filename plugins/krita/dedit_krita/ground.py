"""The picture as it stands: a layer with the results of earlier edits that are visible on it.

The document is the truth. Where it shows exactly what the daemon made, down to the bit, an edit
goes on from there, with all that was learned; where the user painted, hid or deleted something,
what is seen is a picture of its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from . import pixels as p
from .failure import Failure
from .flow import Aside, Steps
from .noted import Notes, Result, key_of
from .qt import QtCore
from .source import VISIBLE, Layer, Source, check_still_fits, document_of, laid_over, read, results
from .spaces import Space, to_wire, turned
from .wire import Pixels

if TYPE_CHECKING:
    from krita import Krita


@dataclass(frozen=True)
class Ground:
    """The picture as it stands."""

    pixels: Pixels
    digest: str
    made: Result | None
    """The result that the picture is exactly as it was made."""
    raw: bytes
    """The same as the document holds it, in Krita's order."""
    topmost: str | None
    """The key of the uppermost result that is visible."""


def stand(krita: Krita, source: Source, without: str | None = None) -> Steps:
    """Read it, as if one of its results was hidden; of all that is visible nothing can be."""
    document = document_of(krita, source.document)
    check_still_fits(document, source)
    notes, data = Notes.of(document), read(document, source)
    shown = [node for node in results(document, source) if key_of(node) != without]
    layers = [laid_over(node, source.rect) for node in shown] if source.layer != VISIBLE else []
    if layers:
        laid = yield Aside(lambda: hard(data, layers, source.space))
        data = laid if laid is not None else soft(krita, source, data, layers)
    size, sent = (source.rect.width, source.rect.height), source.space.sent
    raw = data
    data = turned(krita, raw, size, source.space, sent)
    pixels, digest = yield Aside(lambda: told(data, size, sent))
    keys = [key_of(node) for node in shown]
    noted = [result for key in reversed(keys) if (result := notes.result(key)) is not None]
    made = next((result for result in noted if result.digest == digest), None)
    return Ground(pixels, digest, made, raw, keys[-1] if keys else None)


def told(data: bytes, size: tuple[int, int], space: Space) -> tuple[Pixels, str]:
    """Give a picture as the daemon knows it, and its digest."""
    ordered = to_wire(data, space)
    pixels = Pixels(size[0], size[1], space.channels, space.samples, ordered)
    return pixels, pixels.digest()


def hard(data: bytes, layers: list[Layer], space: Space) -> bytes | None:
    """Lay results over a picture where each pixel is one's or the other's; None where not."""
    for layer in layers:
        as_it_is = layer.space == space and layer.opacity == 255 and layer.blending == "normal"
        if not as_it_is or space.depth not in p.SAMPLES:
            return None
        shares = p.alpha(layer.data, space.channels, space.samples)
        if not p.is_hard(shares, space.samples):
            return None
        data = p.chosen(data, layer.data, p.hard_mask(shares, space.samples))
    return data


def soft(krita: Krita, source: Source, data: bytes, layers: list[Layer]) -> bytes:
    """Have Krita lay them over it, as it shows them."""
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
        lowest = Layer("", data, space, 255, "normal")
        for place, layer in enumerate([lowest, *layers]):
            node = document.createNode(str(place), "paintlayer")
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
