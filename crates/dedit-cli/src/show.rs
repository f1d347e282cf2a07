//! `dedit show`: a session's items on its picture.

use std::path::PathBuf;

use clap::Args;
use dedit_diffusion::{Error, Result};
use serde_json::{Value, json};

use crate::arguments::Reporting;
use crate::console::Console;
use crate::session::Session;
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
    let learned = session.learned()?;
    let (areas, boxes) = (picture.items.areas(), picture.items.bounding_boxes());
    let item = |(number, name): (usize, &String)| {
        let rect = boxes[number];
        let said = learned.as_ref().and_then(|learned| learned.items().iter().find(|item| !item.of_reference && item.name == *name));
        json!({
            "number": number,
            "name": name,
            "pixels": areas[number],
            "box": {"x": rect.x, "y": rect.y, "width": rect.width, "height": rect.height},
            "words": said.and_then(|item| item.words.clone()),
            "template": said.and_then(|item| item.template.clone()),
        })
    };
    let items: Vec<Value> = picture.items.names().iter().enumerate().map(item).collect();
    let state = if learned.is_some() { "learned" } else { "learning" };
    let lines = items.iter().map(|item| format!("{}: {} pixels", item["name"].as_str().unwrap_or_default(), item["pixels"]));
    let told = format!("{state}, {} edits\n{}", session.record.revision, lines.collect::<Vec<_>>().join("\n"));
    let report =
        json!({"session": options.session, "state": state, "revision": session.record.revision, "items": items, "file": options.out});
    console.finish(&told, report);
    Ok(())
}
