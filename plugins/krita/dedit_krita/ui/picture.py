"""The small picture with its items, in which they are selected, moved, scaled and rotated."""

from __future__ import annotations

from typing import Any

from ..qt import QtCore, QtGui, QtWidgets, Signal, place
from ..view_state import Picture, Plan
from . import images
from .frame import Drag, Frame, Movement

HIGHEST = 230
"""Greatest height in pixels, whatever the width of the docker."""
HANDLE = 8
REACH = 9
ABOVE = 20
FAR = 4
"""So far, in pixels, a drag goes at least that is a box."""
KEYS = {
    QtCore.Qt.Key.Key_Left: (-1, 0),
    QtCore.Qt.Key.Key_Right: (1, 0),
    QtCore.Qt.Key.Key_Up: (0, -1),
    QtCore.Qt.Key.Key_Down: (0, 1),
}


class PictureView(QtWidgets.QWidget):
    """Shows the picture; a click selects an item, a drag moves the selected one.

    Where there is no item, a click or a drag says where one is.
    """

    picked = Signal(str)
    clicked = Signal(int, int, bool)
    """Column and row in the picture; whether it is of an item, and not beside it."""
    boxed = Signal(int, int, int, int)
    """Left, top, width and height in the picture."""
    moved = Signal(float, float, float, float)

    def __init__(self, parent: Any = None) -> None:  # noqa: ANN401
        """Create an empty view."""
        super().__init__(parent)
        self.setObjectName("dedit_picture")
        policy = QtWidgets.QSizePolicy(
            QtWidgets.QSizePolicy.Policy.Expanding, QtWidgets.QSizePolicy.Policy.Preferred
        )
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)
        self.setMouseTracking(True)
        self.setFocusPolicy(QtCore.Qt.FocusPolicy.ClickFocus)
        self.picture: Picture | None = None
        self.plan: Plan | None = None
        self.movement = Movement()
        self._chosen = ""
        self._moves = False
        self._lays_over = True
        self._image: Any = None
        self._places: images.Places | None = None
        self._frame: Frame | None = None
        self._piece: Any = None
        self._piece_of: object = None
        self._laid: Any = None
        self._laid_for: object = None
        self._drag: Drag | None = None
        self._pressed: Any = None
        self._has_dragged = False
        self._box: Any = None

    # State.

    def set_picture(self, picture: Picture | None) -> None:
        """Show a picture."""
        old = self.picture
        self.picture = picture
        if picture is None:
            self._image = self._places = None
        elif old is None or old.small is not picture.small:
            self._image = images.image_of(picture.small)
        self._places = None if picture is None else images.places_of(picture.small, picture.labels)
        self._find_frame()
        self._stale()
        self.updateGeometry()

    def set_plan(self, plan: Plan | None) -> None:
        """Show a plan over the picture."""
        self.plan = plan
        self._stale()

    def set_chosen(self, name: str) -> None:
        """Mark an item as selected."""
        self._chosen = name
        self._drag = None
        self._find_frame()
        self._stale()

    def set_moving(self, moves: bool) -> None:
        """Show or hide the frame."""
        self._moves = moves
        self._drag = None
        self._find_frame()
        self.update()

    def set_movement(self, movement: Movement) -> None:
        """Set the position of the frame."""
        if movement != self.movement:
            self.movement = movement
            self.update()

    def set_overlay(self, lays_over: bool) -> None:
        """Show or hide the colours of the items."""
        self._lays_over = lays_over
        self._stale()

    def _stale(self) -> None:
        self._laid = self._laid_for = None
        self.update()

    def _place_of(self, name: str) -> int:
        items = self.picture.items if self.picture else ()
        return next((i for i, item in enumerate(items) if name and item.name == name), -1)

    def _find_frame(self) -> None:
        """Find the bounding box and the centre of the selected item, in pixels of the picture."""
        number = self._place_of(self._chosen)
        key = (self._chosen, self.picture.small, self.picture.labels) if self.picture else None
        if not self._moves or self.picture is None or self._places is None or self._image is None:
            self._frame = self._piece = self._piece_of = None
            return
        if key == self._piece_of and self._frame is not None:
            return
        box, centre = self._places.box(number), self._places.centre(number)
        self._frame = self._piece = self._piece_of = None
        if box is not None and centre is not None:
            x = self.picture.width / self.picture.small.width
            y = self.picture.height / self.picture.small.height
            left, top, right, bottom = box
            self._frame = Frame(
                left * x, top * y, right * x, bottom * y, (centre[0] * x, centre[1] * y)
            )
            self._piece = images.cut_out(self._image, self._places, number)
            self._piece_of = key

    # Geometry.

    def hasHeightForWidth(self) -> bool:  # noqa: N802
        """Return whether the height depends on the width."""
        return True

    def heightForWidth(self, width: int) -> int:  # noqa: N802
        """Return the height of the picture at a width."""
        if self._image is None:
            return 96
        return max(24, min(HIGHEST, round(width * self._image.height() / self._image.width())))

    def sizeHint(self) -> Any:  # noqa: ANN401, N802
        """Return the size in a docker of usual width."""
        return QtCore.QSize(260, self.heightForWidth(260))

    def minimumSizeHint(self) -> Any:  # noqa: ANN401, N802
        """Return the smallest useful size."""
        return QtCore.QSize(120, 24)

    def area(self) -> Any:  # noqa: ANN401
        """Return the rectangle of the picture in the widget, a QRect."""
        size = self._image.size().scaled(self.size(), QtCore.Qt.AspectRatioMode.KeepAspectRatio)
        corner = QtCore.QPoint(
            (self.width() - size.width()) // 2, (self.height() - size.height()) // 2
        )
        return QtCore.QRect(corner, size)

    def to_widget(self, point: tuple[float, float]) -> Any:  # noqa: ANN401
        """Return the position in the widget of a pixel of the picture, a QPointF."""
        assert self.picture is not None
        area = self.area()
        return QtCore.QPointF(
            area.x() + point[0] * area.width() / self.picture.width,
            area.y() + point[1] * area.height() / self.picture.height,
        )

    def to_picture(self, point: Any) -> tuple[float, float]:  # noqa: ANN401
        """Return the pixel of the picture at a point of the widget."""
        assert self.picture is not None
        area = self.area()
        return (
            (point.x() - area.x()) * self.picture.width / max(area.width(), 1),
            (point.y() - area.y()) * self.picture.height / max(area.height(), 1),
        )

    def item_at(self, point: Any) -> str | None:  # noqa: ANN401
        """Return the name of the item at a point of the widget; None if there is none."""
        if self.picture is None or self._image is None or self._places is None:
            return None
        area = self.area()
        if not area.contains(point):
            return None
        x = (point.x() - area.x()) * self._places.width // area.width()
        y = (point.y() - area.y()) * self._places.height // area.height()
        number = self._places.data[y * self._places.stride + x]
        return self.picture.items[number].name if number < len(self.picture.items) else None

    def corners(self) -> list[Any]:
        """Return the corners of the frame in the widget; empty without a frame."""
        if self._frame is None:
            return []
        return [self.to_widget(corner) for corner in self._frame.corners(self.movement)]

    def turn_handle(self) -> Any:  # noqa: ANN401
        """Return the position of the rotation handle, a QPointF; None without a frame."""
        corners = self.corners()
        if not corners:
            return None
        top = (corners[0] + corners[1]) / 2
        bottom = (corners[2] + corners[3]) / 2
        up = QtCore.QLineF(bottom, top)
        up.setLength(up.length() + ABOVE)
        within = QtCore.QRectF(self.rect()).adjusted(4, 4, -4, -4)
        if within.contains(up.p2()):
            return up.p2()
        # Below the frame if there is no room above.
        down = QtCore.QLineF(top, bottom)
        down.setLength(down.length() + ABOVE)
        return down.p2() if within.contains(down.p2()) else (top * 3 + bottom) / 4

    def _grip(self, point: Any) -> str:  # noqa: ANN401
        """Return what a drag from here does: `turn`, `scale`, `move` or ""."""
        corners = self.corners()
        if not corners:
            return ""
        at = QtCore.QPointF(point)
        if QtCore.QLineF(at, self.turn_handle()).length() <= REACH:
            return "turn"
        if any(QtCore.QLineF(at, corner).length() <= REACH for corner in corners):
            return "scale"
        inside = QtGui.QPolygonF(corners).containsPoint(at, QtCore.Qt.FillRule.WindingFill)
        return "move" if inside else ""

    # Events.

    def mousePressEvent(self, event: Any) -> None:  # noqa: ANN401, N802
        """Start a click or a drag; the right button counts at once."""
        if self._image is None:
            return
        if event.button() == QtCore.Qt.MouseButton.RightButton:
            self._click(place(event), is_inside=False)
        if event.button() != QtCore.Qt.MouseButton.LeftButton:
            return
        self._pressed, self._has_dragged = place(event), False
        grip = self._grip(self._pressed)
        if grip and self._frame is not None:
            self._drag = Drag(grip, self.to_picture(self._pressed), self.movement, self._frame)

    def mouseMoveEvent(self, event: Any) -> None:  # noqa: ANN401, N802
        """Continue a drag, or show the cursor of the drag that would start here."""
        point = place(event)
        if self._pressed is not None and self._drag is None and self._image is not None:
            self._stretch(self._pressed, point)
            return
        if self._drag is None or self._pressed is None or self._image is None:
            shapes = QtCore.Qt.CursorShape
            cursor = {
                "turn": shapes.CrossCursor,
                "scale": shapes.SizeFDiagCursor,
                "move": shapes.SizeAllCursor,
            }
            grip = self._grip(point) if self._image is not None else ""
            self.setCursor(cursor.get(grip, shapes.ArrowCursor))
            return
        if not self._has_dragged and (point - self._pressed).manhattanLength() < 3:
            return
        self._has_dragged = True
        shift = QtCore.Qt.KeyboardModifier.ShiftModifier
        self._move(self._drag.to(self.to_picture(point), bool(event.modifiers() & shift)))

    def mouseReleaseEvent(self, event: Any) -> None:  # noqa: ANN401, N802
        """End a drag, or select the item that was clicked."""
        if event.button() != QtCore.Qt.MouseButton.LeftButton:
            return
        pressed, self._pressed, self._drag = self._pressed, None, None
        box, self._box = self._box, None
        if box is not None:
            self.update()
            self.boxed.emit(*self._region(box))
        elif pressed is not None and not self._has_dragged:
            name = self.item_at(place(event))
            items = self.picture.items if self.picture is not None else ()
            if any(item.name == name and not item.is_background for item in items):
                self.picked.emit(name)
            else:
                self._click(place(event), is_inside=True)

    def _click(self, point: Any, *, is_inside: bool) -> None:  # noqa: ANN401
        if self.picture is not None and self.area().contains(point):
            left, top, _, _ = self._region(QtCore.QRect(point, QtCore.QSize(1, 1)))
            self.clicked.emit(left, top, is_inside)

    def _stretch(self, start: Any, point: Any) -> None:  # noqa: ANN401
        """Continue a box that does not start at the frame of an item."""
        if self._box is None and (point - start).manhattanLength() < FAR:
            return
        self._has_dragged = True
        self._box = QtCore.QRect(start, point).normalized().intersected(self.area())
        self.update()

    def _region(self, box: Any) -> tuple[int, int, int, int]:  # noqa: ANN401
        """Return left, top, width and height in the picture of a rectangle of the widget."""
        assert self.picture is not None
        left, top = self.to_picture(box.topLeft())
        right, bottom = self.to_picture(box.bottomRight() + QtCore.QPoint(1, 1))
        width, height = self.picture.width, self.picture.height
        x, y = min(max(int(left), 0), width - 1), min(max(int(top), 0), height - 1)
        to_x, to_y = min(max(int(right), x + 1), width), min(max(int(bottom), y + 1), height)
        return x, y, to_x - x, to_y - y

    def keyPressEvent(self, event: Any) -> None:  # noqa: ANN401, N802
        """Move the frame by one pixel, or by ten with Shift."""
        step = KEYS.get(event.key())
        if step is None or self._frame is None:
            super().keyPressEvent(event)
            return
        shift = QtCore.Qt.KeyboardModifier.ShiftModifier
        far = 10 if event.modifiers() & shift else 1
        now = self.movement
        self._move(Movement(now.dx + step[0] * far, now.dy + step[1] * far, now.scale, now.rotate))

    def _move(self, movement: Movement) -> None:
        if movement != self.movement:
            self.movement = movement
            self.update()
            self.moved.emit(movement.dx, movement.dy, movement.scale, movement.rotate)

    # Painting.

    def paintEvent(self, _: Any) -> None:  # noqa: ANN401, N802
        """Draw the picture, the overlay and the frame."""
        painter = QtGui.QPainter(self)
        if self._image is None:
            self._paint_nothing(painter)
            return
        area = self.area()
        painter.setRenderHint(QtGui.QPainter.RenderHint.SmoothPixmapTransform)
        dense = QtGui.QBrush(self.palette().mid().color(), QtCore.Qt.BrushStyle.Dense4Pattern)
        painter.fillRect(area, self.palette().base())
        painter.fillRect(area, dense)
        painter.drawImage(area, self._image)
        laid = self._overlay(area)
        if laid is not None:
            painter.drawImage(area.topLeft(), laid)
        if self._frame is not None:
            self._paint_frame(painter)
        if self._box is not None:
            painter.setPen(QtGui.QPen(QtGui.QColor(0, 0, 0), 1))
            painter.drawRect(self._box)
            painter.setPen(QtGui.QPen(QtGui.QColor(255, 255, 255), 1, QtCore.Qt.PenStyle.DashLine))
            painter.drawRect(self._box)

    def _paint_nothing(self, painter: Any) -> None:  # noqa: ANN401
        roles = QtGui.QPalette.ColorRole
        groups = QtGui.QPalette.ColorGroup
        colour = self.palette().color(groups.Disabled, roles.WindowText)
        painter.setPen(QtGui.QPen(colour, 1, QtCore.Qt.PenStyle.DashLine))
        painter.drawRect(self.rect().adjusted(1, 1, -2, -2))
        painter.drawText(self.rect(), QtCore.Qt.AlignmentFlag.AlignCenter, "Open a picture")

    def _overlay(self, area: Any) -> Any:  # noqa: ANN401
        """Return the overlay, which is cached until something of it changes."""
        if self.picture is None or area.width() < 1 or area.height() < 1:
            return None
        ratio = self.devicePixelRatioF()
        size = (round(area.width() * ratio), round(area.height() * ratio))
        if self._laid_for != size:
            self._laid_for = size
            self._laid = self._make_overlay(*size)
            if self._laid is not None:
                self._laid.setDevicePixelRatio(ratio)
        return self._laid

    def _make_overlay(self, width: int, height: int) -> Any:  # noqa: ANN401
        assert self.picture is not None
        plan, small = self.plan, self.picture.small
        items = {item.name: item for item in self.picture.items}
        names = tuple(items)
        places = self._places
        planned = None if plan is None else images.places_of(small, plan.labels)
        changes = None if plan is None else images.places_of(small, plan.changes)
        if plan is not None and planned is not None:
            places, names = planned, plan.names
        laid = None
        if self._lays_over and places is not None and names:
            quiet = [i for i, n in enumerate(names) if n in items and items[n].is_background]
            laid = images.overlay(
                places.scaled(width, height),
                [items[n].colour if n in items else images.NO_COLOUR for n in names],
                quiet[0] if quiet else -1,
                names.index(self._chosen) if self._chosen in names else -1,
            )
        if changes is not None:
            size = QtCore.QSize(width, height)
            hatch = images.hatched(changes, size)
            if laid is None:
                return hatch
            painter = QtGui.QPainter(laid)
            painter.drawImage(0, 0, hatch)
            painter.end()
        return laid

    def _paint_frame(self, painter: Any) -> None:  # noqa: ANN401
        corners = self.corners()
        area = self.area()
        painter.save()
        painter.setClipRect(area)
        if self._piece is not None and not self.movement.is_none:
            box = QtCore.QRectF(self._piece.rect())
            source = QtGui.QPolygonF(
                [box.topLeft(), box.topRight(), box.bottomRight(), box.bottomLeft()]
            )
            way = QtGui.QTransform()
            if QtGui.QTransform.quadToQuad(source, QtGui.QPolygonF(corners), way):
                painter.setTransform(way, True)
                painter.setOpacity(0.75)
                painter.drawImage(0, 0, self._piece)
        painter.restore()
        painter.setRenderHint(QtGui.QPainter.RenderHint.Antialiasing)
        line = self.palette().color(QtGui.QPalette.ColorRole.Highlight)
        handle = self.turn_handle()
        top, bottom = (corners[0] + corners[1]) / 2, (corners[2] + corners[3]) / 2
        ends = (top, bottom)
        near = min(ends, key=lambda end: QtCore.QLineF(end, handle).length())
        for colour, width in ((QtGui.QColor(0, 0, 0, 150), 3), (line, 1)):
            painter.setPen(QtGui.QPen(colour, width))
            painter.setBrush(QtCore.Qt.BrushStyle.NoBrush)
            painter.drawPolygon(QtGui.QPolygonF(corners))
            painter.drawLine(near, handle)
        painter.setPen(QtGui.QPen(QtGui.QColor(0, 0, 0, 200), 1))
        painter.setBrush(QtGui.QColor(255, 255, 255))
        half = HANDLE / 2
        for corner in corners:
            painter.drawRect(QtCore.QRectF(corner.x() - half, corner.y() - half, HANDLE, HANDLE))
        painter.setBrush(line)
        painter.drawEllipse(handle, half + 1, half + 1)
