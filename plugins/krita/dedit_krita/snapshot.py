"""The picture as it is now: the layer that is edited with its visible result layers on top.

Results are single layers, or a clean plate and items.

If the pixels equal a result of the daemon bit for bit, the next edit starts from that revision and
uses what was learned. If the user painted on a result, hid or deleted one, the composite is a
picture of its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from .annotations import Annotations, node_id
from .colour_space import convert, to_wire
from .compositing import composite, composite_in_krita
from .flow import InThread, Steps
from .source import (
    VISIBLE,
    Source,
    check_unchanged,
    copy_result,
    find_document,
    read_pixels,
    visible_results,
)
from .wire import Pixels

if TYPE_CHECKING:
    from krita import Krita


@dataclass(frozen=True)
class Revision:
    """A revision of a session."""

    session: str
    revision: int


@dataclass(frozen=True)
class Snapshot:
    """The composite of a layer and its visible results."""

    pixels: Pixels
    digest: str
    result: Revision | None
    """The revision that the composite equals."""
    raw: bytes
    """The composite in the document's colour space, in Krita's order."""
    topmost: Revision | None
    """That of the uppermost visible result."""
    topmost_layer: str | None
    """Its id."""


def take_snapshot(krita: Krita, source: Source, without: str | None = None) -> Steps:
    """Read the picture, optionally without one result layer; gives a `Snapshot`.

    The picture `VISIBLE` always has all visible layers.
    """
    document = find_document(krita, source.document)
    check_unchanged(document, source)
    annotations, raw = Annotations.of(document), read_pixels(document, source)
    absent = annotations.layers_of(without) if without else []
    nodes = [node for node in visible_results(document, source) if node_id(node) not in absent]
    layers = [copy_result(node, source.rect) for node in nodes] if source.layer != VISIBLE else []
    if layers:
        below = raw
        plain = yield InThread(lambda: composite(below, layers, source.space))
        raw = plain if plain is not None else composite_in_krita(krita, source, below, layers)
    wire_space = source.space.wire_space
    data = convert(krita, raw, source.size, source.space, wire_space)
    pixels, digest = yield InThread(lambda: to_wire(data, source.size, wire_space))
    ids = [node_id(node) for node in nodes]
    records = [found for layer in reversed(ids) if (found := annotations.result(layer)) is not None]
    items = [found for layer in reversed(ids) if (found := annotations.items.get(layer))]
    seen = next((record for record in [*records, *items] if record.digest == digest), None)
    result = Revision(seen.session, seen.revision) if seen is not None else None
    topmost = Revision(records[0].session, records[0].revision) if records else None
    return Snapshot(pixels, digest, result, raw, topmost, ids[-1] if ids else None)
