//! A client of the daemon.

use std::fmt;
use std::fs::File;
use std::io::{self, Read, Write};
use std::ops::ControlFlow;
use std::path::Path;
use std::time::Instant;

use dedit_protocol::answer::Welcome;
use dedit_protocol::event::{SessionInfo, read};
use dedit_protocol::request::Hello;
use dedit_protocol::{Ask, Blob, Event, Failure, FailureKind, socket};

use crate::call::Call;
use crate::connection::{Connection, GREETING, halves, silent};
use crate::program::Program;
use crate::start;

/// A client of the daemon. Any number of threads may use it at once; when it is dropped it says goodbye.
pub struct Client {
    connection: Connection,
    welcome: Welcome,
}

impl Client {
    /// Over any two halves of a connection: a socket's, or those of two pipes to a daemon in another thread.
    ///
    /// # Errors
    /// `Connection` where the other side is no daemon, does not answer, or speaks no version that this side speaks; what it says where it refuses.
    pub fn over(reader: impl Read + Send + 'static, writer: impl Write + Send + 'static, hello: &Hello) -> Result<Self, Failure> {
        let connection = Connection::open(reader, writer, GREETING)?;
        let welcome = welcomed(Call::begin(&connection, hello.clone(), Vec::new())?)?;
        Ok(Self { connection, welcome })
    }

    /// Connects to the daemon at a socket.
    ///
    /// # Errors
    /// `Connection` where none lives; else as [`over`](Self::over).
    pub fn connect(socket: &Path, hello: &Hello) -> Result<Self, Failure> {
        Self::connect_if_running(socket, hello)?.ok_or_else(|| {
            Failure::new(FailureKind::Connection, "no D-Edit daemon is running").at(socket).hint("start one with `dedit daemon start`")
        })
    }

    /// Connects to the daemon at a socket; `None` where nothing listens there.
    ///
    /// # Errors
    /// As [`over`](Self::over): a program that is no daemon may listen there.
    pub fn connect_if_running(socket: &Path, hello: &Hello) -> Result<Option<Self>, Failure> {
        socket::connect(socket)?.map(|stream| Self::on(stream, hello)).transpose()
    }

    /// Connects to the daemon at a socket, and starts one where none lives. Of many clients that do this at once exactly one starts it.
    ///
    /// # Errors
    /// `Connection` where it cannot be started, with what it said; else as [`over`](Self::over).
    pub fn connect_or_start(socket: &Path, program: &Program, hello: &Hello) -> Result<Self, Failure> {
        if let Some(stream) = socket::connect(socket)?
            && let Ok(client) = Self::on(stream, hello)
        {
            return Ok(client);
        }
        // None lives, or one that may be about to end, or was replaced since: whoever holds the lock looks again.
        let starting = socket::starting(socket)?;
        let stream = match socket::connect(socket)? {
            Some(stream) => stream,
            None => start::start(program, socket, start::PATIENCE, || socket::connect(socket))?,
        };
        // It can be reached: whoever waits for its turn to start one finds it.
        drop(starting);
        Self::on(stream, hello)
    }

    fn on<S: Send + Sync + 'static>(stream: S, hello: &Hello) -> Result<Self, Failure>
    where
        for<'a> &'a S: Read + Write,
    {
        let (reader, writer) = halves(stream);
        Self::over(reader, writer, hello)
    }

    /// Who the daemon is.
    pub fn welcome(&self) -> &Welcome {
        &self.welcome
    }

    /// An error unless the daemon can this, one of [`dedit_protocol::features`]: to be asked before a request that an older daemon would take for another.
    ///
    /// # Errors
    /// `Connection`.
    pub fn require(&self, feature: &str) -> Result<(), Failure> {
        self.welcome.require(feature)
    }

    /// Whether the daemon sees the same files as this process: it has told what it wrote into one of them.
    pub fn shares_files(&self) -> bool {
        let token = self.welcome.token.trim_end();
        !token.is_empty()
            && beginning(Path::new(&self.welcome.token_file), token.len() as u64 + 2).is_ok_and(|found| found.trim_end() == token)
    }

    /// Sends a request; its fields name `blobs` by index. Events and the answer come from the call.
    ///
    /// # Errors
    /// `Connection` when the daemon is gone; `Usage` where the request does not fit into a message.
    pub fn send<R: Ask>(&self, request: R, blobs: Vec<Blob>) -> Result<Call<'_, R::Answer>, Failure> {
        Call::begin(&self.connection, request, blobs)
    }

    /// Sends a request and waits for its answer and the answer's blobs; events before it are dropped.
    ///
    /// # Errors
    /// As [`send`](Self::send) and [`Call::finish`].
    pub fn ask<R: Ask>(&self, request: R, blobs: Vec<Blob>) -> Result<(R::Answer, Vec<Blob>), Failure> {
        self.send(request, blobs)?.finish(&mut |_| ControlFlow::Continue(()))
    }

    /// The sessions that have changed since this was last asked, whoever changed them: of each its newest state, in the order of change. Never waits.
    pub fn news(&self) -> Vec<SessionInfo> {
        self.connection.arrivals.news()
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("welcome", &self.welcome).finish_non_exhaustive()
    }
}

/// The answer to `hello`, which is as quick as the greeting before it.
fn welcomed(mut call: Call<'_, Welcome>) -> Result<Welcome, Failure> {
    let deadline = Instant::now() + GREETING;
    while let Some(event) = call.next(deadline.saturating_duration_since(Instant::now()))? {
        match event {
            Event::Finished(head, _) => return read(head).map_err(|reason| Failure::new(FailureKind::Connection, reason)),
            Event::Failed(failure) => return Err(failure),
            _ => {}
        }
    }
    Err(silent(GREETING))
}

/// The first bytes of a file. Whatever else may lie at a path that the other side named, such as a pipe, is not waited for.
fn beginning(path: &Path, bytes: u64) -> io::Result<String> {
    if !path.metadata()?.is_file() {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    let mut found = String::new();
    File::open(path)?.take(bytes).read_to_string(&mut found)?;
    Ok(found)
}
