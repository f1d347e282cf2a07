//! The daemon as the plug-in asks it.

use std::collections::BTreeMap;
use std::env;

use dedit_client::{Client, PROGRAM_VARIABLE, Program};
use dedit_protocol::answer::{Edited, Fetched, Learned, OpenedPicture, Planned, Revisions, Segmented, Status};
use dedit_protocol::event::SessionInfo;
use dedit_protocol::request::{
    Edit, EditVerb, Fetch, Hello, History, Items, Learn, Nothing, OpenPicture, OpenSession, Plan, ResultOf, Segment, SetItems, Which, Words,
};
use dedit_protocol::{Blob, Pixels, Request, Samples, address};

use crate::failure::{Failure, FailureKind};
use crate::masks::Mask;
use crate::watch::{Watch, finish};

/// A connection to the daemon.
pub(crate) struct Desk {
    client: Client,
}

/// An item's place by number, for every pixel.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Labels {
    pub(crate) names: Vec<String>,
    pub(crate) numbers: Vec<u16>,
    /// What was said of them, where that is known.
    pub(crate) words: BTreeMap<String, Words>,
}

fn broken(what: &str) -> Failure {
    Failure::new(FailureKind::Connection, format!("the daemon's answer has no {what}"))
        .hint("update D-Edit: `dedit daemon stop`, then try again")
}

impl Desk {
    /// Connects, and starts the daemon where none runs.
    pub(crate) fn open() -> Result<Self, Failure> {
        let hello = Hello { client: "gimp".to_owned(), version: env!("CARGO_PKG_VERSION").to_owned() };
        let socket = address::socket(None);
        let client = match program() {
            Some(program) => Client::connect_or_start(&socket, &program, &hello)?,
            // One that runs already will do.
            None => Client::connect(&socket, &hello).map_err(|failure| {
                failure.hint(format!(
                    "run `dedit install gimp` again, start one with `dedit daemon start`, or name D-Edit's program with {PROGRAM_VARIABLE}"
                ))
            })?,
        };
        Ok(Self { client })
    }

    /// The session of a picture. Pixels are sent only where the daemon does not have them.
    pub(crate) fn open_picture(&self, pixels: &Pixels, digest: &str, profile: Option<&[u8]>, name: &str) -> Result<SessionInfo, Failure> {
        self.send_picture(pixels, profile, &OpenPicture { digest: digest.to_owned(), name: name.to_owned(), ..OpenPicture::default() })
    }

    /// The session of a picture that the daemon knows already.
    pub(crate) fn known_picture(&self, digest: &str) -> Result<Option<SessionInfo>, Failure> {
        let open = OpenPicture { digest: digest.to_owned(), ..OpenPicture::default() };
        let (asked, _): (OpenedPicture, _) = self.client.ask(&Request::OpenPicture(open), Vec::new())?;
        Ok(asked.known.then_some(asked.session))
    }

    /// Gives a session the picture that items are taken from.
    pub(crate) fn open_reference(&self, session: &str, pixels: &Pixels, name: &str) -> Result<SessionInfo, Failure> {
        let open = OpenPicture {
            digest: pixels.digest(),
            name: name.to_owned(),
            reference_of: Some(session.to_owned()),
            ..OpenPicture::default()
        };
        self.send_picture(pixels, None, &open)
    }

    fn send_picture(&self, pixels: &Pixels, profile: Option<&[u8]>, open: &OpenPicture) -> Result<SessionInfo, Failure> {
        let (asked, _): (OpenedPicture, _) = self.client.ask(&Request::OpenPicture(open.clone()), Vec::new())?;
        if asked.known {
            return Ok(asked.session);
        }
        let mut blobs = vec![Blob::Pixels(pixels.clone())];
        blobs.extend(profile.map(|profile| Blob::Bytes(profile.to_vec())));
        let open = OpenPicture { pixels: Some(0), profile: profile.map(|_| 1), ..open.clone() };
        let (opened, _): (OpenedPicture, _) = self.client.ask(&Request::OpenPicture(open), blobs)?;
        Ok(opened.session)
    }

    /// A session by its name.
    pub(crate) fn open_session(&self, session: &str) -> Result<SessionInfo, Failure> {
        let open = OpenSession { session: Some(session.to_owned()), folder: None };
        Ok(self.client.ask(&Request::OpenSession(open), Vec::new())?.0)
    }

    /// Says what the items of a picture are, the first in front.
    pub(crate) fn set_items(&self, session: &str, picture: Which, masks: &[Mask]) -> Result<SessionInfo, Failure> {
        let names = masks.iter().map(|mask| mask.name.clone()).collect();
        let blobs = masks.iter().map(|mask| Blob::Pixels(mask.pixels.clone())).collect();
        let items = Items::Masks((0..masks.len()).collect());
        let set = SetItems { session: session.to_owned(), picture, names, items, words: None };
        Ok(self.client.ask(&Request::SetItems(set), blobs)?.0)
    }

    /// The same by numbers.
    pub(crate) fn set_labels(&self, session: &str, size: (u32, u32), labels: &Labels) -> Result<SessionInfo, Failure> {
        let pixels =
            Pixels::new(size.0, size.1, 1, Samples::U16(labels.numbers.clone())).ok_or_else(|| broken("items of the right size"))?;
        let set = SetItems {
            session: session.to_owned(),
            picture: Which::Target,
            names: labels.names.clone(),
            items: Items::Labels(0),
            words: (!labels.words.is_empty()).then(|| labels.words.clone()),
        };
        Ok(self.client.ask(&Request::SetItems(set), vec![Blob::Pixels(pixels)])?.0)
    }

    /// The items of a session, as they were set.
    pub(crate) fn items(&self, session: &str) -> Result<Labels, Failure> {
        let fetch = Fetch { session: session.to_owned(), picture: Which::Target, pixels: false };
        let (fetched, mut blobs): (Fetched, _) = self.client.ask(&Request::Fetch(fetch), Vec::new())?;
        let Some(labels) = fetched.labels else { return Ok(Labels::default()) };
        Ok(Labels { names: fetched.names, numbers: numbers(&mut blobs, labels)?, words: fetched.words })
    }

    /// The items as they are at a revision.
    pub(crate) fn items_at(&self, session: &str, revision: u64) -> Result<Labels, Failure> {
        let plan = Plan { session: session.to_owned(), edits: vec![EditVerb::Reconstruct], base: Some(revision), ..Plan::default() };
        let (planned, mut blobs) = self.plan(plan, Vec::new())?;
        Ok(Labels { names: planned.names, numbers: numbers(&mut blobs, 0)?, words: BTreeMap::new() })
    }

    /// Everything that can be told apart, at most so many.
    pub(crate) fn everything(&self, session: &str, most: usize) -> Result<Labels, Failure> {
        let segment = Segment { session: session.to_owned(), everything: Some(most), ..Segment::default() };
        let (found, mut blobs): (Segmented, _) = self.client.ask(&Request::Segment(segment), Vec::new())?;
        Ok(Labels { names: found.names, numbers: numbers(&mut blobs, 0)?, words: BTreeMap::new() })
    }

    /// What an edit would come to.
    pub(crate) fn plan(&self, plan: Plan, masks: Vec<Blob>) -> Result<(Planned, Vec<Blob>), Failure> {
        Ok(self.client.ask(&Request::Plan(Box::new(plan)), masks)?)
    }

    /// How far each pixel may change, 0 … 1.
    pub(crate) fn changes(&self, plan: Plan, masks: Vec<Blob>) -> Result<Vec<f32>, Failure> {
        match self.plan(plan, masks)?.1.into_iter().nth(1) {
            Some(Blob::Pixels(pixels)) => match pixels.into_samples() {
                Samples::F32(changes) => Ok(changes),
                _ => Err(broken("changes")),
            },
            _ => Err(broken("changes")),
        }
    }

    /// Learns a picture.
    pub(crate) fn learn(&self, learn: Learn, watch: &mut dyn Watch) -> Result<Learned, Failure> {
        Ok(finish(self.client.send(&Request::Learn(learn), Vec::new())?, watch)?.0)
    }

    /// Edits it.
    pub(crate) fn edit(&self, edit: Edit, masks: Vec<Blob>, watch: &mut dyn Watch) -> Result<(Edited, Pixels), Failure> {
        let (edited, blobs) = finish(self.client.send(&Request::Edit(Box::new(edit)), masks)?, watch)?;
        Ok((edited, picture(blobs)?))
    }

    /// What was made in a session.
    pub(crate) fn history(&self, session: &str, masks: bool, thumbnails: bool) -> Result<(Revisions, Vec<Blob>), Failure> {
        Ok(self.client.ask(&Request::History(History { session: session.to_owned(), thumbnails, masks }), Vec::new())?)
    }

    /// The whole picture of a revision.
    pub(crate) fn whole(&self, session: &str, revision: u64) -> Result<Pixels, Failure> {
        let of = ResultOf { session: session.to_owned(), revision, whole: true };
        let (_, blobs): (dedit_protocol::answer::ResultRegion, _) = self.client.ask(&Request::Result(of), Vec::new())?;
        picture(blobs)
    }

    /// How the daemon is.
    pub(crate) fn status(&self) -> Result<Status, Failure> {
        Ok(self.client.ask(&Request::Status(Nothing {}), Vec::new())?.0)
    }

    /// Its version.
    pub(crate) fn version(&self) -> &str {
        &self.client.welcome().version
    }
}

fn picture(blobs: Vec<Blob>) -> Result<Pixels, Failure> {
    match blobs.into_iter().next() {
        Some(Blob::Pixels(pixels)) => Ok(pixels),
        _ => Err(broken("picture")),
    }
}

fn numbers(blobs: &mut Vec<Blob>, at: usize) -> Result<Vec<u16>, Failure> {
    if at >= blobs.len() {
        return Err(broken("items"));
    }
    match blobs.swap_remove(at) {
        Blob::Pixels(pixels) => match pixels.into_samples() {
            Samples::U16(numbers) => Ok(numbers),
            Samples::U8(numbers) => Ok(numbers.into_iter().map(u16::from).collect()),
            Samples::F32(_) => Err(broken("items")),
        },
        Blob::Bytes(_) => Err(broken("items")),
    }
}

/// The program that the installation noted beside the plug-in, or another that is found.
fn program() -> Option<Program> {
    Program::of_plugin(env::current_exe().ok().and_then(|plug_in| Some(plug_in.parent()?.to_path_buf())))
}
