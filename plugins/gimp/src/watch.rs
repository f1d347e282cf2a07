//! Waiting for a job of the daemon: its progress is shown, and it can be stopped.

use std::fmt::Write as _;
use std::time::Duration;

use dedit_client::Call;
use dedit_protocol::event::{self, Progress};
use dedit_protocol::names::Stage;
use dedit_protocol::{Blob, Event};
use gimp_host::Host;
use serde::de::DeserializeOwned;

use crate::failure::{Failure, FailureKind};

/// How often the watch is asked whether to stop.
const PAUSE: Duration = Duration::from_millis(25);

/// Shows progress and says when to stop.
pub(crate) trait Watch {
    /// A job or a part of it begins.
    fn begin(&mut self, what: &str);
    /// An event of the job.
    fn event(&mut self, event: &Event);
    /// Whether the job is to stop. Called every 25 ms: a window handles its events here.
    fn wants_stop(&mut self) -> bool;
    /// Whether to return at once, without waiting for the daemon to stop.
    fn is_gone(&self) -> bool {
        false
    }
}

/// Waits for the answer of a job.
///
/// # Errors
/// What the daemon says; `Cancelled` when it was stopped.
pub(crate) fn finish<T: DeserializeOwned>(mut call: Call<'_, T>, watch: &mut dyn Watch) -> Result<(T, Vec<Blob>), Failure> {
    loop {
        if watch.wants_stop() {
            call.cancel()?;
        }
        if watch.is_gone() {
            return Err(Failure::cancelled());
        }
        match call.next(PAUSE)? {
            Some(Event::Finished(head, blobs)) => {
                let answer = event::read(head).map_err(|reason| Failure::new(FailureKind::Connection, reason))?;
                return Ok((answer, blobs));
            }
            Some(Event::Failed(failure)) => return Err(failure.into()),
            Some(Event::Cancelled) => return Err(Failure::cancelled()),
            Some(event) => watch.event(&event),
            None => {}
        }
    }
}

/// The share that is done, 0 … 1, where it is known, and a text.
pub(crate) fn progress_text(progress: &Progress) -> (Option<f64>, String) {
    let share = (progress.of > 0).then(|| (progress.step as f64 / progress.of as f64).clamp(0.0, 1.0));
    let mut text = capitalized(progress.stage.as_str());
    if progress.of > 0 {
        let unit = if matches!(progress.stage, Stage::Fetching | Stage::Verifying) { " MB" } else { "" };
        let _ = write!(text, " {} of {}{unit}", progress.step, progress.of);
    }
    if let Some(loss) = progress.loss {
        let _ = write!(text, ", loss {loss:.3}");
    }
    if let Some(seconds) = progress.seconds_left {
        let _ = write!(text, ", {} left", time(seconds));
    }
    (share, text)
}

fn capitalized(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

fn time(seconds: f64) -> String {
    let seconds = seconds.max(0.0).round() as u64;
    if seconds < 100 { format!("{seconds} s") } else { format!("{} min {:02} s", seconds / 60, seconds % 60) }
}

/// GIMP's own progress bar. Its button kills the plug-in; the daemon then stops the job, as nobody is connected any more.
pub(crate) struct StatusBar<'h>(&'h dyn Host);

impl<'h> StatusBar<'h> {
    /// Shows it.
    pub(crate) fn new(host: &'h dyn Host) -> Self {
        host.begin_progress("D-Edit");
        Self(host)
    }
}

impl Watch for StatusBar<'_> {
    fn begin(&mut self, what: &str) {
        self.0.set_progress(Some(0.0), what);
    }

    fn event(&mut self, event: &Event) {
        match event {
            Event::Queued(queued) if queued.position > 0 => {
                self.0.set_progress(None, &format!("Waiting for {} before it", queued.position));
            }
            Event::Progress(progress) => {
                let (share, text) = progress_text(progress);
                self.0.set_progress(share, &text);
            }
            Event::Note(note) => self.0.show_message(&format!("D-Edit: {note}")),
            _ => {}
        }
    }

    fn wants_stop(&mut self) -> bool {
        false
    }
}

impl Drop for StatusBar<'_> {
    fn drop(&mut self) {
        self.0.end_progress();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn progress_becomes_a_text() {
        let progress = |of, loss, seconds_left| Progress { stage: "denoising".into(), step: 3, of, loss, seconds_left };
        for (progress, share, text) in [
            (progress(12, None, None), Some(0.25), "Denoising 3 of 12"),
            (progress(12, Some(0.1234), Some(125.4)), Some(0.25), "Denoising 3 of 12, loss 0.123, 2 min 05 s left"),
            (progress(0, None, Some(-1.0)), None, "Denoising, 0 s left"),
            (progress(2, None, None), Some(1.0), "Denoising 3 of 2"),
        ] {
            assert_eq!(progress_text(&progress), (share, text.to_owned()));
        }
    }
}
