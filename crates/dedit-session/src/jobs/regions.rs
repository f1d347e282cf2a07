//! Distant regions of an edit.

use dedit_edit::{Edited, Engine, EngineEvent, Error, ErrorKind, Image, Learned, Listener, Rect, Result, Window, Work};

/// Carries out distant regions one by one, each on a canvas of its own; gives the result, and the region of each.
pub(super) fn in_regions(
    engine: &mut dyn Engine,
    learned: &dyn Learned,
    work: &Work<'_>,
    listener: &mut Listener<'_>,
) -> Result<(Edited, Vec<Rect>)> {
    let regions = work.plan.regions(|region| engine.canvas(region, work.picture.size(), work.edits, work.options));
    let regions: Vec<Rect> = regions.into_iter().filter(|region| is_visible(work.picture, *region)).collect();
    if regions.len() < 2 {
        let edited = engine.edit(learned, work, listener)?;
        let region = edited.region;
        return Ok((edited, vec![region]));
    }
    let count = regions.len();
    let mut whole: Option<Edited> = None;
    let mut changed = Vec::with_capacity(count);
    for (number, region) in regions.into_iter().enumerate() {
        let plan = work.plan.within(region);
        let mut of_all = |event: EngineEvent<'_>| match event {
            EngineEvent::Step { stage, step, of, loss, seconds_left } => listener(EngineEvent::Step {
                stage,
                step: number * of + step,
                of: count * of,
                loss,
                seconds_left: seconds_left.filter(|_| number + 1 == count),
            }),
            event => listener(event),
        };
        let edited = engine.edit(learned, &Work { plan: &plan, ..*work }, &mut of_all)?;
        changed.push(edited.region);
        whole = Some(match whole.take() {
            None => edited,
            Some(mut whole) => {
                whole.picture.put((region.x, region.y), &edited.picture.crop(region)?)?;
                whole.region = whole.region.hull(edited.region);
                whole.changed_pixels_outside += edited.changed_pixels_outside;
                whole.steps += edited.steps;
                whole
            }
        });
    }
    let whole = whole.ok_or_else(|| Error::new(ErrorKind::Internal, "an edit without a region"))?;
    Ok((whole, changed))
}

/// Whether something of a region is visible: alpha stays as it is, so that an edit of the rest would not be seen.
fn is_visible(picture: &Image, region: Rect) -> bool {
    !picture.channels().has_alpha()
        || Window::read(picture, region, 1).is_ok_and(|window| (0..window.finite.len()).any(|index| window.is_visible(index)))
}
