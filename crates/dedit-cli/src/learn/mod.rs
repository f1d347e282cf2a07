//! `dedit learn`: gives the items of a picture prompts of their own.

mod how;
mod outcome;
mod words;

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::time::Instant;

use clap::Args;
use dedit_diffusion::{Error, Result};
use dedit_edit::Picture as Which;
use dedit_engine::learning::{LearnEvent, LearningState, Stage};
use dedit_engine::{Engine, Learned, Subject, from_edit};

pub(crate) use self::how::{Preset, pair};
pub(crate) use self::outcome::Outcome;
pub(crate) use self::words::by_name;
use crate::arguments::{self, Reporting};
use crate::console::Console;
use crate::interrupt::Interrupt;
use crate::items::{self, ItemFiles};
use crate::model::Model;
use crate::output;
use crate::picture::Photo;
use crate::session::{self, Lock, Origin, Picture, Session};

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
    /// The names of the second picture's items, as for --names
    #[arg(long, value_name = "A,B,…", value_delimiter = ',', requires = "reference")]
    reference_names: Vec<String>,
    /// The folder of the session: what is learned, and the picture itself. Learning that was cut off there goes on
    #[arg(long, value_name = "DIR")]
    session: PathBuf,
    /// Begin again, whatever the folder holds
    #[arg(long)]
    restart: bool,
    #[command(flatten)]
    said: words::Said,
    #[command(flatten)]
    how: how::How,
    #[command(flatten)]
    engine: arguments::Engine,
    #[command(flatten)]
    pub(crate) reporting: Reporting,
}

/// Reads a picture with its items.
pub(crate) fn read_picture(path: &Path, files: &ItemFiles) -> Result<Picture> {
    let photo = Photo::read(path)?;
    let items = files.read(photo.image.size())?;
    Ok(Picture { photo, items })
}

impl Options {
    fn read_reference(&self) -> Result<Option<Picture>> {
        let Some(path) = &self.reference else {
            self.said.check_without_reference()?;
            return Ok(None);
        };
        let photo = Photo::read(path)?;
        let items = items::read(&self.reference_items, &self.reference_names, photo.image.size())?;
        Ok(Some(Picture { photo, items }))
    }

    fn subject<'a>(&self, path: &Path, picture: &'a Picture, which: Which) -> Result<Subject<'a>> {
        let words = self.said.about(&picture.items, which)?;
        // All of a picture is learned; an edit may pass by what is broken.
        picture.photo.image.check_finite().map_err(|error| from_edit(error).at(path))?;
        Ok(Subject { picture: &picture.photo.image, items: &picture.items, words })
    }
}

/// Runs the command.
pub(crate) fn run(options: &Options, console: &Console, interrupt: &Interrupt) -> Result<()> {
    let begun = Instant::now();
    let target = read_picture(&options.picture, &options.files)?;
    let reference = options.read_reference()?;
    let subject = options.subject(&options.picture, &target, Which::Target)?;
    let second = options.reference.as_deref().zip(reference.as_ref());
    let second = second.map(|(path, picture)| options.subject(path, picture, Which::Reference)).transpose()?;
    let model = Model::open(&options.engine, None, console)?;
    let model_name = model.lasting_name();
    console.stage("loading the model", 0, 1, None);
    let mut engine = Engine::new(model.load(console)?.0)?;
    let settings = options.how.settings(&engine, 1 + usize::from(second.is_some()))?;
    let draft = engine.draft(&subject, second.as_ref(), &settings)?;
    let folder = &options.session;
    output::create_folder(folder)?;
    let _lock = Lock::for_learning(folder)?;
    if options.restart {
        session::forget(folder)?;
    } else if let Some((mut session, learned)) = already(folder, &draft)? {
        let outcome = Outcome::of(&learned, begun.elapsed())?;
        session.settle(&outcome)?;
        outcome.finish(console, folder, &learned, learned.losses().each_ref().map(Vec::len));
        return Ok(());
    }
    let state = state(folder, console)?;
    if let Some(state) = &state {
        // Before anything in the folder is written over.
        let other = |error: Error| error.at(folder).hint("begin again with --restart, or give another --session");
        engine.check_state(&subject, second.as_ref(), &settings, state).map_err(other)?;
    }
    let mut pictures = vec![(options.picture.as_path(), &target)];
    pictures.extend(options.reference.as_deref().zip(reference.as_ref()));
    let origin = Origin { model: &model_name, fingerprint: engine.fingerprint(), settings: &settings };
    let mut session = Session::create(folder, &origin, &pictures)?;
    interrupt.listen();
    let resumed = state.as_ref().map_or([0, 0], LearningState::updates);
    let mut hear = |event: LearnEvent<'_>| hear(&event, &session, console, interrupt);
    let learned = engine.learn(&subject, second.as_ref(), &settings, state, &mut hear)?;
    session.keep_learned(&learned)?;
    let outcome = Outcome::of(&learned, begun.elapsed())?;
    session.settle(&outcome)?;
    outcome.finish(console, folder, &learned, resumed);
    Ok(())
}

/// The state that learning goes on from.
fn state(folder: &Path, console: &Console) -> Result<Option<LearningState>> {
    let (state, aside) = session::kept_state(folder)?;
    if let Some(aside) = aside {
        console.note(format!("the state of learning was damaged and is set aside; learning begins again: {}", aside.display()));
    }
    Ok(state)
}

/// What the folder holds, if the same was learned there already.
fn already(folder: &Path, draft: &Learned) -> Result<Option<(Session, Learned)>> {
    let Ok(session) = Session::open(folder) else { return Ok(None) };
    let Some(learned) = session.learned()? else { return Ok(None) };
    if learned.same_inputs(draft) {
        return Ok(Some((session, learned)));
    }
    Err(Error::usage("something else was learned here").at(folder).hint("give another --session, or --restart to forget it"))
}

/// What a stage of learning is called while it goes on.
pub(crate) fn stage_name(stage: Stage) -> &'static str {
    match stage {
        Stage::Tokens => "learning tokens",
        Stage::Attention => "learning attention",
    }
}

fn hear(event: &LearnEvent<'_>, session: &Session, console: &Console, interrupt: &Interrupt) -> Result<ControlFlow<()>> {
    match event {
        LearnEvent::Step { stage, step, of, loss, seconds_left } => console.learning(stage_name(*stage), *step, *of, *loss, *seconds_left),
        LearnEvent::Preview(preview) => console.preview(&session.keep_preview(preview)?),
        LearnEvent::State(state) => session.keep_state(state)?,
        LearnEvent::StageDone { stage, steps, settled: true } => {
            console.note(format!("{}: the loss has settled after {steps} updates", stage_name(*stage)));
        }
        LearnEvent::StageDone { .. } => {}
    }
    Ok(interrupt.flow())
}
