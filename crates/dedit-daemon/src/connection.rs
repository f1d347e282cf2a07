//! One client: its frames in, events out.

use std::io::{Read, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use dedit_protocol::event::unknown_request;
use dedit_protocol::{Event, Failure, FailureKind, Frame, ReadError, Request};
use dedit_session::Info;

use crate::convert;
use crate::daemon::Daemon;
use crate::outgoing::Outgoing;

/// A client that is connected.
pub(crate) struct Connection {
    pub(crate) daemon: Arc<Daemon>,
    pub(crate) client: u64,
    pub(crate) outgoing: Arc<Outgoing>,
    over: AtomicBool,
}

impl Connection {
    /// Speaks with a client until it goes, or until what it says is no frame.
    pub(crate) fn converse(daemon: &Arc<Daemon>, mut reader: impl Read, writer: impl Write + Send + 'static) {
        let outgoing = Arc::new(Outgoing::default());
        let news = outgoing.clone();
        let client = daemon.sessions.connect(Arc::new(move |info: &Info| news.send(Event::Session(convert::session_info(info)), 0)));
        daemon.clients.add(client, outgoing.clone());
        let sending = outgoing.clone();
        let sender = thread::spawn(move || sending.write(writer));
        let connection = Self { daemon: daemon.clone(), client, outgoing: outgoing.clone(), over: AtomicBool::new(false) };
        let end = connection.hear(&mut reader);
        if let Some(reason) = end {
            daemon.log.write("dropped", &format!("client {client}: {reason}"));
            connection.outgoing.send(Event::Failed(Failure::new(FailureKind::Usage, reason)), 0);
        }
        daemon.sessions.disconnect(client);
        outgoing.wait_until_sent(Duration::from_secs(5));
        outgoing.close();
        daemon.clients.remove(client);
        daemon.names().remove(&client);
        // It ends as soon as what it writes to is read, gone, or out of time.
        drop(sender);
    }

    /// Hears until the end; says why, where that is not the client's wish.
    fn hear(&self, reader: &mut impl Read) -> Option<String> {
        while !self.over.load(Ordering::SeqCst) {
            self.outgoing.wait_for_room();
            match Frame::read(reader) {
                Ok(frame) => self.request(frame),
                Err(ReadError::Refused { serial, reason, .. }) => {
                    let failure = Failure::new(FailureKind::Usage, format!("a request is not understood: {reason}"));
                    self.outgoing.send(Event::Failed(failure.hint("this is a fault of the program that asks")), serial);
                }
                Err(ReadError::Closed) => return None,
                Err(ReadError::Io(error)) => return Some(format!("the connection broke ({error})")),
                Err(ReadError::Broken(reason)) => return Some(format!("what was sent is no message: {reason}")),
            }
        }
        None
    }

    fn request(&self, frame: Frame) {
        let Frame { tag, serial, head, blobs } = frame;
        let answer = match Request::read(tag, head) {
            None => Err(unknown_request(tag)),
            Some(Err(reason)) => Err(Failure::new(FailureKind::Usage, reason).hint("this is a fault of the program that asks")),
            Some(Ok(Request::Goodbye(_))) => {
                self.over.store(true, Ordering::SeqCst);
                return;
            }
            // A fault ends its request, and nothing else: nobody waits for an answer that never comes.
            Some(Ok(request)) => catch_unwind(AssertUnwindSafe(|| self.answer(serial, request, blobs))).unwrap_or_else(|_| {
                Err(Failure::new(FailureKind::Internal, "the daemon came upon a fault of its own")
                    .hint("see its log with `dedit daemon logs`"))
            }),
        };
        match answer {
            // A job answers for itself.
            Ok(None) => {}
            Ok(Some(event)) => self.outgoing.send(event, serial),
            Err(failure) => self.outgoing.send(Event::Failed(failure), serial),
        }
    }
}
