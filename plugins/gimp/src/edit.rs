//! An edit: planned by the daemon, then carried out once for each variation.

use dedit_protocol::answer::Learned;
use dedit_protocol::request::{Edit, EditOptions, EditVerb, Learn, LearnOptions, ModelChoice, Plan};
use dedit_protocol::{Blob, Event};

use crate::connection::Connection;
use crate::convert;
use crate::failure::Failure;
use crate::items::{PictureItems, softness};
use crate::masks;
use crate::parameters::Parameters;
use crate::procedures::Command;
use crate::record::ResultRecord;
use crate::reference::Reference;
use crate::request::{self, EditRequest, When};
use crate::result::EditResult;
use crate::watch::Watch;

/// From this width on, in pixels, a soft edge is more than antialiasing, and becomes the soft ring of the edit.
const SOFT: f64 = 3.0;
/// Learning steps between two previews: often enough to look at, seldom enough to cost little.
const PREVIEW_STEPS: usize = 25;

/// An edit that the daemon has planned.
#[derive(Debug)]
pub(crate) struct PreparedEdit {
    session: String,
    base: u64,
    request: EditRequest,
    masks: Vec<Blob>,
    /// How far each pixel of the picture may change, 0 … 1.
    changes: Vec<f32>,
}

/// Takes results: all variations at a time.
pub(crate) type Take<'t> = dyn FnMut(Vec<EditResult>) -> Result<(), Failure> + 't;

impl PreparedEdit {
    /// Finds the items that the edit is of, and plans it.
    ///
    /// # Errors
    /// Where something is missing or unfit; nothing was begun.
    pub(crate) fn prepare(items: &mut PictureItems<'_>, command: Command, parameters: &Parameters) -> Result<Self, Failure> {
        let from = parameters.text("items");
        let reference = if command == Command::SwapIn { Some(Reference::find(items, parameters)?) } else { None };
        let item = if command == Command::Refine { String::new() } else { items.choose(from, parameters.text("item"))? };
        for name in ["with", "into"].map(|name| parameters.text(name)).into_iter().filter(|name| !name.is_empty()) {
            items.require(name)?;
        }
        let selection = masks::selection(items.host, items.source)?;
        let ring =
            selection.as_ref().map(|mask| softness(&masks::shares(mask), items.source.size.0 as usize)).filter(|width| *width >= SOFT);
        let mut blobs = Vec::new();
        if command == Command::Refine {
            let selection = selection.ok_or_else(|| Failure::input("nothing is selected", "select the region that is to be made again"))?;
            if items.names().is_empty() {
                items.choose("selection", "")?;
            }
            blobs.push(Blob::Pixels(selection));
        }
        let edit = request::edit(command, parameters, item, reference.as_ref().map(|reference| reference.item().to_owned()))?;
        if let Some(reference) = reference {
            reference.send(items)?;
        }
        Self::plan(items.connection, &items.session.session, items.base, request::request(parameters, edit, ring), blobs)
    }

    /// The edit that made a result, with another seed.
    pub(crate) fn again(connection: &Connection, mut record: ResultRecord, seed: Option<u64>) -> Result<Self, Failure> {
        let gone = |reason: &str| Failure::input(format!("the result cannot be made again ({reason})"), "make the edit anew from the menu");
        connection.open_session(&record.session)?;
        let edit = if record.edits.len() == 1 { record.edits.pop() } else { None };
        let edit = edit.ok_or_else(|| gone("its layer does not say how it was made"))?;
        let edit = convert::edit_verb(edit).ok_or_else(|| gone("a newer D-Edit made it"))?;
        let mut blobs = Vec::new();
        if matches!(edit, EditVerb::Refine { .. } | EditVerb::Reshape { .. }) {
            blobs.push(mask_of(connection, &record)?.ok_or_else(|| gone("its mask was not kept"))?);
        }
        let request = EditRequest {
            name: request::name(&edit),
            edit,
            plan: convert::plan_options(record.plan),
            options: EditOptions { seed, ..convert::edit_options(record.options) },
            // The session's own: a file from another machine names models that may not be here.
            model: ModelChoice::default(),
            when: if record.draft { When::Draft } else { When::Learned },
            variations: 1,
        };
        Self::plan(connection, &record.session, record.base, request, blobs)
    }

    fn plan(connection: &Connection, session: &str, base: u64, request: EditRequest, masks: Vec<Blob>) -> Result<Self, Failure> {
        let edits = vec![request.edit.clone()];
        let plan = Plan { session: session.to_owned(), edits, plan: request.plan.clone(), base: Some(base), ..Plan::default() };
        let changes = connection.changes(plan, masks.clone())?;
        Ok(Self { session: session.to_owned(), base, request, masks, changes })
    }

    /// Carries it out. Where drafts and final results are wanted, `take` gets the drafts first.
    ///
    /// # Errors
    /// What the daemon reports; `Cancelled` where it was stopped.
    pub(crate) fn carry_out(&self, connection: &Connection, watch: &mut dyn Watch, take: &mut Take<'_>) -> Result<(), Failure> {
        if self.request.when != When::Learned {
            let results = self.variations(connection, true, watch)?;
            let is_draft = results.iter().any(|result| result.edited.draft);
            take(results)?;
            if self.request.when == When::Draft || !is_draft {
                return Ok(());
            }
        }
        learn(connection, &self.session, &self.request.model, false, watch)?;
        take(self.variations(connection, false, watch)?)
    }

    fn variations(&self, connection: &Connection, draft: bool, watch: &mut dyn Watch) -> Result<Vec<EditResult>, Failure> {
        let mut results: Vec<EditResult> = Vec::with_capacity(self.request.variations);
        for variation in 0..self.request.variations {
            let first = results.first().map(|result| result.edited.seed).or(self.request.options.seed);
            let seed = first.map(|seed| seed.wrapping_add(variation as u64));
            watch.begin(&if self.request.variations > 1 {
                format!("{} ({} of {})", self.request.name, variation + 1, self.request.variations)
            } else {
                self.request.name.clone()
            });
            results.push(self.variation(connection, seed, draft, watch)?);
        }
        Ok(results)
    }

    fn variation(&self, connection: &Connection, seed: Option<u64>, draft: bool, watch: &mut dyn Watch) -> Result<EditResult, Failure> {
        let EditRequest { edit, plan, options, model, name, .. } = &self.request;
        let request = Edit {
            session: self.session.clone(),
            edits: vec![edit.clone()],
            plan: plan.clone(),
            options: EditOptions { seed, ..options.clone() },
            model: model.clone(),
            base: Some(self.base),
            draft,
            previews: true,
            note: Some(serde_json::json!({"host": "gimp", "name": name})),
            ..Edit::default()
        };
        let (edited, pixels) = connection.edit(request, self.masks.clone(), watch)?;
        let name = if edited.draft { format!("{name} (draft)") } else { name.clone() };
        Ok(EditResult {
            edited,
            pixels,
            changes: self.changes.clone(),
            edit: Some(edit.clone()),
            plan: plan.clone(),
            options: options.clone(),
            session: self.session.clone(),
            name,
        })
    }
}

/// The mask that a result was made with, from its session.
fn mask_of(connection: &Connection, record: &ResultRecord) -> Result<Option<Blob>, Failure> {
    let Some(revision) = record.revision else { return Ok(None) };
    let (history, mut blobs) = connection.history(&record.session, true, false)?;
    let found = history.revisions.iter().find(|found| found.revision == revision).and_then(|found| found.masks.first());
    Ok(found.filter(|mask| **mask < blobs.len()).map(|mask| blobs.swap_remove(*mask)))
}

/// Learns the items of a session that are not learned yet.
pub(crate) fn learn(
    connection: &Connection,
    session: &str,
    model: &ModelChoice,
    restart: bool,
    watch: &mut dyn Watch,
) -> Result<Learned, Failure> {
    watch.begin("Learning the picture");
    let options = LearnOptions { preview_every: PREVIEW_STEPS, ..LearnOptions::default() };
    let watch = &mut Learning(watch);
    connection.learn(Learn { session: session.to_owned(), model: model.clone(), options, restart, keep: false }, watch)
}

/// Notes during learning are about its stages: they belong to the progress, and are no warnings.
struct Learning<'w>(&'w mut dyn Watch);

impl Watch for Learning<'_> {
    fn begin(&mut self, what: &str) {
        self.0.begin(what);
    }

    fn event(&mut self, event: &Event) {
        match event {
            Event::Note(note) => self.0.begin(note),
            event => self.0.event(event),
        }
    }

    fn wants_stop(&mut self) -> bool {
        self.0.wants_stop()
    }

    fn is_gone(&self) -> bool {
        self.0.is_gone()
    }
}
