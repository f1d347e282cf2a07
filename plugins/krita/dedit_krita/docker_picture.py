"""Read what the docker shows of a picture, scaled down: the picture, previews, plans."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from . import pixels as p
from .failure import Failure
from .flow import InThread, Steps
from .items import PictureSession, open_session
from .masks import BACKGROUND
from .snapshot import Snapshot, take_snapshot
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
    """Give the `Picture`, with its items if the daemon may be asked; nothing is created."""
    snapshot = yield from take_snapshot(command.krita, command.source)
    session = None
    if asks:
        try:
            session = yield from open_session(
                command.krita, command.source, snapshot, peek=True, labels=True
            )
        except Failure as failure:
            if failure.ends_work:
                raise
    return (yield InThread(lambda: _picture(command.source, snapshot, session)))


def _picture(source: Source, snapshot: Snapshot, session: PictureSession | None) -> Picture:
    small = _small_image(snapshot.pixels)
    name, (width, height) = source.name, source.size
    if session is None or not session.session:
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
    picture = Picture(
        name,
        width,
        height,
        small,
        labels,
        items,
        model=str(session.info.get("model") or ""),
        plan_of=(session.session, session.base) if items else None,
    )
    if not session.is_known:
        return picture
    state = str(session.info.get("state") or "")
    return replace(picture, session=session.session, state=state)


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


def plan_overlay(answer: Answer, picture: Picture) -> Steps:
    """Give the `Plan` that the docker lays over the picture, from a plan of its region alone."""
    region = p.Rect(*(int(answer.head["region"][name]) for name in ("x", "y", "width", "height")))
    blobs = [blob for blob in answer.blobs if isinstance(blob, Pixels)]
    return (yield InThread(lambda: _overlay(tuple(answer.head["names"]), region, blobs, picture)))


def _overlay(names: tuple[str, ...], region: p.Rect, blobs: list[Pixels], picture: Picture) -> Plan:
    indices = [names.index(item.name) if item.name in names else 255 for item in picture.items]
    labels = picture.labels.translate(bytes((indices + [255] * 256)[:256]))
    changes = bytes(len(labels))
    if len(blobs) >= 2:
        width, step = picture.small.width, p.downsample_step(picture.width, picture.height, SIDE)
        box, part = p.downsample_part(p.labels_to_bytes(blobs[0]), region, step)
        labels = p.paste(labels, width, 1, box, part)
        box, part = p.downsample_part(p.change_mask(blobs[1]), region, step)
        changes = p.paste(changes, width, 1, box, part)
    return Plan(labels, changes, names)
