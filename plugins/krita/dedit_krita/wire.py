"""The wire protocol in plain Python: handshake, frames and blobs of PROTOCOL.md.

It follows crates/dedit-protocol/PROTOCOL.md and needs nothing but the standard library
(Python 3.9 or newer). It does no input or output: received bytes are fed to a `Reader`, and
`hello_bytes` and `frame_parts` return the bytes to send.
"""

from __future__ import annotations

import hashlib
import json
import math
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NoReturn, Union

MAGIC = b"DEDIT\0"
VERSIONS = (1, 1)
MAX_HEAD = 1 << 20
MAX_BODY = 1 << 32
MAX_BLOBS = 4096
MAX_BYTES = 1 << 26
MAX_SIDE = 65_000
MAX_PIXELS = 1 << 27
MAX_LEVELS = 128
SAMPLE_BYTES = {"u8": 1, "u16": 2, "f32": 4}
PREFIX = struct.Struct("<IIIQ")
HELLO = struct.Struct("<6sHH")
GREETING = struct.Struct("<6sHHH")

REQUESTS = {
    "hello": 1,
    "models": 2,
    "load": 3,
    "open_picture": 4,
    "open_session": 5,
    "set_items": 6,
    "segment": 7,
    "learn": 8,
    "edit": 9,
    "plan": 10,
    "history": 11,
    "result": 12,
    "undo": 13,
    "cancel": 14,
    "sessions": 15,
    "forget": 16,
    "status": 17,
    "unload": 18,
    "shutdown": 19,
    "fetch": 20,
    "goodbye": 21,
    "items": 22,
    "choose": 23,
    "adopt": 24,
    "catalog": 25,
    "fetch_model": 26,
    "choose_model": 27,
    "add_model": 28,
    "verify_model": 29,
    "remove_model": 30,
}
EVENTS = {
    101: "queued",
    102: "progress",
    103: "preview",
    104: "note",
    105: "session",
    106: "finished",
    107: "failed",
    108: "cancelled",
}


class ProtocolError(Exception):
    """The connection cannot continue."""


class CutOffError(ProtocolError):
    """The connection ended within a frame."""


class StrangerError(ProtocolError):
    """The other side does not speak this protocol."""


class VersionError(ProtocolError):
    """The two sides have no version in common."""

    def __init__(self, ours: tuple[int, int], theirs: tuple[int, int]) -> None:
        """Take the ranges of versions, oldest and newest, of both sides."""
        self.is_daemon_older = theirs[1] < ours[0]
        side = "the daemon" if self.is_daemon_older else "this program"
        super().__init__(f"the daemon speaks versions {theirs[0]} to {theirs[1]}: update {side}")
        self.ours = ours
        self.theirs = theirs


class RefusedError(Exception):
    """A frame that is not understood; later ones may be."""

    def __init__(self, tag: int, serial: int, reason: str) -> None:
        """Take what the answer `failed` has to name."""
        super().__init__(reason)
        self.tag = tag
        self.serial = serial


@dataclass
class Pixels:
    """A raster: rows of little-endian samples without padding."""

    width: int
    height: int
    channels: int
    samples: str
    data: bytes

    def head(self) -> dict[str, Any]:
        """Return its entry in the list of blobs."""
        names = ("width", "height", "channels", "samples")
        return {name: getattr(self, name) for name in names}

    def digest(self) -> str:
        """Return the SHA-256 digest of size and samples, 64 hexadecimal digits."""
        line = f"{self.width} {self.height} {self.channels} {self.samples}\n"
        digest = hashlib.sha256(line.encode())
        digest.update(self.data)
        return digest.hexdigest()


Blob = Union[Pixels, bytes]


@dataclass
class Frame:
    """A message."""

    tag: int
    serial: int
    head: dict[str, Any] = field(default_factory=dict)
    blobs: list[Blob] = field(default_factory=list)


def hello_bytes(versions: tuple[int, int] = VERSIONS) -> bytes:
    """Return the client's part of the handshake."""
    return HELLO.pack(MAGIC, *versions)


def answer_bytes(hello: bytes, versions: tuple[int, int] = VERSIONS) -> tuple[int, bytes]:
    """Return the chosen version, 0 if there is none, and the daemon's part of the handshake."""
    magic, oldest, newest = HELLO.unpack(hello)
    if magic != MAGIC:
        raise StrangerError("this is no client of D-Edit")
    common = min(newest, versions[1])
    chosen = common if common >= max(oldest, versions[0]) else 0
    return chosen, GREETING.pack(MAGIC, chosen, *versions)


def frame_parts(frame: Frame) -> list[bytes]:
    """Return the bytes of a frame: prefix and head, then each blob without a copy.

    ValueError if the frame exceeds a limit, or the head is not JSON.
    """
    head = dict(frame.head)
    if frame.blobs:
        head["blobs"] = [
            blob.head() if isinstance(blob, Pixels) else {"bytes": len(blob)}
            for blob in frame.blobs
        ]
    parts = [blob.data if isinstance(blob, Pixels) else blob for blob in frame.blobs]
    if len(parts) > MAX_BLOBS or sum(map(len, parts)) > MAX_BODY:
        raise ValueError("the data of a message is too large")
    if [wire_bytes(blob) for blob in head.get("blobs", [])] != list(map(len, parts)):
        raise ValueError("the pixels are not of their size")
    try:
        text = json.dumps(
            head, allow_nan=False, ensure_ascii=False, sort_keys=True, separators=(",", ":")
        ).encode()
    except (TypeError, RecursionError) as error:
        raise ValueError(str(error)) from error
    if len(text) > MAX_HEAD:
        raise ValueError("the head of a message is too large")
    return [PREFIX.pack(frame.tag, frame.serial, len(text), sum(map(len, parts))) + text, *parts]


class Reader:
    """Decodes frames from chunks of any size.

    A client's reader starts with the daemon's part of the handshake, which sets `version`. With
    `versions=None` it starts with frames.
    """

    def __init__(self, versions: tuple[int, int] | None = VERSIONS) -> None:
        """Create one that expects the daemon's part of the handshake first."""
        self.versions = versions
        self.version: int | None = None
        self._waiting = bytearray()
        self._prefix: tuple[int, int, int, int] | None = None
        self._body: _Body | None = None

    def feed(self, data: bytes) -> None:
        """Append received bytes; `frames` decodes them."""
        self._waiting += data

    @property
    def waiting(self) -> int:
        """Number of bytes that are not decoded yet."""
        return len(self._waiting)

    def frames(self) -> Iterator[Frame | RefusedError]:
        """Yield complete frames; another call continues where one was left.

        ProtocolError if the connection cannot continue.
        """
        if self.versions is not None and self.version is None:
            if len(self._waiting) < GREETING.size:
                return
            self.version = self._greeted(self.versions)
        while True:
            found = self._next()
            if found is None:
                return
            yield found

    def end(self) -> None:
        """Note the end of the connection: CutOffError if that is within a frame."""
        greeted = self.versions is None or self.version is not None
        if self._waiting or self._prefix is not None or not greeted:
            raise CutOffError("the connection ended where more was to come")

    def _greeted(self, versions: tuple[int, int]) -> int:
        magic, chosen, oldest, newest = GREETING.unpack(self._take(GREETING.size))
        if magic != MAGIC:
            raise StrangerError("what answers is no D-Edit daemon")
        if not chosen or not versions[0] <= chosen <= versions[1]:
            raise VersionError(versions, (oldest, newest))
        return chosen

    def _take(self, length: int) -> bytes:
        taken = bytes(self._waiting[:length])
        del self._waiting[:length]
        return taken

    def _next(self) -> Frame | RefusedError | None:
        if self._prefix is None:
            if len(self._waiting) < PREFIX.size:
                return None
            prefix = PREFIX.unpack(self._take(PREFIX.size))
            if prefix[2] > MAX_HEAD or prefix[3] > MAX_BODY:
                raise ProtocolError("the lengths are beyond the limits")
            self._prefix = prefix
        tag, serial, head_length, body_length = self._prefix
        if self._body is None:
            if len(self._waiting) < head_length:
                return None
            self._body = _Body(self._take(head_length), body_length)
        body = self._body
        while body.missing and self._waiting:
            body.add(self._take(min(len(self._waiting), body.missing)))
        if not body.is_whole():
            return None
        self._prefix = self._body = None
        if body.reason is not None:
            return RefusedError(tag, serial, body.reason)
        return Frame(tag, serial, body.head, body.blobs)


class _Body:
    """The blobs of a frame while they arrive; those of a refused head are dropped."""

    def __init__(self, text: bytes, length: int) -> None:
        self.head: dict[str, Any] = {}
        self.blobs: list[Blob] = []
        self.reason: str | None = None
        self._left: list[dict[str, Any]] = []
        self._data = bytearray()
        # Missing bytes of the current blob, or of everything that is dropped.
        self.missing = 0
        try:
            self.head, self._left = understand(text, length)
        except ValueError as error:
            self.reason, self.missing = str(error), length
            return
        self._left.reverse()
        self._begin()

    def _begin(self) -> None:
        """Advance to the next blob with bytes."""
        while self._left:
            self.missing = wire_bytes(self._left[-1])
            if self.missing:
                return
            self.blobs.append(b"")
            self._left.pop()

    def add(self, part: bytes) -> None:
        """Append at most `missing` bytes."""
        self.missing -= len(part)
        if self.reason is not None:
            return
        # Grows as bytes arrive, so that a length alone allocates nothing.
        self._data += part
        if not self.missing:
            data, self._data = bytes(self._data), bytearray()
            self.blobs.append(blob_of(self._left.pop(), data))
            self._begin()

    def is_whole(self) -> bool:
        """Return whether everything has arrived."""
        return not self.missing and not self._left


def understand(text: bytes, body_length: int) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Split a head from its list of blobs, which must account for the whole body.

    ValueError where it is not understood.
    """
    try:
        head = json.loads(
            text.decode(), parse_int=_whole, parse_float=_number, parse_constant=_number
        )
    except RecursionError as error:
        raise ValueError("the head is nested too deeply") from error
    if not isinstance(head, dict):
        raise ValueError("the head is no JSON object")
    if _levels(head) > MAX_LEVELS:
        raise ValueError("the head is nested too deeply")
    if b"\\u" in text:
        # An escaped lone surrogate is not valid text.
        json.dumps(head, ensure_ascii=False).encode()
    blobs = head.pop("blobs", [])
    if not isinstance(blobs, list) or len(blobs) > MAX_BLOBS:
        raise ValueError("the list of blobs is not understood")
    if sum(map(wire_bytes, blobs)) != body_length:
        raise ValueError("the blobs are not the body")
    return head, blobs


def _number(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError("a number is not finite")
    return number


def _whole(text: str) -> int | float:
    # Longer ones are doubles: parsing huge integers in Python is slow.
    return int(text) if len(text) <= 20 else _number(text)


def _levels(value: Any) -> int:  # noqa: ANN401
    """Return the nesting depth of objects and lists, without recursion."""
    level, layer = 0, [value]
    while layer:
        nested = [v for v in layer if isinstance(v, (dict, list))]
        layer = [x for v in nested for x in (v.values() if isinstance(v, dict) else v)]
        level += bool(nested)
    return level


def wire_bytes(blob: Any) -> int:  # noqa: ANN401
    """Return the length of a blob in bytes; ValueError if its description is invalid."""
    if not isinstance(blob, dict):
        _refuse()
    if "width" not in blob:
        return _within(blob.get("bytes"), 0, MAX_BYTES)
    width, height = (_within(blob.get(name), 1, MAX_SIDE) for name in ("width", "height"))
    channels = _within(blob.get("channels"), 1, 4)
    samples = blob.get("samples")
    if not isinstance(samples, str) or samples not in SAMPLE_BYTES:
        _refuse()
    _within(width * height, 1, MAX_PIXELS)
    row = width * channels * SAMPLE_BYTES[samples]
    stride = row if blob.get("stride") is None else blob["stride"]
    return _within(stride, row, 2 * row + 4096) * height


def _within(number: Any, low: int, high: int) -> int:  # noqa: ANN401
    if not isinstance(number, int) or isinstance(number, bool):
        _refuse()
    if not low <= number <= high:
        raise ValueError("a blob is beyond the limits")
    return number


def _refuse() -> NoReturn:
    raise ValueError("a blob is not understood")


def blob_of(blob: dict[str, Any], data: bytes) -> Blob:
    """Return a blob by its description, without row padding."""
    if "width" not in blob:
        return data
    width, height, channels, samples = (blob[k] for k in ("width", "height", "channels", "samples"))
    row, stride = width * channels * SAMPLE_BYTES[samples], len(data) // height
    if stride > row:
        data = b"".join(data[y * stride : y * stride + row] for y in range(height))
    return Pixels(width, height, channels, samples, data)
