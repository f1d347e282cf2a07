"""Earlier results of a picture: list them, and apply one as a layer."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from . import pixels as p
from .annotations import Annotations
from .edit_request import edit_title
from .failure import Failure
from .flow import Ask, InThread, Steps
from .result_layer import EditResult, add_result_layer
from .sides import Sides, sides_of
from .snapshot import take_snapshot
from .source import find_document, find_node, is_visible
from .view_state import Entry
from .wire import Pixels

if TYPE_CHECKING:
    from krita import Document

    from .command import Command
    from .source import Source

MAX_SESSIONS = 8
"""Sessions of a layer that are listed, the last ones."""


def entries(command: Command) -> Steps:
    """Give the entries of a source's history, the newest first."""
    document = find_document(command.krita, command.source.document)
    annotations = Annotations.of(document)
    found: list[tuple[int, Entry]] = []
    for session in annotations.sessions.get(command.source.layer, [])[:MAX_SESSIONS]:
        try:
            yield Ask("open_session", {"session": session})
            answer = yield Ask("history", {"session": session, "thumbnails": True})
        except Failure as failure:
            if failure.ends_work:
                raise
            continue
        for revision in answer.head["revisions"]:
            entry = _entry(session, revision, answer.blobs)
            if entry.key not in annotations.discarded:
                found.append((int(revision.get("time") or 0), entry))
    found.sort(key=lambda pair: (pair[0], pair[1].key[1]), reverse=True)
    return [entry for _, entry in found]


def _entry(session: str, revision: dict[str, Any], blobs: list[Any]) -> Entry:
    index, edits, note = revision.get("thumbnail"), revision.get("edits") or [{}], _note(revision)
    png = bytes(blobs[index]) if isinstance(index, int) and index < len(blobs) else b""
    return Entry(
        (session, revision["revision"]),
        str(note.get("name") if note.get("host") == "krita" else "") or edit_title(edits[0]),
        int(revision.get("seed") or 0),
        png,
        details=revision,
    )


def _note(revision: dict[str, Any]) -> dict[str, Any]:
    note = revision.get("note")
    return note if isinstance(note, dict) else {}


def applied_results(document: Document, source: Source) -> dict[tuple[str, int], str]:
    """Return the results with a visible layer: session and revision to the layer's id."""
    found = {}
    for layer, record in Annotations.of(document).results.items():
        node = find_node(document, layer) if record.source == source.layer else None
        if node is not None and is_visible(node):
            found[(record.session, record.revision)] = layer
    return found


def apply_result(command: Command, entry: Entry) -> Steps:
    """Add a layer of all pixels in which a result differs from the picture as it is now."""
    snapshot = yield from take_snapshot(command.krita, command.source)
    session, revision = entry.key
    yield Ask("open_session", {"session": session})
    head = {"session": session, "revision": revision, "whole": True}
    answer = yield Ask("result", head)
    listed = yield Ask("history", {"session": session})
    seen = snapshot.result.revision if snapshot.result and snapshot.result.session == session else 0
    revisions = listed.head["revisions"]
    sides = sides_of(revisions, revision).minus(sides_of(revisions, seen))
    if sides is None:
        raise Failure(
            "input",
            f"the canvas of '{entry.title}' is smaller than what is seen",
            hint="hide the layers of the results that expanded it, or undo them",
        )
    whole, current = answer.blobs[0], _on_canvas(snapshot.pixels, sides)
    if _format(whole) != _format(current):
        raise Failure(
            "input",
            f"'{entry.title}' was made of a picture of another size or kind",
            hint="open the picture that it was made of, and choose its layer",
        )
    old = sides.inside(p.Rect(0, 0, whole.width, whole.height))
    result = yield InThread(lambda: _difference(entry, current, whole, old))
    if result is None:
        raise Failure("input", f"'{entry.title}' is what is seen already")
    result = replace(result, sides=sides)
    layer, command.source = yield from add_result_layer(
        command.krita, command.source, snapshot, result, None
    )
    command.on_result(command.source, result, layer, "")


def _on_canvas(picture: Pixels, sides: Sides) -> Pixels:
    """Return the picture on a larger canvas, whose new pixels are 0."""
    if not sides:
        return picture
    rect = sides.around(p.Rect(0, 0, picture.width, picture.height))
    old = sides.inside(p.Rect(0, 0, rect.width, rect.height))
    pixel = picture.channels * p.SAMPLE_BYTES[picture.samples]
    data = p.paste(bytes(rect.area * pixel), rect.width, pixel, old, picture.data)
    return Pixels(rect.width, rect.height, picture.channels, picture.samples, data)


def _format(pixels: Pixels) -> tuple[int, int, int, str]:
    return (pixels.width, pixels.height, pixels.channels, pixels.samples)


def _difference(entry: Entry, current: Pixels, whole: Pixels, old: p.Rect) -> EditResult | None:
    """Return the part of a whole result that differs from the picture; None if nothing does.

    Beyond `old` everything does.
    """
    pixel = current.channels * p.SAMPLE_BYTES[current.samples]
    mask = p.difference_mask(current.data, whole.data, pixel)
    mask = p.paste(b"\xff" * len(mask), whole.width, 1, old, p.crop(mask, whole.width, 1, old))
    box = p.bounding_box(mask, current.width)
    if box is None:
        return None
    data = p.crop(whole.data, whole.width, pixel, box)
    part = Pixels(box.width, box.height, whole.channels, whole.samples, data)
    region = {"x": box.x, "y": box.y, "width": box.width, "height": box.height}
    head = {"region": region, "revision": entry.key[1], "seed": entry.seed, "draft": False}
    head["base"] = entry.details.get("base") or 0
    note = _note(entry.details)
    return EditResult(
        head,
        part,
        p.crop(mask, current.width, 1, box),
        entry.key[0],
        entry.title,
        [dict(edit) for edit in entry.details.get("edits") or []],
        note.get("plan") or {},
        note.get("options") or {},
    )
