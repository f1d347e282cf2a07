"""What a scenario can wait for by `yield`."""

from __future__ import annotations

import inspect
import time
from collections.abc import Callable

DEFAULT_LIMIT = 30.0


class Failed(Exception):  # noqa: N818
    """A condition did not become true, or an action is impossible."""


class Wait:
    """One wait: `yield 0.2`, `yield condition` or `yield condition, limit`.

    A bare `yield` is a turn of the event loop.
    """

    def __init__(self, wanted: object) -> None:
        """Take what was yielded."""
        self.condition: Callable[[], object] | None = None
        if isinstance(wanted, tuple):
            self.condition, limit = wanted
        elif callable(wanted):
            self.condition, limit = wanted, DEFAULT_LIMIT
        else:
            limit = 0.0 if wanted is None else wanted
        self.limit = float(limit)
        self.until = time.monotonic() + self.limit

    def is_over(self) -> bool:
        """Return whether the scenario continues; an error if the condition stays false."""
        late = time.monotonic() >= self.until
        if self.condition is None:
            return late
        if self.condition():
            return True
        if late:
            message = f"waited {self.limit:g} s for: {described(self.condition)}"
            raise Failed(message)
        return False


def described(condition: Callable[[], object]) -> str:
    """Describe a condition by its docstring, or by its line in the scenario."""
    if condition.__doc__:
        return condition.__doc__.strip().splitlines()[0]
    try:
        return inspect.getsource(condition).strip()
    except (OSError, TypeError):
        return repr(condition)
