"""Counts what Krita's main thread does not sleep through."""

from __future__ import annotations

import time

from .qt import Qt, QTimer

INTERVAL_MS = 20


class Ticks:
    """A timer in the main thread: what freezes Krita's windows stops it too."""

    def __init__(self) -> None:
        """Begin to count."""
        self.count = 0
        self.longest = 0.0
        self.last = time.monotonic()
        self.timer = QTimer()
        self.timer.setTimerType(Qt.TimerType.PreciseTimer)
        self.timer.timeout.connect(self.tick)
        self.timer.start(INTERVAL_MS)

    def tick(self) -> None:
        """Count one."""
        self.count += 1
        self.note()

    def note(self) -> None:
        """Measure the gap that ends now."""
        now = time.monotonic()
        self.longest = max(self.longest, now - self.last)
        self.last = now

    def longest_gap(self) -> float:
        """Milliseconds of the longest gap between two ticks; the one that lasts now counts too."""
        return 1000.0 * max(self.longest, time.monotonic() - self.last)

    def reset(self) -> None:
        """Begin anew."""
        self.count = 0
        self.longest = 0.0
        self.last = time.monotonic()
