//! Progress and cancellation of work in the daemon.

use std::cell::Cell;

use dedit_protocol::Event;
use ofx_host::{Instance, Progress};

/// Follows work in the daemon.
pub(crate) trait Watch {
    /// Whether the work is to be cancelled.
    fn wants_stop(&self) -> bool;

    /// Takes an event of the daemon.
    fn notice(&self, event: &Event);
}

/// Work in a render, which the host may abort. Shows no progress: many frames may be rendered at once, and an instance has one display.
pub(crate) struct RenderWatch<'i>(pub(crate) &'i Instance<'i>);

impl Watch for RenderWatch<'_> {
    fn wants_stop(&self) -> bool {
        self.0.is_aborted()
    }

    fn notice(&self, _: &Event) {}
}

/// Work that the user waits for: the host shows progress and may cancel.
pub(crate) struct ProgressWatch<'i> {
    instance: &'i Instance<'i>,
    /// 0 … 1.
    fraction: Cell<f64>,
    progress: Progress<'i>,
}

impl<'i> ProgressWatch<'i> {
    pub(crate) fn new(instance: &'i Instance<'i>) -> Self {
        Self { instance, fraction: Cell::new(0.0), progress: instance.progress() }
    }

    /// Whether the host shows progress.
    pub(crate) fn is_shown(&self) -> bool {
        self.progress.is_shown()
    }
}

impl Watch for ProgressWatch<'_> {
    fn wants_stop(&self) -> bool {
        self.instance.is_aborted() || !self.progress.update(self.fraction.get())
    }

    fn notice(&self, event: &Event) {
        if let Event::Progress(progress) = event {
            self.fraction.set(progress.step as f64 / progress.of.max(1) as f64);
        }
    }
}
