"""Colour spaces: which pixels the daemon gets as they are, and how Krita turns the others.

The daemon's models know sRGB. What Krita holds as sRGB, grey or coloured, of 8 or 16 bits or as
floats, goes over bit for bit; everything else (linear light, wide profiles, half floats, CMYK,
Lab) is turned by Krita's own colour engine into sRGB floats, and what was made of it turned back.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from .failure import Failure
from .pixels import SAMPLES, wire_order
from .qt import QtCore

if TYPE_CHECKING:
    from krita import Krita

SRGB = "sRGB-elle-V2-srgbtrc.icc"
GREY = "Gray-D50-elle-V2-srgbtrc.icc"
CHANNELS = {"RGBA": 4, "GRAYA": 2, "CMYKA": 5, "LABA": 4, "XYZA": 4, "YCbCrA": 4}
DEPTH_BYTES = {"U8": 1, "U16": 2, "F16": 2, "F32": 4}


@dataclass(frozen=True)
class Space:
    """How Krita holds pixels."""

    model: str
    depth: str
    profile: str

    @property
    def pixel(self) -> int:
        """Bytes of a pixel."""
        if self.model not in CHANNELS or self.depth not in DEPTH_BYTES:
            raise Failure(
                "input",
                f"pixels of the kind {self.model} {self.depth} are not known",
                hint="convert the image to RGB (Image ▸ Convert Image Color Space)",
            )
        return CHANNELS[self.model] * DEPTH_BYTES[self.depth]

    @property
    def is_sent_as_it_is(self) -> bool:
        """Whether the daemon gets these bits."""
        name = self.profile.lower()
        is_srgb = self.model == "RGBA" and "srgb" in name and "esrgb" not in name
        is_srgb = is_srgb and not is_linear(self)
        is_grey = self.model == "GRAYA" and "srgbtrc" in name
        return self.depth in SAMPLES and (is_srgb or is_grey)

    @property
    def sent(self) -> Space:
        """What the daemon gets of it."""
        return self if self.is_sent_as_it_is else Space("RGBA", "F32", SRGB)

    @property
    def channels(self) -> int:
        """Samples of a pixel."""
        return CHANNELS[self.model]

    @property
    def samples(self) -> str:
        """The kind of its samples on the wire."""
        return SAMPLES[self.depth]


def is_linear(space: Space) -> bool:
    """Whether a profile of sRGB's colours has light in proportion."""
    name = space.profile.lower()
    return "g10" in name or "linear" in name or "scrgb" in name


def turned(krita: Krita, data: bytes, size: tuple[int, int], old: Space, new: Space) -> bytes:
    """Have Krita turn pixels from one colour space into another; both in Krita's order."""
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


def to_wire(data: bytes, space: Space) -> bytes:
    """Give pixels of a space that is sent in the wire's order."""
    return wire_order(data, space.channels, space.samples)


def from_wire(data: bytes, space: Space) -> bytes:
    """Give them back in Krita's order."""
    return wire_order(data, space.channels, space.samples)
