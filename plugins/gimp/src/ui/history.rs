//! The history of a picture.

use std::time::Duration;

use crate::failure::Failure;
use dedit_protocol::Blob;
use dedit_protocol::answer::Revision;
use gimp_host::Returned;
use gimp_host::ui::{Button, Entry, Event, Form, List, Ui, Window};

use super::working::CANCEL;
use super::{cancelled, view};
use crate::run::Opened;
use crate::{past, told, verbs};

const PUT: &str = "put";

/// Shows what was made, and puts a result back as a layer.
pub(super) fn run(ui: &Ui, opened: &Opened<'_>) -> Result<Returned, Failure> {
    let session = past::session_of_history(opened)?;
    let (history, blobs) = opened.desk.history(&session, false, true)?;
    let button = |id, label: &str, default| Button { id, label: label.to_owned(), default };
    let window = ui.open(&Form {
        title: "D-Edit: History".to_owned(),
        rows: Vec::new(),
        picture: Some(view::SIZE),
        list: Some(List { title: "_Results".to_owned(), height: 220, buttons: Vec::new() }),
        progress: false,
        buttons: vec![button(CANCEL, "_Close", false), button(PUT, "_Put into the image", true)],
    });
    // The newest first.
    let revisions: Vec<&Revision> = history.revisions.iter().rev().collect();
    let entries: Vec<_> = revisions.iter().map(|revision| entry(revision, revision.revision == history.current)).collect();
    window.set_entries(&entries, (!entries.is_empty()).then_some(0));
    if entries.is_empty() {
        window.alert("nothing was made of this picture yet");
    }
    window.set_enabled(PUT, !entries.is_empty());
    view::show(&window, &view::picture(&opened.ground.pixels));
    show(&window, revisions.first().copied(), &blobs);
    loop {
        for event in window.events(Duration::from_millis(200)) {
            match event {
                Event::Closed | Event::Pressed(CANCEL) => return Err(cancelled()),
                Event::Selected(chosen) => show(&window, chosen.and_then(|at| revisions.get(at)).copied(), &blobs),
                Event::Pressed(PUT) => {
                    let Some(revision) = window.chosen().and_then(|at| revisions.get(at)) else { continue };
                    match past::bring_back(opened, &session, revision.revision) {
                        Ok(layer) => return Ok(Returned { layer: Some(layer), text: told::history(&session, &history) }),
                        Err(failure) => window.alert(&failure.to_string()),
                    }
                }
                _ => {}
            }
        }
    }
}

fn entry(revision: &Revision, is_current: bool) -> Entry {
    let edit = revision.edits.first().and_then(|edit| serde_json::from_value(edit.clone()).ok());
    let name = edit.as_ref().map_or_else(|| "Result".to_owned(), verbs::name);
    let note = format!("{}, seed {}, {:.1} s", revision.revision, revision.seed, revision.seconds);
    Entry { colour: if is_current { view::colour(2) } else { view::colour(7) }, name, note }
}

fn show(window: &Window<'_>, revision: Option<&Revision>, blobs: &[Blob]) {
    let Some(Blob::Bytes(bytes)) = revision.and_then(|revision| revision.thumbnail).and_then(|at| blobs.get(at)) else { return };
    if let Ok(picture) = image::load_from_memory(bytes) {
        view::show(window, &picture.into_rgb8());
    }
}
