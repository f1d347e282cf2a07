//! The method on tiny networks with random weights: exact results, and the effect of every setting.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, in the functions it calls too")]

mod editing;
mod faults;
mod files;
mod hosts;
mod inpainting;
mod learning;
mod plates;
mod steady;
mod support;
mod switches;
