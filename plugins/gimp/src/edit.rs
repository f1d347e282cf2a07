//! An edit: one request to the daemon for each variation.

use dedit_client::{Blobs, Client};
use dedit_protocol::answer::Learned;
use dedit_protocol::request::{Edit, EditOptions, EditVerb, History, Learn, LearnOptions, ModelChoice};
use dedit_protocol::{Blob, Event, features};
use dedit_schema::{Id, Value, Verb, defaults};

use crate::convert;
use crate::document::Document;
use crate::failure::Failure;
use crate::items::PictureItems;
use crate::masks;
use crate::parameters::Parameters;
use crate::record::ResultRecord;
use crate::reference::Reference;
use crate::request::{self, EditRequest, When};
use crate::result::{EditResult, ResultLayers};
use crate::sides::Sides;
use crate::watch::{Watch, finish};

/// Learning steps between two previews: often enough to look at, seldom enough to cost little.
const PREVIEW_STEPS: usize = 25;

/// An edit, ready to be sent.
#[derive(Debug)]
pub(crate) struct PreparedEdit {
    session: String,
    base: u64,
    request: EditRequest,
    masks: Vec<Blob>,
}

/// Takes results: all variations at a time.
pub(crate) type Take<'t> = dyn FnMut(Vec<EditResult>) -> Result<(), Failure> + 't;

impl PreparedEdit {
    /// Finds the items that the edit is of; new ones are set.
    ///
    /// # Errors
    /// Where something is missing or unfit.
    pub(crate) fn prepare(document: &Document<'_>, items: &mut PictureItems, parameters: &Parameters) -> Result<Self, Failure> {
        if parameters.given().as_layers() {
            document.client.require(features::LAYERS)?;
        }
        let verb = parameters.given().action().verb().ok_or_else(|| Failure::internal("this is no edit"))?;
        let reference = if verb == Verb::SwapIn { Some(Reference::find(document.host, parameters)?) } else { None };
        let mut values = parameters.given().clone();
        let (mut ring, mut blobs) = (None, Vec::new());
        if verb == Verb::Expand {
            // What cannot be is said before anything is learned.
            let sides = Sides::of(&EditVerb::from_values(verb, &values, None)?);
            document.source.grown(sides).check_size()?;
            document.client.require(features::EXPAND)?;
            items.require_any(document, parameters.text(Id::Items))?;
            require_named(document, items, parameters)?;
        } else if verb == Verb::Refine {
            let region = masks::selection(document.host, &document.source)?;
            let region = region.ok_or_else(|| Failure::input("nothing is selected", "select the region that is to be made again"))?;
            ring = items.choose_region(document, region.clone())?.ring;
            blobs.push(Blob::Pixels(region));
        } else {
            let from = parameters.text(Id::Items);
            // Before the selection: it lies in front of all others, and is no item any more where others are set after it.
            if !matches!(from, "auto" | "selection") {
                items.set(document, from, defaults::ITEMS_AT_MOST)?;
            }
            require_named(document, items, parameters)?;
            let chosen = items.choose(document, from, parameters.text(Id::Item))?;
            ring = chosen.ring.or(ring);
            values.insert(Id::Item, Some(Value::Text(chosen.item)));
        }
        if let Some(reference) = &reference {
            values.insert(Id::From, Some(Value::Text(format!("reference:{}", reference.item()))));
        }
        let edit = EditVerb::from_values(verb, &values, (!blobs.is_empty()).then_some(0))?;
        if let Some(reference) = reference {
            reference.send(document, &items.session)?;
        }
        let request = EditRequest::new(edit, &values, ring);
        Ok(Self { session: items.session.clone(), base: items.base, request, masks: blobs })
    }

    /// The edit that made a result, with another seed.
    pub(crate) fn again(client: &Client, mut record: ResultRecord, seed: Option<u64>) -> Result<Self, Failure> {
        let gone = |reason: &str| Failure::input(format!("the result cannot be made again ({reason})"), "make the edit anew from the menu");
        let edit = if record.edits.len() == 1 { record.edits.pop() } else { None };
        let edit = edit.ok_or_else(|| gone("its layer does not say how it was made"))?;
        let edit = convert::edit_verb(edit).ok_or_else(|| gone("a newer D-Edit made it"))?;
        let mut masks = Vec::new();
        if matches!(edit, EditVerb::Refine { .. } | EditVerb::Reshape { .. }) {
            masks.push(mask_of(client, &record)?.ok_or_else(|| gone("its mask was not kept"))?);
        }
        // The model without weights is everywhere.
        let is_instant = record.model == defaults::MODEL;
        let as_layers = !record.items.is_empty();
        if as_layers {
            client.require(features::LAYERS)?;
        }
        let options = EditOptions { seed, ..convert::edit_options(record.options) };
        let request = EditRequest {
            edit,
            plan: convert::plan_options(record.plan),
            // Else the session's own: a file from another machine names models that may not be here.
            model: if is_instant { request::without_weights() } else { ModelChoice::default().for_options(&options) },
            options,
            when: match (record.draft, is_instant) {
                (true, _) => When::Draft,
                (false, true) => When::Instant,
                (false, false) => When::Learned,
            },
            variations: 1,
            as_layers,
        };
        Ok(Self { session: record.session, base: record.base, request, masks })
    }

    /// Carries it out. Where drafts and final results are wanted, `take` gets the drafts first.
    ///
    /// # Errors
    /// What the daemon reports; `Cancelled` where it was stopped.
    pub(crate) fn carry_out(&self, client: &Client, watch: &mut dyn Watch, take: &mut Take<'_>) -> Result<(), Failure> {
        if matches!(self.request.when, When::Draft | When::Both) {
            let results = self.variations(client, true, watch)?;
            let is_draft = results.iter().any(|result| result.edited.draft);
            take(results)?;
            if self.request.when == When::Draft || !is_draft {
                return Ok(());
            }
        }
        if self.request.when != When::Instant {
            learn(client, &self.session, &self.request.model, false, watch)?;
        }
        take(self.variations(client, false, watch)?)
    }

    fn variations(&self, client: &Client, draft: bool, watch: &mut dyn Watch) -> Result<Vec<EditResult>, Failure> {
        let EditRequest { edit, options, variations, .. } = &self.request;
        let mut results: Vec<EditResult> = Vec::with_capacity(*variations);
        for variation in 0..*variations {
            let first = results.first().map(|result| result.edited.seed).or(options.seed);
            let seed = first.map(|seed| seed.wrapping_add(variation as u64));
            let title = edit.title();
            watch.begin(&if *variations > 1 { format!("{title} ({} of {variations})", variation + 1) } else { title });
            results.push(self.variation(client, seed, draft, watch)?);
        }
        Ok(results)
    }

    fn variation(&self, client: &Client, seed: Option<u64>, draft: bool, watch: &mut dyn Watch) -> Result<EditResult, Failure> {
        let EditRequest { edit, plan, options, model, as_layers, .. } = &self.request;
        let title = edit.title();
        let request = Edit {
            session: self.session.clone(),
            edits: vec![edit.clone()],
            plan: plan.clone(),
            options: EditOptions { seed, ..options.clone() },
            model: model.clone(),
            base: Some(self.base),
            draft,
            previews: true,
            changes: true,
            layers: *as_layers,
            note: Some(serde_json::json!({"host": "gimp", "name": title})),
            ..Edit::default()
        };
        let (edited, blobs) = finish(client.send(request, self.masks.clone())?, watch)?;
        let mut blobs = Blobs::from(blobs);
        let changes = blobs.mask(edited.changes.unwrap_or(1))?;
        let layers = edited.layers.as_ref().map(|layers| ResultLayers::read(layers, &mut blobs, edited.region, &changes));
        Ok(EditResult {
            sides: Sides::of(edit),
            pixels: blobs.pixels(0)?,
            changes,
            layers: layers.transpose()?,
            name: if edited.draft { format!("{title} (draft)") } else { title },
            edited,
            edit: Some(edit.clone()),
            plan: plan.clone(),
            options: options.clone(),
            session: self.session.clone(),
        })
    }
}

/// Makes sure that the items are known that are named beside the one that is edited.
fn require_named(document: &Document<'_>, items: &mut PictureItems, parameters: &Parameters) -> Result<(), Failure> {
    for name in [Id::With, Id::Into].map(|id| parameters.text(id)).into_iter().filter(|name| !name.is_empty()) {
        items.require(document, name)?;
    }
    Ok(())
}

/// The mask that a result was made with, from its session.
fn mask_of(client: &Client, record: &ResultRecord) -> Result<Option<Blob>, Failure> {
    let Some(revision) = record.revision else { return Ok(None) };
    let (history, mut blobs) = client.ask(History { session: record.session.clone(), masks: true, thumbnails: false }, Vec::new())?;
    let found = history.revisions.iter().find(|found| found.revision == revision).and_then(|found| found.masks.first());
    Ok(found.filter(|mask| **mask < blobs.len()).map(|mask| blobs.swap_remove(*mask)))
}

/// Learns the items of a session that are not learned yet.
pub(crate) fn learn(client: &Client, session: &str, model: &ModelChoice, restart: bool, watch: &mut dyn Watch) -> Result<Learned, Failure> {
    // Whether there is anything to learn is the model's to say: its stages do.
    watch.begin("Preparing the picture");
    let options = LearnOptions { preview_every: PREVIEW_STEPS, ..LearnOptions::default() };
    let request = Learn { session: session.to_owned(), model: model.clone(), options, restart, keep: false };
    Ok(finish(client.send(request, Vec::new())?, &mut Learning(watch))?.0)
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
