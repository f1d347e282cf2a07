//! Results as new layers above the picture, each with the record of how it was made.

use dedit_protocol::answer::Edited;
use gimp_host::{Host, Image, Item, UndoStep};

use crate::composite::{Composite, Mixing, Overlay};
use crate::failure::Failure;
use crate::record::ResultRecord;
use crate::result::EditResult;
use crate::sides::Sides;
use crate::source::{Source, items_of};
use crate::{convert, layer, sessions};

/// What one result has become.
struct Inserted {
    /// The layer with the record: the result, or its clean plate.
    ground: Item,
    /// The layers of its items over it, the first in front.
    items: Vec<Item>,
}

/// Inserts results into the image, in one undo step: one as a layer, or as its clean plate and items; several as a group of which the first is
/// visible. `replaced` is hidden with its items. Where the results reach beyond the canvas because their edit was to expand it, it grows in the same
/// step. Gives the layers with the records.
///
/// # Errors
/// What GIMP refuses; then no layer is left.
pub(crate) fn insert(
    host: &dyn Host,
    source: &Source,
    composite: &Composite,
    results: &[EditResult],
    replaced: Option<Item>,
) -> Result<Vec<Item>, Failure> {
    let sides = results.first().map(|result| result.sides).unwrap_or_default();
    let source = &source.current(host, replaced)?.grown(sides);
    let place = place(host, source, replaced.or(composite.topmost))?;
    let step = UndoStep::begin(host, source.image)?;
    let mut insertion = Insertion { host, source, composite, topmost: Vec::new() };
    let inserted = insertion.insert_all(results, place).inspect_err(|_| {
        for layer in insertion.topmost {
            let _ = host.remove_layer(source.image, layer);
        }
    })?;
    if !sides.is_none() {
        show_whole(host, source)?;
    }
    if let Some(replaced) = replaced {
        for layer in with_items(host, source.image, replaced) {
            host.set_visible(layer, false)?;
        }
    }
    // An item is there to be moved. Else the next edit is of the picture, not of this result alone.
    let item = inserted.first().and_then(|result| result.items.first().copied());
    if let Some(layer) = item.or(source.layer) {
        host.select_layer(source.image, layer)?;
    }
    drop(step);
    if let Some(result) = results.first() {
        sessions::remember(host, source, &result.session)?;
    }
    host.flush();
    Ok(inserted.into_iter().map(|result| result.ground).collect())
}

/// A result and the layers of its items.
fn with_items(host: &dyn Host, image: Image, result: Item) -> Vec<Item> {
    let items = ResultRecord::of(host, result).map(|record| items_of(host, image, &record));
    std::iter::once(result).chain(items.unwrap_or_default()).collect()
}

/// Enlarges the canvas where the picture reaches beyond it.
fn show_whole(host: &dyn Host, source: &Source) -> Result<(), Failure> {
    let ((x, y), (width, height), canvas) = (source.offsets, source.size, host.image_size(source.image)?);
    let beyond = |at: i32, length: u32, canvas: u32| {
        let after = i64::from(at) + i64::from(length) - i64::from(canvas);
        (u32::try_from(-i64::from(at)).unwrap_or(0), u32::try_from(after).unwrap_or(0))
    };
    let ((left, right), (top, bottom)) = (beyond(x, width, canvas.0), beyond(y, height, canvas.1));
    let sides = Sides { left, right, top, bottom };
    if !sides.is_none() {
        host.resize_canvas(source.image, sides.grown(canvas), sides.corner())?;
    }
    Ok(())
}

/// Inserts the layers of results.
struct Insertion<'a> {
    host: &'a dyn Host,
    source: &'a Source,
    composite: &'a Composite,
    /// What lies beside the picture so far, also where it fails later.
    topmost: Vec<Item>,
}

impl Insertion<'_> {
    /// Inserts results at a place: a parent and a position in it.
    fn insert_all(&mut self, results: &[EditResult], (parent, position): (Option<Item>, i32)) -> Result<Vec<Inserted>, Failure> {
        if let [result] = results {
            return Ok(vec![self.insert_one(result, parent, position)?]);
        }
        let group = self.group(results, parent, position)?;
        let mut inserted = Vec::with_capacity(results.len());
        for (i, result) in results.iter().enumerate() {
            // The layers of one result are shown and hidden as one.
            let of_its_own = if result.layers.is_some() { Some(self.group(&results[i..=i], Some(group), i as i32)?) } else { None };
            let (parent, position) = of_its_own.map_or((group, i as i32), |own| (own, 0));
            let result = self.insert_one(result, Some(parent), position)?;
            if i > 0 {
                self.host.set_visible(of_its_own.unwrap_or(result.ground), false)?;
            }
            inserted.push(result);
        }
        Ok(inserted)
    }

    /// A group for results.
    fn group(&mut self, results: &[EditResult], parent: Option<Item>, position: i32) -> Result<Item, Failure> {
        let Self { host, source, .. } = *self;
        let name = results.first().map(|result| result.name.as_str()).unwrap_or_default();
        let group = host.new_group(source.image, name)?;
        if results.iter().any(|result| !result.items().is_empty()) {
            // An item's soft edge is the group's own where no plate lies below it.
            host.mix_in(group, source.format.curve)?;
        }
        host.insert_layer(source.image, group, parent, position)?;
        self.topmost.push(group);
        Ok(group)
    }

    /// Inserts the layers of one result, and attaches the record of how it was made.
    fn insert_one(&mut self, result: &EditResult, parent: Option<Item>, position: i32) -> Result<Inserted, Failure> {
        let Self { host, source, composite, .. } = *self;
        let ground = layer::of_ground(host, source, result)?;
        self.put(ground, parent, position)?;
        let clipped = layer::fill_ground(host, source, result, ground)?;
        let mut items = Vec::new();
        for item in result.items().iter().rev() {
            let layer = layer::of_item(host, source, item)?;
            self.put(layer, parent, position)?;
            layer::fill_item(host, source, item, layer)?;
            items.push(layer);
        }
        let tattoos: Result<Vec<u32>, _> = items.iter().rev().map(|layer| host.tattoo(*layer)).collect();
        let mut record = ResultRecord { items: tattoos?, clipped, before: composite.digest.clone(), ..record(source, result) };
        let by = if clipped { Mixing::Clipped } else { Mixing::Instead };
        let seen: &[Item] = if record.shows_items() { &items } else { &[] };
        record.digest = composite.digest_with(host, source, result, (Overlay { layer: ground, by }, seen))?;
        record.attach(host, ground)?;
        items.reverse();
        Ok(Inserted { ground, items })
    }

    fn put(&mut self, layer: Item, parent: Option<Item>, position: i32) -> Result<(), Failure> {
        self.host.insert_layer(self.source.image, layer, parent, position)?;
        self.topmost.push(layer);
        Ok(())
    }
}

/// Above the topmost result and its items, but below what was lifted out of it; without a result above the source, in its group; for all that is
/// visible on top.
fn place(host: &dyn Host, source: &Source, topmost: Option<Item>) -> Result<(Option<Item>, i32), Failure> {
    let Some(layer) = source.layer else { return Ok((None, 0)) };
    let parent = host.parent(layer)?;
    let mut position = host.position(layer)?;
    let Some(topmost) = topmost else { return Ok((parent, position)) };
    let shows_items = ResultRecord::of(host, topmost).is_some_and(|record| record.shows_items());
    let layers = if shows_items { with_items(host, source.image, topmost) } else { vec![topmost] };
    for above in layers {
        if let Some(above) = beside(host, above, parent)? {
            position = position.min(host.position(above)?);
        }
    }
    Ok((parent, position))
}

/// What lies in a parent: the layer, or the group that it lies in (a variation does). `None` where neither does.
fn beside(host: &dyn Host, layer: Item, parent: Option<Item>) -> Result<Option<Item>, Failure> {
    let mut at = layer;
    loop {
        match host.parent(at)? {
            within if within == parent => return Ok(Some(at)),
            Some(group) => at = group,
            None => return Ok(None),
        }
    }
}

/// What is known of a result before it is a layer.
fn record(source: &Source, result: &EditResult) -> ResultRecord {
    let Edited { revision, base, seed, draft, ref model, ref settings, .. } = result.edited;
    ResultRecord {
        session: result.session.clone(),
        revision,
        base,
        source: source.tattoo,
        edits: result.edit.iter().map(convert::edit_record).collect(),
        plan: convert::plan_record(&result.plan),
        options: convert::options_record(&result.options),
        seed,
        draft,
        model: model.clone(),
        settings: settings.clone(),
        sides: if result.sides.is_none() { Sides::default() } else { source.added },
        ..ResultRecord::default()
    }
}

#[cfg(test)]
mod tests;
