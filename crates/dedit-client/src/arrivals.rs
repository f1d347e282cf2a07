//! What arrives from the daemon: every event goes to the call that waits for it.

use std::collections::HashMap;
use std::io::Read;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Mutex, MutexGuard, PoisonError};

use dedit_protocol::event::SessionInfo;
use dedit_protocol::{Event, Failure, FailureKind, Frame, ReadError};

/// What every call that waits hears when the connection has ended.
pub(crate) fn gone() -> Failure {
    Failure::new(FailureKind::Connection, "the D-Edit daemon is gone")
        .hint("try again: it is started anew, and nothing that was acknowledged is lost")
}

/// Who waits, and what nobody waited for.
#[derive(Debug, Default)]
pub(crate) struct Arrivals {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    ended: bool,
    last_serial: u32,
    waiting: HashMap<u32, Waiting>,
    news: Vec<SessionInfo>,
}

#[derive(Debug)]
struct Waiting {
    events: Sender<Event>,
    job: Option<u64>,
}

impl Arrivals {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A serial that no request under way has, and what will arrive for it.
    ///
    /// # Errors
    /// `Connection` where nothing will arrive any more.
    pub(crate) fn enrol(&self) -> Result<(u32, Receiver<Event>), Failure> {
        let mut state = self.state();
        if state.ended {
            return Err(gone());
        }
        let serial = state.next_serial();
        let (events, arriving) = channel();
        state.waiting.insert(serial, Waiting { events, job: None });
        Ok((serial, arriving))
    }

    /// A serial for a request whose answer nobody waits for.
    pub(crate) fn unheard(&self) -> u32 {
        self.state().next_serial()
    }

    /// What still arrives for a request is passed by.
    pub(crate) fn forget(&self, serial: u32) {
        self.state().waiting.remove(&serial);
    }

    /// The number of a request's job, once it is known.
    pub(crate) fn job(&self, serial: u32) -> Option<u64> {
        self.state().waiting.get(&serial)?.job
    }

    /// Takes the news.
    pub(crate) fn news(&self) -> Vec<SessionInfo> {
        std::mem::take(&mut self.state().news)
    }

    /// Reads frames until there are no more.
    pub(crate) fn read_all(&self, from: &mut impl Read) {
        loop {
            match Frame::read(from) {
                Ok(frame) => {
                    let (tag, serial) = (frame.tag, frame.serial);
                    self.deliver(serial, Event::from_frame(frame).unwrap_or_else(|reason| not_understood(tag, &reason)));
                }
                Err(ReadError::Refused { tag, serial, reason }) => self.deliver(serial, not_understood(tag, &reason)),
                Err(ReadError::Closed | ReadError::Io(_) | ReadError::Broken(_)) => break,
            }
        }
        self.end();
    }

    /// Nothing arrives any more: whoever waits hears of it when what came before is taken.
    fn end(&self) {
        let mut state = self.state();
        state.ended = true;
        state.waiting.clear();
    }

    fn deliver(&self, serial: u32, event: Event) {
        let mut state = self.state();
        match event {
            Event::Unknown(_) => {}
            Event::Session(info) if serial == 0 => {
                // The newest of each session is enough, and keeps this small where nobody asks.
                state.news.retain(|older| older.session != info.session);
                state.news.push(info);
            }
            event => state.hand_over(serial, event),
        }
    }
}

impl State {
    fn next_serial(&mut self) -> u32 {
        loop {
            self.last_serial = self.last_serial.wrapping_add(1);
            if self.last_serial != 0 && !self.waiting.contains_key(&self.last_serial) {
                return self.last_serial;
            }
        }
    }

    fn hand_over(&mut self, serial: u32, event: Event) {
        let Some(waiting) = self.waiting.get_mut(&serial) else { return };
        if let Event::Queued(queued) = &event {
            waiting.job = Some(queued.job);
        }
        let is_last = event.is_last();
        // Whoever no longer listens needs nothing.
        let _ = waiting.events.send(event);
        if is_last {
            self.waiting.remove(&serial);
        }
    }
}

/// What becomes of a message that is not understood: nothing, unless its call would wait for ever without it.
fn not_understood(tag: u32, reason: &str) -> Event {
    let empty = Event::from_frame(Frame { tag, ..Frame::default() });
    // Of the events only `failed` cannot be read without a head.
    let is_last = empty.as_ref().map_or(true, Event::is_last);
    if !is_last {
        return Event::Unknown(tag);
    }
    Event::Failed(
        Failure::new(FailureKind::Internal, format!("the daemon's answer is not understood: {reason}"))
            .hint("the daemon and this program may be of different versions: update both"),
    )
}
