//! `dedit segment`: masks for a picture, from boxes and points, without a model.

use std::path::PathBuf;

use clap::Args;
use dedit_edit::{Channels, Depth, Image, Rect, Samples};
use dedit_segment::Hint;
use serde_json::json;

use crate::arguments::{Reporting, Unused, parse_count};
use crate::console::Console;
use crate::error::{Error, Result};
use crate::output;
use crate::picture::{Photo, Picture, encode_image};
use crate::sheet;

/// Find the mask of an item by a box round it or points of it, or all items at once; needs no model
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// The picture: a PNG, JPEG, WebP or TIFF file
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
    /// Instead of one item, all that can be told apart, at most so many: a label picture
    #[arg(long, value_name = "N", conflicts_with_all = ["box", "inside", "outside"], value_parser = parse_count)]
    everything: Option<usize>,
    /// The mask as a grey PNG file, or with --everything the items' numbers as a 16-bit one, with their names in a .txt file beside it: either is what
    /// --items takes
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// The picture with its items in colours, as PNG
    #[arg(long, value_name = "FILE", requires = "everything")]
    overlay: Option<PathBuf>,
    #[command(flatten)]
    _unused: Unused,
    #[command(flatten)]
    pub(crate) reporting: Reporting,
}

/// Runs the command.
pub(crate) fn run(options: &Options, console: &Console) -> Result<()> {
    let out = &output::prepare(&options.out, 1, &["png"])?[0];
    let photo = Photo::read(&options.picture)?;
    console.stage("looking for items", 0, 1, None);
    let Some(most) = options.everything else {
        let mask = dedit_segment::segment(&photo.image, &options.hint()?).map_err(|error| Error::from(error).at(&options.picture))?;
        output::write(out, &encode_image(&mask.to_planes()?.to_image(Depth::U8)?, None, &[])?)?;
        let inside = (0..mask.values().len()).filter(|index| mask.is_inside(*index)).count();
        let told = format!("{}: {inside} pixels", out.display());
        console.finish(&told, json!({"file": out, "pixels": inside}));
        return Ok(());
    };
    let items = dedit_segment::everything(&photo.image, most).map_err(|error| Error::from(error).at(&options.picture))?;
    let labels = Image::new(items.size(), Channels::Grey, Samples::U16(items.labels().to_vec()))?;
    output::write(out, &encode_image(&labels, None, &[])?)?;
    let names = items.names().to_vec();
    output::write(&out.with_extension("txt"), format!("{}\n", names.join("\n")).as_bytes())?;
    if let Some(file) = &options.overlay {
        let file = &output::prepare(file, 1, &["png"])?[0];
        output::write(file, &sheet::overlay(&Picture { photo, items })?)?;
    }
    console.finish(&format!("{}: {}", out.display(), names.join(", ")), json!({"file": out, "items": names}));
    Ok(())
}

impl Options {
    fn hint(&self) -> Result<Hint> {
        let region = match self.r#box.as_slice() {
            [] => None,
            &[x, y, width, height] => Some(Rect { x, y, width, height }),
            other => {
                return Err(Error::usage(format!("--box has {} numbers", other.len())).hint("give four: left, top, width and height"));
            }
        };
        Ok(Hint { region, inside: points(&self.inside)?, outside: points(&self.outside)? })
    }
}

fn points(texts: &[String]) -> Result<Vec<(usize, usize)>> {
    let point = |text: &String| {
        let sides = text.split_once(',').and_then(|(x, y)| Some((x.trim().parse().ok()?, y.trim().parse().ok()?)));
        sides.ok_or_else(|| Error::usage(format!("'{text}' is no point")).hint("give column and row, such as 120,80"))
    };
    texts.iter().map(point).collect()
}
