"""What a document remembers: its sessions by layer, and how its results were made.

It is kept as annotations of the document, which .kra files have: `dedit_session`, the session it
was last worked on in, and `dedit`, everything as JSON. What is there may be anybody's, so nothing
in it is believed before it was looked at.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from .qt import QtCore

if TYPE_CHECKING:
    from krita import Document, Node

SESSION, ALL = "dedit_session", "dedit"
MOST_SESSIONS, MOST_RESULTS = 64, 512


def key_of(node: Node) -> str:
    """Give what names a layer, in its document and in the file of it."""
    return str(node.uniqueId().toString())


@dataclass(frozen=True)
class Result:
    """How a result's layer was made."""

    session: str
    source: str
    """The key of the layer that was edited."""
    digest: str
    """Of the picture with the result in it."""
    revision: int
    base: int
    seed: int
    when: str = "learned"
    model: str = ""
    title: str = ""
    edits: list[dict[str, Any]] = field(default_factory=list)
    plan: dict[str, Any] = field(default_factory=dict)
    options: dict[str, Any] = field(default_factory=dict)


class Notes:
    """What was read of a document; written back as a whole."""

    def __init__(self, told: dict[str, Any]) -> None:
        """Take what makes sense of it."""
        self.sessions: dict[str, list[str]] = {}
        self.results: dict[str, Result] = {}
        self.discarded: list[tuple[str, int]] = []
        for key, names in _pairs(told.get("sessions")):
            if isinstance(names, list):
                self.sessions[key] = [name for name in names if isinstance(name, str)]
        for key, noted in _pairs(told.get("results")):
            result = _result(noted)
            if result is not None:
                self.results[key] = result
        discarded = told.get("discarded")
        for pair in discarded if isinstance(discarded, list) else []:
            if isinstance(pair, list) and [type(part) for part in pair] == [str, int]:
                self.discarded.append((pair[0], pair[1]))

    @classmethod
    def of(cls, document: Document) -> Notes:
        """Read them."""
        try:
            told = json.loads(bytes(document.annotation(ALL)).decode())
        except (ValueError, RecursionError):
            told = {}
        return cls(told if isinstance(told, dict) else {})

    def result(self, key: str) -> Result | None:
        """How a layer was made, if it is a result."""
        return self.results.get(key)

    def note_session(self, layer: str, session: str) -> None:
        """Remember a session as a layer's last one."""
        others = [name for name in self.sessions.pop(layer, []) if name != session]
        self.sessions = {layer: [session, *others][:MOST_SESSIONS], **self.sessions}

    def note_result(self, layer: str, result: Result) -> None:
        """Remember how a layer was made."""
        self.results[layer] = result
        while len(self.results) > MOST_RESULTS:
            del self.results[next(iter(self.results))]

    def write(self, document: Document) -> None:
        """Keep them with the document."""
        told = {
            "sessions": self.sessions,
            "results": {key: asdict(result) for key, result in self.results.items()},
            "discarded": self.discarded[-MOST_RESULTS:],
        }
        last = next(iter(self.sessions.values()), [""])[0]
        _write(document, SESSION, "D-Edit: the session it was last edited in", last)
        _write(document, ALL, "D-Edit: sessions and results", json.dumps(told))


def _write(document: Document, name: str, description: str, text: str) -> None:
    # A name that was read of a document may have halves of characters in it.
    data = text.encode(errors="replace")
    # The same again would make the document count as changed.
    if bytes(document.annotation(name)) != data:
        document.setAnnotation(name, description, QtCore.QByteArray(data))


def _pairs(told: Any) -> list[tuple[str, Any]]:  # noqa: ANN401
    return list(told.items()) if isinstance(told, dict) else []


def _result(told: Any) -> Result | None:  # noqa: ANN401
    kinds = {"session": str, "source": str, "digest": str, "revision": int, "base": int}
    kinds.update({"seed": int, "when": str, "title": str, "plan": dict, "options": dict})
    kinds["edits"] = list
    if not isinstance(told, dict) or set(kinds) - set(told):
        return None
    if not all(isinstance(told[name], kind) for name, kind in kinds.items()):
        return None
    # Notes from before it was noted have none.
    model = told.get("model", "")
    if not isinstance(model, str):
        return None
    return Result(**{name: told[name] for name in kinds}, model=model)
