"""A request under way, and what comes of it."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Callable, Optional

from .failure import Failure
from .qt import QtCore
from .wire import Blob, Frame

if TYPE_CHECKING:
    from .client import Client


@dataclass
class Answer:
    """What a request is answered with: the head of `finished`, and its blobs."""

    head: dict[str, Any] = field(default_factory=dict)
    blobs: list[Blob] = field(default_factory=list)


Answered = Callable[[Answer], None]
Failed = Callable[[Failure], None]
Heard = Optional[Callable[[str, Frame], None]]


def call(function: Callable[..., None] | None, *arguments: Any) -> None:  # noqa: ANN401
    """Call what somebody wants to be called; what it raises is reported and stops nobody else."""
    if function is None:
        return
    try:
        function(*arguments)
    except Exception as error:
        # PyQt ends the program where an exception leaves a slot.
        sys.excepthook(type(error), error, error.__traceback__)


class Pending:
    """A request that waits to be sent, or for its answer. Nothing is ever called at once.

    Attributes:
        name: of the request.
        job: its number, once the daemon has told it.
        answer: what came, after it was answered.
        failure: what went wrong, after it failed.
    """

    def __init__(self, client: Client, name: str, serial: int, heard: Heard = None) -> None:
        """Begin; `Client.request` does this."""
        self.name = name
        self.serial = serial
        self.job: int | None = None
        self.answer: Answer | None = None
        self.failure: Failure | None = None
        self.parts: list[bytes] | None = None
        self.heard = heard
        self.is_cancelled = False
        self._client = client
        self._listeners: list[tuple[Answered | None, Failed | None]] = []

    @property
    def has_ended(self) -> bool:
        """Whether it was answered or has failed."""
        return self.answer is not None or self.failure is not None

    def then(self, answered: Answered | None = None, failed: Failed | None = None) -> Pending:
        """Have one of the two called when it ends, soon where it has ended already."""
        self._listeners.append((answered, failed))
        if self.has_ended:
            QtCore.QTimer.singleShot(0, self._tell)
        return self

    def cancel(self) -> None:
        """Ask to stop: at once where it was not sent, else as soon as its job has a number.

        It still ends by itself: mostly with a failure of the kind `cancelled`, or with its answer
        where that was faster.
        """
        if not self.has_ended and not self.is_cancelled:
            self.is_cancelled = True
            self._client.cancel(self)

    def end(self, answer: Answer | None = None, failure: Failure | None = None) -> None:
        """Take the end; the client does this, once."""
        if not self.has_ended:
            self.answer, self.failure, self.parts = answer, failure, None
            self._tell()

    def _tell(self) -> None:
        listeners, self._listeners = self._listeners, []
        for answered, failed in listeners:
            if self.answer is not None:
                call(answered, self.answer)
            elif self.failure is not None:
                call(failed, self.failure)
