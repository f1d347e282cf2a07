"""Images from bytes, label maps and overlays. No loop goes over pixels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ..qt import QtCore, QtGui
from ..view_state import SmallImage

Format = QtGui.QImage.Format
Mode = QtGui.QPainter.CompositionMode
PAINTED = Format.Format_ARGB32_Premultiplied
PLACES = 256
"""Values of a label."""
ANY = bytes([0] + [255] * 255)
"""Table for `translate`: 255 for every value but 0."""
NO_COLOUR = (128, 128, 128)
Colours = Sequence["tuple[int, int, int]"]


@dataclass(frozen=True)
class Places:
    """A byte for each pixel, such as its item's label; `stride` bytes per row, `width` are used."""

    data: bytes
    stride: int
    width: int
    height: int

    def image(self, table: Sequence[int]) -> Any:  # noqa: ANN401
        """Return the image with these colours (ARGB) for the values."""
        image = QtGui.QImage(
            self.data, self.width, self.height, self.stride, Format.Format_Indexed8
        )
        image.setColorTable(list(table))
        return image.convertToFormat(PAINTED)

    def scaled(self, width: int, height: int) -> Places:
        """Return the map resized, by nearest neighbour."""
        image = QtGui.QImage(
            self.data, self.width, self.height, self.stride, Format.Format_Indexed8
        )
        image.setColorTable([0xFF000000 + place for place in range(PLACES)])
        image = image.scaled(
            width,
            height,
            QtCore.Qt.AspectRatioMode.IgnoreAspectRatio,
            QtCore.Qt.TransformationMode.FastTransformation,
        )
        bits = image.constBits()
        bits.setsize(image.sizeInBytes())
        return Places(bytes(bits), image.bytesPerLine(), width, height)

    def only(self, place: int) -> Places:
        """Return 255 where the value is `place`, else 0."""
        table = bytes(255 if value == place else 0 for value in range(PLACES))
        return self.replaced(self.data.translate(table))

    def replaced(self, data: bytes) -> Places:
        """Return a map of the same shape with other bytes."""
        return Places(data, self.stride, self.width, self.height)

    def edges(self) -> Places:
        """Return 255 where the pixel to the right or below has another value, else 0."""
        own = int.from_bytes(self.data, "little")
        right = int.from_bytes(self.data[1:] + self.data[-1:], "little")
        below = int.from_bytes(
            self.data[self.stride :] + self.data[len(self.data) - self.stride :], "little"
        )
        # Ignore the last column: its right neighbour is padding or the next row.
        row = b"\xff" * (self.width - 1) + b"\0" * (self.stride - self.width + 1)
        within = int.from_bytes(row * self.height, "little")
        across = (own ^ right) & within
        size = len(self.data)
        sides = across.to_bytes(size, "little").translate(ANY)
        ends = (own ^ below).to_bytes(size, "little").translate(ANY)
        return self.replaced(either(sides, ends))

    def both_sides(self) -> Places:
        """Return edges extended right and down, so that both sides of a border have a line."""
        data = either(self.data, b"\0" + self.data[:-1])
        return self.replaced(either(data, b"\0" * self.stride + data[: -self.stride]))

    def wider(self) -> Places:
        """Return the nonzero area extended by one pixel in four directions."""
        data, gap = self.data, b"\0" * self.stride
        near = either(data, data[1:] + b"\0")
        near = either(near, b"\0" + data[:-1])
        near = either(near, data[self.stride :] + gap)
        return self.replaced(either(near, gap + data[: -self.stride]))

    def alpha(self) -> Any:  # noqa: ANN401
        """Return the values as an image with only an alpha channel."""
        image = QtGui.QImage(self.data, self.width, self.height, self.stride, Format.Format_Alpha8)
        return image.copy()

    def box(self, place: int) -> tuple[int, int, int, int] | None:
        """Return left, top, right and bottom of a value's area; right and bottom are exclusive."""
        first = self.data.find(place) if 0 <= place < PLACES else -1
        if first < 0:
            return None
        top, bottom = first // self.stride, self.data.rfind(place) // self.stride + 1
        left, right = self.width, 0
        for start in range(top * self.stride, bottom * self.stride, self.stride):
            at = self.data.find(place, start, start + self.width)
            if at >= 0:
                left = min(left, at - start)
                last = self.data.rfind(place, start, start + self.width)
                right = max(right, last - start + 1)
        return left, top, right, bottom

    def centre(self, place: int) -> tuple[float, float] | None:
        """Return the centroid of a value's area, about which the daemon scales and rotates."""
        count = self.data.count(place) if 0 <= place < PLACES else 0
        if not count:
            return None
        across = sum(x * self.data[x :: self.stride].count(place) for x in range(self.width))
        down = sum(
            y * self.data.count(place, y * self.stride, (y + 1) * self.stride)
            for y in range(self.height)
        )
        return across / count + 0.5, down / count + 0.5


def either(one: bytes, other: bytes) -> bytes:
    """Return the bitwise or."""
    both = int.from_bytes(one, "little") | int.from_bytes(other, "little")
    return both.to_bytes(len(one), "little")


def places_of(small: SmallImage, labels: bytes) -> Places | None:
    """Return the label map of a small image; None if the sizes differ."""
    if not labels or len(labels) != small.width * small.height:
        return None
    return Places(labels, small.width, small.width, small.height)


def image_of(small: SmallImage | None) -> Any:  # noqa: ANN401
    """Return the image; None if size and bytes do not agree."""
    if small is None or small.width < 1 or small.height < 1:
        return None
    if len(small.rgba) != small.width * small.height * 4:
        return None
    image = QtGui.QImage(
        small.rgba, small.width, small.height, small.width * 4, Format.Format_RGBA8888
    )
    # A copy, because QImage does not own the bytes.
    return image.convertToFormat(PAINTED).copy()


def cut_out(image: Any, places: Places, place: int) -> Any:  # noqa: ANN401
    """Return an item cut out, of the size of its bounding box; None if it has no pixel."""
    box = places.box(place)
    if box is None:
        return None
    left, top, right, bottom = box
    rows = (y * places.stride for y in range(top, bottom))
    data = b"".join(places.data[row + left : row + right] for row in rows)
    mask = Places(data, right - left, right - left, bottom - top).only(place).alpha()
    piece = image.copy(left, top, right - left, bottom - top)
    within(piece, mask)
    return piece


def within(image: Any, mask: Any) -> None:  # noqa: ANN401
    """Multiply the image's alpha by the mask."""
    painter = QtGui.QPainter(image)
    painter.setCompositionMode(Mode.CompositionMode_DestinationIn)
    painter.drawImage(image.rect(), mask)
    painter.end()


def argb(colour: tuple[int, int, int], alpha: int) -> int:
    """Return a colour as 0xAARRGGBB."""
    red, green, blue = colour
    return alpha << 24 | (red & 255) << 16 | (green & 255) << 8 | blue & 255


def layer(size: Any, colour: Any, mask: Any) -> Any:  # noqa: ANN401
    """Return an image of a colour or brush within a mask."""
    image = QtGui.QImage(size, PAINTED)
    image.fill(0)
    painter = QtGui.QPainter(image)
    painter.fillRect(image.rect(), colour)
    painter.end()
    within(image, mask)
    return image


def overlay(places: Places, colours: Colours, quiet: int, chosen: int) -> Any:  # noqa: ANN401
    """Return items in their colours with outlines; `quiet` is the background's label, or -1."""
    full = [argb(colours[i] if i < len(colours) else NO_COLOUR, 255) for i in range(PLACES)]
    shades = [0x00FFFFFF | (150 if i == chosen else 90) << 24 for i in range(PLACES)]
    table = [colour & shade for colour, shade in zip(full, shades)]
    if 0 <= quiet < PLACES:
        table[quiet] = 0 if quiet != chosen else table[quiet] & 0x60FFFFFF
    image = places.image(table)
    if 0 <= quiet < PLACES:
        full[quiet] = 0
    lines = places.image(full)
    within(lines, places.edges().both_sides().alpha())
    painter = QtGui.QPainter(image)
    painter.drawImage(0, 0, lines)
    if 0 <= chosen < PLACES:
        # White between dark lines is visible on every picture.
        line = places.only(chosen).edges()
        dark = QtGui.QColor(0, 0, 0, 170)
        painter.drawImage(0, 0, layer(image.size(), dark, line.wider().alpha()))
        white = QtGui.QColor(255, 255, 255)
        painter.drawImage(0, 0, layer(image.size(), white, line.alpha()))
    painter.end()
    return image


def hatched(changes: Places, size: Any) -> Any:  # noqa: ANN401
    """Return what an edit may change as a hatched area."""
    image = QtGui.QImage(size, PAINTED)
    image.fill(QtGui.QColor(255, 255, 255, 40))
    painter = QtGui.QPainter(image)
    for colour, shift in ((QtGui.QColor(0, 0, 0, 130), 1), (QtGui.QColor(255, 255, 255, 200), 0)):
        painter.setBrushOrigin(shift, 0)
        brush = QtGui.QBrush(colour, QtCore.Qt.BrushStyle.BDiagPattern)
        painter.fillRect(image.rect(), brush)
    painter.end()
    within(image, changes.alpha())
    return image
