"""The other picture, from which a thing is taken: an open document, or a file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from .failure import Failure
from .flow import Aside, Ask, Steps
from .ground import told
from .masks import BACKGROUND, Raw, free_name, gathered, selection
from .source import VISIBLE, Source, find, read
from .spaces import turned
from .wire import Pixels

if TYPE_CHECKING:
    from krita import Document, Krita

    from .items import Table


def hand_over(table: Table, values: dict[str, Any]) -> Steps:
    """Give the session its reference picture, with one item; gives the item's name."""
    document, is_ours = _opened(table.krita, values)
    try:
        source = find(document, VISIBLE)
        if source.document == table.source.document:
            hint = "choose another document or a file"
            raise Failure("usage", "that is the picture itself", hint=hint)
        raw = _thing(document, source, values["from-name"])
        size, sent = (source.rect.width, source.rect.height), source.space.sent
        data = turned(table.krita, read(document, source), size, source.space, sent)
    finally:
        if is_ours:
            document.setModified(False)
            document.close()
    pixels, digest = yield Aside(lambda: told(data, size, sent))
    mask = yield Aside(raw.mask)
    head = {"digest": digest, "name": source.name, "reference_of": table.name}
    answer = yield Ask("open_picture", head)
    if not answer.head["known"]:
        yield Ask("open_picture", {**head, "pixels": 0}, [pixels])
    name = free_name(raw.name, {BACKGROUND})
    head = {
        "session": table.name,
        "picture": "reference",
        "names": [name],
        "items": {"masks": [0]},
    }
    yield Ask("set_items", head, [Pixels(size[0], size[1], 1, "u8", mask.data)])
    return name


def _opened(krita: Krita, values: dict[str, Any]) -> tuple[Document, bool]:
    name, file = values["from-document"], values["from-file"]
    if file:
        path = Path(file).expanduser()
        if not path.is_file():
            raise Failure("input", "there is no such file", str(path), "choose a picture file")
        document = krita.openDocument(str(path))
        # What cannot be read is a document too, one without a picture.
        if document is None or document.rootNode() is None:
            raise Failure("input", "Krita cannot open this file", str(path))
        return document, True
    same = [other for other in krita.documents() if title(other) == name]
    if len(same) > 1:
        hint = "save them under names of their own"
        raise Failure("input", f"several open documents are called '{name}'", hint=hint)
    if same:
        return same[0], False
    raise Failure("input", f"no document '{name}' is open", hint="open it, or choose a file")


def title(document: Document) -> str:
    """What people call a document."""
    return Path(document.fileName()).name or document.name() or "Untitled"


def _thing(document: Document, source: Source, name: str) -> Raw:
    """The thing in it: a mask or layer of that name, what is selected, or what is opaque."""
    found: list[Raw] = []
    for kind in ("layer-masks", "layer-alpha"):
        try:
            found += gathered(document, source, kind)
        except Failure:  # noqa: PERF203 (twice at most)
            continue
    if name:
        named = [raw for raw in found if raw.name == name]
        if not named:
            names = ", ".join(raw.name for raw in found)
            hint = f"there are: {names}" if names else "select the thing there"
            raise Failure("input", f"'{source.name}' has no item '{name}'", hint=hint)
        return named[0]
    chosen = selection(document, source)
    if chosen is not None:
        return Raw("thing", chosen)
    whole = Raw("thing", read(document, source), source.space)
    shares = whole.mask().data
    if any(shares) and shares.count(255) < len(shares):
        return whole
    raise Failure(
        "input",
        f"it is not known which thing of '{source.name}' is meant",
        hint="select it there, or use a picture in which all else is transparent",
    )
