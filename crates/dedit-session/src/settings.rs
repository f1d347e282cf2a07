//! Settings of a [`Sessions`](crate::Sessions).

use std::path::PathBuf;
use std::time::Duration;

/// Bytes that the store may hold unless the user says otherwise: 20 GB.
pub const DEFAULT_QUOTA: u64 = 20_000_000_000;

/// Limits and places.
#[derive(Debug, Clone)]
pub struct SessionsSettings {
    /// The folder of the store.
    pub store: PathBuf,
    /// Bytes that the store may hold; the sessions used least recently are removed first. See [`DEFAULT_QUOTA`].
    pub quota: u64,
    /// Bytes of models in memory.
    pub memory_budget: u64,
    /// How long an unused model stays in memory.
    pub unload_after: Duration,
}

/// Receives lines for a log: an event's name, and its details.
pub type Logging = dyn Fn(&str, &str) + Send + Sync;
