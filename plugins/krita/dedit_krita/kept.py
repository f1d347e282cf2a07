"""The picture's items as selection masks of the document, for its file to have them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import pixels as p
from .flow import Aside, Steps
from .items import nothing_meant
from .masks import MASKS, PREFIX, free_name
from .qt import QtCore
from .run import open_table
from .source import VISIBLE, current, document_of

if TYPE_CHECKING:
    from krita import Selection

    from .run import Call


def keep_masks(call: Call) -> Steps:
    """Put each item under the layer as a selection mask; masks that are there stay as they are."""
    from krita import Selection  # noqa: PLC0415 (there is none outside of Krita)

    table = yield from open_table(call)
    if not table.items():
        raise nothing_meant(table)
    masks = yield Aside(lambda: [table.mask(number, name) for number, name in table.items()])
    document, rect = document_of(call.krita, call.source.document), call.source.rect
    visible = call.source.layer == VISIBLE
    parent = document.rootNode() if visible else current(document, call.source)
    known = {
        node.name().removeprefix(PREFIX): bytes(
            node.pixelData(rect.x, rect.y, rect.width, rect.height)
        )
        for node in parent.childNodes()
        if node.type() in MASKS
    }
    for mask in reversed(masks):
        # One that says the same may say it with a soft edge.
        if known.get(mask.name, b"").translate(p.HARD) == mask.data:
            continue
        data, name = QtCore.QByteArray(mask.data), free_name(mask.name, set(known))
        chosen: Selection = Selection()
        chosen.setPixelData(data, rect.x, rect.y, rect.width, rect.height)
        node = document.createSelectionMask(f"{PREFIX}{name}")
        # Without one Krita ends when the document is saved.
        node.setSelection(chosen)
        node.setVisible(False)
        parent.addChildNode(node, None)
    return table
