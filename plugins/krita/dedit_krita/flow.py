"""Long-running work written as one generator function, without blocking the user interface.

A flow runs in Krita's main thread, the only one that may call Krita, and yields what it waits for:

* `Ask`, a request to the daemon: resumes with its `Answer`;
* `InThread`, a function that only computes with bytes: runs in another thread, resumes with its
  result;
* a number of seconds.

An error is raised at the `yield`, as a `Failure`. `yield from` calls another flow.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Generator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Callable, Union

from .failure import Failure
from .qt import QtCore, Signal

if TYPE_CHECKING:
    from .client import Client
    from .pending import Pending
    from .wire import Blob, Frame


@dataclass
class Ask:
    """A request to the daemon."""

    name: str
    head: dict[str, Any] = field(default_factory=dict)
    blobs: list[Blob] = field(default_factory=list)


@dataclass
class InThread:
    """A function for another thread. It may not call Krita."""

    function: Callable[[], Any]


Step = Union[Ask, InThread, float]
Steps = Generator[Step, Any, Any]


class Flow(QtCore.QObject):
    """Runs a generator to its end; nothing is called before `start`."""

    ended = Signal()
    _computed = Signal(object, object)

    def __init__(self, client: Client, steps: Steps, parent: Any = None) -> None:  # noqa: ANN401
        """Create one; `heard` may be set to a function that gets the events of its requests."""
        super().__init__(parent)
        self.result: Any = None
        self.failure: Failure | None = None
        self.has_ended = False
        self.heard: Callable[[str, Frame], None] | None = None
        self._client = client
        self._steps = steps
        self._pending: Pending | None = None
        self._is_cancelled = False
        # Queued, so that the slot runs in this object's thread.
        self._computed.connect(self._resume, QtCore.Qt.ConnectionType.QueuedConnection)

    def start(self) -> None:
        """Begin in the next turn of the event loop."""
        QtCore.QTimer.singleShot(0, lambda: self._resume(None, None))

    def cancel(self) -> None:
        """Stop at the next step; a job of the daemon is cancelled at once."""
        self._is_cancelled = True
        if self._pending is not None:
            self._pending.cancel()

    def _resume(self, value: Any, failure: Any) -> None:  # noqa: ANN401
        self._pending = None
        if self.has_ended:
            return
        if self._is_cancelled and failure is None:
            failure = Failure("cancelled", "it was stopped")
        try:
            step = self._steps.send(value) if failure is None else self._steps.throw(failure)
        except StopIteration as end:
            self._end(end.value, None)
        except Failure as error:
            self._end(None, error)
        except Exception as error:  # a bug in the flow: reported, and the flow ends
            sys.excepthook(type(error), error, error.__traceback__)
            self._end(None, _plugin_failure(error))
        else:
            self._begin(step)

    def _begin(self, step: Step) -> None:
        try:
            self._dispatch(step)
        except Exception as error:  # such as no memory or no thread
            sys.excepthook(type(error), error, error.__traceback__)
            failure = _plugin_failure(error)
            QtCore.QTimer.singleShot(0, lambda: self._resume(None, failure))

    def _dispatch(self, step: Step) -> None:
        if isinstance(step, Ask):
            pending = self._client.request(step.name, step.head, step.blobs, heard=self._hear)
            self._pending = pending
            pending.then(
                lambda answer: self._resume(answer, None), lambda error: self._resume(None, error)
            )
            if self._is_cancelled:
                pending.cancel()
        elif isinstance(step, InThread):
            threading.Thread(target=self._compute, args=(step.function,), daemon=True).start()
        else:
            QtCore.QTimer.singleShot(int(step * 1000), lambda: self._resume(None, None))

    def _compute(self, function: Callable[[], Any]) -> None:
        try:
            value, failure = function(), None
        except Failure as error:
            value, failure = None, error
        except MemoryError:
            value, failure = None, Failure("resources", "there is not enough memory")
        except Exception as error:  # raised in the main thread, at the `yield`
            value, failure = None, _plugin_failure(error)
        try:
            self._computed.emit(value, failure)
        except RuntimeError:
            # Krita has exited meanwhile and deleted this object.
            return

    def _hear(self, name: str, frame: Frame) -> None:
        if self.heard is not None:
            self.heard(name, frame)

    def _end(self, result: Any, failure: Failure | None) -> None:  # noqa: ANN401
        self.result, self.failure, self.has_ended = result, failure, True
        self._steps.close()
        self.ended.emit()


def _plugin_failure(error: Exception) -> Failure:
    return Failure("internal", f"the plug-in failed ({type(error).__name__}: {error})")
