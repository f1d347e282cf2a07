//! How a running job reports and learns that it should stop.

use std::sync::atomic::{AtomicBool, Ordering};

use dedit_edit::{Engine, EngineEvent, Result, Size};

use super::event::{JobEvent, Reporter};
use super::queue::Queue;
use crate::memory;

/// The connections of a running job to the outside.
pub(super) struct Control<'a> {
    pub(super) queue: &'a Queue,
    pub(super) stop: &'a AtomicBool,
    pub(super) reporter: &'a dyn Reporter,
}

impl Control<'_> {
    pub(super) fn is_stopped(&self) -> bool {
        self.stop.load(Ordering::SeqCst)
    }

    pub(super) fn note(&self, note: String) {
        self.reporter.report(JobEvent::Note(note));
    }

    /// Passes on what is new for clients in what the engine reports.
    pub(super) fn report(&self, event: EngineEvent<'_>) {
        match event {
            EngineEvent::Step { stage, step, of, loss, seconds_left } => {
                self.reporter.report(JobEvent::Step { stage, step, of, loss, seconds_left });
            }
            EngineEvent::Preview(preview) => self.reporter.report(JobEvent::Preview(preview.clone())),
            EngineEvent::Note(note) => self.note(note),
            EngineEvent::State(_) | EngineEvent::Poll => {}
        }
    }
}

/// An error where a picture cannot fit into memory, before hours are spent or the system kills the process.
pub(super) fn check_memory(engine: &dyn Engine, size: Size) -> Result<()> {
    memory::check(&format!("a picture of {size}"), engine.least_memory(size), memory::available_bytes())
}
