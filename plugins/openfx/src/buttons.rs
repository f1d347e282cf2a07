//! The push buttons: *Learn items* and *Render again*.

use dedit_protocol::answer::Learned;
use ofx_host::{Change, Instance, Result};

use crate::daemon::with_daemon;
use crate::failure::{Failure, FailureKind, to_host};
use crate::inputs::Inputs;
use crate::parameters::{Parameters, learned};
use crate::watch::ProgressWatch;
use crate::{learn, names, session};

/// A parameter has changed, or a button was pressed.
pub(crate) fn changed(instance: &Instance<'_>, change: &Change) -> Result<()> {
    if !change.is_parameter || !change.by_user {
        return Ok(());
    }
    match change.name.as_str() {
        names::LEARN => learn_items(instance, change.time),
        names::RENDER_AGAIN => next_take(instance, change.time),
        _ => Ok(()),
    }
}

/// Has frames edited again: cached results belong to one take.
fn next_take(instance: &Instance<'_>, time: f64) -> Result<()> {
    let take = instance.integer(names::TAKE, time)?;
    instance.set_integer(names::TAKE, take.checked_add(1).unwrap_or(0))
}

/// Learns the reference frame at its full size.
fn learn_items(instance: &Instance<'_>, time: f64) -> Result<()> {
    let inputs = Inputs { instance, parameters: Parameters::read(instance, time, [1.0, 1.0])? };
    let watch = ProgressWatch::new(instance);
    let is_shown = watch.is_shown();
    let done = with_daemon(|daemon| {
        let parameters = &inputs.parameters;
        let start = || inputs.session_start(time, None);
        // Without a named session the reference frame as it is now, which may differ from the one that was learned before.
        let info = if parameters.session.is_empty() {
            session::of_frame(daemon, parameters, &start()?)?
        } else {
            session::open(daemon, parameters, &start)?
        };
        if info.items.is_empty() {
            return Err(Failure::new(FailureKind::Input, "there are no items to learn").hint("connect a Mask, or name a mask file"));
        }
        if is_shown {
            let done = learn::learn(daemon, &info.session, parameters, &watch)?;
            return Ok((info.session, summary(&done)));
        }
        // A host without progress would stand still for minutes, without a way to cancel: learning goes on in the daemon.
        learn::start(daemon, &info.session, parameters)?;
        Ok((info.session, "learning in the daemon: `dedit daemon status` shows its progress; then press 'Render again'".to_owned()))
    });
    match done {
        Ok((session, status)) => {
            if inputs.parameters.session.is_empty() {
                instance.set_text(names::LEARNED, &learned(&session, inputs.parameters.reference_time))?;
            }
            // Hosts may lack read-only texts.
            let _ = instance.set_text(names::STATUS, &status);
            // Learning that goes on in the daemon has changed no frame yet.
            if is_shown { next_take(instance, time) } else { Ok(()) }
        }
        Err(failure) => {
            let _ = instance.set_text(names::STATUS, &failure.to_string());
            Err(to_host(&failure))
        }
    }
}

fn summary(learned: &Learned) -> String {
    if learned.learned_nothing() {
        return "there is nothing to learn for this model".to_owned();
    }
    format!("learned in {:.0} s: {}", learned.seconds, learned.items.join(", "))
}
