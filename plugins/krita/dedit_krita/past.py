"""What was made of a picture: its history with the daemon, and results that come back as layers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from . import pixels as p
from . import verbs
from .failure import Failure
from .flow import Aside, Ask, Steps
from .ground import stand
from .noted import Notes
from .result import Made, put
from .shown import Entry
from .source import document_of, is_shown, node_of
from .wire import Pixels

if TYPE_CHECKING:
    from krita import Document

    from .run import Call
    from .source import Source

MOST_SESSIONS = 8
"""The last ones: a selection on top of others begins one of its own."""


def entries(call: Call) -> Steps:
    """Give the results of a source, the newest first."""
    document = document_of(call.krita, call.source.document)
    notes = Notes.of(document)
    found: list[tuple[int, Entry]] = []
    for session in notes.sessions.get(call.source.layer, [])[:MOST_SESSIONS]:
        try:
            yield Ask("open_session", {"session": session})
            answer = yield Ask("history", {"session": session, "thumbnails": True})
        except Failure as failure:
            if failure.kind in ("connection", "cancelled"):
                raise
            continue
        for told in answer.head["revisions"]:
            entry = _entry(session, told, answer.blobs)
            if entry.key not in notes.discarded:
                found.append((int(told.get("time") or 0), entry))
    found.sort(key=lambda pair: (pair[0], pair[1].key[1]), reverse=True)
    return [entry for _, entry in found]


def _entry(session: str, told: dict[str, Any], blobs: list[Any]) -> Entry:
    place, edits = told.get("thumbnail"), told.get("edits") or [{}]
    png = bytes(blobs[place]) if isinstance(place, int) and place < len(blobs) else b""
    return Entry(
        (session, told["revision"]),
        verbs.title(edits[0]),
        int(told.get("seed") or 0),
        png,
        edits=tuple(edits),
    )


def applied(document: Document, source: Source) -> dict[tuple[str, int], str]:
    """The results that layers show, with their layers' keys."""
    notes, found = Notes.of(document), {}
    for key, noted in notes.results.items():
        node = node_of(document, key) if noted.source == source.layer else None
        if node is not None and is_shown(node):
            found[(noted.session, noted.revision)] = key
    return found


def bring_back(call: Call, entry: Entry) -> Steps:
    """Make a result a layer again, of all in which it differs from what is seen."""
    ground = yield from stand(call.krita, call.source)
    session, revision = entry.key
    yield Ask("open_session", {"session": session})
    head = {"session": session, "revision": revision, "whole": True}
    answer = yield Ask("result", head)
    whole, here = answer.blobs[0], ground.pixels
    if _kind(whole) != _kind(here):
        raise Failure(
            "input",
            f"'{entry.title}' was made of a picture of another size or kind",
            hint="open the picture that it was made of, and choose its layer",
        )
    history = yield Ask("history", {"session": session})
    revisions = history.head["revisions"]
    told = next((one for one in revisions if one["revision"] == revision), {})
    made = yield Aside(lambda: _difference(entry, here, whole, told))
    if made is None:
        raise Failure("input", f"'{entry.title}' is what is seen already")
    key = yield from put(call.krita, call.source, ground, made, None)
    call.took(call.source, made, key, "")


def _kind(pixels: Pixels) -> tuple[int, int, int, str]:
    return (pixels.width, pixels.height, pixels.channels, pixels.samples)


def _difference(entry: Entry, here: Pixels, whole: Pixels, history: dict[str, Any]) -> Made | None:
    pixel = here.channels * p.SAMPLE_BYTES[here.samples]
    mask = p.differing(here.data, whole.data, pixel)
    region = p.bounds(mask, here.width)
    if region is None:
        return None
    width, height = region.width, region.height
    part = Pixels(
        width, height, whole.channels, whole.samples, p.cut(whole.data, whole.width, pixel, region)
    )
    told = {"x": region.x, "y": region.y, "width": width, "height": height}
    head = {"region": told, "revision": entry.key[1], "seed": entry.seed, "draft": False}
    head["base"] = history.get("base") or 0
    note = history.get("note")
    note = note if isinstance(note, dict) else {}
    plan, options = note.get("plan") or {}, note.get("options") or {}
    cut = p.cut(mask, here.width, 1, region)
    edits = [dict(edit) for edit in entry.edits]
    return Made(head, part, cut, entry.key[0], entry.title, edits, plan, options)
