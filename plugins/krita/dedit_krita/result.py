"""Results as new layers above the picture: what an edit changed, with a transparency mask of it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from . import pixels as p
from .failure import Failure
from .flow import Aside, Steps
from .ground import Ground, told
from .noted import Notes, Result, key_of
from .qt import QtCore
from .source import VISIBLE, Source, check_still_fits, current, document_of, node_of
from .spaces import from_wire, turned
from .template import layer as new_layer
from .wire import Pixels

if TYPE_CHECKING:
    from krita import Document, Krita, Node


@dataclass(frozen=True)
class Made:
    """A result that becomes a layer."""

    head: dict[str, Any]
    """What the daemon answered."""
    pixels: Pixels
    """The pixels of its region."""
    mask: bytes
    """A byte for each pixel of the region: 255 where it may have changed."""
    session: str
    title: str
    edits: list[dict[str, Any]] = field(default_factory=list)
    plan: dict[str, Any] = field(default_factory=dict)
    options: dict[str, Any] = field(default_factory=dict)
    is_exact: bool = True
    """Whether it was made of what is seen, so that an edit can go on from it."""

    @property
    def region(self) -> p.Rect:
        """Where it lies on the picture."""
        told_region = self.head["region"]
        return p.Rect(*(told_region[name] for name in ("x", "y", "width", "height")))


def put(krita: Krita, source: Source, ground: Ground, made: Made, hide: str | None) -> Steps:
    """Put a result into the document, in one step of undoing; gives its layer's key.

    The layer that it takes the place of is hidden. Nothing else of the document is touched.
    """
    check_still_fits(document_of(krita, source.document), source)
    region, sent = made.region, source.space.sent
    data = yield Aside(lambda: from_wire(made.pixels.data, sent))
    data = turned(krita, data, (region.width, region.height), sent, source.space)
    after = yield Aside(lambda: _with(ground, source, made, data))
    size = (source.rect.width, source.rect.height)
    after = turned(krita, after, size, source.space, sent)
    _, digest = yield Aside(lambda: told(after, size, sent))
    node = _filled(krita, source, made, data)
    # From here on in one go: what was looked at a moment ago is still so.
    document = document_of(krita, source.document)
    check_still_fits(document, source)
    parent, above = _place(document, source, hide or ground.topmost)
    active = document.activeNode()
    parent.addChildNode(node, above)
    hidden = node_of(document, hide) if hide else None
    if hidden is not None:
        hidden.setVisible(False)
        document.refreshProjection()
    key = key_of(node)
    _note(document, source, made, key, digest)
    yield from _stay(krita, source, key_of(active) if active is not None else "")
    return key


def _stay(krita: Krita, source: Source, key: str) -> Steps:
    """Let the layer that was worked on stay the active one: Krita turns to new layers, soon."""
    for _ in range(2):
        yield 0.06
        try:
            document = document_of(krita, source.document)
        except Failure:
            # It was closed, with the result in it.
            return
        node = node_of(document, key)
        if node is not None and document.activeNode() != node:
            document.setActiveNode(node)


def _with(ground: Ground, source: Source, made: Made, data: bytes) -> bytes:
    """Give the picture with the result on it, as the document holds it."""
    region, width, space = made.region, source.rect.width, source.space
    below, mask = p.cut(ground.raw, width, space.pixel, region), made.mask
    if space.depth in p.SAMPLES:
        # What is clear covers nothing, whatever colour it has.
        covers = p.hard_mask(p.alpha(data, space.channels, space.samples), space.samples)
        mask = (int.from_bytes(mask, "little") & int.from_bytes(covers, "little")).to_bytes(
            len(mask), "little"
        )
    return p.put(ground.raw, width, space.pixel, region, p.chosen(below, data, mask))


def _filled(krita: Krita, source: Source, made: Made, data: bytes) -> Node:
    node, region = new_layer(krita, source.space), made.region
    left, top = source.rect.x + region.x, source.rect.y + region.y
    node.setName(made.title)
    node.setPixelData(QtCore.QByteArray(data), left, top, region.width, region.height)
    mask = node.childNodes()[0]
    mask.setName("What was changed")
    mask.setPixelData(QtCore.QByteArray(made.mask), left, top, region.width, region.height)
    return node


def _place(document: Document, source: Source, topmost: str | None) -> tuple[Node, Node | None]:
    """Where a new result goes: above its picture, and above earlier results beside it."""
    if source.layer == VISIBLE:
        root = document.rootNode()
        # The selection of the whole document may lie above all layers.
        layers = [node for node in root.childNodes() if node.type().endswith("layer")]
        return root, layers[-1] if layers else None
    picture = current(document, source)
    upper = node_of(document, topmost) if topmost else None
    parent = picture.parentNode()
    if upper is not None and upper.parentNode() == parent:
        return parent, upper
    return parent, picture


def _note(document: Document, source: Source, made: Made, key: str, digest: str) -> None:
    head, notes = made.head, Notes.of(document)
    result = Result(
        session=made.session,
        source=source.layer,
        digest=digest,
        revision=head["revision"] or 0,
        base=head["base"],
        seed=head["seed"],
        when="draft" if head["draft"] else "learned",
        title=made.title,
        edits=made.edits,
        plan=made.plan,
        options=made.options,
        model=str(head.get("model") or ""),
    )
    # One that was not kept with the session is nothing to go on from.
    notes.note_result(
        key, result if head["revision"] and made.is_exact else replace(result, digest="")
    )
    notes.note_session(source.layer, made.session)
    pair = (made.session, result.revision)
    notes.discarded = [known for known in notes.discarded if known != pair]
    notes.write(document)
