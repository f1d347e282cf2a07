//! The daemon as the effect asks it. One connection serves all instances and threads; one that broke is made anew.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use dedit_client::{Blobs, Client, PROGRAM_VARIABLE, Program};
use dedit_protocol::answer::{Edited, Learned};
use dedit_protocol::event::SessionInfo;
use dedit_protocol::request::{Edit, Hello, Learn, OpenPicture, OpenSession, Which};
use dedit_protocol::{Blob, Event, Pixels, Samples, address, features};
use ofx_host::folders;

use crate::failure::{Failure, FailureKind, stopped};
use crate::pixels::{Made, Plate};

const BUNDLE: &str = "DEdit.ofx.bundle";

/// How long a daemon that could not be reached is not tried again.
const PATIENCE: Duration = Duration::from_secs(3);

static CONNECTION: Mutex<Kept> = Mutex::new(Kept::Nothing);
static INSTALLED: OnceLock<PathBuf> = OnceLock::new();

/// What came of connecting.
enum Kept {
    Nothing,
    Client(Arc<Client>),
    Failure(Failure, Instant),
}

/// Notes where the bundle is, as the host says it.
pub(crate) fn note_bundle(path: &str) {
    let _ = INSTALLED.set(PathBuf::from(path));
}

/// A connection to the daemon.
#[derive(Clone)]
pub(crate) struct Desk {
    client: Arc<Client>,
}

/// Where every item is: for each pixel the place of its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Labels {
    pub(crate) names: Vec<String>,
    pub(crate) numbers: Vec<u16>,
}

/// Who hears how far work is, and is asked whether to stop.
pub(crate) trait Watch {
    fn wants_stop(&self) -> bool;
    fn heard(&self, event: &Event);
}

/// Does something with the daemon, starting one where none runs. Where a connection that was used before is gone, it is done again with another one.
pub(crate) fn with_daemon<T>(work: impl Fn(&Desk) -> Result<T, Failure>) -> Result<T, Failure> {
    let (desk, is_fresh) = Desk::open()?;
    match work(&desk) {
        Err(failure) if failure.kind == FailureKind::Connection => {
            desk.forget();
            if is_fresh { Err(failure) } else { work(&Desk::open()?.0) }
        }
        done => done,
    }
}

impl Desk {
    fn open() -> Result<(Self, bool), Failure> {
        // Others wait: of many threads that begin at once, one starts the daemon.
        let mut kept = CONNECTION.lock().unwrap_or_else(PoisonError::into_inner);
        match &*kept {
            Kept::Client(client) => return Ok((Self { client: Arc::clone(client) }, false)),
            // And hear of it where that fails: each of them would take as long.
            Kept::Failure(failure, when) if when.elapsed() < PATIENCE => return Err(failure.clone()),
            Kept::Failure(..) | Kept::Nothing => {}
        }
        match connected() {
            Ok(client) => {
                let client = Arc::new(client);
                *kept = Kept::Client(Arc::clone(&client));
                Ok((Self { client }, true))
            }
            Err(failure) => {
                *kept = Kept::Failure(failure.clone(), Instant::now());
                Err(failure)
            }
        }
    }

    fn forget(&self) {
        let mut kept = CONNECTION.lock().unwrap_or_else(PoisonError::into_inner);
        if matches!(&*kept, Kept::Client(client) if Arc::ptr_eq(client, &self.client)) {
            *kept = Kept::Nothing;
        }
    }

    /// A session by its name, or by its folder.
    pub(crate) fn open_session(&self, name: &str) -> Result<SessionInfo, Failure> {
        let is_folder = Path::new(name).is_absolute();
        let name = Some(name.trim_start_matches('@').to_owned());
        let open = if is_folder { OpenSession { session: None, folder: name } } else { OpenSession { session: name, folder: None } };
        Ok(self.client.ask(open, Vec::new())?.0)
    }

    /// The session of a picture, in a variant.
    pub(crate) fn open_picture(&self, plate: &Plate, name: &str, variant: &str) -> Result<SessionInfo, Failure> {
        let (name, variant) = (name.to_owned(), variant.to_owned());
        self.send_picture(plate, OpenPicture { name, variant, ..OpenPicture::default() })
    }

    /// Gives a session the picture that items are taken from.
    pub(crate) fn open_reference(&self, session: &str, plate: &Plate, name: &str) -> Result<SessionInfo, Failure> {
        let reference_of = Some(session.to_owned());
        self.send_picture(plate, OpenPicture { name: name.to_owned(), reference_of, ..OpenPicture::default() })
    }

    /// Pixels are sent only where the daemon does not have them.
    fn send_picture(&self, plate: &Plate, open: OpenPicture) -> Result<SessionInfo, Failure> {
        let open = OpenPicture { digest: plate.digest().to_owned(), ..open };
        self.client.open_picture(&plate.pixels, None, open)
    }

    /// Says what the items of a picture are.
    pub(crate) fn set_items(&self, session: &str, picture: Which, size: (usize, usize), labels: &Labels) -> Result<SessionInfo, Failure> {
        let Labels { names, numbers } = labels.clone();
        let labels = dedit_client::Labels { names, numbers, words: Some(BTreeMap::new()) };
        self.client.set_labels(session, picture, (size.0 as u32, size.1 as u32), labels)
    }

    /// Where the items of a session's picture are.
    pub(crate) fn labels(&self, session: &str) -> Result<Labels, Failure> {
        let Some(dedit_client::Labels { names, numbers, .. }) = self.client.labels(session, Which::Target)? else {
            return Err(Failure::new(FailureKind::Input, "the session has no items yet").hint("connect a Mask, or name a mask file"));
        };
        Ok(Labels { names, numbers })
    }

    /// Edits a frame.
    pub(crate) fn edit(&self, edit: Edit, blobs: Vec<Blob>, watch: &dyn Watch) -> Result<(Edited, Made), Failure> {
        if watch.wants_stop() {
            return Err(stopped());
        }
        let call = self.client.send(edit, blobs)?;
        let (edited, blobs) = call.finish_unless(&|| watch.wants_stop(), &mut |event| watch.heard(&event))?;
        let made = Made { region: edited.region, pixels: Blobs::from(blobs).pixels(0)? };
        Ok((edited, made))
    }

    /// Learns a session.
    pub(crate) fn learn(&self, learn: Learn, watch: &dyn Watch) -> Result<Learned, Failure> {
        let call = self.client.send(learn, Vec::new())?;
        Ok(call.finish_unless(&|| watch.wants_stop(), &mut |event| watch.heard(&event))?.0)
    }

    /// Has a session learned, and does not wait for it: only until the daemon has taken it up, or says why it does not.
    pub(crate) fn begin_to_learn(&self, learn: Learn) -> Result<(), Failure> {
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

fn connected() -> Result<Client, Failure> {
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

/// Numbers of items as pixels.
pub(crate) fn numbers((width, height): (usize, usize), numbers: Vec<u16>) -> Result<Pixels, Failure> {
    Pixels::new(width as u32, height as u32, 1, Samples::U16(numbers))
        .ok_or_else(|| Failure::new(FailureKind::Internal, "the items are not as many as the pixels of the frame"))
}

/// The program that the installation noted in the bundle, or another that is found.
fn program() -> Option<Program> {
    Program::of_plugin(bundles().flat_map(|bundle| systems(&bundle)))
}

/// Where this bundle may be: where the host says, and where hosts look.
fn bundles() -> impl Iterator<Item = PathBuf> {
    let folders = folders::named().into_iter().chain([folders::system()]).map(|folder| folder.join(BUNDLE));
    INSTALLED.get().cloned().into_iter().chain(folders)
}

/// The folders of a bundle in which a library lies: one for each system.
fn systems(bundle: &Path) -> impl Iterator<Item = PathBuf> + use<> {
    fs::read_dir(bundle.join("Contents")).into_iter().flatten().flatten().map(|entry| entry.path())
}
