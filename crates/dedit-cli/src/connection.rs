//! The connection to the daemon of the user, which outlives this process, or to one in this process.

use std::cell::RefCell;
use std::io::pipe;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use dedit_catalog::Library;
use dedit_client::{About, Blobs, Client, Labels, Program};
use dedit_daemon::{Daemon, Settings};
use dedit_edit::{Channels, EditPlan, Image, ItemMask, ItemPrompt, ItemRef, Samples, Segmentation, Size};
use dedit_models::Catalogue;
use dedit_protocol::answer::{ItemsFound, Planned};
use dedit_protocol::event::{Progress, SessionInfo};
use dedit_protocol::request::{self, Fetch, Hello, ItemsOf, ModelChoice, OpenPicture, OpenSession, Which, Words};
use dedit_protocol::{Ask, Blob, Event, Failure, Pixels, address, features};
use dedit_session::{DEFAULT_QUOTA, SessionsSettings};
use tempfile::TempDir;

use crate::arguments::DaemonOptions;
use crate::console::Console;
use crate::error::{Error, ErrorKind, Result};
use crate::interrupt::Interrupt;
use crate::output;
use crate::picture::{Metadata, Photo, Picture, encode};
use crate::sheet::enlarged;

/// A daemon in this process.
struct InProcess {
    daemon: Arc<Daemon>,
    /// The folder of sessions for which no folder was named.
    _store: TempDir,
}

/// A connection to a daemon. Its events are shown on the console.
pub(crate) struct Connection<'a> {
    client: Client,
    /// Where the daemon runs in this process.
    own: Option<InProcess>,
    console: &'a Console,
    interrupt: &'a Interrupt,
    /// The file for previews, if they are wanted.
    preview: RefCell<Option<PathBuf>>,
}

impl DaemonOptions {
    /// The socket.
    pub(crate) fn socket(&self) -> PathBuf {
        address::socket(self.socket.as_deref())
    }

    /// Connects to the daemon, which is started where none runs.
    pub(crate) fn connect<'a>(&self, console: &'a Console, interrupt: &'a Interrupt) -> Result<Connection<'a>> {
        if self.no_daemon {
            return in_process(console, interrupt);
        }
        let client = Client::connect_or_start(&self.socket(), &program()?, &hello())?;
        Ok(Connection { client, own: None, console, interrupt, preview: RefCell::default() })
    }

    /// Connects to the daemon where one runs, else to one in this process: for requests that need no model.
    pub(crate) fn connect_if_running<'a>(&self, console: &'a Console, interrupt: &'a Interrupt) -> Result<Connection<'a>> {
        match self.client_if_running() {
            Ok(Some(client)) if !self.no_daemon => Ok(Connection { client, own: None, console, interrupt, preview: RefCell::default() }),
            _ => in_process(console, interrupt),
        }
    }

    /// A client of the daemon that runs.
    pub(crate) fn client(&self) -> Result<Client> {
        Client::connect(&self.socket(), &hello())
    }

    /// The same; `None` where none runs.
    pub(crate) fn client_if_running(&self) -> Result<Option<Client>> {
        Client::connect_if_running(&self.socket(), &hello())
    }
}

/// This program as a daemon.
pub(crate) fn program() -> Result<Program> {
    let executable =
        std::env::current_exe().map_err(|error| Error::new(ErrorKind::Internal, format!("this program does not find itself ({error})")))?;
    Ok(Program { executable, arguments: ["daemon", "start", "--foreground"].map(Into::into).to_vec() })
}

pub(crate) fn hello() -> Hello {
    Hello { client: "dedit".to_owned(), version: env!("CARGO_PKG_VERSION").to_owned() }
}

/// Settings of a daemon in this process.
pub(crate) fn settings(store: &Path) -> Settings {
    let sessions = SessionsSettings {
        store: store.to_path_buf(),
        quota: DEFAULT_QUOTA,
        memory_budget: u64::MAX,
        unload_after: Duration::from_secs(300),
    };
    let library = Arc::new(Library::new(&address::data()));
    Settings { sessions, log: None, exit_after: Duration::from_secs(3600), library }
}

/// Starts a daemon in this process, with two pipes in place of the socket.
fn in_process<'a>(console: &'a Console, interrupt: &'a Interrupt) -> Result<Connection<'a>> {
    let broken = |error: std::io::Error| Error::new(ErrorKind::Resources, format!("the engine cannot be reached ({error})"));
    let store = tempfile::tempdir().map_err(broken)?;
    let settings = settings(store.path());
    let models = Arc::new(Catalogue::new(settings.library.clone()));
    let daemon = Daemon::new(settings, models)?;
    let ((asked, ask), (answered, answer)) = (pipe().map_err(broken)?, pipe().map_err(broken)?);
    let serving = daemon.clone();
    thread::spawn(move || serving.converse(asked, answer));
    let client = Client::over(answered, ask, &hello())?;
    Ok(Connection { client, own: Some(InProcess { daemon, _store: store }), console, interrupt, preview: RefCell::default() })
}

impl Drop for Connection<'_> {
    /// Ends the daemon of this process.
    fn drop(&mut self) {
        if let Some(own) = &self.own {
            own.daemon.close();
        }
    }
}

impl Connection<'_> {
    /// Sends a request and waits for its answer. Progress is shown; ctrl-C cancels it.
    pub(crate) fn ask<R: Ask>(&self, request: R, blobs: Vec<Blob>) -> Result<(R::Answer, Vec<Blob>)> {
        let call = self.client.send(request, blobs)?;
        let asked = || self.interrupt.asked();
        call.finish_unless(&asked, &mut |event| self.hear(event)).map_err(as_written)
    }

    /// Sets the file for previews.
    pub(crate) fn preview_to(&self, file: PathBuf) {
        *self.preview.borrow_mut() = Some(file);
    }

    fn hear(&self, event: Event) {
        match event {
            Event::Progress(Progress { stage, step, of, loss: Some(loss), seconds_left }) => {
                self.console.learning(stage.as_str(), step, of, loss, seconds_left.unwrap_or_default());
            }
            Event::Progress(Progress { stage, step, of, loss: None, seconds_left }) => {
                self.console.stage(stage.as_str(), step, of, seconds_left);
            }
            Event::Queued(queued) if queued.position > 0 => self.console.stage("waiting for other jobs", 0, queued.position, None),
            Event::Note(note) => self.console.note(note),
            Event::Preview(blobs) => self.keep_preview(blobs),
            _ => {}
        }
    }

    /// Writes a preview, enlarged. An error is ignored: the edit matters more.
    fn keep_preview(&self, blobs: Vec<Blob>) {
        let preview = self.preview.borrow();
        let (Some(file), Some(Blob::Pixels(pixels))) = (preview.as_ref(), blobs.into_iter().next()) else { return };
        let written = image(pixels).and_then(|image| output::write(file, &encode(&enlarged(&image)?, &[])?));
        if written.is_ok() {
            self.console.preview(file);
        }
    }

    /// An error unless the daemon can this, one of [`dedit_protocol::features`].
    pub(crate) fn require(&self, feature: &str) -> Result<()> {
        self.client.require(feature)
    }

    /// An error unless the daemon knows everything that a choice of a model says.
    pub(crate) fn require_choice(&self, model: &ModelChoice) -> Result<()> {
        if model.embeddings.is_empty() && model.clip_skip.is_none() { Ok(()) } else { self.require(features::EMBEDDINGS) }
    }

    /// The absolute path of a folder, which the daemon has to see too.
    fn folder(&self, folder: &Path) -> Result<PathBuf> {
        if self.client.shares_files() {
            return Ok(std::path::absolute(folder).unwrap_or_else(|_| folder.to_path_buf()));
        }
        Err(Error::usage("the daemon at this socket does not see the files of this machine")
            .at(folder)
            .hint("name a session of its own store, --session @NAME (see dedit daemon status), or run the daemon here"))
    }

    /// Opens the session that a folder keeps, or with `@NAME` one of the daemon's store.
    pub(crate) fn open_session(&self, place: &Path) -> Result<SessionInfo> {
        match place.to_str().and_then(|place| place.strip_prefix('@')) {
            Some(name) => Ok(self.ask(OpenSession { session: Some(name.to_owned()), ..OpenSession::default() }, Vec::new())?.0),
            None => self.client.open_session_in(&self.folder(place)?).map_err(as_written),
        }
    }

    /// Opens the session of a picture: in a folder, or in the daemon's store. The pixels are sent if the daemon has not got them.
    pub(crate) fn open_picture(&self, photo: &Photo, name: &str, folder: Option<&Path>, replace: bool) -> Result<SessionInfo> {
        let folder = folder.filter(|place| !place.to_string_lossy().starts_with('@')).map(|folder| self.folder(folder)).transpose()?;
        self.send_picture(photo, OpenPicture { name: name.to_owned(), replace, ..OpenPicture::default() }, folder.as_deref())
    }

    /// Gives a session a reference picture, or takes it away.
    pub(crate) fn set_reference(&self, session: &str, picture: Option<(&Photo, &str)>) -> Result<()> {
        let open = OpenPicture { reference_of: Some(session.to_owned()), ..OpenPicture::default() };
        match picture {
            Some((photo, name)) => self.send_picture(photo, OpenPicture { name: name.to_owned(), ..open }, None).map(drop),
            None => self.ask(open, Vec::new()).map(drop),
        }
    }

    fn send_picture(&self, photo: &Photo, open: OpenPicture, folder: Option<&Path>) -> Result<SessionInfo> {
        for note in &photo.notes {
            self.console.note(format!("{}: {note}", open.name));
        }
        let metadata = photo.metadata.to_bytes()?;
        let about = About { profile: photo.profile.as_deref(), metadata: Some(&metadata) };
        let pixels = pixels(&photo.image)?;
        let opened = match folder {
            Some(folder) => self.client.open_picture_in(folder, &pixels, about, open),
            None => self.client.open_picture(&pixels, about, open),
        };
        opened.map_err(as_written)
    }

    /// Sets the items of a picture; `words` are their initial words and templates.
    pub(crate) fn set_items(
        &self,
        session: &str,
        picture: Which,
        items: &Segmentation,
        words: Option<std::collections::BTreeMap<String, Words>>,
    ) -> Result<SessionInfo> {
        let (width, height) = (items.size().width() as u32, items.size().height() as u32);
        let labels = Labels { names: items.names().to_vec(), numbers: items.labels().to_vec(), words };
        self.client.set_labels(session, picture, (width, height), labels).map_err(as_written)
    }

    /// Names, places and words of a session's items, without their label map.
    pub(crate) fn items(&self, session: &SessionInfo) -> Result<ItemsFound> {
        check_items(session)?;
        self.client.require(features::ITEMS)?;
        Ok(self.ask(ItemsOf { session: session.session.clone(), ..ItemsOf::default() }, Vec::new())?.0)
    }

    /// The items of a session's picture.
    pub(crate) fn segmentation(&self, session: &SessionInfo) -> Result<Segmentation> {
        let labels = self.client.labels(&session.session, Which::Target)?.unwrap_or_default();
        let [width, height] = session.size;
        Segmentation::from_labels(Size::new(width as usize, height as usize)?, labels.names, labels.numbers)
    }

    /// Plans edits of the items `before`.
    pub(crate) fn plan(&self, plan: request::Plan, blobs: Vec<Blob>, before: &Segmentation) -> Result<(Planned, EditPlan)> {
        let (planned, blobs) = self.ask(plan, blobs)?;
        let mut blobs = Blobs::from(blobs);
        let (labels, change) = (blobs.labels(0)?, blobs.mask(1)?);
        let after = Segmentation::from_labels(before.size(), planned.names.clone(), labels)?;
        let prompts = planned.names.iter().map(|name| ItemPrompt::tokens(ItemRef::target(name))).collect();
        let change = ItemMask::new(before.size(), change)?;
        Ok((planned, EditPlan::from_parts(before.clone(), after, prompts, change)?))
    }

    /// The same without items; gives how far each pixel of the region may change.
    pub(crate) fn plan_of_region(&self, plan: request::Plan, blobs: Vec<Blob>) -> Result<(Planned, Vec<f32>)> {
        let (planned, blobs) = self.ask(request::Plan { cropped: true, ..plan }, blobs)?;
        let changes = if blobs.is_empty() { Vec::new() } else { Blobs::from(blobs).mask(1)? };
        Ok((planned, changes))
    }

    /// A session's picture with its items.
    pub(crate) fn fetch(&self, session: &SessionInfo) -> Result<Picture> {
        check_items(session)?;
        let fetch = Fetch { session: session.session.clone(), picture: Which::Target, pixels: true };
        let (fetched, blobs) = self.ask(fetch, Vec::new())?;
        let Some(labels) = fetched.labels else { return Err(no_items(&fetched.session)) };
        let mut blobs = Blobs::from(blobs);
        let labels = blobs.labels(labels)?;
        let profile = fetched.profile.map(|profile| blobs.bytes(profile)).transpose()?;
        let metadata = fetched.metadata.map(|metadata| blobs.bytes(metadata)).transpose()?;
        let image = image(blobs.pixels(fetched.pixels.unwrap_or(usize::MAX))?)?;
        let items = Segmentation::from_labels(image.size(), fetched.names, labels)?;
        let metadata = metadata.map(|bytes| Metadata::from_bytes(&bytes)).unwrap_or_default();
        Ok(Picture { photo: Photo { metadata, ..Photo::new(image, profile) }, items })
    }
}

/// An error where a session has no items.
pub(crate) fn check_items(session: &SessionInfo) -> Result<()> {
    if session.items.is_empty() { Err(no_items(session)) } else { Ok(()) }
}

fn no_items(session: &SessionInfo) -> Error {
    Error::usage("this session has no items yet").at(&session.folder).hint("learn the picture first")
}

/// Makes a place below the working directory relative to it, as the user would write it.
fn as_written(failure: Failure) -> Failure {
    let below = |place: &String| {
        let here = std::env::current_dir().ok()?;
        Path::new(place).strip_prefix(here).ok().map(|place| place.display().to_string()).filter(|place| !place.is_empty())
    };
    let place = failure.place.as_ref().and_then(below).or(failure.place.clone());
    Failure { place, ..failure }
}

/// A picture in the form of the protocol.
pub(crate) fn pixels(image: &Image) -> Result<Pixels> {
    let samples = match image.samples() {
        Samples::U8(samples) => dedit_protocol::Samples::U8(samples.clone()),
        Samples::U16(samples) => dedit_protocol::Samples::U16(samples.clone()),
        Samples::F32(samples) => dedit_protocol::Samples::F32(samples.clone()),
    };
    let (width, height) = (image.size().width() as u32, image.size().height() as u32);
    let pixels = Pixels::new(width, height, image.channels().count() as u8, samples);
    pixels.ok_or_else(|| Error::new(ErrorKind::Internal, "a picture that does not fit the wire"))
}

/// A picture from the form of the protocol.
pub(crate) fn image(pixels: Pixels) -> Result<Image> {
    let size = Size::new(pixels.width() as usize, pixels.height() as usize)?;
    let channels = match pixels.channels() {
        1 => Channels::Grey,
        2 => Channels::GreyAlpha,
        3 => Channels::Rgb,
        _ => Channels::Rgba,
    };
    let samples = match pixels.into_samples() {
        dedit_protocol::Samples::U8(samples) => Samples::U8(samples),
        dedit_protocol::Samples::U16(samples) => Samples::U16(samples),
        dedit_protocol::Samples::F32(samples) => Samples::F32(samples),
    };
    Image::new(size, channels, samples)
}

/// The picture of an answer that consists of one.
pub(crate) fn picture_of(blobs: &[Blob]) -> Result<Image> {
    match blobs.first() {
        Some(Blob::Pixels(pixels)) => image(pixels.clone()),
        _ => Err(Error::new(ErrorKind::Connection, "the daemon's answer lacks its picture").hint("update dedit and its daemon")),
    }
}
