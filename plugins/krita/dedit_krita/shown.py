"""What the docker shows: plain values that the plug-in's work gives and its widgets read."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Item:
    """An item of the picture."""

    name: str
    colour: tuple[int, int, int]
    share: float
    """How much of the picture it covers, 0 ... 1."""
    is_background: bool = False


@dataclass(frozen=True)
class Small:
    """A small picture, four bytes to a pixel: red, green, blue, alpha."""

    width: int
    height: int
    rgba: bytes


@dataclass(frozen=True)
class Picture:
    """The picture that is worked on."""

    name: str
    width: int
    height: int
    small: Small
    numbers: bytes
    """Of each pixel of `small` the place of its item in `items`."""
    items: tuple[Item, ...] = ()
    session: str = ""
    state: str = ""
    """`opened`, `items`, `learning` or `learned`; empty where there is no session yet."""
    model: str = ""
    device: str = ""


@dataclass(frozen=True)
class Plan:
    """What an edit would come to."""

    numbers: bytes
    """As in `Picture`, after the edit, by the place in `names`."""
    changes: bytes
    """Of each small pixel how far it may change, 0 ... 255."""
    names: tuple[str, ...]


@dataclass(frozen=True)
class Job:
    """Work that waits or runs."""

    number: int
    title: str
    stage: str = ""
    share: float | None = None
    """How much of it is done, 0 ... 1, where that is known."""
    seconds_left: float | None = None
    waits: bool = True
    preview: Small | None = None


@dataclass(frozen=True)
class Entry:
    """A result."""

    key: tuple[str, int]
    """Its session and revision."""
    title: str
    seed: int
    png: bytes = b""
    """A small picture of it."""
    is_applied: bool = False
    """Whether a layer of the document shows it."""
    remark: str = ""
    """Why it is not, where that was not wanted."""
    edits: tuple[dict[str, object], ...] = field(default=())


@dataclass(frozen=True)
class Status:
    """How things are, in words."""

    text: str
    hint: str = ""
    kind: str = "fine"
    """`fine`, `busy` or `wrong`."""
