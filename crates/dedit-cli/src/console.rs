//! The output of the program: progress, notes and errors on standard error, the result on standard output; as text or, with `--json`, as JSON.

use std::io::{IsTerminal as _, Write as _, stderr, stdout};
use std::path::Path;
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};

use dedit_diffusion::pipeline::Progress;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::{Value, json};

use crate::arguments::Reporting;
use crate::error::{Error, ErrorKind};
use crate::format::rounded;

/// Writes to the terminal. Copies share one progress bar.
#[derive(Clone)]
pub(crate) struct Console {
    json: bool,
    quiet: bool,
    /// Whether a progress bar is shown.
    shown: bool,
    bar: ProgressBar,
    notes: Arc<Mutex<Vec<String>>>,
}

impl Console {
    pub(crate) fn new(reporting: &Reporting) -> Self {
        let Reporting { json, quiet } = *reporting;
        let bar = ProgressBar::hidden();
        if let Ok(style) = ProgressStyle::with_template("{msg:<22} {bar:30} {pos}/{len} {prefix}") {
            bar.set_style(style);
        }
        Self { json, quiet, shown: !json && !quiet && stderr().is_terminal(), bar, notes: Arc::default() }
    }

    /// Shows a stage of the work and its progress.
    pub(crate) fn stage(&self, what: &str, done: usize, of: usize, seconds_left: Option<f64>) {
        if self.json {
            let left = seconds_left.map(rounded);
            return self.line(&json!({"progress": {"stage": what, "step": done, "steps": of, "seconds_left": left}}));
        }
        if self.shown && self.bar.is_hidden() {
            self.bar.set_draw_target(ProgressDrawTarget::stderr());
        }
        self.bar.set_message(what.to_owned());
        self.bar.set_prefix(seconds_left.map(time_left).unwrap_or_default());
        self.bar.update(|state| {
            state.set_len(of as u64);
            state.set_pos(done as u64);
        });
    }

    /// Shows the progress of learning.
    pub(crate) fn learning(&self, what: &str, done: usize, of: usize, loss: f32, seconds_left: f64) {
        if self.json {
            let left = rounded(seconds_left);
            return self.line(&json!({"progress": {"stage": what, "step": done, "steps": of, "loss": loss, "seconds_left": left}}));
        }
        self.stage(what, done, of, Some(seconds_left));
        self.bar.set_prefix(format!("loss {loss:.4} {}", time_left(seconds_left)));
    }

    /// Tells programs that a preview was written.
    pub(crate) fn preview(&self, file: &Path) {
        if self.json {
            self.line(&json!({"progress": {"preview": crate::output::as_text(file)}}));
        }
    }

    /// Shows the progress of plain diffusion.
    pub(crate) fn progress(&self, progress: &Progress<'_>) {
        match progress {
            Progress::Text { cut, negative_cut } => {
                for (which, cut) in [("prompt", cut), ("negative prompt", negative_cut)] {
                    if let Some(cut) = cut {
                        self.note(format!("the {which} is too long for the text encoder; this end of it was left out: {cut}"));
                    }
                }
            }
            Progress::Encoded => {}
            Progress::Step { done, steps, seconds_left, .. } => {
                self.stage("denoising", *done, *steps, Some(*seconds_left));
                if done == steps {
                    self.stage("decoding", 0, 1, None);
                }
            }
            Progress::Decoded { done, pictures } => self.stage("decoding", *done, *pictures, None),
        }
    }

    /// Shows a warning, or something else that the user did not ask for. It is repeated in the JSON result.
    pub(crate) fn note(&self, what: impl Into<String>) {
        let what = what.into();
        if self.json {
            self.line(&json!({"note": what}));
        } else if !self.quiet {
            self.bar.suspend(|| _ = writeln!(stderr(), "note: {what}"));
        }
        self.notes.lock().unwrap_or_else(PoisonError::into_inner).push(what);
    }

    /// Ends with a result on standard output: `summary` for people or, with `--json`, `result` with all notes.
    pub(crate) fn finish(&self, summary: &str, mut result: Value) {
        self.bar.finish_and_clear();
        if self.json {
            result["notes"] = json!(*self.notes.lock().unwrap_or_else(PoisonError::into_inner));
            let _ = writeln!(stdout(), "{result}");
        } else if !self.quiet {
            let _ = writeln!(stdout(), "{summary}");
        }
    }

    /// Ends with an error, and returns the exit code of its kind.
    pub(crate) fn fail(&self, error: &Error) -> ExitCode {
        self.bar.finish_and_clear();
        if self.json {
            let message = error.place().map_or_else(|| error.message().to_owned(), |place| format!("{}: {place}", error.message()));
            let kind = format!("{:?}", error.kind()).to_lowercase();
            let _ = writeln!(stderr(), "{}", json!({"error": {"kind": kind, "message": message, "hint": error.hint_text()}}));
        } else {
            let _ = writeln!(stderr(), "error: {error}");
        }
        ExitCode::from(exit_code(error.kind()))
    }

    fn line(&self, value: &Value) {
        if !self.quiet {
            let _ = writeln!(stderr(), "{value}");
        }
    }
}

/// The exit code for a kind of failure.
pub(crate) fn exit_code(kind: ErrorKind) -> u8 {
    match kind {
        ErrorKind::Internal => 1,
        ErrorKind::Usage => 2,
        ErrorKind::Input => 3,
        ErrorKind::Model => 4,
        ErrorKind::Connection => 5,
        ErrorKind::Cancelled => 6,
        ErrorKind::Resources => 7,
    }
}

fn time_left(seconds: f64) -> String {
    let seconds = seconds.round() as u64;
    if seconds < 60 { format!("{seconds} s left") } else { format!("{} min {:02} s left", seconds / 60, seconds % 60) }
}
