//! What a plug-in uses to work with the daemon, and all that it uses: finds or starts the daemon, agrees with it on a version, sends requests and hears
//! their events.
//!
//! Begin with [`Client`]. One connection serves any number of threads; [`Client::ask`] is for what is answered at once, [`Client::send`] and the [`Call`]
//! it gives for what takes time, can be watched and can be stopped. [`Program`] is which program is started where no daemon runs.
//!
//! Every [`Failure`](dedit_protocol::Failure) is fit to be shown as it is: a sentence, the place, and what to do about it.

#![forbid(unsafe_code)]

mod arrivals;
mod blobs;
mod call;
mod client;
mod connection;
mod folder;
mod pictures;
mod program;
mod start;

pub use blobs::Blobs;
pub use call::Call;
pub use client::Client;
pub use pictures::{About, Labels};
pub use program::{NOTE, PROGRAM_VARIABLE, Program, can_be_run};
