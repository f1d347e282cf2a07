"""Connecting, losing the connection, and starting the daemon."""

from __future__ import annotations

import os
import random
import socket
import stat
import sys
import tempfile
import time
from pathlib import Path

from dedit_krita import address, launch, peer
from dedit_krita.client import Failure
from dedit_krita.wire import PREFIX, hello_bytes

from .fake_daemon import Side
from .loop import ClientTest, turn, until
from .test_client import answers

TOP = Path(__file__).parents[1]
# A daemon in a process of its own, which writes to a file that it was started.
STUB = """#!{python}
import sys, time, pathlib
sys.path.insert(0, {top!r})
from tests.fake_daemon import FakeDaemon
from tests.test_client import answers
path = pathlib.Path(sys.argv[sys.argv.index("--socket") + 1])
with open({log!r}, "a") as log:
    log.write(" ".join(sys.argv[1:]) + chr(10))
time.sleep(0.3)
FakeDaemon(path, answers)
time.sleep(5)
"""


class Greetings(ClientTest):
    """Handshake and `hello`."""

    def refused(self, script: object, **patience: float) -> Failure:
        """Return the failure of a refused daemon, which the client's state has too."""
        self.daemon(script)
        client = self.client(**patience)
        failure = self.failure(client.request("status"))
        self.assertEqual((failure.kind, client.state), ("connection", "failed"))
        self.assertIs(client.failure, failure)
        return failure

    def test_a_newer_daemon(self) -> None:
        """A newer daemon: the plug-in has to be updated."""
        told = self.refused(lambda side: side.greet((2, 3))).sentence()
        self.assertIn("speaks versions 2 to 3 of the protocol, and this plug-in version 1", told)
        self.assertIn("update this plug-in", told)

    def test_an_older_daemon(self) -> None:
        """An older daemon: the daemon has to be updated."""

        def script(side: Side) -> None:
            side.connection.recv(10)
            side.connection.sendall(b"DEDIT\0" + bytes(6))

        told = self.refused(script).sentence()
        self.assertIn("the daemon is older: end it with `dedit daemon stop`", told)

    def test_a_daemon_without_a_feature(self) -> None:
        """A daemon of an earlier release: it has to be replaced."""
        told = self.refused(lambda side: side.welcome(("frames", "items"))).sentence()
        self.assertIn("the D-Edit daemon that runs cannot tell of an edit's region alone", told)
        self.assertIn("stop it with `dedit daemon stop`", told)

    def test_strangers(self) -> None:
        """Another program on the socket."""

        def script(side: Side) -> None:
            side.connection.recv(10)
            side.connection.sendall(b"HTTP/1.1 400 Bad")

        told = self.refused(script).sentence()
        self.assertIn(f"what answers at this socket is no D-Edit daemon: {self.path}", told)

    def test_a_daemon_that_hangs(self) -> None:
        """A daemon that does not answer the handshake."""
        failure = self.refused(lambda side: side.until_end(), handshake=0.2)
        self.assertIn("does not answer", failure.message)

    def test_a_daemon_that_hangs_later(self) -> None:
        """A daemon that does not answer `hello`."""

        def script(side: Side) -> None:
            side.greet()
            side.until_end()

        self.assertIn("does not answer", self.refused(script, hello=0.2).message)

    def test_a_hello_that_is_refused(self) -> None:
        """A failure of `hello` has the daemon's words, and no request is sent."""

        def script(side: Side) -> None:
            side.greet()
            head = {"kind": "connection", "message": "not today"}
            side.say("failed", side.next("hello").serial, head)
            side.until_end()

        self.assertEqual(self.refused(script).message, "not today")

    def test_hostile_bytes(self) -> None:
        """Random bytes of a daemon cause failures only."""
        chance = random.Random(5)

        def script(side: Side) -> None:
            if chance.random() < 0.3:
                side.connection.sendall(chance.randbytes(chance.randrange(100)))
                return
            side.welcome()
            serial = side.next("status").serial
            for _ in range(chance.randrange(6)):
                head = chance.choice([b"{}", b"[]", b"{", b"[" * 9999, b'{"kind":[],"job":{}}'])
                if chance.random() < 0.3:
                    head = chance.randbytes(chance.randrange(40))
                tag = chance.choice([*range(101, 109), 0, 1 << 31])
                body = chance.choice([0, 0, 0, 5, 1 << 33])
                named = chance.choice([serial, serial, 0, 77])
                side.connection.sendall(PREFIX.pack(tag, named, len(head), body) + head)
            side.connection.sendall(chance.randbytes(chance.randrange(100)))

        def whole(side: Side) -> None:
            try:
                script(side)
            except OSError:
                return

        self.daemon(whole)
        client = self.client(ended=0.0)
        kinds = set()
        for _ in range(150):
            pending = client.request("status")
            until(lambda p=pending: p.has_ended)
            kinds.add(pending.failure.kind if pending.failure else "answered")
        self.assertLessEqual({"connection", "answered", "cancelled", "internal"}, kinds)


class Losses(ClientTest):
    """The connection ends."""

    def test_a_daemon_that_dies(self) -> None:
        """All waiting requests fail, and the next one connects again."""

        def dies(side: Side) -> None:
            side.welcome()
            side.say("queued", side.next("learn").serial, {"job": 1})
            side.next("status")

        daemon = self.daemon(dies, answers)
        client = self.client()
        both = [client.request("learn"), client.request("status")]
        failures = [self.failure(pending) for pending in both]
        for failure in failures:
            self.assertEqual(failure.kind, "connection")
            self.assertIn("the D-Edit daemon is gone; try again", failure.sentence())
        self.assertEqual((client.state, client.welcome), ("idle", {}))
        self.assertEqual(client.failure, failures[0])
        self.answer(client.request("status"))
        self.assertIsNone(client.failure)
        self.assertEqual(self.states, ["connecting", "ready", "idle", "connecting", "ready"])
        self.assertEqual(len(daemon.sides), 2)

    def test_a_request_from_within_a_failure(self) -> None:
        """A request right after the end is answered by the next daemon."""

        def dies(side: Side) -> None:
            side.welcome()
            side.next("status")

        self.daemon(dies, answers)
        client = self.client()
        again: list[object] = []
        first = client.request("status")
        first.then(None, lambda _: again.append(client.request("status")))
        until(lambda: again)
        self.answer(again[0])

    def test_a_request_as_soon_as_the_state_tells(self) -> None:
        """Remains of a failed attempt do not disturb the next one."""

        def hangs(side: Side) -> None:
            side.greet()
            side.until_end()

        self.daemon(hangs, answers)
        client = self.client(hello=0.2)
        again: list[object] = []

        def changed() -> None:
            if client.state == "failed" and not again:
                again.append(client.request("status"))

        client.state_changed.connect(changed)
        self.failure(client.request("models"))
        self.answer(again[0])

    def test_last_words(self) -> None:
        """Requests fail with the reason that the daemon gave."""

        def script(side: Side) -> None:
            side.welcome()
            side.next("status")
            side.say("failed", 0, {"kind": "usage", "message": "too long"})

        self.daemon(script)
        failure = self.failure(self.client().request("status"))
        self.assertEqual((failure.kind, failure.message), ("usage", "too long"))

    def test_a_daemon_that_ends_while_it_is_greeted(self) -> None:
        """The next one is reached."""
        os.environ["DEDIT_DAEMON"] = "/bin/false"
        self.daemon(lambda _: None, lambda side: side.greet(), answers)
        self.answer(self.client().request("status"))

    def test_broken_frames(self) -> None:
        """A protocol error ends the connection and its requests."""

        def script(side: Side) -> None:
            side.welcome()
            side.next("status")
            side.connection.sendall(b"\xff" * 20)
            side.until_end()

        self.daemon(script)
        failure = self.failure(self.client().request("status"))
        self.assertIn("cannot be read (the lengths are beyond the limits)", failure.message)


class Starts(ClientTest):
    """Starting the daemon."""

    def stub(self, text: str, name: str = "dedit") -> Path:
        """Write a program and name it as the daemon."""
        program = self.folder / name
        program.write_text(text, encoding="utf-8")
        program.chmod(0o755)
        os.environ["DEDIT_DAEMON"] = str(program)
        return program

    def test_nobody_and_no_program(self) -> None:
        """The failure says what to do."""
        client = self.client()
        failure = self.failure(client.request("status"))
        self.assertEqual((failure.kind, client.state), ("connection", "failed"))
        self.assertIn(
            f"no D-Edit daemon is running: {self.path}; run `dedit install krita`",
            failure.sentence(),
        )

    def test_one_is_started_by_many(self) -> None:
        """Of several clients one starts the daemon; the others connect to it."""
        log = self.folder / "log"
        stub = STUB.format(python=sys.executable, top=str(TOP), log=str(log))
        self.stub(stub)
        clients = [self.client() for _ in range(3)]
        pending = [client.request("status") for client in clients]
        # The stub serves one connection at a time.
        for client, asked in zip(clients, pending):
            until(lambda c=client, a=asked: a.has_ended or c.state == "starting")
        for _ in clients:
            until(lambda: any(asked.has_ended for asked in pending))
            done = next(index for index, asked in enumerate(pending) if asked.has_ended)
            self.answer(pending.pop(done))
            clients.pop(done).close()
        self.assertEqual(self.states.count("starting"), 3)
        lines = log.read_text(encoding="utf-8").splitlines()
        self.assertEqual(lines, [f"daemon start --foreground --socket {self.path}"])

    def test_another_one_starts_it(self) -> None:
        """A client without the lock starts nothing, and connects to what the other one starts."""
        self.stub("#!/bin/sh\ntouch $0.ran\n")
        lock = launch.take_lock(str(self.path))
        assert lock is not None
        self.assertIsNone(launch.take_lock(str(self.path)))
        client = self.client()
        pending = client.request("status")
        until(lambda: client.state == "starting")
        turn(0.2)
        self.daemon(answers)
        self.answer(pending)
        self.assertFalse((self.folder / "dedit.ran").exists())
        lock.close()

    def test_one_that_ends(self) -> None:
        """The failure quotes its standard error."""
        program = self.stub("#!/bin/sh\necho no disk >&2\nexit 3\n", "deditd")
        failure = self.failure(self.client(ended=0.2).request("status"))
        told = f"ended as soon as it was started (exit status 3) and said 'no disk': {program}"
        self.assertIn(told, failure.sentence())

    def test_one_that_takes_too_long(self) -> None:
        """It is given up."""
        self.stub("#!/bin/sh\nexec /bin/sleep 2\n", "deditd")
        begun = time.monotonic()
        failure = self.failure(self.client(start=0.3).request("status"))
        self.assertIn("was started and cannot be reached", failure.message)
        self.assertLess(time.monotonic() - begun, 1.5)

    def test_one_that_is_no_program(self) -> None:
        """DEDIT_DAEMON is not replaced by another program."""
        os.environ["DEDIT_DAEMON"] = str(self.folder / "absent")
        failure = self.failure(self.client().request("status"))
        self.assertIn("cannot be started (No such file", failure.message)

    def test_cancelled_and_closed_meanwhile(self) -> None:
        """Requests that wait for a daemon can be cancelled, one or all."""
        self.stub("#!/bin/sh\nexec /bin/sleep 2\n", "deditd")
        client = self.client()
        first, second = client.request("status"), client.request("models")
        until(lambda: client.state == "starting")
        first.cancel()
        self.assertEqual(self.failure(first).kind, "cancelled")
        client.close()
        self.assertEqual(self.failure(second).kind, "connection")
        self.assertEqual(client.state, "idle")

    def test_a_folder_that_others_write_to(self) -> None:
        """No daemon is started in such a folder."""
        self.stub("#!/bin/sh\n")
        self.folder.chmod(0o777)
        failure = self.failure(self.client().request("status"))
        self.assertEqual(failure.kind, "usage")
        self.assertIn("can be written to by others", failure.message)


class Places(ClientTest):
    """Paths of socket and program, and the user at the other end."""

    def test_sockets(self) -> None:
        """The first matching row of the table in PROTOCOL.md counts."""
        os.environ.update(DEDIT_SOCKET="/a/b.sock", XDG_RUNTIME_DIR=str(self.folder))
        self.assertEqual(address.socket(), "/a/b.sock")
        os.environ["DEDIT_SOCKET"] = "b.sock"
        self.assertEqual(address.socket(), str(Path.cwd() / "b.sock"))
        os.environ["DEDIT_SOCKET"] = ""
        self.assertEqual(address.socket(), f"{self.folder}/dedit/daemon.sock")
        os.environ.update(XDG_RUNTIME_DIR="/absent", TMPDIR="/somewhere")
        self.assertEqual(address.socket(), f"/somewhere/dedit-{os.geteuid()}/daemon.sock")

    def test_programs(self) -> None:
        """DEDIT_DAEMON, the installed program, then PATH."""
        folders = [self.folder / name for name in ("one", "two", "three")]
        for folder, name, mode in zip(
            folders, ("deditd", "dedit", "deditd"), (0o644, 0o755, 0o755)
        ):
            folder.mkdir()
            (folder / name).write_text("")
            (folder / name).chmod(mode)
        os.environ["PATH"] = ":".join([".", "", *map(str, folders)])
        self.assertEqual(address.program(), str(folders[1] / "dedit"))
        note = self.folder / address.PROGRAM_FILE
        self.assertIsNone(address.installed(self.folder))
        for text, expected in (("dedit\n", None), ("/absent\n", None), ("\0", None)):
            note.write_text(text)
            self.assertEqual(address.installed(self.folder), expected)
        note.write_text(f"{folders[0] / 'deditd'}\n")
        self.assertEqual(address.installed(self.folder), str(folders[0] / "deditd"))
        os.environ["DEDIT_DAEMON"] = "absent/dedit"
        self.assertEqual(address.program(), "absent/dedit")
        self.assertEqual(address.command("/x/deditd", "s"), ["/x/deditd", "--socket", "s"])

    def test_bundles(self) -> None:
        """Library paths of an AppImage are removed."""
        self.keep_variables("APPDIR", "LD_LIBRARY_PATH", "PYTHONPATH")
        os.environ.update(APPDIR="/b", LD_LIBRARY_PATH="/b/lib:/own", PYTHONPATH="/b/python")
        clean = address.clean_environment()
        self.assertEqual((clean["LD_LIBRARY_PATH"], "PYTHONPATH" in clean), ("/own", False))

    def test_peers(self) -> None:
        """The peer's user is known, and another user's daemon is refused."""
        one, other = socket.socketpair(socket.AF_UNIX)
        with one, other:
            self.assertEqual(peer.user(one.fileno()), os.geteuid())
            self.assertTrue(peer.is_own(one.fileno()))
            usual = peer.user
            self.addCleanup(setattr, peer, "user", usual)
            peer.user = lambda _: os.geteuid() + 1
            self.assertFalse(peer.is_own(one.fileno()))
        self.daemon(lambda side: side.until_end())
        client = self.client()
        failure = self.failure(client.request("status"))
        self.assertIn("the daemon at this socket is another user's", failure.message)
        self.assertIsNone(usual(10_000))

    def test_a_new_folder_is_for_its_owner_alone(self) -> None:
        """As the daemon makes it."""
        with tempfile.TemporaryDirectory() as folder:
            lock = launch.take_lock(f"{folder}/new/daemon.sock")
            assert lock is not None
            lock.close()
            self.assertEqual(stat.S_IMODE(Path(folder, "new").stat().st_mode), 0o700)

    def test_hello_is_the_first_that_is_said(self) -> None:
        """And nothing before the daemon has answered it."""
        said: list[bytes] = []

        def script(side: Side) -> None:
            time.sleep(0.1)
            said.append(side.connection.recv(1000))

        self.daemon(script)
        self.failure(self.client(ended=0.0).request("status"))
        self.assertEqual(said[0], hello_bytes())
