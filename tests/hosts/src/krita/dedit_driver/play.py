"""Runs a scenario in Krita's main thread, and exits Krita."""

from __future__ import annotations

import faulthandler
import importlib.util
import json
import os
import sys
import traceback
from collections.abc import Callable, Generator
from pathlib import Path
from types import TracebackType

from krita import Krita

from .hands import Hands
from .qt import QApplication, QLabel, QTimer, QWidget
from .waits import Failed, Wait, described

INTERVAL_MS = 20
# Time for Krita to exit by itself.
QUIT_S = 10
# So much later than the limit that gives a better message.
BACKSTOP_S = 5


def load(path: Path) -> Callable[[Hands], Generator[object, None, None]]:
    """Load a file that defines `scenario`."""
    spec = importlib.util.spec_from_file_location("scenario", path)
    if spec is None or spec.loader is None:
        message = f"{path} is no file of Python"
        raise Failed(message)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.scenario


def windows() -> str:
    """List the visible windows, with the texts of all but the main one."""
    lines = []
    for widget in QApplication.topLevelWidgets():
        if not widget.isVisible():
            continue
        texts = [] if widget.inherits("QMainWindow") else texts_in(widget)
        lines.append(f"{type(widget).__name__} {widget.windowTitle()!r} {texts}")
    return "\n".join(lines)


def texts_in(widget: QWidget) -> list[str]:
    """List the texts of the labels in a window."""
    labels = [label for label in widget.findChildren(QLabel) if label.isVisible()]
    return [label.text() for label in labels if label.text()]


class Play:
    """One scenario, from start to exit of Krita."""

    def __init__(self) -> None:
        """Install handlers for hangs and exceptions."""
        environment = os.environ
        self.script = Path(environment["DEDIT_DRIVER_SCRIPT"])
        self.test_folder = Path(environment["DEDIT_DRIVER_DESK"])
        self.limit = float(environment["DEDIT_DRIVER_LIMIT"])
        self.said = Path(environment["DEDIT_DRIVER_SAID"]).open("a", encoding="utf-8")  # noqa: SIM115
        self.fault = Path(environment["DEDIT_DRIVER_FAULT"]).open("a", encoding="utf-8")  # noqa: SIM115
        faulthandler.enable(self.fault)
        # A main thread that hangs runs no timer.
        faulthandler.dump_traceback_later(self.limit + BACKSTOP_S, exit=True, file=self.fault)
        # Without a hook PyQt aborts Krita.
        sys.excepthook = self.not_caught
        self.steps: Generator[object, None, None] | None = None
        self.wait = Wait(None)
        self.error: BaseException | None = None
        self.is_inside = False
        self.is_over = False
        self.timer = QTimer()
        self.timer.timeout.connect(self.turn)
        self.watchdog = QTimer()
        self.watchdog.setSingleShot(True)
        self.watchdog.timeout.connect(self.too_long)

    def begin(self) -> None:
        """Start waiting for Krita's window."""
        self.watchdog.start(int(self.limit * 1000))
        self.steps = self.whole()
        self.timer.start(INTERVAL_MS)

    def whole(self) -> Generator[object, None, None]:
        """Start the scenario once there is a window."""
        hands = Hands(self.test_folder, self.write, self.later)
        yield hands.has_window, 60
        hands.fill_screen()
        yield 0.3
        yield from load(self.script)(hands)

    def turn(self) -> None:
        """Resume the scenario if its wait is over."""
        # A step that opened a dialog is still running while the dialog's event loop calls this.
        if self.is_inside or self.is_over or self.steps is None:
            return
        self.is_inside = True
        try:
            error, self.error = self.error, None
            if error is None:
                try:
                    if not self.wait.is_over():
                        return
                except Exception as failed:
                    error = failed
            # Raised inside, so that the traceback has the line of the scenario.
            wanted = next(self.steps) if error is None else self.steps.throw(error)
            self.wait = Wait(wanted)
        except StopIteration:
            self.end(None)
        except BaseException:
            self.end(traceback.format_exc())
        finally:
            self.is_inside = False

    def later(self, step: Callable[[], object]) -> None:
        """Call a function from the event loop: the scenario continues even if it opens a dialog."""

        def taken() -> None:
            try:
                step()
            except Exception as error:
                self.error = error

        QTimer.singleShot(0, taken)

    def not_caught(
        self, kind: type[BaseException], error: BaseException, trace: TracebackType | None
    ) -> None:
        """Fail for an uncaught exception of any Python code."""
        traceback.print_exception(kind, error, trace)
        text = "".join(traceback.format_exception(kind, error, trace))
        self.error = Failed(f"nobody caught an error\n{text}")

    def too_long(self) -> None:
        """Give up; within a dialog's event loop, the stack says in which step."""
        if not self.is_over:
            stack = "".join(traceback.format_stack()) if self.is_inside else ""
            waited = self.wait.condition
            waited = "" if waited is None else f" and waits for: {described(waited)}"
            self.end(f"the scenario took more than {self.limit:g} s{waited}\n{stack}")

    def write(self, kind: str, value: object) -> None:
        """Write a line for the test."""
        self.said.write(json.dumps({kind: value}) + "\n")
        self.said.flush()

    def end(self, failure: str | None) -> None:
        """Write the outcome, and exit Krita."""
        self.is_over = True
        self.timer.stop()
        self.watchdog.stop()
        if failure is None:
            self.write("end", "done")
        else:
            self.write("end", f"{failure}\nwindows that were seen:\n{windows()}")
        # The rest is not part of the test, and must not hang.
        faulthandler.dump_traceback_later(QUIT_S, exit=True, file=self.fault)
        QTimer.singleShot(0, self.quit)

    def quit(self) -> None:
        """Exit Krita as a user would, discarding changes."""
        # Krita would ask about changes.
        if QApplication.activeModalWidget() is not None:
            os._exit(1)
        try:
            for document in Krita.instance().documents():
                document.setBatchmode(True)
                document.waitForDone()
                document.setModified(False)
                document.close()
            Krita.instance().action("file_quit").trigger()
        except Exception:
            traceback.print_exc()
            os._exit(1)
