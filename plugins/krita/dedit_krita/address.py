"""Where the daemon is found, and which program it is; as in PROTOCOL.md and in dedit-client."""

from __future__ import annotations

import os
import sys
from pathlib import Path

SOCKET_VARIABLE = "DEDIT_SOCKET"
PROGRAM_VARIABLE = "DEDIT_DAEMON"
# Lies beside the plug-in's files; the installation notes in it where the program is.
PROGRAM_FILE = "program"
IS_WINDOWS = os.name == "nt"
SUFFIX = ".exe" if IS_WINDOWS else ""


def socket() -> str:
    """Give the daemon's socket: what the environment names, else this user's usual one."""
    named = os.environ.get(SOCKET_VARIABLE)
    if named:
        # Qt takes a name without a folder for one in the folder for temporary files.
        return named if IS_WINDOWS else str(Path(named).absolute())
    if IS_WINDOWS:
        return rf"\\.\pipe\dedit-{os.environ.get('USERNAME', '')}"
    runtime = Path(os.environ.get("XDG_RUNTIME_DIR") or "absent")
    if runtime.is_absolute() and runtime.is_dir():
        return str(runtime / "dedit" / "daemon.sock")
    # Not the `tempfile` of Python: it looks at other variables too, and whether it can write.
    temporary = Path(os.environ.get("TMPDIR") or "/tmp")
    return str(temporary / f"dedit-{os.geteuid()}" / "daemon.sock")


def program() -> str | None:
    """Give the program that is named, else the one that was noted, else one on the PATH.

    One that is named is taken as it is: where it cannot be started, that is said, and nothing else
    is started in its place.
    """
    return os.environ.get(PROGRAM_VARIABLE) or noted(Path(__file__).parent) or lying_around()


def noted(folder: Path) -> str | None:
    """Give the program that was noted in a folder, where it is still there."""
    try:
        text = (folder / PROGRAM_FILE).read_text(encoding="utf-8").rstrip("\r\n")
        found = Path(text)
        return text if found.is_absolute() and found.is_file() else None
    except (OSError, ValueError):
        return None


def lying_around() -> str | None:
    """Give the first program in the folders of PATH; those that are relative do not count."""
    folders = [Path(folder) for folder in os.get_exec_path() if folder]
    names = [f"{name}{SUFFIX}" for name in ("deditd", "dedit")]
    found = (folder / name for folder in folders if folder.is_absolute() for name in names)
    return next((str(path) for path in found if can_be_run(path)), None)


def can_be_run(path: Path) -> bool:
    """Tell whether a file is a program that this system runs."""
    return path.is_file() and (IS_WINDOWS or os.access(path, os.X_OK))


def command(executable: str, at: str) -> list[str]:
    """Give the command line of a daemon at a socket. `dedit` has to be told what to do."""
    is_dedit = Path(executable).stem == "dedit"
    arguments = ["daemon", "start", "--foreground"] if is_dedit else []
    return [executable, *arguments, "--socket", at]


def clean_environment() -> dict[str, str]:
    """Give the environment for a program that is not part of the host.

    A host that brings its own libraries, as an AppImage does, names them for itself alone: the
    daemon would take the host's in place of the system's.
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
