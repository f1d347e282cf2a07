//! Requests to the daemon. One connection serves all instances and threads; a broken one is replaced.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use dedit_client::{About, Blobs, Client, Labels, PROGRAM_VARIABLE, Program};
use dedit_protocol::answer::{Learned, Region};
use dedit_protocol::event::SessionInfo;
use dedit_protocol::request::{Edit, Hello, Learn, OpenPicture, OpenSession, Which};
use dedit_protocol::{Blob, Event, address, features};
use ofx_host::folders;

use crate::failure::{Failure, FailureKind, stopped};
use crate::layers::EditedFrame;
use crate::pixels::{EditedRegion, InputFrame};
use crate::watch::Watch;

const BUNDLE: &str = "DEdit.ofx.bundle";

/// The time after a failure to connect before the next attempt.
const RETRY_AFTER: Duration = Duration::from_secs(3);

static CONNECTION: Mutex<State> = Mutex::new(State::None);
/// The bundle, as the host tells it.
static BUNDLE_PATH: OnceLock<PathBuf> = OnceLock::new();

/// The connection, or why there is none.
enum State {
    None,
    Connected(Arc<Client>),
    Failed(Failure, Instant),
}

/// Remembers the path of the bundle.
pub(crate) fn remember_bundle(path: &str) {
    let _ = BUNDLE_PATH.set(PathBuf::from(path));
}

/// A connection to the daemon.
#[derive(Clone)]
pub(crate) struct Daemon {
    client: Arc<Client>,
}

/// Runs `work` with the daemon, which is started where none runs. Where an older connection turns out to be broken, `work` runs again with a new one.
pub(crate) fn with_daemon<T>(work: impl Fn(&Daemon) -> Result<T, Failure>) -> Result<T, Failure> {
    let (daemon, is_new) = Daemon::connect()?;
    match work(&daemon) {
        Err(failure) if failure.kind == FailureKind::Connection => {
            daemon.forget();
            if is_new { Err(failure) } else { work(&Daemon::connect()?.0) }
        }
        done => done,
    }
}

impl Daemon {
    /// The connection, and whether it is new.
    fn connect() -> Result<(Self, bool), Failure> {
        // Held while connecting: of many threads, one starts the daemon.
        let mut state = CONNECTION.lock().unwrap_or_else(PoisonError::into_inner);
        match &*state {
            State::Connected(client) => return Ok((Self { client: Arc::clone(client) }, false)),
            // The waiting threads get the same failure at once, instead of one timeout after the other.
            State::Failed(failure, when) if when.elapsed() < RETRY_AFTER => return Err(failure.clone()),
            State::Failed(..) | State::None => {}
        }
        match new_client() {
            Ok(client) => {
                let client = Arc::new(client);
                *state = State::Connected(Arc::clone(&client));
                Ok((Self { client }, true))
            }
            Err(failure) => {
                *state = State::Failed(failure.clone(), Instant::now());
                Err(failure)
            }
        }
    }

    fn forget(&self) {
        let mut state = CONNECTION.lock().unwrap_or_else(PoisonError::into_inner);
        if matches!(&*state, State::Connected(client) if Arc::ptr_eq(client, &self.client)) {
            *state = State::None;
        }
    }

    /// The name of the model that is used where none is named; `None` where the daemon does not take other frames with an edit.
    pub(crate) fn usual_model(&self) -> Option<&str> {
        let welcome = self.client.welcome();
        welcome.model.as_deref().filter(|_| welcome.require(features::NEIGHBOURS).is_ok())
    }

    /// A session by its name or its folder.
    pub(crate) fn open_session(&self, name: &str) -> Result<SessionInfo, Failure> {
        let is_folder = Path::new(name).is_absolute();
        let name = Some(name.trim_start_matches('@').to_owned());
        let (session, folder) = if is_folder { (None, name) } else { (name, None) };
        let open = OpenSession { session, folder, folder_bytes: None };
        Ok(self.client.ask(open, Vec::new())?.0)
    }

    /// The session of a picture. Sessions of the same picture differ by `variant`.
    pub(crate) fn open_picture(&self, frame: &InputFrame, name: &str, variant: &str) -> Result<SessionInfo, Failure> {
        let (name, variant) = (name.to_owned(), variant.to_owned());
        self.send_picture(frame, OpenPicture { name, variant, ..OpenPicture::default() })
    }

    /// Sets the reference picture of a session.
    pub(crate) fn open_reference(&self, session: &str, frame: &InputFrame, name: &str) -> Result<SessionInfo, Failure> {
        let reference_of = Some(session.to_owned());
        self.send_picture(frame, OpenPicture { name: name.to_owned(), reference_of, ..OpenPicture::default() })
    }

    fn send_picture(&self, frame: &InputFrame, open: OpenPicture) -> Result<SessionInfo, Failure> {
        let open = OpenPicture { digest: frame.digest().to_owned(), ..open };
        self.client.open_picture(&frame.pixels, About::default(), open)
    }

    /// Sets the items of a session's picture; `frame` is that picture.
    pub(crate) fn set_items(&self, session: &str, picture: Which, frame: &InputFrame, labels: Labels) -> Result<SessionInfo, Failure> {
        self.client.set_labels(session, picture, (frame.pixels.width(), frame.pixels.height()), labels)
    }

    /// The label map of a session's picture.
    pub(crate) fn labels(&self, session: &str) -> Result<Vec<u16>, Failure> {
        let labels = self.client.labels(session, Which::Target)?;
        labels
            .map(|labels| labels.numbers)
            .ok_or_else(|| Failure::new(FailureKind::Input, "the session has no items yet").hint("connect a Mask, or name a mask file"))
    }

    /// Edits a frame.
    pub(crate) fn edit(&self, edit: Edit, blobs: Vec<Blob>, watch: &dyn Watch) -> Result<EditedFrame, Failure> {
        if watch.wants_stop() {
            return Err(stopped());
        }
        if edit.layers {
            self.client.require(features::LAYERS)?;
        }
        let call = self.client.send(edit, blobs)?;
        let (edited, blobs) = call.finish_unless(&|| watch.wants_stop(), &mut |event| watch.notice(&event))?;
        let mut blobs = Blobs::from(blobs);
        let mut layer = |region: Region, index: usize| Ok::<_, Failure>(EditedRegion { region, pixels: blobs.pixels(index)? });
        let Some(layers) = edited.layers else { return Ok(EditedFrame { region: layer(edited.region, 0)?, items: Vec::new() }) };
        let items = layers.items.iter().map(|item| layer(item.region, item.pixels)).collect::<Result<_, _>>()?;
        Ok(EditedFrame { region: layer(layers.plate.region, layers.plate.pixels)?, items })
    }

    /// Learns a session.
    pub(crate) fn learn(&self, learn: Learn, watch: &dyn Watch) -> Result<Learned, Failure> {
        let call = self.client.send(learn, Vec::new())?;
        Ok(call.finish_unless(&|| watch.wants_stop(), &mut |event| watch.notice(&event))?.0)
    }

    /// Starts to learn a session: waits only until the daemon has accepted or refused it.
    pub(crate) fn start_learning(&self, learn: Learn) -> Result<(), Failure> {
        let mut call = self.client.send(learn, Vec::new())?;
        loop {
            match call.next(Duration::from_secs(10))? {
                Some(Event::Failed(failure)) => return Err(failure),
                Some(Event::Queued(_) | Event::Progress(_) | Event::Finished(..)) | None => return Ok(()),
                Some(_) => {}
            }
        }
    }
}

fn new_client() -> Result<Client, Failure> {
    let hello = Hello { client: "openfx".to_owned(), version: env!("CARGO_PKG_VERSION").to_owned() };
    let socket = address::socket(None);
    let client = match program() {
        Some(program) => Client::connect_or_start(&socket, &program, &hello)?,
        None => Client::connect(&socket, &hello).map_err(|failure| {
            failure.hint(format!(
                "run `dedit install openfx` again, start one with `dedit daemon start`, or name D-Edit's program with {PROGRAM_VARIABLE}"
            ))
        })?,
    };
    for feature in [features::FRAMES, features::VARIANTS] {
        client.require(feature)?;
    }
    Ok(client)
}

/// The program that the installation noted in the bundle, or else one that is found.
fn program() -> Option<Program> {
    Program::of_plugin(bundles().flat_map(|bundle| libraries(&bundle)))
}

/// Where the bundle may be: where the host says, and where hosts look.
fn bundles() -> impl Iterator<Item = PathBuf> {
    let folders = folders::named().into_iter().chain([folders::system()]).map(|folder| folder.join(BUNDLE));
    BUNDLE_PATH.get().cloned().into_iter().chain(folders)
}

/// The folders of a bundle with a library, one per operating system.
fn libraries(bundle: &Path) -> impl Iterator<Item = PathBuf> + use<> {
    fs::read_dir(bundle.join("Contents")).into_iter().flatten().flatten().map(|entry| entry.path())
}
