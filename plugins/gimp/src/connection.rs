//! Requests to the daemon.

use std::env;

pub(crate) use dedit_client::Labels;
use dedit_client::{Blobs, Client, PROGRAM_VARIABLE, Program};
use dedit_protocol::answer::{Edited, Learned, Planned, Revisions, Status};
use dedit_protocol::event::SessionInfo;
use dedit_protocol::request::{self, Edit, EditVerb, Hello, History, Items, Learn, OpenPicture, OpenSession, Plan, SetItems, Which};
use dedit_protocol::{Blob, Pixels, address};

use crate::failure::Failure;
use crate::masks::Mask;
use crate::watch::{Watch, finish};

/// A connection to the daemon.
pub(crate) struct Connection {
    client: Client,
}

impl Connection {
    /// Connects, and starts the daemon where none runs.
    pub(crate) fn open() -> Result<Self, Failure> {
        let hello = Hello { client: "gimp".to_owned(), version: env!("CARGO_PKG_VERSION").to_owned() };
        let socket = address::socket(None);
        let client = match program() {
            Some(program) => Client::connect_or_start(&socket, &program, &hello)?,
            // Without a program only a daemon that runs already can be used.
            None => Client::connect(&socket, &hello).map_err(|failure| {
                failure.hint(format!(
                    "run `dedit install gimp` again, start one with `dedit daemon start`, or name D-Edit's program with {PROGRAM_VARIABLE}"
                ))
            })?,
        };
        Ok(Self { client })
    }

    /// Opens the session of a picture. Pixels are sent only where the daemon does not have them.
    pub(crate) fn open_picture(&self, pixels: &Pixels, digest: &str, profile: Option<&[u8]>, name: &str) -> Result<SessionInfo, Failure> {
        let open = OpenPicture { digest: digest.to_owned(), name: name.to_owned(), ..OpenPicture::default() };
        Ok(self.client.open_picture(pixels, profile, open)?)
    }

    /// The session of a picture that the daemon knows already.
    pub(crate) fn known_picture(&self, digest: &str) -> Result<Option<SessionInfo>, Failure> {
        Ok(self.client.known_picture(digest)?)
    }

    /// Gives a session the picture that items are taken from.
    pub(crate) fn open_reference(&self, session: &str, pixels: &Pixels, name: &str) -> Result<SessionInfo, Failure> {
        let open = OpenPicture { name: name.to_owned(), reference_of: Some(session.to_owned()), ..OpenPicture::default() };
        Ok(self.client.open_picture(pixels, None, open)?)
    }

    /// A session by its name.
    pub(crate) fn open_session(&self, session: &str) -> Result<SessionInfo, Failure> {
        let open = OpenSession { session: Some(session.to_owned()), folder: None };
        Ok(self.client.ask(open, Vec::new())?.0)
    }

    /// Sets the items of a picture, the first in front.
    pub(crate) fn set_items(&self, session: &str, picture: Which, masks: &[Mask]) -> Result<SessionInfo, Failure> {
        let names = masks.iter().map(|mask| mask.name.clone()).collect();
        let blobs = masks.iter().map(|mask| Blob::Pixels(mask.pixels.clone())).collect();
        let items = Items::Masks((0..masks.len()).collect());
        let set = SetItems { session: session.to_owned(), picture, names, items, words: None };
        Ok(self.client.ask(set, blobs)?.0)
    }

    /// Sets the items of a picture by a label map.
    pub(crate) fn set_labels(&self, session: &str, size: (u32, u32), labels: &Labels) -> Result<SessionInfo, Failure> {
        Ok(self.client.set_labels(session, Which::Target, size, labels.clone())?)
    }

    /// The items of a session, as they were set.
    pub(crate) fn items(&self, session: &str) -> Result<Labels, Failure> {
        Ok(self.client.labels(session, Which::Target)?.unwrap_or_default())
    }

    /// The items as they are at a revision.
    pub(crate) fn items_at(&self, session: &str, revision: u64) -> Result<Labels, Failure> {
        let plan = Plan { session: session.to_owned(), edits: vec![EditVerb::Reconstruct], base: Some(revision), ..Plan::default() };
        let (planned, blobs) = self.plan(plan, Vec::new())?;
        Ok(Labels { names: planned.names, numbers: Blobs::from(blobs).labels(0)?, words: None })
    }

    /// Segments the whole picture into at most `most` items.
    pub(crate) fn everything(&self, session: &str, most: usize) -> Result<Labels, Failure> {
        Ok(self.client.segment_everything(session, most)?)
    }

    /// Plans an edit.
    pub(crate) fn plan(&self, plan: Plan, masks: Vec<Blob>) -> Result<(Planned, Vec<Blob>), Failure> {
        Ok(self.client.ask(plan, masks)?)
    }

    /// How far each pixel may change, 0 … 1.
    pub(crate) fn changes(&self, plan: Plan, masks: Vec<Blob>) -> Result<Vec<f32>, Failure> {
        Ok(Blobs::from(self.plan(plan, masks)?.1).mask(1)?)
    }

    /// Learns a picture.
    pub(crate) fn learn(&self, learn: Learn, watch: &mut dyn Watch) -> Result<Learned, Failure> {
        Ok(finish(self.client.send(learn, Vec::new())?, watch)?.0)
    }

    /// Edits it.
    pub(crate) fn edit(&self, edit: Edit, masks: Vec<Blob>, watch: &mut dyn Watch) -> Result<(Edited, Pixels), Failure> {
        let (edited, blobs) = finish(self.client.send(edit, masks)?, watch)?;
        Ok((edited, Blobs::from(blobs).pixels(0)?))
    }

    /// The history of a session.
    pub(crate) fn history(&self, session: &str, masks: bool, thumbnails: bool) -> Result<(Revisions, Vec<Blob>), Failure> {
        Ok(self.client.ask(History { session: session.to_owned(), thumbnails, masks }, Vec::new())?)
    }

    /// The whole picture of a revision.
    pub(crate) fn whole(&self, session: &str, revision: u64) -> Result<Pixels, Failure> {
        Ok(self.client.whole_picture(session, revision)?)
    }

    /// The state of the daemon.
    pub(crate) fn status(&self) -> Result<Status, Failure> {
        Ok(self.client.ask(request::Status {}, Vec::new())?.0)
    }

    /// Its version.
    pub(crate) fn version(&self) -> &str {
        &self.client.welcome().version
    }
}

/// The program that starts a daemon: the one that the installation named beside the plug-in, or another that is found.
fn program() -> Option<Program> {
    Program::of_plugin(env::current_exe().ok().and_then(|plug_in| Some(plug_in.parent()?.to_path_buf())))
}
