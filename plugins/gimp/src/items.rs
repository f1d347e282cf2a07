//! The items of the picture: those that the daemon has, those that the document shows as masks, and the one that an edit is of.
//!
//! Which item a selection is, and whether items are the same as before, is decided by the daemon.

use dedit_client::{About, Blobs, Labels};
use dedit_protocol::answer::Adopted;
use dedit_protocol::request::{Adopt, Items, OpenPicture, RevisionId, Segment};
use dedit_protocol::{Blob, Pixels, Samples, features};
use dedit_schema::defaults::ITEMS_AT_MOST;
use gimp_host::Curve;

use crate::clicks::Clicks;
use crate::document::Document;
use crate::failure::Failure;
use crate::masks::{self, BACKGROUND, Gather, Mask};
use crate::record::ResultRecord;
use crate::sessions;
use crate::watch::{self, StatusBar, Watch};

/// The session of a picture, the revision that the picture is there, and its items.
#[derive(Debug, Clone, Default)]
pub(crate) struct PictureItems {
    pub(crate) session: String,
    /// 0 for the session's picture itself.
    pub(crate) base: u64,
    /// The names of the items, without the background.
    pub(crate) names: Vec<String>,
    /// Whether the daemon has items of it, be it the background alone.
    is_divided: bool,
    /// Remarks about the document, for the user.
    pub(crate) remarks: Vec<String>,
}

/// An item that an edit is of.
#[derive(Debug, Clone, Default)]
pub(crate) struct Chosen {
    pub(crate) item: String,
    /// Width of the selection's soft edge in pixels, where it has one.
    pub(crate) ring: Option<f64>,
}

impl PictureItems {
    /// Opens the session of which the picture is a revision, or one of its own. The pixels are sent only where the daemon does not have them.
    pub(crate) fn open(document: &Document<'_>) -> Result<Self, Failure> {
        Ok(Self::open_with(document, false)?.0)
    }

    /// The same, with the label map of the items.
    pub(crate) fn open_with_labels(document: &Document<'_>) -> Result<(Self, Labels), Failure> {
        Self::open_with(document, true)
    }

    fn open_with(document: &Document<'_>, labels: bool) -> Result<(Self, Labels), Failure> {
        let Document { host, client, source, composite } = document;
        let topmost = composite.topmost.and_then(|layer| ResultRecord::of(*host, layer));
        let last = sessions::of_layer(*host, source)?.into_iter().next().map(|session| {
            let revision = topmost.filter(|record| record.session == session).and_then(|record| record.revision).unwrap_or(0);
            RevisionId { session, revision }
        });
        let result = composite.result.as_ref();
        let revision_of = result.and_then(|result| Some(RevisionId { session: result.session.clone(), revision: result.revision? }));
        let open = OpenPicture {
            digest: composite.digest.clone(),
            name: host.image_name(source.image)?,
            size: Some([source.size.0 as usize, source.size.1 as usize]),
            revision_of,
            last,
            labels,
            ..OpenPicture::default()
        };
        // Pixels that are read by the curve of sRGB are not in the profile's space.
        let profile = if source.format.curve == Curve::NonLinear { host.profile(source.image)? } else { None };
        let (opened, numbers) = client.open_shown(&composite.pixels, About { profile: profile.as_deref(), metadata: None }, open)?;
        let names = without_background(&opened.names);
        let is_divided = !opened.names.is_empty();
        let items = Self { session: opened.session.session, base: opened.base, names, is_divided, remarks: Vec::new() };
        Ok((items, Labels { names: opened.names, numbers: numbers.unwrap_or_default(), words: None }))
    }

    /// The item that an edit is of, by where items come from (`items` of a call) and a name, which may be empty.
    pub(crate) fn choose(&mut self, document: &Document<'_>, from: &str, name: &str) -> Result<Chosen, Failure> {
        match from {
            "auto" if self.is_known(name) => Ok(Chosen { item: name.to_owned(), ring: None }),
            "auto" | "selection" => {
                let selection = masks::selection(document.host, &document.source)?;
                if selection.is_none() && from == "auto" && !name.is_empty() {
                    return self.require(document, name).map(|()| Chosen { item: name.to_owned(), ring: None });
                }
                let (name, prefer_name) = (name.to_owned(), from == "auto");
                let adopt = Adopt { selection: selection.as_ref().map(|_| 0), name, prefer_name, ..Adopt::default() };
                self.adopt(document, adopt, selection.into_iter().collect())
            }
            _ => match (name, &self.names[..]) {
                ("", [only]) => Ok(Chosen { item: only.clone(), ring: None }),
                _ => self.named(document, name),
            },
        }
    }

    fn is_known(&self, name: &str) -> bool {
        name == BACKGROUND || self.names.iter().any(|known| known == name)
    }

    /// The item of a name; the daemon has the sentence about one that there is not.
    fn named(&mut self, document: &Document<'_>, name: &str) -> Result<Chosen, Failure> {
        self.adopt(document, Adopt { name: name.to_owned(), prefer_name: true, ..Adopt::default() }, Vec::new())
    }

    /// The region of a refinement: it is an item only where the picture has none.
    pub(crate) fn choose_region(&mut self, document: &Document<'_>, region: Pixels) -> Result<Chosen, Failure> {
        self.adopt(document, Adopt { region: Some(0), ..Adopt::default() }, vec![region])
    }

    /// Makes sure that an item is known: where it is not, the masks of the document are searched for its name.
    ///
    /// # Errors
    /// Where there is no such item.
    pub(crate) fn require(&mut self, document: &Document<'_>, name: &str) -> Result<(), Failure> {
        if self.is_known(name) {
            return Ok(());
        }
        for gather in [masks::of_layers as Gather, masks::of_channels, masks::of_alpha] {
            let mut found = gather(document.host, &document.source)?;
            found.retain(|mask| !masks::is_empty(&mask.pixels) && !self.is_known(&mask.name));
            if found.iter().any(|mask| mask.name == name) {
                return self.set_masks(document, found, true);
            }
        }
        self.named(document, name).map(drop)
    }

    /// Sets the items from a source of items (`items` of a call); `most` is for those that are found automatically.
    pub(crate) fn set(&mut self, document: &Document<'_>, from: &str, most: usize) -> Result<(), Failure> {
        match from {
            "session" if self.names.is_empty() => {
                Err(Failure::input("the picture's items were not set yet", "choose where they come from: selection, layer masks …"))
            }
            "session" => Ok(()),
            "selection" => match masks::selection(document.host, &document.source)? {
                Some(selection) => {
                    self.adopt(document, Adopt { selection: Some(0), alone: true, ..Adopt::default() }, vec![selection]).map(drop)
                }
                None => self.choose(document, from, "").map(drop),
            },
            "everything" => {
                let Labels { names, numbers, .. } = self.everything(document, most, &mut StatusBar::new(document.host))?;
                let (width, height) = document.source.size;
                let labels = Pixels::new(width, height, 1, Samples::U16(numbers));
                let labels = labels.ok_or_else(|| Failure::internal("the daemon's items are not of the picture's size"))?;
                self.adopt(document, Adopt { names, items: Some(Items::Labels(0)), ..Adopt::default() }, vec![labels]).map(drop)
            }
            "layer-masks" => {
                let missing = Failure::input("no layer has a mask", "give the layers of the picture's things masks");
                self.gather(document, masks::of_layers, missing)
            }
            "layer-alpha" => {
                let missing = Failure::input("no other layer has transparency", "put each thing on a layer of its own");
                self.gather(document, masks::of_alpha, missing)
            }
            "channels" => {
                let missing = Failure::input("there are no saved channels", "save selections with Select ▸ Save to Channel");
                self.gather(document, masks::of_channels, missing)
            }
            _ => self.set_automatically(document),
        }
    }

    /// From the selection, else the known items, else the masks of layers, else channels.
    fn set_automatically(&mut self, document: &Document<'_>) -> Result<(), Failure> {
        if masks::selection(document.host, &document.source)?.is_none() && (!self.names.is_empty() || self.set_found(document)?) {
            return Ok(());
        }
        self.choose(document, "selection", "").map(drop)
    }

    /// Sets masks of layers, else channels, as items; says whether there are any.
    fn set_found(&mut self, document: &Document<'_>) -> Result<bool, Failure> {
        for gather in [masks::of_layers as Gather, masks::of_channels] {
            let found = gather(document.host, &document.source)?;
            if found.iter().any(|mask| !masks::is_empty(&mask.pixels)) {
                return self.set_masks(document, found, false).map(|()| true);
            }
        }
        Ok(false)
    }

    /// Makes sure that there are items, for an edit of the whole picture: known ones stay, and where the document shows none they are looked for.
    pub(crate) fn require_any(&mut self, document: &Document<'_>, from: &str) -> Result<(), Failure> {
        if from != "auto" {
            return self.set(document, from, ITEMS_AT_MOST);
        }
        if self.is_divided || self.set_found(document)? {
            return Ok(());
        }
        let is_selected = masks::selection(document.host, &document.source)?.is_some();
        if is_selected {
            return self.set(document, "selection", ITEMS_AT_MOST);
        }
        // Without a model, which would take longer: nobody asked for these items.
        self.adopt(document, Adopt { everything: Some(ITEMS_AT_MOST), ..Adopt::default() }, Vec::new()).map(drop)
    }

    fn gather(&mut self, document: &Document<'_>, gather: Gather, missing: Failure) -> Result<(), Failure> {
        let found = gather(document.host, &document.source)?;
        if found.iter().all(|mask| masks::is_empty(&mask.pixels)) {
            return Err(missing);
        }
        self.set_masks(document, found, false)
    }

    /// Sets masks as items, the first in front; with `add` in front of the known items.
    pub(crate) fn set_masks(&mut self, document: &Document<'_>, masks: Vec<Mask>, add: bool) -> Result<(), Failure> {
        let (names, pixels): (Vec<_>, Vec<_>) = masks.into_iter().map(|mask| (mask.name, mask.pixels)).unzip();
        let items = Some(Items::Masks((0..pixels.len()).collect()));
        self.adopt(document, Adopt { names, items, add, ..Adopt::default() }, pixels).map(drop)
    }

    fn adopt(&mut self, document: &Document<'_>, adopt: Adopt, blobs: Vec<Pixels>) -> Result<Chosen, Failure> {
        let adopt = Adopt { session: self.session.clone(), base: self.base, ..adopt };
        let (adopted, _) = document.client.ask(adopt, blobs.into_iter().map(Blob::Pixels).collect())?;
        let Adopted { session, base, item, ring, names, empty, .. } = adopted;
        (self.session, self.base, self.names) = (session.session, base, without_background(&names));
        if !empty.is_empty() {
            let names = empty.join(", ");
            self.remarks.push(format!("not an item, since its mask shows nothing of '{}': {names}", document.source.name));
        }
        Ok(Chosen { item: item.unwrap_or_default(), ring })
    }

    /// Segments the picture into at most `most` items. Sets none.
    pub(crate) fn everything(&self, document: &Document<'_>, most: usize, watch: &mut dyn Watch) -> Result<Labels, Failure> {
        let segment = Segment { session: self.session.clone(), everything: Some(most), base: self.base, ..Segment::default() };
        watch.begin("Finding all items");
        let (found, blobs) = watch::finish(document.client.send(segment, Vec::new())?, watch)?;
        Ok(Labels { names: found.names, numbers: Blobs::from(blobs).labels(0)?, words: None })
    }

    /// Looks for an item by clicks and a box. Sets none.
    pub(crate) fn by_clicks(&self, document: &Document<'_>, clicks: &Clicks, watch: &mut dyn Watch) -> Result<Pixels, Failure> {
        if self.base > 0 {
            document.client.require(features::SEGMENT_ANYTHING)?;
        }
        let Clicks { inside, outside, region } = clicks.clone();
        let segment = Segment { session: self.session.clone(), base: self.base, region, inside, outside, ..Segment::default() };
        watch.begin("Finding the item");
        let (_, blobs) = watch::finish(document.client.send(segment, Vec::new())?, watch)?;
        match blobs.into_iter().next() {
            Some(Blob::Pixels(mask)) => Ok(mask),
            _ => Err(Failure::internal("the daemon's answer lacks its mask")),
        }
    }
}

/// The names without the background.
fn without_background(names: &[String]) -> Vec<String> {
    names.iter().filter(|name| *name != BACKGROUND).cloned().collect()
}
