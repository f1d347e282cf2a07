//! Feeds bytes to all that reads from a connection, and counts what comes of them. Whatever the bytes are, nothing may panic, and what is understood has to
//! come back the same after it was written.

use std::fmt;
use std::io::{self, Read, Write};

use dedit_protocol::answer::{Edited, Fetched, Planned, Revisions, Status, Welcome};
use dedit_protocol::event::read;
use dedit_protocol::{Event, Frame, ReadError, Request, handshake};

/// How many frames came to what.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Count {
    /// Read, and so was what they say.
    pub(crate) understood: u64,
    /// Read over, or a head that says nothing that is known.
    pub(crate) refused: u64,
    /// Cut off, or no frame at all.
    pub(crate) broken: u64,
}

impl Count {
    /// All of them.
    pub(crate) fn frames(&self) -> u64 {
        self.understood + self.refused + self.broken
    }

    /// Feeds one input, which may hold several frames.
    pub(crate) fn feed(&mut self, bytes: &[u8]) {
        let mut rest = bytes;
        loop {
            match Frame::read(&mut rest) {
                Ok(frame) if is_understood(&frame) => self.understood += 1,
                Ok(_) | Err(ReadError::Refused { .. }) => self.refused += 1,
                Err(ReadError::Closed) => break,
                Err(ReadError::Broken(_) | ReadError::Io(_)) => {
                    self.broken += 1;
                    break;
                }
            }
        }
        let _ = handshake::answer(&mut Deaf(bytes), &handshake::VERSIONS);
        let _ = handshake::greet(&mut Deaf(bytes), &handshake::VERSIONS);
        // The daemon's half of a transcript of both.
        let _ = handshake::greet(&mut Deaf(bytes.get(10..).unwrap_or_default()), &handshake::VERSIONS);
    }
}

impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} understood, {} refused, {} broken", self.understood, self.refused, self.broken)
    }
}

/// Reads bytes; what is written to it is gone.
struct Deaf<'a>(&'a [u8]);

impl Read for Deaf<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.0.read(into)
    }
}

impl Write for Deaf<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Reads what a frame says, as both sides do.
fn is_understood(frame: &Frame) -> bool {
    survives(frame);
    let request = Request::read(frame.tag, frame.head.clone());
    if let Some(Ok(request)) = &request {
        let head = request.head().unwrap_or_default();
        assert!(matches!(Request::read(frame.tag, head), Some(Ok(again)) if again == *request), "{request:?} does not come back");
    }
    let (tag, serial) = (frame.tag, frame.serial);
    match Event::from_frame(frame.clone()) {
        Ok(Event::Unknown(_)) => request.is_some_and(|request| request.is_ok()),
        Ok(event) => {
            let again = event.clone().into_frame(serial);
            assert_eq!((again.tag, again.serial), (tag, serial));
            assert!(Event::from_frame(again).is_ok(), "{event:?} does not come back");
            if let Event::Finished(head, _) = event {
                let _ = (read::<Welcome>(head.clone()), read::<Edited>(head.clone()), read::<Planned>(head.clone()));
                let _ = (read::<Revisions>(head.clone()), read::<Fetched>(head.clone()), read::<Status>(head));
            }
            true
        }
        Err(_) => false,
    }
}

/// A frame that was read can be written, and is then read as the same. Bytes are compared: a pixel may be no number.
fn survives(frame: &Frame) {
    let (mut once, mut twice) = (Vec::new(), Vec::new());
    assert!(frame.write(&mut once).is_ok(), "{frame:?} cannot be written");
    let mut rest = once.as_slice();
    let again = Frame::read(&mut rest);
    let is_written = again.as_ref().is_ok_and(|again| again.write(&mut twice).is_ok());
    assert!(is_written && once == twice && rest.is_empty(), "{frame:?} comes back as {again:?}");
}
