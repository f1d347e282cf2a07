//! `dedit generate`: prompt to picture, and prompt and picture to picture.

mod generator;

use std::path::PathBuf;

use clap::Args;
use dedit_catalog::Library;
use dedit_diffusion::pipeline::{GenerateRequest, InitPicture, check_size};
use dedit_models::Model;
use dedit_protocol::address;

use self::generator::Generator;
use crate::arguments::{Engine, Reporting, Sampling, Size, parse_count};
use crate::console::Console;
use crate::error::Result;
use crate::interrupt::Interrupt;
use crate::output;
use crate::picture::Source;

/// Make pictures from a prompt, or from a prompt and a picture; runs in this process
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// What the picture shows
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    prompt: String,
    /// What the picture is led away from
    #[arg(long, value_name = "TEXT", default_value = "", allow_hyphen_values = true)]
    negative_prompt: String,
    /// Width and height in pixels, multiples of 8 [default: what the model was trained on; with --init, that picture's]
    #[arg(long, value_name = "WxH")]
    size: Option<Size>,
    /// How many pictures to make at once, with the seeds that follow; out.png becomes out-1.png, out-2.png, …
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = parse_count)]
    batch: usize,
    /// A picture to start from. Without --size the result has its size, cut to multiples of 8; with --size, its middle is scaled to that. White shows
    /// through where it is transparent
    #[arg(long, value_name = "FILE")]
    init: Option<PathBuf>,
    /// How much of the way from noise is done on the picture to start from: near 0 keeps it, 1 keeps next to nothing
    #[arg(long, value_name = "0..1", requires = "init", default_value_t = 0.75, allow_negative_numbers = true)]
    strength: f64,
    /// The PNG file to write; it carries the settings it was made with as text
    #[arg(long, value_name = "FILE")]
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
    let files = output::prepare(&options.out, options.batch, &["png"])?;
    let source = options.init.as_deref().map(Source::read).transpose()?;
    if let (Some(file), Some(source)) = (&options.init, &source) {
        source.notes.iter().for_each(|note| console.note(format!("{}: {note}", output::file_name(file))));
    }
    let model = Model::open(&options.engine.own_choice()?, &Library::new(&address::data()), &mut |note| console.note(note))?;
    let unit = model.pixels_per_latent();
    let size = options.size.or_else(|| source.as_ref().map(|source| source.size(unit)));
    if let Some(size) = size {
        // Before the model is loaded, which takes its time.
        check_size(unit, size.width, size.height)?;
    }
    let generator = Generator::load(model, console, interrupt)?;
    let usual = generator.request(&options.prompt, &options.sampling);
    let size = size.unwrap_or(Size { width: usual.width, height: usual.height });
    let picture = source.map(|source| source.fit(size)).transpose()?;
    let request = GenerateRequest {
        negative_prompt: options.negative_prompt.clone(),
        width: size.width,
        height: size.height,
        batch: options.batch,
        init: picture.map(|picture| InitPicture { picture, strength: options.strength }),
        ..usual
    };
    let name = options.init.as_deref().map(output::file_name);
    let generated = generator.generate(&request, name.as_deref(), &files)?;
    console.finish(&generated.summary(), generated.report());
    Ok(())
}
