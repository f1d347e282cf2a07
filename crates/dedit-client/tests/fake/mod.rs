//! Daemons that do what a test has written down.

#![allow(dead_code, reason = "not every test needs all of it")]
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking, in the functions it calls too")]

use std::io::{self, PipeReader, PipeWriter, Read, Write};
use std::ops::RangeInclusive;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};

use dedit_client::Client;
use dedit_protocol::answer::{Nothing, Welcome};
use dedit_protocol::request::{Goodbye, Hello};
use dedit_protocol::{Event, Failure, Frame, Request, handshake, socket};

/// Who the tests are.
pub(crate) fn hello() -> Hello {
    Hello { client: "test".to_owned(), version: "1".to_owned() }
}

/// The daemon's end of a connection.
pub(crate) struct Peer<R, W> {
    from: R,
    pub(crate) to: W,
}

impl<R: Read, W: Write> Peer<R, W> {
    /// Agrees on a version.
    pub(crate) fn greet(&mut self, versions: &RangeInclusive<u16>) -> Option<u16> {
        handshake::answer(self, versions).unwrap()
    }

    /// Agrees on a version and answers `hello`.
    pub(crate) fn welcome(&mut self, welcome: &Welcome) {
        self.greet(&handshake::VERSIONS);
        let (serial, request) = self.hear().unwrap();
        assert_eq!(request, Request::Hello(hello()));
        self.say(serial, Event::finished(welcome, Vec::new()));
    }

    /// The next request; its blobs are dropped.
    pub(crate) fn hear(&mut self) -> Option<(u32, Request)> {
        let frame = Frame::read(&mut self.from).ok()?;
        Some((frame.serial, Request::read(frame.tag, frame.head).unwrap().unwrap()))
    }

    /// The last words of a client.
    pub(crate) fn hear_goodbye(&mut self) {
        assert_eq!(self.hear().map(|(_, request)| request), Some(Request::Goodbye(Goodbye {})));
        assert!(self.hear().is_none(), "after the goodbye nothing comes");
    }

    pub(crate) fn say(&mut self, serial: u32, event: Event) {
        event.into_frame(serial).write(&mut self.to).unwrap();
    }
}

impl<R: Read, W> Read for Peer<R, W> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.from.read(into)
    }
}

impl<R, W: Write> Write for Peer<R, W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.to.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }
}

pub(crate) type Piped = Peer<PipeReader, PipeWriter>;

/// A client of a daemon in another thread that does what `script` says, and that thread.
pub(crate) fn meet(script: impl FnOnce(Piped) + Send + 'static) -> (Result<Client, Failure>, JoinHandle<()>) {
    let (from_daemon, to) = io::pipe().unwrap();
    let (from, to_daemon) = io::pipe().unwrap();
    let daemon = thread::spawn(move || script(Peer { from, to }));
    (Client::over(from_daemon, to_daemon, &hello()), daemon)
}

/// The same, with one that has said hello.
pub(crate) fn met(script: impl FnOnce(Piped) + Send + 'static) -> (Client, JoinHandle<()>) {
    let (client, daemon) = meet(|mut peer| {
        peer.welcome(&Welcome::default());
        script(peer);
    });
    (client.unwrap(), daemon)
}

/// Serves at a socket until a client says `shutdown`, or for `patience` seconds without a client: answers `hello` with the name it came with.
pub(crate) fn serve(path: &Path, mut patience: u32) {
    let mut bound = socket::Bound::bind(path).unwrap();
    let ended = Arc::new(AtomicBool::new(false));
    while !ended.load(Ordering::SeqCst) && patience > 0 {
        match bound.accept().unwrap() {
            Some(stream) => {
                let ended = Arc::clone(&ended);
                thread::spawn(move || answer_all(Peer { from: &stream, to: &stream }, &ended));
            }
            None => patience -= 1,
        }
    }
}

fn answer_all(mut peer: Peer<impl Read, impl Write>, ended: &AtomicBool) {
    if peer.greet(&handshake::VERSIONS).is_none() {
        return;
    }
    while let Ok(frame) = Frame::read(&mut peer.from) {
        let Frame { tag, serial, head, blobs } = frame;
        let answer = match Request::read(tag, head).unwrap().unwrap() {
            Request::Hello(hello) => {
                let welcome = Welcome { version: hello.client, process: std::process::id(), ..Welcome::default() };
                Event::finished(&welcome, blobs)
            }
            Request::Goodbye(_) => return,
            Request::Shutdown(_) => {
                ended.store(true, Ordering::SeqCst);
                Event::finished(&Nothing {}, Vec::new())
            }
            other => panic!("{other:?} was not expected"),
        };
        peer.say(serial, answer);
    }
}
