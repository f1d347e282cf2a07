//! A daemon is started.

use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use dedit_protocol::{Failure, FailureKind};

use crate::program::{PROGRAM_VARIABLE, Program};

/// How long a daemon may take until it can be reached.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);
/// Between two attempts to reach it.
const PAUSE: Duration = Duration::from_millis(20);
/// How long one that runs already, and whose socket somebody removed, may take to put it back.
const RETURN: Duration = Duration::from_secs(2);
/// Of what a daemon that failed has said, the last bytes are told.
const TOLD: u64 = 1000;

/// Starts a daemon and reaches it; to be called by the holder of the lock for starting alone.
///
/// # Errors
/// `Connection` where it cannot be started, ends, or cannot be reached in time.
pub(crate) fn start<S>(
    program: &Program,
    socket: &Path,
    patience: Duration,
    reach: impl Fn() -> Result<Option<S>, Failure>,
) -> Result<S, Failure> {
    // Not a pipe: the daemon lives on when nobody reads it any more.
    let words = tempfile::tempfile().ok();
    let mut child = command(program, socket, words.as_ref()).spawn().map_err(|error| {
        Failure::new(FailureKind::Connection, format!("the D-Edit daemon cannot be started ({error})"))
            .at(&program.executable)
            .hint(format!("install D-Edit, or name its program with {PROGRAM_VARIABLE}"))
    })?;
    let deadline = Instant::now() + patience;
    let mut ended = None;
    loop {
        ended = ended.or_else(|| Some((child.try_wait().ok().flatten()?, Instant::now())));
        let reached = reach();
        if let Ok(Some(stream)) = reached {
            await_in_peace(child);
            return Ok(stream);
        }
        // One that gives way to another has ended too: that other one is found before this is a failure.
        if let Some((status, since)) = ended
            && since.elapsed() >= RETURN
        {
            return Err(reached.err().unwrap_or_else(|| has_ended(program, status, words)));
        }
        if Instant::now() >= deadline {
            await_in_peace(child);
            return Err(reached.err().unwrap_or_else(|| is_late(program, patience)));
        }
        thread::sleep(PAUSE);
    }
}

fn command(program: &Program, socket: &Path, words: Option<&File>) -> Command {
    let mut command = Command::new(&program.executable);
    command.args(&program.arguments).arg("--socket").arg(socket);
    let words = words.and_then(|words| words.try_clone().ok());
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(words.map_or_else(Stdio::null, Stdio::from));
    detach(&mut command);
    command
}

/// Keeps what ends this process in a terminal from ending the daemon.
#[cfg(unix)]
fn detach(command: &mut Command) {
    std::os::unix::process::CommandExt::process_group(command, 0);
}

/// Keeps what ends this process in a console from ending the daemon, and opens no window.
#[cfg(windows)]
fn detach(command: &mut Command) {
    const CREATE_NEW_PROCESS_GROUP: u32 = 0x0000_0200;
    const CREATE_NO_WINDOW: u32 = 0x0800_0000;
    std::os::windows::process::CommandExt::creation_flags(command, CREATE_NEW_PROCESS_GROUP | CREATE_NO_WINDOW);
}

/// A process that ended stays in the system's table until somebody has asked how.
fn await_in_peace(mut child: Child) {
    // Without a thread it stays there until this process ends: no reason to fail.
    let _ = thread::Builder::new().name("dedit-daemon".to_owned()).spawn(move || child.wait());
}

fn has_ended(program: &Program, status: ExitStatus, words: Option<File>) -> Failure {
    let words = words.and_then(|words| last_words(words).ok()).filter(|words| !words.is_empty());
    let said = words.map(|words| format!(" and said '{words}'")).unwrap_or_default();
    let told = format!("the D-Edit daemon ended as soon as it was started ({status}){said}");
    Failure::new(FailureKind::Connection, told).at(&program.executable).hint("`dedit daemon start --foreground` shows more")
}

fn last_words(mut file: File) -> io::Result<String> {
    let length = file.seek(SeekFrom::End(0))?;
    file.seek(SeekFrom::Start(length.saturating_sub(TOLD)))?;
    let mut words = Vec::new();
    file.take(TOLD).read_to_end(&mut words)?;
    Ok(String::from_utf8_lossy(&words).trim().to_owned())
}

fn is_late(program: &Program, patience: Duration) -> Failure {
    let told = format!("the D-Edit daemon was started and cannot be reached after {} s", patience.as_secs());
    Failure::new(FailureKind::Connection, told)
        .at(&program.executable)
        .hint("try again in a while; `dedit daemon start --foreground` shows what it does")
}

#[cfg(all(test, unix))]
mod tests {
    use std::ffi::OsString;

    use super::*;

    #[test]
    fn a_daemon_that_takes_too_long_is_left_to_itself() {
        let program = Program { executable: "/bin/sh".into(), arguments: ["-c", "sleep 1"].map(OsString::from).to_vec() };
        let begun = Instant::now();
        let patience = Duration::from_millis(50);
        let failure = start::<()>(&program, Path::new("any"), patience, || Ok(None)).unwrap_err();
        assert!(begun.elapsed() >= patience && failure.message.contains("was started and cannot be reached"), "{failure}");
        let unreachable = Failure::new(FailureKind::Connection, "another user's");
        let failure = start::<()>(&program, Path::new("any"), patience, || Err(unreachable.clone())).unwrap_err();
        assert_eq!(failure, unreachable);
    }

    #[test]
    fn a_daemon_that_gave_way_to_another_is_no_failure() {
        let program = Program { executable: "/bin/sh".into(), arguments: ["-c", "exit 1"].map(OsString::from).to_vec() };
        let begun = Instant::now();
        let other = || Ok((begun.elapsed() > Duration::from_millis(1)).then_some("the other"));
        assert_eq!(start(&program, Path::new("any"), PATIENCE, other).unwrap(), "the other");
    }
}
