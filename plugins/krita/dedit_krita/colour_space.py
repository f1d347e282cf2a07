"""Colour spaces: which pixels the daemon gets unchanged, and how Krita converts the others.

The daemon's models work in sRGB. Krita's sRGB and grey pixels of 8 and 16 bits and sRGB floats are
sent bit for bit. Everything else (linear light, wide gamuts, half floats, CMYK, Lab) is converted
to sRGB floats by Krita's colour engine, and results are converted back.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from .failure import Failure
from .pixels import SAMPLES, swap_red_blue
from .qt import QtCore
from .wire import Pixels

if TYPE_CHECKING:
    from krita import Krita

SRGB = "sRGB-elle-V2-srgbtrc.icc"
GREY = "Gray-D50-elle-V2-srgbtrc.icc"
CHANNELS = {"RGBA": 4, "GRAYA": 2, "CMYKA": 5, "LABA": 4, "XYZA": 4, "YCbCrA": 4}
DEPTH_BYTES = {"U8": 1, "U16": 2, "F16": 2, "F32": 4}


@dataclass(frozen=True)
class ColourSpace:
    """Colour model, depth and profile, by Krita's names."""

    model: str
    depth: str
    profile: str

    @property
    def pixel(self) -> int:
        """Bytes per pixel."""
        if self.model not in CHANNELS or self.depth not in DEPTH_BYTES:
            raise Failure(
                "input",
                f"pixels of the kind {self.model} {self.depth} are not known",
                hint="convert the image to RGB (Image ▸ Convert Image Color Space)",
            )
        return CHANNELS[self.model] * DEPTH_BYTES[self.depth]

    @property
    def is_wire_space(self) -> bool:
        """Whether the daemon gets these pixels unchanged."""
        name = self.profile.lower()
        is_srgb = self.model == "RGBA" and "srgb" in name and "esrgb" not in name
        is_linear = "g10" in name or "linear" in name or "scrgb" in name
        is_grey = self.model == "GRAYA" and "srgbtrc" in name
        return self.depth in SAMPLES and ((is_srgb and not is_linear) or is_grey)

    @property
    def wire_space(self) -> ColourSpace:
        """The space that pixels are sent in."""
        return self if self.is_wire_space else ColourSpace("RGBA", "F32", SRGB)

    @property
    def channels(self) -> int:
        """Samples per pixel."""
        return CHANNELS[self.model]

    @property
    def samples(self) -> str:
        """The wire's name of the sample type."""
        return SAMPLES[self.depth]


def convert(
    krita: Krita, data: bytes, size: tuple[int, int], old: ColourSpace, new: ColourSpace
) -> bytes:
    """Have Krita convert pixels from one colour space to another; both in Krita's order."""
    if old == new:
        return data
    document = krita.createDocument(size[0], size[1], "", old.model, old.depth, old.profile, 72.0)
    if document is None:
        raise Failure("resources", "Krita cannot make a picture to turn colours in")
    try:
        if document.colorProfile() != old.profile:
            raise Failure("input", f"Krita has no colour profile {old.profile}")
        document.setBatchmode(True)
        node = document.rootNode().childNodes()[0]
        node.setPixelData(QtCore.QByteArray(data), 0, 0, size[0], size[1])
        document.setColorSpace(new.model, new.depth, new.profile)
        document.waitForDone()
        result = bytes(node.pixelData(0, 0, size[0], size[1]))
        if len(result) != size[0] * size[1] * new.pixel:
            raise Failure("input", f"Krita cannot turn {old.profile} into {new.profile}")
        return result
    finally:
        document.setModified(False)
        document.close()


def to_wire(data: bytes, size: tuple[int, int], space: ColourSpace) -> tuple[Pixels, str]:
    """Return a raster of a wire space, in Krita's order, as the wire's pixels, and their digest."""
    ordered = swap_red_blue(data, space.channels, space.samples)
    pixels = Pixels(size[0], size[1], space.channels, space.samples, ordered)
    return pixels, pixels.digest()


def from_wire(pixels: Pixels, space: ColourSpace) -> bytes:
    """Return the wire's pixels of a wire space in Krita's order."""
    return swap_red_blue(pixels.data, space.channels, space.samples)
