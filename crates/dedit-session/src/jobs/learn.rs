//! Learns pictures.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Instant;

use dedit_edit::{Engine, EngineEvent, Error, ErrorKind, Result, Stage, Subject};

use super::control::{Control, check_memory};
use super::event::{JobOutput, Learned};
use super::job::{Interruption, Outcome};
use super::request::LearnRequest;
use crate::folder::{ModelRecord, model_record};
use crate::models::Found;
use crate::session::{ItemizedPicture, LearnedFile, Session};

/// Number of losses that are averaged: single ones vary much, since each is of a random timestep.
const AVERAGED: usize = 10;

/// Learns a session's picture, or resumes learning.
pub(super) fn learn(
    session: &Session,
    request: &LearnRequest,
    mut before: Interruption,
    found: &Found,
    engine: &mut dyn Engine,
    control: &Control<'_>,
) -> Result<Outcome> {
    let begun = Instant::now();
    let (pictures, key) = session.lock().itemized_pictures()?;
    let subjects: Vec<_> = pictures.iter().map(ItemizedPicture::subject).collect();
    let draft = engine.draft(&subjects, &request.options)?;
    check_memory(engine, pictures[0].image.size())?;
    if !engine.learns() {
        note_choice(session, request, model_record(&found.choice, engine.fingerprint()))?;
        return Ok(Outcome::Done(JobOutput::Learned(report(draft.as_ref(), [0, 0], begun.elapsed().as_secs_f64())?)));
    }
    let state = match ready(session, (request, &key, before.happened), &subjects, engine, draft.as_ref(), control)? {
        Ready::Learned(learned) => {
            let steps = learned.losses().map(|losses| losses.len());
            return Ok(Outcome::Done(JobOutput::Learned(report(learned.as_ref(), steps, before.seconds + begun.elapsed().as_secs_f64())?)));
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
    let mut interrupted = false;
    let learned = engine.learn(&subjects, &request.options, state.as_deref(), &mut |event| {
        if let EngineEvent::Step { stage, step, .. } = &event
            && first.is_none()
        {
            first = Some(if *stage == Stage::LearningAttention { [usize::MAX, step - 1] } else { [step - 1, 0] });
        }
        if let EngineEvent::State(state) = event {
            session.lock().keep_state(&key, state)?;
        } else {
            control.report(event);
        }
        // Once it is interrupting itself it must not stop doing so, even if the edit is cancelled meanwhile.
        interrupted |= control.queue.has_edits();
        Ok(if interrupted || control.is_stopped() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
    });
    before.seconds += begun.elapsed().as_secs_f64();
    before.resumed_at = before.resumed_at.or(first);
    match learned {
        Err(error) if error.kind() == ErrorKind::Cancelled && interrupted && !control.is_stopped() => {
            before.happened = true;
            Ok(Outcome::Interrupted(before))
        }
        Err(error) => Err(error),
        Ok(learned) => {
            let bytes = learned.to_bytes()?;
            let kept = session.lock().keep_learned(&key, &learned, &bytes, model);
            kept.map_err(|error| unkept(&error))?;
            // Where learning resumed in the second stage, the number of updates of the first is known only now.
            let [tokens, attention] = before.resumed_at.unwrap_or_default();
            let resumed = [tokens.min(learned.losses()[0].len()), attention];
            Ok(Outcome::Done(JobOutput::Learned(report(learned.as_ref(), resumed, before.seconds)?)))
        }
    }
}

/// Keeps the session, and that its user has chosen a model which learns nothing, unless something is learned there with another.
fn note_choice(session: &Session, request: &LearnRequest, model: ModelRecord) -> Result<()> {
    let mut inner = session.lock();
    inner.write()?;
    if request.model.model.is_some() && !inner.has_begun() { inner.note_model(model) } else { Ok(()) }
}

/// Where learning starts.
enum Ready {
    Learned(Arc<dyn dedit_edit::Learned>),
    From(Option<Vec<u8>>),
}

/// Looks for what the session has learned already, or for a state to resume from.
fn ready(
    session: &Session,
    (request, key, interrupted): (&LearnRequest, &str, bool),
    subjects: &[Subject<'_>],
    engine: &dyn Engine,
    draft: &dyn dedit_edit::Learned,
    control: &Control<'_>,
) -> Result<Ready> {
    let mut inner = session.lock();
    if request.restart && !interrupted {
        inner.forget_learned()?;
        return Ok(Ready::From(None));
    }
    match inner.learned(key, engine)? {
        LearnedFile::Read(learned) if engine.same_inputs(learned.as_ref(), draft) => return Ok(Ready::Learned(learned)),
        LearnedFile::Read(_) => {
            let other = Error::usage("something else was learned here").at(inner.path());
            return Err(other.hint("give another --session, or --restart to forget it"));
        }
        LearnedFile::Damaged(aside) => {
            control.note(format!("what was learned is damaged and is set aside; it is learned again: {}", aside.display()));
        }
        LearnedFile::Missing => {}
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

/// The error where learning succeeded and its result is in memory, but could not be written.
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
