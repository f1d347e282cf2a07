"""What a document remembers: the sessions of each layer, and how its result layers were made.

A result of several layers has its record at the lowest, the clean plate; the items above it refer
to that layer.

Two annotations of the document, which .kra files keep: `dedit_session` has the name of the last
session, `dedit` has everything as JSON. A file may come from anywhere, so every value is checked
when it is read.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from .qt import QtCore

if TYPE_CHECKING:
    from krita import Document, Node

SESSION, ALL = "dedit_session", "dedit"
MAX_SESSIONS, MAX_RESULTS = 64, 512


def node_id(node: Node) -> str:
    """Return the id of a layer or mask, which files keep."""
    return str(node.uniqueId().toString())


@dataclass(frozen=True)
class ResultRecord:
    """How a result layer was made."""

    session: str
    source: str
    """Id of the layer that was edited, or `source.VISIBLE`."""
    digest: str
    """Of the picture with the result in it; empty where no edit can start from it."""
    revision: int
    base: int
    """Revision that the edit started from; 0 is the picture itself."""
    seed: int
    when: str = "learned"
    model: str = ""
    title: str = ""
    edits: list[dict[str, Any]] = field(default_factory=list)
    plan: dict[str, Any] = field(default_factory=dict)
    options: dict[str, Any] = field(default_factory=dict)
    reach: tuple[int, ...] = ()
    """Left, top, width and height of the picture with the result, from the corner of what its mask
    shows; empty in documents of earlier versions."""
    grows: bool = False
    """Whether the picture reaches further than without the result."""
    layered: bool = False
    """Whether it was made as a clean plate and its items."""


@dataclass(frozen=True)
class ItemRecord:
    """Of an item that is a layer of its own."""

    plate: str
    """Id of the layer below it, which has the record of the result."""
    source: str
    """As in the result."""
    item: str
    """Its name."""
    session: str = ""
    digest: str = ""
    """Of the picture in which the item lies over its plate, if that is another revision than the
    plate's, else empty: a lifted item hides what its removal has changed."""
    revision: int = 0
    """That revision."""


class Annotations:
    """The annotations of a document; changes are written by `write`."""

    def __init__(self, stored: dict[str, Any]) -> None:
        """Take the valid parts of what was stored."""
        self.sessions: dict[str, list[str]] = {}
        """By layer id, the last session first."""
        self.results: dict[str, ResultRecord] = {}
        """By the id of the result's layer."""
        self.items: dict[str, ItemRecord] = {}
        """By the id of the item's layer."""
        self.discarded: list[tuple[str, int]] = []
        """Session and revision of results that the history leaves out."""
        for layer, names in _pairs(stored.get("sessions")):
            if isinstance(names, list):
                self.sessions[layer] = [name for name in names if isinstance(name, str)]
        for layer, value in _pairs(stored.get("results")):
            result = _result(value)
            if result is not None:
                self.results[layer] = result
        for layer, value in _pairs(stored.get("items")):
            item = _item(value)
            if item is not None:
                self.items[layer] = item
        discarded = stored.get("discarded")
        for pair in discarded if isinstance(discarded, list) else []:
            if isinstance(pair, list) and [type(part) for part in pair] == [str, int]:
                self.discarded.append((pair[0], pair[1]))

    @classmethod
    def of(cls, document: Document) -> Annotations:
        """Read the annotations of a document."""
        try:
            stored = json.loads(bytes(document.annotation(ALL)).decode())
        except (ValueError, RecursionError):
            stored = {}
        return cls(stored if isinstance(stored, dict) else {})

    def result(self, layer: str) -> ResultRecord | None:
        """Return how a layer was made; None where it is no result."""
        return self.results.get(layer)

    def source_of(self, layer: str) -> str | None:
        """Return what a layer of a result, plate or item, was made of; None where it is none."""
        record = self.results.get(layer) or self.items.get(layer)
        return record.source if record is not None else None

    def layers_of(self, layer: str) -> list[str]:
        """Return the layers of a result: its own, and those of its items."""
        return [layer, *(item for item, record in self.items.items() if record.plate == layer)]

    def record_session(self, layer: str, session: str) -> None:
        """Remember a session as the last one of a layer."""
        others = [name for name in self.sessions.pop(layer, []) if name != session]
        self.sessions = {layer: [session, *others][:MAX_SESSIONS], **self.sessions}

    def record_result(self, layer: str, result: ResultRecord) -> None:
        """Remember how a layer was made; the oldest record goes where there are too many."""
        self.results[layer] = result
        while len(self.results) > MAX_RESULTS:
            oldest = next(iter(self.results))
            del self.results[oldest]
            self.items = {item: one for item, one in self.items.items() if one.plate != oldest}

    def write(self, document: Document) -> None:
        """Write the annotations to the document."""
        stored = {
            "sessions": self.sessions,
            "results": {layer: asdict(result) for layer, result in self.results.items()},
            "items": {layer: asdict(item) for layer, item in self.items.items()},
            "discarded": self.discarded[-MAX_RESULTS:],
        }
        last = next(iter(self.sessions.values()), [""])[0]
        _write(document, SESSION, "D-Edit: the session it was last edited in", last)
        _write(document, ALL, "D-Edit: sessions and results", json.dumps(stored))


def _write(document: Document, name: str, description: str, text: str) -> None:
    # A name that came from a file may have lone surrogates.
    data = text.encode(errors="replace")
    # Writing the same again would mark the document as modified.
    if bytes(document.annotation(name)) != data:
        document.setAnnotation(name, description, QtCore.QByteArray(data))


def _pairs(value: Any) -> list[tuple[str, Any]]:  # noqa: ANN401
    return list(value.items()) if isinstance(value, dict) else []


def _result(value: Any) -> ResultRecord | None:  # noqa: ANN401
    kinds = {"session": str, "source": str, "digest": str, "revision": int, "base": int}
    kinds.update({"seed": int, "when": str, "title": str, "plan": dict, "options": dict})
    kinds["edits"] = list
    if not isinstance(value, dict) or set(kinds) - set(value):
        return None
    if not all(isinstance(value[name], kind) for name, kind in kinds.items()):
        return None
    # Documents of earlier versions have no model.
    model = value.get("model", "")
    reach, grows = value.get("reach", []), value.get("grows", False)
    if not isinstance(model, str) or not isinstance(reach, list) or not isinstance(grows, bool):
        return None
    layered = value.get("layered", False)
    if not isinstance(layered, bool):
        return None
    if len(reach) not in (0, 4) or not all(type(number) is int for number in reach):
        return None
    fields = {name: value[name] for name in kinds}
    return ResultRecord(**fields, model=model, reach=tuple(reach), grows=grows, layered=layered)


def _item(value: Any) -> ItemRecord | None:  # noqa: ANN401
    texts = ("plate", "source", "item", "session", "digest")
    if not isinstance(value, dict) or not isinstance(value.get("revision"), int):
        return None
    if not all(isinstance(value.get(name), str) for name in texts):
        return None
    return ItemRecord(**{name: value[name] for name in (*texts, "revision")})
