//! The engine without weights on small pictures.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, in the functions it calls too")]

mod input;
mod support;
mod verbs;
