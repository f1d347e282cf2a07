//! `dedit learn`: gives the items of a picture prompts of their own.

mod how;
mod words;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::Args;
use dedit_edit::{ItemWords, Picture as Which, Subject};
use dedit_protocol::answer::Learned;
use dedit_protocol::request::{self, Learn, Words};
use serde_json::json;

use crate::arguments::{self, Reporting};
use crate::console::Console;
use crate::error::{Error, Result};
use crate::format::rounded;
use crate::interrupt::Interrupt;
use crate::items::{self, ItemFiles, read_picture};
use crate::output;
use crate::picture::{Photo, Picture};

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
    /// The folder of the session: what is learned, and the picture itself. Learning that was cut off there goes on. @ for the daemon's own store, which
    /// gives the session a name
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

/// A picture to be learned, with what is said of its items.
struct Said<'a> {
    path: &'a Path,
    picture: Picture,
    words: BTreeMap<String, ItemWords>,
}

impl<'a> Said<'a> {
    /// What makes no sense is told before anything is sent.
    fn checked(path: &'a Path, picture: Picture, words: BTreeMap<String, ItemWords>) -> Result<Self> {
        let subject = Subject { picture: &picture.photo.image, items: &picture.items, words: words.clone() };
        subject.check().map_err(|error| Error::from(error).at(path))?;
        Ok(Self { path, picture, words })
    }

    fn name(&self) -> String {
        output::file_name(self.path)
    }

    fn told_words(&self) -> BTreeMap<String, Words> {
        self.words
            .iter()
            .map(|(name, words)| (name.clone(), Words { start: words.start.clone(), template: words.template.clone() }))
            .collect()
    }
}

impl Options {
    fn read(&self) -> Result<(Said<'_>, Option<Said<'_>>)> {
        let target = read_picture(&self.picture, &self.files)?;
        let words = self.said.about(&target.items, Which::Target)?;
        let target = Said::checked(&self.picture, target, words)?;
        let Some(path) = &self.reference else {
            self.said.check_without_reference()?;
            return Ok((target, None));
        };
        let photo = Photo::read(path)?;
        let items = items::read(&self.reference_items, &self.reference_names, photo.image.size())?;
        let words = self.said.about(&items, Which::Reference)?;
        Ok((target, Some(Said::checked(path, Picture { photo, items }, words)?)))
    }
}

/// Runs the command.
pub(crate) fn run(options: &Options, console: &Console, interrupt: &Interrupt) -> Result<()> {
    let (target, reference) = options.read()?;
    let learning = options.how.options()?;
    let connection = options.engine.daemon.connect(console, interrupt)?;
    let model = options.engine.choice(None, console);
    interrupt.listen();
    // A model that is not there is told before anything is written.
    connection.ask(request::Load(model.clone()), Vec::new())?;
    let folder = &options.session;
    let opened = connection.open_picture(&target.picture.photo, &target.name(), Some(folder), options.restart)?;
    let named = stored_name(folder, &opened.session)?;
    let folder = named.as_deref().unwrap_or(folder);
    connection.set_items(&opened.session, request::Which::Target, &target.picture.items, Some(target.told_words()))?;
    connection.set_reference(
        &opened.session,
        reference.as_ref().map(|said| (&said.picture.photo, said.name())).as_ref().map(|(photo, name)| (*photo, name.as_str())),
    )?;
    if let Some(said) = &reference {
        connection.set_items(&opened.session, request::Which::Reference, &said.picture.items, Some(said.told_words()))?;
    }
    if options.how.has_previews() {
        connection.preview_to(Path::new(&opened.folder).join(PREVIEW));
    }
    let learn = Learn { session: opened.session, model, options: learning, restart: options.restart, keep: false };
    let (learned, _) = connection.ask(learn, Vec::new())?;
    let mut report = json!(learned);
    report["session"] = json!(folder);
    for key in ["seconds", "loss_first", "loss_last"] {
        report[key] = json!(rounded(report[key].as_f64().unwrap_or_default()));
    }
    console.finish(&told(folder, &learned), report);
    Ok(())
}

/// What calls a session of the daemon's store, which names it itself; `None` where a folder keeps it.
fn stored_name(place: &Path, session: &str) -> Result<Option<PathBuf>> {
    match place.to_str().and_then(|place| place.strip_prefix('@')) {
        None => Ok(None),
        Some(name) if name.is_empty() || name == session => Ok(Some(PathBuf::from(format!("@{session}")))),
        Some(name) => Err(Error::usage(format!("the daemon's store has no session '{name}' of this picture"))
            .hint("give --session @ and see what the daemon calls it, or name a folder")),
    }
}

/// The name of the preview in a session's folder.
const PREVIEW: &str = "preview.png";

/// What was learned, for people.
fn told(folder: &Path, learned: &Learned) -> String {
    let Learned { steps: [tokens, attention], loss_first, loss_last, seconds, session_bytes, items, reference_items, .. } = learned;
    format!(
        "{}: {} items in {tokens} + {attention} updates, loss {loss_first:.4} to {loss_last:.4}, {:.1} kB, {seconds:.1} s",
        folder.display(),
        items.len() + reference_items.len(),
        *session_bytes as f64 / 1e3,
    )
}
