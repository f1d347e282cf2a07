"""A connection to the daemon that sends and receives frames without blocking.

Everything runs in the user interface's thread. Each turn of the event loop reads and writes only a
part of a big picture, so that the user interface stays responsive.
"""

from __future__ import annotations

import time
from collections import deque
from typing import Any

from . import peer
from .failure import Failure
from .qt import QtCore, QtNetwork, Signal
from .wire import (
    VERSIONS,
    CutOffError,
    ProtocolError,
    Reader,
    StrangerError,
    VersionError,
    hello_bytes,
)

# Per read or write call of Qt.
CHUNK_BYTES = 1 << 20
# Limit of Qt's own read buffer.
READ_BUFFER_BYTES = 8 << 20
# Longest time for reading in one turn of the event loop.
TURN_SECONDS = 0.01
HANGS = "see `dedit daemon status`; `dedit daemon stop` ends one that hangs"
UPDATE = "the daemon and this plug-in may be of different versions: update both"

# How a channel ends: no daemon listens; the daemon closed it; the plug-in gave up.
ABSENT, GONE, REFUSED = "absent", "gone", "refused"

_States = QtNetwork.QLocalSocket.LocalSocketState
_Errors = QtNetwork.QLocalSocket.LocalSocketError


def gone() -> Failure:
    """Return the failure of requests that wait when the daemon closes the connection."""
    hint = "try again: it is started anew, and nothing that was acknowledged is lost"
    return Failure("connection", "the D-Edit daemon is gone", hint=hint)


def silent(seconds: float) -> Failure:
    """Return the failure of a daemon that sends nothing."""
    message = f"the D-Edit daemon does not answer (nothing came in {seconds:.0f} s)"
    return Failure("connection", message, hint=HANGS)


def mismatch(error: VersionError) -> Failure:
    """Return the failure of two sides without a common version; it says which to update."""

    def speaks(versions: tuple[int, int]) -> str:
        one, other = versions
        return f"version {one}" if one == other else f"versions {one} to {other}"

    message = f"the D-Edit daemon speaks {speaks(error.theirs)} of the protocol"
    message += f", and this plug-in {speaks(error.ours)}"
    hint = "the daemon is newer: update this plug-in"
    if error.is_daemon_older:
        hint = "the daemon is older: end it with `dedit daemon stop`, install the newer D-Edit"
        hint += " and try again"
    return Failure("connection", message, hint=hint)


class Channel(QtCore.QObject):
    """One connection, from its beginning to its end; another one needs another channel.

    Signals: `opened` after the handshake; `arrived` for each Frame or RefusedError; `ended`, once
    and last, with one of ABSENT, GONE and REFUSED and a Failure.
    """

    opened = Signal()
    arrived = Signal(object)
    ended = Signal(str, object)

    def __init__(
        self,
        path: str,
        patience: float = 10.0,
        parent: Any = None,  # noqa: ANN401
    ) -> None:
        """Create a channel to a socket; `open` connects."""
        super().__init__(parent)
        self.path = path
        self._patience = patience
        self._reader = Reader(VERSIONS)
        self._has_shaken_hands = False
        self._over = False
        self._is_scheduled = False
        self._end: tuple[str, Failure] | None = None
        self._outgoing: deque[memoryview] = deque()
        self._clock = QtCore.QTimer(self)
        self._clock.setSingleShot(True)
        self._clock.timeout.connect(self._is_late)
        self._socket = socket = QtNetwork.QLocalSocket(self)
        socket.setReadBufferSize(READ_BUFFER_BYTES)
        socket.connected.connect(self._connected)
        socket.disconnected.connect(self._disconnected)
        socket.readyRead.connect(self._empty_buffer)
        socket.bytesWritten.connect(self._pump)
        # Before Qt 5.15 the signal has the name of the function that gives the last error.
        failed = socket.errorOccurred if hasattr(socket, "errorOccurred") else socket.error
        failed.connect(self._failed)

    def open(self) -> None:
        """Connect; signals report the outcome, possibly before this returns."""
        self._clock.start(round(self._patience * 1000))
        self._socket.connectToServer(self.path)

    def send(self, parts: list[bytes]) -> None:
        """Queue bytes for sending."""
        if not self._over:
            self._outgoing.extend(memoryview(part).cast("B") for part in parts if len(part))
            self._pump()

    def close(self, last: list[bytes] | None = None) -> None:
        """Close the connection without a signal; send `last` first if nothing else is queued."""
        is_idle = not self._outgoing and self._has_shaken_hands
        if not self._over and is_idle and last:
            self.send(last)
            self._socket.flush()
        self._finish()

    def _finish(self) -> None:
        self._over = True
        self._clock.stop()
        self._outgoing.clear()
        if self._socket.state() == _States.ConnectedState:
            is_sent = not self._socket.bytesToWrite()
            (self._socket.disconnectFromServer if is_sent else self._socket.abort)()
        self.deleteLater()

    def _fail(self, how: str, failure: Failure) -> None:
        """Close at once and emit `ended`."""
        if not self._over:
            self._finish()
            self.ended.emit(how, failure)

    def _connected(self) -> None:
        if self._over:
            return
        if not peer.is_own(int(self._socket.socketDescriptor())):
            message = "the daemon at this socket is another user's"
            self._fail(REFUSED, Failure("connection", message, self.path))
            return
        self.send([hello_bytes()])

    def _is_late(self) -> None:
        self._fail(REFUSED, silent(self._patience))

    def _failed(self, error: object) -> None:
        if error in (_Errors.ServerNotFoundError, _Errors.ConnectionRefusedError):
            hint = "start one with `dedit daemon start`"
            self._fail(
                ABSENT, Failure("connection", "no D-Edit daemon is running", self.path, hint)
            )
        elif error == _Errors.PeerClosedError or self._has_shaken_hands:
            # Frames that arrived before are still read.
            self._disconnected()
        else:
            message = f"the D-Edit daemon cannot be reached ({self._socket.errorString()})"
            self._fail(REFUSED, Failure("connection", message, self.path))

    def _disconnected(self) -> None:
        if self._end is None and not self._over:
            self._end = GONE, gone()
            self._schedule()

    def _schedule(self) -> None:
        """Read in the next turn of the event loop.

        Not in a slot of the socket: Qt emits no further signal of it while a receiver runs an event
        loop of its own, such as for a dialog.
        """
        if not self._is_scheduled and not self._over:
            self._is_scheduled = True
            QtCore.QTimer.singleShot(0, self._scheduled)

    def _scheduled(self) -> None:
        self._is_scheduled = False
        self._read()

    def _pump(self, _: int = 0) -> None:
        """Pass queued bytes to Qt when it has written most of its buffer."""
        while self._outgoing and self._socket.bytesToWrite() < CHUNK_BYTES and not self._over:
            part = self._outgoing.popleft()
            written = self._socket.write(bytes(part[:CHUNK_BYTES]))
            if written < 0:
                self._outgoing.clear()
                self._disconnected()
                return
            if written < len(part):
                self._outgoing.appendleft(part[written:])
            if not written:
                return

    def _read(self) -> None:
        """Read for TURN_SECONDS; schedule another turn for the rest."""
        if self._over:
            return
        try:
            is_done = self._read_until(time.monotonic() + TURN_SECONDS)
        except MemoryError:
            self._fail(REFUSED, Failure("resources", "there is no memory for the daemon's answer"))
        except VersionError as error:
            self._fail(REFUSED, mismatch(error))
        except StrangerError:
            message = "what answers at this socket is no D-Edit daemon"
            self._fail(REFUSED, Failure("connection", message, self.path, "check DEDIT_SOCKET"))
        except ProtocolError as error:
            message = f"what the D-Edit daemon says cannot be read ({error})"
            self._fail(REFUSED, Failure("connection", message, hint=UPDATE))
        else:
            if not is_done:
                self._schedule()
            elif self._end is not None:
                self._conclude(*self._end)

    def _read_until(self, deadline: float) -> bool:
        """Read until a deadline; return whether everything was read."""
        while True:
            for arrived in self._reader.frames():
                self._check_handshake()
                # So that reading goes on if a receiver runs an event loop of its own.
                self._schedule()
                self.arrived.emit(arrived)
                if self._over or time.monotonic() >= deadline:
                    return False
            self._check_handshake()
            if self._over or not self._read_chunk():
                return True
            if time.monotonic() >= deadline:
                return False

    def _empty_buffer(self) -> None:
        """Empty Qt's buffer at once: Qt discards it after a failed write."""
        while self._reader.waiting < READ_BUFFER_BYTES and self._read_chunk():
            pass
        self._schedule()

    def _read_chunk(self) -> bool:
        """Feed a chunk from Qt to the reader; return whether there was one."""
        # Reading from an empty socket makes Qt print a warning.
        data = self._socket.read(CHUNK_BYTES) if self._socket.bytesAvailable() else b""
        self._reader.feed(bytes(data or b""))
        return bool(data)

    def _check_handshake(self) -> None:
        if not self._has_shaken_hands and self._reader.version is not None:
            self._has_shaken_hands = True
            self._clock.stop()
            self.opened.emit()

    def _conclude(self, how: str, failure: Failure) -> None:
        if not self._has_shaken_hands:
            try:
                self._reader.end()
            except CutOffError as error:
                message = f"the D-Edit daemon does not answer ({error})"
                failure = Failure("connection", message, hint=HANGS)
        self._fail(how, failure)
