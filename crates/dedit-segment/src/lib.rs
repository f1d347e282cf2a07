//! Segmentation of pictures into items by classical algorithms, without a model.
//!
//! [`segment`] finds one item from a [`Hint`], a box or pixels inside, and [`snap`] the one that a rough mask encloses. [`everything()`] segments a whole picture without hints.
//!
//! Both work on a window of the picture, averaged to at most 320 cells along its longer side (`view`), in CIE Lab (`lab`). An item in a box is found by `GrabCut`
//! (Rother, Kolmogorov and Blake 2004; `grabcut`), which alternates between Gaussian mixtures for the colours of the item and of the rest (`mixture`) and an
//! exact minimum cut of the grid (`dedit_cut`). A click may mean any of the regions around it (`candidates`): nested ones of three hierarchies of merged pieces
//! (`hierarchy`), discs and ellipses, and geodesic discs (`geodesic`). Each is cut along the edges nearby (`refine`); the one that looks most like a thing is
//! taken (`score`), and further clicks correct it (`clicks`). A guided filter refines the mask to pixels (`border`). The segmentation of a whole picture merges
//! similar neighbours (Felzenszwalb and Huttenlocher 2004; `graph`); the regions along the picture's border are the background (`regions`).
//!
//! [`Segmenter`] is the interface of models that find items better; this crate has none.
//!
//! The result is deterministic. Besides the result it needs memory only for the cells, whatever the size of the picture. It does not recognise objects: a black
//! hat on a white head is a separate item, unless a box or click includes it.

#![forbid(unsafe_code)]

mod border;
mod candidates;
mod clicks;
mod everything;
mod geodesic;
mod grabcut;
mod graph;
mod hierarchy;
mod hint;
mod item;
mod lab;
mod mixture;
mod parts;
mod refine;
mod regions;
mod score;
mod segmenter;
mod view;

pub use everything::everything;
pub use hint::Hint;
pub use item::{segment, snap};
pub use lab::rgb;
pub use segmenter::{Prepared, Progress, Segmenter};
