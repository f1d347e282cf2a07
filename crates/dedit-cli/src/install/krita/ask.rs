//! Asks Krita itself, without a window, whether it imports D-Edit.

use std::cell::Cell;
use std::env;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use serde::Deserialize;

use super::display::Display;
use crate::install::listen::{Ending, listen};

/// What Krita is given to run, in a file of that name with a function of that name.
const MODULE: &str = "dedit_check";
const FUNCTION: &str = "answer";
const CHECK: &str = include_str!("check.py");
/// How long Krita may take to end after its answer; it does not always.
const GRACE: Duration = Duration::from_secs(5);

/// What Krita's Python says.
#[derive(Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(super) struct Told {
    /// The versions, as far as it came to them.
    pub(super) krita: Option<String>,
    pub(super) python: Option<String>,
    pub(super) qt: Option<String>,
    pub(super) plugin: Option<String>,
    /// Whether there is what the plug-in speaks with the daemon by.
    network: bool,
    problem: Option<String>,
}

/// What came of asking.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Answer {
    Imports(Told),
    /// And why.
    ImportsNot(String),
    /// The part of Qt's module for Python that is missing.
    Lacks(&'static str),
    /// It reaches no window system; its words.
    NoDisplay(String),
    /// It ended without an answer; its last line.
    Silent(String),
    /// It took longer than it may.
    Late,
    /// It cannot be started.
    Fails(String),
    /// The user does not want to know any more.
    Cancelled,
}

/// Asks the Krita of this program about the plug-in among these modules.
pub(super) fn ask(runner: &Path, modules: &Path, display: &Display, patience: Duration, stop: &dyn Fn() -> bool) -> Answer {
    match run(runner, modules, display, patience, stop) {
        Err(error) => Answer::Fails(error.to_string()),
        // However it ends: it may crash then, or stay.
        Ok((_, said, Some(told))) => understood(told, &said),
        Ok((Ending::Cancelled, ..)) => Answer::Cancelled,
        Ok((Ending::Late, ..)) => Answer::Late,
        Ok((Ending::Ended, said, None)) => unanswered(&said),
    }
}

/// How Krita ended, what it said, and its answer.
fn run(
    runner: &Path,
    modules: &Path,
    display: &Display,
    patience: Duration,
    stop: &dyn Fn() -> bool,
) -> io::Result<(Ending, String, Option<Told>)> {
    let folder = tempfile::tempdir()?;
    fs::write(folder.path().join(format!("{MODULE}.py")), CHECK)?;
    let mut folders = vec![folder.path().to_path_buf(), modules.to_path_buf()];
    folders.extend(env::var_os("PYTHONPATH").iter().flat_map(env::split_paths).filter(|folder| *folder != PathBuf::new()));
    let mut command = Command::new(runner);
    command.args(["-s", MODULE, "-f", FUNCTION]);
    command.env("PYTHONPATH", env::join_paths(folders).map_err(io::Error::other)?).env("PYTHONDONTWRITEBYTECODE", "1");
    display.lend(&mut command);
    let answer = folder.path().join("answer");
    let answered = Cell::new(None);
    let is_over = || {
        if answered.get().is_none() && answer.is_file() {
            answered.set(Some(Instant::now()));
        }
        answered.get().is_some_and(|at| at.elapsed() > GRACE) || stop()
    };
    let (ending, said) = listen(&mut command, patience, &is_over)?;
    let told = fs::read(&answer).ok().and_then(|line| serde_json::from_slice(&line).ok());
    Ok((ending, said, told))
}

fn understood(told: Told, said: &str) -> Answer {
    match told.problem {
        Some(problem) => missing(&problem).or_else(|| missing(said)).map_or(Answer::ImportsNot(problem), Answer::Lacks),
        None if !told.network => Answer::Lacks("QtNetwork"),
        None => Answer::Imports(told),
    }
}

fn unanswered(said: &str) -> Answer {
    if let Some(missing) = missing(said) {
        return Answer::Lacks(missing);
    }
    let display = said.lines().find(|line| line.contains("could not connect to display") || line.contains("no Qt platform plugin"));
    if let Some(line) = display {
        return Answer::NoDisplay(line.trim().to_owned());
    }
    let last = said.lines().rfind(|line| !line.trim().is_empty());
    Answer::Silent(last.unwrap_or("it said nothing").trim().to_owned())
}

/// Krita's own module is made of Qt's, so that without these it runs no script at all.
fn missing(said: &str) -> Option<&'static str> {
    ["PyQt5", "PyQt6"].into_iter().rfind(|module| said.contains(&format!("No module named '{module}")))
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    /// What a Krita answers that does this, and how long it takes.
    fn answer(does: &str, stop: bool) -> (Answer, Duration) {
        let scratch = tempfile::tempdir().unwrap();
        let path = scratch.path().join("kritarunner");
        let tell = r#"tell() { test -f "${PYTHONPATH%%:*}/$2.py" && echo "$5" > "${PYTHONPATH%%:*}/answer"; }"#;
        fs::write(&path, format!("#!/bin/sh\n{tell}\n{}\n", does.replace("tell ", "tell \"$@\" "))).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        let begun = Instant::now();
        let patience = Duration::from_millis(1500);
        (ask(&path, Path::new("/modules"), &Display::Present, patience, &|| stop), begun.elapsed())
    }

    #[test]
    fn what_krita_says_is_understood() {
        let all = r#"{"krita":"5.2.9","python":"3.11.2","qt":"5.15.8","network":true,"plugin":"0.1.0"}"#;
        let told = || Answer::Imports(serde_json::from_str(all).unwrap());
        for (does, expected) in [
            (format!("tell '{all}'"), told()),
            (format!("test \"${{PYTHONPATH#*:}}\" = /modules && tell '{all}'; kill -SEGV $$"), told()),
            (r#"tell '{"problem":"SyntaxError: what"}'"#.to_owned(), Answer::ImportsNot("SyntaxError: what".to_owned())),
            (r#"tell "{\"problem\":\"ModuleNotFoundError: No module named 'PyQt5.sip'\"}""#.to_owned(), Answer::Lacks("PyQt5")),
            (r#"tell '{"krita":"5.2.9","plugin":"0.1.0"}'"#.to_owned(), Answer::Lacks("QtNetwork")),
            (r#"echo "krita.scripting: \"No module named 'PyQt5'\"" >&2; echo aborting; exit 1"#.to_owned(), Answer::Lacks("PyQt5")),
            (
                "echo 'qt.qpa.xcb: could not connect to display :7'; echo more; exit 1".to_owned(),
                Answer::NoDisplay("qt.qpa.xcb: could not connect to display :7".to_owned()),
            ),
            ("echo all; echo wrong; echo".to_owned(), Answer::Silent("wrong".to_owned())),
            ("exit 70".to_owned(), Answer::Silent("it said nothing".to_owned())),
            ("tell 'no answer'".to_owned(), Answer::Silent("it said nothing".to_owned())),
        ] {
            assert_eq!(answer(&does, false).0, expected, "{does}");
        }
        let absent = ask(Path::new("/absent"), Path::new("/modules"), &Display::Present, GRACE, &|| false);
        assert!(matches!(absent, Answer::Fails(_)), "{absent:?}");
    }

    #[test]
    fn a_krita_that_hangs_is_ended_whether_it_answered_or_not() {
        let (said, took) = answer("sleep 60", false);
        assert_eq!(said, Answer::Late);
        assert!(took < Duration::from_secs(20), "{took:?}");
        let (said, took) = answer(r#"tell '{"network":true}'; sleep 60"#, false);
        assert_eq!(said, Answer::Imports(Told { network: true, ..Told::default() }));
        assert!(took < Duration::from_secs(20), "{took:?}");
        assert_eq!(answer("sleep 60", true).0, Answer::Cancelled);
    }
}
