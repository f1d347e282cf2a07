//! `dedit edit`: changes items of a picture, and nothing else.

mod source;
mod verbs;

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::time::Instant;

use clap::{Args, ValueEnum};
use dedit_diffusion::scheduler::SchedulerKind;
use dedit_diffusion::{Error, Result};
use dedit_edit::{Depth, Edit, EditPlan};
use dedit_engine::learning::LearnSettings;
use dedit_engine::sampling::{EditEvent, EditSettings, Edited, Start};
use dedit_engine::{Engine, Learned, Subject};
use serde_json::{Value, json};

pub(crate) use self::source::{Opened, Planning, Source};
pub(crate) use self::verbs::Verb;
use crate::arguments::{self, Reporting, parse_count};
use crate::console::{Console, rounded};
use crate::interrupt::Interrupt;
use crate::learn::Preset;
use crate::making::random_seed;
use crate::model::Model;
use crate::picture::encode_image;
use crate::{memory, output, sheet};

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
    how: How,
    #[command(flatten)]
    engine: arguments::Engine,
    #[command(flatten)]
    reporting: Reporting,
}

/// How it is made.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Sampling")]
struct How {
    /// The way of the published implementation, or a better one
    #[arg(long, value_enum, default_value_t = Preset::Default)]
    preset: Preset,
    /// Share of the steps in which the soft ring stays as it was [default: 0.5]
    #[arg(long, value_name = "0..1", allow_negative_numbers = true)]
    strength: Option<f64>,
    /// How strongly the prompts lead [default: 7 for words, 3 else, 1 to reconstruct]
    #[arg(long, value_name = "SCALE", allow_negative_numbers = true)]
    guidance: Option<f64>,
    /// Denoising steps [default: 20; 50 as published]
    #[arg(long, value_name = "N", value_parser = parse_count)]
    steps: Option<usize>,
    /// The scheduler, one of ddim, ddpm, euler, euler-a, dpmpp-2m, dpmpp-2m-karras, unipc, lcm [default: dpmpp-2m]
    #[arg(long, value_name = "NAME")]
    scheduler: Option<SchedulerKind>,
    /// How many results, with the seeds that follow
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = parse_count)]
    variations: usize,
    /// Share of the steps in which moved items keep their own pixels; 0 re-imagines them [default: 0.8]
    #[arg(long, value_name = "0..1", allow_negative_numbers = true)]
    anchor: Option<f64>,
    /// Where denoising starts [default: noise; inverted to reconstruct]
    #[arg(long, value_enum)]
    start: Option<StartName>,
    /// Work on the whole picture at the model's size, not on the region with its surroundings
    #[arg(long)]
    whole_picture: bool,
    /// Seed of the first result [default: a random one, which is told]
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
}

/// Where denoising starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum StartName {
    /// Noise of the seed
    Noise,
    /// Noise that leads back to the picture
    Inverted,
}

impl How {
    fn settings(&self, engine: &Engine, edits: &[Edit]) -> EditSettings {
        let usual = match self.preset {
            Preset::Default => EditSettings::for_edits(edits),
            Preset::Reference => EditSettings::reference(engine.pipeline().family(), edits),
        };
        EditSettings {
            steps: self.steps.unwrap_or(usual.steps),
            scheduler: self.scheduler.map(|kind| kind.name().to_owned()).or(usual.scheduler),
            guidance: self.guidance.unwrap_or(usual.guidance),
            strength: self.strength.unwrap_or(usual.strength),
            anchor: self.anchor.map_or(usual.anchor, |anchor| (anchor != 0.0).then_some(anchor)),
            start: match self.start {
                Some(StartName::Noise) => Start::Noise,
                Some(StartName::Inverted) => Start::Inverted,
                None => usual.start,
            },
            context_crop: usual.context_crop && !self.whole_picture,
            seed: self.seed.unwrap_or_else(random_seed),
            ..usual
        }
    }
}

/// Runs the command.
pub(crate) fn run(options: &Options, console: &Console, interrupt: &Interrupt) -> Result<()> {
    let begun = Instant::now();
    let common = options.verb.common();
    let mut opened = common.source.open()?;
    let extensions: &[&str] = if opened.target.photo.image.depth() == Depth::F32 { &["tif", "tiff"] } else { &["png"] };
    let files = output::prepare(&common.out, common.how.variations, extensions)?;
    let sheet = common.contact_sheet.as_deref().map(|file| output::prepare(file, 1, &["png"])).transpose()?;
    let edit = options.verb.edit(opened.target.items.size())?;
    let verb = edit.verb();
    let (plan, edits) = common.planning.plan(edit, &opened, common.how.preset == Preset::Reference)?;
    let recorded = opened.session.as_ref().map(|session| session.record.model.clone());
    let model = Model::open(&common.engine, recorded.as_deref(), console)?;
    console.stage("loading the model", 0, 1, None);
    let mut engine = Engine::new(model.load(console)?.0)?;
    let learned = learned(common, &opened, &engine)?;
    let settings = common.how.settings(&engine, &edits);
    interrupt.listen();
    let job = Job { plan: &plan, learned: &learned, opened: &opened, console, interrupt };
    let mut made = Vec::new();
    for (index, file) in files.iter().enumerate() {
        let begun = Instant::now();
        let settings = EditSettings { seed: settings.seed.wrapping_add(index as u64), ..settings.clone() };
        let edited = job.make(&mut engine, &settings)?;
        let texts = [("dedit", json!({"verb": verb, "item": options.verb.item(), "settings": settings}).to_string())];
        output::write(file, &encode_image(&edited.picture, opened.target.photo.profile.as_deref(), &texts)?)?;
        made.push(Made { edited, settings, seconds: begun.elapsed().as_secs_f64() });
    }
    if let Some(file) = sheet.iter().flatten().next() {
        let results: Vec<_> = made.iter().map(|made| (format!("{verb}, seed {}", made.settings.seed), &made.edited.picture)).collect();
        output::write(file, &sheet::contact_sheet(&opened.target, &plan, &results)?)?;
    }
    let mut report = report(&made, verb, options.verb.item(), &files, begun)?;
    if let Some(session) = &mut opened.session {
        let entry =
            json!({"verb": verb, "item": options.verb.item(), "arguments": arguments(), "settings": made[0].settings, "files": files});
        report["session_revision"] = session.add_to_history(entry)?.into();
    }
    let names: Vec<String> = files.iter().map(|file| file.display().to_string()).collect();
    let seconds = begun.elapsed().as_secs_f64();
    console.finish(&format!("{}: {verb}, seed {}, {seconds:.1} s", names.join(", "), made[0].settings.seed), report);
    Ok(())
}

/// What was asked for, as it was written.
fn arguments() -> Vec<String> {
    std::env::args_os().skip(1).map(|argument| argument.to_string_lossy().into_owned()).collect()
}

/// A result.
struct Made {
    edited: Edited,
    settings: EditSettings,
    seconds: f64,
}

fn report(made: &[Made], verb: &str, item: Option<&str>, files: &[PathBuf], begun: Instant) -> Result<Value> {
    let Some(first) = made.first() else { return Err(Error::usage("no variation was asked for")) };
    let region = first.edited.region;
    let variations: Vec<Value> = made
        .iter()
        .zip(files)
        .map(|(made, file)| {
            let outside = made.edited.changed_pixels_outside;
            json!({"file": file, "seed": made.settings.seed, "seconds": rounded(made.seconds), "changed_pixels_outside": outside})
        })
        .collect();
    Ok(json!({
        "verb": verb,
        "item": item,
        "seed": first.settings.seed,
        "seconds": rounded(begun.elapsed().as_secs_f64()),
        "steps": first.edited.steps,
        "peak_rss_bytes": memory::peak_rss_bytes(),
        "region": {"x": region.x, "y": region.y, "width": region.width, "height": region.height},
        "changed_pixels_outside": made.iter().map(|made| made.edited.changed_pixels_outside).sum::<usize>(),
        "session_revision": null,
        "files": files,
        "variations": variations,
    }))
}

/// What was learned of the picture, or where that is asked for, what it starts from.
fn learned(common: &Common, opened: &Opened, engine: &Engine) -> Result<Learned> {
    if let Some(session) = &opened.session {
        match session.learned()? {
            Some(learned) if !common.draft => {
                learned.check_picture(&opened.target.photo.image, &opened.target.items, false)?;
                return Ok(learned);
            }
            None if !common.draft => {
                return Err(Error::usage("learning has not come to its end here")
                    .at(&session.folder)
                    .hint("run dedit learn again to go on, or edit with --draft"));
            }
            _ => {}
        }
    }
    let subject = |picture: &'_ crate::session::Picture| (picture.photo.image.clone(), picture.items.clone());
    let (image, items) = subject(&opened.target);
    let target = Subject { picture: &image, items: &items, words: BTreeMap::new() };
    let second = opened.reference.as_ref().map(subject);
    let reference = second.as_ref().map(|(picture, items)| Subject { picture, items, words: BTreeMap::new() });
    engine.draft(&target, reference.as_ref(), &LearnSettings::default())
}

/// What all variations share.
struct Job<'a> {
    plan: &'a EditPlan,
    learned: &'a Learned,
    opened: &'a Opened,
    console: &'a Console,
    interrupt: &'a Interrupt,
}

impl Job<'_> {
    fn make(&self, engine: &mut Engine, settings: &EditSettings) -> Result<Edited> {
        let mut hear = |event: EditEvent<'_>| {
            match event {
                EditEvent::Cut(end) => {
                    self.console.note(format!("a prompt is too long for the text encoder; this end of it was left out: {end}"));
                }
                EditEvent::Inverted { done, of } => self.console.stage("inverting", done, of, None),
                EditEvent::Step { done, of, seconds_left, .. } => self.console.stage("denoising", done, of, Some(seconds_left)),
            }
            Ok(if self.interrupt.asked() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
        };
        engine.edit(self.learned, &self.opened.target.photo.image, self.plan, settings, &mut hear)
    }
}
