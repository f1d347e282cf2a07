"""The reference picture, from which `swap-in` takes an item: an open document, or a file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from .colour_space import convert, to_wire
from .failure import Failure
from .flow import Ask, InThread, Steps
from .masks import BACKGROUND, CopiedMask, collect_masks, copy_selection, unused_name
from .source import VISIBLE, Source, find_source, read_pixels
from .wire import Pixels

if TYPE_CHECKING:
    from krita import Document, Krita

    from .items import PictureSession


def send_reference(picture: PictureSession, values: dict[str, Any]) -> Steps:
    """Give the session its reference picture with one item; gives the item's name."""
    document, is_ours = _open(picture.krita, values)
    try:
        source = find_source(document, VISIBLE)
        if source.document == picture.source.document:
            hint = "choose another document or a file"
            raise Failure("usage", "that is the picture itself", hint=hint)
        copy = _item_mask(document, source, values["from-name"])
        wire_space = source.space.wire_space
        raw = read_pixels(document, source)
        data = convert(picture.krita, raw, source.size, source.space, wire_space)
    finally:
        if is_ours:
            document.setModified(False)
            document.close()
    pixels, digest = yield InThread(lambda: to_wire(data, source.size, wire_space))
    mask = yield InThread(copy.mask)
    head = {"digest": digest, "name": source.name, "reference_of": picture.session}
    answer = yield Ask("open_picture", head)
    if not answer.head["known"]:
        yield Ask("open_picture", {**head, "pixels": 0}, [pixels])
    name = unused_name(copy.name, {BACKGROUND})
    head = {
        "session": picture.session,
        "picture": "reference",
        "names": [name],
        "items": {"masks": [0]},
    }
    yield Ask(
        "set_items", head, [Pixels(source.rect.width, source.rect.height, 1, "u8", mask.data)]
    )
    return name


def _open(krita: Krita, values: dict[str, Any]) -> tuple[Document, bool]:
    """Return the document, and whether it was opened here and has to be closed."""
    name, file = values["from-document"], values["from-file"]
    if file:
        path = Path(file).expanduser()
        if not path.is_file():
            raise Failure("input", "there is no such file", str(path), "choose a picture file")
        document = krita.openDocument(str(path))
        # For a file that it cannot read Krita returns a document without a picture.
        if document is None or document.rootNode() is None:
            raise Failure("input", "Krita cannot open this file", str(path))
        return document, True
    same = [other for other in krita.documents() if document_title(other) == name]
    if len(same) > 1:
        hint = "save them under names of their own"
        raise Failure("input", f"several open documents are called '{name}'", hint=hint)
    if same:
        return same[0], False
    raise Failure("input", f"no document '{name}' is open", hint="open it, or choose a file")


def document_title(document: Document) -> str:
    """Return the file name of a document, or its name if it was not saved yet."""
    return Path(document.fileName()).name or document.name() or "Untitled"


def _item_mask(document: Document, source: Source, name: str) -> CopiedMask:
    """Return the mask or layer of a name; without one the selection, or what is opaque."""
    found: list[CopiedMask] = []
    for kind in ("layer-masks", "layer-alpha"):
        try:
            found += collect_masks(document, source, kind)
        except Failure:  # noqa: PERF203 (runs twice at most)
            continue
    if name:
        named = [copy for copy in found if copy.name == name]
        if not named:
            names = ", ".join(copy.name for copy in found)
            hint = f"there are: {names}" if names else "select the thing there"
            raise Failure("input", f"'{source.name}' has no item '{name}'", hint=hint)
        return named[0]
    selection = copy_selection(document, source)
    if selection is not None:
        return CopiedMask("thing", selection)
    whole = CopiedMask("thing", read_pixels(document, source), source.space)
    alphas = whole.mask().data
    if any(alphas) and alphas.count(255) < len(alphas):
        return whole
    raise Failure(
        "input",
        f"it is not known which thing of '{source.name}' is meant",
        hint="select it there, or use a picture in which all else is transparent",
    )
