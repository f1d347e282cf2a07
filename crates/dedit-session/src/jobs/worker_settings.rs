//! What all workers share.

use std::sync::Arc;
use std::time::Duration;

use dedit_edit::{Error, ErrorKind, Result};

use super::event::JobEvent;
use super::job::Job;
use crate::models::{Found, Models};
use crate::settings::Logging;

/// What workers need of the outside.
pub(crate) struct WorkerSettings {
    pub(crate) models: Arc<dyn Models>,
    /// Bytes of models in memory.
    pub(crate) memory_budget: u64,
    /// How long an unused model stays in memory.
    pub(crate) unload_after: Duration,
    pub(crate) log: Arc<Logging>,
    /// Called with each job that has ended, and its last event.
    pub(crate) ended: Box<dyn Fn(Job, JobEvent) + Send + Sync>,
}

impl WorkerSettings {
    /// An error where a model is larger than all that may be used.
    pub(super) fn check_budget(&self, found: &Found) -> Result<()> {
        if found.bytes <= self.memory_budget {
            return Ok(());
        }
        let megabytes = |bytes: u64| bytes.div_ceil(1_000_000);
        let (needed, allowed) = (megabytes(found.bytes), megabytes(self.memory_budget));
        let message = format!("the model takes {needed} MB of memory, and {allowed} MB may be used");
        Err(Error::new(ErrorKind::Resources, message).at(&found.name).hint("start the daemon with a larger --memory"))
    }
}
