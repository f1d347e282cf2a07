//! Support for the tests that cross crate borders.

pub mod loss;
pub mod parity;
