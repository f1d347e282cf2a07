//! Asks GIMP itself, without a window, whether it knows D-Edit.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use super::programs::Program;
use crate::install::listen::{Ending, listen};

/// A procedure that only the plug-in has. Scripts know procedures by their names, in GIMP 2.10 and in GIMP 3 alike. GIMP repeats scripts in what it says
/// of errors: the answer is put together, and so is no part of them.
const SCRIPT: &str = r#"(gimp-message (string-append "dedit" "-is-known:" (if (defined? 'plug-in-dedit-status) "yes" "no")))"#;
const YES: &str = "dedit-is-known:yes";
const NO: &str = "dedit-is-known:no";

/// What GIMP says.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Answer {
    Knows,
    /// With what it says of the plug-in besides.
    KnowsNot(Option<String>),
    /// It ended without an answer; its last line.
    Silent(String),
    /// It took longer than it may.
    Late,
    /// It cannot be started.
    Fails(String),
    /// The user does not want to know any more.
    Cancelled,
}

/// Asks GIMP with this profile, which it makes if it is not there.
pub(super) fn ask(program: &Program, profile: &Path, patience: Duration, stop: &dyn Fn() -> bool) -> Answer {
    let mut command = Command::new(&program.path);
    command.env(program.version.variable(), profile).args(["-i", "-d", "-f"]);
    // GIMP 2.10 ends by no option, and not at all where the end is within a script that fails.
    if program.version.major == 2 {
        command.args(["-b", SCRIPT, "-b", "(gimp-quit 0)"]);
    } else {
        command.args(["--quit", "--batch-interpreter=plug-in-script-fu-eval", "-b", SCRIPT]);
    }
    // Neither says by its exit code how a script went.
    match listen(&mut command, patience, stop) {
        Err(error) => Answer::Fails(error.to_string()),
        Ok((Ending::Cancelled, _)) => Answer::Cancelled,
        Ok((_, said)) if said.contains(YES) => Answer::Knows,
        Ok((_, said)) if said.contains(NO) => {
            let about = said.lines().find(|line| line.contains("dedit") && !line.contains(NO));
            Answer::KnowsNot(about.map(|line| line.trim().to_owned()))
        }
        Ok((Ending::Late, _)) => Answer::Late,
        Ok((Ending::Ended, said)) => {
            let last = said.lines().rfind(|line| !line.trim().is_empty());
            Answer::Silent(last.unwrap_or("it said nothing").trim().to_owned())
        }
    }
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt as _;
    use std::thread;
    use std::time::Instant;

    use super::super::profiles::Version;
    use super::*;

    /// What a GIMP answers that does this, and how long it takes.
    fn answer(version: &str, does: &str, stop: bool) -> (Answer, Duration) {
        let scratch = tempfile::tempdir().unwrap();
        let path = scratch.path().join("gimp");
        fs::write(&path, format!("#!/bin/sh\n{does}\n")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        let program = Program { path, version: Version::parse(version).unwrap() };
        let begun = Instant::now();
        (ask(&program, Path::new("/profile"), Duration::from_millis(1500), &|| stop), begun.elapsed())
    }

    #[test]
    fn what_gimp_says_is_understood() {
        let last = || "it said nothing".to_owned();
        for (does, expected) in [
            ("echo script-fu-Warning: dedit-is-known:yes >&2", Answer::Knows),
            ("echo dedit-is-known:no; exit 0", Answer::KnowsNot(None)),
            ("echo ' dedit-gimp: not found' >&2; echo dedit-is-known:no", Answer::KnowsNot(Some("dedit-gimp: not found".to_owned()))),
            (r#"echo "Error: $*""#, Answer::Silent(format!("Error: -i -d -f -b {SCRIPT} -b (gimp-quit 0)"))),
            ("exit 70", Answer::Silent(last())),
            ("echo no answer; exit 1", Answer::Silent("no answer".to_owned())),
        ] {
            assert_eq!(answer("2.10", does, false).0, expected, "{does}");
        }
        let three = r#"test "$GIMP3_DIRECTORY" = /profile -a "$4" = --quit && echo dedit-is-known:yes"#;
        assert_eq!(answer("3.0", three, false).0, Answer::Knows);
        assert_eq!(answer("2.10", r#"test "$GIMP2_DIRECTORY" = /profile && echo dedit-is-known:yes"#, false).0, Answer::Knows);
        let absent = Program { path: "/absent".into(), version: Version::GIMP_2 };
        assert!(matches!(ask(&absent, Path::new("/profile"), Duration::from_secs(1), &|| false), Answer::Fails(_)));
    }

    #[test]
    fn a_gimp_that_hangs_is_ended_with_all_that_it_started() {
        let scratch = tempfile::tempdir().unwrap();
        let alive = scratch.path().join("alive");
        let does = format!("(sleep 4; touch {}) & sleep 60", alive.display());
        let (said, took) = answer("2.10", &does, false);
        assert_eq!(said, Answer::Late);
        assert!(took < Duration::from_secs(20), "{took:?}");
        assert_eq!(answer("2.10", "echo dedit-is-known:yes; sleep 60", false).0, Answer::Knows, "it need not end well");
        assert_eq!(answer("3.0", "sleep 60", true).0, Answer::Cancelled);
        thread::sleep(Duration::from_secs(4));
        assert!(!alive.exists(), "what it started goes on");
    }
}
