"""What a scenario can do: `d`."""

from __future__ import annotations

from collections.abc import Callable, Generator
from pathlib import Path

from krita import Document, InfoObject, Krita, Selection

from .qt import (
    QApplication,
    QCheckBox,
    QComboBox,
    QDockWidget,
    QEvent,
    QMainWindow,
    QMouseEvent,
    QPoint,
    QPointF,
    QRadioButton,
    QScrollArea,
    Qt,
    QTest,
    QWidget,
)
from .ticks import Ticks
from .waits import Failed

LEFT = Qt.MouseButton.LeftButton
NO_BUTTON = Qt.MouseButton.NoButton
NO_MODIFIER = Qt.KeyboardModifier.NoModifier
MODIFIERS = {
    "Ctrl": Qt.KeyboardModifier.ControlModifier,
    "Shift": Qt.KeyboardModifier.ShiftModifier,
    "Alt": Qt.KeyboardModifier.AltModifier,
}
DRAG_STEPS = 8


class Hands:
    """Hands and eyes in Krita. Files are named by their paths on the desk."""

    def __init__(
        self,
        desk: Path,
        write: Callable[[str, object], None],
        later: Callable[[Callable[[], object]], None],
    ) -> None:
        """Begin to count ticks."""
        self.krita = Krita.instance()
        self.desk = desk
        self._write = write
        self._later = later
        self._ticks = Ticks()

    # What is told, and asked.

    def say(self, value: object) -> None:
        """Tell the test a value that JSON has."""
        self._write("said", value)

    def told(self, word: str) -> Callable[[], bool]:
        """Give the condition that the test has told a word."""

        def is_told() -> bool:
            return (self.desk / f"told-{word}").exists()

        is_told.__doc__ = f"that the test tells {word!r}"
        return is_told

    def path(self, name: str) -> str:
        """Give the path of a file on the desk."""
        return str(self.desk / name)

    def soon(self, step: Callable[[], object]) -> None:
        """Take a step that opens a dialog: the scenario goes on, and can close the dialog."""
        self._later(step)

    # Time.

    @property
    def ticks(self) -> int:
        """How often a timer of 20 ms has rung in the main thread."""
        return self._ticks.count

    def longest_gap(self) -> float:
        """Milliseconds for which the main thread hung at most; steps of the scenario count too."""
        return self._ticks.longest_gap()

    def reset_ticks(self) -> None:
        """Begin to count anew."""
        self._ticks.reset()

    # Windows and widgets.

    def has_window(self) -> bool:
        """Krita's window."""
        window = self.krita.activeWindow()
        return window is not None and window.qwindow() is not None and window.qwindow().isVisible()

    def window(self) -> QMainWindow:
        """Give Krita's main window."""
        return self.krita.activeWindow().qwindow()

    def fill_screen(self) -> None:
        """Make the window as big as the screen: nothing else manages windows there."""
        screen = QApplication.primaryScreen().geometry()
        self.window().showNormal()
        self.window().setGeometry(screen)

    def widgets(self, name: str, kind: type[QWidget] = QWidget) -> list[QWidget]:
        """Give all widgets with an object name, in any window, those that are seen first."""
        found = [widget for widget in QApplication.allWidgets() if widget.objectName() == name]
        found = [widget for widget in found if isinstance(widget, kind)]
        return sorted(found, key=lambda widget: not widget.isVisible())

    def find(self, name: str, kind: type[QWidget] = QWidget) -> QWidget | None:
        """Give the widget with an object name, or nothing."""
        found = self.widgets(name, kind)
        return found[0] if found else None

    def docker(self, name: str) -> QDockWidget:
        """Give a docker by the name that it was registered with, seen or not."""
        docker = self.window().findChild(QDockWidget, name)
        if docker is None:
            names = sorted(each.objectName() for each in self.window().findChildren(QDockWidget))
            message = f"there is no docker {name!r}; those there are: {names}"
            raise Failed(message)
        return docker

    def show_docker(self, name: str) -> Generator[object, None, QDockWidget]:
        """Bring a docker to the front, as Settings, Dockers does."""
        docker = self.docker(name)
        docker.setFloating(False)
        docker.setVisible(True)
        docker.raise_()
        yield (lambda: not docker.visibleRegion().isEmpty()), 10
        return docker

    def usable(self, widget: QWidget | str) -> QWidget:
        """Give a widget that a hand can reach, scrolled to; an error says why it cannot."""
        found = self.find(widget) if isinstance(widget, str) else widget
        if found is None:
            names = {each.objectName() for each in QApplication.allWidgets() if each.isVisible()}
            ours = sorted(name for name in names if "dedit" in name.lower())
            message = f"there is no widget {widget!r}; those of the plug-in that are seen: {ours}"
            raise Failed(message)
        name = f"{type(found).__name__} {found.objectName()!r}"
        if not found.isVisible():
            message = f"{name} is not visible"
            raise Failed(message)
        if not found.isEnabled():
            message = f"{name} is disabled"
            raise Failed(message)
        outer = found.parentWidget()
        while outer is not None:
            if isinstance(outer, QScrollArea):
                outer.ensureWidgetVisible(found)
            outer = outer.parentWidget()
        if found.visibleRegion().isEmpty():
            message = f"{name} is out of sight"
            raise Failed(message)
        return found

    def click(self, widget: QWidget | str, at: tuple[int, int] | None = None) -> None:
        """Click on a widget, in its middle or at a place in it."""
        found = self.usable(widget)
        if at is not None:
            place = QPoint(*at)
        elif isinstance(found, (QCheckBox, QRadioButton)):
            # They take no click right of their text.
            place = QPoint(10, found.height() // 2)
        else:
            place = found.rect().center()
        QTest.mouseClick(found, LEFT, NO_MODIFIER, place)

    def drag(self, widget: QWidget | str, start: tuple[int, int], end: tuple[int, int]) -> None:
        """Press the mouse at one place in a widget, and release it at another."""
        found = self.usable(widget)

        def send(
            kind: QEvent.Type, at: QPointF, button: Qt.MouseButton, held: Qt.MouseButton
        ) -> None:
            on_screen = QPointF(found.mapToGlobal(at.toPoint()))
            event = QMouseEvent(kind, at, on_screen, button, held, NO_MODIFIER)
            QApplication.sendEvent(found, event)

        # Not moves of QTest: they move the real pointer, which has no button pressed.
        first, last = QPointF(*start), QPointF(*end)
        send(QEvent.Type.MouseButtonPress, first, LEFT, LEFT)
        for step in range(1, DRAG_STEPS + 1):
            at = first + (last - first) * (step / DRAG_STEPS)
            send(QEvent.Type.MouseMove, at, NO_BUTTON, LEFT)
        send(QEvent.Type.MouseButtonRelease, last, LEFT, NO_BUTTON)

    def type(self, widget: QWidget | str, text: str) -> None:
        """Type a text into a widget."""
        found = self.usable(widget)
        found.setFocus()
        QTest.keyClicks(found, text)

    def key(self, widget: QWidget | str, keys: str) -> None:
        """Press keys such as `Return` or `Ctrl+Shift+Z` in a widget."""
        found = self.usable(widget)
        *held, key = keys.split("+")
        modifiers = NO_MODIFIER
        for name in held:
            modifiers |= MODIFIERS[name]
        QTest.keyClick(found, getattr(Qt.Key, f"Key_{key}"), modifiers)

    def choose(self, widget: QComboBox | str, text: str) -> None:
        """Choose an entry of a list that drops down, by its keys."""
        found = self.usable(widget)
        wanted = found.findText(text)
        if wanted < 0:
            texts = [found.itemText(index) for index in range(found.count())]
            message = f"{found.objectName()!r} has no entry {text!r}: {texts}"
            raise Failed(message)
        steps = wanted - found.currentIndex()
        key = Qt.Key.Key_Down if steps > 0 else Qt.Key.Key_Up
        for _ in range(abs(steps)):
            QTest.keyClick(found, key)
        if found.currentText() != text:
            message = f"{found.objectName()!r} shows {found.currentText()!r} and not {text!r}"
            raise Failed(message)

    def action(self, name: str) -> None:
        """Do what an entry of a menu does."""
        action = self.krita.action(name)
        if action is None:
            message = f"there is no action {name!r}"
            raise Failed(message)
        if not action.isEnabled():
            message = f"the action {name!r} is disabled"
            raise Failed(message)
        action.trigger()

    def shot(self, name: str) -> None:
        """Save a picture of Krita's window as PNG."""
        if not self.window().grab().save(self.path(name), "PNG"):
            message = f"{name} cannot be saved"
            raise Failed(message)

    # Documents.

    def open(self, name: str) -> Generator[object, None, Document]:
        """Open a picture in the window: `doc = yield from d.open("in.png")`."""
        document = self.krita.openDocument(self.path(name))
        if document is None:
            message = f"{name} cannot be opened"
            raise Failed(message)
        # Krita's own batch mode does not keep documents from asking.
        document.setBatchmode(True)
        self.krita.activeWindow().addView(document)
        self.krita.setActiveDocument(document)

        def is_active() -> bool:
            active = self.krita.activeDocument()
            return active is not None and active == document and document.activeNode() is not None

        is_active.__doc__ = f"{name} in the window"
        yield is_active, 30
        document.waitForDone()
        yield 0.2
        return document

    def select_rect(self, document: Document, x: int, y: int, width: int, height: int) -> None:
        """Select a rectangle, and nothing else."""
        selection = Selection()
        selection.select(x, y, width, height, 255)
        document.setSelection(selection)

    def export_png(self, document: Document, name: str) -> None:
        """Export what is seen of a document."""
        document.setBatchmode(True)
        document.refreshProjection()
        document.waitForDone()
        if not document.exportImage(self.path(name), InfoObject()):
            message = f"{name} cannot be exported"
            raise Failed(message)

    def save_kra(self, document: Document, name: str) -> None:
        """Save a document in Krita's own format."""
        document.setBatchmode(True)
        document.waitForDone()
        if not document.saveAs(self.path(name)):
            message = f"{name} cannot be saved"
            raise Failed(message)
        document.waitForDone()
