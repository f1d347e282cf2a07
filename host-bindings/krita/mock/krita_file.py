"""The mock's files: zips with the structure of Krita's, but another encoding of pixels."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree import ElementTree

from krita_raster import Kind, Raster

if TYPE_CHECKING:
    from krita import Document, Krita, Node


def save(document: Document, path: str) -> None:
    """Write a document."""
    name = document.name() or "Untitled"
    root = ElementTree.Element("DOC", editor="Krita", syntaxVersion="2.0")
    told = {"name": name, "width": str(document.width()), "height": str(document.height())}
    kind = {"model": document.colorModel(), "depth": document.colorDepth()}
    told.update({**kind, "profile": document.colorProfile(), "mime": "application/x-kra"})
    image = ElementTree.SubElement(root, "IMAGE", told)
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("mimetype", "application/x-krita")
        _write_nodes(file, f"{name}/layers", image, document.rootNode().childNodes())
        for kept in document.annotationTypes():
            file.writestr(f"{name}/annotations/{kept}", bytes(document.annotation(kept)))
        file.writestr("maindoc.xml", ElementTree.tostring(root, encoding="unicode"))


def _write_nodes(
    file: zipfile.ZipFile, folder: str, parent: ElementTree.Element, nodes: list[Node]
) -> None:
    for is_mask, box_name in ((False, "layers"), (True, "masks")):
        here = [node for node in nodes if node.type().endswith("mask") == is_mask]
        if not here:
            continue
        box = ElementTree.SubElement(parent, box_name)
        # The uppermost layer comes first in the file.
        for node in reversed(here):
            if is_mask and node.raster is None:
                raise RuntimeError("Krita ends here: a mask without a selection is saved")
            filename = f"layer{len(file.namelist()) + 1}"
            told = {"name": node.name(), "filename": filename, "nodetype": node.type()}
            told.update({"visible": str(int(node.visible())), "opacity": str(node.opacity())})
            told.update({"uuid": node.uniqueId().toString(), "compositeop": node.blendingMode()})
            told.update({"model": node.colorModel(), "depth": node.colorDepth()})
            told.update({"profile": node.colorProfile()})
            element = ElementTree.SubElement(box, "mask" if is_mask else "layer", told)
            if node.raster is not None:
                where = " ".join(map(str, node.raster.box)).encode()
                entry = f"{folder}/{filename}" + (".pixelselection" if is_mask else "")
                file.writestr(entry, b"MOCK " + where + b"\n" + node.raster.data)
                file.writestr(f"{entry}.defaultpixel", node.raster.default)
            _write_nodes(file, folder, element, node.childNodes())


def load(krita: Krita, path: str) -> Document | None:
    """Read a document; None if it is no file of the mock."""
    try:
        with zipfile.ZipFile(path) as file:
            image = ElementTree.fromstring(file.read("maindoc.xml"))[0]
            told = image.attrib
            names = ("model", "depth", "profile")
            space = [told[name] for name in names]
            size = int(told["width"]), int(told["height"])
            document = krita.createDocument(*size, told["name"], *space, 72.0)
            root = document.rootNode()
            for node in root.childNodes():
                node.remove()
            _read_nodes(file, told["name"], image, document, root)
            _read_annotations(file, told["name"], document)
    except (OSError, KeyError, ValueError, zipfile.BadZipFile, ElementTree.ParseError):
        return None
    document.setFileName(str(Path(path)))
    document.undo_steps.clear()
    document.setModified(False)
    return document


def _read_annotations(file: zipfile.ZipFile, name: str, document: Document) -> None:
    folder = f"{name}/annotations/"
    for entry in file.namelist():
        if entry.startswith(folder):
            document.setAnnotation(entry[len(folder) :], "", file.read(entry))


def _read_nodes(
    file: zipfile.ZipFile, name: str, parent: ElementTree.Element, document: Document, above: Node
) -> None:
    for box in parent:
        for element in reversed(list(box)):
            told = element.attrib
            node = document.createNode(told.get("name", ""), told["nodetype"])
            if box.tag == "layers":
                # A group that the plug-in has written has the document's.
                space = [told.get(name) for name in ("model", "depth", "profile")]
                node.kind = Kind.of(*space) if all(space) else node.kind
            if "uuid" in told:
                node.take_key(told["uuid"])
            node.setVisible(told.get("visible", "1") == "1")
            node.setOpacity(int(told.get("opacity", "255")))
            entry = f"{name}/layers/{told['filename']}"
            entry += "" if box.tag == "layers" else ".pixelselection"
            if entry in file.namelist():
                node.raster = _raster(file.read(entry), file.read(f"{entry}.defaultpixel"))
            above.addChildNode(node, None)
            _read_nodes(file, name, element, document, node)


def _raster(data: bytes, default: bytes) -> Raster:
    raster = Raster(default)
    if data.startswith(b"MOCK "):
        line, _, pixels = data.partition(b"\n")
        raster.set(tuple(map(int, line.split()[1:])), pixels)
    return raster
