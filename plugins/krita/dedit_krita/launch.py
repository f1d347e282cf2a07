"""Start the daemon if none answers; a lock file makes sure that only one client does."""

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
    # Windows has no such lock; a daemon that finds another one running exits.
    fcntl: Any = None  # type: ignore[no-redef]

# Bytes at the end of a failed daemon's stderr that the failure quotes.
STDERR_TAIL = 1000
# Polled so that no zombie stays.
_started: list[subprocess.Popen[bytes]] = []


class Launch:
    """A daemon that is being started; the client calls `step` after each failed connection.

    Nothing blocks. The holder of the lock tries to connect once more before it starts a daemon;
    others keep trying to connect to the one that the holder starts.
    """

    def __init__(self, program: str, socket: str, ended_patience: float = 2.0) -> None:
        """Create one; a daemon that exited is given up after `ended_patience` seconds.

        It may have exited because another one is starting, which listens within that time.
        """
        self.program = program
        self.socket = socket
        self._ended_patience = ended_patience
        self._ended_at: float | None = None
        self._lock: IO[bytes] | None = None
        self._stderr: IO[bytes] | None = None
        self._process: subprocess.Popen[bytes] | None = None

    def step(self) -> None:
        """Take the lock, or start the daemon, or check that it still runs; Failure if it exited."""
        if self._process is not None:
            self._check_running(self._process)
        elif self._lock is not None or fcntl is None:
            self._spawn()
        else:
            self._lock = take_lock(self.socket)

    def late(self, seconds: float) -> Failure:
        """Return the failure of a daemon that cannot be reached in time."""
        message = f"the D-Edit daemon was started and cannot be reached after {seconds:.0f} s"
        hint = "try again in a while; `dedit daemon start --foreground` shows what it does"
        return Failure("connection", message, self.program, hint)

    def close(self) -> None:
        """Release the lock; a daemon that was started keeps running."""
        for file in (self._lock, self._stderr):
            if file is not None:
                file.close()
        self._lock = self._stderr = None

    def _spawn(self) -> None:
        # Not a pipe: the daemon outlives its reader.
        self._stderr = stderr = tempfile.TemporaryFile()  # noqa: SIM115 (it is closed later)
        self._process = spawned(address.command(self.program, self.socket), stderr)
        _started[:] = [process for process in _started if process.poll() is None]
        _started.append(self._process)

    def _check_running(self, process: subprocess.Popen[bytes]) -> None:
        status = process.poll()
        if status is None:
            return
        now = time.monotonic()
        if self._ended_at is None:
            self._ended_at = now
        if now - self._ended_at >= self._ended_patience:
            message = f"the D-Edit daemon ended as soon as it was started ({how(status)})"
            hint = "`dedit daemon start --foreground` shows more"
            raise Failure("connection", message + self._stderr_text(), self.program, hint)

    def _stderr_text(self) -> str:
        if self._stderr is None:
            return ""
        try:
            self._stderr.seek(max(0, self._stderr.seek(0, os.SEEK_END) - STDERR_TAIL))
            stderr = self._stderr.read(STDERR_TAIL).decode(errors="replace").strip()
        except OSError:
            return ""
        return f" and said '{stderr}'" if stderr else ""


def how(status: int) -> str:
    """Describe the status of a process that ended."""
    return f"signal {-status}" if status < 0 else f"exit status {status}"


def spawned(command: list[str], stderr: IO[bytes]) -> subprocess.Popen[bytes]:
    """Start a program that outlives this one."""
    quiet = subprocess.DEVNULL
    # CREATE_NO_WINDOW and CREATE_NEW_PROCESS_GROUP.
    flags = 0x0800_0000 | 0x0000_0200 if address.IS_WINDOWS else 0
    try:
        return subprocess.Popen(
            command,
            stdin=quiet,
            stdout=quiet,
            stderr=stderr,
            env=address.clean_environment(),
            creationflags=flags,
            start_new_session=True,
        )
    except (OSError, ValueError) as error:
        hint = f"install D-Edit, or name its program with {address.PROGRAM_VARIABLE}"
        reason = getattr(error, "strerror", None) or error
        message = f"the D-Edit daemon cannot be started ({reason})"
        raise Failure("connection", message, command[0], hint) from error


def take_lock(socket: str) -> IO[bytes] | None:
    """Take the lock for starting a daemon; None while another program holds it."""
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
    """Create a socket's folder for its owner alone; Failure if others could write to it."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = folder.stat()
    except OSError as error:
        raise unusable(error, str(folder)) from error
    # Root may own the folder of a service. Users who can write to it could replace the socket.
    is_open = found.st_mode & 0o022 and not found.st_mode & stat.S_ISVTX
    if found.st_uid not in {os.geteuid(), 0} or is_open:
        message = "the folder of the daemon's socket can be written to by others"
        hint = f"name another with {address.SOCKET_VARIABLE}, in a folder of your own"
        raise Failure("usage", message, str(folder), hint)


def unusable(error: OSError, place: str) -> Failure:
    """Return the failure of a path that cannot be used for a socket."""
    message = f"this cannot be used for the daemon's socket ({error.strerror or error})"
    return Failure("usage", message, place, f"name another with {address.SOCKET_VARIABLE}")
