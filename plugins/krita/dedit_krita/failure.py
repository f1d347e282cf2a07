"""What went wrong: a kind to act on, a sentence, the place, and what to do about it."""

from __future__ import annotations

from typing import Any

KINDS = ("usage", "input", "model", "connection", "cancelled", "resources", "internal")


class Failure(Exception):  # noqa: N818 (it is what the daemon calls it)
    """A failure, the daemon's or one of this side, in the daemon's words."""

    def __init__(
        self, kind: str, message: str, place: str | None = None, hint: str | None = None
    ) -> None:
        """Keep what is told; a kind that is not known is read as `internal`."""
        super().__init__(message)
        self.kind = kind if kind in KINDS else "internal"
        self.message = message
        self.place = place
        self.hint = hint

    @classmethod
    def from_head(cls, head: dict[str, Any]) -> Failure:
        """Read the head of `failed`; what is missing or of another type is made up for."""

        def text(name: str) -> str | None:
            value = head.get(name)
            return value if isinstance(value, str) and value else None

        message = text("message") or "the D-Edit daemon failed, and did not say how"
        return cls(text("kind") or "internal", message, text("place"), text("hint"))

    def sentence(self) -> str:
        """Give it as people read it: `message: place; hint`."""
        place = f": {self.place}" if self.place else ""
        return f"{self.message}{place}" + (f"; {self.hint}" if self.hint else "")

    def __str__(self) -> str:
        """Give the sentence."""
        return self.sentence()

    def __repr__(self) -> str:
        """Give the kind and the sentence, for tests and logs."""
        return f"Failure({self.kind!r}, {self.sentence()!r})"
