//! Requests about pictures and items that take more than one message, or blobs to be encoded and decoded.

use std::collections::BTreeMap;
use std::path::Path;

use dedit_protocol::answer::OpenedPicture;
use dedit_protocol::event::SessionInfo;
use dedit_protocol::request::{Fetch, Items, ItemsOf, OpenPicture, OpenSession, ResultOf, Segment, SetItems, Which, Words};
use dedit_protocol::{Blob, Failure, FailureKind, Pixels, Samples, features};

use crate::blobs::Blobs;
use crate::client::Client;
use crate::folder::Folder;

/// The items of a picture as a label map.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Labels {
    /// The items' names, without repetition.
    pub names: Vec<String>,
    /// For each pixel, row by row, the index of its item in `names`.
    pub numbers: Vec<u16>,
    /// Words that describe items, by name. Without any (`None`) the names do, where they are words.
    pub words: Option<BTreeMap<String, Words>>,
}

/// What is known of a picture besides its pixels.
#[derive(Debug, Clone, Copy, Default)]
pub struct About<'a> {
    /// Its colour profile (ICC); without one it is sRGB.
    pub profile: Option<&'a [u8]>,
    /// What the client wants back with the picture.
    pub metadata: Option<&'a [u8]>,
}

impl Client {
    /// The session of a picture with this [digest](Pixels::digest), if the daemon has the picture.
    ///
    /// # Errors
    /// As [`ask`](Self::ask).
    pub fn known_picture(&self, digest: &str) -> Result<Option<SessionInfo>, Failure> {
        let (opened, _) = self.ask(OpenPicture { digest: digest.to_owned(), ..OpenPicture::default() }, Vec::new())?;
        Ok(opened.known.then_some(opened.session))
    }

    /// Opens the session of a picture, or begins one; with `reference_of` makes it the reference picture of a session. Its pixels and what is known of it are sent
    /// only where the daemon does not have the picture. `open` has everything else; its `digest` is computed where it is empty.
    ///
    /// # Errors
    /// As [`ask`](Self::ask).
    pub fn open_picture(&self, pixels: &Pixels, about: About<'_>, open: OpenPicture) -> Result<SessionInfo, Failure> {
        Ok(self.open_shown(pixels, about, open)?.0.session)
    }

    /// The same, for a session that is kept in a folder of the daemon's machine.
    ///
    /// # Errors
    /// As [`ask`](Self::ask); `Connection` where the path is no UTF-8 and the daemon takes no other.
    pub fn open_picture_in(&self, folder: &Path, pixels: &Pixels, about: About<'_>, open: OpenPicture) -> Result<SessionInfo, Failure> {
        let folder = self.sent(folder)?;
        Ok(self.opened(pixels, about, OpenPicture { folder: folder.text.clone(), ..open }, &folder)?.0.session)
    }

    /// The session that is kept in a folder of the daemon's machine.
    ///
    /// # Errors
    /// As [`open_picture_in`](Self::open_picture_in).
    pub fn open_session_in(&self, folder: &Path) -> Result<SessionInfo, Failure> {
        let Folder { text, bytes } = self.sent(folder)?;
        let open = OpenSession { session: None, folder: text, folder_bytes: bytes.as_ref().map(|_| 0) };
        Ok(self.ask(open, bytes.into_iter().map(Blob::Bytes).collect())?.0)
    }

    fn sent(&self, folder: &Path) -> Result<Folder, Failure> {
        let folder = Folder::of(folder);
        if folder.bytes.is_some() {
            self.require(features::PATHS)?;
        }
        Ok(folder)
    }

    /// Like [`open_picture`](Self::open_picture), for a picture of which `open` says more than its pixels: `revision_of`, `last`, `peek`, `labels`. Gives the
    /// label map too, if it was asked for. After a `peek` no pixels are sent.
    ///
    /// # Errors
    /// As [`ask`](Self::ask); `Connection` where the answer lacks the label map.
    pub fn open_shown(&self, pixels: &Pixels, about: About<'_>, open: OpenPicture) -> Result<(OpenedPicture, Option<Vec<u16>>), Failure> {
        self.opened(pixels, about, open, &Folder::default())
    }

    fn opened(
        &self,
        pixels: &Pixels,
        about: About<'_>,
        mut open: OpenPicture,
        folder: &Folder,
    ) -> Result<(OpenedPicture, Option<Vec<u16>>), Failure> {
        if open.digest.is_empty() {
            open.digest = pixels.digest();
        }
        let send = |pixels: Option<&Pixels>| {
            let (mut open, mut blobs) = (open.clone(), Vec::new());
            open.pixels = pixels.map(|pixels| add(&mut blobs, Blob::Pixels(pixels.clone())));
            open.profile = about.profile.map(|profile| add(&mut blobs, Blob::Bytes(profile.to_vec())));
            open.metadata = about.metadata.map(|metadata| add(&mut blobs, Blob::Bytes(metadata.to_vec())));
            open.folder_bytes = folder.bytes.clone().map(|bytes| add(&mut blobs, Blob::Bytes(bytes)));
            self.ask(OpenPicture { about: true, ..open }, blobs)
        };
        let (asked, blobs) = send(None)?;
        let (opened, blobs) = if asked.known || open.peek { (asked, blobs) } else { send(Some(pixels))? };
        with_labels(opened, blobs)
    }

    /// The items of a revision, 0 for the picture itself; `None` where none are set yet.
    ///
    /// # Errors
    /// As [`ask`](Self::ask); `Connection` where the answer lacks the label map.
    pub fn items(&self, session: &str, revision: u64) -> Result<Option<Labels>, Failure> {
        let (found, blobs) = self.ask(ItemsOf { session: session.to_owned(), revision, labels: true }, Vec::new())?;
        let Some(index) = found.labels else { return Ok(None) };
        let numbers = Blobs::from(blobs).labels(index)?;
        Ok(Some(Labels { names: found.names, numbers, words: (!found.words.is_empty()).then_some(found.words) }))
    }

    /// The items of a session's picture; `None` where it has none yet.
    ///
    /// # Errors
    /// As [`ask`](Self::ask); `Connection` where the answer lacks the label map.
    pub fn labels(&self, session: &str, picture: Which) -> Result<Option<Labels>, Failure> {
        let (fetched, blobs) = self.ask(Fetch { session: session.to_owned(), picture, pixels: false }, Vec::new())?;
        let Some(index) = fetched.labels else { return Ok(None) };
        let numbers = Blobs::from(blobs).labels(index)?;
        let words = (!fetched.words.is_empty()).then_some(fetched.words);
        Ok(Some(Labels { names: fetched.names, numbers, words }))
    }

    /// Sets the items of a picture by a label map; `size` is the picture's width and height.
    ///
    /// # Errors
    /// As [`ask`](Self::ask); `Usage` where the map does not have a number for each pixel.
    pub fn set_labels(&self, session: &str, picture: Which, (width, height): (u32, u32), labels: Labels) -> Result<SessionInfo, Failure> {
        let Labels { names, numbers, words } = labels;
        let pixels = Pixels::new(width, height, 1, Samples::U16(numbers)).ok_or_else(|| {
            Failure::new(FailureKind::Usage, format!("the items' numbers are not as many as the pixels of a picture of {width} x {height}"))
        })?;
        let set = SetItems { session: session.to_owned(), picture, names, items: Items::Labels(0), words };
        Ok(self.ask(set, vec![Blob::Pixels(pixels)])?.0)
    }

    /// Segments a session's picture into at most so many items. Sets none.
    ///
    /// # Errors
    /// As [`ask`](Self::ask); `Connection` where the answer lacks the label map.
    pub fn segment_everything(&self, session: &str, most: usize) -> Result<Labels, Failure> {
        let segment = Segment { session: session.to_owned(), everything: Some(most), ..Segment::default() };
        let (found, blobs) = self.ask(segment, Vec::new())?;
        Ok(Labels { names: found.names, numbers: Blobs::from(blobs).labels(0)?, words: None })
    }

    /// The whole picture of a revision, 0 for the picture itself.
    ///
    /// # Errors
    /// As [`ask`](Self::ask); `Connection` where the answer lacks the pixels.
    pub fn whole_picture(&self, session: &str, revision: u64) -> Result<Pixels, Failure> {
        let (_, blobs) = self.ask(ResultOf { session: session.to_owned(), revision, whole: true }, Vec::new())?;
        Blobs::from(blobs).pixels(0)
    }
}

/// Adds a blob and gives its place.
fn add(blobs: &mut Vec<Blob>, blob: Blob) -> usize {
    blobs.push(blob);
    blobs.len() - 1
}

fn with_labels(opened: OpenedPicture, blobs: Vec<Blob>) -> Result<(OpenedPicture, Option<Vec<u16>>), Failure> {
    let labels = opened.labels.map(|index| Blobs::from(blobs).labels(index)).transpose()?;
    Ok((opened, labels))
}
