//! The frames that wait to be sent to a client. Adding one never blocks: of progress that a slow client has not read yet, only the newest is kept.

use std::collections::VecDeque;
use std::io::Write;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use dedit_protocol::{Blob, Event, Frame, Samples};

/// Bytes that may wait for a client before its next request is read.
const ENOUGH: usize = 1 << 28;

#[derive(Default)]
struct Inner {
    frames: VecDeque<(Frame, bool)>,
    bytes: usize,
    /// A frame is being written.
    busy: bool,
    closed: bool,
}

/// Frames on their way to a client.
#[derive(Default)]
pub(crate) struct Outgoing {
    inner: Mutex<Inner>,
    changed: Condvar,
}

impl Outgoing {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds an event of the request `serial`.
    pub(crate) fn send(&self, event: Event, serial: u32) {
        let passing = matches!(event, Event::Progress(_) | Event::Preview(_) | Event::Session(_) | Event::Queued(_));
        let frame = event.into_frame(serial);
        let mut inner = self.lock();
        if inner.closed {
            return;
        }
        inner.bytes += size(&frame);
        let older = |(other, passing): &(Frame, bool)| {
            *passing && (other.tag, other.serial, other.head.get("session")) == (frame.tag, serial, frame.head.get("session"))
        };
        match inner.frames.iter().position(older).filter(|_| passing) {
            Some(at) => {
                inner.bytes -= size(&inner.frames[at].0);
                inner.frames[at].0 = frame;
            }
            None => inner.frames.push_back((frame, passing)),
        }
        self.changed.notify_all();
    }

    /// Waits until few enough bytes wait for the client.
    pub(crate) fn wait_for_room(&self) {
        let mut inner = self.lock();
        while inner.bytes > ENOUGH && !inner.closed {
            inner = self.changed.wait(inner).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Waits until everything is sent, for `patience` at most.
    pub(crate) fn wait_until_sent(&self, patience: Duration) {
        let inner = self.lock();
        let waiting = |inner: &mut Inner| !inner.closed && (inner.busy || !inner.frames.is_empty());
        let _ = self.changed.wait_timeout_while(inner, patience, waiting);
    }

    /// Discards what waits, and sends nothing more.
    pub(crate) fn close(&self) {
        let mut inner = self.lock();
        inner.closed = true;
        inner.frames.clear();
        self.changed.notify_all();
    }

    /// Writes everything until it is closed or the connection breaks.
    pub(crate) fn write(&self, mut writer: impl Write) {
        loop {
            let mut inner = self.lock();
            inner.busy = false;
            self.changed.notify_all();
            while inner.frames.is_empty() && !inner.closed {
                inner = self.changed.wait(inner).unwrap_or_else(PoisonError::into_inner);
            }
            let Some((frame, _)) = inner.frames.pop_front() else { return };
            inner.bytes -= size(&frame);
            inner.busy = true;
            drop(inner);
            if frame.write(&mut writer).is_err() {
                return self.close();
            }
        }
    }
}

/// The approximate memory of a frame, in bytes.
fn size(frame: &Frame) -> usize {
    let blob = |blob: &Blob| match blob {
        Blob::Bytes(bytes) => bytes.len(),
        Blob::Pixels(pixels) => match pixels.samples() {
            Samples::U8(samples) => samples.len(),
            Samples::U16(samples) => 2 * samples.len(),
            Samples::F32(samples) => 4 * samples.len(),
        },
    };
    256 + frame.blobs.iter().map(blob).sum::<usize>()
}

#[cfg(test)]
mod tests {
    use dedit_protocol::event::Progress;

    use super::*;

    #[test]
    fn a_client_that_does_not_read_costs_no_memory_and_misses_no_end() {
        let outgoing = Outgoing::default();
        for step in 0..10_000 {
            outgoing.send(Event::Progress(Progress { step, ..Progress::default() }), 1 + (step % 2) as u32);
        }
        outgoing.send(Event::Note("n".into()), 1);
        outgoing.send(Event::Cancelled, 1);
        outgoing.send(Event::Cancelled, 2);
        let frames = outgoing.lock().frames.len();
        assert_eq!(frames, 5, "the newest progress of each, a note and two ends");
        let newest = &outgoing.lock().frames[1].0.head["step"];
        assert_eq!(newest, 9_999);
    }
}
