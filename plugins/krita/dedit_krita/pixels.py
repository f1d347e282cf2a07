"""Operations on rasters held as bytes: channel order, crop, paste, masks, comparison.

Krita brings no numpy. Whole rasters are combined as long integers and strided slices, which takes
milliseconds for a million pixels; only half-transparent ones are gone through one by one.
Everything may run in any thread.
"""

from __future__ import annotations

import array
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .wire import Pixels

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

SAMPLES = {"U8": "u8", "U16": "u16", "F32": "f32"}
SAMPLE_BYTES = {"u8": 1, "u16": 2, "f32": 4}
CODES = {"u8": "B", "u16": "H", "f32": "I"}
FULL = {
    "u8": b"\xff",
    "u16": b"\xff\xff",
    "f32": b"\x00\x00\x80\x3f",
}
BINARY = bytes(0 if value < 128 else 255 for value in range(256))
"""Table for `translate`: a soft mask cut at its half."""
NONZERO = bytes(0 if value == 0 else 255 for value in range(256))
HALVES = bytes(255 if 0x3F <= value < 0x80 else 0 for value in range(256))
"""Table for `translate`: the highest bytes of f32 numbers from a half on."""
INVERTED = bytes(255 - value for value in range(256))
NUMBERS = {"u8": "B", "u16": "H", "f32": "f"}
"""Type codes of samples that are computed with; `CODES` are of samples that are only moved."""
MOST = {"u8": 255, "u16": 65535, "f32": 1.0}
"""The value of 1."""
RUN = re.compile(b"\xff+")


@dataclass(frozen=True)
class Rect:
    """A rectangle of pixels."""

    x: int
    y: int
    width: int
    height: int

    @property
    def area(self) -> int:
        """Number of pixels."""
        return self.width * self.height

    def within(self, other: Rect) -> Rect:
        """Return the intersection with another; its area is 0 if there is none."""
        left, top = max(self.x, other.x), max(self.y, other.y)
        right = min(self.x + self.width, other.x + other.width)
        bottom = min(self.y + self.height, other.y + other.height)
        return Rect(left, top, max(0, right - left), max(0, bottom - top))


def rect_of(region: dict[str, Any]) -> Rect:
    """Return a region of the daemon's."""
    return Rect(*(region[name] for name in ("x", "y", "width", "height")))


def united(one: Rect, other: Rect) -> Rect:
    """Return the smallest rectangle that contains both; one without area does not count."""
    if not one.area or not other.area:
        return one if one.area else other
    left, top = min(one.x, other.x), min(one.y, other.y)
    right = max(one.x + one.width, other.x + other.width)
    bottom = max(one.y + one.height, other.y + other.height)
    return Rect(left, top, right - left, bottom - top)


def swap_red_blue(data: bytes, channels: int, samples: str) -> bytes:
    """Convert between Krita's channel order and the wire's: integer pixels of Krita are BGRA."""
    if channels < 3 or samples == "f32":
        return bytes(data)
    swapped = array.array(CODES[samples])
    swapped.frombytes(bytes(data))
    swapped[0::channels], swapped[2::channels] = swapped[2::channels], swapped[0::channels]
    return swapped.tobytes()


def alpha(data: bytes, channels: int, samples: str) -> bytes:
    """Return the last sample of each pixel."""
    values = array.array(CODES[samples])
    values.frombytes(data)
    return values[channels - 1 :: channels].tobytes()


def nonzero_mask(values: bytes, samples: str) -> bytes:
    """Return a byte for each sample: 255 where it is not 0."""
    size = SAMPLE_BYTES[samples]
    return any_of([values[place::size] for place in range(size)])


def full_mask(values: bytes, samples: str) -> bytes:
    """Return a byte for each sample: 255 where it is 1, the largest whole number."""
    size = SAMPLE_BYTES[samples]
    other = difference_mask(values, FULL[samples] * (len(values) // size), size)
    return other.translate(INVERTED)


def soft_mask(values: bytes, samples: str) -> bytes:
    """Return a byte for each sample: 255 where it is neither 0 nor 1."""
    some = int.from_bytes(nonzero_mask(values, samples), "little")
    full = int.from_bytes(full_mask(values, samples), "little")
    return (some ^ full).to_bytes(len(values) // SAMPLE_BYTES[samples], "little")


def runs(mask: bytes) -> Iterator[range]:
    """Yield where a mask is 255, from left to right."""
    for run in RUN.finditer(mask):
        yield range(run.start(), run.end())


def values_of(data: bytes, samples: str) -> array.array[Any]:
    """Return samples as numbers."""
    values = array.array(NUMBERS[samples])
    values.frombytes(data)
    return values


def blend(below: bytes, above: bytes, soft: bytes, channels: int, samples: str) -> bytes:
    """Lay straight alpha over straight alpha where the mask `soft` is 255, pixel by pixel."""
    under, over = values_of(below, samples), values_of(above, samples)
    last, most = channels - 1, MOST[samples]
    half = 0.5 if samples != "f32" else 0.0
    number = float if samples == "f32" else int
    for run in runs(soft):
        for start in range(run.start * channels, run.stop * channels, channels):
            share = over[start + last] / most
            rest = under[start + last] / most * (1 - share)
            alpha = share + rest
            if not alpha > 0:
                continue
            weight = share / alpha
            for at in range(start, start + last):
                value = under[at] + (over[at] - under[at]) * weight
                under[at] = number(value + half)
            under[start + last] = number(alpha * most + half)
    return under.tobytes()


def any_of(planes: Iterable[bytes]) -> bytes:
    """Return 255 where the byte of any plane is not 0."""
    combined, length = 0, 0
    for plane in planes:
        combined |= int.from_bytes(plane, "little")
        length = len(plane)
    return combined.to_bytes(length, "little").translate(NONZERO)


def select(below: bytes, above: bytes, mask: bytes) -> bytes:
    """Take each pixel from `above` where its byte of the mask is 255, else from `below`."""
    wide = repeat_bytes(mask, len(below) // max(1, len(mask)))
    bits = int.from_bytes(wide, "little")
    under, over = int.from_bytes(below, "little"), int.from_bytes(above, "little")
    return (under ^ ((under ^ over) & bits)).to_bytes(len(below), "little")


def repeat_bytes(mask: bytes, times: int) -> bytes:
    """Repeat each byte."""
    repeated = bytearray(len(mask) * times)
    for place in range(times):
        repeated[place::times] = mask
    return bytes(repeated)


def difference_mask(one: bytes, other: bytes, pixel: int) -> bytes:
    """Return a byte for each pixel: 255 where two rasters of `pixel` bytes per pixel differ."""
    bits = int.from_bytes(one, "little") ^ int.from_bytes(other, "little")
    apart = bits.to_bytes(len(one), "little")
    return any_of([apart[place::pixel] for place in range(pixel)])


def crop(data: bytes, width: int, pixel: int, part: Rect) -> bytes:
    """Return a rectangle of a raster; `width` in pixels, `pixel` in bytes."""
    view = memoryview(data)
    starts = (((part.y + row) * width + part.x) * pixel for row in range(part.height))
    return b"".join(view[start : start + part.width * pixel] for start in starts)


def paste(data: bytes, width: int, pixel: int, part: Rect, piece: bytes) -> bytes:
    """Return the raster with a rectangle replaced by `piece`."""
    whole, row = bytearray(data), part.width * pixel
    for line in range(part.height):
        start = ((part.y + line) * width + part.x) * pixel
        whole[start : start + row] = piece[line * row : (line + 1) * row]
    return bytes(whole)


def bounding_box(mask: bytes, width: int) -> Rect | None:
    """Return the bounding box of the nonzero bytes of a mask; None if there are none."""
    height = len(mask) // width
    rows = [mask[row * width : (row + 1) * width] for row in range(height)]
    filled = [row for row in range(height) if any(rows[row])]
    if not filled:
        return None
    top, bottom = filled[0], filled[-1]
    columns = any_of(rows[top : bottom + 1])
    left, right = columns.find(255), columns.rfind(255)
    return Rect(left, top, right - left + 1, bottom - top + 1)


def change_mask(changes: Pixels) -> bytes:
    """Return 255 where a plan lets a pixel change; `changes` has an f32 amount, 0 to 1, each."""
    return any_of([changes.data[place::4] for place in range(4)])


def labels_to_bytes(labels: Pixels) -> bytes:
    """Return a label map of u8 or u16 as bytes; labels above 255 become 255."""
    if labels.samples == "u8":
        return labels.data
    low, high = labels.data[0::2], labels.data[1::2]
    if not any(high):
        return low
    bits = int.from_bytes(low, "little") | int.from_bytes(high.translate(NONZERO), "little")
    return bits.to_bytes(len(low), "little")


def half_mask(mask: Pixels) -> bytes:
    """Return 255 where a mask of f32 amounts, 0 to 1, is at least a half."""
    # The highest byte of a half is 3f; less than that has a smaller one.
    return mask.data[3::4].translate(HALVES)


def put_label(labels: bytes, inside: bytes, number: int) -> bytes:
    """Return a label map of bytes with a number where `inside` is 255; elsewhere that is 0."""
    bits = int.from_bytes(inside, "little")
    new = int.from_bytes(inside.translate(bytes([0, *[number] * 255])), "little")
    return (int.from_bytes(labels, "little") & ~bits | new).to_bytes(len(labels), "little")


def label_mask(labels: bytes, number: int) -> bytes:
    """Return the mask, 0 or 255, of one item of a label map of bytes."""
    table = bytearray(256)
    table[number] = 255
    return labels.translate(bytes(table))


def downsample_step(width: int, height: int, most: int) -> int:
    """Return the n of every n-th row and column, so that no side exceeds `most`."""
    return max(1, -(-max(width, height) // most))


def downsample(data: bytes, width: int, pixel: int, most: int) -> tuple[int, int, bytes]:
    """Keep every n-th row and column, so that no side exceeds `most`; width, height, data."""
    height = len(data) // (width * pixel)
    step = downsample_step(width, height, most)
    columns, kept = -(-width // step), []
    for row in range(0, height, step):
        line = data[row * width * pixel : (row + 1) * width * pixel]
        thin = bytearray(columns * pixel)
        for place in range(pixel):
            thin[place::pixel] = line[place :: pixel * step]
        kept.append(bytes(thin))
    return columns, len(kept), b"".join(kept)


def downsample_part(data: bytes, part: Rect, step: int) -> tuple[Rect, bytes]:
    """Keep every n-th row and column of a whole raster, of which `data` is a part of bytes.

    Returns the rectangle in the downsampled raster, and its bytes.
    """
    left, top = -(-part.x // step), -(-part.y // step)
    rows = range(top * step - part.y, part.height, step)
    kept = [
        data[row * part.width + left * step - part.x : (row + 1) * part.width : step]
        for row in rows
    ]
    width = len(range(left * step - part.x, part.width, step))
    return Rect(left, top, width, len(kept)), b"".join(kept)


def to_rgba8(pixels: Pixels) -> bytes:
    """Return a picture as RGBA of 8 bits, for display."""
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
