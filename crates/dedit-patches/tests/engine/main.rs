//! The engine without weights on small pictures.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking, in the functions it calls too")]

mod film;
mod input;
mod support;
mod verbs;
