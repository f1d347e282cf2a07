//! The daemon with an engine that computes next to nothing: over pipes within this process, and as a process of its own behind its socket, where it is
//! killed, cut off and starved.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking, in the functions it calls too")]

#[path = "../fake/mod.rs"]
mod fake;

mod clients;
mod damage;
mod ends;
mod expand;
mod folders;
mod frames;
mod host;
mod items;
mod jobs;
mod kills;
mod life;
mod models;
mod older;
mod scene;
mod segments;
mod stand;
#[cfg(unix)]
mod strangers;
mod within;
