//! Items: which one is meant, and sets of items for a picture as it is shown, which may be a revision.

use std::collections::BTreeMap;
use std::sync::Arc;

use dedit_edit::{Error, ItemMask, ItemWords, Result, Segmentation};

use super::Sessions;
use crate::info::Info;
use crate::item_policy::{self, Choice, SELECTION};
use crate::opening::Opening;
use crate::session::Session;

/// A revision of a session; 0 is the picture itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RevisionId {
    /// The session.
    pub session: String,
    /// The revision.
    pub revision: u64,
}

/// A selection, a name, or both, that say which item is meant.
#[derive(Debug, Clone, Default)]
pub struct Selection {
    /// The selection.
    pub mask: Option<ItemMask>,
    /// The name; may be empty.
    pub name: String,
    /// A known item of that name is meant whatever is selected.
    pub prefer_name: bool,
}

/// Items to be set.
#[derive(Debug, Clone)]
pub enum NewItems {
    /// The one that is meant; a selection that is no known item lies in front of those. With `alone` it becomes the only item.
    Selected {
        /// What is selected.
        selection: Selection,
        /// Whether no other item stays.
        alone: bool,
    },
    /// A region to be edited without regard to items; it becomes an item only where the picture has none.
    Region(ItemMask),
    /// Masks by name, the first in front; with `add` in front of the known items, else they are all. Those that are empty are left out.
    Masks {
        /// The names and masks.
        masks: Vec<(String, ItemMask)>,
        /// Whether the known items stay behind them.
        add: bool,
    },
    /// All items.
    All(Segmentation),
    /// What segmentation without prompts finds, at most so many.
    Everything(usize),
}

/// The items of a picture after they were set.
#[derive(Debug, Clone)]
pub struct Adopted {
    /// The session that has them: another one than before where the picture was a revision and the items differ.
    pub info: Info,
    /// The revision of the picture there.
    pub base: u64,
    /// The items.
    pub items: Arc<Segmentation>,
    /// The item that is meant, where that was asked.
    pub item: Option<String>,
    /// Width of the selection's soft edge in pixels, where it is soft.
    pub ring: Option<f64>,
    /// Names of masks that were left out because they are empty.
    pub empty: Vec<String>,
}

/// The items of a revision.
#[derive(Debug, Clone, Default)]
pub struct Items {
    /// The items; `None` before any are set.
    pub items: Option<Arc<Segmentation>>,
    /// Words for them, by name.
    pub words: BTreeMap<String, ItemWords>,
}

/// A picture as a client shows it.
#[derive(Debug, Clone, Default)]
pub struct Shown {
    /// Its digest.
    pub digest: String,
    /// Its width and height, if the client says so.
    pub size: Option<[usize; 2]>,
    /// The revision that the client made it of.
    pub revision_of: Option<RevisionId>,
    /// The session that the client worked on last, and the revision of which the items are kept where the picture is new.
    pub last: Option<RevisionId>,
    /// Creates no session and sets no items.
    pub peek: bool,
}

/// Where a picture belongs.
#[derive(Debug, Clone)]
pub struct Located {
    /// Whether the picture is known; else the session is the one whose items it would get.
    pub is_known: bool,
    /// The session.
    pub info: Info,
    /// The revision.
    pub base: u64,
    /// The items, if there are any.
    pub items: Option<Arc<Segmentation>>,
    /// The items are those of an earlier picture.
    pub carried: bool,
}

/// The items of a revision that can be edited, or of the picture itself, which may have none.
fn items_of(session: &Session, revision: u64) -> Result<Option<Arc<Segmentation>>> {
    let mut inner = session.lock();
    if revision == 0 { Ok(inner.picture(0)?.items) } else { Ok(Some(inner.base(revision)?.items)) }
}

impl Sessions {
    /// The items of a revision, and the words for them.
    pub fn items(&self, session: &str, revision: u64) -> Result<Items> {
        let session = self.store.session(session)?;
        let words = session.lock().words(0);
        Ok(Items { items: items_of(&session, revision)?, words })
    }

    /// The item that is meant, of those of a revision. Changes nothing.
    pub fn choose(&self, session: &str, revision: u64, selection: &Selection) -> Result<(Choice, Option<Arc<Segmentation>>)> {
        let items = items_of(&*self.store.session(session)?, revision)?;
        let choice = item_policy::choose(items.as_deref(), selection.mask.as_ref(), &selection.name, selection.prefer_name)?;
        Ok((choice, items))
    }

    /// Segments the picture of a revision into at most `most` items. Changes nothing.
    pub fn segment_everything(&self, session: &str, revision: u64, most: usize) -> Result<Segmentation> {
        let session = self.store.session(session)?;
        let image = if revision == 0 { session.lock().picture(0)?.image } else { session.lock().base(revision)?.image };
        dedit_segment::everything(&image, most)
    }

    /// Sets the items of a revision's picture. Where it has these items already, nothing changes. Where other items are wanted for a revision, its picture
    /// becomes a session of its own: what was learned for the present items stays with them.
    pub fn adopt(&self, client: u64, of: &RevisionId, new: NewItems) -> Result<Adopted> {
        let session = self.store.session(&of.session)?;
        let known = items_of(&session, of.revision)?;
        let (mut item, mut ring, mut empty) = (None, None, Vec::new());
        let wanted = match new {
            NewItems::Selected { selection: Selection { mask, name, prefer_name }, alone } => {
                let behind = known.as_deref().filter(|_| !alone);
                let choice = item_policy::choose(behind, mask.as_ref(), &name, prefer_name)?;
                ring = choice.ring;
                item = Some(choice.item.clone());
                let mask = mask.filter(|_| !choice.is_known);
                mask.map(|mask| item_policy::layered(&[(choice.item, mask)], behind)).transpose()?
            }
            NewItems::Region(mask) => {
                ring = item_policy::soft_edge(&mask);
                if known.is_some() { None } else { Some(item_policy::layered(&[(SELECTION.to_owned(), mask)], None)?) }
            }
            NewItems::Masks { masks, add } => {
                let named = named(masks, &mut empty);
                Some(item_policy::layered(&named, known.as_deref().filter(|_| add))?)
            }
            NewItems::All(items) => Some(items),
            NewItems::Everything(most) => Some(self.segment_everything(&of.session, of.revision, most)?),
        };
        let (info, base, items) = match (wanted, known) {
            (Some(wanted), known) => self.set(client, &session, of.revision, wanted, known)?,
            (None, Some(known)) => (session.lock().info(), of.revision, known),
            (None, None) => return Err(Error::usage("the picture has no items yet").hint("set them first")),
        };
        Ok(Adopted { info, base, items, item, ring, empty })
    }

    fn set(
        &self,
        client: u64,
        session: &Arc<Session>,
        revision: u64,
        wanted: Segmentation,
        known: Option<Arc<Segmentation>>,
    ) -> Result<(Info, u64, Arc<Segmentation>)> {
        // A revision that was made with other items than the session has now cannot be edited there.
        let can_stay = revision == 0 || session.lock().base_of_edit(revision).is_ok();
        if let Some(known) = known.filter(|_| can_stay)
            && (item_policy::are_same(&wanted, &known) || (revision != 0 && is_as_before(session, &wanted, &known)?))
        {
            return Ok((session.lock().info(), revision, known));
        }
        let words = words_for(&wanted, &session.lock().words(0));
        let session = if revision == 0 { session.clone() } else { self.picture_of_revision(client, session, revision)? };
        session.lock().set_items(0, wanted, &words)?;
        self.watchers.changed(&session);
        let mut inner = session.lock();
        let items = inner.picture(0)?.items.ok_or_else(|| Error::usage("the picture has no items yet").hint("set them first"))?;
        Ok((inner.info(), 0, items))
    }

    /// The session of a revision's picture, opened for a client.
    fn picture_of_revision(&self, client: u64, session: &Session, revision: u64) -> Result<Arc<Session>> {
        let opening = opening_of_revision(session, revision)?;
        let own = self.store.of_picture(&opening)?;
        self.store.opened(&own, client);
        Ok(own)
    }

    /// Where a picture belongs that a client shows: the revision that it was made of, or a session of its own, which gets the items of the last one if it
    /// has none. `opening` has the picture if it is known or was sent; `None` where it would have to be sent.
    pub fn locate(&self, client: u64, shown: &Shown, opening: Option<&Opening>) -> Result<Option<Located>> {
        if let Some(located) = self.as_revision(client, shown) {
            return Ok(Some(located));
        }
        let exists = opening.filter(|opening| !shown.peek || self.store.session(&self.store.name_of(opening)).is_ok());
        let own = exists.map(|opening| self.store.of_picture(opening)).transpose()?;
        let earlier = match &own {
            Some(session) if session.lock().picture(0)?.items.is_some() => None,
            _ => self.items_to_carry(shown, own.as_deref()),
        };
        let Some(session) = own else {
            let Some((session, base, items)) = earlier.filter(|_| shown.peek) else { return Ok(None) };
            let info = session.lock().info();
            return Ok(Some(Located { is_known: false, info, base, items: Some(items), carried: true }));
        };
        let info = self.store.opened(&session, client);
        let carried = earlier.is_some();
        match earlier {
            Some((earlier, base, items)) if shown.peek => {
                let info = earlier.lock().info();
                return Ok(Some(Located { is_known: true, info, base, items: Some(items), carried }));
            }
            Some((earlier, _, items)) => {
                let words = words_for(&items, &earlier.lock().words(0));
                session.lock().set_items(0, items.as_ref().clone(), &words)?;
                self.watchers.changed(&session);
            }
            None => {}
        }
        let mut inner = session.lock();
        let items = inner.picture(0)?.items;
        let info = if carried { inner.info() } else { info };
        Ok(Some(Located { is_known: true, info, base: 0, items, carried }))
    }

    /// The revision that the client made the picture of, or the session of its own that was worked on since then: items were set in it for this picture.
    fn as_revision(&self, client: u64, shown: &Shown) -> Option<Located> {
        let of = shown.revision_of.as_ref()?;
        if let Some(last) = shown.last.as_ref().filter(|last| last.session != of.session)
            && let Ok(session) = self.store.session(&last.session)
            && let Ok(Some(items)) = items_of(&session, 0)
            && (session.lock().is_of(&shown.digest) || self.is_of_revision(&session, of))
        {
            let info = self.store.opened(&session, client);
            return Some(Located { is_known: true, info, base: 0, items: Some(items), carried: false });
        }
        let session = self.store.session(&of.session).ok()?;
        let items = session.lock().base_of_edit(of.revision).ok()?.items;
        if shown.size.is_some_and(|size| size != [items.size().width(), items.size().height()]) {
            return None;
        }
        let info = self.store.opened(&session, client);
        Some(Located { is_known: true, info, base: of.revision, items: Some(items), carried: false })
    }

    /// Whether a session's picture is that of a revision of another session.
    fn is_of_revision(&self, session: &Session, of: &RevisionId) -> bool {
        let opening = self.store.session(&of.session).and_then(|other| opening_of_revision(&other, of.revision));
        opening.is_ok_and(|opening| session.lock().is_of(&opening.digest))
    }

    /// The items of the last session's revision, without an earlier selection.
    fn items_to_carry(&self, shown: &Shown, own: Option<&Session>) -> Option<(Arc<Session>, u64, Arc<Segmentation>)> {
        let last = shown.last.as_ref()?;
        let session = self.store.session(&last.session).ok().filter(|session| own.is_none_or(|own| own.name != session.name))?;
        let size = own.map_or(shown.size, |own| Some(own.lock().info().size))?;
        let items = items_of(&session, last.revision).ok()??;
        let kept = item_policy::without_selection(&items).filter(|_| size == [items.size().width(), items.size().height()])?;
        Some((session, last.revision, Arc::new(kept)))
    }
}

/// The names as they can be, without empty masks.
fn named(masks: Vec<(String, ItemMask)>, empty: &mut Vec<String>) -> Vec<(String, ItemMask)> {
    let (mut taken, mut named) = (Vec::new(), Vec::new());
    for (name, mask) in masks {
        let name = item_policy::unused_name(&name, &taken);
        taken.push(name.clone());
        if mask.is_empty() { empty.push(name) } else { named.push((name, mask)) }
    }
    named
}

/// Whether items are those of the session's picture itself, all of which the revision still has: then they are those of the revision.
fn is_as_before(session: &Session, wanted: &Segmentation, known: &Segmentation) -> Result<bool> {
    let Some(original) = items_of(session, 0)? else { return Ok(false) };
    let all_there = item_policy::names(wanted).all(|name| known.names().iter().any(|known| known == name));
    Ok(all_there && item_policy::are_same(wanted, &original))
}

fn opening_of_revision(session: &Session, revision: u64) -> Result<Opening> {
    let mut inner = session.lock();
    let image = inner.base(revision)?.image;
    let about = inner.picture(0)?.about.as_ref().clone();
    let name = inner.info().name;
    drop(inner);
    Ok(Opening::new(image.as_ref().clone(), about, name))
}

/// The words for items: those that items of the same names had, else the names where they are words.
fn words_for(items: &Segmentation, known: &BTreeMap<String, ItemWords>) -> BTreeMap<String, ItemWords> {
    let mut words = ItemWords::by_name(items);
    for (name, known) in known.iter().filter(|(name, _)| items.names().contains(name)) {
        words.insert(name.clone(), known.clone());
    }
    words
}
