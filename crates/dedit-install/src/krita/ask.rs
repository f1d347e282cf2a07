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
use crate::process::{Ending, NoAnswer, output_of};

/// The Python module that Krita runs, and the function in it.
const MODULE: &str = "dedit_check";
const FUNCTION: &str = "answer";
const CHECK: &str = include_str!("check.py");
/// How long Krita may take to end after its answer. It does not always end.
const GRACE: Duration = Duration::from_secs(5);

/// What Krita's Python answers.
#[derive(Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(super) struct Versions {
    pub(super) krita: Option<String>,
    pub(super) python: Option<String>,
    pub(super) qt: Option<String>,
    pub(super) plugin: Option<String>,
    /// Whether Qt's network module is there, by which the plug-in connects to the daemon.
    network: bool,
    problem: Option<String>,
}

/// Whether Krita imports the plug-in.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Answer {
    Imports(Versions),
    /// And why.
    ImportsNot(String),
    /// The part of Qt's Python module that is missing.
    Lacks(&'static str),
    /// Krita reaches no display; the line of its output about that.
    NoDisplay(String),
}

/// Asks the Krita of this program about the plug-in below `modules`.
pub(super) fn ask(
    runner: &Path,
    modules: &Path,
    display: &Display,
    patience: Duration,
    stop: &dyn Fn() -> bool,
) -> Result<Answer, NoAnswer> {
    let (ending, output, versions) = run(runner, modules, display, patience, stop).map_err(|error| NoAnswer::Fails(error.to_string()))?;
    match (ending, versions) {
        // An answer counts however Krita ends: it may crash then, or hang.
        (_, Some(versions)) => Ok(answer_of(versions, &output)),
        (Ending::Cancelled, None) => Err(NoAnswer::Cancelled),
        (Ending::Late, None) => Err(NoAnswer::Late),
        (Ending::Ended, None) => reason(&output).ok_or_else(|| NoAnswer::silent(&output)),
    }
}

/// How Krita ended, its output, and its answer.
fn run(
    runner: &Path,
    modules: &Path,
    display: &Display,
    patience: Duration,
    stop: &dyn Fn() -> bool,
) -> io::Result<(Ending, String, Option<Versions>)> {
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
    let (ending, output) = output_of(&mut command, patience, &is_over)?;
    let versions = fs::read(&answer).ok().and_then(|line| serde_json::from_slice(&line).ok());
    Ok((ending, output, versions))
}

fn answer_of(versions: Versions, output: &str) -> Answer {
    match versions.problem {
        Some(problem) => missing(&problem).or_else(|| missing(output)).map_or(Answer::ImportsNot(problem), Answer::Lacks),
        None if !versions.network => Answer::Lacks("QtNetwork"),
        None => Answer::Imports(versions),
    }
}

/// Why Krita could not run the module at all, where its output tells.
fn reason(output: &str) -> Option<Answer> {
    if let Some(missing) = missing(output) {
        return Some(Answer::Lacks(missing));
    }
    let is_about_display = |line: &&str| line.contains("could not connect to display") || line.contains("no Qt platform plugin");
    output.lines().find(is_about_display).map(|line| Answer::NoDisplay(line.trim().to_owned()))
}

/// Qt's Python module, if it is the one that is missing. Krita's own module is made of it, so that Krita runs no script without it.
fn missing(output: &str) -> Option<&'static str> {
    ["PyQt5", "PyQt6"].into_iter().rfind(|module| output.contains(&format!("No module named '{module}")))
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;
    use crate::testing::script;

    /// The answer of a Krita that is this script, and how long it took. `tell` in it writes the answer.
    fn answer(does: &str, stop: bool) -> (Result<Answer, NoAnswer>, Duration) {
        let scratch = tempfile::tempdir().unwrap();
        let path = scratch.path().join("kritarunner");
        let tell = r#"tell() { test -f "${PYTHONPATH%%:*}/$2.py" && echo "$5" > "${PYTHONPATH%%:*}/answer"; }"#;
        script(&path, &format!("{tell}\n{}", does.replace("tell ", "tell \"$@\" ")));
        let begun = Instant::now();
        let patience = Duration::from_millis(1500);
        (ask(&path, Path::new("/modules"), &Display::Present, patience, &|| stop), begun.elapsed())
    }

    #[test]
    fn the_answer_or_its_absence_is_told_apart() {
        let all = r#"{"krita":"5.2.9","python":"3.11.2","qt":"5.15.8","network":true,"plugin":"0.1.0"}"#;
        let imports = || Ok(Answer::Imports(serde_json::from_str(all).unwrap()));
        for (does, expected) in [
            (format!("tell '{all}'"), imports()),
            (format!("test \"${{PYTHONPATH#*:}}\" = /modules && tell '{all}'; kill -SEGV $$"), imports()),
            (r#"tell '{"problem":"SyntaxError: what"}'"#.to_owned(), Ok(Answer::ImportsNot("SyntaxError: what".to_owned()))),
            (r#"tell "{\"problem\":\"ModuleNotFoundError: No module named 'PyQt5.sip'\"}""#.to_owned(), Ok(Answer::Lacks("PyQt5"))),
            (r#"tell '{"krita":"5.2.9","plugin":"0.1.0"}'"#.to_owned(), Ok(Answer::Lacks("QtNetwork"))),
            (r#"echo "krita.scripting: \"No module named 'PyQt5'\"" >&2; echo aborting; exit 1"#.to_owned(), Ok(Answer::Lacks("PyQt5"))),
            (
                "echo 'qt.qpa.xcb: could not connect to display :7'; echo more; exit 1".to_owned(),
                Ok(Answer::NoDisplay("qt.qpa.xcb: could not connect to display :7".to_owned())),
            ),
            ("echo all; echo wrong; echo".to_owned(), Err(NoAnswer::Silent("wrong".to_owned()))),
            ("exit 70".to_owned(), Err(NoAnswer::Silent("it said nothing".to_owned()))),
            ("tell 'no answer'".to_owned(), Err(NoAnswer::Silent("it said nothing".to_owned()))),
        ] {
            assert_eq!(answer(&does, false).0, expected, "{does}");
        }
        let absent = ask(Path::new("/absent"), Path::new("/modules"), &Display::Present, GRACE, &|| false);
        assert!(matches!(absent, Err(NoAnswer::Fails(_))), "{absent:?}");
    }

    #[test]
    fn a_krita_that_hangs_is_ended() {
        let (answered, took) = answer("sleep 60", false);
        assert_eq!(answered, Err(NoAnswer::Late));
        assert!(took < Duration::from_secs(20), "{took:?}");
        let (answered, took) = answer(r#"tell '{"network":true}'; sleep 60"#, false);
        assert_eq!(answered, Ok(Answer::Imports(Versions { network: true, ..Versions::default() })));
        assert!(took < Duration::from_secs(20), "{took:?}");
        assert_eq!(answer("sleep 60", true).0, Err(NoAnswer::Cancelled));
    }
}
