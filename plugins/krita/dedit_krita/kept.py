"""The picture's items as selection masks of the document, for its file to have them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .flow import Aside, Steps
from .items import nothing_meant
from .masks import MASKS, PREFIX
from .qt import QtCore
from .run import open_table
from .source import VISIBLE, current, document_of

if TYPE_CHECKING:
    from krita import Selection

    from .run import Call


def keep_masks(call: Call) -> Steps:
    """Put each item under the layer as a selection mask; one of its name gets its pixels."""
    from krita import Selection  # noqa: PLC0415 (there is none outside of Krita)

    table = yield from open_table(call)
    if not table.items():
        raise nothing_meant(table)
    masks = yield Aside(lambda: [table.mask(number, name) for number, name in table.items()])
    document, rect = document_of(call.krita, call.source.document), call.source.rect
    visible = call.source.layer == VISIBLE
    parent = document.rootNode() if visible else current(document, call.source)
    known = {node.name(): node for node in parent.childNodes() if node.type() in MASKS}
    for mask in reversed(masks):
        data = QtCore.QByteArray(mask.data)
        node = known.get(f"{PREFIX}{mask.name}")
        if node is not None:
            node.setPixelData(data, rect.x, rect.y, rect.width, rect.height)
            continue
        chosen: Selection = Selection()
        chosen.setPixelData(data, rect.x, rect.y, rect.width, rect.height)
        node = document.createSelectionMask(f"{PREFIX}{mask.name}")
        # Without one Krita ends when the document is saved.
        node.setSelection(chosen)
        node.setVisible(False)
        parent.addChildNode(node, None)
    return table
