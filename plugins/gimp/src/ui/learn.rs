//! The dialog of learning.

use std::time::Duration;

use gimp_host::ui::{Button, Event, Form, Ui};
use gimp_host::{Call, Returned};

use super::rows::Choices;
use super::working::{CANCEL, Working};
use super::{cancelled, view};
use crate::failure::{Failure, FailureKind};
use crate::parameters::Parameters;
use crate::run::{self, Opened};

const LEARN: &str = "learn";
/// The picture is chosen before the window opens.
const WITHOUT: [&str; 1] = ["picture"];

/// Asks from where items are taken, learns them, and shows how that goes.
pub(super) fn run(ui: &Ui, call: &Call, opened: &Opened<'_>, parameters: &mut Parameters) -> Result<Returned, Failure> {
    let host = opened.host;
    let (names, labels) = opened.table().map(|table| (table.names(), table.labels.clone()))?;
    let choices = Choices::find(host, names, host.selection(opened.source.image)?.is_some());
    let button = |id, label: &str, default| Button { id, label: label.to_owned(), default };
    let window = ui.open(&Form {
        title: "D-Edit: Learn items".to_owned(),
        rows: choices.rows(host, parameters, &WITHOUT),
        picture: Some(view::SIZE),
        list: None,
        progress: true,
        buttons: vec![button(CANCEL, "_Cancel", false), button(LEARN, "_OK", true)],
    });
    view::show(&window, &view::with_items(&view::picture(&opened.ground.pixels), &labels, None));
    loop {
        for event in window.events(Duration::from_millis(200)) {
            match event {
                Event::Closed | Event::Pressed(CANCEL) => return Err(cancelled()),
                Event::Pressed(LEARN) => {
                    choices.read(&window, parameters, &WITHOUT);
                    window.set_enabled(LEARN, false);
                    window.set_label(CANCEL, "_Stop");
                    let mut working = Working::new(&window, host);
                    // The document may have changed meanwhile, and the daemon may have ended.
                    let learned = Opened::open(host, call, parameters.text("picture"))
                        .and_then(|opened| run::learn(&opened, parameters, &mut working));
                    match learned {
                        Ok(returned) => return Ok(returned),
                        Err(failure) if working.was_closed() => return Err(failure),
                        Err(failure) if failure.kind == FailureKind::Cancelled => {
                            window.set_progress(Some(0.0), "Stopped; learning goes on from here the next time");
                        }
                        Err(failure) => window.alert(&failure.to_string()),
                    }
                    window.set_enabled(LEARN, true);
                    window.set_label(CANCEL, "_Cancel");
                }
                _ => {}
            }
        }
    }
}
