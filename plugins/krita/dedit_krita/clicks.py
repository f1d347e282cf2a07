"""Items found by clicks and boxes in the docker's picture."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from . import pixels as p
from .failure import Failure
from .flow import Ask, InThread, Steps
from .items import open_picture, record_session, relabel
from .masks import BACKGROUND
from .wire import Pixels

if TYPE_CHECKING:
    from .command import Command

Place = tuple[int, int]


@dataclass(frozen=True)
class Clicks:
    """What is known of an item that is looked for, in pixels of the picture."""

    inside: tuple[Place, ...] = ()
    outside: tuple[Place, ...] = ()
    region: tuple[int, int, int, int] | None = None
    """Left, top, width and height of a box round it."""

    def with_place(self, place: Place, *, is_inside: bool) -> Clicks:
        """Return the same with one place more, of the item or beside it."""
        inside = tuple(known for known in self.inside if known != place)
        outside = tuple(known for known in self.outside if known != place)
        if is_inside:
            return replace(self, inside=(*inside, place), outside=outside)
        return replace(self, inside=inside, outside=(*outside, place))

    def head(self) -> dict[str, Any]:
        """Return the fields of a request `segment`."""
        head: dict[str, Any] = {"inside": self.inside, "outside": self.outside}
        return head if self.region is None else {**head, "region": self.region}


def find_item(command: Command, clicks: Clicks, name: str) -> Steps:
    """Find the item of clicks and set it, in place of the one of that name or as a new one."""
    if not clicks.inside and clicks.region is None:
        hint = "click on the thing, or remove the item from the list"
        raise Failure("input", "nothing would be left of the item", hint=hint)
    picture = yield from open_picture(command, labels=True)
    head = {"session": picture.session, "base": picture.base, **clicks.head()}
    answer = yield Ask("segment", head)
    mask = answer.blobs[0] if answer.blobs else None
    if not isinstance(mask, Pixels):
        raise Failure("internal", "the daemon's answer lacks its mask")
    known = list(picture.names) or [BACKGROUND]
    labels = picture.labels or bytes(mask.width * mask.height)
    names, labels = yield InThread(lambda: _with_item(known, labels, name, mask))
    yield from relabel(picture, names, labels)
    record_session(picture)
    return f"{name}: found. Another click adds to it, a right click takes away."


def _with_item(names: list[str], labels: bytes, name: str, mask: Pixels) -> tuple[list[str], bytes]:
    """Return names and labels with an item set to a mask; items that it covers are left out."""
    inside = p.half_mask(mask)
    if not any(inside):
        hint = "click in the middle of the thing, or drag a box round it"
        raise Failure("input", "nothing was found there", hint=hint)
    names = [*names, *(new for new in (BACKGROUND, name) if new not in names)]
    number, rest = names.index(name), names.index(BACKGROUND)
    # What the item had before is the background's.
    table = bytearray(range(256))
    table[number] = rest
    placed = p.put_label(labels.translate(bytes(table)), inside, number)
    kept = [label for label in range(len(names)) if label in placed]
    numbers = bytes(kept.index(label) if label in kept else 0 for label in range(256))
    return [names[label] for label in kept], placed.translate(numbers)
