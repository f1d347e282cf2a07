"""Add a result as a new layer above the picture, with a transparency mask of what changed."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from . import pixels as p
from .annotations import Annotations, ResultRecord, node_id
from .colour_space import convert, from_wire, to_wire
from .failure import Failure
from .flow import InThread, Steps
from .masked_layer import new_masked_layer
from .pixels import Rect
from .qt import QtCore
from .sides import Sides
from .source import (
    VISIBLE,
    check_unchanged,
    current_layer,
    find_document,
    find_node,
    reach_from,
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

    @property
    def region(self) -> p.Rect:
        """The region within the picture."""
        region = self.head["region"]
        return p.Rect(*(region[name] for name in ("x", "y", "width", "height")))


def add_result_layer(
    krita: Krita, source: Source, snapshot: Snapshot, result: EditResult, hide: str | None
) -> Steps:
    """Add a result to the document; gives the id of its layer, and the source where it lies now.

    `hide` is the layer that it replaces. No other layer is changed. The new layer is one undo step.
    The canvas grows if the result reaches beyond it; that is a step of its own before it, since
    Krita's scripts cannot make one step of several.
    """
    unmoved = source
    check_unchanged(find_document(krita, source.document), source)
    before, source = source, source.grown(result.sides)
    canvas = p.united(Rect(0, 0, *source.canvas), source.rect) if result.sides else None
    if canvas is not None:
        before, source = _on_canvas(before, canvas), _on_canvas(source, canvas)
    region, wire_space = result.region, source.space.wire_space
    data = yield InThread(lambda: from_wire(result.pixels, wire_space))
    data = convert(krita, data, (region.width, region.height), wire_space, source.space)
    after = yield InThread(lambda: _composite(snapshot, source, result, data))
    after = convert(krita, after, source.size, source.space, wire_space)
    _, digest = yield InThread(lambda: to_wire(after, source.size, wire_space))
    node = _create_layer(krita, source, result, data)
    # No `yield` from here to the annotations: the document cannot change in between.
    document = find_document(krita, source.document)
    check_unchanged(document, unmoved)
    if canvas is not None and canvas != Rect(0, 0, *unmoved.canvas):
        document.resizeImage(canvas.x, canvas.y, canvas.width, canvas.height)
        document.waitForDone()
    parent, above = _position(document, source, hide or snapshot.topmost_layer)
    active = document.activeNode()
    parent.addChildNode(node, above)
    hidden = find_node(document, hide) if hide else None
    if hidden is not None:
        hidden.setVisible(False)
        document.refreshProjection()
    layer = node_id(node)
    _annotate(document, source, result, node, digest)
    yield from _keep_active(krita, source, node_id(active) if active is not None else "")
    return layer, before


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


def _composite(snapshot: Snapshot, source: Source, result: EditResult, data: bytes) -> bytes:
    """Return the picture with the result, in the document's colour space."""
    region, width, space = result.region, source.rect.width, source.space
    raw = snapshot.raw
    if result.sides:
        # New pixels are transparent before the result.
        old = result.sides.inside(Rect(0, 0, *source.size))
        raw = p.paste(bytes(source.rect.area * space.pixel), width, space.pixel, old, raw)
    below, mask = p.crop(raw, width, space.pixel, region), result.mask
    if space.depth in p.SAMPLES:
        # Transparent pixels of the result cover nothing, whatever their colour.
        opaque = p.nonzero_mask(p.alpha(data, space.channels, space.samples), space.samples)
        both = int.from_bytes(mask, "little") & int.from_bytes(opaque, "little")
        mask = both.to_bytes(len(mask), "little")
    return p.paste(raw, width, space.pixel, region, p.select(below, data, mask))


def _create_layer(krita: Krita, source: Source, result: EditResult, data: bytes) -> Node:
    node, region = new_masked_layer(krita, source.space), result.region
    left, top = source.rect.x + region.x, source.rect.y + region.y
    node.setName(result.title)
    node.setPixelData(QtCore.QByteArray(data), left, top, region.width, region.height)
    mask = node.childNodes()[0]
    mask.setName("What was changed")
    mask.setPixelData(QtCore.QByteArray(result.mask), left, top, region.width, region.height)
    return node


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
    if upper is not None and upper.parentNode() == parent:
        return parent, upper
    return parent, picture


def _annotate(
    document: Document, source: Source, result: EditResult, node: Node, digest: str
) -> None:
    head, annotations = result.head, Annotations.of(document)
    record = ResultRecord(
        session=result.session,
        source=source.layer,
        digest=digest,
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
    )
    # No edit can start from a result that the session did not keep.
    can_continue = head["revision"] and result.is_exact
    annotations.record_result(node_id(node), record if can_continue else replace(record, digest=""))
    annotations.record_session(source.layer, result.session)
    pair = (result.session, record.revision)
    annotations.discarded = [known for known in annotations.discarded if known != pair]
    annotations.write(document)
