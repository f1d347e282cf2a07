//! A file fetched over HTTP or HTTPS: resumed where it was cut off, compared with its SHA-256, and whole or not there.
//!
//! [`fetch`] writes to `NAME.part` beside the target and renames it when all of it is there and right. What came is kept on failure, and the next call asks
//! for the rest alone. Every kind of misbehaviour of a server has a sentence of its own.
//!
//! The only crate that opens connections to other machines, and only when [`fetch`] is called.

#![forbid(unsafe_code)]

mod answer;
mod failure;
mod lock;
mod part;
mod run;
mod transfer;

use std::path::{Path, PathBuf};
use std::time::Duration;

use dedit_error::Result;

/// What is fetched.
#[derive(Debug, Clone, Default)]
pub struct Source {
    /// Its address, `https://…` or `http://…`. From the former no redirect leads to the latter.
    pub url: String,
    /// Its size in bytes, where it is known: anything else is refused.
    pub bytes: Option<u64>,
    /// Its SHA-256 in lower-case hexadecimal digits, where it is known: anything else is refused.
    pub sha256: Option<String>,
    /// A page for people about it, which is named where access is refused.
    pub page: Option<String>,
    /// A bearer token for this address; it is not sent to other hosts.
    pub token: Option<String>,
}

/// How it is fetched.
#[derive(Debug, Clone)]
pub struct Settings {
    /// A connection that sends nothing for so long is given up, and tried again.
    pub stall: Duration,
    /// The pauses between tries. After progress they begin anew; after the last one it fails.
    pub pauses: Vec<Duration>,
    /// A file of certificates (PEM) that are trusted in place of Mozilla's.
    pub certificates: Option<PathBuf>,
}

impl Default for Settings {
    fn default() -> Self {
        Self { stall: Duration::from_secs(30), pauses: [1, 2, 4, 8, 16].map(Duration::from_secs).to_vec(), certificates: None }
    }
}

impl Settings {
    /// The usual ones, with the certificates that the variable `SSL_CERT_FILE` names. Proxies are those of `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and
    /// `NO_PROXY`, on Windows also that of the system.
    pub fn from_environment() -> Self {
        let certificates = std::env::var_os("SSL_CERT_FILE").filter(|value| !value.is_empty()).map(PathBuf::from);
        Self { certificates, ..Self::default() }
    }
}

/// How far it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Bytes on disk.
    pub done: u64,
    /// Bytes in all, where they are known.
    pub of: Option<u64>,
}

/// A file that was fetched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fetched {
    /// Its SHA-256; `None` where another fetch of the same file was faster.
    pub sha256: Option<String>,
    /// Bytes that came over the network in this call.
    pub received: u64,
}

/// Fetches a file to `target`, whose folder is created. Two fetches of one target are one: the second waits, in other processes too. `heard` is told the
/// progress some ten times a second, and says whether to go on.
///
/// # Errors
/// `Connection` where the server cannot be reached, is silent, or sends another file; `Model` where it refuses access; `Resources` where the disk is full;
/// `Usage` where the target cannot be written; `Cancelled` where `heard` says stop. In all cases there is no file at `target` that was not there before.
pub fn fetch(source: &Source, target: &Path, settings: &Settings, heard: &mut dyn FnMut(Progress) -> bool) -> Result<Fetched> {
    run::run(source, target, settings, heard)
}
