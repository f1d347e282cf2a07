"""The docker: the panel in Krita's frame. Of the widgets only this one knows Krita."""

from __future__ import annotations

from typing import Any

from krita import DockWidget, Krita

from .describe import BY_NAME
from .failure import Failure
from .qt import QtCore
from .ui.panel import Panel
from .work import Work

GROUP = "dedit"
GLANCE = 500
"""Milliseconds between two looks at what layers there are."""
SHARED: list[Work] = []


class Settings:
    """What is remembered for a person, in Krita's own settings."""

    def get(self, name: str) -> str:
        """Give what was kept; empty where nothing was."""
        return str(Krita.instance().readSetting(GROUP, name, "") or "")

    def set(self, name: str, text: str) -> None:
        """Keep something."""
        Krita.instance().writeSetting(GROUP, name, text)


def shared_work() -> Work:
    """Give the work that the actions and the dockers of all windows have together."""
    if not SHARED:
        SHARED.append(Work(Krita.instance()))
    return SHARED[0]


class Docker(DockWidget):
    """Holds the panel."""

    def __init__(self) -> None:
        """Make the panel."""
        super().__init__()
        self.setWindowTitle("D-Edit")
        self.work = shared_work()
        self.panel = Panel(self.work, Settings())
        self.setWidget(self.panel)
        self._glances = QtCore.QTimer(self)
        self._glances.timeout.connect(self._glance)
        self._glances.start(GLANCE)

    def start(self, verb: str) -> None:
        """Do what an action says, by the values that stand in the panel."""
        if BY_NAME[verb].edits:
            self.panel.start(verb)
            return
        acts = {
            "redo": self.work.redo,
            "learn": lambda: self.work.learn(False, self.panel.values()),
            "items": lambda: self.work.take_items("everything"),
            "history": self.work.refresh,
            "status": self.work.reconnect,
        }
        try:
            acts[verb]()
        except Failure as failure:
            self.work.say(failure.message, failure.hint or "")

    def _glance(self) -> None:
        if self.isVisible():
            self.work.glance()

    def canvasChanged(self, canvas: Any) -> None:  # noqa: ANN401, ARG002, N802
        """Look at the picture of another canvas; Krita calls this, also with None."""
        self.panel.refresh()
