"""The frame around an item that is moved, scaled and rotated, and what drags do to it."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from ..actions import BY_NAME

SCALE = next(parameter for parameter in BY_NAME["move"].own if parameter.name == "scale")


@dataclass(frozen=True)
class Movement:
    """A movement: scale and rotate about the item's centre, then translate by pixels."""

    dx: float = 0.0
    dy: float = 0.0
    scale: float = 1.0
    rotate: float = 0.0

    @property
    def is_none(self) -> bool:
        """Whether it changes nothing."""
        return self == Movement()


@dataclass(frozen=True)
class Frame:
    """The bounding box and the centre of an item, in pixels of the picture."""

    left: float
    top: float
    right: float
    bottom: float
    centre: tuple[float, float]

    def forward(self, point: tuple[float, float], movement: Movement) -> tuple[float, float]:
        """Return the position of a point after a movement."""
        angle = math.radians(movement.rotate)
        sin, cos = math.sin(angle) * movement.scale, math.cos(angle) * movement.scale
        x, y = point[0] - self.centre[0], point[1] - self.centre[1]
        middle_x, middle_y = self.middle(movement)
        return middle_x + cos * x - sin * y, middle_y + sin * x + cos * y

    def middle(self, movement: Movement) -> tuple[float, float]:
        """Return the position of the centre after a movement."""
        return self.centre[0] + movement.dx, self.centre[1] + movement.dy

    def corners(self, movement: Movement) -> list[tuple[float, float]]:
        """Return the moved corners: top left, top right, bottom right, bottom left."""
        corners = (
            (self.left, self.top),
            (self.right, self.top),
            (self.right, self.bottom),
            (self.left, self.bottom),
        )
        return [self.forward(corner, movement) for corner in corners]


@dataclass(frozen=True)
class Drag:
    """A drag (`move`, `scale` or `turn`) from where the pointer was pressed."""

    what: str
    start: tuple[float, float]
    movement: Movement
    frame: Frame

    def to(self, point: tuple[float, float], snaps: bool = False) -> Movement:
        """Return the movement for a pointer position; `snaps` rounds angles to 15 degrees."""
        if self.what == "move":
            dx = self.movement.dx + point[0] - self.start[0]
            dy = self.movement.dy + point[1] - self.start[1]
            return replace(self.movement, dx=float(round(dx)), dy=float(round(dy)))
        x, y = self.frame.middle(self.movement)
        before = (self.start[0] - x, self.start[1] - y)
        now = (point[0] - x, point[1] - y)
        if self.what == "scale":
            ratio = math.hypot(*now) / max(math.hypot(*before), 1e-6)
            scale = min(max(self.movement.scale * ratio, SCALE.low), SCALE.high)
            return replace(self.movement, scale=round(scale, 3))
        turned = math.degrees(math.atan2(now[1], now[0]) - math.atan2(before[1], before[0]))
        angle = self.movement.rotate + turned
        angle = round(angle / 15) * 15 if snaps else round(angle, 1)
        return replace(self.movement, rotate=float((angle + 180) % 360 - 180))
