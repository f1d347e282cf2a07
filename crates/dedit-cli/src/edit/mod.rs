//! `dedit edit`: changes items of a picture, and nothing else.

mod how;
mod report;
mod source;
mod verbs;

use std::ops::ControlFlow;
use std::path::PathBuf;
use std::time::Instant;

use clap::Args;
use dedit_diffusion::{Error, Result};
use dedit_edit::{Depth, Edit, EditPlan};
use dedit_engine::learning::LearnSettings;
use dedit_engine::sampling::{EditEvent, EditSettings};
use dedit_engine::{Engine, Learned, Subject};
use serde_json::json;

pub(crate) use self::report::rectangle;
use self::report::{Done, Made, described};
pub(crate) use self::source::{Opened, Planning, Source};
pub(crate) use self::verbs::Verb;
use crate::arguments::{self, Reporting};
use crate::console::Console;
use crate::interrupt::Interrupt;
use crate::learn::{Preset, by_name};
use crate::making::MADE_BY;
use crate::model::Model;
use crate::picture::{Photo, encode_image};
use crate::session::Picture;
use crate::{output, sheet};

/// Change items of a learned picture
#[derive(Debug, Args)]
#[command(subcommand_required = true)]
pub(crate) struct Options {
    #[command(subcommand)]
    verb: Verb<Common>,
}

impl Options {
    pub(crate) fn reporting(&self) -> &Reporting {
        &self.verb.common().reporting
    }
}

/// What all verbs take.
#[derive(Debug, Clone, Args)]
pub(crate) struct Common {
    /// The file to write, of the picture's own depth: PNG, or TIFF for float pictures; with --variations out-1.png, out-2.png, …
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Writes the picture, its items, the plan and every result side by side
    #[arg(long, value_name = "FILE")]
    contact_sheet: Option<PathBuf>,
    /// Edits although nothing was learned, or learning has not come to its end: the items' prompts are as they start
    #[arg(long)]
    draft: bool,
    #[command(flatten)]
    source: Source,
    #[command(flatten)]
    planning: Planning,
    #[command(flatten)]
    how: how::How,
    #[command(flatten)]
    engine: arguments::Engine,
    #[command(flatten)]
    reporting: Reporting,
}

/// Runs the command.
pub(crate) fn run(options: &Options, console: &Console, interrupt: &Interrupt) -> Result<()> {
    let begun = Instant::now();
    let common = options.verb.common();
    let opened = common.source.open()?;
    let files = common.files(&opened)?;
    let sheet = common.contact_sheet.as_deref().map(|file| output::prepare(file, 1, &["png"])).transpose()?;
    let edit = options.verb.edit(opened.target.items.size())?;
    let (plan, edits) = common.planning.plan(edit, &opened, common.how.preset == Preset::Reference)?;
    let recorded = opened.session.as_ref().map(|session| session.record.model.clone());
    let model = Model::open(&common.engine, recorded.as_deref(), console)?;
    console.stage("loading the model", 0, 1, None);
    let (pipeline, choice) = model.load(console)?;
    let mut engine = Engine::new(pipeline)?;
    let learned = common.learned(&opened, &engine)?;
    let settings = common.how.settings(&engine, &edits);
    interrupt.listen();
    let (target, model) = (&opened.target, choice.name.as_str());
    let job = Job { plan: &plan, edits: &edits, learned: &learned, target, model, on_sheet: sheet.is_some(), console, interrupt };
    let mut made = Vec::new();
    for (index, file) in files.into_iter().enumerate() {
        let settings = EditSettings { seed: settings.seed.wrapping_add(index as u64), ..settings.clone() };
        made.push(job.make(&mut engine, settings, file)?);
    }
    let mut done = Done { verb: edits[0].verb(), item: options.verb.item(), made, seconds: begun.elapsed().as_secs_f64() };
    if let Some(file) = sheet.iter().flatten().next() {
        output::write(file, &sheet::contact_sheet(&opened.target, &plan, done.titled())?)?;
    }
    let revision = match opened.session {
        Some(mut session) => Some(session.add_to_history(done.entry(&edits), console)?),
        None => None,
    };
    console.finish(&done.told(), done.report(revision));
    Ok(())
}

impl Common {
    /// The files to write. That everything can be written is found out before anything is computed.
    fn files(&self, opened: &Opened) -> Result<Vec<PathBuf>> {
        if let Some(session) = &opened.session {
            output::create_folder(&session.folder)?;
        }
        let extensions: &[&str] = if opened.target.photo.image.depth() == Depth::F32 { &["tif", "tiff"] } else { &["png"] };
        output::prepare(&self.out, self.how.variations, extensions)
    }

    /// What was learned of the picture; or where that is asked for or nothing can have been learned, what it starts from.
    fn learned(&self, opened: &Opened, engine: &Engine) -> Result<Learned> {
        if let (Some(session), false) = (&opened.session, self.draft) {
            let Some(learned) = session.learned()? else {
                return Err(Error::usage("learning has not come to its end here")
                    .at(&session.folder)
                    .hint("run dedit learn again to go on, or edit with --draft"));
            };
            let Opened { target, reference, .. } = opened;
            learned.check_picture(&target.photo.image, &target.items, false).map_err(|error| error.at(&session.folder))?;
            if let Some(reference) = reference {
                learned.check_picture(&reference.photo.image, &reference.items, true).map_err(|error| error.at(&session.folder))?;
            }
            return Ok(learned);
        }
        let target = draft_of(&opened.target);
        let reference = opened.reference.as_ref().map(draft_of);
        engine.draft(&target, reference.as_ref(), &LearnSettings::default())
    }
}

/// A picture of which nothing was learned: its items' names say what they are, where they are words.
fn draft_of(picture: &Picture) -> Subject<'_> {
    Subject { picture: &picture.photo.image, items: &picture.items, words: by_name(&picture.items) }
}

/// What all variations share.
struct Job<'a> {
    plan: &'a EditPlan,
    edits: &'a [Edit],
    learned: &'a Learned,
    target: &'a Picture,
    /// The model's file or folder name.
    model: &'a str,
    on_sheet: bool,
    console: &'a Console,
    interrupt: &'a Interrupt,
}

impl Job<'_> {
    /// Makes one result and writes it.
    fn make(&self, engine: &mut Engine, settings: EditSettings, file: PathBuf) -> Result<Made> {
        let begun = Instant::now();
        let Photo { image, profile } = &self.target.photo;
        let edited = engine.edit(self.learned, image, self.plan, &settings, &mut |event| Ok(hear(&event, self.console, self.interrupt)))?;
        let text = json!({"made_by": MADE_BY, "edits": described(self.edits), "model": self.model, "settings": settings});
        output::write(&file, &encode_image(&edited.picture, profile.as_deref(), &[("dedit", text.to_string())])?)?;
        Ok(Made {
            settings,
            file,
            region: edited.region,
            steps: edited.steps,
            outside: edited.changed_pixels_outside,
            seconds: begun.elapsed().as_secs_f64(),
            shrunk: if self.on_sheet { Some(sheet::shrunk(&edited.picture)?) } else { None },
        })
    }
}

/// Tells how far an edit is, and whether to go on.
pub(crate) fn hear(event: &EditEvent<'_>, console: &Console, interrupt: &Interrupt) -> ControlFlow<()> {
    match event {
        EditEvent::Cut(end) => {
            console.note(format!("a prompt is too long for the text encoder; this end of it was left out: {end}"));
        }
        EditEvent::Inverted { done, of } => console.stage("inverting", *done, *of, None),
        EditEvent::Step { done, of, seconds_left, .. } => console.stage("denoising", *done, *of, Some(*seconds_left)),
    }
    interrupt.flow()
}
