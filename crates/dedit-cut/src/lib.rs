//! The exact minimum cut of a grid.

#![forbid(unsafe_code)]

mod network;

pub use network::{Network, STEPS};
