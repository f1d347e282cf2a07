"""What is edited: a layer, a group, or all that is visible, and the results that lie on it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .failure import Failure
from .noted import Notes, key_of
from .pixels import Rect
from .spaces import Space

if TYPE_CHECKING:
    from collections.abc import Iterator

    from krita import Document, Krita, Node

MASKS = ("selectionmask", "transparencymask")
OTHER_MASKS = ("filtermask", "transformmask", "colorizemask")
PAINTED = "paintlayer"
RENDERED = ("grouplayer", "filelayer", "clonelayer", "filllayer", "vectorlayer")
LARGEST_SIDE, MOST_PIXELS = 65_000, 1 << 27
VISIBLE = "visible"
"""What stands for a layer's key where all that is visible is edited."""


@dataclass(frozen=True)
class Source:
    """What is edited, by names that stay: work takes long, and the document is the user's."""

    document: str
    """Which of the open documents: the key of its root."""
    layer: str
    """The layer's key, or `VISIBLE`."""
    name: str
    rect: Rect
    """The part of the canvas that is the picture."""
    space: Space
    canvas: tuple[int, int]


@dataclass(frozen=True)
class Layer:
    """Pixels of a layer as they were copied, and how it is shown."""

    key: str
    data: bytes
    space: Space
    opacity: int
    blending: str


def input_failure(message: str, hint: str) -> Failure:
    """Something about the document does not do."""
    return Failure("input", message, hint=hint)


def all_nodes(node: Node) -> Iterator[Node]:
    """Everything below a node, the lowest first."""
    for child in node.childNodes():
        yield child
        yield from all_nodes(child)


def document_of(krita: Krita, key: str) -> Document:
    """Find a document again."""
    found = [
        document
        for document in krita.documents()
        if (root := document.rootNode()) is not None and key_of(root) == key
    ]
    if len(found) > 1:
        # A copy has the keys of what it was made of.
        raise input_failure(
            "two open documents are copies of each other",
            "save one, close it, and open it again",
        )
    if found:
        return found[0]
    raise input_failure(
        "the document was closed while D-Edit was at work",
        "the result is kept: open the picture again, and apply it from the history",
    )


def node_of(document: Document, key: str) -> Node | None:
    """Find a layer again."""
    found = (node for node in all_nodes(document.rootNode()) if key_of(node) == key)
    return next(found, None)


def find(document: Document | None, picture: str) -> Source:
    """Say what a document's active layer is about; Failure where it cannot be edited."""
    if document is None or document.rootNode() is None:
        raise input_failure("there is no picture", "open one first")
    canvas = Rect(0, 0, document.width(), document.height())
    space = Space(document.colorModel(), document.colorDepth(), document.colorProfile())
    key = key_of(document.rootNode())
    if picture == VISIBLE:
        name = document.name() or "Untitled"
        source = Source(key, VISIBLE, name, canvas, space, (canvas.width, canvas.height))
    else:
        node = layer_of(document)
        rect = extent(node).within(canvas)
        if node.type() == PAINTED:
            space = Space(node.colorModel(), node.colorDepth(), node.colorProfile())
        size = (canvas.width, canvas.height)
        source = Source(key, key_of(node), node.name(), rect, space, size)
    if source.rect.area == 0:
        raise input_failure(
            f"'{source.name}' is empty where the canvas is", "choose the layer with the picture"
        )
    if max(source.rect.width, source.rect.height) > LARGEST_SIDE or source.rect.area > MOST_PIXELS:
        size = f"{source.rect.width}×{source.rect.height}"  # noqa: RUF001 (it is "times")
        raise input_failure(f"a picture of {size} pixels is too large", "work on a part of it")
    _ = space.pixel
    return source


def layer_of(document: Document) -> Node:
    """Give the layer that is meant by what is active: a mask's layer, a result's source."""
    node = document.activeNode()
    if node is None:
        raise input_failure("no layer is active", "choose the layer with the picture")
    if node.type() in MASKS + OTHER_MASKS:
        node = node.parentNode()
    if node is None or node.parentNode() is None:
        raise input_failure("no layer is active", "choose the layer with the picture")
    noted = Notes.of(document).result(key_of(node))
    if noted is not None:
        if noted.source == VISIBLE:
            raise input_failure(
                "the active layer is a result of all that is visible",
                "choose 'All that is visible' as picture, or another layer",
            )
        node = node_of(document, noted.source) or node
    kind = node.type()
    if kind != PAINTED and kind not in RENDERED:
        raise input_failure(
            f"'{node.name()}' is no layer with pixels ({kind})",
            "choose the layer with the picture, or 'All that is visible'",
        )
    return node


def extent(node: Node) -> Rect:
    """Where a layer has pixels, on the canvas."""
    rect = node.bounds()
    return Rect(rect.x(), rect.y(), rect.width(), rect.height())


def copied(node: Node, rect: Rect) -> bytes:
    """Copy a layer's pixels: as painted, or as shown where it is no painted one."""
    read = node.pixelData if node.type() == PAINTED else node.projectionPixelData
    return bytes(read(rect.x, rect.y, rect.width, rect.height))


def read(document: Document, source: Source) -> bytes:
    """Copy the picture without results; all that is visible has them in it."""
    rect = source.rect
    if source.layer == VISIBLE:
        data = bytes(document.pixelData(rect.x, rect.y, rect.width, rect.height))
    else:
        data = copied(current(document, source), rect)
    if len(data) != rect.area * source.space.pixel:
        raise input_failure(f"'{source.name}' cannot be read", "choose another layer")
    return data


def current(document: Document, source: Source) -> Node:
    """Give the layer as it is now."""
    node = node_of(document, source.layer)
    if node is None:
        raise input_failure(
            f"'{source.name}' was deleted while D-Edit was at work",
            "the result is kept in the history: undo that, then apply it",
        )
    return node


def check_still_fits(document: Document, source: Source) -> None:
    """Make sure that a result still belongs where its picture was."""
    if (document.width(), document.height()) != source.canvas:
        raise input_failure(
            f"'{document.name() or source.name}' was resized while D-Edit was at work",
            "the result is kept in the history: undo that, then apply it",
        )
    if source.layer != VISIBLE:
        current(document, source)


def shape(document: Document | None) -> tuple[Any, ...]:
    """What is seen of a document without its pixels: another one where it was worked on."""
    if document is None or document.rootNode() is None:
        return ()
    root, active = document.rootNode(), document.activeNode()
    nodes = tuple(
        (key_of(node), node.visible(), node.opacity(), node.name())
        for node in all_nodes(root)
        if node.type() != "selectionmask"
    )
    now = key_of(active) if active is not None else ""
    return (key_of(root), now, document.width(), document.height(), nodes)


def results(document: Document, source: Source) -> list[Node]:
    """The visible results of a source, the lowest first."""
    notes, found = Notes.of(document), []
    for node in all_nodes(document.rootNode()):
        noted = notes.result(key_of(node))
        if noted is not None and noted.source == source.layer and is_shown(node):
            found.append(node)
    return found


def is_shown(node: Node) -> bool:
    """Whether a layer and all that it is in are visible."""
    while node is not None and node.parentNode() is not None:
        if not node.visible():
            return False
        node = node.parentNode()
    return True


def laid_over(node: Node, rect: Rect) -> Layer:
    """Copy a result as it is shown, on the picture."""
    data = bytes(node.projectionPixelData(rect.x, rect.y, rect.width, rect.height))
    space = Space(node.colorModel(), node.colorDepth(), node.colorProfile())
    return Layer(key_of(node), data, space, node.opacity(), node.blendingMode())
