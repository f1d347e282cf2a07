//! From a picture to items, without weights: no model has to be at hand, only the picture and what somebody said of it.
//!
//! [`segment`] finds one item from a [`Hint`], a box round it or pixels of it. [`everything()`] cuts a picture of which nothing is said into items.
//!
//! Both work on a window of the picture, averaged on at most 320 cells along its longer side (`view`), in CIE Lab (`lab`). One item is cut out by
//! `GrabCut` (Rother, Kolmogorov and Blake 2004; `grabcut`): Gaussian mixtures for the colours of the item and of the rest (`mixture`), and an exact least
//! cut of the grid between them (`flow`), in turns. From clicks alone it starts with what is nearer to them than to the picture's border (`geodesic`). A
//! guided filter brings the mask back to the picture's own pixels (`border`). Everything at once is merging neighbours that are alike (Felzenszwalb and
//! Huttenlocher 2004; `graph`), and the regions that own the picture's border are the background (`regions`).
//!
//! Nothing is left to chance: the same picture and hint give the same mask. Besides the answer itself it needs memory for the cells alone, however large the
//! picture. It knows no shapes: a black hat on a white head is to it another thing, unless a box, or a click, says that it belongs.

#![forbid(unsafe_code)]

mod border;
mod everything;
mod flow;
mod geodesic;
mod grabcut;
mod graph;
mod hint;
mod item;
mod lab;
mod mixture;
mod parts;
mod regions;
mod view;

pub use everything::everything;
pub use hint::Hint;
pub use item::segment;
