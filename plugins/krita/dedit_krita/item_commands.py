"""Commands that change the picture's items, or put them into the document as masks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import pixels as p
from .flow import InThread, Steps
from .items import drop, open_picture, record_session, rename, set_items_from
from .masks import MASKS, PREFIX, Mask, unused_name
from .qt import QtCore
from .source import VISIBLE, current_layer, find_document

if TYPE_CHECKING:
    from krita import Selection

    from .command import Command


def take_items(command: Command) -> Steps:
    """Set the items by the value `items`; gives the session."""
    picture = yield from open_picture(command)
    yield from set_items_from(picture, command.values["items"], command.selection)
    record_session(picture)
    return picture


def rename_item(command: Command, name: str, new: str) -> Steps:
    """Rename an item; gives the session."""
    picture = yield from open_picture(command, labels=True)
    yield from rename(picture, name, new)
    record_session(picture)
    return picture


def drop_item(command: Command, name: str) -> Steps:
    """Remove an item; gives the session."""
    picture = yield from open_picture(command, labels=True)
    yield from drop(picture, name)
    record_session(picture)
    return picture


def keep_masks(command: Command) -> Steps:
    """Add each item as a selection mask under the layer; existing masks are not changed."""
    from krita import Selection  # noqa: PLC0415 (exists only in Krita)

    picture = yield from open_picture(command, labels=True)
    yield from set_items_from(picture, "session", None)
    labels = picture.labels
    masks = yield InThread(
        lambda: [Mask(name, p.label_mask(labels, label)) for label, name in picture.items()]
    )
    document, rect = find_document(command.krita, command.source.document), command.source.rect
    is_visible = command.source.layer == VISIBLE
    parent = document.rootNode() if is_visible else current_layer(document, command.source)
    known = {
        node.name().removeprefix(PREFIX): bytes(
            node.pixelData(rect.x, rect.y, rect.width, rect.height)
        )
        for node in parent.childNodes()
        if node.type() in MASKS
    }
    for mask in reversed(masks):
        # An existing mask of the same shape may have soft edges, which are kept.
        if known.get(mask.name, b"").translate(p.BINARY) == mask.data:
            continue
        data, name = QtCore.QByteArray(mask.data), unused_name(mask.name, set(known))
        selection: Selection = Selection()
        selection.setPixelData(data, rect.x, rect.y, rect.width, rect.height)
        node = document.createSelectionMask(f"{PREFIX}{name}")
        # Krita crashes when it saves a mask without a selection.
        node.setSelection(selection)
        node.setVisible(False)
        parent.addChildNode(node, None)
    return picture
