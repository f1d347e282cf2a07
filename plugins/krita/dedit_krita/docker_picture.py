"""Read what the docker shows of a picture, scaled down: the picture, previews, plans."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import pixels as p
from .annotations import Annotations
from .failure import Failure
from .flow import Ask, InThread, Steps
from .items import PictureSession, open_session
from .masks import BACKGROUND
from .snapshot import Snapshot, take_snapshot
from .source import find_document
from .view_state import Item, Picture, Plan, SmallImage
from .wire import Frame, Pixels

if TYPE_CHECKING:
    from .command import Command
    from .pending import Answer
    from .source import Source

SIDE = 384
"""Longest side of small images in pixels."""
MAX_PREVIEW = 1 << 20
"""Pixels of a preview; larger ones are not shown."""
COLOURS = (
    (230, 80, 80),
    (80, 170, 240),
    (110, 200, 90),
    (245, 190, 60),
    (180, 110, 230),
    (70, 210, 200),
    (240, 130, 180),
    (160, 160, 80),
    (250, 140, 60),
    (120, 140, 250),
)
GREY = (128, 128, 128)


def read_picture(command: Command, *, asks: bool) -> Steps:
    """Give the `Picture`; its items only if the daemon may be asked and knows the picture."""
    snapshot = yield from take_snapshot(command.krita, command.source)
    session = None
    if asks:
        document = find_document(command.krita, command.source.document)
        is_known = command.source.layer in Annotations.of(document).sessions
        if not is_known:
            answer = yield Ask("open_picture", {"digest": snapshot.digest})
            is_known = bool(answer.head["known"])
        if is_known:
            try:
                session = yield from open_session(
                    command.krita, command.source, snapshot, writes=False
                )
            except Failure as failure:
                if failure.ends_work:
                    raise
    return (yield InThread(lambda: _picture(command.source, snapshot, session)))


def _picture(source: Source, snapshot: Snapshot, session: PictureSession | None) -> Picture:
    small = _small_image(snapshot.pixels)
    name, (width, height) = source.name, source.size
    if session is None:
        return Picture(name, width, height, small, b"")
    area = max(1, len(session.labels))
    _, _, labels = p.downsample(session.labels, width, 1, SIDE)
    items = tuple(
        Item(
            item,
            GREY if item == BACKGROUND else COLOURS[label % len(COLOURS)],
            session.labels.count(label) / area,
            item == BACKGROUND,
        )
        for label, item in enumerate(session.names)
    )
    state, model = (str(session.head.get(field) or "") for field in ("state", "model"))
    return Picture(name, width, height, small, labels, items, session.session, state, model)


def _small_image(pixels: Pixels) -> SmallImage:
    pixel = pixels.channels * p.SAMPLE_BYTES[pixels.samples]
    width, height, data = p.downsample(pixels.data, pixels.width, pixel, SIDE)
    small = Pixels(width, height, pixels.channels, pixels.samples, data)
    return SmallImage(width, height, p.to_rgba8(small))


def preview_image(frame: Frame) -> SmallImage | None:
    """Return the image of an event `preview`; None if it has none, or one that is too large."""
    blob = frame.blobs[0] if frame.blobs else None
    if not isinstance(blob, Pixels) or blob.width * blob.height > MAX_PREVIEW:
        return None
    return SmallImage(blob.width, blob.height, p.to_rgba8(blob))


def plan_overlay(answer: Answer) -> Steps:
    """Give the `Plan` that the docker lays over the picture."""
    labels, changes = answer.blobs[0], answer.blobs[1]
    assert isinstance(labels, Pixels)
    assert isinstance(changes, Pixels)

    def downsample() -> Plan:
        _, _, small = p.downsample(p.labels_to_bytes(labels), labels.width, 1, SIDE)
        _, _, changed = p.downsample(p.change_mask(changes), labels.width, 1, SIDE)
        return Plan(small, changed, tuple(answer.head["names"]))

    return (yield InThread(downsample))
