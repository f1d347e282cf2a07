"""Create a layer with an empty transparency mask, alone or in a group with further layers.

Krita's scripts cannot create a transparency mask with pixels before version 5.2, and in no version
a layer with its mask, or several layers, in one undo step. But what is duplicated from another
document keeps its masks and layers. So a small document in the right colour space is saved, the
mask and the group are added to the file, the file is opened again, and its layer is duplicated.
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
GROUP = (
    '<layer name="group" filename="dedit-group" nodetype="grouplayer" passthrough="1" '
    'compositeop="normal" opacity="255" visible="1" locked="0" collapsed="0" colorlabel="0" '
    'intimeline="0" channelflags="" x="0" y="0" uuid="{5b0f6d0e-6f0e-4d5a-9d8e-0d5f3c1f7a03}">'
    "<layers>%s</layers></layer>"
)
"""Its layers are blended with what lies below the group, as if they were beside it."""
NO_TILES = b"VERSION 2\nTILEWIDTH 64\nTILEHEIGHT 64\nPIXELSIZE 1\nDATA 0\n"
UUID = re.compile(r'\buuid="[^"]*"')
LAYER = re.compile(r"<layer\b([^>]*?)/>|<layer\b([^>]*?)>\s*</layer>", re.DOTALL)


_files: dict[tuple[ColourSpace, int], bytes] = {}
"""A file of a few kilobytes for each colour space and number of layers, written once."""


def new_layers(krita: Krita, space: ColourSpace, above: int) -> Node:
    """Return a new layer in a colour space, which is not in a document yet.

    With layers `above` it, a group of all of them, from bottom to top.
    """
    key = (space, above)
    with tempfile.TemporaryDirectory(prefix="dedit-") as folder:
        plain, path = Path(folder) / "plain.kra", Path(folder) / "layer.kra"
        if key in _files:
            path.write_bytes(_files[key])
        else:
            _write_plain(krita, space, plain)
            add_mask(plain, path, above)
            _files[key] = path.read_bytes()
        document = krita.openDocument(str(path))
    if document is None:
        raise Failure("internal", "Krita does not open a document with a mask")
    try:
        node = document.rootNode().childNodes()[0].duplicate()
        masks = [[mask.type() for mask in layer.childNodes()] for layer in node.childNodes()]
        if not above:
            masks = [[mask.type() for mask in node.childNodes()]]
        if masks != [["transparencymask"], *([] for _ in range(above))]:
            raise Failure("internal", "Krita did not copy a layer with its mask")
        return node
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


def add_mask(plain: Path, path: Path, above: int = 0) -> None:
    """Copy a file with one layer, adding a mask that hides the whole layer, and layers above it.

    Those are copies of the layer without the mask; with any, all are in a group.
    """
    with zipfile.ZipFile(plain) as old, zipfile.ZipFile(path, "w") as new:
        names = old.namelist()
        folder = next(name for name in names if "/layers/" in name).rpartition("/")[0]
        text, name = _layers(old.read("maindoc.xml").decode(), above)
        for entry in old.infolist():
            data = old.read(entry.filename)
            if entry.filename == "maindoc.xml":
                data = text.encode()
            elif entry.filename.endswith(".defaultpixel"):
                data = bytes(len(data))
            new.writestr(entry.filename, data)
            own = f"{folder}/{name}"
            if entry.filename == own or entry.filename.startswith(f"{own}."):
                for number in range(above):
                    new.writestr(f"{own}-{number}{entry.filename[len(own) :]}", data)
        new.writestr(f"{folder}/{FILE}", NO_TILES)
        new.writestr(f"{folder}/{FILE}.defaultpixel", b"\0")


def _layers(text: str, above: int) -> tuple[str, str]:
    """Return the description of a document with the mask and layers, and the layer's file name."""
    found = LAYER.findall(text)
    attributes = "".join(found[0]) if len(found) == 1 else ""
    name = re.search(r'\bfilename="([^"]*)"', attributes)
    if name is None:
        raise Failure("internal", "Krita writes documents that are not understood")
    layers = f"<layer{attributes}>{MASK}</layer>"
    for number in range(above):
        own = attributes.replace(name.group(0), f'filename="{name.group(1)}-{number}"')
        key = f'uuid="{{5b0f6d0e-6f0e-4d5a-9d8e-0d5f3c1f{number:04x}}}"'
        # The uppermost comes first.
        layers = f"<layer{re.sub(UUID, key, own)}/>{layers}"
    return LAYER.sub(lambda _: GROUP % layers if above else layers, text), name.group(1)


def _close(document: Document) -> None:
    document.setModified(False)
    document.close()
