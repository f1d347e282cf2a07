"""An error with a kind that code acts on, a sentence, the place, and what to do about it."""

from __future__ import annotations

from typing import Any

KINDS = ("usage", "input", "model", "connection", "cancelled", "resources", "internal")


class Failure(Exception):  # noqa: N818 (the protocol's name)
    """An error of the daemon or of the plug-in, as the protocol's `failed` describes it."""

    def __init__(
        self, kind: str, message: str, place: str | None = None, hint: str | None = None
    ) -> None:
        """Create one; an unknown kind becomes `internal`."""
        super().__init__(message)
        self.kind = kind if kind in KINDS else "internal"
        self.message = message
        self.place = place
        self.hint = hint

    @classmethod
    def from_head(cls, head: dict[str, Any]) -> Failure:
        """Read the head of `failed`; defaults stand for fields that are missing or invalid."""

        def text(name: str) -> str | None:
            value = head.get(name)
            return value if isinstance(value, str) and value else None

        message = text("message") or "the D-Edit daemon failed, and did not say how"
        return cls(text("kind") or "internal", message, text("place"), text("hint"))

    @property
    def ends_work(self) -> bool:
        """Whether trying something else instead is pointless: no daemon, or the user cancelled."""
        return self.kind in ("connection", "cancelled")

    def sentence(self) -> str:
        """Return `message: place; hint`."""
        place = f": {self.place}" if self.place else ""
        return f"{self.message}{place}" + (f"; {self.hint}" if self.hint else "")

    def __str__(self) -> str:
        """Return the sentence."""
        return self.sentence()

    def __repr__(self) -> str:
        """Return the kind and the sentence."""
        return f"Failure({self.kind!r}, {self.sentence()!r})"
