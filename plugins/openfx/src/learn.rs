//! Learning a session.

use dedit_protocol::answer::Learned;
use dedit_protocol::request::{Learn, ModelChoice};

use crate::daemon::Daemon;
use crate::failure::Failure;
use crate::parameters::Parameters;
use crate::watch::Watch;

/// Learns a session. Returns at once where it is learned already.
pub(crate) fn learn(daemon: &Daemon, session: &str, parameters: &Parameters, watch: &dyn Watch) -> Result<Learned, Failure> {
    daemon.learn(request(session, parameters, false), watch)
}

/// Starts to learn a session, which goes on in the daemon when the host is gone.
pub(crate) fn start(daemon: &Daemon, session: &str, parameters: &Parameters) -> Result<(), Failure> {
    daemon.start_learning(request(session, parameters, true))
}

fn request(session: &str, parameters: &Parameters, keep: bool) -> Learn {
    let model = Some(parameters.model.clone()).filter(|model| !model.is_empty());
    Learn { session: session.to_owned(), model: ModelChoice { model, ..ModelChoice::default() }, keep, ..Learn::default() }
}
