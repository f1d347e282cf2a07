"""A plug-in for tests: runs one scenario in Krita, then exits Krita."""

from __future__ import annotations

import os

from krita import Extension, Krita, Window

from .play import Play
from .qt import QTimer


class Driver(Extension):
    """Starts the scenario with the first window."""

    def __init__(self, parent: Krita) -> None:
        """Create the extension."""
        super().__init__(parent)
        self.play: Play | None = None

    def setup(self) -> None:
        """Connect to the signal of the first window."""
        if "DEDIT_DRIVER_SCRIPT" not in os.environ:
            return
        notifier = Krita.instance().notifier()
        notifier.setActive(True)
        notifier.windowCreated.connect(self.begin)

    def begin(self, *_: object) -> None:
        """Start once; a scenario may open further windows."""
        if self.play is None:
            self.play = Play()
            QTimer.singleShot(0, self.play.begin)

    def createActions(self, window: Window) -> None:  # noqa: N802
        """Create no actions."""


Krita.instance().addExtension(Driver(Krita.instance()))
