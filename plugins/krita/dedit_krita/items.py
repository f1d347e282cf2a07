"""The items of the picture: those of the daemon's session and those of the document."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from . import pixels as p
from .annotations import Annotations
from .failure import Failure
from .flow import Ask, InThread, Steps
from .masks import (
    BACKGROUND,
    MAX_ITEMS,
    SELECTION,
    CopiedMask,
    Mask,
    collect_masks,
    unused_name,
)
from .snapshot import take_snapshot
from .source import find_document
from .wire import Pixels

if TYPE_CHECKING:
    from krita import Krita

    from .command import Command
    from .snapshot import Snapshot
    from .source import Source

SAME = 0.9
"""Intersection over union from which a selection means a known item."""


@dataclass
class PictureSession:
    """The daemon's session of a picture, the revision that the picture is, and its items."""

    krita: Krita
    source: Source
    snapshot: Snapshot
    head: dict[str, Any]
    """As the daemon describes the session."""
    base: int = 0
    names: list[str] = field(default_factory=list)
    labels: bytes = b""
    """For each pixel the index of its item in `names`."""
    items_of: tuple[str, int] | None = None
    """Session and revision that have these items, where this picture has none yet."""

    @property
    def session(self) -> str:
        """Name of the session."""
        return str(self.head["session"])

    def items(self) -> list[tuple[int, str]]:
        """Return label and name of each item but the background."""
        return [(k, name) for k, name in enumerate(self.names) if name != BACKGROUND]

    def mask(self, label: int, name: str) -> Mask:
        """Return the mask of an item."""
        return Mask(name, p.label_mask(self.labels, label))


def open_session(krita: Krita, source: Source, snapshot: Snapshot, *, writes: bool = True) -> Steps:
    """Open the session whose result the picture equals, or one of its own; a `PictureSession`.

    With `writes=False` no session is created and no items are set: for display only.
    """
    last = next(iter(_sessions(krita, source)), None)
    result = snapshot.result
    if result is not None and last != result.session:
        # Items that were set for this very picture win.
        known = yield Ask("open_picture", {"digest": snapshot.digest})
        own = known.head.get("session") if known.head.get("known") else None
        if own and own["session"] == last and own["items"]:
            result = None
    if result is not None:
        picture = PictureSession(
            krita, source, snapshot, {"session": result.session}, result.revision
        )
        try:
            opened = yield Ask("open_session", {"session": result.session})
            picture.head = opened.head
            yield from _read_items(picture)
        except Failure as failure:
            if failure.ends_work:
                raise
        if len(picture.labels) == source.rect.area:
            return picture
    own = yield from _open_own(source, snapshot, writes=writes)
    picture = PictureSession(krita, source, snapshot, own)
    if picture.head["items"]:
        yield from _read_items(picture)
    elif last is not None and last != picture.session:
        yield from _carry_over(picture, last, writes=writes)
    return picture


def open_picture(command: Command) -> Steps:
    """Read the picture of a command and open its session; gives a `PictureSession`."""
    snapshot = yield from take_snapshot(command.krita, command.source)
    return (yield from open_session(command.krita, command.source, snapshot))


def record_session(picture: PictureSession) -> None:
    """Remember the session as the layer's last one, in the document."""
    document = find_document(picture.krita, picture.source.document)
    annotations = Annotations.of(document)
    annotations.record_session(picture.source.layer, picture.session)
    annotations.write(document)


def _sessions(krita: Krita, source: Source) -> list[str]:
    annotations = Annotations.of(find_document(krita, source.document))
    return annotations.sessions.get(source.layer, [])


def _open_own(source: Source, snapshot: Snapshot, *, writes: bool = True) -> Steps:
    head = {"digest": snapshot.digest, "name": source.name}
    asked = yield Ask("open_picture", head)
    if not asked.head["known"]:
        if not writes:
            return {"session": "", "items": []}
        asked = yield Ask("open_picture", {**head, "pixels": 0}, [snapshot.pixels])
    return asked.head["session"]


def _read_items(picture: PictureSession) -> Steps:
    if picture.base:
        head = {
            "session": picture.session,
            "edits": [{"verb": "reconstruct"}],
            "base": picture.base,
        }
        answer = yield Ask("plan", head)
        labels = answer.blobs[0]
    else:
        answer = yield Ask("fetch", {"session": picture.session})
        if answer.head.get("labels") is None:
            return
        labels = answer.blobs[answer.head["labels"]]
    picture.names = list(answer.head["names"])
    picture.labels = yield InThread(lambda: p.labels_to_bytes(labels))


def _carry_over(picture: PictureSession, last: str, *, writes: bool) -> Steps:
    """Copy the items of the layer's last session: the picture is new because it was painted on."""
    try:
        earlier = yield Ask("open_session", {"session": last})
        size = [picture.source.rect.width, picture.source.rect.height]
        if earlier.head["size"] != size:
            return
        before = PictureSession(picture.krita, picture.source, picture.snapshot, earlier.head)
        yield from _read_items(before)
    except Failure as failure:
        if failure.ends_work:
            raise
        return
    kept = [before.mask(k, name) for k, name in before.items() if name != SELECTION]
    if kept and writes:
        yield from set_items(picture, kept)
    elif kept:
        picture.names, picture.labels = before.names, before.labels
        picture.items_of = (before.session, before.base)


def set_items(picture: PictureSession, masks: list[Mask]) -> Steps:
    """Set the items, from front to back; a result gets a session of its own if they differ."""
    if len(masks) > MAX_ITEMS:
        raise Failure("input", f"{len(masks)} items are too many", hint=f"use at most {MAX_ITEMS}")
    area = picture.source.rect.area
    labels = yield InThread(lambda: label_map(masks, area))
    names = [mask.name for mask in masks] + [BACKGROUND]
    if _are_same_items(picture, names, labels):
        return
    if picture.base:
        picture.head = yield from _open_own(picture.source, picture.snapshot)
        picture.base = 0
    rect = picture.source.rect
    blobs = [Pixels(rect.width, rect.height, 1, "u8", mask.data) for mask in masks]
    head = {
        "session": picture.session,
        "names": [mask.name for mask in masks],
        "items": {"masks": list(range(len(masks)))},
    }
    answer = yield Ask("set_items", head, list(blobs))
    picture.head = answer.head
    yield from _read_items(picture)


def label_map(masks: list[Mask], area: int) -> bytes:
    """Return for each pixel the index of the first mask of at least half; their count for none."""
    labels = bytes([len(masks)]) * area
    for label, mask in reversed(list(enumerate(masks))):
        one = bytes([label]) * area
        labels = p.select(labels, one, mask.data.translate(p.BINARY))
    return labels


def _are_same_items(picture: PictureSession, names: list[str], labels: bytes) -> bool:
    if len(picture.labels) != len(labels) or len(picture.items()) != len(names) - 1:
        return False
    indices = [names.index(name) if name in names else 255 for name in picture.names]
    return picture.labels.translate(bytes((indices + [255] * 256)[:256])) == labels


def choose_item(picture: PictureSession, values: dict[str, Any], selection: bytes | None) -> Steps:
    """Give the name of the item to edit, by the values `items` and `item` and the selection."""
    source, name = values["items"], values["item"]
    if source in ("auto", "selection"):
        if source == "auto" and name in picture.names:
            return name
        if selection is not None:
            return (yield from _choose_selection(picture, selection, name))
        if source == "selection" or not name:
            raise no_item_chosen(picture)
        yield from require_item(picture, name)
        return name
    yield from set_items_from(picture, source, selection)
    items = [item for _, item in picture.items()]
    if name:
        yield from require_item(picture, name)
        return name
    if len(items) != 1:
        raise no_item_chosen(picture)
    return items[0]


def no_item_chosen(picture: PictureSession) -> Failure:
    """Return the failure of an edit without an item."""
    names = ", ".join(name for _, name in picture.items())
    hint = f"select the thing that is meant, or choose an item: {names}"
    if not names:
        hint = "select the thing that is meant, or find the picture's items first"
    return Failure("input", "nothing is selected", hint=hint)


def _choose_selection(picture: PictureSession, selection: bytes, name: str) -> Steps:
    binary = yield InThread(lambda: selection.translate(p.BINARY))
    if name in ("", SELECTION):
        found = yield InThread(lambda: _matching_item(picture, binary))
        if found is not None:
            return found
    name = name or SELECTION
    others = yield InThread(lambda: _items_behind(picture, binary, name))
    yield from set_items(picture, [Mask(name, selection), *others])
    return name


def _matching_item(picture: PictureSession, binary: bytes) -> str | None:
    pairs = [
        (p.agreement(binary, picture.mask(label, name).data), name)
        for label, name in picture.items()
    ]
    share, name = max(pairs, default=(0.0, ""))
    # The item of an earlier selection is only meant by that very selection.
    return name if share >= (1.0 if name == SELECTION else SAME) else None


def _items_behind(picture: PictureSession, binary: bytes, name: str) -> list[Mask]:
    """Return the items that are still partly visible behind a selection."""
    bits, kept = int.from_bytes(binary, "little"), []
    for label, known in picture.items():
        if known in (name, SELECTION):
            continue
        mask = picture.mask(label, known)
        if int.from_bytes(mask.data, "little") & ~bits:
            kept.append(mask)
    return kept


def require_item(picture: PictureSession, name: str) -> Steps:
    """Make sure that an item exists; one that is only a mask of the document is set."""
    if name in picture.names or name == BACKGROUND:
        return
    document = find_document(picture.krita, picture.source.document)
    for kind in ("layer-masks", "layer-alpha"):
        try:
            copies = collect_masks(document, picture.source, kind)
        except Failure:
            continue
        found = [copy for copy in copies if copy.name == name]
        if found:
            known = [picture.mask(k, item) for k, item in picture.items()]
            yield from set_items(picture, [found[0].mask(), *known])
            return
    names = ", ".join(item for _, item in picture.items())
    hint = f"there are: {names}" if names else "select it, or give it a selection mask"
    raise Failure("input", f"there is no item '{name}'", hint=hint)


def set_items_from(
    picture: PictureSession, kind: str, selection: bytes | None, most: int = 12
) -> Steps:
    """Set the items by the value `items`."""
    if kind == "session":
        if not picture.items():
            raise Failure(
                "input",
                "the picture's items were not set yet",
                hint="choose where they come from: selection, masks of the layer ...",
            )
    elif kind == "selection":
        if selection is None:
            raise no_item_chosen(picture)
        yield from set_items(picture, [Mask(SELECTION, selection)])
    elif kind == "everything":
        yield from _find_everything(picture, most)
    elif kind in ("layer-masks", "layer-alpha"):
        document = find_document(picture.krita, picture.source.document)
        copies: list[CopiedMask] = collect_masks(document, picture.source, kind)
        masks = yield InThread(lambda: [copy.mask() for copy in copies])
        yield from set_items(picture, masks)
    elif selection is not None:
        yield from _choose_selection(picture, selection, "")
    elif not picture.items():
        yield from set_items_from(picture, "layer-masks", None)


def _find_everything(picture: PictureSession, most: int) -> Steps:
    if picture.base:
        picture.head = yield from _open_own(picture.source, picture.snapshot)
        picture.base = 0
    found = yield Ask("segment", {"session": picture.session, "everything": most})
    head = {"session": picture.session, "names": found.head["names"], "items": {"labels": 0}}
    answer = yield Ask("set_items", head, [found.blobs[0]])
    picture.head = answer.head
    yield from _read_items(picture)


def renamed_items(picture: PictureSession, name: str, new: str) -> list[Mask]:
    """Return the items with one of them renamed."""
    taken = {item for _, item in picture.items() if item != name} | {BACKGROUND}
    return [
        picture.mask(k, unused_name(new, taken) if item == name else item)
        for k, item in picture.items()
    ]
