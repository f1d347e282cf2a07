//! Clean plates: the picture without the items that leave their pixels or are replaced. Pixels that show what is behind these items start from the plate
//! instead of from noise.

use dedit_diffusion::Result;
use dedit_edit::{ChangeKind, EditPlan, Image, ItemLayer, ItemMask, Outline, Planes, Rect, composite};

use super::EditInput;
use super::settings::{EditSettings, PlateUse};
use crate::error::from_edit;

/// A clean plate, and the plan of an edit that uses it.
pub(super) struct Plate<'a> {
    pub(super) picture: &'a Image,
    pub(super) plan: EditPlan,
    pub(super) usage: PlateUse,
}

impl<'a> Plate<'a> {
    /// The plate of an edit, where there is one and the settings use it. Edits of the item with the most pixels use none: without what lies behind everything
    /// else, a plate shows other items in its place.
    pub(super) fn of(input: &EditInput<'a>, settings: &EditSettings) -> Result<Option<Self>> {
        let (Some(picture), Some(usage)) = (input.plate, settings.plate) else { return Ok(None) };
        let before = input.plan.before();
        before.check_picture(picture).map_err(from_edit)?;
        let areas = before.areas();
        let behind = (0..areas.len()).max_by_key(|item| areas[*item]).map(|item| before.names()[item].as_str());
        if input.plan.edited_items().into_iter().any(|item| Some(item) == behind) {
            return Ok(None);
        }
        let narrowed = if usage.narrow { narrowed(input, picture)? } else { None };
        Ok(Some(Self { picture, plan: narrowed.unwrap_or_else(|| input.plan.clone()), usage }))
    }

    /// The plate where the plan may change pixels, the picture elsewhere; blended in the outer quarter of the soft ring.
    pub(super) fn ground(&self, picture: &Image) -> Result<Image> {
        let mut ground = picture.clone();
        let Some(region) = self.plan.region() else { return Ok(ground) };
        let part = |of: &Image| of.crop(region).map_err(from_edit);
        let change = self.plan.change().crop(region).map_err(from_edit)?;
        let weights = change.values().iter().map(|value| (4.0 * value).min(1.0)).collect();
        let weights = ItemMask::new(change.size(), weights).map_err(from_edit)?;
        let planes = part(self.picture)?.planes().map_err(from_edit)?;
        let blended = composite(&part(picture)?, &planes, (0, 0), &weights).map_err(from_edit)?;
        ground.put((region.x, region.y), &blended).map_err(from_edit)?;
        Ok(ground)
    }

    /// Restores the details that the autoencoder loses: adds the difference of `own` and `decoded`, which is `own` through the autoencoder, as far as
    /// `generated` is like `decoded`. Pixels that are generated anew in `rect` are left as they are. All planes have three colours and the size of `rect`.
    pub(super) fn restore_details(&self, generated: &mut Planes, decoded: &Planes, own: &Planes, rect: Rect) -> Result<()> {
        let Some(distance) = self.usage.details else { return Ok(()) };
        let drawn = self.plan.drawn().crop(rect).map_err(from_edit)?;
        let moved = self.plan.moved().crop(rect).map_err(from_edit)?;
        let is_new = |index: usize| drawn.is_inside(index) && !moved.is_inside(index);
        for index in (0..rect.width * rect.height).filter(|index| !is_new(*index)) {
            let squares = generated.colour().iter().zip(decoded.colour()).map(|(one, other)| (one[index] - other[index]).powi(2));
            let weight = (-squares.sum::<f32>() / distance.powi(2)).exp();
            for ((value, decoded), own) in generated.colour_mut().iter_mut().zip(decoded.colour()).zip(own.colour()) {
                let restored = value[index] + weight * (own[index] - decoded[index]);
                // Float pictures may have samples beyond [0, 1].
                value[index] = restored.clamp(own[index].min(0.0), own[index].max(1.0));
            }
        }
        Ok(())
    }

    /// Puts `ground` in the place of everything around a new thing in the room that it was given: what differs from the ground there is the thing, or its shadow.
    pub(super) fn cut_out(&self, edited: Image, ground: &Image) -> Result<Image> {
        let after = self.plan.after();
        let replaced = self.plan.changes().iter().filter(|change| change.kind == ChangeKind::Prompt);
        let numbers: Vec<usize> = replaced.filter_map(|change| after.item(&change.item).ok()).collect();
        let Some(region) = self.plan.region().filter(|_| self.usage.cut_out && !numbers.is_empty()) else { return Ok(edited) };
        let (mut over, mut room) = (ground.clone(), ItemMask::empty(after.size()));
        for number in &numbers {
            let layer = ItemLayer::cut_out((&edited, ground), after, *number, Outline::WithinMask, &numbers).map_err(from_edit)?;
            layer.map_or(Ok(()), |layer| layer.lay_over(&mut over)).map_err(from_edit)?;
            room = room.union(&after.mask(*number)).map_err(from_edit)?;
        }
        let width = room.size().width();
        let room = ItemMask::from_fn(room.size(), |x, y| region.contains(x, y) && room.is_inside(y * width + x));
        let planes = over.crop(region).and_then(|part| part.planes()).map_err(from_edit)?;
        composite(&edited, &planes, (region.x, region.y), &room).map_err(from_edit)
    }
}

/// The plan with only those pixels active in which the plate differs from the picture, an item is drawn, or one left. `None` where none would be.
fn narrowed(input: &EditInput<'_>, plate: &Image) -> Result<Option<EditPlan>> {
    let Some(region) = input.plan.region() else { return Ok(None) };
    let planes = |of: &Image| of.crop(region).and_then(|part| part.planes()).map_err(from_edit);
    let (before, after) = (planes(input.picture)?, planes(plate)?);
    let (size, drawn, vacated) = (input.plan.change().size(), input.plan.drawn(), input.plan.vacated());
    let mask = ItemMask::from_fn(size, |x, y| {
        let index = y * size.width() + x;
        let differs = || {
            let inner = (y - region.y) * region.width + x - region.x;
            before.colour().iter().zip(after.colour()).any(|(one, other)| one[inner].to_bits() != other[inner].to_bits())
        };
        drawn.is_inside(index) || vacated.is_inside(index) || (region.contains(x, y) && differs())
    });
    input.plan.narrowed(&mask).map_err(from_edit)
}
