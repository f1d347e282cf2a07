"""A client of the daemon in the user interface's thread; no call blocks.

    client = Client(parent)
    pending = client.request("status")
    pending.then(lambda answer: print(answer.head), lambda failure: print(failure.sentence()))

The first request connects to the daemon, and starts one if none runs.
"""

from __future__ import annotations

import time
from collections import deque
from dataclasses import dataclass
from typing import Any

from . import address
from .channel import ABSENT, GONE, REFUSED, UPDATE, Channel, silent
from .failure import Failure
from .launch import Launch
from .pending import Answer, OnEvent, Pending, call
from .qt import QtCore, Signal
from .version import __version__
from .wire import EVENTS, REQUESTS, Blob, Frame, RefusedError, frame_parts

__all__ = ["Answer", "Client", "Failure", "Patience", "Pending"]

# Events that end a request.
LAST = ("finished", "failed", "cancelled")
# Seconds between two attempts to reach a daemon that starts: the first pause, and the longest.
PAUSES = (0.02, 0.5)


FEATURES = {
    "items": "choose the items of a document",
    "cropped": "tell of an edit's region alone",
    "expand": "expand a canvas",
    "layers": "give items as layers of their own",
    "model_files": "add, check and remove models",
}
"""Features of the daemon that the plug-in needs, and what they do."""
JOBS = ("load", "learn", "edit", "segment", "fetch_model", "verify_model")
"""Requests that run as jobs, and are cancelled by the job's number."""


@dataclass
class Patience:
    """Time limits in seconds."""

    handshake: float = 10.0
    hello: float = 20.0
    # From the start of the program to the first connection.
    start: float = 20.0
    # After which a daemon that keeps closing the connection is given up.
    ended: float = 2.0


def too_old(feature: str) -> Failure:
    """Return the failure of a daemon without a feature."""
    message = f"the D-Edit daemon that runs cannot {FEATURES[feature]}"
    hint = "stop it with `dedit daemon stop`; the next command starts a newer one"
    return Failure("connection", message, hint=hint)


class Client(QtCore.QObject):
    """A connection to the daemon, opened when it is needed and reopened after it was lost.

    Signals: `state_changed`; `session_changed` with the head of the event `session`, which the
    daemon sends when any client has changed a session that this client has open.

    Attributes:
        state: `idle`, `connecting`, `starting`, `ready` or `failed`.
        failure: why there is no connection, if known; None while there is one.
        welcome: the daemon's answer to `hello`, {} without a connection.
    """

    state_changed = Signal()
    session_changed = Signal(object)

    def __init__(
        self,
        parent: Any = None,  # noqa: ANN401
        *,
        socket: str | None = None,
        program: str | None = None,
        patience: Patience | None = None,
    ) -> None:
        """Create a client; `address` finds the socket and the program if they are not given."""
        super().__init__(parent)
        self.state = "idle"
        self.failure: Failure | None = None
        self.welcome: dict[str, Any] = {}
        self._socket = socket
        self._program = program
        self._patience = patience or Patience()
        self._last_serial = 0
        self._waiting: deque[Pending] = deque()
        self._sent: dict[int, Pending] = {}
        self._channel: Channel | None = None
        self._hello: Pending | None = None
        self._launch: Launch | None = None
        self._began = 0.0
        self._gone_since: float | None = None
        self._pause = PAUSES[0]
        self._announced_failure: Failure | None = None
        self._retry = self._timer(self._attempt)
        self._hello_clock = self._timer(self._hello_is_late)

    def request(
        self,
        name: str,
        head: dict[str, Any] | None = None,
        blobs: list[Blob] | tuple[Blob, ...] = (),
        *,
        heard: OnEvent = None,
    ) -> Pending:
        """Send a request, connecting first if need be.

        Args:
            name: of the request, as in PROTOCOL.md; KeyError where there is none of this name.
            head: its fields, without the list of blobs.
            blobs: pixels and bytes, which the head refers to by index.
            heard: called with the name and the frame of each event before the last one.

        Returns:
            The request, for `then` and `cancel`.
        """
        pending = self._pending(name, head or {}, list(blobs), heard)
        if pending.parts is not None:
            self._waiting.append(pending)
            self._later(self._send_waiting)
        return pending

    def cancel(self, pending: Pending) -> None:
        """Cancel a request; `Pending.cancel` calls this."""
        if pending in self._waiting:
            self._waiting.remove(pending)
            self._fail_later(pending, Failure("cancelled", "cancelled"))
        elif pending.job is not None and pending.serial in self._sent:
            self._send(self._pending("cancel", {"job": pending.job}, [], None))
        elif pending.serial in self._sent and pending.name not in JOBS:
            # The protocol cannot cancel it: its answer will be ignored.
            self._fail_later(pending, Failure("cancelled", "cancelled"))

    def close(self) -> None:
        """Close the connection; waiting requests fail. The next request connects again."""
        failure = Failure("connection", "the connection to the D-Edit daemon was closed")
        goodbye = frame_parts(Frame(REQUESTS["goodbye"], self._serial()))
        self._drop_channel(goodbye)
        self._end_all("idle", None, failure)

    def _timer(self, function: Any) -> Any:  # noqa: ANN401
        timer = QtCore.QTimer(self)
        timer.setSingleShot(True)
        timer.timeout.connect(function)
        return timer

    def _later(self, function: Any) -> None:  # noqa: ANN401
        QtCore.QTimer.singleShot(0, function)

    def _fail_later(self, pending: Pending, failure: Failure) -> None:
        self._later(lambda: pending.end(failure=failure))

    def _serial(self) -> int:
        used = {pending.serial for pending in self._waiting} | self._sent.keys() | {0}
        while self._last_serial in used:
            self._last_serial = (self._last_serial + 1) & 0xFFFF_FFFF
        return self._last_serial

    def _pending(
        self, name: str, head: dict[str, Any], blobs: list[Blob], heard: OnEvent
    ) -> Pending:
        """Encode a request; one that does not fit into a message fails and has no parts."""
        self._last_serial = (self._last_serial + 1) & 0xFFFF_FFFF
        pending = Pending(name, self._serial(), self.cancel, heard)
        try:
            pending.parts = frame_parts(Frame(REQUESTS[name], pending.serial, head, blobs))
        except ValueError as error:
            message = f"the request '{name}' cannot be sent: {error}"
            self._fail_later(pending, Failure("usage", message))
        return pending

    def _set_state(self, state: str) -> None:
        if state != self.state:
            self.state = state
            self.state_changed.emit()

    def _send_waiting(self) -> None:
        """Send the queued requests, or connect first."""
        if self.state == "ready":
            while self._waiting and self.state == "ready":
                self._send(self._waiting.popleft())
        elif self._waiting and self.state in {"idle", "failed"}:
            self.failure = self._announced_failure = None
            self._began, self._gone_since = time.monotonic(), None
            self._pause = PAUSES[0]
            self._set_state("connecting")
            self._attempt()

    def _send(self, pending: Pending) -> None:
        parts, pending.parts = pending.parts, None
        if self._channel is not None and parts is not None:
            self._sent[pending.serial] = pending
            self._channel.send(parts)

    # Connecting.

    def _attempt(self) -> None:
        if self.state not in {"connecting", "starting"} or self._channel is not None:
            return
        socket = self._socket or address.socket()
        self._channel = channel = Channel(socket, self._patience.handshake, self)
        channel.opened.connect(self._opened)
        channel.arrived.connect(self._arrived)
        channel.ended.connect(self._ended)
        channel.open()

    def _ended(self, how: str, failure: Failure) -> None:
        self._drop_channel()
        if self.state == "ready":
            # An idle daemon exits after a while, which is no error.
            is_missed = bool(self._sent or self._waiting)
            why = self._announced_failure or (failure if is_missed else None)
            self._end_all("idle", why, self._announced_failure or failure)
        elif how == REFUSED or self._announced_failure is not None:
            self._give_up(self._announced_failure or failure)
        else:
            self._retry_later(how, failure)

    def _retry_later(self, how: str, failure: Failure) -> None:
        """Retry: no daemon listened, or one that was shutting down."""
        try:
            if self._launch is None:
                self._launch = self._new_launch(how, failure)
                self._set_state("starting")
            if how == ABSENT:
                self._launch.step()
            self._check_patience(how, failure, self._launch)
        except Failure as reason:
            self._give_up(reason)
            return
        self._retry.start(round(self._pause * 1000))
        self._pause = min(self._pause * 1.5, PAUSES[1])

    def _check_patience(self, how: str, failure: Failure, launch: Launch) -> None:
        now = time.monotonic()
        if how == GONE:
            self._gone_since = self._gone_since or now
            if now - self._gone_since >= self._patience.ended:
                raise failure
        if now - self._began >= self._patience.start:
            raise launch.late(self._patience.start) if how == ABSENT else failure

    def _new_launch(self, how: str, failure: Failure) -> Launch:
        program = self._program or address.program()
        if program is None:
            if how == ABSENT:
                failure.hint = (
                    "run `dedit install krita` again, start one with `dedit daemon start`, or name"
                    f" D-Edit's program with {address.PROGRAM_VARIABLE}"
                )
            raise failure
        return Launch(program, self._socket or address.socket(), self._patience.ended)

    def _opened(self) -> None:
        head = {"client": "krita", "version": __version__}
        self._hello = hello = self._pending("hello", head, [], None)
        hello.then(self._welcomed, self._give_up)
        self._hello_clock.start(round(self._patience.hello * 1000))
        self._send(hello)

    def _welcomed(self, answer: Answer) -> None:
        self._hello = None
        self._hello_clock.stop()
        features = answer.head.get("features")
        missing = [name for name in FEATURES if name not in (features or ())]
        if missing:
            self._give_up(too_old(missing[0]))
            return
        self._end_launch()
        self.welcome = answer.head
        self._set_state("ready")
        self._send_waiting()

    def _hello_is_late(self) -> None:
        self._give_up(silent(self._patience.hello))

    # Failing and closing.

    def _give_up(self, failure: Failure) -> None:
        if self.state in {"connecting", "starting"}:
            self._drop_channel()
            self._end_all("failed", failure, failure)

    def _end_all(self, state: str, why: Failure | None, failure: Failure) -> None:
        """Fail every request that waits."""
        self._retry.stop()
        self._hello_clock.stop()
        self._end_launch()
        ended = [*self._sent.values(), *self._waiting]
        self._sent.clear()
        self._waiting.clear()
        self.welcome = {}
        self.failure = why
        self._set_state(state)
        for pending in ended:
            self._fail_later(pending, failure)

    def _end_launch(self) -> None:
        if self._launch is not None:
            self._launch.close()
            self._launch = None

    def _drop_channel(self, last: list[bytes] | None = None) -> None:
        if self._hello is not None:
            self._sent.pop(self._hello.serial, None)
            self._hello = None
        if self._channel is not None:
            channel, self._channel = self._channel, None
            for signal in (channel.opened, channel.arrived, channel.ended):
                signal.disconnect()
            channel.close(last)

    # Receiving.

    def _arrived(self, arrived: Frame | RefusedError) -> None:
        name = EVENTS.get(arrived.tag)
        if name is None:
            return
        if arrived.serial == 0:
            self._broadcast(name, arrived)
            return
        pending = self._sent.get(arrived.serial)
        if pending is None:
            return
        if name in LAST:
            del self._sent[arrived.serial]
            self._conclude(pending, name, arrived)
        elif isinstance(arrived, Frame):
            self._handle_event(pending, name, arrived)

    def _broadcast(self, name: str, arrived: Frame | RefusedError) -> None:
        """Handle an event that belongs to no request."""
        if isinstance(arrived, RefusedError):
            return
        if name == "session":
            self.session_changed.emit(arrived.head)
        elif name == "failed":
            # The reason why the daemon closes the connection next.
            self._announced_failure = Failure.from_head(arrived.head)

    def _handle_event(self, pending: Pending, name: str, frame: Frame) -> None:
        job = frame.head.get("job")
        if name == "queued" and isinstance(job, int) and not isinstance(job, bool):
            is_new, pending.job = pending.job is None, job
            if is_new and pending.is_cancelled:
                self.cancel(pending)
        call(pending.heard, name, frame)

    def _conclude(self, pending: Pending, name: str, arrived: Frame | RefusedError) -> None:
        if isinstance(arrived, RefusedError):
            message = f"the daemon's answer is not understood: {arrived}"
            pending.end(failure=Failure("internal", message, hint=UPDATE))
        elif name == "finished":
            pending.end(Answer(arrived.head, arrived.blobs))
        elif name == "failed":
            pending.end(failure=Failure.from_head(arrived.head))
        else:
            pending.end(failure=Failure("cancelled", "cancelled"))
