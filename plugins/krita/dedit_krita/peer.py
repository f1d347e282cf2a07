"""Who is at the other end of a socket: it has to be a process of this user, or of root."""

from __future__ import annotations

import os
import socket
import struct
import sys

# As in the system's <sys/un.h>; Python does not have them.
SOL_LOCAL = 0
LOCAL_PEERCRED = 1
# pid, user, group; and version, user, number of groups, padding, 16 groups.
UCRED = struct.Struct("iII")
XUCRED = struct.Struct("IIh2x16I")


def user(descriptor: int) -> int | None:
    """Give the user of the process at the other end; None where the system does not tell."""
    try:
        with socket.socket(fileno=os.dup(descriptor)) as other:
            if sys.platform.startswith("linux"):
                told = other.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, UCRED.size)
                return int(UCRED.unpack(told)[1])
            told = other.getsockopt(SOL_LOCAL, LOCAL_PEERCRED, XUCRED.size)
            return int(struct.unpack_from("II", told)[1])
    except (OSError, struct.error):
        return None


def is_own(descriptor: int) -> bool:
    """Tell whether the other side is a process of this user; root may be anybody."""
    # The system lets no other user open a pipe.
    return os.name == "nt" or user(descriptor) in {os.geteuid(), 0}
