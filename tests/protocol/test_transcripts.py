"""Read and write the golden transcripts of crates/dedit-protocol."""

from __future__ import annotations

import io
import json
import struct
import unittest
from pathlib import Path
from typing import Any

from wire import (
    CutOffError,
    Frame,
    Pixels,
    ProtocolError,
    RefusedError,
    answer,
    greet,
    read_frame,
    write_frame,
)

FOLDER = Path(__file__).parents[2] / "crates/dedit-protocol/transcripts/v1"
FORMATS = {"u8": "B", "u16": "H", "f32": "f"}


class Both:
    """Reads from one buffer and writes to another."""

    def __init__(self, data: bytes) -> None:
        """Begin with what is read."""
        self.source = io.BytesIO(data)
        self.sink = io.BytesIO()
        self.read = self.source.read
        self.write = self.sink.write
        self.flush = self.sink.flush


def blob_of(told: dict[str, Any]) -> Pixels | bytes:
    """Give the blob that a case describes."""
    if "hex" in told:
        return bytes.fromhex(told["hex"])
    values = told["values"]
    data = struct.pack(f"<{len(values)}{FORMATS[told['samples']]}", *values)
    names = ("width", "height", "channels", "samples")
    return Pixels(*(told[name] for name in names), data)


class Transcripts(unittest.TestCase):
    """One test for each kind of case."""

    def cases(self, key: str) -> list[tuple[dict[str, Any], bytes]]:
        """Give the cases that have a field, and their bytes."""
        every = json.loads((FOLDER / "cases.json").read_text(encoding="utf-8"))
        found = [case for case in every if key in case]
        self.assertTrue(found)
        return [(case, (FOLDER / f"{case['name']}.bin").read_bytes()) for case in found]

    def test_frames(self) -> None:
        """A frame is read as its case says, and written as it was read."""
        for case, data in self.cases("tag"):
            with self.subTest(case["name"]):
                blobs = [blob_of(told) for told in case.get("blobs", [])]
                expected = Frame(case["tag"], case["serial"], case["head"], blobs)
                stream = io.BytesIO(data)
                frame = read_frame(stream)
                self.assertEqual(frame, expected)
                self.assertIsNone(read_frame(stream))
                written = io.BytesIO()
                write_frame(written, frame)
                if not case.get("read_only"):
                    self.assertEqual(written.getvalue(), data)
                if "digest" in case["head"] and blobs:
                    self.assertEqual(frame.blobs[0].digest(), case["head"]["digest"])

    def test_cut_frames(self) -> None:
        """A frame that ends too early is an error, wherever it ends."""
        for case, data in self.cases("tag"):
            for length in range(1, len(data)):
                with self.subTest(case["name"], length=length), self.assertRaises(CutOffError):
                    read_frame(io.BytesIO(data[:length]))

    def test_bad_frames(self) -> None:
        """A frame that is not understood is told from bytes that are none."""
        errors = {"refused": RefusedError, "broken": ProtocolError, "cut off": CutOffError}
        for case, data in self.cases("outcome"):
            stream = io.BytesIO(data)
            with self.subTest(case["name"]), self.assertRaises(Exception) as caught:
                read_frame(stream)
            self.assertIs(type(caught.exception), errors[case["outcome"]], case["name"])
            if case["outcome"] == "refused":
                self.assertEqual((caught.exception.tag, caught.exception.serial), (3, 4))
                self.assertEqual(stream.read(), b"")

    def test_handshakes(self) -> None:
        """Both sides say what the transcript says, and come to the same version."""
        for case, data in self.cases("handshake"):
            told = case["handshake"]
            with self.subTest(case["name"]):
                daemon = Both(data[:10])
                self.assertEqual(answer(daemon, tuple(told["daemon"])), told["chosen"])
                self.assertEqual(daemon.sink.getvalue(), data[10:])
                client = Both(data[10:])
                if told["chosen"]:
                    self.assertEqual(greet(client, tuple(told["client"])), told["chosen"])
                else:
                    older = told["daemon"][1] < told["client"][0]
                    advice = "update " + ("the daemon" if older else "this program")
                    with self.assertRaisesRegex(ProtocolError, advice):
                        greet(client, tuple(told["client"]))
                self.assertEqual(client.sink.getvalue(), data[:10])


if __name__ == "__main__":
    unittest.main()
