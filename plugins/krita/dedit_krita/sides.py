"""Pixels added around a picture, by edits that expand the canvas."""

from __future__ import annotations

from dataclasses import astuple, dataclass
from typing import TYPE_CHECKING, Any

from .pixels import Rect

if TYPE_CHECKING:
    from collections.abc import Iterable

NAMES = ("left", "right", "top", "bottom")


@dataclass(frozen=True)
class Sides:
    """Pixels at each side."""

    left: int = 0
    right: int = 0
    top: int = 0
    bottom: int = 0

    @classmethod
    def of(cls, edits: Iterable[Any]) -> Sides:
        """Return what edits add, as the protocol has them; what is no number adds nothing."""
        sides = cls()
        for edit in edits:
            if isinstance(edit, dict) and edit.get("verb") == "expand":
                values = [edit.get(name) for name in NAMES]
                sides = sides.plus(cls(*(v if isinstance(v, int) and v > 0 else 0 for v in values)))
        return sides

    def __bool__(self) -> bool:
        """Return whether anything is added."""
        return any(astuple(self))

    def plus(self, other: Sides) -> Sides:
        """Return the sums."""
        return Sides(*(a + b for a, b in zip(astuple(self), astuple(other))))

    def minus(self, other: Sides) -> Sides | None:
        """Return the differences; None if one is negative."""
        rest = [a - b for a, b in zip(astuple(self), astuple(other))]
        return Sides(*rest) if min(rest) >= 0 else None

    def around(self, rect: Rect) -> Rect:
        """Return a rectangle with these pixels around it."""
        return Rect(
            rect.x - self.left,
            rect.y - self.top,
            rect.width + self.left + self.right,
            rect.height + self.top + self.bottom,
        )

    def inside(self, rect: Rect) -> Rect:
        """Return a rectangle without these pixels at its edges."""
        return Rect(
            rect.x + self.left,
            rect.y + self.top,
            max(0, rect.width - self.left - self.right),
            max(0, rect.height - self.top - self.bottom),
        )


def sides_of(revisions: list[dict[str, Any]], revision: int) -> Sides:
    """Return what a revision and those before it have added around the session's picture."""
    known, sides = {one["revision"]: one for one in revisions}, Sides()
    while revision in known:
        found = known[revision]
        sides = sides.plus(Sides.of(found.get("edits") or []))
        # A revision is made from an earlier one.
        revision = min(int(found.get("base") or 0), revision - 1)
    return sides
