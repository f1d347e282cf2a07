//! `dedit show`: a session's items on its picture.

use std::path::PathBuf;

use clap::Args;
use dedit_diffusion::{Error, Result};
use serde_json::{Value, json};

use crate::arguments::{Reporting, Unused};
use crate::console::Console;
use crate::edit::rectangle;
use crate::session::{Picture, Session};
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
pub(crate) fn run(options: &Options, console: &Console) -> Result<()> {
    let session = Session::open(&options.session)?;
    let picture = session.picture(0)?.ok_or_else(|| Error::usage("this session has no picture").at(&options.session))?;
    if let Some(file) = &options.out {
        let file = &output::prepare(file, 1, &["png"])?[0];
        output::write(file, &sheet::overlay(&picture)?)?;
    }
    let items = items(&session, &picture)?;
    let (state, revision) = (session.record.state.name(), session.record.revision);
    let lines: Vec<String> = items.iter().map(line).collect();
    let told = format!("{state}, {revision} edits\n{}", lines.join("\n"));
    let report = json!({"session": options.session, "state": state, "revision": revision, "items": items, "file": options.out});
    console.finish(&told, report);
    Ok(())
}

fn items(session: &Session, picture: &Picture) -> Result<Vec<Value>> {
    let learned = session.learned()?;
    let (areas, boxes) = (picture.items.areas(), picture.items.bounding_boxes());
    let item = |(number, name): (usize, &String)| {
        let said = learned.as_ref().and_then(|learned| learned.items().iter().find(|item| !item.of_reference && item.name == *name));
        json!({
            "number": number,
            "name": name,
            "pixels": areas.get(number),
            "box": boxes.get(number).copied().map(rectangle),
            "words": said.and_then(|item| item.words.clone()),
            "template": said.and_then(|item| item.template.clone()),
        })
    };
    Ok(picture.items.names().iter().enumerate().map(item).collect())
}

/// An item for people.
fn line(item: &Value) -> String {
    let number = |name: &str| item["box"][name].as_u64().unwrap_or_default();
    let (name, pixels) = (item["name"].as_str().unwrap_or_default(), item["pixels"].as_u64().unwrap_or_default());
    let place = format!("{}×{} at ({}, {})", number("width"), number("height"), number("x"), number("y"));
    let words = item["words"].as_str().map(|words| format!(", from \"{words}\"")).unwrap_or_default();
    format!("{name}: {pixels} pixels, {place}{words}")
}
