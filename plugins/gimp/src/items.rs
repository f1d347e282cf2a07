//! The items of the picture: those of its session, those that the document shows as masks, and the one that an edit is of.

use dedit_protocol::event::SessionInfo;
use dedit_protocol::request::Which;
use dedit_protocol::{Pixels, Samples};
use gimp_host::Host;

use crate::composite::Composite;
use crate::connection::{Connection, Labels};
use crate::failure::Failure;
use crate::masks::{self, BACKGROUND, Mask, Masks, SELECTION, agreement, unique};
use crate::sessions;
use crate::source::Source;

/// From this agreement on (intersection over union) a selection is taken for a known item.
const SAME: f64 = 0.9;

/// The session of a picture, the revision that the picture is, and the items there.
pub(crate) struct PictureItems<'a> {
    pub(crate) host: &'a dyn Host,
    pub(crate) connection: &'a Connection,
    pub(crate) source: &'a Source,
    pub(crate) composite: &'a Composite,
    pub(crate) session: SessionInfo,
    pub(crate) base: u64,
    pub(crate) labels: Labels,
    /// Remarks about the document, for the user.
    pub(crate) remarks: Vec<String>,
}

impl<'a> PictureItems<'a> {
    /// Opens the session of which the picture is a revision, or the picture's own.
    pub(crate) fn open(
        host: &'a dyn Host,
        connection: &'a Connection,
        source: &'a Source,
        composite: &'a Composite,
    ) -> Result<Self, Failure> {
        let own = own_with_items(host, connection, source, composite)?;
        if own.is_none()
            && let Some((session, base, labels)) = revision_of(connection, composite)
        {
            return Ok(Self { host, connection, source, composite, session, base, labels, remarks: Vec::new() });
        }
        let session = own.map_or_else(|| open_own(host, connection, source, composite), Ok)?;
        let mut opened = Self { host, connection, source, composite, session, base: 0, labels: Labels::default(), remarks: Vec::new() };
        if opened.session.items.is_empty() {
            opened.carry_over()?;
        } else {
            opened.labels = connection.items(&opened.session.session)?;
        }
        Ok(opened)
    }

    /// A layer that was painted on is another picture with the same items.
    fn carry_over(&mut self) -> Result<(), Failure> {
        let Some(last) = sessions::of_layer(self.host, self.source)?.into_iter().next() else { return Ok(()) };
        let Ok(earlier) = self.connection.open_session(&last) else { return Ok(()) };
        if earlier.size != [self.source.size.0, self.source.size.1] || earlier.session == self.session.session {
            return Ok(());
        }
        let labels = self.connection.items(&earlier.session)?;
        let kept: Vec<Mask> = named(&labels)
            .filter(|(_, name)| !is_transient(name))
            .map(|(k, name)| self.mask_of(&labels, k, name))
            .collect::<Result<_, _>>()?;
        if kept.is_empty() { Ok(()) } else { self.adopt(&kept) }
    }

    /// The names of the items, without the background.
    pub(crate) fn names(&self) -> Vec<String> {
        named(&self.labels).map(|(_, name)| name.to_owned()).collect()
    }

    /// Whether an item has the name.
    fn knows(&self, name: &str) -> bool {
        self.labels.names.iter().any(|known| known == name)
    }

    /// The item that an edit is of, by where items come from (`items` of a call) and a name, which may be empty.
    pub(crate) fn choose(&mut self, from: &str, name: &str) -> Result<String, Failure> {
        match from {
            "auto" if !name.is_empty() && self.knows(name) => Ok(name.to_owned()),
            "auto" | "selection" => match masks::selection(self.host, self.source)? {
                Some(selection) => self.choose_selection(selection, name),
                None if from == "selection" || name.is_empty() => Err(self.nothing_meant()),
                None => self.require(name).map(|()| name.to_owned()),
            },
            from => {
                self.set(from, 64)?;
                match (name, &self.names()[..]) {
                    ("", [only]) => Ok(only.clone()),
                    ("", _) => Err(self.nothing_meant()),
                    (name, _) if self.knows(name) => Ok(name.to_owned()),
                    (name, _) => Err(self.unknown(name)),
                }
            }
        }
    }

    fn nothing_meant(&self) -> Failure {
        let names = self.names();
        let hint = if names.is_empty() {
            "select the thing that is meant, or let Filters ▸ D-Edit ▸ Items find the picture's things".to_owned()
        } else {
            format!("select the thing that is meant, or name an item: {}", names.join(", "))
        };
        Failure::input("nothing is selected", hint)
    }

    fn unknown(&self, name: &str) -> Failure {
        let names = self.names();
        let hint =
            if names.is_empty() { "select it, or give it a layer mask".to_owned() } else { format!("there are: {}", names.join(", ")) };
        Failure::input(format!("there is no item '{name}'"), hint)
    }

    /// The selection as an item: a known one where they agree, else a new one in front of the others.
    fn choose_selection(&mut self, selection: Pixels, name: &str) -> Result<String, Failure> {
        let shares = masks::shares(&selection);
        if name.is_empty() || is_transient(name) {
            let best = named(&self.labels).map(|(k, known)| (agreement(&shares, |i| usize::from(self.labels.numbers[i]) == k), known));
            let best = best.max_by(|a, b| a.0.total_cmp(&b.0));
            if let Some((share, known)) = best
                && share >= if is_transient(known) { 1.0 } else { SAME }
            {
                return Ok(known.to_owned());
            }
        }
        let name = if name.is_empty() || is_transient(name) { SELECTION.to_owned() } else { unique(name, std::iter::empty()) };
        // An item that the selection covers altogether is none any more.
        let is_seen = |number: usize| self.labels.numbers.iter().zip(&shares).any(|(at, share)| usize::from(*at) == number && *share < 0.5);
        let others = named(&self.labels).filter(|(k, known)| *known != name && !is_transient(known) && is_seen(*k));
        let mut all = vec![Mask { name: name.clone(), pixels: selection }];
        all.extend(others.map(|(k, known)| self.mask_of(&self.labels, k, known)).collect::<Result<Vec<_>, _>>()?);
        self.adopt(&all)?;
        Ok(name)
    }

    /// Makes sure that an item is known: where it is not, the masks of the document are searched for its name.
    pub(crate) fn require(&mut self, name: &str) -> Result<(), Failure> {
        if self.knows(name) || name == BACKGROUND {
            return Ok(());
        }
        let found = [Masks::of_layers, Masks::of_channels, Masks::of_alpha].iter().try_fold(None, |found, gather| {
            let gathered = || gather(self.host, self.source).map(|masks| masks.masks.iter().any(|mask| mask.name == name).then_some(masks));
            found.map_or_else(gathered, |found| Ok(Some(found)))
        })?;
        let Some(found) = found else { return Err(self.unknown(name)) };
        let mut all: Vec<Mask> =
            named(&self.labels).map(|(k, known)| self.mask_of(&self.labels, k, known)).collect::<Result<_, Failure>>()?;
        all.extend(found.masks.into_iter().filter(|mask| !self.knows(&mask.name)));
        self.adopt(&all)
    }

    /// Sets the items from a source of items (`items` of a call).
    pub(crate) fn set(&mut self, from: &str, most: usize) -> Result<(), Failure> {
        match from {
            "session" if self.names().is_empty() => {
                Err(Failure::input("the picture's items were not set yet", "choose where they come from: selection, layer masks …"))
            }
            "session" => Ok(()),
            "selection" => {
                let selection = masks::selection(self.host, self.source)?.ok_or_else(|| self.nothing_meant())?;
                self.adopt(&[Mask { name: SELECTION.to_owned(), pixels: selection }])
            }
            "everything" => {
                let found = self.everything(most)?;
                self.open_own()?;
                self.session = self.connection.set_labels(&self.session.session, self.source.size, &found)?;
                self.labels = found;
                Ok(())
            }
            "layer-masks" => self.gather(
                &Masks::of_layers(self.host, self.source)?,
                "no layer has a mask",
                "give the layers of the picture's things masks",
            ),
            "layer-alpha" => self.gather(
                &Masks::of_alpha(self.host, self.source)?,
                "no other layer has transparency",
                "put each thing on a layer of its own",
            ),
            "channels" => self.gather(
                &Masks::of_channels(self.host, self.source)?,
                "there are no saved channels",
                "save selections with Select ▸ Save to Channel",
            ),
            _ => self.set_automatically(),
        }
    }

    /// From the selection, else the known items, else the masks of layers, else channels.
    fn set_automatically(&mut self) -> Result<(), Failure> {
        if masks::selection(self.host, self.source)?.is_some() {
            return self.choose("selection", "").map(drop);
        }
        if !self.names().is_empty() {
            return Ok(());
        }
        for gather in [Masks::of_layers, Masks::of_channels] {
            let found = gather(self.host, self.source)?;
            if !found.masks.is_empty() {
                return self.gather(&found, "", "");
            }
        }
        Err(self.nothing_meant())
    }

    fn gather(&mut self, found: &Masks, missing: &str, hint: &str) -> Result<(), Failure> {
        if !found.empty.is_empty() {
            let names = found.empty.join(", ");
            self.remarks.push(format!("not an item, since its mask shows nothing of '{}': {names}", self.source.name));
        }
        if found.masks.is_empty() {
            return Err(Failure::input(missing, hint));
        }
        self.adopt(&found.masks)
    }

    /// Sets the items. Where they are not those that the session has, and the picture is one of its revisions, it becomes a picture of its own.
    pub(crate) fn adopt(&mut self, all: &[Mask]) -> Result<(), Failure> {
        if self.are_present(all) {
            return Ok(());
        }
        if self.base != 0 {
            let before = self.connection.items(&self.session.session)?;
            self.session = self.connection.set_items(&self.session.session, Which::Target, all)?;
            if self.connection.items(&self.session.session)? == before {
                let labels = self.connection.items_at(&self.session.session, self.base)?;
                // An item that an earlier edit removed is a new one where it is selected again.
                if all.iter().all(|mask| labels.names.contains(&mask.name)) {
                    self.labels = labels;
                    return Ok(());
                }
            } else {
                self.connection.set_labels(&self.session.session, self.source.size, &before)?;
            }
            self.open_own()?;
        }
        self.session = self.connection.set_items(&self.session.session, Which::Target, all)?;
        self.labels = self.connection.items(&self.session.session)?;
        Ok(())
    }

    /// Whether items are the present ones, pixel for pixel.
    fn are_present(&self, all: &[Mask]) -> bool {
        let background = all.len();
        let stacked = masks::stacked(all, self.labels.numbers.len());
        let name = |number: u16| all.get(usize::from(number)).map_or(BACKGROUND, |mask| mask.name.as_str());
        let known = |number: u16| self.labels.names.get(usize::from(number)).map(String::as_str);
        named(&self.labels).count() == background
            && !self.labels.numbers.is_empty()
            && stacked.iter().zip(&self.labels.numbers).all(|(new, old)| Some(name(*new)) == known(*old))
    }

    /// Segments the picture as it is seen into at most `most` items.
    pub(crate) fn everything(&self, most: usize) -> Result<Labels, Failure> {
        if self.base == 0 {
            return self.connection.everything(&self.session.session, most);
        }
        let own = open_own(self.host, self.connection, self.source, self.composite)?;
        self.connection.everything(&own.session, most)
    }

    fn open_own(&mut self) -> Result<(), Failure> {
        if self.base != 0 {
            self.session = open_own(self.host, self.connection, self.source, self.composite)?;
            self.base = 0;
        }
        Ok(())
    }

    /// The mask of an item by its number.
    pub(crate) fn mask_of(&self, labels: &Labels, number: usize, name: &str) -> Result<Mask, Failure> {
        let samples = labels.numbers.iter().map(|at| if usize::from(*at) == number { u8::MAX } else { 0 }).collect();
        let (width, height) = self.source.size;
        let unfit = || Failure::internal("the daemon's items are not of the picture's size");
        let pixels = Pixels::new(width, height, 1, Samples::U8(samples)).ok_or_else(unfit)?;
        Ok(Mask { name: name.to_owned(), pixels })
    }
}

/// The items without the background, with their numbers.
fn named(labels: &Labels) -> impl Iterator<Item = (usize, &str)> {
    labels.names.iter().enumerate().filter(|(_, name)| *name != BACKGROUND).map(|(k, name)| (k, name.as_str()))
}

/// Whether an item was selected for one edit only.
fn is_transient(name: &str) -> bool {
    name == SELECTION
}

/// The picture's own session, where it is the last one of the document and has items: they were set last and count, even where the picture is a revision
/// of another session.
fn own_with_items(
    host: &dyn Host,
    connection: &Connection,
    source: &Source,
    composite: &Composite,
) -> Result<Option<SessionInfo>, Failure> {
    let last = sessions::of_layer(host, source)?.into_iter().next();
    if composite.result.as_ref().is_none_or(|result| Some(&result.session) == last.as_ref()) {
        return Ok(None);
    }
    let own = connection.known_picture(&composite.digest)?;
    Ok(own.filter(|own| Some(&own.session) == last.as_ref() && !own.items.is_empty()))
}

/// The session and revision that the picture is, and its items there, where the daemon still has them.
fn revision_of(connection: &Connection, composite: &Composite) -> Option<(SessionInfo, u64, Labels)> {
    let result = composite.result.as_ref()?;
    let revision = result.revision?;
    let session = connection.open_session(&result.session).ok()?;
    let labels = connection.items_at(&result.session, revision).ok()?;
    (labels.numbers.len() as u64 == u64::from(composite.pixels.width()) * u64::from(composite.pixels.height()))
        .then_some((session, revision, labels))
}

fn open_own(host: &dyn Host, connection: &Connection, source: &Source, composite: &Composite) -> Result<SessionInfo, Failure> {
    let profile = host.profile(source.image)?;
    let name = host.image_name(source.image)?;
    connection.open_picture(&composite.pixels, &composite.digest, profile.as_deref(), &name)
}

/// Width of a mask's soft edge in pixels: the number of pixels that are neither in nor out over the length of the outline. `mask` is 0 … 1, `width` pixels
/// to a row.
pub(crate) fn softness(mask: &[f32], width: usize) -> f64 {
    let is_in = |i: usize| mask[i] >= 0.5;
    let soft = mask.iter().filter(|share| **share > 0.02 && **share < 0.98).count();
    let outline = (0..mask.len()).filter(|&i| {
        let right = (i + 1) % width != 0 && is_in(i) != is_in(i + 1);
        right || (i + width < mask.len() && is_in(i) != is_in(i + width))
    });
    soft as f64 / outline.count().max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_soft_edge_is_as_wide_as_it_looks() {
        let ramp = |width: f32| {
            (0..64 * 64).map(|i| (0.5 + ((i % 64) as f32 + 0.5 - 32.0) / width.max(1e-3)).clamp(0.0, 1.0)).collect::<Vec<f32>>()
        };
        for width in [0.0, 8.0, 20.0] {
            let found = softness(&ramp(width), 64);
            assert!((found - f64::from(width)).abs() <= 1.0, "{width}: {found}");
        }
        assert!(softness(&[0.0; 16], 4).abs() < 1e-9);
    }
}
