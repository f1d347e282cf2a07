//! Requests about pictures and items.

use std::collections::BTreeMap;

use dedit_edit::{Error, Rect, Result, Segmentation, Size};
use dedit_protocol::answer;
use dedit_protocol::names::VerbName;
use dedit_protocol::request::{self, Items, Which};
use dedit_protocol::{Blob, Event};
use dedit_segment::Hint;
use dedit_session::{About, Adopted, Found, Located, NewItems, Opening, RevisionId, SegmentRequest, Selection, Shown, Wanted};

use crate::client::Client;
use crate::convert::{self, Blobs};
use crate::requests::{Answer, session};

/// The item of all pixels that belong to no other.
const BACKGROUND: &str = "background";

fn index(which: Which) -> usize {
    match which {
        Which::Target => 0,
        Which::Reference => 1,
    }
}

impl Client {
    pub(crate) fn open_picture(&self, open: &request::OpenPicture, blobs: &mut Blobs) -> Answer {
        let sessions = &self.daemon.sessions;
        if let (Some(of), "") = (&open.reference_of, open.digest.as_str()) {
            return Ok(Some(opened(&sessions.set_reference(of, None)?)));
        }
        let folder = blobs.folder(open.folder.as_deref(), open.folder_bytes)?;
        if !open.variant.is_empty() && (folder.is_some() || open.reference_of.is_some()) {
            return Err(Error::usage("variants are of pictures in the store").hint("leave out the variant, or the folder"));
        }
        let folder = folder.as_deref();
        let mut bytes = |blob: Option<usize>| blob.map(|blob| blobs.bytes(blob)).transpose();
        let about = About { profile: bytes(open.profile)?, metadata: bytes(open.metadata)? };
        let opening = match open.pixels {
            Some(pixels) => {
                let image = convert::image(blobs.pixels(pixels)?)?;
                let opening = Opening::new(image, about, open.name.clone());
                if opening.digest() != open.digest {
                    return Err(Error::usage("the digest of a picture is not that of its pixels"));
                }
                Some(opening)
            }
            None => sessions.known(&open.digest, folder).map(|known| {
                let known = known.named(open.name.clone());
                if open.about { known.about(about) } else { known }
            }),
        };
        if open.revision_of.is_some() || open.last.is_some() || open.peek || open.labels {
            return self.open_shown(open, opening.as_ref());
        }
        let Some(opening) = opening.map(|opening| opening.of_variant(open.variant.clone())) else {
            return Ok(Some(Event::finished(&answer::OpenedPicture::default(), Vec::new())));
        };
        let info = match &open.reference_of {
            Some(of) => sessions.set_reference(of, Some(&opening))?,
            None => sessions.open_picture(self.number, &opening, folder, open.replace)?,
        };
        Ok(Some(opened(&info)))
    }

    /// Opens a picture as a client shows it, where the client says more about it than its pixels.
    fn open_shown(&self, open: &request::OpenPicture, opening: Option<&Opening>) -> Answer {
        if open.folder.is_some() || open.folder_bytes.is_some() || open.reference_of.is_some() || !open.variant.is_empty() {
            return Err(Error::usage("a picture that is looked for by its revisions is one of the store")
                .hint("leave out folder, reference_of and variant"));
        }
        let id = |of: &request::RevisionId| RevisionId { session: of.session.clone(), revision: of.revision };
        let shown = Shown {
            digest: open.digest.clone(),
            size: open.size,
            revision_of: open.revision_of.as_ref().map(id),
            last: open.last.as_ref().map(id),
            peek: open.peek,
        };
        let Some(located) = self.daemon.sessions.locate(self.number, &shown, opening)? else {
            return Ok(Some(Event::finished(&answer::OpenedPicture::default(), Vec::new())));
        };
        let (names, labels, blobs) = names_and_labels(located.items.as_deref(), open.labels)?;
        let Located { is_known: known, base, carried, .. } = located;
        let session = convert::session_info(&located.info);
        Ok(Some(Event::finished(&answer::OpenedPicture { known, session, base, names, labels, carried }, blobs)))
    }

    pub(crate) fn set_items(&self, set: request::SetItems, blobs: &mut Blobs) -> Answer {
        let sessions = &self.daemon.sessions;
        let index = index(set.picture);
        let items = blobs.items(set.names, &set.items, sessions.size(&set.session, index)?)?;
        Ok(Some(session(&sessions.set_items(&set.session, index, items, set.words.map(convert::words))?)))
    }

    /// By a segment-anything model as a job, else at once.
    pub(crate) fn segment(&self, serial: u32, segment: &request::Segment, blobs: &mut Blobs) -> Answer {
        let sessions = &self.daemon.sessions;
        if let Some(most) = segment.everything {
            if let Some(model) = sessions.segmenter(segment.model.as_deref())? {
                return self.segment_by(serial, segment, model, Wanted::Everything(most));
            }
            let items = sessions.segment_everything(&segment.session, segment.base, most)?;
            return convert::segmented(&items).map(Some);
        }
        let points = |points: &[[usize; 2]]| points.iter().map(|&[x, y]| (x, y)).collect();
        let region = segment.region.map(|[x, y, width, height]| Rect { x, y, width, height });
        let hint = Hint { region, inside: points(&segment.inside), outside: points(&segment.outside) };
        let size = sessions.revision_size(&segment.session, Some(segment.base))?;
        let earlier = segment.earlier.map(|index| blobs.mask(index, size)).transpose()?;
        self.note_known_item(serial, segment)?;
        if let Some(model) = sessions.segmenter(segment.model.as_deref())? {
            return self.segment_by(serial, segment, model, Wanted::Item(hint, earlier));
        }
        let mask = sessions.segment(&segment.session, segment.base, &hint, earlier.as_ref())?;
        Ok(Some(Event::finished(&answer::Segmented::default(), vec![convert::mask_blob(&mask)?])))
    }

    fn segment_by(&self, serial: u32, segment: &request::Segment, model: Found, wanted: Wanted) -> Answer {
        let request = SegmentRequest { model, base: segment.base, wanted };
        let reporter = self.reporter(serial, VerbName::default());
        self.daemon.sessions.segment_by(self.number, &segment.session, request, reporter).map(|()| None)
    }

    /// A note where a pixel of the item that is looked for is of a known one.
    fn note_known_item(&self, serial: u32, segment: &request::Segment) -> Result<()> {
        let sessions = &self.daemon.sessions;
        if !segment.inside.is_empty()
            && let Some(items) = sessions.items(&segment.session, segment.base)?.items
        {
            let (width, height) = (items.size().width(), items.size().height());
            // What lies outside of the picture is refused later.
            let name_at = |&[x, y]: &[usize; 2]| {
                let index = (x < width && y < height).then(|| y * width + x)?;
                items.labels().get(index).and_then(|label| items.names().get(usize::from(*label)))
            };
            if let Some(name) = segment.inside.iter().filter_map(name_at).find(|name| *name != BACKGROUND) {
                let note = format!("'{name}' is an item already where the new one was clicked: the new one lies in front of it");
                self.outgoing.send(Event::Note(note), serial);
            }
        }
        Ok(())
    }

    pub(crate) fn fetch(&self, fetch: &request::Fetch) -> Answer {
        let fetched = self.daemon.sessions.fetch(&fetch.session, index(fetch.picture))?;
        let (session, words) = (convert::session_info(&fetched.info), convert::told_words(&fetched.words));
        let mut told = answer::Fetched { session, words, ..answer::Fetched::default() };
        let mut blobs;
        (told.names, told.labels, blobs) = names_and_labels(fetched.items.as_deref(), true)?;
        if fetch.pixels {
            told.pixels = Some(blobs.len());
            blobs.push(convert::image_blob(fetched.image.as_ref().clone())?);
            for (place, bytes) in [(&mut told.profile, &fetched.about.profile), (&mut told.metadata, &fetched.about.metadata)] {
                let Some(bytes) = bytes else { continue };
                *place = Some(blobs.len());
                blobs.push(Blob::Bytes(bytes.clone()));
            }
        }
        Ok(Some(Event::finished(&told, blobs)))
    }

    pub(crate) fn items(&self, of: &request::ItemsOf) -> Answer {
        let dedit_session::Items { items, words } = self.daemon.sessions.items(&of.session, of.revision)?;
        let (names, labels, blobs) = names_and_labels(items.as_deref(), of.labels)?;
        let regions = items.iter().flat_map(|items| items.bounding_boxes()).map(convert::region).collect();
        let areas = items.iter().flat_map(|items| items.areas()).collect();
        let words = if items.is_some() { convert::told_words(&words) } else { BTreeMap::new() };
        Ok(Some(Event::finished(&answer::ItemsFound { names, words, regions, areas, labels }, blobs)))
    }

    pub(crate) fn choose(&self, choose: &request::Choose, blobs: &mut Blobs) -> Answer {
        let mask = choose
            .selection
            .map(|index| blobs.mask(index, self.daemon.sessions.revision_size(&choose.session, Some(choose.base))?))
            .transpose()?;
        let selection = Selection { mask, name: choose.name.clone(), prefer_name: choose.prefer_name };
        let (choice, items) = self.daemon.sessions.choose(&choose.session, choose.base, &selection)?;
        let (names, ..) = names_and_labels(items.as_deref(), false)?;
        Ok(Some(Event::finished(&answer::Chosen { item: choice.item, known: choice.is_known, ring: choice.ring, names }, Vec::new())))
    }

    pub(crate) fn adopt(&self, adopt: request::Adopt, blobs: &mut Blobs) -> Answer {
        let sessions = &self.daemon.sessions;
        let of = RevisionId { session: adopt.session.clone(), revision: adopt.base };
        let with_labels = adopt.labels;
        let new = new_items(adopt, blobs, sessions.revision_size(&of.session, Some(of.revision))?)?;
        let adopted = sessions.adopt(self.number, &of, new)?;
        let (names, labels, blobs) = names_and_labels(Some(adopted.items.as_ref()), with_labels)?;
        let Adopted { base, item, ring, empty, .. } = adopted;
        let session = convert::session_info(&adopted.info);
        Ok(Some(Event::finished(&answer::Adopted { session, base, item, ring, names, empty, labels }, blobs)))
    }
}

fn opened(info: &dedit_session::Info) -> Event {
    let names = info.items[0].clone();
    let session = convert::session_info(info);
    Event::finished(&answer::OpenedPicture { known: true, session, names, ..answer::OpenedPicture::default() }, Vec::new())
}

/// Names of items, and their label map as the first blob if it is wanted.
fn names_and_labels(items: Option<&Segmentation>, with_labels: bool) -> Result<(Vec<String>, Option<usize>, Vec<Blob>)> {
    let names = items.map(|items| items.names().to_vec()).unwrap_or_default();
    let blobs = items.filter(|_| with_labels).map(convert::labels_blob).transpose()?;
    Ok((names, blobs.as_ref().map(|_| 0), blobs.into_iter().collect()))
}

/// What a request wants to be the items of a picture of this size.
fn new_items(adopt: request::Adopt, blobs: &mut Blobs, size: Size) -> Result<NewItems> {
    let request::Adopt { selection, region, items, everything, names, name, prefer_name, alone, add, .. } = adopt;
    match (selection, region, items, everything) {
        (selection, None, None, None) => {
            let mask = selection.map(|index| blobs.mask(index, size)).transpose()?;
            Ok(NewItems::Selected { selection: Selection { mask, name, prefer_name }, alone })
        }
        (None, Some(region), None, None) => Ok(NewItems::Region(blobs.mask(region, size)?)),
        (None, None, Some(Items::Masks(masks)), None) => Ok(NewItems::Masks { masks: blobs.masks(names, &masks, size)?, add }),
        (None, None, Some(labels @ Items::Labels(_)), None) => Ok(NewItems::All(blobs.items(names, &labels, size)?)),
        (None, None, None, Some(most)) => Ok(NewItems::Everything(most)),
        _ => {
            Err(Error::usage("at most one of selection, region, items and everything says what the items are").hint("leave the others out"))
        }
    }
}
