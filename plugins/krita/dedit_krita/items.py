"""The items of a picture.

The daemon decides which item is meant, and whether items have changed: the plug-in sends masks of
the document and gets names.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from . import pixels as p
from .actions import default_of
from .annotations import Annotations
from .failure import Failure
from .flow import Ask, InThread, Steps
from .masks import BACKGROUND, Mask, collect_masks, unused_name
from .snapshot import take_snapshot
from .source import find_document
from .wire import Pixels

if TYPE_CHECKING:
    from krita import Krita

    from .command import Command
    from .pending import Answer
    from .snapshot import Snapshot
    from .source import Source


@dataclass
class PictureSession:
    """The daemon's session of a picture, the revision that the picture is, and its items."""

    krita: Krita
    source: Source
    snapshot: Snapshot
    info: dict[str, Any]
    """As the daemon describes the session; {} without one."""
    base: int = 0
    names: tuple[str, ...] = ()
    labels: bytes = b""
    """For each pixel the index of its item in `names`, if asked for."""
    is_known: bool = True
    """Whether the daemon knows the picture; else the session is the last one of the layer."""

    @property
    def session(self) -> str:
        """Name of the session; empty without one."""
        return str(self.info.get("session") or "")

    def items(self) -> list[tuple[int, str]]:
        """Return label and name of each item but the background."""
        return [(label, name) for label, name in enumerate(self.names) if name != BACKGROUND]

    def mask(self, data: bytes) -> Pixels:
        """Return a mask of the picture's size for the wire."""
        return Pixels(self.source.rect.width, self.source.rect.height, 1, "u8", data)


def open_session(
    krita: Krita,
    source: Source,
    snapshot: Snapshot,
    *,
    peek: bool = False,
    labels: bool = False,
) -> Steps:
    """Open the session of a picture, sending its pixels if need be; gives a `PictureSession`.

    With `peek` nothing is created or sent; a picture that is not known then has the items that it
    would get.
    """
    head: dict[str, Any] = {
        "digest": snapshot.digest,
        "name": source.name,
        "size": list(source.size),
        "peek": peek,
        "labels": labels,
    }
    if snapshot.result is not None:
        result = snapshot.result
        head["revision_of"] = {"session": result.session, "revision": result.revision}
    document = find_document(krita, source.document)
    sessions = Annotations.of(document).sessions.get(source.layer)
    if sessions:
        topmost = snapshot.topmost
        is_last = topmost is not None and topmost.session == sessions[0]
        revision = topmost.revision if topmost is not None and is_last else 0
        head["last"] = {"session": sessions[0], "revision": revision}
    answer = yield Ask("open_picture", head)
    if not answer.head["known"] and not peek:
        answer = yield Ask("open_picture", {**head, "pixels": 0}, [snapshot.pixels])
    picture = PictureSession(krita, source, snapshot, {})
    picture.is_known = bool(answer.head["known"])
    yield from _take(picture, answer)
    return picture


def _take(picture: PictureSession, answer: Answer) -> Steps:
    """Take session, revision and items of an answer."""
    head = answer.head
    picture.info = dict(head.get("session") or {})
    picture.base = int(head.get("base") or 0)
    picture.names = tuple(head.get("names") or picture.info.get("items") or ())
    index = head.get("labels")
    labels = answer.blobs[index] if isinstance(index, int) and index < len(answer.blobs) else None
    picture.labels = b""
    if isinstance(labels, Pixels):
        picture.labels = yield InThread(lambda: p.labels_to_bytes(labels))


def open_picture(command: Command, *, labels: bool = False) -> Steps:
    """Read the picture of a command and open its session; gives a `PictureSession`."""
    snapshot = yield from take_snapshot(command.krita, command.source)
    return (yield from open_session(command.krita, command.source, snapshot, labels=labels))


def record_session(picture: PictureSession) -> None:
    """Remember the session as the layer's last one, in the document."""
    document = find_document(picture.krita, picture.source.document)
    annotations = Annotations.of(document)
    annotations.record_session(picture.source.layer, picture.session)
    annotations.write(document)


def adopt(picture: PictureSession, fields: dict[str, Any], masks: list[Pixels]) -> Steps:
    """Set items; gives the answer's head. The session may become another one."""
    head = {"session": picture.session, "base": picture.base, **fields}
    answer = yield Ask("adopt", head, list(masks))
    yield from _take(picture, answer)
    return answer.head


def set_masks(picture: PictureSession, masks: list[Mask], *, add: bool = False) -> Steps:
    """Set masks as the items, from front to back; with `add` in front of the known items."""
    items = {"masks": list(range(len(masks)))}
    fields = {"names": [mask.name for mask in masks], "items": items, "add": add}
    yield from adopt(picture, fields, [picture.mask(mask.data) for mask in masks])


@dataclass(frozen=True)
class Choice:
    """The item to edit."""

    item: str
    ring: float | None = None
    """Width of the selection's soft edge in pixels, if the selection decided and is soft."""


def choose_item(picture: PictureSession, values: dict[str, Any], selection: bytes | None) -> Steps:
    """Give the item that is meant by the values `items` and `item` and the selection: a `Choice`.

    A selection that is no known item becomes one.
    """
    origin, name = values["items"], values["item"]
    if origin in ("auto", "selection"):
        prefers_name = origin == "auto"
        if prefers_name and name in picture.names:
            return Choice(name)
        if prefers_name and name and selection is None:
            yield from require_item(picture, name)
            return Choice(name)
        return (yield from _adopt_selection(picture, selection, name))
    yield from set_items_from(picture, origin, selection)
    if name:
        yield from require_item(picture, name)
        return Choice(name)
    items = [item for _, item in picture.items()]
    # Without a name the only item is meant; the daemon has the sentence for several.
    return Choice(items[0]) if len(items) == 1 else (yield from _adopt_selection(picture, None, ""))


def _adopt_selection(picture: PictureSession, selection: bytes | None, name: str) -> Steps:
    fields: dict[str, Any] = {"name": name}
    if selection is not None:
        fields["selection"] = 0
    masks = [] if selection is None else [picture.mask(selection)]
    head = yield from adopt(picture, fields, masks)
    return Choice(str(head.get("item") or ""), head.get("ring"))


def adopt_region(picture: PictureSession, selection: bytes | None) -> Steps:
    """Give the width of the soft edge of a region to refine, as `Choice.ring`.

    The region becomes an item only if the picture has none.
    """
    if selection is None:
        hint = "select the region that is to be made again"
        raise Failure("input", "nothing is selected", hint=hint)
    head = yield from adopt(picture, {"region": 0}, [picture.mask(selection)])
    return head.get("ring")


def require_item(picture: PictureSession, name: str) -> Steps:
    """Make sure that an item exists; one that is only a mask of the document is added."""
    if name in picture.names or name == BACKGROUND:
        return
    document = find_document(picture.krita, picture.source.document)
    for kind in ("layer-masks", "layer-alpha"):
        try:
            copies = collect_masks(document, picture.source, kind)
        except Failure:
            continue
        found = next((copy for copy in copies if copy.name == name), None)
        if found is not None:
            mask = yield InThread(found.mask)
            yield from set_masks(picture, [mask], add=True)
            return
    # It fails, with a sentence that names the known items.
    yield Ask(
        "choose",
        {"session": picture.session, "base": picture.base, "name": name, "prefer_name": True},
    )


def set_items_from(picture: PictureSession, origin: str, selection: bytes | None) -> Steps:
    """Set the items by a value of the parameter `items`."""
    if origin == "session":
        if not picture.items():
            raise Failure(
                "input",
                "the picture's items were not set yet",
                hint="choose where they come from: selection, masks of the layer ...",
            )
    elif origin == "everything":
        head = {"session": picture.session, "base": picture.base}
        answer = yield Ask("segment", {**head, "everything": default_of("items", "most")})
        found = [blob for blob in answer.blobs if isinstance(blob, Pixels)]
        labels = yield InThread(lambda: p.labels_to_bytes(found[0]))
        yield from relabel(picture, list(answer.head["names"]), labels)
    elif origin in ("layer-masks", "layer-alpha"):
        document = find_document(picture.krita, picture.source.document)
        copies = collect_masks(document, picture.source, origin)
        masks = yield InThread(lambda: [copy.mask() for copy in copies])
        yield from set_masks(picture, masks)
    elif origin == "selection" or selection is not None:
        yield from _adopt_selection(picture, selection, "")
    elif not picture.items():
        yield from set_items_from(picture, "layer-masks", None)


def require_items(picture: PictureSession, origin: str, selection: bytes | None) -> Steps:
    """Make sure that there are items, for an edit of the whole picture.

    Known ones stay; if the document shows none either, the daemon looks for them.
    """
    if origin != "auto":
        yield from set_items_from(picture, origin, selection)
    elif not picture.names:
        try:
            yield from set_items_from(picture, "layer-masks", None)
        except Failure as failure:
            if failure.ends_work:
                raise
            if selection is not None:
                yield from set_items_from(picture, "selection", selection)
                return
            # Without a model, which would take longer: nobody asked for these items.
            yield from adopt(picture, {"everything": default_of("items", "most")}, [])


def relabel(picture: PictureSession, names: list[str], labels: bytes) -> Steps:
    """Set the items by a label map."""
    fields = {"names": names, "items": {"labels": 0}}
    yield from adopt(picture, fields, [picture.mask(labels)])


def rename(picture: PictureSession, name: str, new: str) -> Steps:
    """Rename an item of a picture that was opened with labels."""
    taken = {known for known in picture.names if known != name} | {BACKGROUND}
    unused = unused_name(new, taken)
    names = [unused if known == name else known for known in picture.names]
    yield from relabel(picture, names, picture.labels)


def drop(picture: PictureSession, name: str) -> Steps:
    """Remove an item of a picture that was opened with labels; its pixels become background."""
    names = [known for known in picture.names if known != name]
    if BACKGROUND not in names:
        names.append(BACKGROUND)
    if len(names) == 1:
        raise Failure("input", "the picture has no other item", hint="set its items anew")
    targets = [names.index(BACKGROUND if known == name else known) for known in picture.names]
    table = bytes((targets + [0] * 256)[:256])
    yield from relabel(picture, names, picture.labels.translate(table))
