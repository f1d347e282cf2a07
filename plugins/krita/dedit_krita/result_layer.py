"""Add a result above the picture: one layer with a transparency mask of what changed, or a group.

The group of an edit as layers holds the clean plate, with that mask, and a layer of each item.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from . import pixels as p
from .annotations import Annotations, ItemRecord, ResultRecord, node_id
from .colour_space import convert, from_wire, to_wire
from .compositing import composite, composite_in_krita
from .failure import Failure
from .flow import InThread, Steps
from .layers import EditLayers, Part, refit
from .new_layers import new_layers
from .pixels import Rect
from .qt import QtCore
from .sides import Sides
from .source import (
    VISIBLE,
    LayerPixels,
    check_unchanged,
    current_layer,
    find_document,
    find_node,
    reach_from,
    result_nodes,
)
from .wire import Pixels

if TYPE_CHECKING:
    from krita import Document, Krita, Node

    from .snapshot import Snapshot
    from .source import Source


@dataclass(frozen=True)
class EditResult:
    """A result of the daemon."""

    head: dict[str, Any]
    """The answer's head."""
    pixels: Pixels
    """Of the region."""
    mask: bytes
    """A byte for each pixel of the region: 255 where it may have changed."""
    session: str
    title: str
    edits: list[dict[str, Any]] = field(default_factory=list)
    plan: dict[str, Any] = field(default_factory=dict)
    options: dict[str, Any] = field(default_factory=dict)
    is_exact: bool = True
    """Whether it was computed from the picture as it is, so that an edit can start from it."""
    sides: Sides = Sides()  # noqa: RUF009 (it cannot be changed)
    """What the picture gains around it; the region lies within the larger picture."""
    layers: EditLayers | None = None
    """The same as layers, where it is added so."""

    @property
    def region(self) -> p.Rect:
        """The region within the picture."""
        return p.rect_of(self.head["region"])


@dataclass(frozen=True)
class _Layer:
    """Pixels in the document's colour space, in Krita's order, and their place in the picture."""

    name: str
    region: Rect
    data: bytes


@dataclass(frozen=True)
class _Drawn:
    """A result as it is drawn: the lowest layer with its mask, and items from bottom to top."""

    lowest: _Layer
    mask: bytes
    items: tuple[_Layer, ...]
    digest: str
    """Of the picture with the result."""
    lifted_digest: str
    """Of the picture with lifted items in their places."""


def add_result_layer(
    krita: Krita, source: Source, snapshot: Snapshot, result: EditResult, hide: str | None
) -> Steps:
    """Add a result to the document; gives the id of its layer, and the source where it lies now.

    `hide` is the layer that it replaces. No other layer is changed. The result is one undo step.
    The canvas grows if the result reaches beyond it; that is a step of its own before it, since
    Krita's scripts cannot make one step of several.
    """
    unmoved = source
    check_unchanged(find_document(krita, source.document), source)
    before, source = source, source.grown(result.sides)
    canvas = p.united(Rect(0, 0, *source.canvas), source.rect) if result.sides else None
    if canvas is not None:
        before, source = _on_canvas(before, canvas), _on_canvas(source, canvas)
    drawn: _Drawn = yield from _draw(krita, source, snapshot, result)
    node = _create_layers(krita, source, result, drawn)
    # No `yield` from here to the annotations: the document cannot change in between.
    document = find_document(krita, source.document)
    check_unchanged(document, unmoved)
    if canvas is not None and canvas != Rect(0, 0, *unmoved.canvas):
        document.resizeImage(canvas.x, canvas.y, canvas.width, canvas.height)
        document.waitForDone()
    parent, above = _position(document, source, hide or snapshot.topmost_layer)
    active = document.activeNode() or find_node(document, source.layer)
    parent.addChildNode(node, above)
    hidden = result_nodes(document, hide) if hide else []
    for old in hidden:
        old.setVisible(False)
    if hidden or drawn.items:
        # Krita does not draw the masked layer of a group that is added.
        document.refreshProjection()
    nodes = node.childNodes() if drawn.items else [node]
    _annotate(document, source, result, drawn, nodes)
    stays = nodes[-1] if drawn.items else active
    yield from _keep_active(krita, source, node_id(stays) if stays is not None else "")
    return node_id(nodes[0]), before


def _draw(krita: Krita, source: Source, snapshot: Snapshot, result: EditResult) -> Steps:
    """Give the result in the document's colour space, as `_Drawn`."""
    layers, space = result.layers, source.space
    flat = yield from _converted(krita, source, Part(result.title, result.region, result.pixels))
    lowest, mask, items = flat, result.mask, []
    if layers is not None:
        lowest = yield from _converted(krita, source, replace(layers.plate, item="clean plate"))
        inside = replace(
            lowest.region,
            x=lowest.region.x - flat.region.x,
            y=lowest.region.y - flat.region.y,
        )
        mask = p.crop(result.mask, flat.region.width, 1, inside)
    picture = yield InThread(lambda: _composite(snapshot, source, result, lowest, mask))
    for part in reversed(layers.items if layers is not None else ()):
        item: _Layer = yield from _converted(krita, source, part)
        if layers is not None and not space.is_wire_space and space.depth in p.SAMPLES:
            shown = _cut(snapshot.raw, source, item.region)
            if not layers.is_lifted:
                shown = _inside(flat, item.region, space.pixel)
            below = _cut(picture, source, item.region)
            fitted = yield InThread(partial(refit, item.data, below, shown, space))
            item = replace(item, data=fitted)
        items.append(item)
    digest = yield from _digest(krita, source, picture)
    lifted = ""
    if items:
        seen = yield from _laid_over(krita, source, picture, items)
        lifted = yield from _digest(krita, source, seen)
        if layers is not None and not layers.is_lifted:
            digest, lifted = lifted, ""
    return _Drawn(lowest, mask, tuple(items), digest, lifted)


def _converted(krita: Krita, source: Source, part: Part) -> Steps:
    """Give a part of the daemon's answer in the document's colour space, as `_Layer`."""
    region, wire_space = part.region, source.space.wire_space
    data = yield InThread(lambda: from_wire(part.pixels, wire_space))
    data = convert(krita, data, (region.width, region.height), wire_space, source.space)
    return _Layer(part.item, region, data)


def _digest(krita: Krita, source: Source, picture: bytes) -> Steps:
    wire_space = source.space.wire_space
    data = convert(krita, picture, source.size, source.space, wire_space)
    _, digest = yield InThread(lambda: to_wire(data, source.size, wire_space))
    return digest


def _laid_over(krita: Krita, source: Source, picture: bytes, items: list[_Layer]) -> Steps:
    """Give the picture with items over it, as the snapshot of the next edit will have it."""
    space, width = source.space, source.rect.width
    empty = bytes(len(picture))

    def laid() -> tuple[list[LayerPixels], bytes | None]:
        whole = [p.paste(empty, width, space.pixel, item.region, item.data) for item in items]
        layers = [LayerPixels("", data, space, 255, "normal") for data in whole]
        return layers, composite(picture, layers, space)

    layers, seen = yield InThread(laid)
    return seen if seen is not None else composite_in_krita(krita, source, picture, layers)


def _cut(picture: bytes, source: Source, region: Rect) -> bytes:
    return p.crop(picture, source.rect.width, source.space.pixel, region)


def _inside(layer: _Layer, region: Rect, pixel: int) -> bytes:
    """Return a part of a layer's pixels, given in coordinates of the picture."""
    part = replace(region, x=region.x - layer.region.x, y=region.y - layer.region.y)
    return p.crop(layer.data, layer.region.width, pixel, part)


def _on_canvas(source: Source, canvas: Rect) -> Source:
    """Return the source as it lies on a larger canvas, given in coordinates of the present one."""
    rect = replace(source.rect, x=source.rect.x - canvas.x, y=source.rect.y - canvas.y)
    return replace(source, rect=rect, canvas=(canvas.width, canvas.height))


def _keep_active(krita: Krita, source: Source, layer: str) -> Steps:
    """Make the edited layer active again: Krita activates a new layer a little later."""
    for _ in range(2):
        yield 0.06
        try:
            document = find_document(krita, source.document)
        except Failure:
            # The document was closed after the result was added.
            return
        node = find_node(document, layer)
        if node is not None and document.activeNode() != node:
            document.setActiveNode(node)


def _composite(
    snapshot: Snapshot, source: Source, result: EditResult, layer: _Layer, mask: bytes
) -> bytes:
    """Return the picture with a masked layer over it, in the document's colour space."""
    region, width, space, data = layer.region, source.rect.width, source.space, layer.data
    raw = snapshot.raw
    if result.sides:
        # New pixels are transparent before the result.
        old = result.sides.inside(Rect(0, 0, *source.size))
        raw = p.paste(bytes(source.rect.area * space.pixel), width, space.pixel, old, raw)
    below = p.crop(raw, width, space.pixel, region)
    if space.depth in p.SAMPLES:
        # Transparent pixels of the result cover nothing, whatever their colour.
        opaque = p.nonzero_mask(p.alpha(data, space.channels, space.samples), space.samples)
        both = int.from_bytes(mask, "little") & int.from_bytes(opaque, "little")
        mask = both.to_bytes(len(mask), "little")
    return p.paste(raw, width, space.pixel, region, p.select(below, data, mask))


def _create_layers(krita: Krita, source: Source, result: EditResult, drawn: _Drawn) -> Node:
    """Return a layer with its mask, or a group of that and the items, which is in no document."""
    node = new_layers(krita, source.space, len(drawn.items))
    node.setName(result.title)
    lowest, *items = node.childNodes() if drawn.items else [node]
    for layer, drawing in zip([lowest, *items], [drawn.lowest, *drawn.items]):
        layer.setName(drawing.name)
        region = _on_layer(source, drawing.region)
        layer.setPixelData(QtCore.QByteArray(drawing.data), *region)
    mask = lowest.childNodes()[0]
    mask.setName("What was changed")
    mask.setPixelData(QtCore.QByteArray(drawn.mask), *_on_layer(source, drawn.lowest.region))
    return node


def _on_layer(source: Source, region: Rect) -> tuple[int, int, int, int]:
    """Return a region of the picture in coordinates of the canvas."""
    return (source.rect.x + region.x, source.rect.y + region.y, region.width, region.height)


def _position(document: Document, source: Source, topmost: str | None) -> tuple[Node, Node | None]:
    """Return the parent of a new result and the layer below it: the picture or its top result."""
    if source.layer == VISIBLE:
        root = document.rootNode()
        # The root's selection mask may be above all layers.
        layers = [node for node in root.childNodes() if node.type().endswith("layer")]
        return root, layers[-1] if layers else None
    picture = current_layer(document, source)
    upper = find_node(document, topmost) if topmost else None
    parent = picture.parentNode()
    while upper is not None and upper.parentNode() != parent:
        # The group of an edit as layers.
        upper = upper.parentNode()
    return parent, upper if upper is not None else picture


def _annotate(
    document: Document, source: Source, result: EditResult, drawn: _Drawn, nodes: list[Node]
) -> None:
    """Record the lowest of the layers as the result, and the others as its items."""
    node, *items = nodes
    head, annotations = result.head, Annotations.of(document)
    record = ResultRecord(
        session=result.session,
        source=source.layer,
        digest=drawn.digest,
        revision=head["revision"] or 0,
        base=head["base"],
        seed=head["seed"],
        when="draft" if head["draft"] else "learned",
        title=result.title,
        edits=result.edits,
        plan=result.plan,
        options=result.options,
        model=str(head.get("model") or ""),
        reach=reach_from(node, source.rect),
        grows=bool(result.sides),
        layered=bool(items),
    )
    # No edit can start from a result that the session did not keep.
    can_continue = head["revision"] and result.is_exact
    annotations.record_result(node_id(node), record if can_continue else replace(record, digest=""))
    for item in items:
        annotations.items[node_id(item)] = ItemRecord(
            plate=node_id(node),
            source=source.layer,
            item=item.name(),
            session=result.session,
            digest=drawn.lifted_digest if result.is_exact else "",
            revision=head["base"],
        )
    annotations.record_session(source.layer, result.session)
    pair = (result.session, record.revision)
    annotations.discarded = [known for known in annotations.discarded if known != pair]
    annotations.write(document)
