"""Paths of the daemon's socket and program, by the same rules as PROTOCOL.md and dedit-client."""

from __future__ import annotations

import os
import sys
from pathlib import Path

SOCKET_VARIABLE = "DEDIT_SOCKET"
PROGRAM_VARIABLE = "DEDIT_DAEMON"
# Beside the plug-in's files; `dedit install krita` writes the program's path into it.
PROGRAM_FILE = "program"
IS_WINDOWS = os.name == "nt"
SUFFIX = ".exe" if IS_WINDOWS else ""


def socket() -> str:
    """Return the daemon's socket: DEDIT_SOCKET, or the default of this user."""
    named = os.environ.get(SOCKET_VARIABLE)
    if named:
        # Qt resolves a bare name in the folder for temporary files.
        return named if IS_WINDOWS else str(Path(named).absolute())
    if IS_WINDOWS:
        return rf"\\.\pipe\dedit-{os.environ.get('USERNAME', '')}"
    runtime = Path(os.environ.get("XDG_RUNTIME_DIR") or "absent")
    if runtime.is_absolute() and runtime.is_dir():
        return str(runtime / "dedit" / "daemon.sock")
    # Not `tempfile`, which reads further variables and tests whether it can write.
    temporary = Path(os.environ.get("TMPDIR") or "/tmp")
    return str(temporary / f"dedit-{os.geteuid()}" / "daemon.sock")


def program() -> str | None:
    """Return the daemon's program: DEDIT_DAEMON, the installed one, or one on PATH.

    DEDIT_DAEMON is not checked: if it cannot be started that is an error, and no other program is
    started instead.
    """
    return os.environ.get(PROGRAM_VARIABLE) or installed(Path(__file__).parent) or on_path()


def installed(folder: Path) -> str | None:
    """Return the program that the installation wrote down in a folder, if it still exists."""
    try:
        text = (folder / PROGRAM_FILE).read_text(encoding="utf-8").rstrip("\r\n")
        found = Path(text)
        return text if found.is_absolute() and found.is_file() else None
    except (OSError, ValueError):
        return None


def on_path() -> str | None:
    """Return the first program in the absolute folders of PATH."""
    folders = [Path(folder) for folder in os.get_exec_path() if folder]
    names = [f"{name}{SUFFIX}" for name in ("deditd", "dedit")]
    found = (folder / name for folder in folders if folder.is_absolute() for name in names)
    return next((str(path) for path in found if is_executable(path)), None)


def is_executable(path: Path) -> bool:
    """Return whether a file is a program."""
    return path.is_file() and (IS_WINDOWS or os.access(path, os.X_OK))


def command(executable: str, at: str) -> list[str]:
    """Return the command line of a daemon; `dedit` needs a subcommand, `deditd` does not."""
    is_dedit = Path(executable).stem == "dedit"
    arguments = ["daemon", "start", "--foreground"] if is_dedit else []
    return [executable, *arguments, "--socket", at]


def clean_environment() -> dict[str, str]:
    """Return the environment for a program that is not part of the host.

    An AppImage sets library paths for its own libraries, which the daemon must not load.
    """
    environment = dict(os.environ)
    bundle = environment.get("APPDIR")
    if bundle and sys.platform == "linux":
        for name in ("LD_LIBRARY_PATH", "PYTHONHOME", "PYTHONPATH"):
            folders = environment.pop(name, "").split(os.pathsep)
            kept = [folder for folder in folders if folder and not folder.startswith(bundle)]
            if kept:
                environment[name] = os.pathsep.join(kept)
    return environment
