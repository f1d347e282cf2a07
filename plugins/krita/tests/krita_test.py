"""Base of the tests of whole edits: a mock of Krita, documents, and the daemon's stand-in."""

from __future__ import annotations

import array
import importlib
import os
import random
import sys
import unittest
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dedit_krita import colour_space as spaces
from dedit_krita import source
from dedit_krita.annotations import Annotations
from dedit_krita.client import Answer, Client, Patience, Pending
from dedit_krita.controller import Controller
from dedit_krita.failure import Failure
from dedit_krita.qt import QtCore
from dedit_krita.wire import Pixels

from .loop import ClientTest, turn, until

MOCK = Path(__file__).resolve().parents[3] / "host-bindings" / "krita" / "mock"
if str(MOCK) not in sys.path:
    sys.path.insert(0, str(MOCK))
mock: Any = importlib.import_module("krita")

if TYPE_CHECKING:
    from krita import Document, Node

    from dedit_krita.view_state import Entry

STAND_IN = os.environ.get("DEDIT_TEST_STAND_IN", "")
SCRIPT = '#!/bin/sh\nexec {program} --data {data} --step-us {step} --updates 12 --steps 3 "$@"\n'
WIDTH, HEIGHT = 48, 32
BOX, OTHER_BOX = (0, 8, WIDTH, 8), (0, 24, WIDTH, 5)
"""Over the full width: the stand-in fills the bounding box of the change, a real engine leaves its
round corners unchanged; with these boxes the two are the same."""
CODES = {"U8": "B", "U16": "H", "F32": "f"}


def pixels(kind: tuple[str, str], count: int, seed: int = 1) -> bytes:
    """Return opaque pixels of random colours, in Krita's order."""
    chance, (model, depth) = random.Random(seed), kind
    full = {"U8": 255, "U16": 65535, "F32": 1.0}[depth]
    channels, made = 4 if model == "RGBA" else 2, []
    for _ in range(count):
        colours = (chance.random() for _ in range(channels - 1))
        made.extend(colour if depth == "F32" else int(colour * full) for colour in colours)
        made.append(full)
    return array.array(CODES[depth], made).tobytes()


class OpaqueClient(Client):
    """A client that makes results opaque, and records the names of its requests.

    The stand-in's engine makes up alpha as well; a real one leaves it as it was, and so does this.
    """

    def __init__(self, **named: Any) -> None:  # noqa: ANN401
        """Create a client without requests."""
        super().__init__(**named)
        self.sent: list[str] = []

    def request(self, name: str, *arguments: Any, **named: Any) -> Pending:  # noqa: ANN401
        """Send a request."""
        self.sent.append(name)
        pending = super().request(name, *arguments, **named)
        if name in ("edit", "result"):
            end = pending.end

            def opaque(answer: Answer | None = None, failure: Failure | None = None) -> None:
                if answer is not None:
                    layers = answer.head.get("layers") or {}
                    plate = [layers["plate"]["pixels"]] if layers else []
                    for index in (0, *plate):
                        answer.blobs[index] = filled(answer.blobs[index])
                end(answer, failure)

            pending.end = opaque  # type: ignore[method-assign]
        return pending


def filled(picture: Pixels) -> Pixels:
    """Return a picture with alpha 1 everywhere."""
    if picture.channels not in (2, 4):
        return picture
    values = array.array({"u8": "B", "u16": "H", "f32": "f"}[picture.samples])
    values.frombytes(bytes(picture.data))
    full = {"u8": 255, "u16": 65535, "f32": 1.0}[picture.samples]
    step = picture.channels
    values[step - 1 :: step] = array.array(values.typecode, [full] * (len(values) // step))
    return replace(picture, data=values.tobytes())


@unittest.skipUnless(STAND_IN, "DEDIT_TEST_STAND_IN does not name the daemon")
class KritaTest(ClientTest):
    """A test with a new mock of Krita and a new daemon."""

    step_us = 200

    def setUp(self) -> None:
        """Start the mock, and name the program that is started as daemon."""
        super().setUp()
        program = self.folder / "deditd"
        script = SCRIPT.format(program=STAND_IN, data=self.folder / "data", step=self.step_us)
        program.write_text(script, encoding="utf-8")
        program.chmod(0o755)
        os.environ["DEDIT_DAEMON"] = str(program)
        self.krita = mock.begin()
        self.daemon_client = OpaqueClient(socket=str(self.path), patience=Patience())
        self.addCleanup(self.daemon_client.close)
        self.controller = Controller(self.krita, self.daemon_client)
        self.addCleanup(self.controller.close)

    def tearDown(self) -> None:
        """Stop the daemon; check that no other thread called Krita."""
        until(lambda: not self.controller.jobs)
        # The daemon may exit before its answer arrives.
        self.ended(self.daemon_client.request("shutdown"))
        super().tearDown()
        self.assertEqual(self.krita.calls_from_other_threads, [])

    def document(
        self, depth: str = "U8", model: str = "RGBA", profile: str = "", seed: int = 1
    ) -> tuple[Document, Node]:
        """Open a document with an active layer of random pixels."""
        if not profile and depth == "U8":
            profile = spaces.SRGB if model == "RGBA" else spaces.GREY
        made = self.krita.createDocument(
            WIDTH, HEIGHT, f"picture {seed}", model, depth, profile, 72.0
        )
        node = made.rootNode().childNodes()[0]
        node.setName("photo")
        data = pixels((model, depth), WIDTH * HEIGHT, seed)
        node.setPixelData(QtCore.QByteArray(data), 0, 0, WIDTH, HEIGHT)
        self.krita.setActiveDocument(made)
        # As the docker does when another canvas becomes active.
        self.controller.refresh()
        self.settle()
        return made, node

    def select(self, document: Document, *boxes: tuple[int, int, int, int]) -> None:
        """Select rectangles."""
        chosen = mock.Selection()
        for box in boxes:
            chosen.select(*box, 255)
        document.setSelection(chosen)

    def add(self, parent: Node, name: str, box: tuple[int, int, int, int], kind: str) -> Node:
        """Add a selection mask, or a layer, that covers a rectangle."""
        document = self.krita.activeDocument()
        if kind == "mask":
            made = document.createSelectionMask(name)
            chosen = mock.Selection()
            chosen.select(*box, 255)
            made.setSelection(chosen)
        else:
            made = document.createNode(name, "paintlayer")
            made.setPixelData(QtCore.QByteArray(pixels(("RGBA", "U8"), box[2] * box[3])), *box)
        parent.addChildNode(made, None)
        return made

    def settle(self) -> None:
        """Wait until the controller is idle."""
        until(lambda: not self.controller.jobs)
        turn(0.02)
        until(lambda: self.controller.is_idle)

    def done(self) -> None:
        """Wait until the controller is idle, without a failure."""
        self.settle()
        self.assertNotEqual(self.controller.status.kind, "wrong", self.controller.status)

    def remove(self, **values: object) -> None:
        """Remove the selected item, as a draft by default."""
        self.controller.edit("remove", {"when": "draft", **values})

    def whole(self, key: tuple[str, int]) -> bytes:
        """Return the picture with a result, as the daemon has it."""
        head = {"session": key[0], "revision": key[1], "whole": True}
        return bytes(self.answer(self.daemon_client.request("result", head)).blobs[0].data)

    def shown_picture(self, document: Document, node: Node) -> bytes:
        """Return the composite of the visible layers, in the wire's format."""
        size = (document.width(), document.height())
        rect = (0, 0, *size)
        data = bytes(node.pixelData(*rect))
        for upper in document.rootNode().childNodes():
            if upper is node or not upper.visible() or not upper.type().endswith("layer"):
                continue
            kind = node.kind
            data = importlib.import_module("krita_raster").over(
                data, bytes(upper.projectionPixelData(*rect)), kind
            )
        space = source.space_of(node)
        raw = spaces.convert(self.krita, data, size, space, space.wire_space)
        return bytes(spaces.to_wire(raw, size, space.wire_space)[0].data)

    def entry(self, place: int = 0) -> Entry:
        """Return an entry of the history; 0 is the newest."""
        return self.controller.history[place]

    def notes(self, document: Document) -> Annotations:
        """Return the annotations of a document."""
        return Annotations.of(document)

    def layers(self, document: Document) -> list[str]:
        """Return the names of a document's layers, from bottom to top."""
        nodes = source.descendants(document.rootNode())
        return [node.name() for node in nodes if node.type().endswith("layer")]
