//! `dedit learn`: gives the items of a picture prompts of their own.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::time::Instant;

use clap::{Args, ValueEnum};
use dedit_diffusion::{Error, Result};
use dedit_edit::Segmentation;
use dedit_engine::learning::{LearnEvent, LearnSettings, LearningState, Stage};
use dedit_engine::{Engine, ItemWords, Learned, Subject, TrainedAttention};
use serde_json::{Value, json};

use crate::arguments::{self, Reporting};
use crate::console::{Console, rounded};
use crate::interrupt::Interrupt;
use crate::items::{self, ItemFiles};
use crate::memory;
use crate::model::Model;
use crate::picture::Photo;
use crate::session::{self, Picture, Session};

/// Learn a picture: its items get prompts of their own, which edits then change
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// The picture: a PNG, JPEG, WebP or TIFF file
    #[arg(value_name = "PICTURE")]
    picture: PathBuf,
    #[command(flatten)]
    files: ItemFiles,
    /// A second picture, whose items can take the place of the first one's
    #[arg(long, value_name = "PICTURE", requires = "reference_items")]
    reference: Option<PathBuf>,
    /// The items of the second picture, as for --items
    #[arg(long, value_name = "WHERE", requires = "reference")]
    reference_items: Vec<String>,
    /// The folder of the session: what is learned, and the picture itself. Learning that was cut off there goes on
    #[arg(long, value_name = "DIR")]
    session: PathBuf,
    /// Begin again, whatever the folder holds
    #[arg(long)]
    restart: bool,
    #[command(flatten)]
    how: How,
    #[command(flatten)]
    engine: arguments::Engine,
    #[command(flatten)]
    pub(crate) reporting: Reporting,
}

/// How it is learned.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Learning")]
pub(crate) struct How {
    /// Words that an item's tokens start from, NAME=WORDS; without any, its own name where that is words, else noise
    #[arg(long, value_name = "NAME=WORDS")]
    words: Vec<String>,
    /// Words round an item's tokens while it is learned, NAME=TEXT with [v] for the tokens
    #[arg(long, value_name = "NAME=TEXT")]
    template: Vec<String>,
    /// The way of the published implementation, or a better one
    #[arg(long, value_enum, default_value_t = Preset::Default)]
    preset: Preset,
    /// Tokens of each item [default: 5]
    #[arg(long, value_name = "N", value_parser = arguments::parse_count)]
    tokens: Option<usize>,
    /// Updates of the two stages at most, for the tokens and for the attention [default: 80,120]
    #[arg(long, value_name = "A,B", value_delimiter = ',')]
    updates: Vec<usize>,
    /// Learning rates of the two stages [default: 0.005,0.0005]
    #[arg(long, value_name = "A,B", value_delimiter = ',')]
    rates: Vec<f64>,
    /// Rank of the LoRA on the attention [default: 4]
    #[arg(long, value_name = "N", conflicts_with = "full_attention", value_parser = arguments::parse_count)]
    rank: Option<usize>,
    /// Train the cross-attention weights themselves: a session of over 100 MB
    #[arg(long)]
    full_attention: bool,
    /// Noised copies in one pass [default: 1]
    #[arg(long, value_name = "N", value_parser = arguments::parse_count)]
    batch: Option<usize>,
    /// Passes to an update [default: 2]
    #[arg(long, value_name = "N", value_parser = arguments::parse_count)]
    accumulation: Option<usize>,
    /// Go through all updates, also when the loss has settled
    #[arg(long)]
    no_early_stop: bool,
    /// Compute the outermost N levels of the denoiser again in the backward pass: less memory for more time
    #[arg(long, value_name = "N", default_value_t = 0)]
    checkpoint_levels: usize,
    /// Write a preview to the session's folder every N updates
    #[arg(long, value_name = "N", default_value_t = 0)]
    preview_every: usize,
    /// Seed of everything random
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,
}

/// The published way, or a better one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Preset {
    /// Better
    Default,
    /// As published
    Reference,
}

impl How {
    /// The settings for a model and one or two pictures.
    pub(crate) fn settings(&self, engine: &Engine, pictures: usize) -> Result<LearnSettings> {
        let mut settings = match self.preset {
            Preset::Default => LearnSettings::default(),
            Preset::Reference => LearnSettings::reference(engine.pipeline().family(), pictures),
        };
        settings.tokens_per_item = self.tokens.unwrap_or(settings.tokens_per_item);
        if let Some([tokens, attention]) = pair(&self.updates, "updates")? {
            (settings.tokens.updates, settings.attention.updates) = (tokens, attention);
        }
        if let Some([tokens, attention]) = pair(&self.rates, "rates")? {
            (settings.tokens.rate, settings.attention.rate) = (tokens, attention);
        }
        if let Some(rank) = self.rank {
            settings.trained = TrainedAttention::Lora { rank, alpha: rank as f64 };
        }
        if self.full_attention {
            settings.trained = TrainedAttention::CrossAttention;
        }
        settings.batch = self.batch.unwrap_or(settings.batch);
        settings.accumulation = self.accumulation.unwrap_or(settings.accumulation);
        if self.no_early_stop {
            settings.plateau = None;
        }
        let (checkpoint_levels, preview_every, seed) = (self.checkpoint_levels, self.preview_every, self.seed);
        Ok(LearnSettings { checkpoint_levels, preview_every, seed, ..settings })
    }

    /// What is said of the items of the picture.
    pub(crate) fn words(&self, items: &Segmentation) -> Result<BTreeMap<String, ItemWords>> {
        let mut words: BTreeMap<String, ItemWords> = BTreeMap::new();
        for name in items.names().iter().filter(|name| names_a_thing(name)) {
            words.insert(name.clone(), ItemWords { start: Some(name.clone()), template: None });
        }
        for said in &self.words {
            let (name, start) = said_of(said, "--words bag=\"leather handbag\"")?;
            words.entry(name).or_default().start = Some(start);
        }
        for said in &self.template {
            let (name, template) = said_of(said, "--template bag=\"a photo of a [v] handbag\"")?;
            words.entry(name).or_default().template = Some(template);
        }
        Ok(words)
    }
}

fn pair<T: Copy>(values: &[T], what: &str) -> Result<Option<[T; 2]>> {
    match values {
        [] => Ok(None),
        &[one, other] => Ok(Some([one, other])),
        _ => Err(Error::usage(format!("--{what} has {} numbers", values.len())).hint("give two, one for each stage, such as 80,120")),
    }
}

fn said_of(text: &str, example: &str) -> Result<(String, String)> {
    let wrong = || Error::usage(format!("'{text}' does not say which item it is about")).hint(format!("write it as {example}"));
    text.split_once('=').map(|(name, words)| (name.trim().to_owned(), words.trim().to_owned())).ok_or_else(wrong)
}

/// Whether a name is words that somebody chose: letters and spaces, and not what programs call things.
fn names_a_thing(name: &str) -> bool {
    const OF_PROGRAMS: [&str; 9] = ["background", "layer", "mask", "item", "image", "object", "region", "selection", "label"];
    let first = name.split_whitespace().next().unwrap_or_default().to_lowercase();
    name.chars().all(|letter| letter.is_alphabetic() || letter == ' ') && name.chars().count() > 2 && !OF_PROGRAMS.contains(&first.as_str())
}

/// Reads a picture with its items.
pub(crate) fn read_picture(path: &Path, files: &ItemFiles) -> Result<Picture> {
    let photo = Photo::read(path)?;
    let items = files.read(photo.image.size())?;
    Ok(Picture { photo, items })
}

/// Runs the command.
pub(crate) fn run(options: &Options, console: &Console, interrupt: &Interrupt) -> Result<()> {
    let begun = Instant::now();
    let target = read_picture(&options.picture, &options.files)?;
    let reference = match &options.reference {
        Some(path) => {
            let photo = Photo::read(path)?;
            let items = items::read(&options.reference_items, &[], photo.image.size())?;
            Some((path, Picture { photo, items }))
        }
        None => None,
    };
    let words = options.how.words(&target.items)?;
    let reference_words = reference.as_ref().map(|(_, picture)| named_words(&picture.items)).unwrap_or_default();
    let model = Model::open(&options.engine, None, console)?;
    let path = model.path().to_path_buf();
    console.stage("loading the model", 0, 1, None);
    let mut engine = Engine::new(model.load(console)?.0)?;
    let settings = options.how.settings(&engine, 1 + usize::from(reference.is_some()))?;
    let subject = Subject { picture: &target.photo.image, items: &target.items, words };
    let second =
        reference.as_ref().map(|(_, picture)| Subject { picture: &picture.photo.image, items: &picture.items, words: reference_words });
    let draft = engine.draft(&subject, second.as_ref(), &settings)?;
    let folder = &options.session;
    if options.restart {
        session::forget(folder)?;
    } else if let Some(learned) = already(folder, &draft)? {
        return finish(console, options, &learned, [0, 0], begun);
    }
    let (state, aside) = session::kept_state(folder)?;
    if let Some(aside) = aside {
        console.note(format!("the state of learning was damaged and is set aside; learning begins again: {}", aside.display()));
    }
    if let Some(state) = &state {
        // Before anything in the folder is written over.
        engine.check_state(&subject, second.as_ref(), &settings, state)?;
    }
    let mut pictures = vec![(options.picture.as_path(), &target)];
    pictures.extend(reference.as_ref().map(|(path, picture)| (path.as_path(), picture)));
    let session = Session::create(folder, &path, &pictures)?;
    interrupt.listen();
    let resumed = state.as_ref().map_or([0, 0], LearningState::updates);
    let mut hear = |event: LearnEvent<'_>| hear(&event, &session, console, interrupt);
    let learned = engine.learn(&subject, second.as_ref(), &settings, state, &mut hear)?;
    session.keep_learned(&learned)?;
    finish(console, options, &learned, resumed, begun)
}

fn named_words(items: &Segmentation) -> BTreeMap<String, ItemWords> {
    let named = items.names().iter().filter(|name| names_a_thing(name));
    named.map(|name| (name.clone(), ItemWords { start: Some(name.clone()), template: None })).collect()
}

/// What the folder holds, if the same was learned there already.
fn already(folder: &Path, draft: &Learned) -> Result<Option<Learned>> {
    let Some(learned) = Session::open(folder).ok().map(|session| session.learned()).transpose()?.flatten() else { return Ok(None) };
    if learned.same_inputs(draft) {
        return Ok(Some(learned));
    }
    Err(Error::usage("something else was learned here").at(folder).hint("give another folder, or --restart to forget it"))
}

fn hear(event: &LearnEvent<'_>, session: &Session, console: &Console, interrupt: &Interrupt) -> Result<ControlFlow<()>> {
    match event {
        LearnEvent::Step { stage, step, of, loss, seconds_left } => {
            let what = match stage {
                Stage::Tokens => "learning tokens",
                Stage::Attention => "learning attention",
            };
            console.learning(what, *step, *of, *loss, *seconds_left);
        }
        LearnEvent::Preview(preview) => session.keep_preview(preview)?,
        LearnEvent::State(state) => session.keep_state(state)?,
        LearnEvent::StageDone { stage, steps, settled } => {
            if *settled {
                let what = match stage {
                    Stage::Tokens => "the tokens",
                    Stage::Attention => "the attention",
                };
                console.note(format!("the loss of {what} has settled after {steps} updates"));
            }
        }
    }
    Ok(if interrupt.asked() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
}

fn finish(console: &Console, options: &Options, learned: &Learned, resumed: [usize; 2], begun: Instant) -> Result<()> {
    let [tokens, attention] = learned.losses();
    let losses: Vec<f32> = tokens.iter().chain(attention).copied().collect();
    // One loss says little: each is of another timestep.
    let mean = |losses: &[f32]| losses.iter().map(|loss| f64::from(*loss)).sum::<f64>() / losses.len().max(1) as f64;
    let some = losses.len().min(10);
    let (first, last) = (mean(&losses[..some]), mean(&losses[losses.len() - some..]));
    let size = learned.to_bytes()?.len();
    let seconds = begun.elapsed().as_secs_f64();
    let told = format!(
        "{}: {} items in {} + {} updates, loss {first:.4} to {last:.4}, {:.1} kB, {seconds:.1} s",
        options.session.display(),
        learned.items().len(),
        tokens.len(),
        attention.len(),
        size as f64 / 1e3,
    );
    let report: Value = json!({
        "session": options.session,
        "items": learned.items().iter().map(|item| &item.name).collect::<Vec<_>>(),
        "seconds": rounded(seconds),
        "steps": [tokens.len(), attention.len()],
        "resumed_at": resumed,
        "loss_first": first,
        "loss_last": last,
        "session_bytes": size,
        "peak_rss_bytes": memory::peak_rss_bytes(),
    });
    console.finish(&told, report);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::names_a_thing;

    #[test]
    fn names_that_people_choose_are_words() {
        for (name, words) in [
            ("bag", true),
            ("red bag", true),
            ("Büste", true),
            ("background", false),
            ("Layer", false),
            ("item 3", false),
            ("mask01", false),
            ("ab", false),
            ("selection mask", false),
        ] {
            assert_eq!(names_a_thing(name), words, "{name}");
        }
    }
}
