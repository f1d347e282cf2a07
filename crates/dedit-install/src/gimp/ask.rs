//! Asks GIMP itself, without a window, whether it knows D-Edit.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use super::programs::Program;
use crate::process::{Ending, NoAnswer, output_of};

/// Looks for a procedure that only the plug-in has, by its name in scripts, which is the same in GIMP 2.10 and GIMP 3. The answer is joined from two
/// parts because GIMP repeats scripts in its error messages: the script itself must not look like an answer.
const SCRIPT: &str = r#"(gimp-message (string-append "dedit" "-is-known:" (if (defined? 'plug-in-dedit-status) "yes" "no")))"#;
const YES: &str = "dedit-is-known:yes";
const NO: &str = "dedit-is-known:no";

/// Whether GIMP knows D-Edit.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Answer {
    Knows,
    /// With the line of GIMP's output that is about the plug-in, if there is one.
    KnowsNot(Option<String>),
}

/// Asks GIMP with this profile, which GIMP creates if it does not exist.
pub(super) fn ask(program: &Program, profile: &Path, patience: Duration, stop: &dyn Fn() -> bool) -> Result<Answer, NoAnswer> {
    let mut command = Command::new(&program.path);
    command.env(program.version.variable(), profile).args(["-i", "-d", "-f"]);
    // GIMP 2.10 has no option to end, and does not end at all if a script that fails was to do it: a second script does.
    if program.version.major == 2 {
        command.args(["-b", SCRIPT, "-b", "(gimp-quit 0)"]);
    } else {
        command.args(["--quit", "--batch-interpreter=plug-in-script-fu-eval", "-b", SCRIPT]);
    }
    // The exit code of neither tells how a script went.
    let (ending, output) = output_of(&mut command, patience, stop).map_err(|error| NoAnswer::Fails(error.to_string()))?;
    if ending == Ending::Cancelled {
        return Err(NoAnswer::Cancelled);
    }
    if output.contains(YES) {
        return Ok(Answer::Knows);
    }
    if output.contains(NO) {
        let about = output.lines().find(|line| line.contains("dedit") && !line.contains(NO));
        return Ok(Answer::KnowsNot(about.map(|line| line.trim().to_owned())));
    }
    Err(if ending == Ending::Late { NoAnswer::Late } else { NoAnswer::silent(&output) })
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use std::thread;
    use std::time::Instant;

    use super::super::version::Version;
    use super::*;
    use crate::testing::script;

    /// The answer of a GIMP that is this script, and how long it took.
    fn answer(version: &str, does: &str, stop: bool) -> (Result<Answer, NoAnswer>, Duration) {
        let scratch = tempfile::tempdir().unwrap();
        let path = scratch.path().join("gimp");
        script(&path, does);
        let program = Program { path, version: Version::parse(version).unwrap() };
        let begun = Instant::now();
        (ask(&program, Path::new("/profile"), Duration::from_millis(1500), &|| stop), begun.elapsed())
    }

    #[test]
    fn the_answer_is_found_in_the_output() {
        let last = || "it said nothing".to_owned();
        for (does, expected) in [
            ("echo script-fu-Warning: dedit-is-known:yes >&2", Ok(Answer::Knows)),
            ("echo dedit-is-known:no; exit 0", Ok(Answer::KnowsNot(None))),
            ("echo ' dedit-gimp: not found' >&2; echo dedit-is-known:no", Ok(Answer::KnowsNot(Some("dedit-gimp: not found".to_owned())))),
            (r#"echo "Error: $*""#, Err(NoAnswer::Silent(format!("Error: -i -d -f -b {SCRIPT} -b (gimp-quit 0)")))),
            ("exit 70", Err(NoAnswer::Silent(last()))),
            ("echo no answer; exit 1", Err(NoAnswer::Silent("no answer".to_owned()))),
        ] {
            assert_eq!(answer("2.10", does, false).0, expected, "{does}");
        }
        let three = r#"test "$GIMP3_DIRECTORY" = /profile -a "$4" = --quit && echo dedit-is-known:yes"#;
        assert_eq!(answer("3.0", three, false).0, Ok(Answer::Knows));
        assert_eq!(answer("2.10", r#"test "$GIMP2_DIRECTORY" = /profile && echo dedit-is-known:yes"#, false).0, Ok(Answer::Knows));
        let absent = Program { path: "/absent".into(), version: Version::GIMP_2 };
        assert!(matches!(ask(&absent, Path::new("/profile"), Duration::from_secs(1), &|| false), Err(NoAnswer::Fails(_))));
    }

    #[test]
    fn a_gimp_that_hangs_is_ended_with_all_that_it_started() {
        let scratch = tempfile::tempdir().unwrap();
        let alive = scratch.path().join("alive");
        let does = format!("(sleep 4; touch {}) & sleep 60", alive.display());
        let (answered, took) = answer("2.10", &does, false);
        assert_eq!(answered, Err(NoAnswer::Late));
        assert!(took < Duration::from_secs(20), "{took:?}");
        assert_eq!(
            answer("2.10", "echo dedit-is-known:yes; sleep 60", false).0,
            Ok(Answer::Knows),
            "the answer counts although it hangs then"
        );
        assert_eq!(answer("3.0", "sleep 60", true).0, Err(NoAnswer::Cancelled));
        thread::sleep(Duration::from_secs(4));
        assert!(!alive.exists(), "a process that it started goes on");
    }
}
