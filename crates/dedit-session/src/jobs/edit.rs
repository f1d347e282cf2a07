//! Carries out edits.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::{Arc, MutexGuard};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use dedit_edit::{Edit, EditPlan, Engine, EngineEvent, Error, Image, ItemPrompt, ItemRef, LearnOptions, Neighbour, Result};
use serde_json::Value;

use super::control::{Control, check_memory};
use super::event::{Edited, JobOutput};
use super::frame::check_named;
use super::layers::Source;
use super::request::{EditRequest, Original, PlanRequest};
use super::through::{Through, through};
use super::thumbnail::thumbnail;
use crate::folder::{EntryRecord, ModelRecord, NewRevision, PromptRecord, VERSION, edit_record, model_record, prompt_record};
use crate::memory;
use crate::models::{Found, Models};
use crate::raster::Layout;
use crate::session::{Base, Inner, ItemizedPicture, LearnedFile, Session};

/// Checks what can be checked before the job is queued, so that the request itself fails.
pub(crate) fn check(session: &Session, request: &EditRequest) -> Result<()> {
    let Original::Frame(frame) = &request.planning.original else { return Ok(()) };
    frame.picture()?;
    frame.check_names(session.lock().item_names())
}

/// The plan of edits, and the revision that they apply to; for a frame, revision 0, whose items it has.
pub(crate) fn plan(session: &Session, planning: &PlanRequest) -> Result<(Base, EditPlan)> {
    if let Original::Frame(frame) = &planning.original {
        memory::check_plan(frame.size, planning.edits.len())?;
    }
    let (base, reference) = {
        let mut inner = session.lock();
        let revision = match planning.original {
            Original::Current => inner.current(),
            Original::Revision(revision) => revision,
            Original::Frame(_) => 0,
        };
        let reference = inner.picture(1).ok().and_then(|picture| picture.items);
        (inner.base_of_edit(revision)?, reference)
    };
    let items = match &planning.original {
        Original::Frame(frame) => frame.items(&base.items)?,
        _ => base.items.clone(),
    };
    check_named(&planning.edits, &planning.settings, &base.items, &items)?;
    let plan = EditPlan::new(&items, reference.as_deref(), &planning.edits, &planning.settings)?.with_prompts(&base.prompts);
    Ok((base, plan))
}

/// What is edited, and the plan.
pub(super) struct Ready {
    image: Arc<Image>,
    plan: EditPlan,
    /// The revision that is edited; `None` for a frame, whose result is not kept.
    base: Option<Base>,
    /// Other frames of the film that a frame belongs to.
    neighbours: Vec<Neighbour>,
}

/// Computes the plan, so that errors in it are reported before a model is loaded.
pub(super) fn ready(session: &Session, request: &EditRequest) -> Result<Ready> {
    let (base, plan) = plan(session, &request.planning)?;
    match (&request.planning.original, plan.sides()) {
        (Original::Frame(_), Some(_)) => {
            Err(Error::usage("the canvas of a frame cannot be expanded").hint("expand the session's picture, or edit the frame as it is"))
        }
        (Original::Frame(frame), None) => {
            Ok(Ready { image: frame.picture()?.clone(), plan, base: None, neighbours: frame.others(&base.items)? })
        }
        (_, Some(sides)) => Ok(Ready { image: Arc::new(base.image.expanded(sides)?), plan, base: Some(base), neighbours: Vec::new() }),
        (_, None) => Ok(Ready { image: base.image.clone(), plan, base: Some(base), neighbours: Vec::new() }),
    }
}

/// Carries out an edit, and keeps the result as a revision unless it is of a frame.
pub(super) fn edit(
    session: &Session,
    request: &EditRequest,
    Ready { image, plan, base, neighbours }: Ready,
    found: &Found,
    models: &dyn Models,
    engine: &mut dyn Engine,
    control: &Control<'_>,
) -> Result<JobOutput> {
    let begun = Instant::now();
    let (learned, draft) = learned(session, request, engine, control)?;
    check_memory(engine, image.size())?;
    for prompt in request.planning.edits.iter().filter_map(prompt) {
        models.remark(found, prompt).into_iter().for_each(|remark| control.note(remark));
    }
    let mut listener = |event: EngineEvent<'_>| {
        if request.previews || !matches!(event, EngineEvent::Preview(_)) {
            control.report(event);
        }
        Ok(if control.is_stopped() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
    };
    let edits = request.planning.edits.as_slice();
    let source = Source { picture: &image, plan: &plan, edits, settings: &request.planning.settings, neighbours: &neighbours };
    let space = base.as_ref().and_then(|base| base.space.as_ref());
    let Through { edited, regions, layers, change } = through(engine, models, learned.as_ref(), request, &source, space, &mut listener)?;
    if request.layers && layers.is_none() {
        control.note("this edit is about no item: its result is one picture, without layers".to_owned());
    }
    let settings: Value = serde_json::from_str(&edited.settings).unwrap_or_default();
    let mut done = Edited {
        revision: None,
        base: base.as_ref().map_or(0, |base| base.revision),
        pixels: edited.picture.crop(edited.region)?,
        layers,
        region: edited.region,
        regions,
        changes: request.changes.then(|| change.crop(edited.region)).transpose()?,
        changed_pixels_outside: edited.changed_pixels_outside,
        steps: edited.steps,
        seed: request.options.seed,
        settings,
        seconds: 0.0,
        draft,
        model: found.name.clone(),
        items: plan.after().names().to_vec(),
    };
    done.seconds = begun.elapsed().as_secs_f64();
    if let Some(base) = &base {
        let whole = Arc::new(edited.picture);
        match keep(session, request, base, &plan, &done, &whole, &model_record(&found.choice, engine.fingerprint())) {
            Ok(revision) => done.revision = Some(revision),
            Err(error) => control.note(format!("the result is not kept in the session's history: {error}")),
        }
    }
    Ok(JobOutput::Edited(Box::new(done)))
}

/// What was learned, and whether it is a draft: the initial tokens, where nothing was learned and the request accepts that. What an engine drafts that
/// learns nothing is none.
fn learned(
    session: &Session,
    request: &EditRequest,
    engine: &dyn Engine,
    control: &Control<'_>,
) -> Result<(Arc<dyn dedit_edit::Learned>, bool)> {
    let mut inner = session.lock();
    if let Original::Frame(frame) = &request.planning.original {
        // The items may have changed while a model was loaded.
        frame.check_names(inner.item_names())?;
    }
    if !engine.learns() {
        return Ok((drafted(inner, engine)?, false));
    }
    let key = inner.learning_key();
    match key.map_or(Ok(LearnedFile::Missing), |key| inner.learned(&key, engine))? {
        LearnedFile::Read(learned) => return Ok((learned, false)),
        LearnedFile::Damaged(aside) => control.note(format!("what was learned is damaged and is set aside: {}", aside.display())),
        LearnedFile::Missing => {}
    }
    if !request.draft {
        let what = if inner.has_begun() { "learning has not come to its end here" } else { "nothing was learned here yet" };
        return Err(Error::usage(what).at(inner.path()).hint("learn the picture, or edit with --draft"));
    }
    Ok((drafted(inner, engine)?, true))
}

fn drafted(mut session: MutexGuard<'_, Inner>, engine: &dyn Engine) -> Result<Arc<dyn dedit_edit::Learned>> {
    let (pictures, _) = session.itemized_pictures()?;
    drop(session);
    let subjects: Vec<_> = pictures.iter().map(ItemizedPicture::subject).collect();
    engine.draft(&subjects, &LearnOptions::default())
}

fn keep(
    session: &Session,
    request: &EditRequest,
    base: &Base,
    plan: &EditPlan,
    done: &Edited,
    whole: &Arc<Image>,
    model: &ModelRecord,
) -> Result<u64> {
    let edits = &request.planning.edits;
    let record = EntryRecord {
        version: VERSION,
        revision: 0,
        base: base.revision,
        items: base.items_key.clone(),
        edits: edits.iter().map(edit_record).collect(),
        region: [done.region.x, done.region.y, done.region.width, done.region.height],
        layout: Layout::of(&done.pixels),
        names: plan.after().names().to_vec(),
        prompts: prompts(plan),
        seed: done.seed,
        settings: done.settings.clone(),
        model: model.clone(),
        draft: done.draft,
        seconds: done.seconds,
        time: SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs()),
        note: request.note.clone(),
    };
    let new = NewRevision {
        record,
        pixels: &done.pixels,
        after: plan.after(),
        masks: edits.iter().filter_map(Edit::mask).collect(),
        thumbnail: &|| thumbnail(whole),
    };
    session.lock().add_revision(new, whole, &Arc::new(plan.after().clone()))
}

/// The prompts of items that the edits have changed, by item name. An item that was replaced keeps its name.
fn prompts(plan: &EditPlan) -> BTreeMap<String, PromptRecord> {
    let named = plan.after().names().iter().zip(plan.prompts());
    let other = named.filter(|(name, prompt)| **prompt != ItemPrompt::tokens(ItemRef::target(*name)));
    other.map(|(name, prompt)| (name.clone(), prompt_record(prompt))).collect()
}

/// The prompt that a person wrote.
fn prompt(edit: &Edit) -> Option<&str> {
    match edit {
        Edit::Replace { prompt, .. } | Edit::Augment { prompt, .. } | Edit::Personalize { prompt, .. } => Some(prompt),
        Edit::Reconstruct
        | Edit::SwapIn { .. }
        | Edit::Move { .. }
        | Edit::Reshape { .. }
        | Edit::Swap { .. }
        | Edit::Remove { .. }
        | Edit::Blend { .. }
        | Edit::Expand { .. }
        | Edit::Refine { .. } => None,
    }
}
