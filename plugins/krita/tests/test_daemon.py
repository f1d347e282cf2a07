"""The client against D-Edit's daemon with a stand-in for the engine.

`DEDIT_TEST_STAND_IN` names it: the example `stand_in` of crates/dedit-daemon.
"""

from __future__ import annotations

import os
import unittest

from dedit_krita.wire import Pixels

from .loop import ClientTest, until

STAND_IN = os.environ.get("DEDIT_TEST_STAND_IN", "")
SCRIPT = '#!/bin/sh\nexec {program} --data {data} --step-ms 20 --updates 2000 --steps 8 "$@"\n'


@unittest.skipUnless(STAND_IN, "DEDIT_TEST_STAND_IN does not name the daemon")
class RealDaemon(ClientTest):
    """A session from beginning to end."""

    def test_a_session(self) -> None:
        """It starts, opens, edits, cancels and lists the history."""
        program = self.folder / "deditd"
        data = self.folder / "data"
        program.write_text(SCRIPT.format(program=STAND_IN, data=data), encoding="utf-8")
        program.chmod(0o755)
        os.environ["DEDIT_DAEMON"] = str(program)
        client = self.client()
        told: list[dict[str, object]] = []
        client.session_changed.connect(told.append)
        width, height = 96, 64
        pixels = Pixels(width, height, 3, "u8", bytes(range(256)) * (width * height * 3 // 256))
        asked = self.answer(client.request("open_picture", {"digest": pixels.digest()}))
        self.assertEqual(asked.head["known"], False)
        self.assertEqual(self.states, ["connecting", "starting", "ready"])
        self.assertTrue(client.welcome["version"])
        head = {"digest": pixels.digest(), "pixels": 0, "name": "n"}
        opened = self.answer(client.request("open_picture", head, [pixels]))
        session = opened.head["session"]["session"]
        mask = bytearray(width * height)
        mask[: width * 20] = b"\xff" * (width * 20)
        items = {"session": session, "names": ["sky"], "items": {"masks": [0]}}
        blobs = [Pixels(width, height, 1, "u8", bytes(mask))]
        set_items = self.answer(client.request("set_items", items, blobs))
        self.assertEqual(set_items.head["items"], ["sky", "background"])
        until(lambda: told)
        self.edit(client, session)
        self.cancel(client, session)
        history = self.answer(client.request("history", {"session": session, "thumbnails": True}))
        self.assertEqual([entry["revision"] for entry in history.head["revisions"]], [1])
        self.assertEqual(history.blobs[0][:4], b"\x89PNG")
        wrong = self.failure(client.request("history", {"session": "absent"}))
        self.assertNotEqual(wrong.kind, "connection")
        self.answer(client.request("shutdown"))
        until(lambda: client.state == "idle")
        self.assertIsNone(client.failure)

    def edit(self, client: object, session: str) -> None:
        """Edit, collecting the events."""
        heard: list[str] = []
        head = {
            "session": session,
            "edits": [{"verb": "replace", "item": "sky", "prompt": "a red sky"}],
            "draft": True,
            "previews": True,
        }
        pending = client.request("edit", head, heard=lambda name, _: heard.append(name))
        edited = self.answer(pending)
        self.assertEqual((edited.head["revision"], edited.head["verb"]), (1, "replace"))
        self.assertIsInstance(edited.blobs[0], Pixels)
        self.assertLessEqual({"queued", "progress", "preview"}, set(heard))

    def cancel(self, client: object, session: str) -> None:
        """Learn, and cancel before and after the job has a number."""
        early = client.request("learn", {"session": session})
        until(lambda: early.parts is None)
        early.cancel()
        self.assertEqual(self.failure(early).kind, "cancelled")
        late = client.request("learn", {"session": session})
        until(lambda: late.job is not None)
        late.cancel()
        self.assertEqual(self.failure(late).kind, "cancelled")
