//! Segmentation of pictures into items by classical algorithms, without a model.
//!
//! [`segment`] finds one item from a [`Hint`], a box or pixels inside. [`everything()`] segments a whole picture without hints.
//!
//! Both work on a window of the picture, averaged to at most 320 cells along its longer side (`view`), in CIE Lab (`lab`). One item is found by `GrabCut`
//! (Rother, Kolmogorov and Blake 2004; `grabcut`), which alternates between Gaussian mixtures for the colours of the item and of the rest (`mixture`) and an
//! exact minimum cut of the grid (`dedit_cut`). From clicks alone it starts with the cells that are nearer to them than to the picture's border (`geodesic`). A
//! guided filter refines the mask to pixels (`border`). The segmentation of a whole picture merges similar neighbours (Felzenszwalb and Huttenlocher 2004;
//! `graph`); the regions along the picture's border are the background (`regions`).
//!
//! [`Segmenter`] is the interface of models that find items better; this crate has none.
//!
//! The result is deterministic. Besides the result it needs memory only for the cells, whatever the size of the picture. It does not recognise objects: a black
//! hat on a white head is a separate item, unless a box or click includes it.

#![forbid(unsafe_code)]

mod border;
mod everything;
mod geodesic;
mod grabcut;
mod graph;
mod hint;
mod item;
mod lab;
mod mixture;
mod parts;
mod regions;
mod segmenter;
mod view;

pub use everything::everything;
pub use hint::Hint;
pub use item::segment;
pub use lab::rgb;
pub use segmenter::{Prepared, Progress, Segmenter};
