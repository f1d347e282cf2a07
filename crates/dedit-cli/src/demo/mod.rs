//! `dedit demo`: learns pictures and shows what every verb makes of them.

mod album;
mod report;

use std::ops::ControlFlow;
use std::path::PathBuf;
use std::time::Instant;

use clap::Args;
use dedit_diffusion::{Error, Result};
use dedit_edit::{EditPlan, PlanSettings, Segmentation};
use dedit_engine::learning::{LearnEvent, LearnSettings};
use dedit_engine::sampling::EditSettings;
use dedit_engine::{Engine, Learned, from_edit};

use self::album::{Entry, Step};
use self::report::{Done, Figures, LearnedPage, Page};
use crate::arguments::{self, Reporting};
use crate::console::Console;
use crate::edit;
use crate::interrupt::Interrupt;
use crate::items::ItemFiles;
use crate::learn::{pair, stage_name};
use crate::model::Model;
use crate::output;
use crate::picture::encode_image;
use crate::sheet;

/// Learn the built-in pictures, or one of your own, and apply the verbs to them: pictures, a contact sheet and a report
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
    /// Updates of the two stages of learning at most [default: 80,120]
    #[arg(long, value_name = "A,B", value_delimiter = ',')]
    updates: Vec<usize>,
    /// Denoising steps of an edit [default: 20; 50 to reconstruct]
    #[arg(long, value_name = "N", value_parser = arguments::parse_count)]
    steps: Option<usize>,
    /// Seed of everything random
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,
    #[command(flatten)]
    engine: arguments::Engine,
    #[command(flatten)]
    pub(crate) reporting: Reporting,
}

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
        None => album::built_in()?,
    };
    let model = Model::open(&options.engine, None, console)?;
    console.stage("loading the model", 0, 1, None);
    let (pipeline, choice) = model.load(console)?;
    let engine = Engine::new(pipeline)?;
    interrupt.listen();
    let mut demo = Demo { engine, options, console, interrupt };
    let mut pages = Vec::new();
    for entry in &entries {
        entry.steps.iter().filter_map(Step::words).for_each(|words| choice.check_words(words, console));
        pages.push(demo.page(entry, updates)?);
    }
    let seconds = begun.elapsed().as_secs_f64();
    let rows = pages.iter_mut().map(Page::row).collect::<Vec<_>>();
    output::write(&options.out.join("contact-sheet.png"), &sheet::titled_rows(&rows)?)?;
    let report = report::json(&pages, demo.engine.pipeline().description(), &choice.name, options.seed, seconds);
    output::write(&options.out.join("report.json"), format!("{report:#}\n").as_bytes())?;
    console.finish(&report::table(&pages, &options.out, seconds), report);
    Ok(())
}

/// A loaded engine, and what is asked of it.
struct Demo<'a> {
    engine: Engine,
    options: &'a Options,
    console: &'a Console,
    interrupt: &'a Interrupt,
}

impl Demo<'_> {
    /// Learns an entry and does its steps.
    fn page(&mut self, entry: &Entry, updates: Option<[usize; 2]>) -> Result<Page> {
        let begun = Instant::now();
        let reference = entry.reference.as_ref().map(album::Picture::subject);
        let mut settings = LearnSettings { seed: self.options.seed, save_every: 0, ..LearnSettings::default() };
        if let Some([tokens, attention]) = updates {
            (settings.tokens.updates, settings.attention.updates) = (tokens, attention);
        }
        let (console, interrupt) = (self.console, self.interrupt);
        let mut hear = |event: LearnEvent<'_>| Ok(hear_learning(&event, console, interrupt));
        let learned = self.engine.learn(&entry.picture.subject(), reference.as_ref(), &settings, None, &mut hear)?;
        let seconds = begun.elapsed().as_secs_f64();
        let file = self.write(&format!("{}.png", entry.name), &entry.picture.image, entry)?;
        let mut shown =
            vec![(entry.name.clone(), sheet::shrunk(&entry.picture.image)?), ("its items".to_owned(), entry.picture.overlay()?)];
        if let Some(picture) = &entry.reference {
            self.write(&format!("{}-reference.png", entry.name), &picture.image, entry)?;
            shown.push(("a second picture".to_owned(), sheet::shrunk(&picture.image)?));
        }
        let [tokens, attention] = learned.losses().each_ref().map(Vec::len);
        let learned_page = LearnedPage { file, items: entry.picture.items.names().to_vec(), updates: [tokens, attention], seconds };
        let mut done = Vec::new();
        for step in &entry.steps {
            done.push(self.step(entry, &learned, step)?);
        }
        Ok(Page { learned: learned_page, done, shown })
    }

    /// Makes one edit and writes it.
    fn step(&mut self, entry: &Entry, learned: &Learned, step: &Step) -> Result<Done> {
        let begun = Instant::now();
        let (picture, items) = (&entry.picture.image, &entry.picture.items);
        let reference: Option<&Segmentation> = entry.reference.as_ref().map(|picture| &picture.items);
        let plan_settings = PlanSettings { fit: step.fit, ..PlanSettings::for_size(items.size()) };
        let edits = [step.edit.clone()];
        let plan = EditPlan::new(items, reference, &edits, &plan_settings).map_err(from_edit)?;
        let usual = EditSettings::for_edits(&edits);
        let settings = EditSettings { seed: self.options.seed, steps: self.options.steps.unwrap_or(usual.steps), ..usual };
        let (console, interrupt) = (self.console, self.interrupt);
        let edited = self.engine.edit(learned, picture, &plan, &settings, &mut |event| Ok(edit::hear(&event, console, interrupt)))?;
        let file = self.write(&format!("{}-{}.png", entry.name, step.name), &edited.picture, entry)?;
        let figures = Figures::of(&edited, begun.elapsed());
        Ok(Done { title: step.title.clone(), verb: step.edit.verb(), file, figures, shown: Some(sheet::shrunk(&edited.picture)?) })
    }

    fn write(&self, name: &str, picture: &dedit_edit::Image, entry: &Entry) -> Result<PathBuf> {
        let file = self.options.out.join(name);
        output::write(&file, &encode_image(picture, entry.picture.profile.as_deref(), &[])?)?;
        Ok(file)
    }
}

fn hear_learning(event: &LearnEvent<'_>, console: &Console, interrupt: &Interrupt) -> ControlFlow<()> {
    if let LearnEvent::Step { stage, step, of, loss, seconds_left } = event {
        console.learning(stage_name(*stage), *step, *of, *loss, *seconds_left);
    }
    interrupt.flow()
}
