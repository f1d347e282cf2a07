//! `dedit segment`: masks for a picture, from boxes and points, without a model.

use std::path::PathBuf;

use clap::Args;
use dedit_client::Blobs;
use dedit_edit::{Channels, Depth, Image, ItemMask, Samples, Segmentation};
use dedit_protocol::answer::Segmented;
use dedit_protocol::request::Segment;
use dedit_schema::defaults::ITEMS_AT_MOST;
use serde_json::json;

use crate::arguments::{Reporting, Unused, parse_count};
use crate::console::Console;
use crate::error::{Error, Result};
use crate::interrupt::Interrupt;
use crate::output;
use crate::picture::{Photo, Picture, encode_plain};
use crate::sheet;

/// Find the mask of an item by a box round it or points of it, or all items at once; needs no model
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// The picture: a PNG, JPEG, WebP, TIFF, GIF, BMP, TGA, PNM, QOI, HDR or OpenEXR file
    #[arg(value_name = "PICTURE")]
    picture: PathBuf,
    /// A box round the item: left, top, width and height in pixels
    #[arg(long, value_name = "X,Y,W,H", value_delimiter = ',')]
    r#box: Vec<usize>,
    /// A pixel of the item; give it again for more of them
    #[arg(long, value_name = "X,Y")]
    inside: Vec<String>,
    /// A pixel that is not of the item
    #[arg(long, value_name = "X,Y")]
    outside: Vec<String>,
    /// Instead of one item, all items that are found, at most N (12 unless given): a label picture
    #[arg(long, value_name = "N", num_args = 0..=1, conflicts_with_all = ["box", "inside", "outside"], value_parser = parse_count)]
    everything: Option<Vec<usize>>,
    /// The mask as a grey PNG file, or with --everything the items' numbers as a 16-bit one, with their names in a .txt file beside it: either is what
    /// --items takes
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// The picture with its items in colours, as PNG
    #[arg(long, value_name = "FILE", requires = "everything")]
    overlay: Option<PathBuf>,
    #[command(flatten)]
    unused: Unused,
    #[command(flatten)]
    pub(crate) reporting: Reporting,
}

/// Runs the command.
pub(crate) fn run(options: &Options, console: &Console, interrupt: &Interrupt) -> Result<()> {
    let out = &output::prepare(&options.out, 1, &["png"])?[0];
    let photo = Photo::read(&options.picture, None)?;
    let request = options.request()?;
    let connection = options.unused.daemon.connect_if_running(console, interrupt)?;
    let session = connection.open_picture(&photo, &output::file_name(&options.picture), None, false)?;
    console.stage("looking for items", 0, 1, None);
    let (Segmented { names }, blobs) = connection.ask(Segment { session: session.session, ..request }, Vec::new())?;
    let (size, mut blobs) = (photo.image.size(), Blobs::from(blobs));
    if options.everything.is_none() {
        let mask = ItemMask::new(size, blobs.mask(0)?)?;
        output::write(out, &encode_plain(&mask.to_planes()?.to_image(Depth::U8)?, None)?)?;
        let inside = (0..mask.values().len()).filter(|index| mask.is_inside(*index)).count();
        console.finish(&format!("{}: {inside} pixels", out.display()), json!({"file": output::as_text(out), "pixels": inside}));
        return Ok(());
    }
    let items = Segmentation::from_labels(size, names.clone(), blobs.labels(0)?)?;
    let labels = Image::new(size, Channels::Grey, Samples::U16(items.labels().to_vec()))?;
    output::write(out, &encode_plain(&labels, None)?)?;
    output::write(&out.with_extension("txt"), format!("{}\n", names.join("\n")).as_bytes())?;
    if let Some(file) = &options.overlay {
        let file = &output::prepare(file, 1, &["png"])?[0];
        output::write(file, &sheet::overlay(&Picture { photo, items })?)?;
    }
    console.finish(&format!("{}: {}", out.display(), names.join(", ")), json!({"file": output::as_text(out), "items": names}));
    Ok(())
}

impl Options {
    /// What is looked for, in a session that is named later.
    fn request(&self) -> Result<Segment> {
        let region = match self.r#box.as_slice() {
            [] => None,
            &[x, y, width, height] => Some([x, y, width, height]),
            other => {
                return Err(Error::usage(format!("--box has {} numbers", other.len())).hint("give four: left, top, width and height"));
            }
        };
        let (inside, outside) = (points(&self.inside)?, points(&self.outside)?);
        let everything = self.everything.as_ref().map(|most| most.first().copied().unwrap_or(ITEMS_AT_MOST));
        Ok(Segment { region, inside, outside, everything, ..Segment::default() })
    }
}

/// Columns and rows of pixels.
fn points(texts: &[String]) -> Result<Vec<[usize; 2]>> {
    let point = |text: &String| {
        let sides = text.split_once(',').and_then(|(x, y)| Some([x.trim().parse().ok()?, y.trim().parse().ok()?]));
        sides.ok_or_else(|| Error::usage(format!("'{text}' is no point")).hint("give column and row, such as 120,80"))
    };
    texts.iter().map(point).collect()
}
