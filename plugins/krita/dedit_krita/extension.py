"""D-Edit among Krita's extensions: an action for each verb, under Tools ▸ Scripts."""

from __future__ import annotations

from typing import Any

from krita import DockWidgetFactory, DockWidgetFactoryBase, Extension, Krita

from .describe import VERBS
from .docker import Docker

DOCKER = "dedit_docker"


class DEdit(Extension):
    """The extension: what it offers goes to the docker of the window that it was chosen in."""

    def __init__(self, parent: Any) -> None:  # noqa: ANN401
        """Begin."""
        super().__init__(parent)

    def setup(self) -> None:
        """Nothing is to be done before there is a window."""

    def createActions(self, window: Any) -> None:  # noqa: N802, ANN401 (Krita's name)
        """Offer the actions in a window."""
        for verb in VERBS:
            action = window.createAction(verb.action, f"D-Edit: {verb.label}", "tools/scripts")
            action.setToolTip(verb.blurb)
            action.triggered.connect(lambda _=False, name=verb.name: start(name))


def start(verb: str) -> None:
    """Have the docker of the window that is used do what a verb says."""
    # The window that the action was made for is Krita's own, and is not kept.
    window = Krita.instance().activeWindow()
    root = window.qwindow() if window is not None else None
    docker = root.findChild(Docker, DOCKER) if root is not None else None
    if docker is not None:
        docker.setVisible(True)
        docker.raise_()
        docker.start(verb)


def register() -> None:
    """Put it all into Krita."""
    krita = Krita.instance()
    krita.addExtension(DEdit(krita))
    right = DockWidgetFactoryBase.DockRight
    krita.addDockWidgetFactory(DockWidgetFactory(DOCKER, right, Docker))
