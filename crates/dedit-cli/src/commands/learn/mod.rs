//! `dedit learn`: gives the items of a picture prompts of their own.

mod how;
mod words;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use clap::Args;
use dedit_edit::{ItemWords, Picture as Which};
use dedit_protocol::answer::Learned;
use dedit_protocol::request::{self, Learn, Words};
use serde_json::json;

use crate::arguments::{self, Reporting};
use crate::console::Console;
use crate::error::{Error, Result};
use crate::format::rounded;
use crate::interrupt::Interrupt;
use crate::items::{self, ItemFiles, Reading, read_picture};
use crate::output;
use crate::picture::{Photo, Picture};

/// Learn a picture: its items get prompts of their own, which edits then change
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// The picture: a PNG, JPEG, WebP, TIFF, GIF, BMP, TGA, PNM, QOI, HDR or OpenEXR file
    #[arg(value_name = "PICTURE")]
    picture: PathBuf,
    #[command(flatten)]
    files: ItemFiles,
    /// A second picture, whose items can take the place of the first one's
    #[arg(long, value_name = "PICTURE", requires = "reference_items")]
    reference: Option<PathBuf>,
    /// The items of the second picture, as for --items
    #[arg(long, value_name = "WHERE", requires = "reference")]
    reference_items: Vec<OsString>,
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
    words: words::WordOptions,
    #[command(flatten)]
    how: how::How,
    #[command(flatten)]
    engine: arguments::Engine,
    #[command(flatten)]
    pub(crate) reporting: Reporting,
}

/// A picture to be learned, with its items and their words.
struct Subject<'a> {
    path: &'a Path,
    picture: Picture,
    words: BTreeMap<String, ItemWords>,
}

impl<'a> Subject<'a> {
    /// Checked before anything is sent to the daemon.
    fn checked(path: &'a Path, picture: Picture, words: BTreeMap<String, ItemWords>) -> Result<Self> {
        let subject = dedit_edit::Subject { picture: &picture.photo.image, items: &picture.items, words: words.clone() };
        subject.check().map_err(|error| error.at(path))?;
        Ok(Self { path, picture, words })
    }

    fn name(&self) -> String {
        output::file_name(self.path)
    }

    fn request_words(&self) -> BTreeMap<String, Words> {
        self.words
            .iter()
            .map(|(name, words)| (name.clone(), Words { start: words.start.clone(), template: words.template.clone() }))
            .collect()
    }
}

impl Options {
    fn read(&self) -> Result<(Subject<'_>, Option<Subject<'_>>)> {
        let target = read_picture(&self.picture, &self.files)?;
        let words = self.words.of_items(&target.items, Which::Target)?;
        let target = Subject::checked(&self.picture, target, words)?;
        let Some(path) = &self.reference else {
            self.words.check_without_reference()?;
            return Ok((target, None));
        };
        let mut photo = Photo::read(path, None)?;
        let reading = Reading::of(&photo, self.files.invert_mask);
        let items = items::read(&self.reference_items, &self.reference_names, &reading)?;
        photo.notes.extend(reading.into_notes());
        let words = self.words.of_items(&items, Which::Reference)?;
        Ok((target, Some(Subject::checked(path, Picture { photo, items }, words)?)))
    }
}

/// Runs the command.
pub(crate) fn run(options: &Options, console: &Console, interrupt: &Interrupt) -> Result<()> {
    let (target, reference) = options.read()?;
    let learning = options.how.options()?;
    let connection = options.engine.daemon.connect(console, interrupt)?;
    let model = options.engine.choice(None)?;
    connection.require_choice(&model)?;
    interrupt.listen();
    // Loading comes first: a missing model is an error before anything is written.
    connection.ask(request::Load(model.clone()), Vec::new())?;
    let folder = &options.session;
    let opened = connection.open_picture(&target.picture.photo, &target.name(), Some(folder), options.restart)?;
    let named = stored_name(folder, &opened.session)?;
    let folder = named.as_deref().unwrap_or(folder);
    connection.set_items(&opened.session, request::Which::Target, &target.picture.items, Some(target.request_words()))?;
    connection.set_reference(
        &opened.session,
        reference.as_ref().map(|subject| (&subject.picture.photo, subject.name())).as_ref().map(|(photo, name)| (*photo, name.as_str())),
    )?;
    if let Some(subject) = &reference {
        connection.set_items(&opened.session, request::Which::Reference, &subject.picture.items, Some(subject.request_words()))?;
    }
    if options.how.has_previews() {
        connection.preview_to(Path::new(&opened.folder).join(PREVIEW));
    }
    let learn = Learn { session: opened.session, model, options: learning, restart: options.restart, keep: false };
    let (learned, _) = connection.ask(learn, Vec::new())?;
    let mut report = json!(learned);
    report["session"] = json!(output::as_text(folder));
    for key in ["seconds", "loss_first", "loss_last"] {
        report[key] = json!(rounded(report[key].as_f64().unwrap_or_default()));
    }
    console.finish(&summary(folder, &learned), report);
    Ok(())
}

/// The name of a session in the daemon's store, which the daemon chooses; `None` where the session has a folder.
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

/// One line for people.
fn summary(folder: &Path, learned: &Learned) -> String {
    if learned.learned_nothing() {
        return format!("{}: there is nothing to learn for this model; edit it at once", folder.display());
    }
    let Learned { steps: [tokens, attention], loss_first, loss_last, seconds, session_bytes, items, reference_items, .. } = learned;
    format!(
        "{}: {} items in {tokens} + {attention} updates, loss {loss_first:.4} to {loss_last:.4}, {:.1} kB, {seconds:.1} s",
        folder.display(),
        items.len() + reference_items.len(),
        *session_bytes as f64 / 1e3,
    )
}
