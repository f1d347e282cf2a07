"""Measures pauses of Krita's main thread."""

from __future__ import annotations

import time

from .qt import Qt, QTimer

INTERVAL_MS = 20


class Ticks:
    """A timer in the main thread, which pauses when Krita's windows freeze."""

    def __init__(self) -> None:
        """Start counting."""
        self.count = 0
        self.longest = 0.0
        self.last = time.monotonic()
        self.timer = QTimer()
        self.timer.setTimerType(Qt.TimerType.PreciseTimer)
        self.timer.timeout.connect(self.tick)
        self.timer.start(INTERVAL_MS)

    def tick(self) -> None:
        """Count a tick."""
        self.count += 1
        self.note()

    def note(self) -> None:
        """Measure the pause that ends now."""
        now = time.monotonic()
        self.longest = max(self.longest, now - self.last)
        self.last = now

    def longest_gap(self) -> float:
        """Longest pause between two ticks in milliseconds, including the current one."""
        return 1000.0 * max(self.longest, time.monotonic() - self.last)

    def reset(self) -> None:
        """Start again."""
        self.count = 0
        self.longest = 0.0
        self.last = time.monotonic()
