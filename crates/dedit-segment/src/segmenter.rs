//! The interface of a model that finds items from hints.

use dedit_edit::{Image, ItemMask, Result, Segmentation};

use crate::hint::Hint;

/// Receives the number of steps that are done and of all steps; says whether to go on.
pub type Progress<'a> = dyn FnMut(usize, usize) -> bool + 'a;

/// A model that finds items, such as a segment-anything model.
pub trait Segmenter: Send {
    /// Bytes of memory that [`Segmenter::prepare`] needs at least, besides the model itself.
    fn least_memory(&self) -> u64;

    /// Computes what is needed of a picture for any hint, which may take seconds.
    ///
    /// # Errors
    /// `Input` where a sample is NaN or infinite; `Cancelled` where `progress` says so.
    fn prepare(&self, picture: &Image, progress: &mut Progress<'_>) -> Result<Box<dyn Prepared>>;
}

/// A picture that a [`Segmenter`] has prepared.
pub trait Prepared: Send {
    /// Bytes of memory that it holds.
    fn bytes(&self) -> usize;

    /// The mask of one item in the size of the picture. `earlier` is a mask of the item that is to be improved.
    ///
    /// # Errors
    /// `Usage` where the hint or the mask does not fit the picture, or there is neither.
    fn segment(&self, hint: &Hint, earlier: Option<&ItemMask>) -> Result<ItemMask>;

    /// All items, at most `most`, named as [`everything`](crate::everything()) names them.
    ///
    /// # Errors
    /// `Cancelled` where `progress` says so.
    fn everything(&self, most: usize, progress: &mut Progress<'_>) -> Result<Segmentation>;
}
