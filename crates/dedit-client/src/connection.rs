//! A connection: a thread that reads, and a writer that any thread may use for a whole frame.

use std::io::{self, BufReader, Read, Write};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use dedit_protocol::request::Goodbye;
use dedit_protocol::{Blob, Failure, FailureKind, Frame, Request, handshake};

use crate::arrivals::{Arrivals, gone};

/// How long a daemon may take to say who it is. It does so before anything else, so one that takes longer hangs.
pub(crate) const GREETING: Duration = Duration::from_secs(20);

/// `None` once nothing more is to be said, so that the other side sees an end.
type Writer = Mutex<Option<Box<dyn Write + Send>>>;

/// A connection on which both sides have agreed on a version.
pub(crate) struct Connection {
    pub(crate) arrivals: Arc<Arrivals>,
    writer: Arc<Writer>,
}

impl Connection {
    /// Agrees on a version and begins to read.
    pub(crate) fn open(
        reader: impl Read + Send + 'static,
        writer: impl Write + Send + 'static,
        patience: Duration,
    ) -> Result<Self, Failure> {
        let arrivals = Arc::new(Arrivals::default());
        let (sender, greeted) = channel();
        let reading = Arc::clone(&arrivals);
        // The thread greets too: a read cannot be given up, waiting for a thread can.
        let read = move || {
            let mut sides = Sides(BufReader::new(reader), writer);
            let agreed = handshake::greet(&mut sides, &handshake::VERSIONS);
            let Sides(mut reader, writer) = sides;
            let writer: Arc<Writer> = Arc::new(Mutex::new(Some(Box::new(writer))));
            let go_on = agreed.is_ok();
            let told = sender.send(agreed.map(|_| Arc::clone(&writer)));
            if go_on && told.is_ok() {
                reading.read_all(&mut reader);
            }
            drop(reader);
            *lock(&writer) = None;
        };
        thread::Builder::new().name("dedit-client".to_owned()).spawn(read).map_err(|error| {
            Failure::new(FailureKind::Resources, format!("no thread can be started to listen to the D-Edit daemon ({error})"))
        })?;
        match greeted.recv_timeout(patience) {
            Ok(agreed) => Ok(Self { arrivals, writer: agreed? }),
            Err(RecvTimeoutError::Timeout) => Err(silent(patience)),
            Err(RecvTimeoutError::Disconnected) => Err(gone()),
        }
    }

    /// Sends a request.
    ///
    /// # Errors
    /// `Connection` where the daemon is gone; `Usage` where the request does not fit into a message, and nothing was sent.
    pub(crate) fn say(&self, serial: u32, request: &Request, blobs: Vec<Blob>) -> Result<(), Failure> {
        let unfit = |reason: String| Failure::new(FailureKind::Usage, format!("the request '{}' cannot be sent: {reason}", request.name()));
        let head = request.head().map_err(|error| unfit(error.to_string()))?;
        let frame = Frame { tag: request.tag(), serial, head, blobs };
        let mut writer = lock(&self.writer);
        let Some(into) = writer.as_mut() else { return Err(gone()) };
        match frame.write(into) {
            Ok(()) => Ok(()),
            // Sizes are checked before the first byte is written.
            Err(error) if error.kind() == io::ErrorKind::InvalidInput => Err(unfit(error.to_string())),
            Err(_) => {
                // A part may have been written: nothing after it would be understood. What the daemon said before is still read.
                *writer = None;
                Err(gone())
            }
        }
    }
}

impl Drop for Connection {
    /// The daemon closes the connection when it hears this, which ends the thread that reads.
    fn drop(&mut self) {
        let serial = self.arrivals.unheard();
        let _ = self.say(serial, &Request::Goodbye(Goodbye {}), Vec::new());
        *lock(&self.writer) = None;
    }
}

fn lock(writer: &Writer) -> MutexGuard<'_, Option<Box<dyn Write + Send>>> {
    writer.lock().unwrap_or_else(PoisonError::into_inner)
}

pub(crate) fn silent(patience: Duration) -> Failure {
    let seconds = patience.as_secs();
    Failure::new(FailureKind::Connection, format!("the D-Edit daemon does not answer (nothing came in {seconds} s)"))
        .hint("see `dedit daemon status`; `dedit daemon stop` ends one that hangs")
}

/// Two halves as one stream.
struct Sides<R, W>(R, W);

impl<R: Read, W> Read for Sides<R, W> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.0.read(into)
    }
}

impl<R, W: Write> Write for Sides<R, W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.1.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.1.flush()
    }
}

/// One of the two halves of a stream that can be read and written at the same time.
pub(crate) struct Half<S>(Arc<S>);

/// Both halves of a stream.
pub(crate) fn halves<S>(stream: S) -> (Half<S>, Half<S>) {
    let stream = Arc::new(stream);
    (Half(Arc::clone(&stream)), Half(stream))
}

impl<S> Read for Half<S>
where
    for<'a> &'a S: Read,
{
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        (&*self.0).read(into)
    }
}

impl<S> Write for Half<S>
where
    for<'a> &'a S: Write,
{
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        (&*self.0).write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        (&*self.0).flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_daemon_that_hangs_is_not_waited_for() {
        let (from_daemon, to) = io::pipe().unwrap();
        let (mut from, to_daemon) = io::pipe().unwrap();
        let failure = Connection::open(from_daemon, to_daemon, Duration::from_millis(50)).err().unwrap();
        assert!(failure.kind == FailureKind::Connection && failure.message.contains("does not answer"), "{failure}");
        // When it wakes up it hears that nobody waits any more.
        let (mut hello, mut rest) = ([0; 10], Vec::new());
        from.read_exact(&mut hello).unwrap();
        handshake::answer(&mut Sides(&hello[..], &to), &handshake::VERSIONS).unwrap();
        assert_eq!(from.read_to_end(&mut rest).unwrap(), 0);
    }
}
