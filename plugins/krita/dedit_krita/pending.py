"""A request to the daemon, from when it is queued to its answer or failure."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from typing import Any, Callable, Optional

from .failure import Failure
from .qt import QtCore
from .wire import Blob, Frame


@dataclass
class Answer:
    """The head of `finished`, and its blobs."""

    head: dict[str, Any] = field(default_factory=dict)
    blobs: list[Blob] = field(default_factory=list)


OnAnswer = Callable[[Answer], None]
OnFailure = Callable[[Failure], None]
OnEvent = Optional[Callable[[str, Frame], None]]


def call(function: Callable[..., None] | None, *arguments: Any) -> None:  # noqa: ANN401
    """Call a callback; an exception of it is reported, and the other callbacks still run."""
    if function is None:
        return
    try:
        function(*arguments)
    except Exception as error:
        # PyQt aborts the program when an exception leaves a slot.
        sys.excepthook(type(error), error, error.__traceback__)


class Pending:
    """A request that waits to be sent, or for its answer. Callbacks never run synchronously.

    Attributes:
        name: of the request.
        job: its number, once the daemon has sent it.
        answer: set when it was answered.
        failure: set when it failed.
    """

    def __init__(
        self, name: str, serial: int, cancel: Callable[[Pending], None], heard: OnEvent = None
    ) -> None:
        """Create one; `Client.request` does this, and `cancel` is the client's."""
        self.name = name
        self.serial = serial
        self.job: int | None = None
        self.answer: Answer | None = None
        self.failure: Failure | None = None
        self.parts: list[bytes] | None = None
        self.heard = heard
        self.is_cancelled = False
        self._cancel = cancel
        self._listeners: list[tuple[OnAnswer | None, OnFailure | None]] = []

    @property
    def has_ended(self) -> bool:
        """Whether it was answered or has failed."""
        return self.answer is not None or self.failure is not None

    def then(self, answered: OnAnswer | None = None, failed: OnFailure | None = None) -> Pending:
        """Have one of the two called when it ends; in the next event-loop turn if it has."""
        self._listeners.append((answered, failed))
        if self.has_ended:
            QtCore.QTimer.singleShot(0, self._notify)
        return self

    def cancel(self) -> None:
        """Ask to stop: at once if it was not sent, else as soon as its job has a number.

        It still ends by itself: usually with a failure of the kind `cancelled`, or with its answer
        if that was faster.
        """
        if not self.has_ended and not self.is_cancelled:
            self.is_cancelled = True
            self._cancel(self)

    def end(self, answer: Answer | None = None, failure: Failure | None = None) -> None:
        """Set the outcome; only the first one counts."""
        if not self.has_ended:
            self.answer, self.failure, self.parts = answer, failure, None
            self._notify()

    def _notify(self) -> None:
        listeners, self._listeners = self._listeners, []
        for answered, failed in listeners:
            if self.answer is not None:
                call(answered, self.answer)
            elif self.failure is not None:
                call(failed, self.failure)
