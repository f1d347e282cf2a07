//! Runs a host to hear what it says.

use std::io::{self, Read as _, Seek as _};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// How a program ended.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Ending {
    Ended,
    Late,
    Cancelled,
}

/// Runs a program to its end, or ends it when its time is up; gives all that it said.
pub(super) fn listen(command: &mut Command, patience: Duration, stop: &dyn Fn() -> bool) -> io::Result<(Ending, String)> {
    // No pipe: what the program leaves behind may hold it open.
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
    let mut said = Vec::new();
    output.read_to_end(&mut said)?;
    Ok((ending, String::from_utf8_lossy(&said).into_owned()))
}

/// Starts a program that [`end`] ends.
pub(super) fn start(command: &mut Command) -> io::Result<Child> {
    // A host starts others, such as plug-ins: all of them are ended together.
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(command, 0);
    command.spawn()
}

/// Ends a program, with all that it started.
pub(super) fn end(child: &mut Child) {
    #[cfg(unix)]
    if let Some(group) = i32::try_from(child.id()).ok().and_then(rustix::process::Pid::from_raw) {
        let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
    }
    let _ = child.kill();
    let _ = child.wait();
}
