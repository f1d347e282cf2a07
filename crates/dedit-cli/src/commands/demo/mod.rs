//! `dedit demo`: edits photographs without weights, then learns pictures, and shows what every verb makes of them.

mod album;
mod photographs;
mod report;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Instant;

use clap::Args;
use dedit_edit::Fit;
use dedit_protocol::request::{self, EditOptions, Learn, LearnOptions, ModelChoice, PlanOptions, Which, Words};
use dedit_schema::defaults;

use self::album::{Entry, Step};
use self::report::{Done, Figures, LearnedPage, Page};
use crate::arguments::{self, Reporting, pair};
use crate::connection::{Connection, picture_of};
use crate::console::Console;
use crate::error::{Error, Result};
use crate::interrupt::Interrupt;
use crate::items::ItemFiles;
use crate::output;
use crate::picture::{Photo, encode_plain};
use crate::sheet;

/// Edit built-in photographs, which needs no weights, and learn built-in pictures, or one of your own, and apply the verbs to them: pictures, a contact
/// sheet and a report
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// The folder for the pictures, contact-sheet.png and report.json
    #[arg(long, value_name = "DIR", default_value = "out/demo")]
    out: PathBuf,
    /// A picture of your own, with --items, instead of the built-in ones
    #[arg(long, value_name = "FILE", requires = "items")]
    picture: Option<PathBuf>,
    #[command(flatten)]
    files: ItemFiles,
    /// What the largest item of your picture is replaced by
    #[arg(long, value_name = "TEXT", default_value = "a blue cube", requires = "picture")]
    prompt: String,
    #[arg(long, value_name = "A,B", value_delimiter = ',', help = updates_help())]
    updates: Vec<usize>,
    #[arg(long, value_name = "N", help = steps_help(), value_parser = arguments::parse_count)]
    steps: Option<usize>,
    /// Seed of everything random
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,
    #[command(flatten)]
    engine: arguments::Engine,
    #[command(flatten)]
    pub(crate) reporting: Reporting,
}

fn updates_help() -> String {
    let [tokens, attention] = defaults::UPDATES;
    format!("Updates of the two stages of learning at most [default: {tokens},{attention}]")
}

fn steps_help() -> String {
    format!("Denoising steps of an edit [default: {}; {} to reconstruct]", defaults::STEPS, defaults::STEPS_RECONSTRUCT)
}

/// Photographs on the contact sheet are as high as the toys are there.
const HEIGHT: u32 = 256;

/// Runs the command.
pub(crate) fn run(options: &Options, console: &Console, interrupt: &Interrupt) -> Result<()> {
    let begun = Instant::now();
    if options.picture.is_none() && !options.files.items.is_empty() {
        return Err(Error::usage("--items are of a picture, and none was given").hint("give --picture too"));
    }
    let updates = pair(&options.updates, "updates")?;
    output::create_folder(&options.out)?;
    let entries = match &options.picture {
        Some(path) => vec![album::own(path, &options.files, &options.prompt)?],
        None => photographs::built_in()?.into_iter().chain(album::built_in()?).collect(),
    };
    let connection = options.engine.daemon.connect(console, interrupt)?;
    let model = options.engine.choice_for_toys(console)?;
    connection.require_choice(&model)?;
    interrupt.listen();
    // A model that is not there is found out before anything is edited.
    connection.ask(request::Load(model.clone()), Vec::new())?;
    let without_weights = ModelChoice { model: Some(dedit_models::PATCHES.to_owned()), ..ModelChoice::default() };
    let demo = Demo { connection, options };
    let mut pages = Vec::new();
    for entry in &entries {
        pages.push(demo.page(entry, if entry.without_weights { &without_weights } else { &model }, updates)?);
    }
    let seconds = begun.elapsed().as_secs_f64();
    let rows = pages.iter_mut().map(Page::row).collect::<Vec<_>>();
    output::write(&options.out.join("contact-sheet.png"), &sheet::titled_rows(&rows)?)?;
    let last = report::model(&pages).unwrap_or_default();
    let report = report::json(&pages, &demo.description(&last)?, options.seed, seconds);
    output::write(&options.out.join("report.json"), format!("{report:#}\n").as_bytes())?;
    console.finish(&report::table(&pages, &options.out, seconds), report);
    Ok(())
}

/// A daemon, and what is asked of it.
struct Demo<'a> {
    connection: Connection<'a>,
    options: &'a Options,
}

impl Demo<'_> {
    /// What a model is, in words.
    fn description(&self, model: &str) -> Result<String> {
        let (models, _) = self.connection.ask(request::Models {}, Vec::new())?;
        let named = models.models.into_iter().find(|known| known.name == model);
        Ok(named.map(|model| model.description).unwrap_or_default())
    }

    /// Opens a picture, with its items and what is known of them.
    fn open(&self, entry: &Entry) -> Result<String> {
        let folder = self.options.out.join("sessions").join(&entry.name);
        let opened = self.connection.open_picture(&entry.picture.photo, &entry.name, Some(&folder), true)?;
        let words = |picture: &album::Picture| -> BTreeMap<String, Words> {
            let words = picture.words().iter();
            words.map(|(name, words)| (name.clone(), Words { start: words.start.clone(), template: words.template.clone() })).collect()
        };
        self.connection.set_items(&opened.session, Which::Target, &entry.picture.items, Some(words(&entry.picture)))?;
        let reference = entry.reference.as_ref();
        self.connection.set_reference(&opened.session, reference.map(|picture| (&picture.photo, "a second picture")))?;
        if let Some(picture) = reference {
            self.connection.set_items(&opened.session, Which::Reference, &picture.items, Some(words(picture)))?;
        }
        Ok(opened.session)
    }

    /// Learns an entry and does its steps.
    fn page(&self, entry: &Entry, model: &ModelChoice, updates: Option<[usize; 2]>) -> Result<Page> {
        self.connection.ask(request::Load(model.clone()), Vec::new())?;
        let session = self.open(entry)?;
        let options = LearnOptions { updates, seed: self.options.seed, ..LearnOptions::default() };
        let learn = Learn { session: session.clone(), model: model.clone(), options, restart: true, keep: false };
        let (learned, _) = self.connection.ask(learn, Vec::new())?;
        let file = self.write(&format!("{}.png", entry.name), &entry.picture.photo.image, entry)?;
        let mut shown =
            vec![(entry.name.clone(), sheet::shrunk(&entry.picture.photo.image)?), ("its items".to_owned(), entry.picture.overlay()?)];
        if let Some(picture) = &entry.reference {
            self.write(&format!("{}-reference.png", entry.name), &picture.photo.image, entry)?;
            shown.push(("a second picture".to_owned(), sheet::shrunk(&picture.photo.image)?));
        }
        let items = entry.picture.items.names().to_vec();
        let learned_page = LearnedPage { file, items, updates: learned.steps, seconds: learned.seconds };
        let done = entry.steps.iter().map(|step| self.step(entry, &session, step)).collect::<Result<_>>()?;
        Ok(Page { learned: learned_page, done, shown, most: if entry.without_weights { HEIGHT } else { u32::MAX } })
    }

    /// Makes one edit and writes it.
    fn step(&self, entry: &Entry, session: &str, step: &Step) -> Result<Done> {
        let fit = if step.fit == Fit::Box { "box" } else { "exact" };
        let edit = request::Edit {
            session: session.to_owned(),
            edits: vec![step.edit.clone()],
            plan: PlanOptions { fit: Some(fit.to_owned()), ..PlanOptions::default() },
            options: EditOptions { seed: Some(self.options.seed), steps: self.options.steps, ..EditOptions::default() },
            base: Some(0),
            ..request::Edit::default()
        };
        let (edited, blobs) = self.connection.ask(edit, Vec::new())?;
        let mut picture = entry.picture.photo.image.clone();
        picture.put((edited.region.x, edited.region.y), &picture_of(&blobs)?)?;
        let file = self.write(&format!("{}-{}.png", entry.name, step.name), &picture, entry)?;
        let shown = Some(sheet::shrunk(&picture)?);
        Ok(Done { title: step.title.clone(), verb: step.edit.verb().id(), file, figures: Figures::of(&edited), model: edited.model, shown })
    }

    fn write(&self, name: &str, picture: &dedit_edit::Image, entry: &Entry) -> Result<PathBuf> {
        let file = self.options.out.join(name);
        let Photo { profile, .. } = &entry.picture.photo;
        output::write(&file, &encode_plain(picture, profile.as_deref())?)?;
        Ok(file)
    }
}
