"""Samples as bytes: from Krita's order to the wire's and back, laid over each other, cut, compared.

Whole pictures are worked on by whole numbers as long as the picture and by slices with a step,
which take milliseconds for a million pixels; nothing here loops over pixels. It may run in any
thread.
"""

from __future__ import annotations

import array
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .wire import Pixels

if TYPE_CHECKING:
    from collections.abc import Iterable

SAMPLES = {"U8": "u8", "U16": "u16", "F32": "f32"}
SAMPLE_BYTES = {"u8": 1, "u16": 2, "f32": 4}
CODES = {"u8": "B", "u16": "H", "f32": "I"}
FULL = {
    "u8": b"\xff",
    "u16": b"\xff\xff",
    "f32": b"\x00\x00\x80\x3f",
}
HARD = bytes(0 if value < 128 else 255 for value in range(256))
"""The half of a soft mask that is inside."""
SOME = bytes(0 if value == 0 else 255 for value in range(256))


@dataclass(frozen=True)
class Rect:
    """A rectangle of pixels."""

    x: int
    y: int
    width: int
    height: int

    @property
    def area(self) -> int:
        """Its number of pixels."""
        return self.width * self.height

    def within(self, other: Rect) -> Rect:
        """Give what lies in another; of no area where nothing does."""
        left, top = max(self.x, other.x), max(self.y, other.y)
        right = min(self.x + self.width, other.x + other.width)
        bottom = min(self.y + self.height, other.y + other.height)
        return Rect(left, top, max(0, right - left), max(0, bottom - top))


def wire_order(data: bytes, channels: int, samples: str) -> bytes:
    """Turn Krita's order of samples into the wire's, or back: whole numbers are BGRA there."""
    if channels < 3 or samples == "f32":
        return bytes(data)
    turned = array.array(CODES[samples])
    turned.frombytes(bytes(data))
    turned[0::channels], turned[2::channels] = turned[2::channels], turned[0::channels]
    return turned.tobytes()


def alpha(data: bytes, channels: int, samples: str) -> bytes:
    """Give the last sample of each pixel."""
    values = array.array(CODES[samples])
    values.frombytes(data)
    return values[channels - 1 :: channels].tobytes()


def is_hard(shares: bytes, samples: str) -> bool:
    """Whether every alpha is nothing or everything."""
    values = array.array(CODES[samples])
    values.frombytes(shares)
    full = array.array(CODES[samples])
    full.frombytes(FULL[samples])
    return values.count(0) + values.count(full[0]) == len(values)


def hard_mask(shares: bytes, samples: str) -> bytes:
    """Give a byte for each alpha: 255 where it is not 0."""
    size = SAMPLE_BYTES[samples]
    return any_of([shares[place::size] for place in range(size)])


def any_of(planes: Iterable[bytes]) -> bytes:
    """Give 255 where one of some bytes is not 0."""
    gathered, length = 0, 0
    for plane in planes:
        gathered |= int.from_bytes(plane, "little")
        length = len(plane)
    return gathered.to_bytes(length, "little").translate(SOME)


def chosen(below: bytes, above: bytes, mask: bytes) -> bytes:
    """Take the upper one where a mask of a byte for each pixel is 255, the lower where it is 0."""
    spread = spread_over(mask, len(below) // max(1, len(mask)))
    bits = int.from_bytes(spread, "little")
    under, over = int.from_bytes(below, "little"), int.from_bytes(above, "little")
    return (under ^ ((under ^ over) & bits)).to_bytes(len(below), "little")


def spread_over(mask: bytes, times: int) -> bytes:
    """Repeat each byte so many times."""
    spread = bytearray(len(mask) * times)
    for place in range(times):
        spread[place::times] = mask
    return bytes(spread)


def differing(one: bytes, other: bytes, pixel: int) -> bytes:
    """Give a byte for each pixel of so many bytes: 255 where two pictures differ."""
    bits = int.from_bytes(one, "little") ^ int.from_bytes(other, "little")
    apart = bits.to_bytes(len(one), "little")
    return any_of([apart[place::pixel] for place in range(pixel)])


def cut(data: bytes, width: int, pixel: int, part: Rect) -> bytes:
    """Cut a rectangle out of a picture of that width, of so many bytes to a pixel."""
    view = memoryview(data)
    starts = (((part.y + row) * width + part.x) * pixel for row in range(part.height))
    return b"".join(view[start : start + part.width * pixel] for start in starts)


def put(data: bytes, width: int, pixel: int, part: Rect, piece: bytes) -> bytes:
    """Put a rectangle into a picture."""
    whole, row = bytearray(data), part.width * pixel
    for line in range(part.height):
        start = ((part.y + line) * width + part.x) * pixel
        whole[start : start + row] = piece[line * row : (line + 1) * row]
    return bytes(whole)


def bounds(mask: bytes, width: int) -> Rect | None:
    """Give the rectangle round what is not 0 in a mask, if anything is."""
    height = len(mask) // width
    rows = [mask[row * width : (row + 1) * width] for row in range(height)]
    filled = [row for row in range(height) if any(rows[row])]
    if not filled:
        return None
    top, bottom = filled[0], filled[-1]
    columns = any_of(rows[top : bottom + 1])
    left, right = columns.find(255), columns.rfind(255)
    return Rect(left, top, right - left + 1, bottom - top + 1)


def changed(changes: Pixels) -> bytes:
    """Give 255 where a plan says that a pixel may change, of how far each may, 0 ... 1."""
    return any_of([changes.data[place::4] for place in range(4)])


def small_numbers(numbers: Pixels) -> bytes:
    """Give items' numbers as a byte each; those from 255 on are 255."""
    if numbers.samples == "u8":
        return numbers.data
    low, high = numbers.data[0::2], numbers.data[1::2]
    if not any(high):
        return low
    bits = int.from_bytes(low, "little") | int.from_bytes(high.translate(SOME), "little")
    return bits.to_bytes(len(low), "little")


def mask_of(numbers: bytes, number: int) -> bytes:
    """Give the mask of one item among items' numbers, a byte each."""
    table = bytearray(256)
    table[number] = 255
    return numbers.translate(bytes(table))


def agreement(one: bytes, other: bytes) -> float:
    """How much two hard masks have in common: intersection over union."""
    first, second = int.from_bytes(one, "little"), int.from_bytes(other, "little")
    both = (first & second).to_bytes(len(one), "little").count(255)
    either = (first | second).to_bytes(len(one), "little").count(255)
    return both / either if either else 0.0


def softness(mask: bytes, width: int) -> float:
    """Give the width of a mask's soft edge: its soft pixels over the length of its outline."""
    soft = len(mask) - sum(mask.count(value) for value in (*range(6), *range(250, 256)))
    hard = mask.translate(HARD)
    bits = int.from_bytes(hard, "little")
    down = (bits ^ (bits >> (8 * width))).to_bytes(len(hard), "little")
    across = (bits ^ (bits >> 8)).to_bytes(len(hard), "little")
    last = bytes(across[width - 1 :: width])
    outline = down[: len(hard) - width].count(255) + across.count(255) - last.count(255)
    return soft / max(1, outline)


def thinned(data: bytes, width: int, pixel: int, most: int) -> tuple[int, int, bytes]:
    """Leave out rows and columns until no side is longer than that; width, height, data."""
    height = len(data) // (width * pixel)
    step = max(1, -(-max(width, height) // most))
    columns, kept = -(-width // step), []
    for row in range(0, height, step):
        line = data[row * width * pixel : (row + 1) * width * pixel]
        thin = bytearray(columns * pixel)
        for place in range(pixel):
            thin[place::pixel] = line[place :: pixel * step]
        kept.append(bytes(thin))
    return columns, len(kept), b"".join(kept)


def eight_bits(pixels: Pixels) -> bytes:
    """Give a picture as eight bits, red, green, blue and alpha, to be shown."""
    if pixels.samples == "u16":
        data = pixels.data[1::2]
    elif pixels.samples == "f32":
        values = array.array("f")
        values.frombytes(pixels.data)
        data = bytes(int(min(1.0, max(0.0, value)) * 255 + 0.5) for value in values)
    else:
        data = pixels.data
    count = pixels.width * pixels.height
    shown = bytearray(b"\xff") * (count * 4)
    channels = pixels.channels
    for place in range(3):
        shown[place::4] = data[place if channels > 2 else 0 :: channels]
    if channels in (2, 4):
        shown[3::4] = data[channels - 1 :: channels]
    return bytes(shown)
