"""Plain values that the docker's widgets show."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Item:
    """An item of the picture."""

    name: str
    colour: tuple[int, int, int]
    share: float
    """Share of the picture's pixels, 0 to 1."""
    is_background: bool = False


@dataclass(frozen=True)
class SmallImage:
    """A small RGBA image of 8 bits per sample."""

    width: int
    height: int
    rgba: bytes


@dataclass(frozen=True)
class Picture:
    """The picture that is edited; width and height in pixels of the document."""

    name: str
    width: int
    height: int
    small: SmallImage
    labels: bytes
    """For each pixel of `small` the index of its item in `items`; empty without a session."""
    items: tuple[Item, ...] = ()
    session: str = ""
    state: str = ""
    """`opened`, `items`, `learning` or `learned`; empty without a session."""
    model: str = ""
    device: str = ""
    plan_of: tuple[str, int] | None = None
    """Session and revision that have these items."""


@dataclass(frozen=True)
class Plan:
    """What an edit would change."""

    labels: bytes
    """The label map after the edit, as in `Picture`; indices into `names`."""
    changes: bytes
    """For each pixel of the small image 255 where it may change."""
    names: tuple[str, ...]


@dataclass(frozen=True)
class Job:
    """A job that waits or runs."""

    number: int
    title: str
    stage: str = ""
    share: float | None = None
    """Progress, 0 to 1, if known."""
    seconds_left: float | None = None
    waits: bool = True
    preview: SmallImage | None = None


@dataclass(frozen=True)
class Entry:
    """A result in the history."""

    key: tuple[str, int]
    """Session and revision."""
    title: str
    seed: int
    png: bytes = b""
    """Thumbnail."""
    is_applied: bool = False
    """Whether a visible layer of the document shows it."""
    remark: str = ""
    """Why no layer shows it, if one was expected."""
    details: dict[str, Any] = field(default_factory=dict)
    """As the daemon lists it."""


@dataclass(frozen=True)
class Model:
    """A model of the list."""

    name: str
    """What names it in requests."""
    title: str
    details: str
    """Family, kind and size."""
    state: str
    """Whether it is there, in words."""
    is_there: bool
    is_broken: bool
    about: str
    """What it is good for, its licence, its place."""
    buttons: frozenset[str]
    """Names of the buttons that make sense."""
    question: str = ""
    """Asked before it is fetched, until its licence is accepted."""
    link: str = ""
    """Where the licence can be read."""


@dataclass(frozen=True)
class Status:
    """The text of the status line, and what the user can do."""

    text: str
    hint: str = ""
    kind: str = "fine"
    """`fine`, `busy` or `wrong`."""
    remedy: str = ""
    """What buttons offer: `retry`, `model` (to choose or fetch one), or nothing."""
