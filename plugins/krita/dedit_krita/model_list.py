"""The models that are known by name and those of this machine; what is done with them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from .flow import Ask
from .parameters import MODEL_BUTTONS, MODEL_TEXTS, MODEL_WORDS
from .qt import QtCore, Signal
from .view_state import Model

if TYPE_CHECKING:
    from .flow import Steps

CHOSEN = ("checkpoint", "segmentation")
"""Kinds of which one is the default."""
REMOVABLE = ("D-Edit", "added")
"""Who keeps a model that can be removed, in the words of the daemon."""


class ModelList(QtCore.QObject):
    """The models, as last read."""

    changed = Signal()

    def __init__(self, parent: Any = None) -> None:  # noqa: ANN401
        """Create an empty list."""
        super().__init__(parent)
        self.models: tuple[Model, ...] = ()

    def take(self, head: dict[str, Any]) -> None:
        """Take an answer to `catalog`."""
        usual = head.get("usual")
        self.models = tuple(model_of(one, usual) for one in head["models"])
        self.changed.emit()

    def read(self) -> Steps:
        """Ask for the models."""
        self.take((yield Ask("catalog")).head)

    def fetch(self, model: Model) -> Steps:
        """Fetch a model whose licence was accepted; gives a sentence."""
        # One licence is accepted for all models under it, also where this fetch is stopped.
        self.models = tuple(
            replace(one, question="") if one.link == model.link else one for one in self.models
        )
        self.changed.emit()
        yield Ask("fetch_model", {"name": model.name, "accept_licence": True})
        yield from self.read()
        return MODEL_TEXTS["fetch_done"].format(title=model.title)

    def verify(self, model: Model) -> Steps:
        """Compare the files of a model with their checksums; gives a sentence."""
        head = (yield Ask("verify_model", {"name": model.name})).head
        if head.get("broken"):
            broken = MODEL_TEXTS["about_broken"].format(broken=head["broken"])
            return f"{model.title}: {broken[:1].lower()}{broken[1:]}"
        done = "verify_same" if head.get("compared") else "verify_whole"
        return MODEL_TEXTS[done].format(title=model.title)

    def choose(self, model: Model) -> Steps:
        """Make a model the default; gives a sentence."""
        self.take((yield Ask("choose_model", {"name": model.name})).head)
        return MODEL_TEXTS["default_done"].format(title=model.title)

    def remove(self, model: Model) -> Steps:
        """Remove a model; gives a sentence."""
        self.take((yield Ask("remove_model", {"name": model.name})).head)
        return MODEL_TEXTS["remove_done"].format(title=model.title)

    def add(self, path: str) -> Steps:
        """Add the models of a file; gives a sentence."""
        head = (yield Ask("add_model", {"path": path})).head
        self.take(head)
        titles = (one["title"] for one in head["models"] if one.get("path") == path)
        return MODEL_TEXTS["add_done"].format(title=next(titles, path))


def size(count: int | None) -> str:
    """Format a number of bytes; empty if it is not known."""
    if count is None:
        return ""
    megabytes = count / 1e6
    if megabytes < 1:
        return f"{-(-count // 1000)} kB"
    return f"{megabytes:.0f} MB" if megabytes < 1000 else f"{megabytes / 1000:.1f} GB"


def model_of(one: dict[str, Any], usual: str | None) -> Model:
    """Return a model of an answer to `catalog`; `usual` is the path of the default."""
    path, broken, program = one.get("path"), one.get("broken"), one.get("program")
    is_whole, is_usual = path is not None and not broken, path is not None and path == usual
    state = "broken" if broken else "absent" if path is None else "found"
    if state == "found" and program == "D-Edit":
        state = "fetched"
    possible = {
        "fetch": bool(one.get("fetchable")) and not is_whole,
        "default": is_whole and one["kind"] in CHOSEN and not is_usual,
        "add": True,
        "verify": path is not None,
        "remove": path is not None and program in REMOVABLE,
    }
    family, kind = one.get("family") or "", one["kind"]
    # Most are checkpoints, so this word is left out.
    kind_word = "" if kind == "checkpoint" else MODEL_WORDS.get(kind, kind)
    details = [MODEL_WORDS.get(family, family), kind_word, size(one.get("bytes"))]
    values = {
        "licence": one.get("licence"),
        "link": one.get("licence_link"),
        "program": program,
        "path": path,
        "broken": broken,
        "title": one["title"],
    }
    texts = {name: text.format(**values) for name, text in MODEL_TEXTS.items()}
    about = [
        one.get("purpose") or (texts["inpainting"] if one.get("inpainting") else ""),
        texts["about_licence"] if one.get("licence") else "",
        texts["about_place"] if path is not None else "",
        texts["about_broken"] if broken else "",
    ]
    return Model(
        # Several files may have one name; their paths tell them apart.
        name=one["name"] if one.get("fetchable") or path is None else path,
        title=one["title"],
        details=" · ".join(part for part in details if part),
        state=texts[state] + (texts["usual"] if is_usual else ""),
        is_there=is_whole,
        is_broken=bool(broken),
        about="\n".join(line for line in about if line),
        buttons=frozenset(name for name, *_ in MODEL_BUTTONS if possible[name]),
        question="" if one.get("accepted") else texts["ask"],
        link=one.get("licence_link") or "",
    )
