//! Starts a host without a window to ask it about the plug-in, and ends it.

use std::io::{self, Read as _, Seek as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::{Failure, FailureKind};

/// How a program ended.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    /// By itself.
    Ended,
    /// It took too long.
    Late,
    /// The user did not want to wait.
    Cancelled,
}

/// Runs a program to its end, or ends it after `patience` or on `stop`; gives its output and errors together.
pub(crate) fn output_of(command: &mut Command, patience: Duration, stop: &dyn Fn() -> bool) -> io::Result<(Ending, String)> {
    // A file and no pipe: a process that the program leaves behind may hold a pipe open.
    let mut output = tempfile::tempfile()?;
    command.stdin(Stdio::null()).stdout(output.try_clone()?).stderr(output.try_clone()?);
    let mut child = start(command)?;
    let begun = Instant::now();
    let ending = loop {
        if child.try_wait()?.is_some() {
            break Ending::Ended;
        }
        let ending = match (stop(), begun.elapsed() > patience) {
            (true, _) => Ending::Cancelled,
            (_, true) => Ending::Late,
            _ => {
                thread::sleep(Duration::from_millis(20));
                continue;
            }
        };
        end(&mut child);
        break ending;
    };
    output.rewind()?;
    let mut bytes = Vec::new();
    output.read_to_end(&mut bytes)?;
    Ok((ending, String::from_utf8_lossy(&bytes).into_owned()))
}

/// Starts a program that [`end`] ends.
pub(crate) fn start(command: &mut Command) -> io::Result<Child> {
    // A host starts other programs, such as plug-ins: a group of their own lets all of them be ended together.
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(command, 0);
    command.spawn()
}

/// Ends a program and all that it started.
pub(crate) fn end(child: &mut Child) {
    #[cfg(unix)]
    if let Some(group) = i32::try_from(child.id()).ok().and_then(rustix::process::Pid::from_raw) {
        let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
    }
    let _ = child.kill();
    let _ = child.wait();
}

/// Why a host gave no answer.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum NoAnswer {
    /// It ended; the last line of its output.
    Silent(String),
    /// It took longer than it may.
    Late,
    /// It cannot be started, and why.
    Fails(String),
    /// The user does not want to wait.
    Cancelled,
}

impl NoAnswer {
    /// A host that ended with this output and no answer in it.
    pub(crate) fn silent(output: &str) -> Self {
        let last = output.lines().rfind(|line| !line.trim().is_empty());
        Self::Silent(last.unwrap_or("it said nothing").trim().to_owned())
    }

    /// The error, of the `host` with this name and version; `menu` is where its window shows D-Edit.
    pub(crate) fn failure(self, host: &str, program: &Path, patience: Duration, menu: &str) -> Failure {
        let (message, hint) = match self {
            Self::Cancelled => return Failure::new(FailureKind::Cancelled, "cancelled"),
            Self::Late => (
                format!("{host} gave no answer within {} s", patience.as_secs()),
                format!("give it more time with --patience, or start it and look for D-Edit in its menu {menu}"),
            ),
            Self::Fails(why) => {
                (format!("{} cannot be started ({why})", program.display()), "repair it, or leave this out with --no-check".to_owned())
            }
            Self::Silent(last) => (
                format!("{host} ended without an answer ({last})"),
                format!("start {} in a terminal and see what it says", program.display()),
            ),
        };
        Failure::new(FailureKind::Connection, message).hint(hint)
    }
}
