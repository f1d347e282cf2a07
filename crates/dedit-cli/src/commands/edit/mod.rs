//! `dedit edit`: changes items of a picture, and nothing else.

mod layers;
mod report;

use std::path::PathBuf;
use std::time::Instant;

use clap::Args;
use dedit_protocol::Blob;
use dedit_protocol::event::SessionInfo;
use dedit_protocol::request::{self, EditOptions, EditVerb, PlanOptions, ResultOf, is_fast};
use dedit_schema::{Group, Id, Values, defaults};
use serde_json::json;

use self::layers::LayerFiles;
use self::report::{EditReport, Variation};
use crate::arguments::{self, Reporting, random_seed};
use crate::connection::{Connection, picture_of};
use crate::console::Console;
use crate::edit_options::{Besides, Frame, Neighbours, Opened, OtherFrame, Planning, Source, VerbCall, on_canvas, photo_on_canvas, plan};
use crate::error::{Error, Result};
use crate::interrupt::Interrupt;
use crate::picture::{Format, MADE_BY, Photo, encode_photo};
use crate::{output, sheet};

/// Change items of a learned picture
#[derive(Debug, Args)]
#[command(subcommand_required = true)]
pub(crate) struct Options {
    #[command(subcommand)]
    call: VerbCall<Common>,
}

impl Options {
    pub(crate) fn reporting(&self) -> &Reporting {
        &self.call.besides().reporting
    }
}

/// What all verbs take.
#[derive(Debug, Clone, Args)]
pub(crate) struct Common {
    /// The file to write, of the picture's own depth: PNG or TIFF, with 8 bits also WebP or JPEG; float pictures as TIFF or, where they are light-linear,
    /// OpenEXR; with --variations out-1.png, out-2.png, …
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Quality of a JPEG file, 1 to 100
    #[arg(long, value_name = "N", default_value_t = 92, value_parser = clap::value_parser!(u8).range(1..=100))]
    quality: u8,
    /// Writes the picture, its items, the plan and every result side by side
    #[arg(long, value_name = "FILE")]
    contact_sheet: Option<PathBuf>,
    /// Writes the result as layers too: the clean plate (the picture without the edited items) and each edited item with transparency; into a folder, or as an
    /// OpenRaster file, .ora, which GIMP and Krita open
    #[arg(long, value_name = "FOLDER")]
    layers: Option<PathBuf>,
    /// Edits although nothing was learned, or learning has not come to its end: the items' prompts are as they start
    #[arg(long)]
    draft: bool,
    /// The revision of the session that is edited; 0 is the picture itself
    #[arg(long, value_name = "REVISION", default_value_t = 0)]
    on: u64,
    #[command(flatten)]
    source: Source,
    #[command(flatten)]
    frame: Frame,
    #[command(flatten)]
    neighbours: Neighbours,
    #[command(flatten)]
    planning: Planning,
    #[command(flatten)]
    engine: arguments::Engine,
    #[command(flatten)]
    reporting: Reporting,
}

impl Besides for Common {
    const GROUPS: &'static [Group] = &[Group::Plan, Group::Sampling];
}

/// Runs the command.
pub(crate) fn run(options: &Options, console: &Console, interrupt: &Interrupt) -> Result<()> {
    let begun = Instant::now();
    let (common, values) = (options.call.besides(), options.call.values());
    let connection = common.engine.daemon.connect(console, interrupt)?;
    connection.require_choice(&common.engine.choice(None)?)?;
    common.frame.check(&connection)?;
    common.neighbours.check(&connection)?;
    let opened = common.source.open(&connection)?;
    let frame = common.frame.open(&opened)?;
    let edited = frame.as_ref().unwrap_or(&opened);
    let others = common.neighbours.open(opened.target.items.names(), edited.target.photo.image.size())?;
    // Other frames go with the pixels of the edited one, also where these are the session's own.
    let frame = if others.is_empty() { frame.as_ref() } else { Some(edited) };
    let files = common.files(edited, values)?;
    let layers = common.layer_files(edited, files.len(), &connection)?;
    let sheet = common.contact_sheet.as_deref().map(|file| output::prepare(file, 1, &["png"])).transpose()?;
    let session = common.source.session(&opened, &connection)?;
    let original = common.original(edited, &session, &connection)?;
    let edits = common.planning.edits(&options.call, original.image.size())?;
    let plan = match &sheet {
        Some(_) => Some(plan(edits.clone(), PlanOptions::from_values(values), &session, edited, &connection)?.1),
        None => None,
    };
    interrupt.listen();
    let shown = on_canvas(&edited.target, &edits.0)?;
    let original = photo_on_canvas(original, &edits.0)?;
    let (verb, item) = (edits.0[0].verb().id(), edits.0[0].item().map(str::to_owned));
    let job = Job {
        common,
        layers: layers.as_ref(),
        values,
        connection: &connection,
        edits,
        session: &session,
        frame,
        others: &others,
        original,
    };
    job.remark(&files, console);
    let variations = job.run(files, sheet.is_some())?;
    if let Some(model) = variations.first().map(|first| &first.edited.model).filter(|model| !others.is_empty() && *model != defaults::MODEL)
    {
        console.note(format!("the model {model} uses no other frames; {} does", defaults::MODEL));
    }
    let mut report = EditReport { verb, item: item.as_deref(), variations, seconds: begun.elapsed().as_secs_f64() };
    if let (Some(file), Some(plan)) = (sheet.iter().flatten().next(), &plan) {
        output::write(file, &sheet::contact_sheet(&shown, plan, report.titled())?)?;
    }
    console.finish(&report.summary(), report.json());
    Ok(())
}

impl Common {
    /// The files to write. That everything can be written is found out before anything is computed.
    fn files(&self, opened: &Opened, values: &Values) -> Result<Vec<PathBuf>> {
        if self.on != 0 && self.contact_sheet.is_some() {
            return Err(Error::usage("a contact sheet shows edits of the picture itself").hint("leave --contact-sheet or --on out"));
        }
        let extensions = Format::extensions(opened.target.photo.image.depth());
        output::prepare(&self.out, values.whole(Id::Variations).unwrap_or(defaults::VARIATIONS), extensions)
    }

    /// Where the layers go, if they are wanted.
    fn layer_files(&self, opened: &Opened, count: usize, connection: &Connection<'_>) -> Result<Option<LayerFiles>> {
        let depth = opened.target.photo.image.depth();
        self.layers.as_deref().map(|path| LayerFiles::prepare(path, count, depth, connection)).transpose()
    }

    /// The picture that is edited.
    fn original(&self, opened: &Opened, session: &SessionInfo, connection: &Connection<'_>) -> Result<Photo> {
        if self.on == 0 {
            return Ok(opened.target.photo.clone());
        }
        let of = ResultOf { session: session.session.clone(), revision: self.on, whole: true };
        let (_, blobs) = connection.ask(of, Vec::new())?;
        Ok(Photo { image: picture_of(&blobs)?, ..opened.target.photo.clone() })
    }
}

/// What all variations share.
struct Job<'a> {
    common: &'a Common,
    connection: &'a Connection<'a>,
    values: &'a Values,
    /// The edits and their masks.
    edits: (Vec<EditVerb>, Vec<Blob>),
    session: &'a SessionInfo,
    /// What is edited in place of a revision.
    frame: Option<&'a Opened>,
    others: &'a [OtherFrame],
    original: Photo,
    layers: Option<&'a LayerFiles>,
}

impl Job<'_> {
    /// Says what the format of the results does not keep.
    fn remark(&self, files: &[PathBuf], console: &Console) {
        let Some(file) = files.first() else { return };
        let format = Format::of(file);
        if !format.is_exact() {
            console.note("JPEG keeps no pixel exactly: the pixels outside the region are the picture's own until they are encoded");
        }
        let lost = format.loses(&self.original.metadata);
        if !lost.is_empty() {
            console.note(format!("{} of the picture: not kept in this format; PNG keeps it", lost.join(" and ")));
        }
    }

    /// Makes every result; with `on_sheet` a small copy of each is kept.
    fn run(&self, files: Vec<PathBuf>, on_sheet: bool) -> Result<Vec<Variation>> {
        let arguments: Vec<String> = std::env::args_os().skip(1).map(|argument| argument.to_string_lossy().into_owned()).collect();
        let model = self.common.engine.choice(self.session.model.as_deref())?;
        let mut options = EditOptions::from_values(self.values);
        let is_fast = is_fast(self.values);
        let model = if is_fast { model.for_options(&options) } else { model };
        options.seed.get_or_insert_with(random_seed);
        let mut variations = Vec::new();
        for (index, file) in files.into_iter().enumerate() {
            let seed = options.seed.map(|seed| seed.wrapping_add(index as u64));
            let (edits, mut blobs) = self.edits.clone();
            let frame_items = self.frame.map_or(Ok(None), |frame| frame.add_labels(&mut blobs))?;
            let frame = self.frame.map(|frame| frame.add_picture(&mut blobs)).transpose()?;
            let neighbours = self.others.iter().map(|other| other.add(&mut blobs)).collect::<Result<_>>()?;
            let edit = request::Edit {
                session: self.session.session.clone(),
                edits,
                plan: PlanOptions::from_values(self.values),
                options: EditOptions { seed, ..options.clone() },
                model: model.clone(),
                base: if frame.is_none() { Some(self.common.on) } else { None },
                frame,
                frame_items,
                frame_names: self.frame.and_then(Opened::names_of_labels),
                neighbours,
                draft: self.common.draft || is_fast || self.common.source.is_picture(),
                keep: false,
                previews: false,
                changes: false,
                layers: self.layers.is_some(),
                note: Some(json!({"arguments": arguments, "file": output::as_text(&file)})),
            };
            variations.push(self.run_one(edit, blobs, (index, file), on_sheet)?);
        }
        Ok(variations)
    }

    /// Makes one result and writes it.
    fn run_one(&self, edit: request::Edit, blobs: Vec<Blob>, (index, file): (usize, PathBuf), on_sheet: bool) -> Result<Variation> {
        let edits = edit.edits.clone();
        let (edited, blobs) = self.connection.ask(edit, blobs)?;
        let mut picture = self.original.image.clone();
        picture.put((edited.region.x, edited.region.y), &picture_of(&blobs)?)?;
        let text = json!({"made_by": MADE_BY, "edits": edits, "model": edited.model, "settings": edited.settings});
        let texts = [("dedit".to_owned(), text.to_string())];
        let bytes = encode_photo(&picture, &self.original, &texts, Format::of(&file), self.common.quality)?;
        output::write(&file, &bytes)?;
        let layers = match (self.layers, &edited.layers) {
            (Some(files), Some(layers)) => files.write(index, layers, &blobs, &self.original, &picture)?,
            _ => Vec::new(),
        };
        Ok(Variation { file, layers, edited, shrunk: if on_sheet { Some(sheet::shrunk(&picture)?) } else { None } })
    }
}
