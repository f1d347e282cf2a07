//! What hosts and the daemon say to each other. `PROTOCOL.md` beside this crate is the contract; this is the Rust side of it.
//!
//! Read in this order: [`handshake`] agrees on a version, for ever in the same way; [`frame`] carries a head of JSON and blobs of pixels, every length
//! checked before anything of that length is allocated; [`request`] and [`event`] say what heads mean, by numbers that are never used again for anything
//! else; [`address`] is where the daemon is found, and [`socket`] how it is reached there by its own user alone.
//!
//! This crate knows no session and no engine, and depends on nothing else of this project.

#![forbid(unsafe_code)]

pub mod address;
pub mod answer;
pub mod event;
pub mod failure;
pub mod features;
pub mod frame;
pub mod handshake;
pub mod names;
pub mod pixels;
pub mod request;
pub mod socket;
mod words;

pub use event::Event;
pub use failure::{Failure, FailureKind};
pub use frame::{Blob, Frame, ReadError};
pub use pixels::{Pixels, Samples};
pub use request::{Ask, Request};
