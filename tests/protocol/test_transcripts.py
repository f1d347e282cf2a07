"""Read and write the golden transcripts of crates/dedit-protocol with Krita's wire."""

from __future__ import annotations

import json
import struct
import sys
import unittest
from pathlib import Path
from typing import Any

TOP = Path(__file__).parents[2]
# The folder and not the package: a package of a plug-in is for the program that it plugs into.
sys.path.insert(0, str(TOP / "plugins/krita/dedit_krita"))

from wire import (  # noqa: E402
    EVENTS,
    PREFIX,
    REQUESTS,
    CutOffError,
    Frame,
    Pixels,
    ProtocolError,
    Reader,
    RefusedError,
    StrangerError,
    VersionError,
    answer_bytes,
    frame_parts,
    hello_bytes,
    understand,
    wire_bytes,
)

FOLDER = TOP / "crates/dedit-protocol/transcripts/v1"
FORMATS = {"u8": "B", "u16": "H", "f32": "f"}


def blob_of(told: dict[str, Any]) -> Pixels | bytes:
    """Give the blob that a case describes."""
    if "hex" in told:
        return bytes.fromhex(told["hex"])
    values = told["values"]
    data = struct.pack(f"<{len(values)}{FORMATS[told['samples']]}", *values)
    names = ("width", "height", "channels", "samples")
    return Pixels(*(told[name] for name in names), data)


def read(data: bytes, portion: int, reader: Reader | None = None) -> list[Frame | RefusedError]:
    """Read all frames of bytes that come in portions, up to the end of the connection."""
    reader = Reader(versions=None) if reader is None else reader
    found = []
    for start in range(0, len(data), portion):
        reader.feed(data[start : start + portion])
        found += reader.frames()
    reader.end()
    return found


def portions(data: bytes) -> tuple[int, ...]:
    """Give the lengths of portions that every test goes through."""
    return (len(data), 1, 7)


class Transcripts(unittest.TestCase):
    """One test for each kind of case."""

    def cases(self, key: str) -> list[tuple[dict[str, Any], bytes]]:
        """Give the cases that have a field, and their bytes."""
        every = json.loads((FOLDER / "cases.json").read_text(encoding="utf-8"))
        found = [case for case in every if key in case]
        self.assertTrue(found)
        return [(case, (FOLDER / f"{case['name']}.bin").read_bytes()) for case in found]

    def test_frames(self) -> None:
        """A frame is read as its case says, however it comes, and written as it was read."""
        for case, data in self.cases("tag"):
            blobs = [blob_of(told) for told in case.get("blobs", [])]
            expected = Frame(case["tag"], case["serial"], case["head"], blobs)
            for portion in portions(data):
                with self.subTest(case["name"], portion=portion):
                    self.assertEqual(read(data, portion), [expected])
            with self.subTest(case["name"]):
                if not case.get("read_only"):
                    self.assertEqual(b"".join(frame_parts(expected)), data)
                if "digest" in case["head"] and blobs:
                    self.assertEqual(blobs[0].digest(), case["head"]["digest"])

    def test_frames_in_a_row(self) -> None:
        """Frames are told apart wherever the portions end, also by who stops in between."""
        cases = self.cases("tag")
        data = b"".join(data for _, data in cases)
        for portion in (*portions(data), 1000):
            found = read(data, portion)
            self.assertEqual([frame.tag for frame in found], [case["tag"] for case, _ in cases])
        reader, tags = Reader(versions=None), []
        reader.feed(data)
        while found := next(reader.frames(), None):
            tags.append(found.tag)
        self.assertEqual(tags, [case["tag"] for case, _ in cases])

    def test_cut_frames(self) -> None:
        """A frame that ends too early is an error, wherever it ends."""
        for case, data in self.cases("tag"):
            for length in range(1, len(data)):
                with self.subTest(case["name"], length=length), self.assertRaises(CutOffError):
                    read(data[:length], length)

    def test_bad_frames(self) -> None:
        """A frame that is not understood is told from bytes that are none."""
        after = b"".join(frame_parts(Frame(108, 5)))
        errors = {"broken": ProtocolError, "cut off": CutOffError}
        for case, data in self.cases("outcome"):
            for portion in portions(data):
                with self.subTest(case["name"], portion=portion):
                    if case["outcome"] == "refused":
                        refused, fine = read(data + after, portion)
                        self.assertIsInstance(refused, RefusedError)
                        self.assertEqual((refused.tag, refused.serial), (3, 4))
                        self.assertEqual(fine, Frame(108, 5))
                        continue
                    with self.assertRaises(ProtocolError) as caught:
                        read(data, portion)
                    self.assertIs(type(caught.exception), errors[case["outcome"]])

    def test_handshakes(self) -> None:
        """Both sides say what the transcript says, and come to the same version."""
        for case, data in self.cases("handshake"):
            told = case["handshake"]
            ours, theirs, chosen = tuple(told["client"]), tuple(told["daemon"]), told["chosen"]
            self.assertEqual(hello_bytes(ours), data[:10])
            self.assertEqual(answer_bytes(data[:10], theirs), (chosen, data[10:]))
            for portion in portions(data[10:]):
                reader = Reader(ours)
                with self.subTest(case["name"], portion=portion):
                    if chosen:
                        self.assertEqual(read(data[10:], portion, reader), [])
                        self.assertEqual(reader.version, chosen)
                        continue
                    with self.assertRaises(VersionError) as caught:
                        read(data[10:], portion, reader)
                    self.assertEqual(
                        (caught.exception.ours, caught.exception.theirs), (ours, theirs)
                    )
                    advice = "update " + ("the daemon" if theirs[1] < ours[0] else "this program")
                    self.assertIn(advice, str(caught.exception))

    def test_names_of_messages(self) -> None:
        """Every request and event has a transcript of its number, and the other way round."""
        tags = {case["tag"] for case, _ in self.cases("tag") if case["tag"] < 1000}
        self.assertEqual(tags, set(REQUESTS.values()) | EVENTS.keys())


class Limits(unittest.TestCase):
    """What the transcripts do not have."""

    def test_strangers(self) -> None:
        """What does not speak the protocol is told as soon as its first bytes are there."""
        with self.assertRaises(StrangerError):
            read(b"HTTP/1.1 400 Bad Request", 5, Reader())
        with self.assertRaises(StrangerError):
            answer_bytes(b"GET / HTTP")
        for length in range(12):
            with self.assertRaises(CutOffError):
                read(answer_bytes(hello_bytes())[1][:length], 12, Reader())

    def test_a_version_that_was_not_offered(self) -> None:
        """A daemon that goes on with another version than those that were offered is refused."""
        with self.assertRaises(VersionError):
            read(struct.pack("<6sHHH", b"DEDIT\0", 7, 1, 7), 12, Reader())

    def test_padding(self) -> None:
        """Padding is taken away, at either end of what a stride may be."""
        for stride in (6, 7, 2 * 6 + 4096):
            rows = [bytes(range(y, y + 6)) for y in range(3)]
            layout = {"width": 2, "height": 3, "channels": 3, "samples": "u8", "stride": stride}
            head = json.dumps({"blobs": [layout, {"bytes": 0}, {"bytes": 2}]}).encode()
            body = b"".join(row.ljust(stride, b"\xee") for row in rows) + b"ab"
            data = PREFIX.pack(106, 1, len(head), len(body)) + head + body
            expected = [Pixels(2, 3, 3, "u8", b"".join(rows)), b"", b"ab"]
            for portion in portions(data):
                self.assertEqual(read(data, portion)[0].blobs, expected)

    def test_heads_that_are_refused(self) -> None:
        """What is no JSON, or means nothing, is no head."""
        deep = b'{"a":' + b"[" * 128 + b"]" * 128 + b"}"
        bad = [b"", b"{", b"\xff\xfe", b"[]", b'"text"', b"null", b'{"a":NaN}', b'{"a":-Infinity}']
        bad += [b'{"a":1e999}', b'{"a":' + b"9" * 400 + b"}", deep, b"[" * 100_000]
        bad += [b'{"a":"\\ud800"}', b'{"blobs":{}}', b'{"blobs":null}', b'{"blobs":[[]]}']
        for text in bad:
            with self.subTest(text[:30]), self.assertRaises(ValueError):
                understand(text, 0)
        head, _ = understand(b'{"a":18446744073709551615,"b":[[]],"c":"\\u00e4"}', 0)
        self.assertEqual(head, {"a": 2**64 - 1, "b": [[]], "c": "\u00e4"})
        understand(deep.replace(b"[]", b""), 0)

    def test_blobs_that_are_refused(self) -> None:
        """A blob is within the limits, and its fields are of their types."""
        good = {"width": 2, "height": 2, "channels": 1, "samples": "u8"}
        self.assertEqual(wire_bytes(good), 4)
        self.assertEqual(wire_bytes({**good, "stride": None}), 4)
        values = [None, "a", [], {}, True, 1.5, -1, 0, 65_001, 1 << 70]
        for name in good:
            for value in values:
                with self.subTest(name=name, value=value), self.assertRaises(ValueError):
                    wire_bytes({**good, name: value})
            with self.subTest(name=name), self.assertRaises(ValueError):
                wire_bytes({key: value for key, value in good.items() if key != name})
        others = [None, [], "width", 5, {}, {"bytes": -1}, {"bytes": (1 << 26) + 1}]
        others += [{**good, "stride": 1}, {**good, "stride": 4101}, {"bytes": True}]
        others += [{**good, "width": 65_000, "height": 65_000}]
        for blob in others:
            with self.subTest(blob=blob), self.assertRaises(ValueError):
                wire_bytes(blob)

    def test_frames_that_cannot_be_written(self) -> None:
        """What would be refused is not sent."""
        wrong = Pixels(2, 2, 1, "u8", b"123")
        for frame in (
            Frame(4, 1, {}, [wrong]),
            Frame(4, 1, {}, [Pixels(0, 0, 1, "u8", b"")]),
            Frame(4, 1, {"a": float("nan")}),
            Frame(4, 1, {"a": object()}),
            Frame(4, 1, {"a": "x" * (1 << 20)}),
            Frame(4, 1, {}, [b""] * 4097),
        ):
            with self.assertRaises(ValueError):
                frame_parts(frame)

    def test_nothing_big_is_copied(self) -> None:
        """The parts of a frame are the blobs themselves."""
        data = bytes(100)
        self.assertIs(frame_parts(Frame(4, 1, {}, [data]))[1], data)
        pixels = Pixels(10, 10, 1, "u8", data)
        self.assertIs(frame_parts(Frame(4, 1, {}, [pixels]))[1], data)


if __name__ == "__main__":
    unittest.main()
