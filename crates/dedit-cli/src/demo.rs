//! `dedit demo`: shows what the engine does.

use std::path::PathBuf;
use std::time::Instant;

use clap::Args;
use dedit_diffusion::Result;
use dedit_diffusion::pipeline::{GenerateRequest, InitPicture};
use image::imageops::replace;
use image::{Rgb, RgbImage};
use serde_json::json;

use crate::arguments::{Engine, Reporting, Sampling};
use crate::console::{Console, rounded};
use crate::interrupt::Interrupt;
use crate::making::{Made, Making};
use crate::model::Model;
use crate::{memory, output, picture};

/// Make a few pictures, from prompts and from a picture, with a contact sheet and a report
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// The folder for the pictures, contact-sheet.png and report.json
    #[arg(long, value_name = "DIR", default_value = "out/demo")]
    out: PathBuf,
    #[command(flatten)]
    sampling: Sampling,
    #[command(flatten)]
    engine: Engine,
    #[command(flatten)]
    pub(crate) reporting: Reporting,
}

/// Runs the command.
pub(crate) fn run(options: &Options, console: &Console, interrupt: &Interrupt) -> Result<()> {
    let begun = Instant::now();
    output::create_folder(&options.out)?;
    let model = Model::open(&options.engine, None, console)?;
    let making = Making::begin(model, console, interrupt)?;
    let make = |name: &str, request: &GenerateRequest, init| making.make(request, init, &[options.out.join(name)]);

    let bag = making.request("a photo of a red bag on a table", &options.sampling);
    let lighthouse = GenerateRequest { prompt: "a painting of a lighthouse in a storm".to_owned(), ..bag.clone() };
    let first = make("bag.png", &bag, None)?;
    let init = InitPicture { picture: picture::from_rgb8(&first.pictures[0])?, strength: 0.6 };
    let second = make("lighthouse.png", &lighthouse, None)?;
    let third = make("bag-to-lighthouse.png", &GenerateRequest { init: Some(init), ..lighthouse }, Some("bag.png"))?;

    let made = [first, second, third];
    output::write(&options.out.join("contact-sheet.png"), &picture::encode(&contact_sheet(&made), &[])?)?;
    let report = json!({
        "pictures": made.iter().map(Made::report).collect::<Vec<_>>(),
        "model": making.pipeline.description(),
        "random_weights": making.choice.is_test,
        "seconds": rounded(begun.elapsed().as_secs_f64()),
        "peak_rss_bytes": memory::peak_rss_bytes(),
    });
    output::write(&options.out.join("report.json"), format!("{report:#}\n").as_bytes())?;
    console.finish(&format!("{}: {} pictures, contact-sheet.png and report.json", options.out.display(), made.len()), report);
    Ok(())
}

const GAP: u32 = 8;

/// All pictures side by side on white.
fn contact_sheet(made: &[Made]) -> RgbImage {
    let pictures = || made.iter().flat_map(|made| &made.pictures);
    let width = pictures().map(|picture| picture.width() + GAP).sum::<u32>() + GAP;
    let height = pictures().map(RgbImage::height).max().unwrap_or(0) + 2 * GAP;
    let mut sheet = RgbImage::from_pixel(width, height, Rgb([255; 3]));
    let mut x = GAP;
    for picture in pictures() {
        replace(&mut sheet, picture, i64::from(x), i64::from(GAP));
        x += picture.width() + GAP;
    }
    sheet
}
