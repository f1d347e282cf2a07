"""The queue: edits of a document run one after another, learning beside them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Callable

from .docker_picture import preview_image
from .flow import Flow
from .qt import QtCore, Signal
from .view_state import Job

if TYPE_CHECKING:
    from .client import Client
    from .failure import Failure
    from .flow import Steps
    from .wire import Frame

STAGES = {"tokens": "learning words", "attention": "learning looks"}


def in_megabytes(stage: str, step: int, of: int) -> str:
    """Describe the progress of a stage whose steps are megabytes; empty for others."""
    return f"{stage} {step} of {of} MB" if stage in ("fetching", "verifying") and of else ""


class Jobs(QtCore.QObject):
    """The jobs of all documents; of those in the same lane one runs at a time."""

    changed = Signal()
    ended = Signal(int, object, object)
    """Number, result, and failure or None."""

    def __init__(self, client: Client, parent: Any = None) -> None:  # noqa: ANN401
        """Create an empty queue."""
        super().__init__(parent)
        self._client = client
        self._shown: dict[int, Job] = {}
        self._flows: dict[int, Flow] = {}
        self._begins: dict[int, str] = {}
        self._lanes: dict[str, list[int]] = {}
        self._last = 0

    @property
    def shown(self) -> tuple[Job, ...]:
        """The jobs that wait or run, the oldest first."""
        return tuple(self._shown.values())

    def add(
        self,
        title: str,
        lane: str,
        steps: Callable[[], Steps],
        begins: str = "reading the picture",
    ) -> int:
        """Append a job to a lane and return its number; it starts if the lane is empty.

        `begins` is its stage until the daemon tells another.
        """
        self._last += 1
        number = self._last
        flow = Flow(self._client, steps(), self)
        flow.heard = lambda name, frame: self._hear(number, name, frame)
        flow.ended.connect(lambda: self._end(number))
        self._flows[number] = flow
        self._begins[number] = begins
        self._shown[number] = Job(number, title, "waits")
        queue = self._lanes.setdefault(lane, [])
        queue.append(number)
        if len(queue) == 1:
            self._start(number)
        self.changed.emit()
        return number

    def cancel(self, number: int) -> None:
        """Cancel a job: at once if it waits."""
        flow = self._flows.get(number)
        if flow is None:
            return
        flow.cancel()
        if not any(queue[0] == number for queue in self._lanes.values() if queue):
            flow.start()
        self._show(number, stage="stopping")

    def cancel_all(self) -> None:
        """Cancel every job."""
        for number in list(self._flows):
            self.cancel(number)

    def _start(self, number: int) -> None:
        self._show(number, stage=self._begins.pop(number, ""), waits=False)
        self._flows[number].start()

    def _show(self, number: int, **changes: object) -> None:
        if number in self._shown:
            self._shown[number] = replace(self._shown[number], **changes)  # type: ignore[arg-type]
            self.changed.emit()

    def _hear(self, number: int, name: str, frame: Frame) -> None:
        if name == "queued":
            position = frame.head.get("position") or 0
            stage = f"waits behind {position} other{'s' if position > 1 else ''}"
            self._show(number, stage=stage if position else "begins", share=None)
        elif name == "progress":
            step, of = frame.head.get("step") or 0, frame.head.get("of") or 0
            stage = str(frame.head.get("stage") or "")
            self._show(
                number,
                stage=in_megabytes(stage, step, of) or STAGES.get(stage, stage),
                share=min(1.0, step / of) if of else None,
                seconds_left=frame.head.get("seconds_left"),
            )
        elif name == "preview":
            small = preview_image(frame)
            if small is not None:
                self._show(number, preview=small)

    def _end(self, number: int) -> None:
        flow = self._flows.pop(number)
        self._begins.pop(number, None)
        self._shown.pop(number, None)
        for lane, queue in list(self._lanes.items()):
            if number in queue:
                was_first = queue[0] == number
                queue.remove(number)
                if not queue:
                    del self._lanes[lane]
                elif was_first:
                    self._start(queue[0])
        failure: Failure | None = flow.failure
        flow.deleteLater()
        self.changed.emit()
        self.ended.emit(number, flow.result, failure)
