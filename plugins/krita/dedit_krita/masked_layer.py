"""Create a layer with an empty transparency mask.

Krita's scripts cannot create a transparency mask with pixels before version 5.2, and in no version
a layer with its mask in one undo step. But a layer that is duplicated from another document keeps
its mask. So a small document in the right colour space is saved, a mask is added to the file, the
file is opened again, and its layer is duplicated.
"""

from __future__ import annotations

import re
import tempfile
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

from .failure import Failure
from .qt import QtCore

if TYPE_CHECKING:
    from krita import Document, Krita, Node

    from .colour_space import ColourSpace

SIDE = 64
MASK = (
    '<masks><mask name="mask" filename="dedit-mask" nodetype="transparencymask" visible="1" '
    'locked="0" x="0" y="0" colorlabel="0" intimeline="0" '
    'uuid="{5b0f6d0e-6f0e-4d5a-9d8e-0d5f3c1f7a02}"/></masks>'
)
FILE = "dedit-mask.pixelselection"
NO_TILES = b"VERSION 2\nTILEWIDTH 64\nTILEHEIGHT 64\nPIXELSIZE 1\nDATA 0\n"
LAYER = re.compile(r"<layer\b([^>]*?)/>|<layer\b([^>]*?)>\s*</layer>", re.DOTALL)


_files: dict[ColourSpace, bytes] = {}
"""A file of a few kilobytes for each colour space, written once."""


def new_masked_layer(krita: Krita, space: ColourSpace) -> Node:
    """Return a new layer in a colour space, which is not in a document yet."""
    with tempfile.TemporaryDirectory(prefix="dedit-") as folder:
        plain, path = Path(folder) / "plain.kra", Path(folder) / "layer.kra"
        if space in _files:
            path.write_bytes(_files[space])
        else:
            _write_plain(krita, space, plain)
            add_mask(plain, path)
            _files[space] = path.read_bytes()
        document = krita.openDocument(str(path))
    if document is None:
        raise Failure("internal", "Krita does not open a document with a mask")
    try:
        layer = document.rootNode().childNodes()[0].duplicate()
        if [mask.type() for mask in layer.childNodes()] != ["transparencymask"]:
            raise Failure("internal", "Krita did not copy a layer with its mask")
        return layer
    finally:
        _close(document)


def _write_plain(krita: Krita, space: ColourSpace, path: Path) -> None:
    document = krita.createDocument(
        SIDE, SIDE, "layer", space.model, space.depth, space.profile, 72.0
    )
    if document is None:
        raise Failure("resources", "Krita makes no documents any more")
    try:
        document.setBatchmode(True)
        node = document.rootNode().childNodes()[0]
        # New layers are white; `add_mask` makes the pixels outside transparent too.
        node.setPixelData(QtCore.QByteArray(bytes(SIDE * SIDE * space.pixel)), 0, 0, SIDE, SIDE)
        if not document.saveAs(str(path)):
            raise Failure(
                "resources",
                "Krita cannot write into the folder for temporary files",
                hint="see whether the disk is full",
            )
        document.waitForDone()
    finally:
        _close(document)


def add_mask(plain: Path, path: Path) -> None:
    """Copy a file with one layer, adding a mask that hides the whole layer."""
    with zipfile.ZipFile(plain) as old, zipfile.ZipFile(path, "w") as new:
        for entry in old.infolist():
            data = old.read(entry.filename)
            if entry.filename == "maindoc.xml":
                text, count = LAYER.subn(
                    lambda found: f"<layer{found.group(1) or found.group(2)}>{MASK}</layer>",
                    data.decode(),
                )
                if count != 1:
                    raise Failure("internal", "Krita writes documents that are not understood")
                data = text.encode()
            elif entry.filename.endswith(".defaultpixel"):
                data = bytes(len(data))
            new.writestr(entry.filename, data)
        folder = next(name for name in old.namelist() if "/layers/" in name).rpartition("/")[0]
        new.writestr(f"{folder}/{FILE}", NO_TILES)
        new.writestr(f"{folder}/{FILE}.defaultpixel", b"\0")


def _close(document: Document) -> None:
    document.setModified(False)
    document.close()
