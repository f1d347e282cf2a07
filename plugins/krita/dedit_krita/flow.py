"""Work that takes many steps, written down as one function.

A flow is a generator. It runs in Krita's own thread, where Krita may be called, and yields
whatever has to be waited for, so that the window never is:

* `Ask`, a request to the daemon: gives its `Answer`;
* `Aside`, a function that computes with bytes alone: runs in another thread, gives its result;
* a number: so many seconds pass.

What goes wrong is raised where it was yielded, as a `Failure`. What a flow starts by
`yield from` is a part of it.
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
class Aside:
    """A function for another thread. It may not call Krita."""

    function: Callable[[], Any]


Step = Union[Ask, Aside, float]
Steps = Generator[Step, Any, Any]


class Flow(QtCore.QObject):
    """A generator that is run to its end; nothing is called before `start`."""

    ended = Signal()
    _came = Signal(object, object)

    def __init__(self, client: Client, steps: Steps, parent: Any = None) -> None:  # noqa: ANN401
        """Take what is to be run."""
        super().__init__(parent)
        self.result: Any = None
        self.failure: Failure | None = None
        self.has_ended = False
        self.heard: Callable[[str, Frame], None] | None = None
        self._client = client
        self._steps = steps
        self._pending: Pending | None = None
        self._is_cancelled = False
        # From the other thread into this one.
        self._came.connect(self._go_on, QtCore.Qt.ConnectionType.QueuedConnection)

    def start(self) -> None:
        """Begin, as soon as Krita has time."""
        QtCore.QTimer.singleShot(0, lambda: self._go_on(None, None))

    def cancel(self) -> None:
        """Stop: at the next step, or where the daemon can stop its job, within that."""
        self._is_cancelled = True
        if self._pending is not None:
            self._pending.cancel()

    def _go_on(self, value: Any, failure: Any) -> None:  # noqa: ANN401
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
        except Exception as error:  # whatever it is, it ends the work and is told
            sys.excepthook(type(error), error, error.__traceback__)
            kind = f"{type(error).__name__}: {error}"
            self._end(None, Failure("internal", f"the plug-in failed ({kind})"))
        else:
            self._begin(step)

    def _begin(self, step: Step) -> None:
        try:
            self._take(step)
        except Exception as error:  # no memory, no thread: it ends the work and is told
            sys.excepthook(type(error), error, error.__traceback__)
            failure = Failure("internal", f"the plug-in failed ({type(error).__name__}: {error})")
            QtCore.QTimer.singleShot(0, lambda: self._go_on(None, failure))

    def _take(self, step: Step) -> None:
        if isinstance(step, Ask):
            pending = self._client.request(step.name, step.head, step.blobs, heard=self._hear)
            self._pending = pending
            pending.then(
                lambda answer: self._go_on(answer, None), lambda error: self._go_on(None, error)
            )
            if self._is_cancelled:
                pending.cancel()
        elif isinstance(step, Aside):
            threading.Thread(target=self._compute, args=(step.function,), daemon=True).start()
        else:
            QtCore.QTimer.singleShot(int(step * 1000), lambda: self._go_on(None, None))

    def _compute(self, function: Callable[[], Any]) -> None:
        try:
            value, failure = function(), None
        except Failure as error:
            value, failure = None, error
        except MemoryError:
            value, failure = None, Failure("resources", "there is not enough memory")
        except Exception as error:  # it has to be heard of in the other thread
            told = f"the plug-in failed ({type(error).__name__}: {error})"
            value, failure = None, Failure("internal", told)
        try:
            self._came.emit(value, failure)
        except RuntimeError:
            # Krita has ended meanwhile, and this object with it.
            return

    def _hear(self, name: str, frame: Frame) -> None:
        if self.heard is not None:
            self.heard(name, frame)

    def _end(self, result: Any, failure: Failure | None) -> None:  # noqa: ANN401
        self.result, self.failure, self.has_ended = result, failure, True
        self._steps.close()
        self.ended.emit()
