//! The method on tiny networks with random weights: what is exact must be exact, and every switch must do what it says.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, in the functions it calls too")]

mod editing;
mod faults;
mod files;
mod hosts;
mod learning;
mod steady;
mod support;
mod switches;
