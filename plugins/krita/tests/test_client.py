"""The client against a scripted daemon."""

from __future__ import annotations

import threading
import time
from typing import Callable

from dedit_krita.wire import Frame, Pixels, frame_parts

from .fake_daemon import Side
from .loop import ClientTest, Gaps, turn, until


def answers(side: Side) -> None:
    """Answer `status` until the client closes the connection."""
    side.welcome()
    for frame in side.arriving:
        if frame.tag == 21:
            side.log.append("goodbye")
            return
        side.say("finished", frame.serial, {"tag": frame.tag})


class Conversations(ClientTest):
    """Requests, events and answers."""

    def test_requests_are_answered_in_order(self) -> None:
        """A request before there is a connection is sent after `hello`."""
        daemon = self.daemon(answers)
        client = self.client()
        order: list[int] = []
        for name in ("status", "models", "sessions"):
            client.request(name).then(lambda answer: order.append(answer.head["tag"]))
        self.assertEqual((client.state, order), ("idle", []))
        until(lambda: len(order) == 3)
        self.assertEqual(order, [17, 2, 15])
        self.assertEqual(self.states, ["connecting", "ready"])
        self.assertEqual(client.welcome["client"], "krita")
        self.assertEqual(self.answer(client.request("unload")).head, {"tag": 18})
        client.close()
        self.assertEqual((client.state, client.failure), ("idle", None))
        daemon.close()
        self.assertEqual(daemon.sides[0].log, ["hello", "goodbye"])

    def test_listeners(self) -> None:
        """All listeners are called, also late ones and those after one that raises."""
        self.daemon(answers)
        pending = self.client().request("status")
        heard: list[str] = []

        def raises(_: object) -> None:
            raise RuntimeError("of a listener")

        pending.then(raises).then(lambda _: heard.append("second"), None)
        self.answer(pending)
        self.assertEqual(heard, ["second"])
        pending.then(lambda _: heard.append("late"))
        self.assertEqual(heard, ["second"])
        until(lambda: heard == ["second", "late"])
        self.assertEqual([str(error) for error in self.raised], ["of a listener"])
        self.raised.clear()

    def test_events_in_pieces(self) -> None:
        """Bytes that arrive one by one are read in order; unknown events are ignored."""
        picture = Pixels(2, 1, 3, "u8", b"abcdef")

        def script(side: Side) -> None:
            side.welcome()
            serial = side.next("edit").serial
            frames = [
                Frame(101, serial, {"job": 7, "position": 0}),
                Frame(4001, serial, {"later": True}),
                Frame(102, serial + 99, {"step": 5}),
                Frame(102, serial, {"stage": "denoising", "step": 1, "of": 4}),
                Frame(103, serial, {}, [picture]),
                Frame(105, 0, {"session": "s", "revision": 3}),
                Frame(104, serial, {"note": "n"}),
                Frame(106, serial, {"revision": 3}, [picture, b"x"]),
                Frame(106, serial, {"revision": 4}),
            ]
            for byte in b"".join(part for frame in frames for part in frame_parts(frame)):
                side.connection.sendall(bytes([byte]))
            side.until_end()

        self.daemon(script)
        client = self.client()
        told: list[object] = []
        heard: list[tuple[str, Frame]] = []
        client.session_changed.connect(told.append)
        pending = client.request("edit", heard=lambda name, frame: heard.append((name, frame)))
        answer = self.answer(pending)
        self.assertEqual([name for name, _ in heard], ["queued", "progress", "preview", "note"])
        self.assertEqual(heard[2][1].blobs, [picture])
        self.assertEqual((answer.head, answer.blobs), ({"revision": 3}, [picture, b"x"]))
        self.assertEqual((pending.job, told), (7, [{"session": "s", "revision": 3}]))

    def test_the_loop_may_turn_in_a_listener(self) -> None:
        """Other requests proceed while a listener runs an event loop, as with a dialog."""
        self.daemon(answers)
        client = self.client()
        waits: list[bool] = []

        def dialog(_: object) -> None:
            self.answer(client.request("models"))
            waits.append(second.has_ended)

        client.request("status").then(dialog)
        second = client.request("sessions")
        until(lambda: waits)
        self.assertEqual(waits, [True])

    def test_what_the_daemon_refuses(self) -> None:
        """A failure has the daemon's words, even if fields are missing."""

        def script(side: Side) -> None:
            side.welcome()
            head = {"kind": "input", "message": "m", "place": "p", "hint": "h", "later": 1}
            for told in (head, {}, {"kind": "later", "message": 5, "hint": None}):
                side.say("failed", side.next("plan").serial, told)
            serial = side.next("plan").serial
            side.connection.sendall(b"".join(frame_parts(Frame(102, serial)))[:-2] + b"[]")
            side.connection.sendall(b"".join(frame_parts(Frame(106, serial)))[:-2] + b"[]")
            side.until_end()

        self.daemon(script)
        client = self.client()
        failures = [self.failure(client.request("plan")) for _ in range(4)]
        self.assertEqual(failures[0].sentence(), "m: p; h")
        self.assertEqual([failure.kind for failure in failures], ["input"] + ["internal"] * 3)
        self.assertIn("not understood: the head is no JSON object", failures[3].message)
        self.assertEqual(client.state, "ready")

    def test_requests_that_cannot_be_sent(self) -> None:
        """Requests that are too large fail later, and nothing is sent."""
        self.daemon(answers)
        client = self.client()
        pending = client.request("status", {"a": float("inf")})
        self.assertFalse(pending.has_ended)
        failure = self.failure(pending)
        self.assertEqual((failure.kind, client.state), ("usage", "idle"))
        self.assertIn("the request 'status' cannot be sent", failure.message)
        with self.assertRaises(KeyError):
            client.request("stauts")

    def test_cancelling(self) -> None:
        """A job is cancelled as soon as its number is known, once."""
        is_cancelled = threading.Event()

        def script(side: Side) -> None:
            side.welcome()
            for job in (41, 42):
                serial = side.next("edit").serial
                if job == 41:
                    # The client cancels before the job has a number.
                    is_cancelled.wait(20)
                side.say("queued", serial, {"job": job})
                cancel = side.next("cancel")
                assert cancel.head == {"job": job}, cancel
                side.say("finished", cancel.serial)
                side.say("queued", serial, {"job": job})
                side.say("cancelled", serial)
            side.until_end()

        daemon = self.daemon(script)
        client = self.client()
        unsent = client.request("learn")
        unsent.cancel()
        early = client.request("edit")
        self.assertEqual(self.failure(unsent).kind, "cancelled")
        until(lambda: client.state == "ready" and early.parts is None)
        early.cancel()
        early.cancel()
        is_cancelled.set()
        self.assertEqual(self.failure(early).kind, "cancelled")
        late = client.request("edit")
        until(lambda: late.job == 42)
        late.cancel()
        self.assertEqual(self.failure(late).kind, "cancelled")
        late.cancel()
        turn()
        client.close()
        daemon.close()
        log = ["hello", "edit", "cancel", "edit", "cancel", "goodbye"]
        self.assertEqual(daemon.sides[0].log, log)


class BigPictures(ClientTest):
    """The user interface stays responsive."""

    def assert_smooth(self, once: Callable[[], float]) -> None:
        """Try three times, because other programs use the same processors.

        The daemon is a thread of this program, and Python runs one thread at a time.
        """
        gaps: list[float] = []
        while len(gaps) < 3 and (not gaps or gaps[-1] >= 0.25):
            gaps.append(once())
        self.assertLess(gaps[-1], 0.25, gaps)

    def test_there_and_back(self) -> None:
        """40 MB are sent and received while the event loop runs."""
        data = bytes(range(250)) * 160_000
        picture = Pixels(4000, 2500, 4, "u8", data)

        def script(side: Side) -> None:
            side.welcome()
            asked = side.next("open_picture")
            assert asked.blobs[0].digest() == picture.digest()
            side.say("finished", asked.serial, {}, (asked.blobs[0], b"profile"))
            side.until_end()

        def once() -> float:
            client = self.client()
            gaps = Gaps()
            pending = client.request("open_picture", {"pixels": 0}, [picture])
            answer = self.answer(pending)
            turn()
            self.assertEqual((answer.blobs[0] == picture, answer.blobs[1]), (True, b"profile"))
            self.assertGreater(gaps.ticks, 5)
            client.close()
            return gaps.worst

        self.daemon(script)
        self.assert_smooth(once)

    def test_an_answer_before_the_end(self) -> None:
        """Everything that the daemon sends before it closes is read."""
        picture = Pixels(4000, 2500, 4, "u8", bytes(40_000_000))

        def script(side: Side) -> None:
            side.welcome()
            side.say("finished", side.next("result").serial, {"a": 1}, (picture,))

        self.daemon(script)
        client = self.client()
        self.assertEqual(self.answer(client.request("result")).blobs, [picture])
        until(lambda: client.state == "idle")
        self.assertIsNone(client.failure)

    def test_many_small_frames(self) -> None:
        """A flood of events is handled in many turns of the event loop."""
        count = 50_000

        def script(side: Side) -> None:
            side.welcome()
            serial = side.next("learn").serial
            event = b"".join(frame_parts(Frame(102, serial, {"step": 1, "of": 9})))
            side.connection.sendall(event * count)
            side.say("finished", serial)
            side.until_end()

        def once() -> float:
            client = self.client()
            heard: list[str] = []

            def hears(name: str, _: Frame) -> None:
                heard.append(name)
                if not len(heard) % 50:
                    # As a listener that draws.
                    time.sleep(0.001)

            gaps = Gaps()
            self.answer(client.request("learn", heard=hears))
            self.assertEqual(len(heard), count)
            client.close()
            return gaps.worst

        self.daemon(script)
        self.assert_smooth(once)

    def test_a_daemon_that_does_not_read(self) -> None:
        """Data that the daemon does not read is queued, and dropped when the client closes."""

        def script(side: Side) -> None:
            side.welcome()
            time.sleep(0.3)

        self.daemon(script)
        client = self.client()
        picture = Pixels(4000, 2500, 4, "u8", bytes(40_000_000))
        pending = client.request("open_picture", {"pixels": 0}, [picture])
        until(lambda: client.state == "ready")
        turn()
        client.close()
        self.assertEqual(self.failure(pending).kind, "connection")
