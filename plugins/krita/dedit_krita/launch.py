"""A daemon is started where none answers; of many who want one, one starts it."""

from __future__ import annotations

import os
import stat
import subprocess
import tempfile
import time
from pathlib import Path
from typing import IO, Any

from . import address
from .failure import Failure

try:
    import fcntl
except ImportError:
    # Windows: a daemon that finds another one ends, so a second start does no harm.
    fcntl: Any = None  # type: ignore[no-redef]

# Of what a daemon that failed has said, the last bytes are told.
TOLD = 1000
# The system keeps a process that ended until somebody has asked how it ended.
_started: list[subprocess.Popen[bytes]] = []


class Launch:
    """A daemon that is being started. Whoever tries to reach it calls `step` after each failure.

    Nothing here waits: who holds the lock looks once more whether there is a daemon, and only then
    starts one; who does not, looks again and again for the one that another program starts.
    """

    def __init__(self, program: str, socket: str, ended_patience: float = 2.0) -> None:
        """Begin; a daemon that ended is given up after `ended_patience` seconds.

        It may have given way to another one, whose socket comes back within that time.
        """
        self.program = program
        self.socket = socket
        self._ended_patience = ended_patience
        self._ended_at: float | None = None
        self._lock: IO[bytes] | None = None
        self._words: IO[bytes] | None = None
        self._process: subprocess.Popen[bytes] | None = None

    def step(self) -> None:
        """Go on after nobody could be reached; Failure where nobody will be."""
        if self._process is not None:
            self._look_after(self._process)
        elif self._lock is not None or fcntl is None:
            self._spawn()
        else:
            self._lock = take_lock(self.socket)

    def late(self, seconds: float) -> Failure:
        """Give the failure of a daemon that cannot be reached in time."""
        told = f"the D-Edit daemon was started and cannot be reached after {seconds:.0f} s"
        hint = "try again in a while; `dedit daemon start --foreground` shows what it does"
        return Failure("connection", told, self.program, hint)

    def close(self) -> None:
        """Let others have their turn; a daemon that was started lives on."""
        for file in (self._lock, self._words):
            if file is not None:
                file.close()
        self._lock = self._words = None

    def _spawn(self) -> None:
        # A file and no pipe: the daemon lives on when nobody reads any more.
        self._words = words = tempfile.TemporaryFile()  # noqa: SIM115 (it is closed later)
        self._process = spawned(address.command(self.program, self.socket), words)
        _started[:] = [process for process in _started if process.poll() is None]
        _started.append(self._process)

    def _look_after(self, process: subprocess.Popen[bytes]) -> None:
        status = process.poll()
        if status is None:
            return
        now = time.monotonic()
        if self._ended_at is None:
            self._ended_at = now
        if now - self._ended_at >= self._ended_patience:
            told = f"the D-Edit daemon ended as soon as it was started ({how(status)})"
            hint = "`dedit daemon start --foreground` shows more"
            raise Failure("connection", told + self._last_words(), self.program, hint)

    def _last_words(self) -> str:
        if self._words is None:
            return ""
        try:
            self._words.seek(max(0, self._words.seek(0, os.SEEK_END) - TOLD))
            words = self._words.read(TOLD).decode(errors="replace").strip()
        except OSError:
            return ""
        return f" and said '{words}'" if words else ""


def how(status: int) -> str:
    """Tell how a process ended."""
    return f"signal {-status}" if status < 0 else f"exit status {status}"


def spawned(command: list[str], words: IO[bytes]) -> subprocess.Popen[bytes]:
    """Start a program that lives on when this one ends."""
    quiet = subprocess.DEVNULL
    # No window, and nothing that ends this program in a console ends it.
    flags = 0x0800_0000 | 0x0000_0200 if address.IS_WINDOWS else 0
    try:
        return subprocess.Popen(
            command,
            stdin=quiet,
            stdout=quiet,
            stderr=words,
            env=address.clean_environment(),
            creationflags=flags,
            start_new_session=True,
        )
    except (OSError, ValueError) as error:
        hint = f"install D-Edit, or name its program with {address.PROGRAM_VARIABLE}"
        reason = getattr(error, "strerror", None) or error
        told = f"the D-Edit daemon cannot be started ({reason})"
        raise Failure("connection", told, command[0], hint) from error


def take_lock(socket: str) -> IO[bytes] | None:
    """Take the lock of whoever starts a daemon; None while another program has it."""
    prepare(Path(socket).parent)
    path = f"{socket}.start"
    try:
        file = open(path, "ab")  # noqa: SIM115, PTH123 (it is held open)
    except OSError as error:
        raise unusable(error, path) from error
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        return None
    except OSError as error:
        file.close()
        raise unusable(error, path) from error
    return file


def prepare(folder: Path) -> None:
    """Make a socket's folder for its owner alone; Failure where others could write to it."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = folder.stat()
    except OSError as error:
        raise unusable(error, str(folder)) from error
    # Root may own the folder of a service; where others can write, they could put a socket of
    # theirs in place of ours.
    is_open = found.st_mode & 0o022 and not found.st_mode & stat.S_ISVTX
    if found.st_uid not in {os.geteuid(), 0} or is_open:
        told = "the folder of the daemon's socket can be written to by others"
        hint = f"name another with {address.SOCKET_VARIABLE}, in a folder of your own"
        raise Failure("usage", told, str(folder), hint)


def unusable(error: OSError, place: str) -> Failure:
    """Give the failure of a path that cannot be a socket's."""
    told = f"this cannot be used for the daemon's socket ({error.strerror or error})"
    return Failure("usage", told, place, f"name another with {address.SOCKET_VARIABLE}")
