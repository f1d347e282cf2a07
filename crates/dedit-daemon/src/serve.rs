//! Serves clients: at a socket, or over any two streams.

use std::io::{BufReader, Read, Write};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use dedit_protocol::handshake::{VERSIONS, answer};
use dedit_protocol::socket::Bound;
use dedit_protocol::{Failure, FailureKind};
use interprocess::local_socket::Stream;
use interprocess::local_socket::prelude::*;

use crate::connection::Connection;
use crate::daemon::Daemon;

/// Most clients at a time.
const MOST_CLIENTS: usize = 512;
/// How long the handshake of a client may take.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// How long a client may take to read a part of what it is sent.
const SLOWEST: Duration = Duration::from_secs(120);
/// The pause after the socket failed to accept a client.
const RETRY: Duration = Duration::from_millis(100);

impl Daemon {
    /// Serves one client over two streams until it disconnects.
    pub fn converse(self: &Arc<Self>, reader: impl Read, writer: impl Write + Send + 'static) {
        let (mut reader, mut writer) = (reader, writer);
        if let Ok(Some(_)) = answer(&mut Both { reader: &mut reader, writer: &mut writer }, &VERSIONS) {
            Connection::serve(self, reader, writer);
        }
    }

    /// Listens at a socket until [`Self::end`] is called, or there were no clients and no jobs for as long as the settings say.
    ///
    /// # Errors
    /// `Connection` where the socket breaks.
    pub fn run(self: &Arc<Self>, mut socket: Bound) -> Result<(), Failure> {
        self.log.write("started", &format!("{} at {}", env!("CARGO_PKG_VERSION"), socket.path().display()));
        self.listens_at(socket.path());
        let mut last_needed = Instant::now();
        let mut broken = None;
        while !self.is_ending() {
            match socket.accept() {
                Ok(Some(stream)) if !self.is_ending() => self.accept(stream),
                Ok(_) => {}
                Err(error) => {
                    self.log.write("socket", &error.to_string());
                    // Too many open files, for example, until clients disconnect.
                    thread::sleep(RETRY);
                    if self.clients.count() == 0 {
                        broken = Some(Failure::new(FailureKind::Connection, format!("the daemon's socket is broken ({error})")));
                        break;
                    }
                }
            }
            if self.clients.count() > 0 || !self.sessions.is_idle() || !self.fetches.running().is_empty() {
                last_needed = Instant::now();
            } else if last_needed.elapsed() > self.exit_after() {
                self.log.write("idle", "nobody needed it");
                break;
            }
        }
        self.close();
        drop(socket);
        self.log.write("ended", "");
        broken.map_or(Ok(()), Err)
    }

    fn accept(self: &Arc<Self>, stream: Stream) {
        if self.clients.count() >= MOST_CLIENTS {
            return self.log.write("refused", "too many clients");
        }
        let daemon = self.clone();
        // Without a thread this client's connection is closed; the others stay.
        if let Err(error) = thread::Builder::new().name("client".to_owned()).spawn(move || daemon.serve(stream)) {
            self.log.write("refused", &format!("no thread for a client ({error})"));
        }
    }

    fn serve(self: Arc<Self>, mut stream: Stream) {
        // Where timeouts are not supported, a silent client occupies a thread.
        let _ = stream.set_recv_timeout(Some(HANDSHAKE));
        let _ = stream.set_send_timeout(Some(SLOWEST));
        match answer(&mut stream, &VERSIONS) {
            Ok(Some(_)) => {
                let _ = stream.set_recv_timeout(None);
                let stream = Arc::new(stream);
                Connection::serve(&self, BufReader::with_capacity(1 << 16, Half(stream.clone())), Half(stream));
            }
            Ok(None) => self.log.write("refused", "a client of another version"),
            Err(error) => self.log.write("refused", &format!("no client ({error})")),
        }
    }
}

/// A stream shared by the thread that reads and the one that writes.
struct Half(Arc<Stream>);

impl Read for Half {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        (&*self.0).read(into)
    }
}

impl Write for Half {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        (&*self.0).write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        (&*self.0).flush()
    }
}

/// Two streams as one.
struct Both<'a, R, W> {
    reader: &'a mut R,
    writer: &'a mut W,
}

impl<R: Read, W> Read for Both<'_, R, W> {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        self.reader.read(into)
    }
}

impl<R, W: Write> Write for Both<'_, R, W> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.writer.write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.writer.flush()
    }
}
