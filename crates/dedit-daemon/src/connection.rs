//! The connection of one client: reads its requests, and sends their events.

use std::io::{Read, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use dedit_protocol::event::unknown_request;
use dedit_protocol::{Event, Failure, FailureKind, Frame, ReadError, Request};
use dedit_session::Info;

use crate::client::Client;
use crate::convert;
use crate::daemon::Daemon;
use crate::outgoing::Outgoing;

/// How long a client may take to read the last events after it has stopped sending.
const LAST_EVENTS: Duration = Duration::from_secs(5);

/// The connection of a client.
pub(crate) struct Connection {
    client: Client,
    goodbye: AtomicBool,
}

impl Connection {
    /// Serves a client until it disconnects or sends what is not a frame.
    pub(crate) fn serve(daemon: &Arc<Daemon>, mut reader: impl Read, writer: impl Write + Send + 'static) {
        let outgoing = Arc::new(Outgoing::default());
        let news = outgoing.clone();
        let number = daemon.sessions.connect(Arc::new(move |info: &Info| news.send(Event::Session(convert::session_info(info)), 0)));
        daemon.clients.add(number, outgoing.clone());
        let sending = outgoing.clone();
        let sender = thread::spawn(move || sending.write(writer));
        let client = Client { daemon: daemon.clone(), number, outgoing: outgoing.clone() };
        let connection = Self { client, goodbye: AtomicBool::new(false) };
        if let Some(reason) = connection.read(&mut reader) {
            daemon.log.write("dropped", &format!("client {number}: {reason}"));
            outgoing.send(Event::Failed(Failure::new(FailureKind::Usage, reason)), 0);
        }
        daemon.sessions.disconnect(number);
        daemon.fetches.stop(Some(number));
        outgoing.wait_until_sent(LAST_EVENTS);
        outgoing.close();
        daemon.clients.remove(number);
        daemon.names().remove(&number);
        // The thread is not joined: it ends when the client has read what is being written, has disconnected, or has timed out.
        drop(sender);
    }

    /// Reads requests until the end; gives the reason, unless the client disconnected.
    fn read(&self, reader: &mut impl Read) -> Option<String> {
        while !self.goodbye.load(Ordering::SeqCst) {
            self.client.outgoing.wait_for_room();
            match Frame::read(reader) {
                Ok(frame) => self.request(frame),
                Err(ReadError::Refused { serial, reason, .. }) => {
                    let failure = Failure::new(FailureKind::Usage, format!("a request is not understood: {reason}"));
                    self.client.outgoing.send(Event::Failed(failure.hint("this is a fault of the program that asks")), serial);
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
                self.goodbye.store(true, Ordering::SeqCst);
                return;
            }
            // A panic ends its request with an answer, and nothing else.
            Some(Ok(request)) => catch_unwind(AssertUnwindSafe(|| self.client.answer(serial, request, blobs))).unwrap_or_else(|_| {
                Err(Failure::new(FailureKind::Internal, "the daemon came upon a fault of its own")
                    .hint("see its log with `dedit daemon logs`"))
            }),
        };
        match answer {
            // A job will answer.
            Ok(None) => {}
            Ok(Some(event)) => self.client.outgoing.send(event, serial),
            Err(failure) => self.client.outgoing.send(Event::Failed(failure), serial),
        }
    }
}
