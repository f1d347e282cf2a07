//! The wire of plain Python, that of Krita's plug-in, reads and writes the golden transcripts too: `tests/protocol` at the top.
//!
//! Where there is no Python, the test says that it was skipped, in the words that `cargo test` has for it, so that it is counted as skipped. Tests of the
//! usual kind cannot: what they print is not shown. So this one has a `main`.

use std::path::Path;
use std::process::{Command, ExitCode, Stdio};

const NAME: &str = "the_wire_of_plain_python_agrees";

/// What came of the test.
enum Outcome {
    Passed,
    Failed,
    Skipped(String),
}

fn python() -> Command {
    let mut python = Command::new("python3");
    // No folders of compiled files.
    python.arg("-B").stdin(Stdio::null());
    python
}

fn run() -> Outcome {
    let new_enough = "import sys; sys.exit(sys.version_info < (3, 9))";
    match python().args(["-c", new_enough]).status() {
        Err(error) => return Outcome::Skipped(format!("python3 cannot be started ({error})")),
        Ok(status) if !status.success() => return Outcome::Skipped("python3 is older than 3.9, or does not work".to_owned()),
        Ok(_) => {}
    }
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/protocol/test_transcripts.py");
    match python().arg(script).status() {
        Ok(status) if status.success() => Outcome::Passed,
        _ => Outcome::Failed,
    }
}

/// Whether the arguments of `cargo test` leave this test in.
fn is_wanted(arguments: &[String]) -> bool {
    let skipped = arguments.windows(2).any(|pair| pair[0] == "--skip" && NAME.contains(&pair[1]));
    let after_option = |index: usize| index > 0 && arguments[index - 1].starts_with("--");
    let mut filters = arguments.iter().enumerate().filter(|(index, word)| !word.starts_with('-') && !after_option(*index)).peekable();
    !skipped
        && !arguments.iter().any(|word| word == "--ignored")
        && (filters.peek().is_none() || filters.any(|(_, word)| NAME.contains(word.as_str())))
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments.iter().any(|word| word == "--list") {
        println!("{NAME}: test");
        return ExitCode::SUCCESS;
    }
    let wanted = is_wanted(&arguments);
    println!("\nrunning {} test", usize::from(wanted));
    let (passed, failed, skipped) = match wanted.then(run) {
        None => (0, 0, 0),
        Some(Outcome::Passed) => {
            println!("test {NAME} ... ok");
            (1, 0, 0)
        }
        Some(Outcome::Failed) => {
            println!("test {NAME} ... FAILED");
            (0, 1, 0)
        }
        Some(Outcome::Skipped(reason)) => {
            println!("skipped: {reason}");
            println!("test {NAME} ... ignored, {reason}");
            (0, 0, 1)
        }
    };
    let verdict = if failed == 0 { "ok" } else { "FAILED" };
    let out = usize::from(!wanted);
    println!("\ntest result: {verdict}. {passed} passed; {failed} failed; {skipped} ignored; 0 measured; {out} filtered out\n");
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
