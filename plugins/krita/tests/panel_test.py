"""A panel with a fake controller, for tests."""

from __future__ import annotations

import os
import subprocess
import sys
import time
import unittest
from dataclasses import replace
from pathlib import Path
from typing import Any

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from dedit_krita.actions import EDITS as EDIT_ACTIONS
from dedit_krita.qt import NAME, QtCore, QtGui, QtWidgets, Signal
from dedit_krita.ui.panel import Panel
from dedit_krita.view_state import Entry, Item, Job, Model, Picture, Plan, SmallImage, Status

QtTest: Any = __import__(f"{NAME}.QtTest", fromlist=["QTest"])
APPLICATION = QtCore.QCoreApplication.instance() or QtWidgets.QApplication(["dedit"])
LEFT = QtCore.Qt.MouseButton.LeftButton
NO_KEYS = QtCore.Qt.KeyboardModifier.NoModifier
EDITS = [action.name for action in EDIT_ACTIONS]
NAMES = ("background", "mug", "lamp", "a very long name of a thing on the table by the window")
COLOURS = ((90, 90, 90), (230, 90, 70), (240, 200, 60), (80, 160, 230))


def painted(width: int = 192, height: int = 144) -> tuple[SmallImage, bytes]:
    """Paint a room with three items; return it and its label map."""
    picture = QtGui.QImage(width, height, QtGui.QImage.Format.Format_RGBA8888)
    where = QtGui.QImage(width, height, QtGui.QImage.Format.Format_RGBA8888)
    where.fill(QtGui.QColor(0, 0, 0))
    wall = QtGui.QLinearGradient(0, 0, 0, height)
    for place, colour in ((0.0, "#9fb8c8"), (0.62, "#d9d4c4"), (0.63, "#8a5a38"), (1.0, "#5b3a22")):
        wall.setColorAt(place, QtGui.QColor(colour))
    things = (
        (QtCore.QRectF(24, 60, 44, 52), "#c43c30", 1, True),
        (QtCore.QRectF(92, 20, 34, 84), "#e8c45a", 2, False),
        (QtCore.QRectF(138, 78, 44, 34), "#4a7fb5", 3, True),
    )
    for image in (picture, where):
        painter = QtGui.QPainter(image)
        if image is picture:
            painter.fillRect(image.rect(), QtGui.QBrush(wall))
        painter.setPen(QtCore.Qt.PenStyle.NoPen)
        for box, colour, number, is_round in things:
            own = QtGui.QColor(colour) if image is picture else QtGui.QColor(number, 0, 0)
            painter.setBrush(own)
            (painter.drawEllipse if is_round else painter.drawRect)(box)
        painter.end()
    both = []
    for image in (picture, where):
        bits = image.constBits()
        bits.setsize(image.sizeInBytes())
        both.append(bytes(bits))
    return SmallImage(width, height, both[0]), both[1][::4]


def room(**changes: Any) -> Picture:  # noqa: ANN401
    """Return a picture of eight times the size of its small image."""
    small, labels = painted()
    shares = [labels.count(place) / len(labels) for place in range(4)]
    items = tuple(
        Item(name, colour, share, place == 0)
        for place, (name, colour, share) in enumerate(zip(NAMES, COLOURS, shares))
    )
    picture = Picture(
        "room.kra", 1536, 1152, small, labels, items, "room", "learned", "toys", "cpu"
    )
    return replace(picture, **changes)


def png_of(small: SmallImage, tint: str) -> bytes:
    """Return a PNG of a picture, tinted."""
    form = QtGui.QImage.Format.Format_RGBA8888
    image = QtGui.QImage(small.rgba, small.width, small.height, small.width * 4, form).copy()
    painter = QtGui.QPainter(image)
    colour = QtGui.QColor(tint)
    colour.setAlpha(90)
    painter.fillRect(image.rect(), colour)
    painter.end()
    held = QtCore.QByteArray()
    buffer = QtCore.QBuffer(held)
    buffer.open(QtCore.QIODevice.OpenModeFlag.WriteOnly)
    image.save(buffer, "PNG")
    return bytes(held)


class FakeController(QtCore.QObject):
    """Records the calls of its methods."""

    picture_changed = Signal()
    jobs_changed = Signal()
    history_changed = Signal()
    status_changed = Signal()
    plan_changed = Signal()
    models_changed = Signal()
    catalog_changed = Signal()

    def __init__(self) -> None:
        """Create one without a picture."""
        super().__init__()
        self.picture: Picture | None = None
        self.jobs: tuple[Job, ...] = ()
        self.history: tuple[Entry, ...] = ()
        self.status = Status("Ready")
        self.plan: Plan | None = None
        self.models: tuple[str, ...] = ("toys", "sd15")
        self.catalog: tuple[Model, ...] = ()
        self.documents: tuple[str, ...] = ("street.png",)
        self.asked: list[tuple[Any, ...]] = []
        self.fails: Exception | None = None

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401
        """Return a method that records its call, or raises `fails`."""
        if name.startswith("_"):
            raise AttributeError(name)

        def note(*values: Any) -> None:  # noqa: ANN401
            self.asked.append((name, *values))
            if self.fails is not None:
                raise self.fails

        return note

    def show(self, **values: Any) -> None:  # noqa: ANN401
        """Set an attribute and emit its signal."""
        for name, value in values.items():
            setattr(self, name, value)
            getattr(self, f"{name}_changed").emit()


class Remembered(dict):
    """Settings in memory."""

    def get(self, name: str) -> str:
        """Return a setting."""
        return super().get(name, "")

    def set(self, name: str, text: str) -> None:
        """Set a setting."""
        self[name] = text


class PanelTest(unittest.TestCase):
    """A test with a visible panel."""

    def setUp(self) -> None:
        """Show a panel with the room."""
        self.raised: list[BaseException] = []
        self.addCleanup(setattr, sys, "excepthook", sys.excepthook)
        sys.excepthook = lambda _, error, __: self.raised.append(error)
        self.controller = FakeController()
        self.controller.picture = room()
        self.kept = Remembered()
        self.panel = self.make()

    def tearDown(self) -> None:
        """Fail for exceptions that left a slot."""
        APPLICATION.processEvents()
        self.panel.close()
        self.assertEqual(self.raised, [])

    def make(self) -> Panel:
        """Show a panel."""
        panel = Panel(self.controller, self.kept)
        panel.resize(320, 900)
        panel.show()
        APPLICATION.processEvents()
        return panel

    def find(self, name: str) -> Any:  # noqa: ANN401
        """Return the widget or action of a name."""
        found = self.panel.findChild(QtCore.QObject, name)
        self.assertIsNotNone(found, name)
        return found

    def click(self, name: str) -> None:
        """Click a button with the mouse."""
        QtTest.QTest.mouseClick(self.find(name), LEFT)

    def spot(self, x: float, y: float) -> Any:  # noqa: ANN401
        """Return the position in the view of a pixel of the picture."""
        return self.panel.picture.to_widget((x, y)).toPoint()

    def drag(self, start: Any, end: Any) -> None:  # noqa: ANN401
        """Drag in the picture."""
        view = self.panel.picture
        QtTest.QTest.mousePress(view, LEFT, NO_KEYS, start)
        kind = QtCore.QEvent.Type.MouseMove
        for share in (0.5, 1.0):
            point = start + (end - start) * share
            event = QtGui.QMouseEvent(
                kind, QtCore.QPointF(point), QtCore.QPointF(point), LEFT, LEFT, NO_KEYS
            )
            APPLICATION.sendEvent(view, event)
        QtTest.QTest.mouseRelease(view, LEFT, NO_KEYS, end)

    def until(self, condition: Any) -> None:  # noqa: ANN401
        """Run the event loop until a condition is true."""
        deadline = time.monotonic() + 10
        while not condition():
            self.assertLess(time.monotonic(), deadline)
            QtTest.QTest.qWait(5)

    def status(self) -> str:
        """Return the text of the status line."""
        return self.find("dedit_status").text()


class Alone(unittest.TestCase):
    """A module's tests in a process of its own, if an application without widgets exists."""

    def __init__(self, module: str) -> None:
        """Take the module's name."""
        super().__init__("test_in_a_process_of_its_own")
        self.module = module

    def test_in_a_process_of_its_own(self) -> None:
        """They pass."""
        command = [sys.executable, "-m", "unittest", self.module]
        folder = Path(__file__).resolve().parents[1]
        run = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
        self.assertEqual(run.returncode, 0, run.stderr)


def tests_of(module: str, *kinds: type[unittest.TestCase]) -> unittest.TestSuite:
    """Return the tests of these kinds, or one that runs the module in a process of its own."""
    if isinstance(APPLICATION, QtWidgets.QApplication):
        load = unittest.defaultTestLoader.loadTestsFromTestCase
        return unittest.TestSuite([load(kind) for kind in kinds])
    return unittest.TestSuite([Alone(module)])
