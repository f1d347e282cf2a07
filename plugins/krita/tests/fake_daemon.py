"""A scripted daemon in a thread of its own, on a real socket."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Callable

from dedit_krita.client import FEATURES
from dedit_krita.wire import (
    EVENTS,
    HELLO,
    REQUESTS,
    VERSIONS,
    Frame,
    Reader,
    RefusedError,
    answer_bytes,
    frame_parts,
)

TAGS = {name: tag for tag, name in EVENTS.items()}
NAMES = {tag: name for name, tag in REQUESTS.items()}


class Side:
    """The daemon's side of a connection; every wait ends after 20 s."""

    def __init__(self, connection: socket.socket) -> None:
        """Take a new connection."""
        connection.settimeout(20)
        self.connection = connection
        self.reader = Reader(versions=None)
        self.arriving: Iterator[Frame | RefusedError] = self._arrivals()
        self.log: list[str] = []

    def greet(self, versions: tuple[int, int] = VERSIONS) -> None:
        """Answer the handshake."""
        hello = b""
        while len(hello) < HELLO.size:
            hello += self.connection.recv(HELLO.size - len(hello))
        self.connection.sendall(answer_bytes(hello, versions)[1])

    def welcome(self, features: tuple[str, ...] = tuple(FEATURES)) -> None:
        """Answer the handshake and `hello`."""
        self.greet()
        hello = self.next("hello")
        head = {"version": "9", "client": hello.head["client"], "features": list(features)}
        self.say("finished", hello.serial, head)

    def _arrivals(self) -> Iterator[Frame | RefusedError]:
        while True:
            yield from self.reader.frames()
            data = self.connection.recv(1 << 16)
            if not data:
                return
            self.reader.feed(data)

    def next(self, name: str) -> Frame:
        """Wait for a request, which must have this name."""
        frame = next(self.arriving)
        assert isinstance(frame, Frame), frame
        assert NAMES[frame.tag] == name, (NAMES[frame.tag], name)
        self.log.append(name)
        return frame

    def say(
        self,
        name: str,
        serial: int,
        head: dict[str, Any] | None = None,
        blobs: tuple[Any, ...] = (),
    ) -> None:
        """Send an event."""
        for part in frame_parts(Frame(TAGS[name], serial, head or {}, list(blobs))):
            self.connection.sendall(part)

    def until_end(self) -> None:
        """Wait until the client closes the connection."""
        for frame in self.arriving:
            assert isinstance(frame, Frame)
            self.log.append(NAMES[frame.tag])


class FakeDaemon:
    """Listens; the n-th connection runs the n-th script, further ones the last."""

    def __init__(self, path: Path, *scripts: Callable[[Side], None]) -> None:
        """Start to listen."""
        self.scripts = scripts
        self.sides: list[Side] = []
        self.errors: list[BaseException] = []
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.listener.bind(str(path))
        self.listener.listen()
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self) -> None:
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            side = Side(connection)
            self.sides.append(side)
            try:
                self.scripts[min(len(self.sides), len(self.scripts)) - 1](side)
            except BaseException as error:
                self.errors.append(error)
            connection.close()

    def close(self) -> None:
        """Stop, and raise the exception of a script."""
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        # Data that has arrived is still read.
        for side in self.sides:
            with contextlib.suppress(OSError):
                side.connection.shutdown(socket.SHUT_RDWR)
        self.thread.join(20)
        if self.errors:
            raise self.errors[0]
