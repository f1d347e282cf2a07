//! Other pictures than the session's, edited with what was learned there: frames of a film.

use std::sync::Arc;

use dedit_edit::{Edit, Error, Image, ItemRef, Neighbour, Picture, PlanSettings, Result, Segmentation, Size, Vacated};

/// A picture other than the session's, such as a frame of a film.
#[derive(Debug, Clone)]
pub struct Frame {
    /// Its size.
    pub size: Size,
    /// The picture; a plan does without.
    pub image: Option<Arc<Image>>,
    /// The item number of each pixel, in the order of the session's items; `None` where the items lie as in the session's picture.
    pub labels: Option<Vec<u16>>,
    /// The item names that the client expects, in their order: an error where the session's items have changed.
    pub names: Option<Vec<String>>,
    /// Other frames of the film, which may show what an item hides here.
    pub neighbours: Vec<OtherFrame>,
}

/// Another frame of the film that a frame belongs to.
#[derive(Debug, Clone)]
pub struct OtherFrame {
    /// Its time minus that of the frame, in frames.
    pub offset: f64,
    /// The frame.
    pub picture: Arc<Image>,
    /// The item number of each pixel, as for [`Frame::labels`].
    pub labels: Option<Vec<u16>>,
    /// The frame after the same edit, where that is known.
    pub edited: Option<Arc<Image>>,
}

impl Frame {
    /// The picture; an error where there is none.
    pub(super) fn picture(&self) -> Result<&Arc<Image>> {
        self.image.as_ref().ok_or_else(|| {
            Error::usage("the items of a frame were given, and not the frame").hint("send its pixels too: only a plan does without")
        })
    }

    /// An error where the session has other items than the client expects.
    pub(super) fn check_names(&self, items: &[String]) -> Result<()> {
        if self.names.as_ref().is_none_or(|names| names == items) {
            return Ok(());
        }
        Err(Error::input("the session's items have changed since").hint("try again, with the items that it has now"))
    }

    /// The other frames, with the session's `items`. Without item numbers of its own one of another size than the session's picture is left out.
    pub(super) fn others(&self, items: &Arc<Segmentation>) -> Result<Vec<Neighbour>> {
        let mut others = Vec::with_capacity(self.neighbours.len());
        for OtherFrame { offset, picture, labels, edited } in &self.neighbours {
            let its = match labels {
                Some(labels) => Arc::new(Segmentation::from_labels_in_part(picture.size(), items.names().to_vec(), labels.clone())?),
                None if picture.size() == items.size() => items.clone(),
                None => continue,
            };
            others.push(Neighbour { offset: *offset, picture: picture.clone(), items: its, edited: edited.clone() });
        }
        Ok(others)
    }

    /// Where the session's `items` are in the frame. Those that are not there are left out.
    pub(super) fn items(&self, items: &Arc<Segmentation>) -> Result<Arc<Segmentation>> {
        self.check_names(items.names())?;
        if let Some(image) = &self.image {
            image.check_finite()?;
        }
        if let Some(labels) = &self.labels {
            return Ok(Arc::new(Segmentation::from_labels_in_part(self.size, items.names().to_vec(), labels.clone())?));
        }
        if self.size == items.size() {
            return Ok(items.clone());
        }
        let message = format!("the frame is {} and the session's picture, which the items lie in, {}", self.size, items.size());
        Err(Error::input(message).hint("say where the items are in the frame, or give it the picture's size"))
    }
}

/// An error where the plan names an item of the session (`all`) that is not in the frame (`there`).
pub(super) fn check_named(edits: &[Edit], settings: &PlanSettings, all: &Segmentation, there: &Segmentation) -> Result<()> {
    let mut names = edits.iter().flat_map(named).chain(settings.also.iter().map(String::as_str));
    // Unknown names are reported when the plan is computed.
    match names.find(|name| all.names().iter().any(|known| known == name) && !there.names().iter().any(|known| known == name)) {
        None => Ok(()),
        Some(name) => Err(Error::input(format!("the item '{name}' is not in this frame"))
            .hint("leave the frame as it is, or edit items that are to be seen there")),
    }
}

/// The items of the target picture that an edit names.
fn named(edit: &Edit) -> Vec<&str> {
    match edit {
        Edit::Reconstruct | Edit::Refine { .. } => Vec::new(),
        Edit::Replace { item, .. } | Edit::Augment { item, .. } | Edit::Personalize { item, .. } => vec![item],
        Edit::Swap { item, with } => vec![item, with],
        Edit::SwapIn { item, from: other } | Edit::Blend { item, with: other, .. } => {
            [item.as_str()].into_iter().chain(own(other)).collect()
        }
        Edit::Move { item, vacated, .. } | Edit::Reshape { item, vacated, .. } => {
            [item.as_str()].into_iter().chain(receiver(vacated)).collect()
        }
        Edit::Expand { vacated, .. } => receiver(vacated).into_iter().collect(),
        Edit::Remove { items, vacated } => items.iter().map(String::as_str).chain(receiver(vacated)).collect(),
    }
}

/// The item's name, unless it is of the reference picture.
fn own(item: &ItemRef) -> Option<&str> {
    (item.picture == Picture::Target).then_some(item.item.as_str())
}

fn receiver(vacated: &Vacated) -> Option<&str> {
    match vacated {
        Vacated::Nearest => None,
        Vacated::To(name) => Some(name),
    }
}
