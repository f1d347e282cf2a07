"""D-Edit's wire in plain Python: the handshake, frames and blobs of PROTOCOL.md.

It follows crates/dedit-protocol/PROTOCOL.md and needs nothing but the standard library
(Python 3.9 or newer). A stream is whatever reads and writes bytes, such as what
socket.makefile("rwb") gives.
"""

from __future__ import annotations

import hashlib
import json
import struct
from dataclasses import dataclass, field
from typing import Any, BinaryIO

MAGIC = b"DEDIT\0"
VERSIONS = (1, 1)
MAX_HEAD = 1 << 20
MAX_BODY = 1 << 32
MAX_BLOBS = 4096
MAX_BYTES = 1 << 26
MAX_SIDE = 65_000
MAX_PIXELS = 1 << 27
SAMPLE_BYTES = {"u8": 1, "u16": 2, "f32": 4}
PREFIX = struct.Struct("<IIIQ")


class ProtocolError(Exception):
    """The connection cannot go on."""


class CutOffError(ProtocolError):
    """The connection ended where more was to come."""


class RefusedError(Exception):
    """A frame that is not understood; the next one may be."""

    def __init__(self, tag: int, serial: int, reason: str) -> None:
        """Keep what a `failed` has to name."""
        super().__init__(reason)
        self.tag = tag
        self.serial = serial


@dataclass
class Pixels:
    """Rows of samples, little-endian, without padding."""

    width: int
    height: int
    channels: int
    samples: str
    data: bytes

    def head(self) -> dict[str, Any]:
        """Give what the list of blobs says of them."""
        names = ("width", "height", "channels", "samples")
        return {name: getattr(self, name) for name in names}

    def digest(self) -> str:
        """Give the 64 hexadecimal digits that identify them."""
        line = f"{self.width} {self.height} {self.channels} {self.samples}\n"
        return hashlib.sha256(line.encode() + self.data).hexdigest()


@dataclass
class Frame:
    """A message."""

    tag: int
    serial: int
    head: dict[str, Any] = field(default_factory=dict)
    blobs: list[Pixels | bytes] = field(default_factory=list)


def read_exactly(stream: BinaryIO, length: int) -> bytes:
    """Read so many bytes, however they come."""
    data = bytearray()
    while len(data) < length:
        part = stream.read(min(length - len(data), 1 << 20))
        if not part:
            raise CutOffError(f"{length - len(data)} bytes are missing")
        data += part
    return bytes(data)


def greet(stream: BinaryIO, versions: tuple[int, int] = VERSIONS) -> int:
    """Open a connection as a client; give the version both sides go on with."""
    stream.write(MAGIC + struct.pack("<HH", *versions))
    stream.flush()
    magic, chosen, oldest, newest = struct.unpack("<6sHHH", read_exactly(stream, 12))
    if magic != MAGIC:
        raise ProtocolError("what answers is no D-Edit daemon")
    if not chosen or not versions[0] <= chosen <= versions[1]:
        side = "the daemon" if newest < versions[0] else "this program"
        raise ProtocolError(f"the daemon speaks versions {oldest} to {newest}: update {side}")
    return chosen


def answer(stream: BinaryIO, versions: tuple[int, int] = VERSIONS) -> int:
    """Answer a client as a daemon; give the version, or 0 where there is none in common."""
    magic, oldest, newest = struct.unpack("<6sHH", read_exactly(stream, 10))
    if magic != MAGIC:
        raise ProtocolError("this is no client of D-Edit")
    chosen = min(newest, versions[1])
    if chosen < max(oldest, versions[0]):
        chosen = 0
    stream.write(MAGIC + struct.pack("<HHH", chosen, *versions))
    stream.flush()
    return chosen


def write_frame(stream: BinaryIO, frame: Frame) -> None:
    """Write a frame."""
    head = dict(frame.head)
    if frame.blobs:
        head["blobs"] = [
            blob.head() if isinstance(blob, Pixels) else {"bytes": len(blob)}
            for blob in frame.blobs
        ]
    text = json.dumps(head, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
    parts = [blob.data if isinstance(blob, Pixels) else blob for blob in frame.blobs]
    stream.write(PREFIX.pack(frame.tag, frame.serial, len(text), sum(map(len, parts))) + text)
    stream.writelines(parts)
    stream.flush()


def read_frame(stream: BinaryIO) -> Frame | None:
    """Read a frame; None where the connection ended between two."""
    first = stream.read(1)
    if not first:
        return None
    prefix = first + read_exactly(stream, PREFIX.size - 1)
    tag, serial, head_length, body_length = PREFIX.unpack(prefix)
    if head_length > MAX_HEAD or body_length > MAX_BODY:
        raise ProtocolError("the lengths are beyond the limits")
    text = read_exactly(stream, head_length)
    try:
        head, blobs = understand(text, body_length)
    except ValueError as error:
        read_exactly(stream, body_length)
        raise RefusedError(tag, serial, str(error)) from error
    return Frame(tag, serial, head, [read_blob(stream, blob) for blob in blobs])


def understand(text: bytes, body_length: int) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Split a head from its list of blobs, which has to account for the whole body."""
    head = json.loads(text.decode())
    if not isinstance(head, dict):
        raise ValueError("the head is no JSON object")
    blobs = head.pop("blobs", [])
    if not isinstance(blobs, list) or len(blobs) > MAX_BLOBS:
        raise ValueError("the list of blobs is not understood")
    if sum(map(wire_bytes, blobs)) != body_length:
        raise ValueError("the blobs are not the body")
    return head, blobs


def wire_bytes(blob: Any) -> int:  # noqa: ANN401
    """Give the length of a blob; ValueError where it makes no sense."""
    try:
        if "width" not in blob:
            length, limits = blob["bytes"], [(0, blob["bytes"], MAX_BYTES)]
        else:
            width, height, channels = blob["width"], blob["height"], blob["channels"]
            row = width * channels * SAMPLE_BYTES[blob["samples"]]
            stride = row if blob.get("stride") is None else blob["stride"]
            length = stride * height
            limits = [(1, side, MAX_SIDE) for side in (width, height)]
            limits += [(1, channels, 4), (1, width * height, MAX_PIXELS)]
            limits += [(row, stride, 2 * row + 4096)]
        if all(isinstance(n, int) and low <= n <= high for low, n, high in limits):
            return length
    except (KeyError, TypeError) as error:
        raise ValueError("a blob is not understood") from error
    raise ValueError("a blob is beyond the limits")


def read_blob(stream: BinaryIO, blob: dict[str, Any]) -> Pixels | bytes:
    """Read a blob that the list of blobs describes."""
    data = read_exactly(stream, wire_bytes(blob))
    if "width" not in blob:
        return data
    width, height, channels, samples = (blob[k] for k in ("width", "height", "channels", "samples"))
    row, stride = width * channels * SAMPLE_BYTES[samples], len(data) // height
    if stride > row:
        data = b"".join(data[y * stride : y * stride + row] for y in range(height))
    return Pixels(width, height, channels, samples, data)
