"""Rasters for the mock of Krita: stored where they were set, converted, and blended.

Slow and simple on purpose: the plug-in's fast operations are compared with it.
"""

from __future__ import annotations

import array
from dataclasses import dataclass

SRGB, LINEAR = "sRGB-elle-V2-srgbtrc.icc", "sRGB-elle-V2-g10.icc"
GREY, LINEAR_GREY = "Gray-D50-elle-V2-srgbtrc.icc", "Gray-D50-elle-V2-g10.icc"
PROFILES = {"RGBA": (SRGB, LINEAR), "GRAYA": (GREY, LINEAR_GREY)}
CHANNELS = {"RGBA": 4, "GRAYA": 2}
CODES = {"U8": "B", "U16": "H", "F32": "f"}
FULL = {"U8": 255, "U16": 65535, "F32": 1.0}
WEIGHTS = (0.2126, 0.7152, 0.0722)

Box = tuple  # (x, y, width, height); Python 3.9 has no other name for it at run time


@dataclass(frozen=True)
class Kind:
    """A colour space, or the one-byte space of masks."""

    model: str
    depth: str
    profile: str

    @classmethod
    def of(cls, model: str, depth: str, profile: str) -> Kind:
        """Create one; an unknown profile silently becomes the default, as in Krita."""
        if model not in CHANNELS or depth not in CODES:
            raise NotImplementedError(f"the mock knows no {model} {depth}")
        known = PROFILES[model]
        if profile not in known:
            profile = known[0 if depth == "U8" else 1]
        return cls(model, depth, profile)

    @property
    def channels(self) -> int:
        """Samples per pixel."""
        return CHANNELS[self.model]

    @property
    def pixel(self) -> int:
        """Bytes per pixel."""
        return self.channels * array.array(CODES[self.depth]).itemsize

    @property
    def is_linear(self) -> bool:
        """Whether samples are linear light."""
        return "g10" in self.profile

    @property
    def white(self) -> bytes:
        """An opaque white pixel, the default of new documents."""
        return array.array(CODES[self.depth], [FULL[self.depth]] * self.channels).tobytes()


class Raster:
    """An unbounded plane of pixels; what was never set is the default pixel."""

    def __init__(self, default: bytes) -> None:
        """Create one that has only the default pixel."""
        self.default = default
        self.box: Box = (0, 0, 0, 0)
        self.data = b""

    def copy(self) -> Raster:
        """Return a copy."""
        made = Raster(self.default)
        made.box, made.data = self.box, self.data
        return made

    def get(self, box: Box) -> bytes:
        """Read a rectangle."""
        x, y, width, height = box
        left, top, wide, high = self.box
        pixel = len(self.default)
        first, last = max(x, left), min(x + width, left + wide)
        rows = []
        for row in range(y, y + height):
            if not top <= row < top + high or first >= last:
                rows.append(self.default * width)
                continue
            start = ((row - top) * wide + first - left) * pixel
            inner = self.data[start : start + (last - first) * pixel]
            rows.append(self.default * (first - x) + inner + self.default * (x + width - last))
        return b"".join(rows)

    def set(self, box: Box, data: bytes) -> None:
        """Write a rectangle; the stored rectangle grows to contain it."""
        x, y, width, height = box
        if width <= 0 or height <= 0:
            return
        grown = united(self.box, box)
        whole, pixel = bytearray(self.get(grown)), len(self.default)
        for row in range(height):
            start = ((y - grown[1] + row) * grown[2] + x - grown[0]) * pixel
            whole[start : start + width * pixel] = data[row * width * pixel :][: width * pixel]
        self.box, self.data = grown, bytes(whole)

    def bounds(self) -> Box:
        """Return the bounding box of all pixels that are not the default."""
        left, top, wide, high = self.box
        pixel, columns, rows = len(self.default), [], []
        for place in range(wide * high):
            if self.data[place * pixel : (place + 1) * pixel] != self.default:
                columns.append(place % wide)
                rows.append(place // wide)
        if not rows:
            return (0, 0, 0, 0)
        x, y = min(columns), min(rows)
        return (left + x, top + y, max(columns) - x + 1, max(rows) - y + 1)

    def turn(self, old: Kind, new: Kind) -> None:
        """Convert everything to another colour space."""
        self.default = turned(self.default, old, new)
        self.data = turned(self.data, old, new)


def united(one: Box, other: Box) -> Box:
    """Return the bounding box of two rectangles; one of area 0 is ignored."""
    if one[2] <= 0 or one[3] <= 0:
        return other
    if other[2] <= 0 or other[3] <= 0:
        return one
    x, y = min(one[0], other[0]), min(one[1], other[1])
    right = max(one[0] + one[2], other[0] + other[2])
    bottom = max(one[1] + one[3], other[1] + other[3])
    return (x, y, right - x, bottom - y)


def samples(data: bytes, kind: Kind) -> array.array:
    """Return bytes as samples."""
    values = array.array(CODES[kind.depth])
    values.frombytes(bytes(data))
    return values


def turned(data: bytes, old: Kind, new: Kind) -> bytes:
    """Convert pixels between colour spaces."""
    if old == new:
        return bytes(data)
    values, step, full = samples(data, old), old.channels, FULL[old.depth]
    made: list[float] = []
    for place in range(0, len(values), step):
        pixel = [value / full for value in values[place : place + step]]
        colours = pixel[:-1] if old.depth == "F32" else pixel[-2::-1]
        if old.is_linear != new.is_linear or len(colours) != new.channels - 1:
            light = [value if old.is_linear else to_light(value) for value in colours]
            light = _as_many(light, new.channels - 1)
            colours = light if new.is_linear else [from_light(value) for value in light]
        made += [*(colours if new.depth == "F32" else colours[::-1]), pixel[-1]]
    if new.depth == "F32":
        return array.array("f", made).tobytes()
    most = FULL[new.depth]
    whole = [min(most, max(0, int(value * most + 0.5))) for value in made]
    return array.array(CODES[new.depth], whole).tobytes()


def _as_many(light: list[float], count: int) -> list[float]:
    if len(light) == count:
        return light
    if count == 1:
        return [sum(weight * value for weight, value in zip(WEIGHTS, light))]
    return light * count


def to_light(value: float) -> float:
    """Decode the sRGB transfer function."""
    return value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4


def from_light(value: float) -> float:
    """Encode the sRGB transfer function."""
    return value * 12.92 if value <= 0.0031308 else 1.055 * value ** (1 / 2.4) - 0.055


def faded(data: bytes, kind: Kind, mask: bytes) -> bytes:
    """Multiply the alpha of pixels by a mask of bytes."""
    values, step = samples(data, kind), kind.channels
    for place, share in enumerate(mask):
        if share == 255:
            continue
        alpha = values[(place + 1) * step - 1] * share / 255
        values[(place + 1) * step - 1] = alpha if kind.depth == "F32" else int(alpha + 0.5)
    return values.tobytes()


def over(below: bytes, above: bytes, kind: Kind, opacity: int = 255) -> bytes:
    """Composite pixels over others; where alpha is 0 or 1, exactly."""
    under, upper, step, full = samples(below, kind), samples(above, kind), kind.channels, FULL
    most = full[kind.depth]
    for place in range(0, len(under), step):
        share = upper[place + step - 1] / most * opacity / 255
        if share == 0:
            continue
        if share == 1:
            under[place : place + step] = upper[place : place + step]
            continue
        rest = under[place + step - 1] / most * (1 - share)
        alpha = share + rest
        for sample in range(step - 1):
            value = (upper[place + sample] * share + under[place + sample] * rest) / alpha
            under[place + sample] = value if kind.depth == "F32" else int(value + 0.5)
        alpha *= most
        under[place + step - 1] = alpha if kind.depth == "F32" else int(alpha + 0.5)
    return under.tobytes()
