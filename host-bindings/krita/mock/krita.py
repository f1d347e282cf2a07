"""A mock of the part of Krita's Python API that the plug-in uses, for tests without Krita.

Documents are in memory and have real pixels; the stub describes the calls. Beside Krita's API,
`begin()` returns a new Krita, `Krita.calls_from_other_threads` lists calls from other threads than
the main one, and `Document.undo_steps` names the undo steps.
"""

from __future__ import annotations

import enum
import functools
import importlib
import os
import threading
from pathlib import Path
from typing import Any, Callable

from krita_file import load, save
from krita_raster import LINEAR, SRGB, Box, Kind, Raster, faded, over, turned, united

BINDING = os.environ.get("DEDIT_TEST_QT", "PyQt5")
"""Krita 5 has PyQt5, Krita 6 PyQt6."""
QtCore, QtGui, QtWidgets = (
    importlib.import_module(f"{BINDING}.{part}") for part in ("QtCore", "QtGui", "QtWidgets")
)

__all__ = ["LINEAR", "SRGB", "Document", "Krita", "Node", "Selection", "begin"]
MASKS = ("selectionmask", "transparencymask")
LAYERS = ("paintlayer", "grouplayer", "vectorlayer", "filllayer", "clonelayer", "filelayer")


def watched(kind: type) -> type:
    """Check the thread of every call of a class's methods."""
    for name, function in list(vars(kind).items()):
        if callable(function) and not name.startswith("_"):
            setattr(kind, name, _watching(f"{kind.__name__}.{name}", function))
    return kind


def _watching(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(function)
    def call(*arguments: Any, **named: Any) -> Any:  # noqa: ANN401
        if threading.current_thread() is not threading.main_thread():
            Krita.instance().calls_from_other_threads.append(name)
        return function(*arguments, **named)

    return call


def _bytes(data: Any) -> QtCore.QByteArray:  # noqa: ANN401
    return QtCore.QByteArray(bytes(data))


def _fits(data: Any, box: Box, pixel: int) -> bool:  # noqa: ANN401
    return len(data) >= box[2] * box[3] * pixel


@watched
class Selection:
    def __init__(self, raster: Raster | None = None) -> None:
        self.raster = raster.copy() if raster is not None else Raster(b"\0")

    def duplicate(self) -> Selection:
        return Selection(self.raster)

    def select(self, x: int, y: int, w: int, h: int, value: int) -> None:
        self.raster.set((x, y, w, h), bytes([value]) * (w * h))

    def pixelData(self, x: int, y: int, w: int, h: int) -> QtCore.QByteArray:
        return _bytes(self.raster.get((x, y, w, h)))

    def setPixelData(self, data: Any, x: int, y: int, w: int, h: int) -> None:  # noqa: ANN401
        if _fits(data, (x, y, w, h), 1):
            self.raster.set((x, y, w, h), bytes(data))

    def x(self) -> int:
        return self.raster.bounds()[0]

    def y(self) -> int:
        return self.raster.bounds()[1]

    def width(self) -> int:
        return self.raster.bounds()[2]

    def height(self) -> int:
        return self.raster.bounds()[3]


@watched
class Node:
    def __init__(self, name: str, type_: str, kind: Kind) -> None:
        self._name, self._type, self.kind = name, type_, kind
        self._id = QtCore.QUuid.createUuid()
        self._children: list[Node] = []
        self._parent: Node | None = None
        self._is_visible, self._opacity, self._blending = True, 255, "normal"
        self._document: Document | None = None
        # Masks without a selection and groups have no pixels of their own.
        self.raster = Raster(bytes(kind.pixel)) if type_ == "paintlayer" else None

    def take_key(self, key: str) -> None:
        self._id = QtCore.QUuid(key)

    def name(self) -> str:
        return self._name

    def setName(self, name: str) -> None:
        self._name = name

    def type(self) -> str:
        return self._type

    def uniqueId(self) -> QtCore.QUuid:
        return self._id

    def visible(self) -> bool:
        return self._is_visible

    def setVisible(self, visible: bool) -> None:
        self._is_visible = visible

    def opacity(self) -> int:
        return self._opacity

    def setOpacity(self, value: int) -> None:
        self._opacity = value

    def blendingMode(self) -> str:
        return self._blending

    def setBlendingMode(self, value: str) -> None:
        self._blending = value

    def colorModel(self) -> str:
        return self.kind.model if self._type not in MASKS else "A"

    def colorDepth(self) -> str:
        return self.kind.depth if self._type not in MASKS else "U8"

    def colorProfile(self) -> str:
        return self.kind.profile if self._type not in MASKS else ""

    def setColorSpace(self, model: str, depth: str, profile: str) -> bool:
        new = Kind.of(model, depth, profile)
        if self.raster is not None and self._type not in MASKS:
            self.raster.turn(self.kind, new)
        self.kind = new
        return True

    def childNodes(self) -> list[Node]:
        return list(self._children)

    def parentNode(self) -> Node | None:
        return self._parent

    def addChildNode(self, child: Node, above: Node | None) -> bool:
        if child._parent is not None or (above is not None and above not in self._children):
            return False
        place = self._children.index(above) + 1 if above is not None else len(self._children)
        self._children.insert(place, child)
        child._parent = self
        child._belong(self._document)
        self._note(f"Add {'Mask' if child._type in MASKS else 'Layer'}")
        return True

    def remove(self) -> bool:
        if self._parent is None:
            return False
        self._note("Remove Layer")
        self._parent._children.remove(self)
        self._parent = None
        self._belong(None)
        return True

    def _belong(self, document: Document | None) -> None:
        self._document = document
        for child in self._children:
            child._belong(document)

    def _note(self, step: str) -> None:
        if self._document is not None:
            self._document.undo_steps.append(step)
            self._document.setModified(True)

    def duplicate(self) -> Node:
        made = Node(self._name, self._type, self.kind)
        made._is_visible, made._opacity = self._is_visible, self._opacity
        made._blending = self._blending
        made.raster = self.raster.copy() if self.raster is not None else None
        for child in self._children:
            made.addChildNode(child.duplicate(), None)
        return made

    def setSelection(self, selection: Selection) -> None:
        self.raster = selection.raster.copy()

    def selection(self) -> Selection | None:
        return Selection(self.raster) if self.raster is not None else None

    def pixelData(self, x: int, y: int, w: int, h: int) -> QtCore.QByteArray:
        return _bytes(self.raster.get((x, y, w, h)) if self.raster is not None else b"")

    def setPixelData(self, data: Any, x: int, y: int, w: int, h: int) -> bool:  # noqa: ANN401
        if self.raster is None or not _fits(data, (x, y, w, h), len(self.raster.default)):
            return False
        self.raster.set((x, y, w, h), bytes(data))
        return True

    def projectionPixelData(self, x: int, y: int, w: int, h: int) -> QtCore.QByteArray:
        return _bytes(self._shown((x, y, w, h)))

    def _shown(self, box: Box) -> bytes:
        if self._type == "paintlayer" and self.raster is not None:
            data = self.raster.get(box)
        else:
            data = bytes(self.kind.pixel * box[2] * box[3])
            for child in self._children:
                if child._type in MASKS or not child._is_visible:
                    continue
                above = turned(child._shown(box), child.kind, self.kind)
                data = over(data, above, self.kind, child._opacity)
        for mask in self._children:
            if mask._type == "transparencymask" and mask._is_visible and mask.raster is not None:
                data = faded(data, self.kind, mask.raster.get(box))
        return data

    def bounds(self) -> QtCore.QRect:
        box = (0, 0, 0, 0)
        if self.raster is not None:
            box = self.raster.bounds()
            if any(self.raster.default) and self._document is not None:
                box = united((0, 0, self._document.width(), self._document.height()), box)
        for child in self._children:
            if child._type not in MASKS:
                told = child.bounds()
                box = united(box, (told.x(), told.y(), told.width(), told.height()))
        return QtCore.QRect(*box)


@watched
class Document:
    def __init__(self, name: str, size: tuple[int, int], kind: Kind) -> None:
        self._name, self._size, self._kind, self._file = name, size, kind, ""
        self._root = Node("root", "grouplayer", kind)
        self._root._document = self
        self._active: Node | None = None
        self._selection: Selection | None = None
        self._notes: dict[str, bytes] = {}
        self._is_modified = False
        self.undo_steps: list[str] = []

    def width(self) -> int:
        return self._size[0]

    def height(self) -> int:
        return self._size[1]

    def resizeImage(self, x: int, y: int, w: int, h: int) -> None:
        self._size = (w, h)
        queue = [self._root, *([self._selection] if self._selection is not None else [])]
        while queue:
            moved = queue.pop()
            if moved.raster is not None:
                left, top, width, height = moved.raster.box
                moved.raster.box = (left - x, top - y, width, height)
            if isinstance(moved, Node):
                queue += moved.childNodes()
        self._root._note("Resize Image")

    def setWidth(self, value: int) -> None:
        self._size = (value, self._size[1])

    def name(self) -> str:
        return self._name

    def setName(self, name: str) -> None:
        self._name = name

    def fileName(self) -> str:
        return self._file

    def setFileName(self, path: str) -> None:
        self._file = path

    def colorModel(self) -> str:
        return self._kind.model

    def colorDepth(self) -> str:
        return self._kind.depth

    def colorProfile(self) -> str:
        return self._kind.profile

    def setColorSpace(self, model: str, depth: str, profile: str) -> bool:
        self._kind = Kind.of(model, depth, profile)
        queue = [self._root]
        while queue:
            node = queue.pop()
            node.setColorSpace(model, depth, profile)
            queue += node.childNodes()
        return True

    def rootNode(self) -> Node:
        return self._root

    def topLevelNodes(self) -> list[Node]:
        return self._root.childNodes()

    def activeNode(self) -> Node | None:
        return self._active if self._active is not None and self._active._document else None

    def setActiveNode(self, node: Node) -> None:
        self._active = node

    def createNode(self, name: str, type: str) -> Node | None:
        return Node(name, type, self._kind) if type in LAYERS + MASKS else None

    def createSelectionMask(self, name: str) -> Node:
        return Node(name, "selectionmask", self._kind)

    def selection(self) -> Selection | None:
        return self._selection

    def setSelection(self, selection: Selection | None) -> None:
        self._selection = selection.duplicate() if selection is not None else None

    def annotation(self, type: str) -> QtCore.QByteArray:
        return _bytes(self._notes.get(type, b""))

    def setAnnotation(self, type: str, description: str, data: Any) -> None:  # noqa: ANN401
        self._notes[type] = bytes(data)

    def annotationTypes(self) -> list[str]:
        return list(self._notes)

    def pixelData(self, x: int, y: int, w: int, h: int) -> QtCore.QByteArray:
        return self._root.projectionPixelData(x, y, w, h)

    def refreshProjection(self) -> None:
        return

    def waitForDone(self) -> None:
        return

    def setBatchmode(self, value: bool) -> None:
        return

    def modified(self) -> bool:
        return self._is_modified

    def setModified(self, modified: bool) -> None:
        self._is_modified = modified

    def saveAs(self, path: str) -> bool:
        save(self, path)
        self._file, self._is_modified = path, False
        return True

    def close(self) -> bool:
        Krita.instance().forget(self)
        return True


class Notifier(QtCore.QObject):
    imageCreated = QtCore.pyqtSignal(object)
    imageClosed = QtCore.pyqtSignal(str)
    windowCreated = QtCore.pyqtSignal()
    applicationClosing = QtCore.pyqtSignal()

    def setActive(self, active: bool) -> None:
        return


class Extension(QtCore.QObject):
    pass


class DockWidget(QtWidgets.QDockWidget):
    pass


class DockPosition(enum.Enum):
    """As PyQt6 has enums: by their full names alone."""

    DockRight = 3
    DockLeft = 4


class DockWidgetFactoryBase:
    if BINDING == "PyQt5":
        DockRight, DockLeft = 3, 4
    else:
        DockPosition = DockPosition

    def __init__(self, id: str, position: int | DockPosition) -> None:
        if isinstance(position, int) != (BINDING == "PyQt5"):
            raise TypeError(f"argument 2 has unexpected type '{type(position).__name__}'")
        self.id, self.position = id, position


class DockWidgetFactory(DockWidgetFactoryBase):
    def __init__(self, id: str, position: int | DockPosition, kind: type) -> None:
        super().__init__(id, position)
        self.kind = kind


@watched
class Krita(QtCore.QObject):
    _only: Krita | None = None

    def __init__(self) -> None:
        super().__init__()
        self.calls_from_other_threads: list[str] = []
        self.extensions: list[Extension] = []
        self.factories: list[DockWidgetFactory] = []
        self._documents: list[Document] = []
        self._active: Document | None = None
        self._settings: dict[tuple[str, str], str] = {}
        self._notifier = Notifier()

    @staticmethod
    def instance() -> Krita:
        if Krita._only is None:
            Krita._only = Krita()
        return Krita._only

    def documents(self) -> list[Document]:
        return list(self._documents)

    def activeDocument(self) -> Document | None:
        return self._active

    def setActiveDocument(self, value: Document | None) -> None:
        self._active = value

    def activeWindow(self) -> None:
        return

    def createDocument(
        self, w: int, h: int, name: str, model: str, depth: str, profile: str, dpi: float
    ) -> Document:
        document = Document(name, (w, h), Kind.of(model, depth, profile))
        node = document.createNode("Background", "paintlayer")
        assert node is not None
        node.raster = Raster(document._kind.white)
        document.rootNode().addChildNode(node, None)
        document.setActiveNode(node)
        document.undo_steps.clear()
        document.setModified(False)
        self._documents.append(document)
        return document

    def openDocument(self, path: str) -> Document | None:
        if not path.lower().endswith(".png"):
            return load(self, path)
        image = QtGui.QImage(path)
        if image.isNull():
            return None
        image = image.convertToFormat(QtGui.QImage.Format.Format_ARGB32)
        w, h = image.width(), image.height()
        document = self.createDocument(w, h, Path(path).stem, "RGBA", "U8", SRGB, 72.0)
        bits = image.constBits()
        bits.setsize(w * h * 4)
        node = document.rootNode().childNodes()[0]
        node.raster = Raster(bytes(4))
        node.setPixelData(bytes(bits), 0, 0, w, h)
        document.setFileName(path)
        document.setModified(False)
        return document

    def forget(self, document: Document) -> None:
        if document in self._documents:
            self._documents.remove(document)
        if self._active is document:
            self._active = None

    def readSetting(self, group: str, name: str, default: str) -> str:
        return self._settings.get((group, name), default)

    def writeSetting(self, group: str, name: str, value: str) -> None:
        self._settings[(group, name)] = value

    def addExtension(self, extension: Extension) -> None:
        self.extensions.append(extension)

    def addDockWidgetFactory(self, factory: DockWidgetFactory) -> None:
        self.factories.append(factory)

    def notifier(self) -> Notifier:
        return self._notifier

    def action(self, name: str) -> None:
        return


def begin() -> Krita:
    """Return a new Krita, for the start of a test."""
    Krita._only = None
    return Krita.instance()
