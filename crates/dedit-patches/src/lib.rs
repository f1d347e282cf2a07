//! Edits without weights: what an edit needs is found in the picture itself.
//!
//! [`fill()`] makes the pixels of a hole from the rest of the picture: by example, from coarse to fine.

#![forbid(unsafe_code)]

pub mod fill;

pub use fill::{Filled, Flow, Progress, Task, Workers, fill, window};
