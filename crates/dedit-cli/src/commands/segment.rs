//! `dedit segment`: masks for a picture, from boxes and points, by a segment-anything model or without any.

use std::path::PathBuf;

use clap::Args;
use dedit_catalog::Library;
use dedit_client::Blobs;
use dedit_edit::{Channels, Depth, Image, ItemMask, Samples, Segmentation};
use dedit_models::PATCHES;
use dedit_protocol::answer::Segmented;
use dedit_protocol::request::Segment;
use dedit_protocol::{address, features};
use dedit_schema::defaults::ITEMS_AT_MOST;
use serde_json::json;

use crate::arguments::{DaemonOptions, Reporting, UnusedDraw, parse_count};
use crate::connection::Connection;
use crate::console::Console;
use crate::edit_options::add_mask;
use crate::error::{Error, Result};
use crate::interrupt::Interrupt;
use crate::items::{self, Reading};
use crate::model_choice::whole;
use crate::output;
use crate::picture::{Photo, Picture, encode_plain};
use crate::sheet;

/// Find the mask of an item by a box round it or points of it, or all items at once; a segment-anything model makes it better, and none is needed
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// The picture: a PNG, JPEG, WebP, TIFF, GIF, BMP, TGA, PNM, QOI, HDR or OpenEXR file
    #[arg(value_name = "PICTURE")]
    picture: PathBuf,
    /// A box round the item: left, top, width and height in pixels
    #[arg(long, value_name = "X,Y,W,H", value_delimiter = ',')]
    r#box: Vec<usize>,
    /// A pixel of the item; give it again for more of them
    #[arg(long, alias = "inside", value_name = "X,Y")]
    click: Vec<String>,
    /// A pixel that is not of the item
    #[arg(long, alias = "outside", value_name = "X,Y")]
    not: Vec<String>,
    /// A mask of the item that is to be improved: one that a segment-anything model gave, or without such a model a rough one, such as a loose lasso round it
    #[arg(long, value_name = "FILE")]
    mask: Option<PathBuf>,
    /// A segment-anything model (SAM, MobileSAM): a name that dedit model list shows, such as mobile-sam, or the path of its checkpoint; patches for none
    /// [default: the one chosen with dedit model default, else one that is found, else none]
    #[arg(long, value_name = "MODEL")]
    model: Option<PathBuf>,
    /// Instead of one item, all items that are found, at most N (12 unless given): a label picture
    #[arg(long, value_name = "N", num_args = 0..=1, alias = "everything", conflicts_with_all = ["box", "click", "not", "mask"], value_parser = parse_count)]
    auto: Option<Vec<usize>>,
    /// The mask as a grey PNG file, or with --auto the items' numbers as a 16-bit one, with their names in a .txt file beside it: either is what
    /// --items takes
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// The picture with its items in colours, as PNG
    #[arg(long, value_name = "FILE", requires = "auto")]
    overlay: Option<PathBuf>,
    #[command(flatten)]
    _unused: UnusedDraw,
    #[command(flatten)]
    daemon: DaemonOptions,
    #[command(flatten)]
    pub(crate) reporting: Reporting,
}

/// Runs the command.
pub(crate) fn run(options: &Options, console: &Console, interrupt: &Interrupt) -> Result<()> {
    let out = &output::prepare(&options.out, 1, &["png"])?[0];
    let photo = Photo::read(&options.picture, None)?;
    let mut request = options.request()?;
    let mut blobs = Vec::new();
    if let Some(file) = &options.mask {
        let reading = Reading::of(&photo, false);
        request.earlier = Some(add_mask(&items::mask(file, &reading)?, &mut blobs)?);
        reading.into_notes().into_iter().for_each(|note| console.note(note));
    }
    let connection = options.connect(console, interrupt)?;
    if request.model.is_some() || request.earlier.is_some() {
        connection.require(features::SEGMENT_ANYTHING)?;
    }
    let session = connection.open_picture(&photo, &output::file_name(&options.picture), None, false)?;
    console.stage("looking for items", 0, 1, None);
    let (Segmented { names }, blobs) = connection.ask(Segment { session: session.session, ..request }, blobs)?;
    let (size, mut blobs) = (photo.image.size(), Blobs::from(blobs));
    if options.auto.is_none() {
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
        let (inside, outside) = (points(&self.click)?, points(&self.not)?);
        let everything = self.auto.as_ref().map(|most| most.first().copied().unwrap_or(ITEMS_AT_MOST));
        Ok(Segment { region, inside, outside, everything, model: self.model.as_deref().map(whole), ..Segment::default() })
    }

    /// To the daemon, which is started where a model is used: it keeps the encoded picture for the next call.
    fn connect<'a>(&self, console: &'a Console, interrupt: &'a Interrupt) -> Result<Connection<'a>> {
        let is_without = self.model.as_ref().is_some_and(|model| model.as_os_str() == PATCHES);
        let usual = || Library::new(&address::data()).usual_segmentation();
        if !is_without && (self.model.is_some() || usual().is_some()) {
            return self.daemon.connect(console, interrupt);
        }
        self.daemon.connect_if_running(console, interrupt)
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
