"""The plan of a movement, requested again while the user drags the frame."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .docker_picture import plan_overlay
from .edit import plan_movement
from .flow import Flow
from .qt import QtCore, Signal

if TYPE_CHECKING:
    from .client import Client
    from .command import Command
    from .flow import Steps
    from .view_state import Plan


class PlanPreview(QtCore.QObject):
    """Keeps the plan of the last command; one request runs at a time."""

    changed = Signal()

    def __init__(self, client: Client, parent: Any = None) -> None:  # noqa: ANN401
        """Create one without a plan."""
        super().__init__(parent)
        self.plan: Plan | None = None
        self._client = client
        self._wanted: Command | None = None
        self._flow: Flow | None = None

    def show(self, command: Command) -> None:
        """Plan a command as soon as the request before has ended."""
        self._wanted = command
        if self._flow is None:
            self._start(command)

    def hide(self) -> None:
        """Show no plan."""
        self._wanted = None
        if self.plan is not None:
            self.plan = None
            self.changed.emit()

    def _start(self, command: Command) -> None:
        def steps() -> Steps:
            answer = yield from plan_movement(command)
            plan = yield from plan_overlay(answer)
            if self._wanted is command:
                self.plan = plan
                self.changed.emit()

        flow = self._flow = Flow(self._client, steps(), self)

        def ended() -> None:
            self._flow = None
            if self._wanted is not None and self._wanted is not command:
                self._start(self._wanted)
            elif flow.failure is not None:
                self.hide()
            flow.deleteLater()

        flow.ended.connect(ended)
        flow.start()
