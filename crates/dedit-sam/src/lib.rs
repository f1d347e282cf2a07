//! Segment Anything (Kirillov et al. 2023, arXiv 2304.02643) with its own image encoders ViT-B, ViT-L and ViT-H, and `MobileSAM` (Zhang et al. 2023,
//! arXiv 2306.14289).
//!
//! [`Sam::open`] reads a checkpoint and finds the sizes of the networks in it. [`Sam::embed`] runs the image encoder, which takes seconds on a CPU, and gives
//! an [`Embedding`] that serves any number of prompts. [`Sam::predict`] turns one [`Prompt`] (clicks of both kinds, a box, an earlier mask) into four masks
//! with predicted qualities in some milliseconds. [`Prediction::mask`] enlarges one of them to the picture. [`Sam::regions`]
//! finds all things of a picture by a grid of clicks.
//!
//! Activations are `[batch, height, width, channels]` or `[batch, tokens, channels]`. Nothing is trained here.

#![forbid(unsafe_code)]

mod automatic;
mod candidates;
mod decoder;
mod encoder;
mod enlarge;
mod error;
mod layers;
mod names;
mod neck;
mod partition;
mod prompt;
mod resize;
mod sam;
mod segmenter;
mod tiny_vit;
mod transformer;
mod vit;
mod weights;

pub use automatic::{Automatic, Region};
pub use candidates::Bounds;
pub use enlarge::enlarge;
pub use prompt::Prompt;
pub use resize::{Frame, pixels};
pub use sam::{Embedding, Prediction, Sam};
pub use segmenter::SharedSam;
pub use weights::Weights;
