"""Plays one scenario of a test in Krita, and ends it. Installed on the desks of tests alone."""

from __future__ import annotations

import os

from krita import Extension, Krita, Window

from .play import Play
from .qt import QTimer


class Driver(Extension):
    """Begins with the first window."""

    def __init__(self, parent: Krita) -> None:
        """Wait for Krita."""
        super().__init__(parent)
        self.play: Play | None = None

    def setup(self) -> None:
        """Ask to be told of the first window."""
        if "DEDIT_DRIVER_SCRIPT" not in os.environ:
            return
        notifier = Krita.instance().notifier()
        notifier.setActive(True)
        notifier.windowCreated.connect(self.begin)

    def begin(self, *_: object) -> None:
        """Begin, once: a second window is the scenario's own matter."""
        if self.play is None:
            self.play = Play()
            QTimer.singleShot(0, self.play.begin)

    def createActions(self, window: Window) -> None:  # noqa: N802
        """Nothing: the driver is seen nowhere."""


Krita.instance().addExtension(Driver(Krita.instance()))
