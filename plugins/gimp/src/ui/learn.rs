//! The dialog of learning.

use std::time::Duration;

use dedit_schema::Id;
use gimp_host::ui::{Button, Event, Form, Ui};
use gimp_host::{Call, Returned};

use super::rows::Choices;
use super::view;
use super::working::{CANCEL, Working};
use crate::actions;
use crate::document::Document;
use crate::failure::{Failure, FailureKind};
use crate::items::PictureItems;
use crate::parameters::Parameters;

const LEARN: &str = "learn";
/// Rows that the dialog does not have: the picture is chosen before it opens.
const WITHOUT: [Id; 1] = [Id::Picture];

/// Learns items, and shows the progress.
pub(super) fn run(ui: &Ui, call: &Call, mut document: Document<'_>, parameters: &mut Parameters) -> Result<Returned, Failure> {
    let host = document.host;
    let (items, labels) = PictureItems::open_with_labels(&document)?;
    let choices = Choices::find(host, items.names, host.selection(document.source.image)?.is_some());
    let button = |id, label: &str, default| Button { id, label: label.to_owned(), default };
    let window = ui.open(&Form {
        title: "D-Edit: Learn items".to_owned(),
        rows: choices.rows(host, parameters, &WITHOUT),
        picture: Some(view::SIZE),
        list: None,
        progress: true,
        buttons: vec![button(CANCEL, "_Cancel", false), button(LEARN, "_OK", true)],
    });
    view::show(&window, &view::with_items(&view::picture(&document.composite.pixels), &labels, None));
    loop {
        for event in window.events(Duration::from_millis(200)) {
            match event {
                Event::Closed | Event::Pressed(CANCEL) => return Err(Failure::cancelled()),
                Event::Pressed(LEARN) => {
                    choices.read(&window, parameters, &WITHOUT);
                    window.set_enabled(LEARN, false);
                    window.set_label(CANCEL, "_Stop");
                    let mut working = Working::new(&window, host);
                    // The document may have changed since the window opened.
                    let refreshed = document.refresh(call, parameters.text(Id::Picture));
                    let learned = refreshed.and_then(|_| actions::learn(&document, parameters, &mut working));
                    match learned {
                        Ok(returned) => return Ok(returned),
                        Err(failure) if working.was_closed() => return Err(failure),
                        Err(failure) if failure.kind == FailureKind::Cancelled => {
                            window.set_progress(Some(0.0), "Stopped; learning goes on from here the next time");
                        }
                        Err(failure) => {
                            document.reconnect_after(&failure);
                            window.alert(&failure.to_string());
                        }
                    }
                    window.set_enabled(LEARN, true);
                    window.set_label(CANCEL, "_Cancel");
                }
                _ => {}
            }
        }
    }
}
