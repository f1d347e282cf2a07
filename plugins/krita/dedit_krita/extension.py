"""Krita's extension: an action for each verb, under Tools ▸ Scripts."""

from __future__ import annotations

from typing import Any

from krita import DockWidgetFactory, DockWidgetFactoryBase, Extension, Krita

from .docker import Docker
from .parameters import ACTIONS

DOCKER = "dedit_docker"


class DEdit(Extension):
    """Creates the actions."""

    def __init__(self, parent: Any) -> None:  # noqa: ANN401
        """Create the extension."""
        super().__init__(parent)

    def setup(self) -> None:
        """Do nothing: there is no window yet."""

    def createActions(self, window: Any) -> None:  # noqa: N802, ANN401 (Krita's name)
        """Create the actions of a window."""
        for entry in ACTIONS:
            action = window.createAction(entry.id, f"D-Edit: {entry.label}", "tools/scripts")
            action.setToolTip(entry.summary)
            action.triggered.connect(lambda _=False, name=entry.name: start(name))


def start(verb: str) -> None:
    """Run a verb in the docker of the active window."""
    # Krita's wrapper of the window does not outlive `createActions`, so it is looked up.
    window = Krita.instance().activeWindow()
    root = window.qwindow() if window is not None else None
    docker = root.findChild(Docker, DOCKER) if root is not None else None
    if docker is not None:
        docker.setVisible(True)
        docker.raise_()
        docker.start(verb)


def register() -> None:
    """Register the extension and the docker."""
    krita = Krita.instance()
    krita.addExtension(DEdit(krita))
    # Krita 6 has its enums by their full names alone, Krita 5.1 has this one without.
    positions = getattr(DockWidgetFactoryBase, "DockPosition", DockWidgetFactoryBase)
    if not hasattr(positions, "DockRight"):
        positions = DockWidgetFactoryBase
    krita.addDockWidgetFactory(DockWidgetFactory(DOCKER, positions.DockRight, Docker))
