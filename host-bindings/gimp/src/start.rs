//! How GIMP starts a plug-in, and which GIMP it was.
#![expect(unsafe_code, reason = "the pipes to GIMP come as numbers")]

use std::ffi::OsString;
use std::process::ExitCode;

use crate::arguments::Arguments;
use crate::guard::log_error;
use crate::host::Version;
use crate::procedure::Plugin;
use crate::{v2, v3};

/// Hands the program over to the GIMP that started it; to be called by `main`. Started by hand, it prints [`About::usage`](crate::About::usage).
pub fn run(plugin: &'static dyn Plugin) -> ExitCode {
    let arguments: Vec<OsString> = std::env::args_os().collect();
    let Some(version) = version(&arguments) else {
        eprintln!("{}", plugin.about().usage);
        return ExitCode::FAILURE;
    };
    keep_pipes(&arguments, version);
    let status = Arguments::new(arguments).and_then(|arguments| match version {
        Version::V2 => v2::run(plugin, &arguments),
        Version::V3 => v3::run(plugin, &arguments),
    });
    match status {
        Ok(status) => ExitCode::from(status as u8),
        Err(error) => {
            log_error(&error.to_string());
            ExitCode::FAILURE
        }
    }
}

/// Keeps the pipes to GIMP from programs that the plug-in starts: a daemon that held them would make GIMP wait for a plug-in that has ended.
#[cfg(unix)]
fn keep_pipes(arguments: &[OsString], version: Version) {
    use rustix::io::{FdFlags, fcntl_setfd};

    let first = match version {
        Version::V2 => 2,
        Version::V3 => 3,
    };
    let numbers = arguments.iter().skip(first).take(2).filter_map(|argument| argument.to_str()?.parse().ok());
    for number in numbers.filter(|number| *number > 2) {
        // SAFETY: GIMP opened it for this program, and nothing has closed it yet; where it is not open after all, the call says so and does nothing.
        let pipe = unsafe { std::os::fd::BorrowedFd::borrow_raw(number) };
        // Without it everything works but for that wait.
        let _ = fcntl_setfd(pipe, FdFlags::CLOEXEC);
    }
}

#[cfg(not(unix))]
fn keep_pipes(_: &[OsString], _: Version) {}

/// GIMP 2.10 passes `-gimp READ WRITE -run MODE`; GIMP 3 puts the number of its protocol before READ.
fn version(arguments: &[OsString]) -> Option<Version> {
    let is_task =
        |index: usize| arguments.get(index).is_some_and(|argument| ["-query", "-init", "-run"].iter().any(|task| argument == task));
    if arguments.get(1)? != "-gimp" {
        None
    } else if is_task(4) {
        Some(Version::V2)
    } else {
        is_task(5).then_some(Version::V3)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version_of(line: &str) -> Option<Version> {
        version(&line.split(' ').map(OsString::from).collect::<Vec<_>>())
    }

    #[test]
    fn the_version_is_seen_in_the_arguments() {
        assert_eq!(version_of("p -gimp 11 12 -query 0"), Some(Version::V2));
        assert_eq!(version_of("p -gimp 11 12 -run 0"), Some(Version::V2));
        assert_eq!(version_of("p -gimp 277 11 12 -init 0"), Some(Version::V3));
        assert_eq!(version_of("p -gimp 277 11 12 -run 0"), Some(Version::V3));
    }

    #[test]
    fn other_command_lines_are_not_gimps() {
        for line in ["p", "p --help", "p -gimp", "p -gimp 1 2", "p 1 2 3 -run 0", "p -gimp 1 2 3 4 -run"] {
            assert_eq!(version_of(line), None, "{line}");
        }
    }
}
