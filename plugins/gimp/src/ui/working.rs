//! Progress of a job in a window.

use dedit_protocol::{Blob, Event};
use gimp_host::Host;
use gimp_host::ui::{Event as Input, Window};

use super::view;
use crate::watch::{StatusBar, Watch, progress_text};

/// The button that stops a job, and closes the window while there is none.
pub(super) const CANCEL: &str = "cancel";

/// Shows progress in a window and in GIMP's status bar.
pub(super) struct Working<'w, 'u> {
    window: &'w Window<'u>,
    bar: StatusBar<'w>,
    what: String,
    stopped: bool,
    closed: bool,
}

impl<'w, 'u> Working<'w, 'u> {
    pub(super) fn new(window: &'w Window<'u>, host: &'w dyn Host) -> Self {
        window.alert("");
        Self { window, bar: StatusBar::new(host), what: String::new(), stopped: false, closed: false }
    }

    /// Whether the user closed the window.
    pub(super) fn was_closed(&self) -> bool {
        self.closed
    }
}

impl Watch for Working<'_, '_> {
    fn begin(&mut self, what: &str) {
        self.bar.begin(what);
        what.clone_into(&mut self.what);
        self.window.set_progress(Some(0.0), what);
    }

    fn event(&mut self, event: &Event) {
        match event {
            Event::Queued(queued) if queued.position > 0 => {
                self.window.set_progress(None, &format!("Waiting for {} before it", queued.position));
            }
            Event::Progress(progress) => {
                let (share, text) = progress_text(progress);
                self.window.set_progress(share, &text);
                self.bar.event(event);
            }
            Event::Preview(blobs) => {
                if let Some(Blob::Pixels(pixels)) = blobs.first() {
                    view::show(self.window, &view::picture(pixels));
                }
            }
            Event::Note(note) => self.window.alert(note),
            _ => {}
        }
    }

    fn wants_stop(&mut self) -> bool {
        for input in self.window.events(std::time::Duration::ZERO) {
            match input {
                Input::Pressed(CANCEL) => self.stopped = true,
                Input::Closed => (self.stopped, self.closed) = (true, true),
                _ => {}
            }
        }
        if self.stopped {
            self.window.set_progress(None, "Stopping");
        }
        self.stopped
    }

    /// The daemon stops a job when its client disconnects.
    fn is_gone(&self) -> bool {
        self.closed
    }
}
