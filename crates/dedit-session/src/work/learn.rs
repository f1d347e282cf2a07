//! A learning job.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Instant;

use dedit_edit::{Engine, EngineEvent, Error, ErrorKind, Result, Subject};

use super::worker::{Control, check_memory, step};
use super::{Done, Heard, LearnRequest, Learned, Learning, Outcome};
use crate::folder::model_record;
use crate::models::Found;
use crate::session::{Held, Session};

/// Updates whose losses are averaged to one that says something: each is of another timestep.
const AVERAGED: usize = 10;

/// Learns a session's picture, or goes on where that was cut off.
pub(super) fn learn(
    session: &Session,
    request: &LearnRequest,
    mut before: Learning,
    found: &Found,
    engine: &mut dyn Engine,
    control: &Control<'_>,
) -> Result<Outcome> {
    let begun = Instant::now();
    let (pictures, key) = session.lock().pictured()?;
    let subjects: Vec<_> = pictures.iter().map(crate::session::Pictured::subject).collect();
    let draft = engine.draft(&subjects, &request.options)?;
    check_memory(engine, pictures[0].image.size())?;
    let state = match ready(session, (request, &key, before.goes_on), &subjects, engine, draft.as_ref(), control)? {
        Ready::Learned(learned) => {
            let steps = learned.losses().map(|losses| losses.len());
            return Ok(Outcome::Done(Done::Learned(report(learned.as_ref(), steps, before.seconds + begun.elapsed().as_secs_f64())?)));
        }
        Ready::From(state) => state,
    };
    let model = model_record(&found.choice, engine.fingerprint());
    {
        let mut inner = session.lock();
        inner.write()?;
        inner.note_model(model.clone())?;
    }
    let mut first = None;
    let mut paused = false;
    let learned = engine.learn(&subjects, &request.options, state.as_deref(), &mut |event| {
        if let EngineEvent::Step { stage, step, .. } = &event
            && first.is_none()
        {
            first = Some(if *stage == "learning attention" { [usize::MAX, step - 1] } else { [step - 1, 0] });
        }
        if let EngineEvent::State(state) = event {
            session.lock().keep_state(&key, state)?;
        } else {
            control.report(event);
        }
        // Once it makes way it does, also where the edit has gone in the meantime.
        paused |= control.queue.has_edits();
        Ok(if paused || control.is_stopped() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
    });
    before.seconds += begun.elapsed().as_secs_f64();
    before.resumed_at = before.resumed_at.or(first);
    match learned {
        Err(error) if error.kind() == ErrorKind::Cancelled && paused && !control.is_stopped() => {
            before.goes_on = true;
            Ok(Outcome::Paused(before))
        }
        Err(error) => Err(error),
        Ok(learned) => {
            let bytes = learned.to_bytes()?;
            let kept = session.lock().keep_learned(&key, &learned, &bytes, model);
            kept.map_err(|error| unkept(&error))?;
            // That all updates of the tokens were done before is known, how many these were is not, before it has come to an end.
            let [tokens, attention] = before.resumed_at.unwrap_or_default();
            let resumed = [tokens.min(learned.losses()[0].len()), attention];
            Ok(Outcome::Done(Done::Learned(report(learned.as_ref(), resumed, before.seconds)?)))
        }
    }
}

/// What there is to go on from.
enum Ready {
    Learned(Arc<dyn dedit_edit::Learned>),
    From(Option<Vec<u8>>),
}

/// Looks at what the session holds already.
fn ready(
    session: &Session,
    (request, key, goes_on): (&LearnRequest, &str, bool),
    subjects: &[Subject<'_>],
    engine: &dyn Engine,
    draft: &dyn dedit_edit::Learned,
    control: &Control<'_>,
) -> Result<Ready> {
    let mut inner = session.lock();
    if request.restart && !goes_on {
        inner.forget_learned()?;
        return Ok(Ready::From(None));
    }
    match inner.learned(key, engine)? {
        Held::Learned(learned) if engine.same_inputs(learned.as_ref(), draft) => return Ok(Ready::Learned(learned)),
        Held::Learned(_) => {
            let other = Error::usage("something else was learned here").at(inner.path());
            return Err(other.hint("give another --session, or --restart to forget it"));
        }
        Held::Damaged(aside) => {
            control.note(format!("what was learned is damaged and is set aside; it is learned again: {}", aside.display()));
        }
        Held::Nothing => {}
    }
    let Some(state) = inner.learning_state(key)? else { return Ok(Ready::From(None)) };
    match engine.check_state(subjects, &request.options, &state) {
        Ok(()) => Ok(Ready::From(Some(state))),
        Err(error) if error.kind() == ErrorKind::Input => {
            let aside = inner.set_state_aside(key)?;
            control.note(format!("the state of learning was damaged and is set aside; learning begins again: {}", aside.display()));
            Ok(Ready::From(None))
        }
        Err(error) => Err(error.at(inner.path()).hint("begin again with --restart, or give another --session")),
    }
}

/// It is learned, and the session goes on with it; it cannot be promised to last.
fn unkept(error: &Error) -> Error {
    let told = Error::new(
        error.kind(),
        format!("the picture is learned and can be edited, but what was learned is not kept: {}", error.message()),
    );
    let told = error.place().map_or(told.clone(), |place| told.at(place));
    told.hint("free some space and learn it again: that goes on where this was")
}

fn report(learned: &dyn dedit_edit::Learned, resumed_at: [usize; 2], seconds: f64) -> Result<Learned> {
    let [tokens, attention] = learned.losses();
    let losses: Vec<f64> = tokens.iter().chain(&attention).map(|loss| f64::from(*loss)).collect();
    let mean = |losses: &[f64]| losses.iter().sum::<f64>() / losses.len().max(1) as f64;
    let some = losses.len().min(AVERAGED);
    Ok(Learned {
        steps: [tokens.len(), attention.len()],
        resumed_at,
        losses: [mean(&losses[..some]), mean(&losses[losses.len() - some..])],
        seconds,
        bytes: learned.to_bytes()?.len(),
        items: learned.items(),
    })
}

impl Control<'_> {
    /// Passes on what the engine tells, apart from states.
    pub(super) fn report(&self, event: EngineEvent<'_>) {
        match event {
            EngineEvent::Step { stage, step: done, of, loss, seconds_left } => {
                self.reporter.hear(step(stage, done, of, loss, seconds_left));
            }
            EngineEvent::Preview(preview) => self.reporter.hear(Heard::Preview(preview.clone())),
            EngineEvent::Note(note) => self.note(note),
            EngineEvent::State(_) => {}
        }
    }
}
