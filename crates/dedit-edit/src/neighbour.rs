//! Other frames of a film.

use std::sync::Arc;

use crate::image::Image;
use crate::segmentation::Segmentation;

/// A frame of the film that the edited picture is a frame of. It may show what an item hides there.
#[derive(Debug, Clone)]
pub struct Neighbour {
    /// Its time minus that of the edited picture, in frames: below 0 for one before.
    pub offset: f64,
    /// The frame. One of another size than the edited picture is of no use.
    pub picture: Arc<Image>,
    /// Its items; those of the edited picture have the same names.
    pub items: Arc<Segmentation>,
    /// The frame after the same edit, where that is known: other frames then go on from it, which keeps a film steady.
    pub edited: Option<Arc<Image>>,
}
