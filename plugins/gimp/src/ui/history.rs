//! The window of the history.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use dedit_protocol::answer::Revision;
use dedit_protocol::{Blob, request};
use dedit_schema::Id;
use gimp_host::ui::{Button, Entry, Event, Form, List, Ui, Window};
use gimp_host::{Call, Returned};

use super::view;
use super::working::CANCEL;
use crate::document::Document;
use crate::failure::Failure;
use crate::history;
use crate::parameters::Parameters;

const PUT: &str = "put";

/// A revision of one of the document's sessions.
struct Listed {
    session: String,
    revision: Revision,
    thumbnail: Option<Vec<u8>>,
}

/// Shows the history, and inserts a result as a layer.
pub(super) fn run(ui: &Ui, call: &Call, mut document: Document<'_>, parameters: &Parameters) -> Result<Returned, Failure> {
    let results = results(&document)?;
    let button = |id, label: &str, default| Button { id, label: label.to_owned(), default };
    let window = ui.open(&Form {
        title: "D-Edit: History".to_owned(),
        rows: Vec::new(),
        picture: Some(view::SIZE),
        list: Some(List { title: "_Results, the newest first".to_owned(), height: 220, ..List::default() }),
        progress: false,
        buttons: vec![button(CANCEL, "_Close", false), button(PUT, "_Put into the image", true)],
    });
    let current = document.composite.result.clone();
    let is_current = |listed: &Listed| {
        current.as_ref().is_some_and(|result| result.session == listed.session && result.revision == Some(listed.revision.revision))
    };
    let entries: Vec<_> = results.iter().map(|listed| entry(&listed.revision, is_current(listed))).collect();
    window.set_entries(&entries, (!entries.is_empty()).then_some(0));
    if entries.is_empty() {
        window.alert("nothing was made of this picture yet");
    }
    window.set_enabled(PUT, !entries.is_empty());
    view::show(&window, &view::picture(&document.composite.pixels));
    show(&window, results.first());
    loop {
        for event in window.events(Duration::from_millis(200)) {
            match event {
                Event::Closed | Event::Pressed(CANCEL) => return Err(Failure::cancelled()),
                Event::Selected(chosen) => show(&window, chosen.and_then(|at| results.get(at))),
                Event::Pressed(PUT) => {
                    let Some(listed) = window.chosen().and_then(|at| results.get(at)) else { continue };
                    // The document may have changed since the window opened.
                    let refreshed = document.refresh(call, parameters.text(Id::Picture));
                    match refreshed.and_then(|_| history::bring_back(&document, &listed.session, listed.revision.revision)) {
                        Ok(layer) => return Ok(Returned { layer: Some(layer), text: String::new() }),
                        Err(failure) => window.alert(&failure.to_string()),
                    }
                }
                _ => {}
            }
        }
    }
}

/// All revisions of the document's sessions, the newest first.
fn results(document: &Document<'_>) -> Result<Vec<Listed>, Failure> {
    let mut results = Vec::new();
    for session in history::sessions(document)? {
        let request = request::History { session: session.clone(), thumbnails: true, masks: false };
        let (history, mut blobs) = document.client.ask(request, Vec::new())?;
        for revision in history.revisions {
            let thumbnail = revision.thumbnail.and_then(|at| blobs.get_mut(at)).and_then(|blob| match blob {
                Blob::Bytes(bytes) => Some(std::mem::take(bytes)),
                Blob::Pixels(_) => None,
            });
            results.push(Listed { session: session.clone(), revision, thumbnail });
        }
    }
    results.sort_by_key(|listed| std::cmp::Reverse((listed.revision.time, listed.revision.revision)));
    Ok(results)
}

fn entry(revision: &Revision, is_current: bool) -> Entry {
    let name = history::title(revision).unwrap_or_else(|| "Result".to_owned());
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |now| now.as_secs());
    let colour = if is_current { view::colour(2) } else { view::colour(7) };
    Entry { colour, name, note: ago(now.saturating_sub(revision.time)), cells: Vec::new() }
}

fn ago(seconds: u64) -> String {
    match seconds {
        0..120 => "just now".to_owned(),
        120..7200 => format!("{} min ago", seconds / 60),
        7200..172_800 => format!("{} h ago", seconds / 3600),
        _ => format!("{} days ago", seconds / 86400),
    }
}

fn show(window: &Window<'_>, listed: Option<&Listed>) {
    let picture = listed.and_then(|listed| listed.thumbnail.as_deref()).and_then(|bytes| image::load_from_memory(bytes).ok());
    if let Some(picture) = picture {
        view::show(window, &picture.into_rgb8());
    }
}
