"""A connection to the daemon: frames in both directions, and nothing here ever waits.

All of it happens in the thread of the user interface. So that a big picture does not hold that up,
a little is written and read in each turn of the event loop.
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

# As much is given to Qt, or taken from it, at once.
PORTION = 1 << 20
# Qt reads ahead no further.
AHEAD = 8 << 20
# Seconds of one turn of the event loop.
TURN = 0.01
HANGS = "see `dedit daemon status`; `dedit daemon stop` ends one that hangs"
UPDATE = "the daemon and this plug-in may be of different versions: update both"

# How a channel ends: nobody was there; the other side went; this side will not go on.
ABSENT, GONE, REFUSED = "absent", "gone", "refused"

_States = QtNetwork.QLocalSocket.LocalSocketState
_Errors = QtNetwork.QLocalSocket.LocalSocketError


def gone() -> Failure:
    """Give what every request that waits hears when the connection has ended."""
    hint = "try again: it is started anew, and nothing that was acknowledged is lost"
    return Failure("connection", "the D-Edit daemon is gone", hint=hint)


def silent(seconds: float) -> Failure:
    """Give the failure of a daemon that says nothing."""
    told = f"the D-Edit daemon does not answer (nothing came in {seconds:.0f} s)"
    return Failure("connection", told, hint=HANGS)


def mismatch(error: VersionError) -> Failure:
    """Give the failure of two sides without a common version; it says which is to be updated."""

    def speaks(versions: tuple[int, int]) -> str:
        one, other = versions
        return f"version {one}" if one == other else f"versions {one} to {other}"

    told = f"the D-Edit daemon speaks {speaks(error.theirs)} of the protocol"
    told += f", and this plug-in {speaks(error.ours)}"
    hint = "the daemon is newer: update this plug-in"
    if error.is_daemon_older:
        hint = "the daemon is older: end it with `dedit daemon stop`, install the newer D-Edit"
        hint += " and try again"
    return Failure("connection", told, hint=hint)


class Channel(QtCore.QObject):
    """One connection, from its beginning to its end; another one needs another channel.

    Signals: `opened` when both sides have agreed on a version; `arrived` for each Frame or
    RefusedError; `ended`, once and last, with one of ABSENT, GONE and REFUSED and a Failure.
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
        """Make a channel to a socket; `open` opens it."""
        super().__init__(parent)
        self.path = path
        self._patience = patience
        self._reader = Reader(VERSIONS)
        self._greeted = False
        self._over = False
        self._is_scheduled = False
        self._end: tuple[str, Failure] | None = None
        self._outgoing: deque[memoryview] = deque()
        self._clock = QtCore.QTimer(self)
        self._clock.setSingleShot(True)
        self._clock.timeout.connect(self._is_late)
        self._socket = socket = QtNetwork.QLocalSocket(self)
        socket.setReadBufferSize(AHEAD)
        socket.connected.connect(self._connected)
        socket.disconnected.connect(self._disconnected)
        socket.readyRead.connect(self._fetch)
        socket.bytesWritten.connect(self._pump)
        # Before Qt 5.15 the signal has the name of the function that gives the last error.
        failed = socket.errorOccurred if hasattr(socket, "errorOccurred") else socket.error
        failed.connect(self._failed)

    def open(self) -> None:
        """Connect; what comes of it is told by signals, and may be before this returns."""
        self._clock.start(round(self._patience * 1000))
        self._socket.connectToServer(self.path)

    def send(self, parts: list[bytes]) -> None:
        """Send bytes after all that is sent already."""
        if not self._over:
            self._outgoing.extend(memoryview(part).cast("B") for part in parts if len(part))
            self._pump()

    def close(self, last: list[bytes] | None = None) -> None:
        """End the connection, with some last words where all else is said; nothing is told."""
        is_idle = not self._outgoing and self._greeted
        if not self._over and is_idle and last:
            self.send(last)
            self._socket.flush()
        self._finish()

    def _finish(self) -> None:
        self._over = True
        self._clock.stop()
        self._outgoing.clear()
        if self._socket.state() == _States.ConnectedState:
            is_said = not self._socket.bytesToWrite()
            (self._socket.disconnectFromServer if is_said else self._socket.abort)()
        self.deleteLater()

    def _fail(self, how: str, failure: Failure) -> None:
        """End with a failure, at once."""
        if not self._over:
            self._finish()
            self.ended.emit(how, failure)

    def _connected(self) -> None:
        if self._over:
            return
        if not peer.is_own(int(self._socket.socketDescriptor())):
            told = "the daemon at this socket is another user's"
            self._fail(REFUSED, Failure("connection", told, self.path))
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
        elif error == _Errors.PeerClosedError or self._greeted:
            # What came before is still to be read.
            self._disconnected()
        else:
            told = f"the D-Edit daemon cannot be reached ({self._socket.errorString()})"
            self._fail(REFUSED, Failure("connection", told, self.path))

    def _disconnected(self) -> None:
        if self._end is None and not self._over:
            self._end = GONE, gone()
            self._schedule()

    def _schedule(self) -> None:
        """Read in the next turn of the event loop.

        Never in a signal of the socket's: Qt gives no other of them while whoever hears of a frame
        lets the event loop turn, such as for a dialog.
        """
        if not self._is_scheduled and not self._over:
            self._is_scheduled = True
            QtCore.QTimer.singleShot(0, self._scheduled)

    def _scheduled(self) -> None:
        self._is_scheduled = False
        self._read()

    def _pump(self, _: int = 0) -> None:
        """Give Qt some more to write, where it has written most of what it has."""
        while self._outgoing and self._socket.bytesToWrite() < PORTION and not self._over:
            part = self._outgoing.popleft()
            written = self._socket.write(bytes(part[:PORTION]))
            if written < 0:
                self._outgoing.clear()
                self._disconnected()
                return
            if written < len(part):
                self._outgoing.appendleft(part[written:])
            if not written:
                return

    def _read(self) -> None:
        """Read for one turn; the rest has to wait until the user interface had its own."""
        if self._over:
            return
        try:
            is_done = self._read_until(time.monotonic() + TURN)
        except MemoryError:
            self._fail(REFUSED, Failure("resources", "there is no memory for the daemon's answer"))
        except VersionError as error:
            self._fail(REFUSED, mismatch(error))
        except StrangerError:
            told = "what answers at this socket is no D-Edit daemon"
            self._fail(REFUSED, Failure("connection", told, self.path, "check DEDIT_SOCKET"))
        except ProtocolError as error:
            told = f"what the D-Edit daemon says cannot be read ({error})"
            self._fail(REFUSED, Failure("connection", told, hint=UPDATE))
        else:
            if not is_done:
                self._schedule()
            elif self._end is not None:
                self._conclude(*self._end)

    def _read_until(self, deadline: float) -> bool:
        """Read; give whether there is nothing left."""
        while True:
            for arrived in self._reader.frames():
                self._agree()
                # What lies behind it goes on where the event loop turns before this returns.
                self._schedule()
                self.arrived.emit(arrived)
                if self._over or time.monotonic() >= deadline:
                    return False
            self._agree()
            if self._over or not self._take():
                return True
            if time.monotonic() >= deadline:
                return False

    def _fetch(self) -> None:
        """Take at once what came: where Qt cannot write any more it throws away what it has."""
        while self._reader.waiting < AHEAD and self._take():
            pass
        self._schedule()

    def _take(self) -> bool:
        """Take a portion from Qt; give whether there was one."""
        # Qt warns on the console where there is nothing any more.
        data = self._socket.read(PORTION) if self._socket.bytesAvailable() else b""
        self._reader.feed(bytes(data or b""))
        return bool(data)

    def _agree(self) -> None:
        if not self._greeted and self._reader.version is not None:
            self._greeted = True
            self._clock.stop()
            self.opened.emit()

    def _conclude(self, how: str, failure: Failure) -> None:
        if not self._greeted:
            try:
                self._reader.end()
            except CutOffError as error:
                told = f"the D-Edit daemon does not answer ({error})"
                failure = Failure("connection", told, hint=HANGS)
        self._fail(how, failure)
