//! What happens when a button is pressed: learning, and making frames again.

use dedit_protocol::answer;
use dedit_protocol::request::{Learn, ModelChoice};
use ofx_host::{Change, Instance, Result};

use crate::describe::id;
use crate::desk::{Desk, Watch, with_daemon};
use crate::failure::{Failure, FailureKind, told};
use crate::parameters::{Parameters, learned};
use crate::run::{Inputs, Work};
use crate::session;

/// A parameter has changed, or a button was pressed.
pub(crate) fn changed(instance: &Instance<'_>, change: &Change) -> Result<()> {
    if !change.is_parameter || !change.by_user {
        return Ok(());
    }
    match change.name.as_str() {
        id::LEARN => learn_items(instance, change.time),
        id::RENDER_AGAIN => another_take(instance, change.time),
        _ => Ok(()),
    }
}

/// Frames are made again: results are kept for each take.
fn another_take(instance: &Instance<'_>, time: f64) -> Result<()> {
    let take = instance.integer(id::TAKE, time)?;
    instance.set_integer(id::TAKE, take.checked_add(1).unwrap_or(0))
}

/// Learns the reference frame, at its whole size.
fn learn_items(instance: &Instance<'_>, time: f64) -> Result<()> {
    let inputs = Inputs { instance, parameters: Parameters::read(instance, time, [1.0, 1.0])? };
    let watch = Work::new(instance, instance.progress());
    let is_shown = watch.is_shown();
    let done = with_daemon(|desk| {
        let parameters = &inputs.parameters;
        let begin = || inputs.beginning(time, None);
        // The frame as it is now, not as it was when it was learned last.
        let info = if parameters.session.is_empty() {
            session::begun(desk, parameters, &begin()?)?
        } else {
            session::opened(desk, parameters, &begin)?
        };
        if info.items.is_empty() {
            return Err(Failure::new(FailureKind::Input, "it is not said what the items are").hint("connect a Mask, or name a mask file"));
        }
        if is_shown {
            let done = learn(desk, &info.session, parameters, &watch)?;
            return Ok((info.session, said(&done)));
        }
        // Minutes without a sign of life, and without a way to stop, are not for hosts that show nothing: it goes on in the daemon.
        desk.begin_to_learn(order(&info.session, parameters, true))?;
        Ok((info.session, "learning in the daemon: `dedit daemon status` tells how far it is; then press 'Render again'".to_owned()))
    });
    match done {
        Ok((session, said)) => {
            if inputs.parameters.session.is_empty() {
                instance.set_text(id::LEARNED, &learned(&session, inputs.parameters.reference_time))?;
            }
            // Hosts may lack texts that are only told.
            let _ = instance.set_text(id::STATUS, &said);
            // What goes on in the daemon has changed no frame yet.
            if is_shown { another_take(instance, time) } else { Ok(()) }
        }
        Err(failure) => {
            let _ = instance.set_text(id::STATUS, &failure.to_string());
            Err(told(&failure))
        }
    }
}

fn order(session: &str, parameters: &Parameters, keep: bool) -> Learn {
    let model = Some(parameters.model.clone()).filter(|model| !model.is_empty());
    Learn { session: session.to_owned(), model: ModelChoice { model, ..ModelChoice::default() }, keep, ..Learn::default() }
}

/// Learns a session that may be learned already; then there is nothing to do.
pub(crate) fn learn(
    desk: &Desk,
    session: &str,
    parameters: &Parameters,
    watch: &dyn Watch,
) -> std::result::Result<answer::Learned, Failure> {
    desk.learn(order(session, parameters, false), watch)
}

fn said(learned: &answer::Learned) -> String {
    format!("learned in {:.0} s: {}", learned.seconds, learned.items.join(", "))
}
