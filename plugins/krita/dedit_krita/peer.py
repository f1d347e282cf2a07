"""Check that the process at the other end of a socket belongs to this user, or to root."""

from __future__ import annotations

import os
import socket
import struct
import sys

# From <sys/un.h>; Python does not define them.
SOL_LOCAL = 0
LOCAL_PEERCRED = 1
# pid, user, group; and version, user, number of groups, padding, 16 groups.
UCRED = struct.Struct("iII")
XUCRED = struct.Struct("IIh2x16I")


def user(descriptor: int) -> int | None:
    """Return the user id of the process at the other end; None if the system does not say."""
    try:
        with socket.socket(fileno=os.dup(descriptor)) as other:
            if sys.platform.startswith("linux"):
                credentials = other.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, UCRED.size)
                return int(UCRED.unpack(credentials)[1])
            credentials = other.getsockopt(SOL_LOCAL, LOCAL_PEERCRED, XUCRED.size)
            return int(struct.unpack_from("II", credentials)[1])
    except (OSError, struct.error):
        return None


def is_own(descriptor: int) -> bool:
    """Return whether the process at the other end belongs to this user, or to root."""
    # Windows lets no other user open the pipe.
    return os.name == "nt" or user(descriptor) in {os.geteuid(), 0}
