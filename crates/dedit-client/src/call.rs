//! A request under way.

use std::fmt;
use std::marker::PhantomData;
use std::ops::ControlFlow;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Duration;

use dedit_protocol::event::read;
use dedit_protocol::request::Cancel;
use dedit_protocol::{Ask, Blob, Event, Failure, FailureKind, Request};
use serde::de::DeserializeOwned;

use crate::arrivals::gone;
use crate::connection::Connection;

/// How long a wait takes that only an event ends.
const LONG: Duration = Duration::from_secs(3600);
/// How long a wait takes between two questions whether to stop.
const SHORT: Duration = Duration::from_millis(100);

/// A request under way, whose answer is a `T`. Events that still come for one that is dropped are ignored; its job goes on.
pub struct Call<'c, T> {
    connection: &'c Connection,
    serial: u32,
    events: Receiver<Event>,
    wish: Wish,
    ended: bool,
    answer: PhantomData<fn() -> T>,
}

/// Whether the job is to be stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wish {
    GoOn,
    /// Wished before the job had a number.
    Stop,
    /// The daemon was told.
    Told,
}

impl<'c, T: DeserializeOwned> Call<'c, T> {
    /// Sends a request.
    pub(crate) fn begin(connection: &'c Connection, request: impl Ask<Answer = T>, blobs: Vec<Blob>) -> Result<Self, Failure> {
        let (serial, events) = connection.arrivals.enrol()?;
        let call = Self { connection, serial, events, wish: Wish::GoOn, ended: false, answer: PhantomData };
        connection.say(serial, &request.into(), blobs)?;
        Ok(call)
    }

    /// The next event. `None` when `patience` has passed without one; and, at once, when the last event was already given.
    ///
    /// # Errors
    /// `Connection` when the daemon is gone.
    pub fn next(&mut self, patience: Duration) -> Result<Option<Event>, Failure> {
        if self.ended {
            return Ok(None);
        }
        match self.events.recv_timeout(patience) {
            Ok(event) => {
                self.ended = event.is_last();
                if let (Event::Queued(queued), Wish::Stop) = (&event, self.wish) {
                    // As in `wish_to_stop`.
                    let _ = self.tell(queued.job);
                }
                Ok(Some(event))
            }
            Err(RecvTimeoutError::Timeout) => Ok(None),
            Err(RecvTimeoutError::Disconnected) => Err(gone()),
        }
    }

    /// Asks the daemon to stop the job. Before the job has a number this is remembered, and done by whatever waits for the event that tells it. The call
    /// still ends with an event of its own, which is the answer where that was faster.
    ///
    /// # Errors
    /// `Connection` when the daemon is gone.
    pub fn cancel(&mut self) -> Result<(), Failure> {
        if self.ended || self.wish != Wish::GoOn {
            return Ok(());
        }
        self.wish = Wish::Stop;
        self.connection.arrivals.job(self.serial).map_or(Ok(()), |job| self.tell(job))
    }

    fn tell(&mut self, job: u64) -> Result<(), Failure> {
        self.wish = Wish::Told;
        let serial = self.connection.arrivals.unheard();
        self.connection.say(serial, &Request::Cancel(Cancel { job }), Vec::new())
    }

    /// Waits for the answer and its blobs. `heard` gets every event before it, and says whether to go on: `Break` cancels, once.
    ///
    /// # Errors
    /// What the daemon says went wrong; `Cancelled` when the job was stopped; `Connection` when the daemon is gone.
    pub fn finish(self, heard: &mut dyn FnMut(Event) -> ControlFlow<()>) -> Result<(T, Vec<Blob>), Failure> {
        self.wait(LONG, &|| false, heard)
    }

    /// Like [`finish`](Self::finish), but asks `stop` about ten times a second whether to cancel, so that a host whose cancel button is pressed need not
    /// wait for an event.
    ///
    /// # Errors
    /// As [`finish`](Self::finish).
    pub fn finish_unless(self, stop: &dyn Fn() -> bool, heard: &mut dyn FnMut(Event)) -> Result<(T, Vec<Blob>), Failure> {
        self.wait(SHORT, stop, &mut |event| {
            heard(event);
            ControlFlow::Continue(())
        })
    }

    fn wait(
        mut self,
        patience: Duration,
        stop: &dyn Fn() -> bool,
        heard: &mut dyn FnMut(Event) -> ControlFlow<()>,
    ) -> Result<(T, Vec<Blob>), Failure> {
        while !self.ended {
            if self.wish == Wish::GoOn && stop() {
                self.wish_to_stop();
            }
            let Some(event) = self.next(patience)? else { continue };
            match event {
                Event::Finished(head, blobs) => return Ok((read(head).map_err(not_understood)?, blobs)),
                Event::Failed(failure) => return Err(failure),
                Event::Cancelled => return Err(Failure::new(FailureKind::Cancelled, "cancelled")),
                event => {
                    let wished = heard(event);
                    if wished.is_break() {
                        self.wish_to_stop();
                    }
                }
            }
        }
        Err(Failure::new(FailureKind::Internal, "the last event of this call was already taken"))
    }

    /// A daemon that cannot be told is gone, and what it said before that still counts: whoever takes the next event hears of both in order.
    fn wish_to_stop(&mut self) {
        let _ = self.cancel();
    }
}

impl<T> Drop for Call<'_, T> {
    fn drop(&mut self) {
        if !self.ended {
            self.connection.arrivals.forget(self.serial);
        }
    }
}

impl<T> fmt::Debug for Call<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call").field("serial", &self.serial).field("wish", &self.wish).field("ended", &self.ended).finish_non_exhaustive()
    }
}

fn not_understood(reason: String) -> Failure {
    Failure::new(FailureKind::Internal, reason).hint("the daemon and this program may be of different versions: update both")
}
