//! Support for the tests that cross crate borders.

pub mod parity;
pub mod training;
