//! `dedit show`: a session's items on its picture.

use std::path::PathBuf;

use clap::Args;
use dedit_protocol::answer::{ItemsFound, Revision};
use dedit_protocol::request::History;
use serde_json::{Value, json};

use crate::arguments::{Reporting, Unused};
use crate::console::Console;
use crate::error::Result;
use crate::interrupt::Interrupt;
use crate::{output, sheet};

/// Show the items of a session
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// The session
    #[arg(long, value_name = "DIR")]
    session: PathBuf,
    /// The picture with its items in colours, as PNG
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    #[command(flatten)]
    unused: Unused,
    #[command(flatten)]
    pub(crate) reporting: Reporting,
}

/// Runs the command.
pub(crate) fn run(options: &Options, console: &Console, interrupt: &Interrupt) -> Result<()> {
    let connection = options.unused.daemon.connect_if_running(console, interrupt)?;
    let session = connection.open_session(&options.session)?;
    let found = connection.items(&session)?;
    if let Some(file) = &options.out {
        let file = &output::prepare(file, 1, &["png"])?[0];
        output::write(file, &sheet::overlay(&connection.fetch(&session)?)?)?;
    }
    let history = History { session: session.session.clone(), ..History::default() };
    let (revisions, _) = connection.ask(history, Vec::new())?;
    let items = items(&found);
    let lines: Vec<String> = items.iter().map(line).chain(revisions.revisions.iter().map(revision_line)).collect();
    let summary = format!("{}, {} edits\n{}", session.state, revisions.revisions.len(), lines.join("\n"));
    let report = json!({
        "session": output::as_text(&options.session),
        "state": session.state,
        "revision": session.revision,
        "items": items,
        "reference_items": session.reference_items,
        "model": session.model,
        "revisions": revisions.revisions,
        "file": options.out.as_deref().map(output::as_text),
    });
    console.finish(&summary, report);
    Ok(())
}

fn items(found: &ItemsFound) -> Vec<Value> {
    let item = |(number, name): (usize, &String)| {
        let words = found.words.get(name);
        json!({
            "number": number,
            "name": name,
            "pixels": found.areas.get(number),
            "box": found.regions.get(number),
            "words": words.and_then(|words| words.start.clone()),
            "template": words.and_then(|words| words.template.clone()),
        })
    };
    found.names.iter().enumerate().map(item).collect()
}

/// A revision for people.
fn revision_line(revision: &Revision) -> String {
    let verbs: Vec<&str> = revision.edits.iter().filter_map(|edit| edit["verb"].as_str()).collect();
    format!("revision {} of {}: {}, seed {}", revision.revision, revision.base, verbs.join(", "), revision.seed)
}

/// An item for people.
fn line(item: &Value) -> String {
    let number = |name: &str| item["box"][name].as_u64().unwrap_or_default();
    let (name, pixels) = (item["name"].as_str().unwrap_or_default(), item["pixels"].as_u64().unwrap_or_default());
    let place = format!("{}×{} at ({}, {})", number("width"), number("height"), number("x"), number("y"));
    let words = item["words"].as_str().map(|words| format!(", from \"{words}\"")).unwrap_or_default();
    format!("{name}: {pixels} pixels, {place}{words}")
}
