//! The public interface of `dedit-nn`: both implementations of every operation are compared, and every gradient with finite differences.

#![expect(clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking, in the functions it calls too")]

mod adamw;
mod attention;
mod autograd;
mod checkpoint;
mod conv;
mod linear;
mod network;
mod norms;
mod ops;
mod refusals;
mod support;
mod threads;
