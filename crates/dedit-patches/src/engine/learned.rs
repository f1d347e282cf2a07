//! What this engine keeps of pictures for their edits: nothing of the picture itself, and the reference picture as it is.

use std::any::Any;
use std::sync::Arc;

use dedit_edit::{Error, ErrorKind, Image, Learned, Result, Segmentation, Subject};

/// The reference picture with its items, if there is one. There is nothing to learn.
#[derive(Debug, Default)]
pub(super) struct Nothing {
    items: [Vec<String>; 2],
    reference: Option<(Image, Segmentation)>,
}

impl Nothing {
    pub(super) fn of(pictures: &[Subject<'_>]) -> Result<Arc<dyn Learned>> {
        pictures.iter().try_for_each(|picture| picture.items.check_picture(picture.picture))?;
        let names = |index: usize| pictures.get(index).map(|picture| picture.items.names().to_vec()).unwrap_or_default();
        let reference = pictures.get(1).map(|picture| (picture.picture.clone(), picture.items.clone()));
        Ok(Arc::new(Self { items: [names(0), names(1)], reference }))
    }

    /// The reference picture of what this engine has drafted.
    pub(super) fn reference(learned: &dyn Learned) -> Result<(&Image, &Segmentation)> {
        let reference = learned.as_any().downcast_ref::<Self>().and_then(|nothing| nothing.reference.as_ref());
        let (picture, items) = reference.ok_or_else(|| {
            Error::new(ErrorKind::Usage, "an item is to come from a reference picture, and there is none")
                .hint("open a reference picture first")
        })?;
        Ok((picture, items))
    }
}

impl Learned for Nothing {
    fn to_bytes(&self) -> Result<Vec<u8>> {
        Ok(Vec::new())
    }

    fn losses(&self) -> [Vec<f32>; 2] {
        [Vec::new(), Vec::new()]
    }

    fn items(&self) -> [Vec<String>; 2] {
        self.items.clone()
    }

    fn check_picture(&self, _: &Image, _: &Segmentation, _: bool) -> Result<()> {
        Ok(())
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}
