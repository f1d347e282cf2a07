"""The event loop in tests, and the base of all tests of the client."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import time
import unittest
from pathlib import Path
from types import TracebackType
from typing import Any, Callable

from dedit_krita.client import Answer, Client, Failure, Patience, Pending
from dedit_krita.qt import QtCore

from .fake_daemon import FakeDaemon, Side

APPLICATION = QtCore.QCoreApplication.instance() or QtCore.QCoreApplication([])


def until(condition: Callable[[], Any], seconds: float = 20.0) -> None:
    """Run the event loop until a condition is true; an error after so many seconds."""
    ticks = QtCore.QTimer()
    ticks.start(5)
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError("it takes too long")
        APPLICATION.processEvents(QtCore.QEventLoop.ProcessEventsFlag.WaitForMoreEvents)


def turn(seconds: float = 0.05) -> None:
    """Run the event loop for a while."""
    end = time.monotonic() + seconds
    until(lambda: time.monotonic() >= end)


class Gaps:
    """Measures the longest pause of the event loop."""

    def __init__(self) -> None:
        """Start; a timer ticks every 10 ms."""
        self.worst = 0.0
        self.ticks = 0
        self._last = time.monotonic()
        self._timer = QtCore.QTimer()
        self._timer.timeout.connect(self._tick)
        self._timer.start(10)

    def _tick(self) -> None:
        now = time.monotonic()
        self.worst = max(self.worst, now - self._last)
        self._last = now
        self.ticks += 1


class ClientTest(unittest.TestCase):
    """A test with a temporary folder, a client, and fake daemons."""

    def setUp(self) -> None:
        """Set up; an exception that leaves a slot fails the test."""
        self.folder = Path(tempfile.mkdtemp(prefix="dedit-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.path = self.folder / "daemon.sock"
        self.raised: list[BaseException] = []
        self.states: list[str] = []
        usual = sys.excepthook
        sys.excepthook = self._raised
        self.addCleanup(setattr, sys, "excepthook", usual)
        self.keep_variables("DEDIT_DAEMON", "DEDIT_SOCKET", "XDG_RUNTIME_DIR", "PATH", "TMPDIR")
        os.environ.pop("DEDIT_DAEMON", None)
        os.environ["PATH"] = "/nowhere"

    def tearDown(self) -> None:
        """Fail for exceptions that left a slot."""
        turn(0.02)
        self.assertEqual(self.raised, [])

    def _raised(
        self, _: type[BaseException], error: BaseException, __: TracebackType | None
    ) -> None:
        self.raised.append(error)

    def keep_variables(self, *names: str) -> None:
        """Restore environment variables afterwards."""
        for name in names:
            value = os.environ.get(name)
            if value is None:
                self.addCleanup(os.environ.pop, name, None)
            else:
                self.addCleanup(os.environ.__setitem__, name, value)

    def client(self, **patience: float) -> Client:
        """Create a client of this test's socket."""
        client = Client(socket=str(self.path), patience=Patience(**patience))
        client.state_changed.connect(lambda: self.states.append(client.state))
        self.addCleanup(client.close)
        return client

    def daemon(self, *scripts: Callable[[Side], None]) -> FakeDaemon:
        """Start a fake daemon; its exceptions fail the test."""
        daemon = FakeDaemon(self.path, *scripts)
        self.addCleanup(daemon.close)
        return daemon

    def ended(self, pending: Pending) -> Answer | Failure:
        """Wait for the outcome of a request."""
        until(lambda: pending.has_ended)
        ended = pending.answer or pending.failure
        assert ended is not None
        return ended

    def answer(self, pending: Pending) -> Answer:
        """Wait for an answer."""
        ended = self.ended(pending)
        assert isinstance(ended, Answer), ended
        return ended

    def failure(self, pending: Pending) -> Failure:
        """Wait for a failure."""
        ended = self.ended(pending)
        assert isinstance(ended, Failure), ended
        return ended
