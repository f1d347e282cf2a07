//! The program as its users call it, on the built-in model and on the tiny checkpoints kept with the tests.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, in the functions it calls too")]

mod calls;
mod catalog;
#[cfg(unix)]
mod colours;
#[cfg(unix)]
mod daemon;
#[cfg(unix)]
mod doctor;
#[cfg(unix)]
mod fetch;
mod files;
mod forwarded;
mod frames;
// Elsewhere GIMP and its profiles are in other places.
#[cfg(target_os = "linux")]
mod install;
mod interrupt;
mod items;
mod masks;
mod method;
mod models;
mod patches;
mod pictures;
mod prompts;
mod results;
mod scene;
#[cfg(unix)]
mod segment_anything;
mod segments;
mod sessions;

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

/// A checkpoint or parity folder kept with the tests.
fn stored(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/data/parity").join(name)
}

/// `dedit` with a command line, split at blanks, run in `folder` with the engine in its own process; `{name}` stands for a checkpoint kept with the tests.
fn dedit(folder: &Path, line: &str) -> Command {
    let words: Vec<&str> = line.split_whitespace().collect();
    let own = match words.as_slice() {
        ["edit" | "plan", verb, ..] if !verb.starts_with('-') => 2,
        ["learn" | "show" | "demo", ..] => 1,
        _ => return with_daemon(folder, line),
    };
    if words.contains(&"--no-daemon") {
        return with_daemon(folder, line);
    }
    with_daemon(folder, &[&words[..own], &["--no-daemon"], &words[own..]].concat().join(" "))
}

/// The same, with the daemon of that folder. Where no model is named it is the built-in one: most tests are about learning and words.
fn with_daemon(folder: &Path, line: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_dedit"));
    command.env("DEDIT_SOCKET", folder.join("run/daemon.sock")).env("DEDIT_DATA", folder.join("data"));
    // Models of whoever runs the tests are not those of the tests.
    command
        .env("HOME", folder.join("home"))
        .env_remove("HF_HOME")
        .env_remove("HF_HUB_CACHE")
        .env_remove("COMFYUI_PATH")
        .env_remove("INVOKEAI_ROOT");
    command.current_dir(folder).env("DEDIT_MODEL", "toys").env("DEDIT_CACHE", env!("CARGO_TARGET_TMPDIR")).stdin(Stdio::null());
    for word in line.split_whitespace() {
        match word.strip_prefix('{').and_then(|word| word.split_once('}')) {
            Some((name, rest)) => command.arg(format!("{}{rest}", stored(name).display())),
            None => command.arg(word),
        };
    }
    command
}

/// What a call gave.
struct Outcome {
    code: Option<i32>,
    stdout: String,
    stderr: String,
}

impl From<Output> for Outcome {
    fn from(output: Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Self { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
    }
}

fn run(folder: &Path, line: &str) -> Outcome {
    dedit(folder, line).output().unwrap().into()
}

/// Runs a call that must succeed with `--json`, and gives its result.
fn succeed(folder: &Path, line: &str) -> Value {
    let outcome = run(folder, &format!("{line} --json"));
    assert_eq!(outcome.code, Some(0), "{line}\n{}", outcome.stderr);
    serde_json::from_str(&outcome.stdout).unwrap()
}

/// A call fails with this code and with one sentence, the last line of standard error, that holds the fragment.
fn fails(outcome: &Outcome, code: i32, fragment: &str, what: &str) {
    let last = outcome.stderr.lines().last().unwrap_or_default();
    assert_eq!(outcome.code, Some(code), "{what}: {}", outcome.stderr);
    assert!(last.starts_with("error: ") && last.contains(fragment), "{what}: expected …{fragment}…, found {last}");
    assert!(outcome.stdout.is_empty(), "{what}: {}", outcome.stdout);
}

/// Every file below a folder, sorted.
fn files(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

fn scratch() -> TempDir {
    tempfile::tempdir().unwrap()
}
