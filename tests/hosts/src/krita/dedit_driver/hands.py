"""What a scenario can do: its argument `d`."""

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
    """Mouse, keyboard and documents. Files are named by their paths in the test's folder."""

    def __init__(
        self,
        test_folder: Path,
        write: Callable[[str, object], None],
        later: Callable[[Callable[[], object]], None],
    ) -> None:
        """Start counting ticks."""
        self.krita = Krita.instance()
        self.test_folder = test_folder
        self._write = write
        self._later = later
        self._ticks = Ticks()

    # Messages.

    def say(self, value: object) -> None:
        """Send a JSON value to the test."""
        self._write("said", value)

    def told(self, word: str) -> Callable[[], bool]:
        """Return the condition that the test has sent a word."""

        def is_told() -> bool:
            return (self.test_folder / f"told-{word}").exists()

        is_told.__doc__ = f"that the test tells {word!r}"
        return is_told

    def path(self, name: str) -> str:
        """Return the path of a file in the test's folder."""
        return str(self.test_folder / name)

    def soon(self, step: Callable[[], object]) -> None:
        """Run a function that opens a dialog: the scenario continues, and can close the dialog."""
        self._later(step)

    # Time.

    @property
    def ticks(self) -> int:
        """Number of ticks of a timer of 20 ms in the main thread."""
        return self._ticks.count

    def longest_gap(self) -> float:
        """Longest pause of the main thread in milliseconds, including steps of the scenario."""
        return self._ticks.longest_gap()

    def reset_ticks(self) -> None:
        """Start counting again."""
        self._ticks.reset()

    # Windows and widgets.

    def has_window(self) -> bool:
        """Krita's main window."""
        window = self.krita.activeWindow()
        return window is not None and window.qwindow() is not None and window.qwindow().isVisible()

    def window(self) -> QMainWindow:
        """Return Krita's main window."""
        return self.krita.activeWindow().qwindow()

    def fill_screen(self) -> None:
        """Resize the window to the screen, which has no window manager."""
        screen = QApplication.primaryScreen().geometry()
        self.window().showNormal()
        self.window().setGeometry(screen)

    def widgets(self, name: str, kind: type[QWidget] = QWidget) -> list[QWidget]:
        """Return all widgets with an object name, in any window, visible ones first."""
        found = [widget for widget in QApplication.allWidgets() if widget.objectName() == name]
        found = [widget for widget in found if isinstance(widget, kind)]
        return sorted(found, key=lambda widget: not widget.isVisible())

    def find(self, name: str, kind: type[QWidget] = QWidget) -> QWidget | None:
        """Return the widget with an object name, or None."""
        found = self.widgets(name, kind)
        return found[0] if found else None

    def docker(self, name: str) -> QDockWidget:
        """Return a docker by the name it was registered with, visible or not."""
        docker = self.window().findChild(QDockWidget, name)
        if docker is None:
            names = sorted(each.objectName() for each in self.window().findChildren(QDockWidget))
            message = f"there is no docker {name!r}; those there are: {names}"
            raise Failed(message)
        return docker

    def show_docker(self, name: str) -> Generator[object, None, QDockWidget]:
        """Show a docker, as the menu Settings, Dockers does."""
        docker = self.docker(name)
        docker.setFloating(False)
        docker.setVisible(True)
        docker.raise_()
        yield (lambda: not docker.visibleRegion().isEmpty()), 10
        return docker

    def usable(self, widget: QWidget | str) -> QWidget:
        """Return a widget that can be clicked, scrolled into view; an error says why not."""
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
        """Click on a widget, in its centre or at a position."""
        found = self.usable(widget)
        if at is not None:
            place = QPoint(*at)
        elif isinstance(found, (QCheckBox, QRadioButton)):
            # A click to the right of their text has no effect.
            place = QPoint(10, found.height() // 2)
        else:
            place = found.rect().center()
        QTest.mouseClick(found, LEFT, NO_MODIFIER, place)

    def drag(self, widget: QWidget | str, start: tuple[int, int], end: tuple[int, int]) -> None:
        """Press the mouse at one position of a widget, and release it at another."""
        found = self.usable(widget)

        def send(
            kind: QEvent.Type, at: QPointF, button: Qt.MouseButton, held: Qt.MouseButton
        ) -> None:
            on_screen = QPointF(found.mapToGlobal(at.toPoint()))
            event = QMouseEvent(kind, at, on_screen, button, held, NO_MODIFIER)
            QApplication.sendEvent(found, event)

        # Not QTest's moves: they move the real pointer, which has no button pressed.
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
        """Select an entry of a combo box by keys."""
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
        """Trigger an action of the menu."""
        action = self.krita.action(name)
        if action is None:
            message = f"there is no action {name!r}"
            raise Failed(message)
        if not action.isEnabled():
            message = f"the action {name!r} is disabled"
            raise Failed(message)
        action.trigger()

    def shot(self, name: str) -> None:
        """Save a screenshot of Krita's window as PNG."""
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
        # Krita's own batch mode does not suppress the dialogs of documents.
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
        """Select a rectangle."""
        selection = Selection()
        selection.select(x, y, width, height, 255)
        document.setSelection(selection)

    def export_png(self, document: Document, name: str) -> None:
        """Export the visible picture of a document."""
        document.setBatchmode(True)
        document.refreshProjection()
        document.waitForDone()
        if not document.exportImage(self.path(name), InfoObject()):
            message = f"{name} cannot be exported"
            raise Failed(message)

    def save_kra(self, document: Document, name: str) -> None:
        """Save a document as .kra."""
        document.setBatchmode(True)
        document.waitForDone()
        if not document.saveAs(self.path(name)):
            message = f"{name} cannot be saved"
            raise Failed(message)
        document.waitForDone()
