"""What is edited: a layer, a group, or everything visible, and the result layers above it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from .annotations import Annotations, node_id
from .colour_space import ColourSpace
from .failure import Failure
from .pixels import Rect, united
from .sides import Sides

if TYPE_CHECKING:
    from collections.abc import Iterator

    from krita import Document, Krita, Node

    from .annotations import ResultRecord

MASKS = ("selectionmask", "transparencymask")
OTHER_MASKS = ("filtermask", "transformmask", "colorizemask")
PAINTED = "paintlayer"
RENDERED = ("grouplayer", "filelayer", "clonelayer", "filllayer", "vectorlayer")
LARGEST_SIDE, MOST_PIXELS = 65_000, 1 << 27
VISIBLE = "visible"
"""In place of a layer's id where everything visible is edited."""


@dataclass(frozen=True)
class Source:
    """What is edited, by ids: the user may change or close the document during long work."""

    document: str
    """Id of the document's root node."""
    layer: str
    """Id of the layer, or `VISIBLE`."""
    name: str
    rect: Rect
    """The part of the canvas that is the picture."""
    space: ColourSpace
    canvas: tuple[int, int]

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the picture."""
        return self.rect.width, self.rect.height

    def grown(self, sides: Sides) -> Source:
        """Return the picture with pixels added around it, which may lie beyond the canvas."""
        return replace(self, rect=sides.around(self.rect))

    def check_size(self) -> None:
        """Fail if the picture is larger than pictures can be."""
        if max(self.size) > LARGEST_SIDE or self.rect.area > MOST_PIXELS:
            dimensions = f"{self.rect.width}×{self.rect.height}"  # noqa: RUF001 (a multiplication sign)
            raise input_failure(
                f"a picture of {dimensions} pixels is too large", "work on a part of it"
            )


@dataclass(frozen=True)
class LayerPixels:
    """A copy of a result layer, and how it is blended."""

    layer: str
    data: bytes
    space: ColourSpace
    opacity: int
    blending: str


def input_failure(message: str, hint: str) -> Failure:
    """Return a failure about the document."""
    return Failure("input", message, hint=hint)


def descendants(node: Node) -> Iterator[Node]:
    """Yield every node below a node, from bottom to top."""
    for child in node.childNodes():
        yield child
        yield from descendants(child)


def find_document(krita: Krita, document: str) -> Document:
    """Return an open document by id."""
    found = [
        candidate
        for candidate in krita.documents()
        if (root := candidate.rootNode()) is not None and node_id(root) == document
    ]
    if len(found) > 1:
        # A copy of a file has the same ids.
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


def find_node(document: Document, layer: str) -> Node | None:
    """Return a layer or mask by id."""
    found = (node for node in descendants(document.rootNode()) if node_id(node) == layer)
    return next(found, None)


def find_source(document: Document | None, picture: str) -> Source:
    """Return what is edited, by the parameter `picture`; Failure if it cannot be edited."""
    if document is None or document.rootNode() is None:
        raise input_failure("there is no picture", "open one first")
    canvas = Rect(0, 0, document.width(), document.height())
    space = ColourSpace(document.colorModel(), document.colorDepth(), document.colorProfile())
    root, size = node_id(document.rootNode()), (canvas.width, canvas.height)
    if picture == VISIBLE:
        name = document.name() or "Untitled"
        source = Source(root, VISIBLE, name, canvas, space, size)
    else:
        node = source_layer(document)
        rect = _with_results(document, node, canvas)
        if node.type() == PAINTED:
            space = space_of(node)
        source = Source(root, node_id(node), node.name(), rect, space, size)
    if source.rect.area == 0:
        raise input_failure(
            f"'{source.name}' is empty where the canvas is", "choose the layer with the picture"
        )
    source.check_size()
    _ = space.pixel
    return source


def base_of_result(document: Document, source: Source, record: ResultRecord) -> Source:
    """Return the picture that a result was made of, where it lies now; Failure if it is gone."""
    results = Annotations.of(document).results
    layer = next((layer for layer, known in results.items() if known == record), "")
    node = find_node(document, layer)
    reach = reach_of(node, record) if node is not None else None
    if reach is None:
        return source
    canvas = Rect(0, 0, *source.canvas)
    if reach.within(canvas) != reach or (source.layer == VISIBLE and reach != canvas):
        raise input_failure(
            "the canvas is another one than that of the result", "make the edit anew"
        )
    return replace(source, rect=Sides.of(record.edits).inside(reach))


def _with_results(document: Document, node: Node, canvas: Rect) -> Rect:
    """Return the part of the canvas that a layer covers, and visible results that expanded it."""
    annotations, rect = Annotations.of(document), bounds(node).within(canvas)
    for result in _visible_results(document, node_id(node)):
        record = annotations.result(node_id(result))
        reach = reach_of(result, record) if record is not None and record.grows else None
        if reach is not None:
            rect = united(rect, reach.within(canvas))
    return rect


def reach_of(node: Node, record: ResultRecord) -> Rect | None:
    """Return where the picture with a result lies now; None if its mask does not tell.

    Not every layer tells it: one with a background colour always has the canvas's bounds.
    """
    corner = _mask_bounds(node)
    if corner is None or not record.reach:
        return None
    left, top, width, height = record.reach
    return Rect(corner.x + left, corner.y + top, width, height)


def reach_from(node: Node, picture: Rect) -> tuple[int, ...]:
    """Return a picture's rectangle from the corner of what the mask of a result shows."""
    corner = _mask_bounds(node)
    if corner is None:
        return ()
    return (picture.x - corner.x, picture.y - corner.y, picture.width, picture.height)


def _mask_bounds(node: Node) -> Rect | None:
    masks = (bounds(mask) for mask in node.childNodes() if mask.type() == "transparencymask")
    found = next(masks, None)
    return found if found is not None and found.area else None


def source_layer(document: Document) -> Node:
    """Return the layer to edit: the active one, the layer of a mask, the source of a result."""
    node = document.activeNode() or _last_edited(document)
    if node is None:
        raise input_failure("no layer is active", "choose the layer with the picture")
    if node.type() in MASKS + OTHER_MASKS:
        node = node.parentNode()
    if node is None or node.parentNode() is None:
        raise input_failure("no layer is active", "choose the layer with the picture")
    made_of = source_of_result(Annotations.of(document), node)
    if made_of is not None:
        if made_of == VISIBLE:
            raise input_failure(
                "the active layer is a result of all that is visible",
                "choose 'All that is visible' as picture, or another layer",
            )
        node = find_node(document, made_of) or node
    kind = node.type()
    if kind != PAINTED and kind not in RENDERED:
        raise input_failure(
            f"'{node.name()}' is no layer with pixels ({kind})",
            "choose the layer with the picture, or 'All that is visible'",
        )
    return node


def _last_edited(document: Document) -> Node | None:
    """Return the layer that was edited last: none is active after the active one was undone."""
    layers = Annotations.of(document).sessions
    found = (node for layer in layers if (node := find_node(document, layer)) is not None)
    return next(found, None)


def source_of_result(annotations: Annotations, node: Node) -> str | None:
    """Return what a result was made of: a layer, or a group of one; None where it is none."""
    source = annotations.source_of(node_id(node))
    if source is not None or node.type() != "grouplayer":
        return source
    inside = [node_id(child) for child in node.childNodes()]
    found = (made for child in inside if (made := annotations.source_of(child)) is not None)
    source = next(found, None)
    # A group that has the picture too is no result.
    return source if source not in inside else None


def result_nodes(document: Document, layer: str) -> list[Node]:
    """Return what a result consists of: its layers, or their group if it holds nothing else."""
    ids = Annotations.of(document).layers_of(layer)
    nodes = [node for node in descendants(document.rootNode()) if node_id(node) in ids]
    group = nodes[0].parentNode() if nodes and len(ids) > 1 else None
    if group is not None and group.parentNode() is not None:
        children = [node_id(child) for child in group.childNodes()]
        if children == [node_id(node) for node in nodes]:
            return [group]
    return nodes


def bounds(node: Node) -> Rect:
    """Return the bounding box of a layer's pixels, in canvas coordinates."""
    rect = node.bounds()
    return Rect(rect.x(), rect.y(), rect.width(), rect.height())


def space_of(node: Node) -> ColourSpace:
    """Return the colour space of a layer."""
    return ColourSpace(node.colorModel(), node.colorDepth(), node.colorProfile())


def read_pixels(document: Document, source: Source) -> bytes:
    """Copy the picture in Krita's order; result layers are included only in `VISIBLE`."""
    rect = source.rect
    if source.layer == VISIBLE:
        data = bytes(document.pixelData(rect.x, rect.y, rect.width, rect.height))
    else:
        node = current_layer(document, source)
        # Layers other than painted ones have pixels only in their projection.
        read = node.pixelData if node.type() == PAINTED else node.projectionPixelData
        data = bytes(read(rect.x, rect.y, rect.width, rect.height))
    if len(data) != rect.area * source.space.pixel:
        raise input_failure(f"'{source.name}' cannot be read", "choose another layer")
    return data


def current_layer(document: Document, source: Source) -> Node:
    """Return the layer that is edited; Failure if it was deleted."""
    node = find_node(document, source.layer)
    if node is None:
        raise input_failure(
            f"'{source.name}' was deleted while D-Edit was at work",
            "the result is kept in the history: undo that, then apply it",
        )
    return node


def check_unchanged(document: Document, source: Source) -> None:
    """Fail if a result no longer fits: the canvas was resized, or the layer deleted."""
    if (document.width(), document.height()) != source.canvas:
        raise input_failure(
            f"'{document.name() or source.name}' was resized while D-Edit was at work",
            "the result is kept in the history: undo that, then apply it",
        )
    if source.layer != VISIBLE:
        current_layer(document, source)


def layer_tree(document: Document | None) -> tuple[Any, ...]:
    """Return what can be compared cheaply to notice a change: root, active node, size, layers."""
    if document is None or document.rootNode() is None:
        return ()
    root, active = document.rootNode(), document.activeNode()
    nodes = tuple(
        (node_id(node), node.visible(), node.opacity(), node.name())
        for node in descendants(root)
        if node.type() != "selectionmask"
    )
    active_id = node_id(active) if active is not None else ""
    return (node_id(root), active_id, document.width(), document.height(), nodes)


def visible_results(document: Document, source: Source) -> list[Node]:
    """Return the visible result layers of a source, plates and items, from bottom to top."""
    return _visible_results(document, source.layer)


def _visible_results(document: Document, layer: str) -> list[Node]:
    annotations = Annotations.of(document)
    return [
        node
        for node in descendants(document.rootNode())
        if annotations.source_of(node_id(node)) == layer and is_visible(node)
    ]


def is_visible(node: Node) -> bool:
    """Return whether a layer and all its groups are visible."""
    while node is not None and node.parentNode() is not None:
        if not node.visible():
            return False
        node = node.parentNode()
    return True


def copy_result(node: Node, rect: Rect) -> LayerPixels:
    """Copy a result layer with its mask applied, within a rectangle."""
    data = bytes(node.projectionPixelData(rect.x, rect.y, rect.width, rect.height))
    return LayerPixels(node_id(node), data, space_of(node), node.opacity(), node.blendingMode())
