//! An edit through an engine: in sRGB, with a clean plate where one helps, and back into the picture's own colour space.

use std::sync::Arc;

use dedit_edit::{Edited, Engine, ErrorKind, ItemMask, Learned, Listener, Rect, Result, Work};

use super::event::Layers;
use super::layers::{Plate, Source, only_removes};
use super::regions::in_regions;
use super::request::EditRequest;
use crate::colour::ColourSpace;
use crate::models::Models;

/// What an edit came to, in the picture's own colour space.
pub(super) struct Through {
    pub(super) edited: Edited,
    /// The parts of the edit's region, each with what it needed around it far from the others.
    pub(super) regions: Vec<Rect>,
    pub(super) layers: Option<Layers>,
    /// How far each pixel was allowed to change.
    pub(super) change: ItemMask,
}

/// Carries out a request on the picture of `source`, which is in its own colour space, `space`; without one it is sRGB.
pub(super) fn through(
    engine: &mut dyn Engine,
    models: &dyn Models,
    learned: &dyn Learned,
    request: &EditRequest,
    source: &Source<'_>,
    space: Option<&ColourSpace>,
    listener: &mut Listener<'_>,
) -> Result<Through> {
    let own = source.picture;
    let shown = match space {
        Some(space) => Arc::new(space.shown(own)?),
        None => own.clone(),
    };
    let (mut edited, regions, mut plate) = edited(engine, models, learned, request, &Source { picture: &shown, ..*source }, listener)?;
    let change = match &plate {
        Some(plate) => plate.change(source.plan)?,
        None => source.plan.change().clone(),
    };
    // What the layers show together reaches as far as the plate does.
    let regions = if plate.is_some() { change.parts() } else { regions };
    if let Some(space) = space {
        edited.picture = space.back(&edited.picture, own, &change)?;
        plate = plate.map(|plate| plate.back(space, own)).transpose()?;
    }
    let layers = plate.map(|plate| plate.layers(source, &mut edited)).transpose()?;
    Ok(Through { edited, regions, layers, change })
}

/// The result, its regions, and the plate if layers are wanted.
fn edited(
    engine: &mut dyn Engine,
    models: &dyn Models,
    learned: &dyn Learned,
    request: &EditRequest,
    source: &Source<'_>,
    listener: &mut Listener<'_>,
) -> Result<(Edited, Vec<Rect>, Option<Plate>)> {
    let options = &request.options;
    let is_plate = only_removes(source.edits);
    let made = if engine.wants_plate(source.edits, options) || (request.layers && !is_plate) {
        Plate::make(source, models.plate_engine().as_mut(), options.seed, listener)
    } else {
        Ok(None)
    };
    let plate = match made {
        // Layers need a plate; for the result alone it only helps, and some pictures show nothing that it could be filled from.
        Err(error) if error.kind() != ErrorKind::Cancelled && !request.layers => None,
        made => made?,
    };
    let work = Work {
        picture: source.picture,
        plan: source.plan,
        edits: source.edits,
        options,
        plate: plate.as_ref().map(Plate::picture),
        neighbours: source.neighbours,
    };
    let (edited, regions) = in_regions(engine, learned, &work, listener)?;
    let plate = if is_plate { Some(Plate::of(&edited, source.plan)) } else { plate };
    Ok((edited, regions, plate.filter(|_| request.layers)))
}
