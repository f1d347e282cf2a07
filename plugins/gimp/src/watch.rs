//! Long work watched: what is told of it, and whether it is to stop.

use std::fmt::Write as _;
use std::time::Duration;

use dedit_client::Call;
use dedit_protocol::event::{self, Progress};
use dedit_protocol::{Blob, Event};
use gimp_host::Host;
use serde::de::DeserializeOwned;

use crate::failure::{Failure, FailureKind};

/// How long the daemon is waited for before the watch is asked again.
const PAUSE: Duration = Duration::from_millis(25);

/// Who watches work.
pub(crate) trait Watch {
    /// Something is begun.
    fn begin(&mut self, what: &str);
    /// How it goes.
    fn heard(&mut self, event: &Event);
    /// Whether it is to stop; called often, and the place to let a window live.
    fn wants_stop(&mut self) -> bool;
    /// Whether nobody waits any more, not even for the daemon to stop.
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
            return Err(Failure::new(FailureKind::Cancelled, "cancelled"));
        }
        match call.next(PAUSE)? {
            Some(Event::Finished(head, blobs)) => {
                let answer = event::read(head).map_err(|reason| Failure::new(FailureKind::Connection, reason))?;
                return Ok((answer, blobs));
            }
            Some(Event::Failed(failure)) => return Err(failure.into()),
            Some(Event::Cancelled) => return Err(Failure::new(FailureKind::Cancelled, "cancelled")),
            Some(event) => watch.heard(&event),
            None => {}
        }
    }
}

/// How far something is, as a share and in words.
pub(crate) fn told(progress: &Progress) -> (Option<f64>, String) {
    let share = (progress.of > 0).then(|| (progress.step as f64 / progress.of as f64).clamp(0.0, 1.0));
    let mut text = capitalized(progress.stage.as_str());
    if progress.of > 0 {
        let _ = write!(text, " {} of {}", progress.step, progress.of);
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

/// GIMP's own progress bar. Its button ends the plug-in, which the daemon notices: it stops what nobody waits for.
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

    fn heard(&mut self, event: &Event) {
        match event {
            Event::Queued(queued) if queued.position > 0 => {
                self.0.set_progress(None, &format!("Waiting for {} before it", queued.position));
            }
            Event::Progress(progress) => {
                let (share, text) = told(progress);
                self.0.set_progress(share, &text);
            }
            Event::Note(note) => self.0.tell(&format!("D-Edit: {note}")),
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
    fn progress_is_told_in_words() {
        let progress = |of, loss, seconds_left| Progress { stage: "denoising".into(), step: 3, of, loss, seconds_left };
        for (progress, share, text) in [
            (progress(12, None, None), Some(0.25), "Denoising 3 of 12"),
            (progress(12, Some(0.1234), Some(125.4)), Some(0.25), "Denoising 3 of 12, loss 0.123, 2 min 05 s left"),
            (progress(0, None, Some(-1.0)), None, "Denoising, 0 s left"),
            (progress(2, None, None), Some(1.0), "Denoising 3 of 2"),
        ] {
            assert_eq!(told(&progress), (share, text.to_owned()));
        }
    }
}
