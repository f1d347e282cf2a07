"""What an edit can be told: names, ranges and defaults, the same as in the other hosts."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from .failure import Failure


@dataclass(frozen=True)
class Parameter:
    """A value: what it is called, what it may be, and what it is unless said otherwise."""

    name: str
    label: str
    help: str
    kind: str
    default: Any
    low: float = 0.0
    high: float = 0.0
    options: tuple[tuple[str, str], ...] = ()

    def check(self, value: Any) -> Any:  # noqa: ANN401
        """Give the value as it is meant; Failure where it makes no sense."""
        if self.kind == "text" and isinstance(value, str):
            return value.strip()
        if self.kind == "choice":
            words = [word for word, _ in self.options]
            if value in words:
                return value
            known = ", ".join(words)
            raise Failure("usage", f"'{self.name}' is '{value}'; it takes one of {known}")
        is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
        if self.kind in ("whole", "number") and is_number and math.isfinite(value):
            if self.kind == "whole" and int(value) != value:
                raise Failure("usage", f"'{self.name}' is {value}; it takes whole numbers")
            if self.low <= value <= self.high:
                return int(value) if self.kind == "whole" else float(value)
            raise Failure(
                "usage", f"'{self.name}' is {value}; it takes {self.low:g} to {self.high:g}"
            )
        raise Failure("usage", f"'{self.name}' is of another type")


def text(name: str, label: str, help_: str) -> Parameter:
    """Words; none unless said otherwise."""
    return Parameter(name, label, help_, "text", "")


def prompt(help_: str) -> Parameter:
    """Words for an item."""
    return text("prompt", "Prompt", help_)


def number(name: str, label: str, help_: str, span: tuple[float, float, float]) -> Parameter:
    """A number: low, high, default."""
    return Parameter(name, label, help_, "number", span[2], span[0], span[1])


def whole(name: str, label: str, help_: str, span: tuple[int, int, int]) -> Parameter:
    """A whole number: low, high, default."""
    return Parameter(name, label, help_, "whole", span[2], span[0], span[1])


def choice(name: str, label: str, help_: str, options: dict[str, str]) -> Parameter:
    """One of some; the first unless said otherwise."""
    return Parameter(
        name, label, help_, "choice", next(iter(options)), options=tuple(options.items())
    )


ITEM = text("item", "Item", "Which thing; without a name what is selected")
INTO = text("into", "Filled by", "The item that gets the pixels it leaves; else the nearest")
FIT = choice(
    "fit",
    "Shape",
    "Which shape the new thing may take",
    {
        "auto": "As it suits the edit",
        "exact": "The item's outline",
        "loose": "Roughly the item's outline",
        "box": "The box round it",
    },
)
MOVE = (
    number("dx", "X, px", "Pixels to the right; negative to the left", (-65000, 65000, 0.0)),
    number("dy", "Y, px", "Pixels down; negative up", (-65000, 65000, 0.0)),
    number("scale", "Size", "How many times as large", (0.01, 100, 1.0)),
    number("rotate", "Turn, degrees", "Degrees clockwise", (-360, 360, 0.0)),
)
OTHER = (
    text("from-document", "Another picture", "The open document with the other thing"),
    text("from-file", "Or a file", "A picture file with the other thing"),
    text("from-name", "Known as", "Its mask or layer; without one what is selected or opaque"),
)
ITEMS_FROM = choice(
    "items",
    "Items from",
    "Where the picture's items are taken from",
    {
        "auto": "Selection, else known items, masks",
        "selection": "Selection",
        "layer-masks": "Masks of the layer",
        "layer-alpha": "Transparency of layers",
        "session": "As set before",
        "everything": "Found automatically",
    },
)
PICTURE = choice(
    "picture",
    "Picture",
    "What is edited",
    {"layer": "The active layer", "visible": "All that is visible"},
)
WHEN = choice(
    "when",
    "Quality",
    "Learning takes a while, once for a picture and its items",
    {
        "learned": "After learning (best)",
        "draft": "At once (draft)",
        "both": "At once, and again after learning",
    },
)
HOW = (
    WHEN,
    whole("variations", "Variations", "How many results, each with its own seed", (1, 64, 1)),
    ITEMS_FROM,
    PICTURE,
    whole("seed", "Seed", "Seed of the noise; -1 for another each time", (-1, 2**31 - 1, -1)),
    whole("steps", "Steps", "Denoising steps; 0 for the usual number", (0, 1000, 0)),
    number("guidance", "Guidance", "How strongly words lead; 0 for the usual", (0, 50, 0.0)),
    number(
        "strength",
        "Strength",
        "Share of the steps in which the soft border stays; -1 for the usual",
        (-1, 1, -1.0),
    ),
    text("model", "Model", "A name or a path; without one as the daemon was started"),
)


def checked(parameters: tuple[Parameter, ...], values: dict[str, Any]) -> dict[str, Any]:
    """Give a value for each parameter; Failure for one that is not known or makes no sense."""
    known = {parameter.name: parameter for parameter in parameters}
    for name in values:
        if name not in known:
            raise Failure("usage", f"there is no '{name}' here")
    return {
        name: parameter.check(values.get(name, parameter.default))
        for name, parameter in known.items()
    }
