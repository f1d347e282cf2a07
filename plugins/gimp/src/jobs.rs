//! An edit prepared and carried out.

use dedit_protocol::request::{Edit, EditVerb, Learn, LearnOptions, ModelChoice, Plan};
use dedit_protocol::{Blob, Event};
use serde_json::Value;

use crate::describe::Verb;
use crate::desk::Desk;
use crate::failure::{Failure, FailureKind};
use crate::items::{Table, softness};
use crate::masks;
use crate::other::Other;
use crate::parameters::Parameters;
use crate::result::{Made, Note};
use crate::verbs::{self, Order, When};
use crate::watch::Watch;

/// From this width on, in pixels, a soft edge is no mere smoothing of pixels.
const SOFT: f64 = 3.0;

/// An edit that is ready to be carried out: the daemon has planned it.
#[derive(Debug)]
pub(crate) struct Job {
    session: String,
    base: u64,
    order: Order,
    edits: Vec<Value>,
    masks: Vec<Blob>,
    changes: Vec<f32>,
}

/// Who takes results as they come.
pub(crate) type Take<'t> = dyn FnMut(Vec<Made>) -> Result<(), Failure> + 't;

impl Job {
    /// Finds out which items are meant, and plans the edit.
    ///
    /// # Errors
    /// What is missing or makes no sense, before anything is begun.
    pub(crate) fn prepare(table: &mut Table<'_>, verb: Verb, parameters: &Parameters) -> Result<Self, Failure> {
        let from = parameters.text("items");
        let other = if verb == Verb::SwapIn { Some(Other::find(table, parameters)?) } else { None };
        let item = if verb == Verb::Refine { String::new() } else { table.choose(from, parameters.text("item"))? };
        for name in ["with", "into"].map(|name| parameters.text(name)).into_iter().filter(|name| !name.is_empty()) {
            table.require(name)?;
        }
        let selection = masks::selection(table.host, table.source)?;
        let ring =
            selection.as_ref().map(|mask| softness(&masks::shares(mask), table.source.size.0 as usize)).filter(|width| *width >= SOFT);
        let mut blobs = Vec::new();
        if verb == Verb::Refine {
            let selection = selection.ok_or_else(|| {
                Failure::new(FailureKind::Input, "nothing is selected").hint("select the region that is to be made again")
            })?;
            if table.names().is_empty() {
                table.choose("selection", "")?;
            }
            blobs.push(Blob::Pixels(selection));
        }
        let edit = verbs::edit(verb, parameters, item, other.as_ref().map(|other| other.item().to_owned()))?;
        if let Some(other) = other {
            other.hand_over(table)?;
        }
        Self::planned(table.desk, &table.session.session, table.base, verbs::order(parameters, edit, ring), blobs)
    }

    /// What made a result, with another seed.
    pub(crate) fn again(desk: &Desk, note: &Note, seed: Option<u64>) -> Result<Self, Failure> {
        let gone = |reason: String| {
            Failure::new(FailureKind::Input, format!("the result cannot be made again ({reason})")).hint("make the edit anew from the menu")
        };
        desk.open_session(&note.session)?;
        let [edit] = &note.edits[..] else { return Err(gone("it is not known how it was made".to_owned())) };
        let edit: EditVerb = serde_json::from_value(edit.clone()).map_err(|error| gone(error.to_string()))?;
        let mut blobs = Vec::new();
        if matches!(edit, EditVerb::Refine { .. } | EditVerb::Reshape { .. }) {
            let revision = note.revision.ok_or_else(|| gone("its mask was not kept".to_owned()))?;
            let (history, mut kept) = desk.history(&note.session, true, false)?;
            let found = history.revisions.iter().find(|kept| kept.revision == revision).and_then(|revision| revision.masks.first());
            let mask = found.filter(|mask| **mask < kept.len()).ok_or_else(|| gone("its mask was not kept".to_owned()))?;
            blobs.push(kept.swap_remove(*mask));
        }
        let order = Order {
            name: verbs::name(&edit),
            edit,
            plan: note.plan.clone(),
            options: dedit_protocol::request::EditOptions { seed, ..note.options.clone() },
            // The session knows its model; a file from elsewhere names none of this machine's.
            model: ModelChoice::default(),
            when: if note.draft { When::Draft } else { When::Learned },
            variations: 1,
        };
        Self::planned(desk, &note.session, note.base, order, blobs)
    }

    fn planned(desk: &Desk, session: &str, base: u64, order: Order, masks: Vec<Blob>) -> Result<Self, Failure> {
        let edits = vec![order.edit.clone()];
        let written = serde_json::to_value(&order.edit).map_err(|error| Failure::new(FailureKind::Internal, error.to_string()))?;
        let plan = Plan { session: session.to_owned(), edits, plan: order.plan.clone(), base: Some(base), ..Plan::default() };
        let changes = desk.changes(plan, masks.clone())?;
        Ok(Self { session: session.to_owned(), base, order, edits: vec![written], masks, changes })
    }

    /// Carries it out. Results come all variations at a time: where both are wanted, those made at once first.
    ///
    /// # Errors
    /// What the daemon says; `Cancelled` where it was stopped.
    pub(crate) fn carry_out(&self, desk: &Desk, watch: &mut dyn Watch, take: &mut Take<'_>) -> Result<(), Failure> {
        if self.order.when != When::Learned {
            let made = self.make_all(desk, true, watch)?;
            let is_draft = made.iter().any(|made| made.edited.draft);
            take(made)?;
            if self.order.when == When::Draft || !is_draft {
                return Ok(());
            }
        }
        learn(desk, &self.session, &self.order.model, false, watch)?;
        take(self.make_all(desk, false, watch)?)
    }

    fn make_all(&self, desk: &Desk, draft: bool, watch: &mut dyn Watch) -> Result<Vec<Made>, Failure> {
        let mut made: Vec<Made> = Vec::with_capacity(self.order.variations);
        for variation in 0..self.order.variations {
            let first = made.first().map(|made| made.edited.seed).or(self.order.options.seed);
            let seed = first.map(|seed| seed.wrapping_add(variation as u64));
            watch.begin(&if self.order.variations > 1 {
                format!("{} ({} of {})", self.order.name, variation + 1, self.order.variations)
            } else {
                self.order.name.clone()
            });
            made.push(self.make(desk, seed, draft, watch)?);
        }
        Ok(made)
    }

    fn make(&self, desk: &Desk, seed: Option<u64>, draft: bool, watch: &mut dyn Watch) -> Result<Made, Failure> {
        let Order { edit, plan, options, model, name, .. } = &self.order;
        let request = Edit {
            session: self.session.clone(),
            edits: vec![edit.clone()],
            plan: plan.clone(),
            options: dedit_protocol::request::EditOptions { seed, ..options.clone() },
            model: model.clone(),
            base: Some(self.base),
            draft,
            previews: true,
            note: Some(serde_json::json!({"host": "gimp", "name": name})),
            ..Edit::default()
        };
        let (edited, pixels) = desk.edit(request, self.masks.clone(), watch)?;
        let name = if edited.draft { format!("{name} (draft)") } else { name.clone() };
        Ok(Made {
            edited,
            pixels,
            changes: self.changes.clone(),
            edits: self.edits.clone(),
            plan: plan.clone(),
            options: options.clone(),
            session: self.session.clone(),
            name,
        })
    }
}

/// Learns what is not learned yet.
pub(crate) fn learn(
    desk: &Desk,
    session: &str,
    model: &ModelChoice,
    restart: bool,
    watch: &mut dyn Watch,
) -> Result<dedit_protocol::answer::Learned, Failure> {
    watch.begin("Learning the picture");
    // Often enough to be looked at, seldom enough to cost little.
    let options = LearnOptions { preview_every: 25, ..LearnOptions::default() };
    let watch = &mut Passing(watch);
    desk.learn(Learn { session: session.to_owned(), model: model.clone(), options, restart, keep: false }, watch)
}

/// What is noted while something is learned says how that goes: it passes by and is no warning.
struct Passing<'w>(&'w mut dyn Watch);

impl Watch for Passing<'_> {
    fn begin(&mut self, what: &str) {
        self.0.begin(what);
    }

    fn heard(&mut self, event: &Event) {
        match event {
            Event::Note(note) => self.0.begin(note),
            event => self.0.heard(event),
        }
    }

    fn wants_stop(&mut self) -> bool {
        self.0.wants_stop()
    }

    fn is_gone(&self) -> bool {
        self.0.is_gone()
    }
}
