"""What the docker shows of a picture, as plain values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from . import pixels as p
from .failure import Failure
from .flow import Aside, Ask, Steps
from .ground import Ground, stand
from .items import Table, lay
from .masks import BACKGROUND
from .noted import Notes
from .shown import Item, Picture, Plan, Small
from .source import document_of
from .wire import Frame, Pixels

if TYPE_CHECKING:
    from .run import Call
    from .source import Source

SIDE = 384
"""The longest side of small pictures: what a docker on a large screen shows."""
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


def picture(call: Call, *, asks: bool) -> Steps:
    """Give the picture; the daemon is asked for its items where there may be some."""
    ground = yield from stand(call.krita, call.source)
    table = None
    if asks:
        document = document_of(call.krita, call.source.document)
        is_known = call.source.layer in Notes.of(document).sessions
        if not is_known:
            answer = yield Ask("open_picture", {"digest": ground.digest})
            is_known = bool(answer.head["known"])
        if is_known:
            try:
                table = yield from lay(call.krita, call.source, ground, writes=False)
            except Failure as failure:
                if failure.kind in ("connection", "cancelled"):
                    raise
    return (yield from shown(call.source, ground, table))


def shown(source: Source, ground: Ground, table: Table | None) -> Steps:
    """Give the picture with the items of a table."""
    if table is None:
        small = yield Aside(lambda: _small(ground.pixels))
        return Picture(source.name, source.rect.width, source.rect.height, small, b"")
    return (yield Aside(lambda: _with_items(source, ground, table)))


def _with_items(source: Source, ground: Ground, table: Table) -> Picture:
    small, area = _small(ground.pixels), max(1, len(table.numbers))
    _, _, numbers = p.thinned(table.numbers, source.rect.width, 1, SIDE)
    items = tuple(
        Item(
            name,
            (128, 128, 128) if name == BACKGROUND else COLOURS[number % len(COLOURS)],
            table.numbers.count(number) / area,
            name == BACKGROUND,
        )
        for number, name in enumerate(table.names)
    )
    session: dict[str, Any] = table.session
    return Picture(
        source.name,
        source.rect.width,
        source.rect.height,
        small,
        numbers,
        items,
        table.name,
        str(session.get("state") or ""),
        str(session.get("model") or ""),
    )


def _small(pixels: Pixels) -> Small:
    pixel = pixels.channels * p.SAMPLE_BYTES[pixels.samples]
    width, height, data = p.thinned(pixels.data, pixels.width, pixel, SIDE)
    thin = Pixels(width, height, pixels.channels, pixels.samples, data)
    return Small(width, height, p.eight_bits(thin))


def preview(frame: Frame) -> Small | None:
    """Give what a `preview` shows, if it can be shown."""
    blob = frame.blobs[0] if frame.blobs else None
    if not isinstance(blob, Pixels) or blob.width * blob.height > 1 << 20:
        return None
    return Small(blob.width, blob.height, p.eight_bits(blob))


def plan(answer: Any) -> Steps:  # noqa: ANN401 (an Answer)
    """Give what a plan shows."""
    numbers, changes = answer.blobs[0], answer.blobs[1]

    def thin() -> Plan:
        _, _, small = p.thinned(p.small_numbers(numbers), numbers.width, 1, SIDE)
        _, _, changed = p.thinned(p.changed(changes), numbers.width, 1, SIDE)
        return Plan(small, changed, tuple(answer.head["names"]))

    return (yield Aside(thin))
