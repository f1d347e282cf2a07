"""The docker in Krita's window. Of the widgets, only this one uses Krita."""

from __future__ import annotations

from typing import Any

from krita import DockWidget, Krita

from .controller import Controller
from .qt import QtCore
from .ui.panel import Panel

GROUP = "dedit"
POLL_MS = 500
"""Interval for noticing changes of the layers."""
_shared: list[Controller] = []


class Settings:
    """The user's settings, stored in Krita's."""

    def get(self, name: str) -> str:
        """Return a setting; empty if it was never set."""
        return str(Krita.instance().readSetting(GROUP, name, "") or "")

    def set(self, name: str, text: str) -> None:
        """Store a setting."""
        Krita.instance().writeSetting(GROUP, name, text)


def shared_controller() -> Controller:
    """Return the controller of the actions and dockers of all windows."""
    if not _shared:
        _shared.append(Controller(Krita.instance()))
    return _shared[0]


class Docker(DockWidget):
    """Contains the panel."""

    def __init__(self) -> None:
        """Create the panel."""
        super().__init__()
        self.setWindowTitle("D-Edit")
        self.controller = shared_controller()
        self.panel = Panel(self.controller, Settings())
        self.setWidget(self.panel)
        self._timer = QtCore.QTimer(self)
        self._timer.timeout.connect(self._poll)
        self._timer.start(POLL_MS)

    def start(self, verb: str) -> None:
        """Run the action of a verb, with the values of the panel."""
        self.panel.start(verb)

    def _poll(self) -> None:
        if self.isVisible():
            self.controller.refresh_if_changed()

    def canvasChanged(self, canvas: Any) -> None:  # noqa: ANN401, ARG002, N802
        """Read the document of another canvas; Krita calls this, also with None."""
        self.panel.refresh()
