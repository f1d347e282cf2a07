//! What calls do with an open document, whether from a dialog or from a script.

use dedit_schema::{Id, defaults};
use gimp_host::{Host, Item, Returned};

use crate::composite::Composite;
use crate::document::Document;
use crate::edit::{self, PreparedEdit};
use crate::failure::Failure;
use crate::items::PictureItems;
use crate::parameters::Parameters;
use crate::record::ResultRecord;
use crate::request;
use crate::result::EditResult;
use crate::source::Source;
use crate::watch::Watch;
use crate::{layers, report, sessions};

/// How many items are looked for at most.
pub(crate) fn most(parameters: &Parameters) -> usize {
    parameters.given().whole(Id::Most).unwrap_or(defaults::ITEMS_AT_MOST)
}

/// The layers that a call made.
#[derive(Debug, Default)]
pub(crate) struct Output {
    layers: Vec<Item>,
    results: Vec<EditResult>,
}

impl Output {
    /// Inserts results as layers, in one undo step.
    pub(crate) fn insert(
        &mut self,
        host: &dyn Host,
        source: &Source,
        composite: &Composite,
        results: Vec<EditResult>,
        replaced: Option<Item>,
    ) -> Result<(), Failure> {
        self.layers = layers::insert(host, source, composite, &results, replaced)?;
        self.results = results;
        Ok(())
    }

    /// The layer that was inserted last and is visible.
    pub(crate) fn last(&self) -> Option<Item> {
        self.layers.first().copied()
    }

    /// The return values of the call.
    pub(crate) fn returned(&self, remarks: &[String]) -> Returned {
        Returned { layer: self.last(), text: report::results(&self.results, remarks) }
    }
}

/// Edits the picture. `take` gets the results; remarks about the document are returned.
///
/// # Errors
/// Before any work where something is missing; what the daemon reports.
pub(crate) fn edit(
    document: &Document<'_>,
    items: &mut PictureItems,
    parameters: &Parameters,
    watch: &mut dyn Watch,
    take: &mut edit::Take<'_>,
) -> Result<Vec<String>, Failure> {
    let edit = PreparedEdit::prepare(document, items, parameters)?;
    edit.carry_out(&document.client, watch, take)?;
    Ok(std::mem::take(&mut items.remarks))
}

/// Takes results that replace a layer.
pub(crate) type Replace<'t> = dyn FnMut(&Source, &Composite, Vec<EditResult>, Option<Item>) -> Result<(), Failure> + 't;

/// Makes the active result again with another seed, else the topmost one.
pub(crate) fn redo(document: &Document<'_>, seed: Option<u64>, watch: &mut dyn Watch, take: &mut Replace<'_>) -> Result<(), Failure> {
    let Document { host, client, source, composite } = document;
    let old = source.active_result.or(composite.topmost);
    let record = old.and_then(|old| ResultRecord::of(*host, old));
    let (Some(old), Some(record)) = (old, record) else {
        let message = "there is no result yet that could be made again";
        return Err(Failure::input(message, "edit something first, or click a result's layer"));
    };
    // Without the old result, which the new one replaces. With all that is visible it cannot be left out, but for what it added around it.
    let source = source.without(*host, old)?;
    let before = Composite::read(*host, &source, Some(old))?;
    let is_as_it_was = if source.layer.is_some() { before.digest == record.before } else { composite.digest == record.digest };
    if !is_as_it_was {
        let message = "the picture is no longer as it was when this result was made";
        return Err(Failure::input(message, "make the edit anew from the menu"));
    }
    let edit = PreparedEdit::again(client, record, seed)?;
    edit.carry_out(client, watch, &mut |results| take(&source, &before, results, Some(old)))
}

/// Sets the picture's items, and keeps their session in the document.
pub(crate) fn set_items(document: &Document<'_>, parameters: &Parameters) -> Result<PictureItems, Failure> {
    let mut items = PictureItems::open(document)?;
    items.set(document, parameters.text(Id::Items), most(parameters))?;
    sessions::remember(document.host, &document.source, &items.session)?;
    Ok(items)
}

/// Learns the picture's items.
pub(crate) fn learn(document: &Document<'_>, parameters: &Parameters, watch: &mut dyn Watch) -> Result<Returned, Failure> {
    let items = set_items(document, parameters)?;
    let (model, restart) = (request::model(parameters.given()), parameters.given().is_on(Id::Restart));
    let learned = edit::learn(&document.client, &items.session, &model, restart, watch)?;
    if learned.learned_nothing() {
        document.host.show_message("D-Edit: there is nothing to learn for this model; edits need no learning");
    }
    Ok(Returned { layer: None, text: report::learned(&learned, &items) })
}
