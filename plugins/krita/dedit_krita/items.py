"""The picture's items: those the daemon knows, those of the document, the one that is meant."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from . import pixels as p
from .failure import Failure
from .flow import Aside, Ask, Steps
from .masks import BACKGROUND, MOST, SELECTION, Mask, Raw, free_name, gathered
from .noted import Notes
from .source import document_of
from .wire import Pixels

if TYPE_CHECKING:
    from krita import Krita

    from .ground import Ground
    from .source import Source

SAME = 0.9
"""How much of a selection and a known item has to be the same for the one to mean the other."""


@dataclass
class Table:
    """A picture laid open with the daemon: its session, the revision it is, its items there."""

    krita: Krita
    source: Source
    ground: Ground
    session: dict[str, Any]
    base: int = 0
    names: list[str] = field(default_factory=list)
    numbers: bytes = b""
    """Of each pixel the place of its item in `names`."""
    items_of: tuple[str, int] | None = None
    """The session and revision that have these items, where the picture's own has none yet."""

    @property
    def name(self) -> str:
        """The session's name."""
        return str(self.session["session"])

    def items(self) -> list[tuple[int, str]]:
        """The items but the background, with their numbers."""
        return [(k, name) for k, name in enumerate(self.names) if name != BACKGROUND]

    def mask(self, number: int, name: str) -> Mask:
        """Give the mask of an item."""
        return Mask(name, p.mask_of(self.numbers, number))


def lay(krita: Krita, source: Source, ground: Ground, *, writes: bool = True) -> Steps:
    """Open the session that the picture stands in, or its own; gives a `Table`.

    Where nothing is to be written none is begun and no items are set: they are shown alone.
    """
    last = next(iter(_sessions(krita, source)), None)
    made = ground.made
    if made is not None and last != made.session:
        # Items that were set for what is seen are those of what is seen.
        known = yield Ask("open_picture", {"digest": ground.digest})
        own = known.head.get("session") if known.head.get("known") else None
        if own and own["session"] == last and own["items"]:
            made = None
    if made is not None:
        table = Table(krita, source, ground, {"session": made.session}, made.revision)
        try:
            opened = yield Ask("open_session", {"session": made.session})
            table.session = opened.head
            yield from _read_items(table)
        except Failure as failure:
            if failure.kind in ("connection", "cancelled"):
                raise
        if len(table.numbers) == source.rect.area:
            return table
    own = yield from _open_own(source, ground, writes=writes)
    table = Table(krita, source, ground, own)
    if table.session["items"]:
        yield from _read_items(table)
    elif last is not None and last != table.name:
        yield from _carry_over(table, last, writes=writes)
    return table


def _sessions(krita: Krita, source: Source) -> list[str]:
    notes = Notes.of(document_of(krita, source.document))
    return notes.sessions.get(source.layer, [])


def _open_own(source: Source, ground: Ground, *, writes: bool = True) -> Steps:
    head = {"digest": ground.digest, "name": source.name}
    asked = yield Ask("open_picture", head)
    if not asked.head["known"]:
        if not writes:
            return {"session": "", "items": []}
        asked = yield Ask("open_picture", {**head, "pixels": 0}, [ground.pixels])
    return asked.head["session"]


def _read_items(table: Table) -> Steps:
    if table.base:
        head = {"session": table.name, "edits": [{"verb": "reconstruct"}], "base": table.base}
        answer = yield Ask("plan", head)
        labels = answer.blobs[0]
    else:
        answer = yield Ask("fetch", {"session": table.name})
        if answer.head.get("labels") is None:
            return
        labels = answer.blobs[answer.head["labels"]]
    table.names = list(answer.head["names"])
    table.numbers = yield Aside(lambda: p.small_numbers(labels))


def _carry_over(table: Table, last: str, *, writes: bool) -> Steps:
    """A layer that was painted on is another picture; its items are those it had."""
    try:
        earlier = yield Ask("open_session", {"session": last})
        size = [table.source.rect.width, table.source.rect.height]
        if earlier.head["size"] != size:
            return
        before = Table(table.krita, table.source, table.ground, earlier.head)
        yield from _read_items(before)
    except Failure as failure:
        if failure.kind in ("connection", "cancelled"):
            raise
        return
    kept = [before.mask(k, name) for k, name in before.items() if name != SELECTION]
    if kept and writes:
        yield from adopt(table, kept)
    elif kept:
        table.names, table.numbers = before.names, before.numbers
        table.items_of = (before.name, before.base)


def adopt(table: Table, masks: list[Mask]) -> Steps:
    """Set the items, the first in front; where others were, the picture is one of its own."""
    if len(masks) > MOST:
        raise Failure("input", f"{len(masks)} items are too many", hint=f"use at most {MOST}")
    area = table.source.rect.area
    numbers = yield Aside(lambda: stacked(masks, area))
    names = [mask.name for mask in masks] + [BACKGROUND]
    if _is_as_it_is(table, names, numbers):
        return
    if table.base:
        table.session = yield from _open_own(table.source, table.ground)
        table.base = 0
    rect = table.source.rect
    blobs = [Pixels(rect.width, rect.height, 1, "u8", mask.data) for mask in masks]
    head = {
        "session": table.name,
        "names": [mask.name for mask in masks],
        "items": {"masks": list(range(len(masks)))},
    }
    answer = yield Ask("set_items", head, list(blobs))
    table.session = answer.head
    yield from _read_items(table)


def stacked(masks: list[Mask], area: int) -> bytes:
    """Give for each pixel the first mask that covers it by half or more; their number for none."""
    numbers = bytes([len(masks)]) * area
    for number, mask in reversed(list(enumerate(masks))):
        one = bytes([number]) * area
        numbers = p.chosen(numbers, one, mask.data.translate(p.HARD))
    return numbers


def _is_as_it_is(table: Table, names: list[str], numbers: bytes) -> bool:
    if len(table.numbers) != len(numbers) or len(table.items()) != len(names) - 1:
        return False
    places = [names.index(name) if name in names else 255 for name in table.names]
    return table.numbers.translate(bytes((places + [255] * 256)[:256])) == numbers


def choose(table: Table, values: dict[str, Any], chosen: bytes | None) -> Steps:
    """Give the name of the item that is meant: by where items come from, and a name or none."""
    source, name = values["items"], values["item"]
    if source in ("auto", "selection"):
        if source == "auto" and name in table.names:
            return name
        if chosen is not None:
            return (yield from _choose_selection(table, chosen, name))
        if source == "selection" or not name:
            raise nothing_meant(table)
        yield from require(table, name)
        return name
    yield from set_from(table, source, chosen)
    items = [item for _, item in table.items()]
    if name:
        yield from require(table, name)
        return name
    if len(items) != 1:
        raise nothing_meant(table)
    return items[0]


def nothing_meant(table: Table) -> Failure:
    """Nobody said which item."""
    names = ", ".join(name for _, name in table.items())
    hint = f"select the thing that is meant, or choose an item: {names}"
    if not names:
        hint = "select the thing that is meant, or find the picture's items first"
    return Failure("input", "nothing is selected", hint=hint)


def _choose_selection(table: Table, chosen: bytes, name: str) -> Steps:
    hard = yield Aside(lambda: chosen.translate(p.HARD))
    if name in ("", SELECTION):
        found = yield Aside(lambda: _most_alike(table, hard))
        if found is not None:
            return found
    name = name or SELECTION
    others = yield Aside(lambda: _seen_beside(table, hard, name))
    yield from adopt(table, [Mask(name, chosen), *others])
    return name


def _most_alike(table: Table, hard: bytes) -> str | None:
    pairs = [
        (p.agreement(hard, table.mask(number, name).data), name) for number, name in table.items()
    ]
    share, name = max(pairs, default=(0.0, ""))
    # A selection that was made an item for one edit is itself alone.
    return name if share >= (1.0 if name == SELECTION else SAME) else None


def _seen_beside(table: Table, hard: bytes, name: str) -> list[Mask]:
    """The items of which something is left where a selection is in front of them."""
    bits, kept = int.from_bytes(hard, "little"), []
    for number, known in table.items():
        if known in (name, SELECTION):
            continue
        mask = table.mask(number, known)
        if int.from_bytes(mask.data, "little") & ~bits:
            kept.append(mask)
    return kept


def require(table: Table, name: str) -> Steps:
    """Make sure that an item is known, looking for it in the document if need be."""
    if name in table.names or name == BACKGROUND:
        return
    document = document_of(table.krita, table.source.document)
    for kind in ("layer-masks", "layer-alpha"):
        try:
            raws = gathered(document, table.source, kind)
        except Failure:
            continue
        found = [raw for raw in raws if raw.name == name]
        if found:
            known = [table.mask(k, item) for k, item in table.items()]
            yield from adopt(table, [found[0].mask(), *known])
            return
    names = ", ".join(item for _, item in table.items())
    hint = f"there are: {names}" if names else "select it, or give it a selection mask"
    raise Failure("input", f"there is no item '{name}'", hint=hint)


def set_from(table: Table, kind: str, chosen: bytes | None, most: int = 12) -> Steps:
    """Set the items from where the user says."""
    if kind == "session":
        if not table.items():
            raise Failure(
                "input",
                "the picture's items were not set yet",
                hint="choose where they come from: selection, masks of the layer ...",
            )
    elif kind == "selection":
        if chosen is None:
            raise nothing_meant(table)
        yield from adopt(table, [Mask(SELECTION, chosen)])
    elif kind == "everything":
        yield from _find_everything(table, most)
    elif kind in ("layer-masks", "layer-alpha"):
        document = document_of(table.krita, table.source.document)
        raws: list[Raw] = gathered(document, table.source, kind)
        masks = yield Aside(lambda: [raw.mask() for raw in raws])
        yield from adopt(table, masks)
    elif chosen is not None:
        yield from _choose_selection(table, chosen, "")
    elif not table.items():
        yield from set_from(table, "layer-masks", None)


def _find_everything(table: Table, most: int) -> Steps:
    if table.base:
        table.session = yield from _open_own(table.source, table.ground)
        table.base = 0
    found = yield Ask("segment", {"session": table.name, "everything": most})
    head = {"session": table.name, "names": found.head["names"], "items": {"labels": 0}}
    answer = yield Ask("set_items", head, [found.blobs[0]])
    table.session = answer.head
    yield from _read_items(table)


def renamed(table: Table, name: str, new: str) -> list[Mask]:
    """The items, one of them under another name."""
    taken = {item for _, item in table.items() if item != name} | {BACKGROUND}
    return [
        table.mask(k, free_name(new, taken) if item == name else item) for k, item in table.items()
    ]
