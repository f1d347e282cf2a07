//! A connected client.

use std::sync::Arc;

use crate::daemon::Daemon;
use crate::outgoing::Outgoing;

/// A connected client: what its requests need.
pub(crate) struct Client {
    pub(crate) daemon: Arc<Daemon>,
    /// Its number.
    pub(crate) number: u64,
    /// The frames on their way to it.
    pub(crate) outgoing: Arc<Outgoing>,
}
