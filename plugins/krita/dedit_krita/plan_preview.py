"""The plan of a movement, requested again while the user drags the frame."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .docker_picture import plan_overlay
from .flow import Ask, Flow
from .qt import QtCore, Signal

if TYPE_CHECKING:
    from .client import Client
    from .edit_request import EditRequest
    from .flow import Steps
    from .view_state import Picture, Plan


class PlanPreview(QtCore.QObject):
    """Keeps the plan of the last edit of the shown picture; one request runs at a time.

    It needs no document: a plan depends on the items alone, which the shown picture has.
    """

    changed = Signal()

    def __init__(self, client: Client, parent: Any = None) -> None:  # noqa: ANN401
        """Create one without a plan."""
        super().__init__(parent)
        self.plan: Plan | None = None
        self._client = client
        self._wanted: tuple[Picture, EditRequest] | None = None
        self._flow: Flow | None = None

    def show(self, picture: Picture, request: EditRequest) -> None:
        """Plan an edit as soon as the request before has ended."""
        self._wanted = (picture, request)
        if self._flow is None:
            self._start(picture, request)

    def hide(self) -> None:
        """Show no plan."""
        self._wanted = None
        if self.plan is not None:
            self.plan = None
            self.changed.emit()

    def _start(self, picture: Picture, request: EditRequest) -> None:
        wanted = self._wanted

        def steps() -> Steps:
            plan = yield from self._steps(picture, request)
            if self._wanted is wanted:
                self.plan = plan
                self.changed.emit()

        flow = self._flow = Flow(self._client, steps(), self)

        def ended() -> None:
            self._flow = None
            if self._wanted is not None and self._wanted is not wanted:
                self._start(*self._wanted)
            elif flow.failure is not None:
                self.hide()
            flow.deleteLater()

        flow.ended.connect(ended)
        flow.start()

    def _steps(self, picture: Picture, request: EditRequest) -> Steps:
        session, base = picture.plan_of or ("", 0)
        head = {
            "session": session,
            "edits": [request.edit],
            "plan": request.plan,
            "base": base,
            "cropped": True,
        }
        answer = yield Ask("plan", head)
        return (yield from plan_overlay(answer, picture))
