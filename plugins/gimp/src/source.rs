//! What is edited: the active layer, or all that is visible.

use dedit_protocol::{pixels::MAX_PIXELS, pixels::MAX_SIDE};
use gimp_host::{Call, Format, Host, Image, Item, ItemKind};

use crate::failure::Failure;
use crate::pixels;
use crate::record::ResultRecord;
use crate::sides::Sides;

/// What is edited.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Source {
    pub(crate) image: Image,
    /// The layer; `None` for all that is visible.
    pub(crate) layer: Option<Item>,
    /// Name of the layer or image.
    pub(crate) name: String,
    /// Left upper corner in the image.
    pub(crate) offsets: (i32, i32),
    /// Width and height.
    pub(crate) size: (u32, u32),
    /// The part of it that visible results have added around the layer.
    pub(crate) added: Sides,
    /// Format in which its pixels are read.
    pub(crate) format: Format,
    /// Tattoo of the layer, by which records name it; 0 for all that is visible.
    pub(crate) tattoo: u32,
    /// The active layer, where it is a result: then `layer` is the one that the result was made of.
    pub(crate) active_result: Option<Item>,
}

impl Source {
    /// What a call edits: `picture` is `layer` or `visible`.
    ///
    /// # Errors
    /// Where it cannot be edited: why, and what to do.
    pub(crate) fn find(host: &dyn Host, call: &Call, picture: &str) -> Result<Self, Failure> {
        let image = call.image.filter(|image| host.has_image(*image));
        let image = image.ok_or_else(|| Failure::input("there is no picture", "open one first"))?;
        if host.floating(image)?.is_some() {
            return Err(Failure::input("there is a floating selection", "anchor it (Ctrl+H) or make it a layer of its own first"));
        }
        let source = if picture == "visible" { Self::visible(host, image)? } else { Self::layer(host, image, &call.drawables)? };
        source.check_size()?;
        Ok(source)
    }

    /// # Errors
    /// Where it is beyond the limits of the wire.
    pub(crate) fn check_size(&self) -> Result<(), Failure> {
        let (width, height) = self.size;
        if width == 0 || height == 0 || width.max(height) > MAX_SIDE || u64::from(width) * u64::from(height) > MAX_PIXELS {
            return Err(pixels::too_large(width, height));
        }
        Ok(())
    }

    /// The same with pixels added around it.
    pub(crate) fn grown(&self, sides: Sides) -> Self {
        let ((x, y), (left, top)) = (self.offsets, sides.corner());
        let offsets = (x.saturating_sub(left), y.saturating_sub(top));
        Self { offsets, size: sides.grown(self.size), added: self.added.plus(sides), ..self.clone() }
    }

    fn shrunk(&self, sides: Sides) -> Self {
        let ((x, y), (left, top)) = (self.offsets, sides.corner());
        let offsets = (x.saturating_add(left), y.saturating_add(top));
        Self { offsets, size: sides.shrunk(self.size), added: self.added.minus(sides), ..self.clone() }
    }

    /// The same without the pixels that a visible result has added.
    pub(crate) fn without(&self, host: &dyn Host, result: Item) -> Result<Self, Failure> {
        if self.layer.is_some() {
            return self.shrunk(self.added).with_results(host, Some(result));
        }
        match ResultRecord::of(host, result) {
            Some(record) if is_shown(host, result)? => Ok(Self { added: Sides::default(), ..self.shrunk(record.sides) }),
            _ => Ok(self.clone()),
        }
    }

    /// A layer, as far as the visible results of it reach.
    fn with_results(&self, host: &dyn Host, without: Option<Item>) -> Result<Self, Failure> {
        let results = visible_results(host, self, without)?;
        Ok(self.grown(results.iter().fold(Sides::default(), |sides, (_, record)| sides.union(record.sides))))
    }

    /// The same with its present offsets: the user may have changed the document while the daemon worked. `replaced` is a result that may have
    /// expanded the canvas since, or before the source was read without it.
    ///
    /// # Errors
    /// Where it was deleted, resized or converted.
    pub(crate) fn current(&self, host: &dyn Host, replaced: Option<Item>) -> Result<Self, Failure> {
        let changed = |how: &str| {
            let message = format!("'{}' was {how} while D-Edit was at work", self.name);
            Failure::input(message, "the result is kept: Filters ▸ D-Edit ▸ History brings it back where it fits")
        };
        if !host.has_image(self.image) {
            return Err(changed("closed"));
        }
        let Some(layer) = self.layer else {
            let sides = replaced.and_then(|result| ResultRecord::of(host, result)).map(|record| record.sides).unwrap_or_default();
            return match host.image_size(self.image)? {
                size if size == self.size => Ok(Self { offsets: (0, 0), ..self.clone() }),
                size if size == sides.grown(self.size) => Ok(Self { offsets: sides.corner(), ..self.clone() }),
                _ => Err(changed("resized")),
            };
        };
        if !host.has_item(layer) {
            return Err(changed("deleted"));
        }
        if self.added.grown(host.size(layer)?) != self.size {
            return Err(changed("resized"));
        }
        if pixels::format(host, self.image, host.has_alpha(layer)?)? != self.format {
            return Err(changed("converted"));
        }
        let ((x, y), (left, top)) = (host.offsets(layer)?, self.added.corner());
        Ok(Self { offsets: (x.saturating_sub(left), y.saturating_sub(top)), ..self.clone() })
    }

    fn visible(host: &dyn Host, image: Image) -> Result<Self, Failure> {
        let format = pixels::format(host, image, true)?;
        let (name, size) = (host.image_name(image)?, host.image_size(image)?);
        Ok(Self { image, layer: None, name, offsets: (0, 0), size, added: Sides::default(), format, tattoo: 0, active_result: None })
    }

    fn layer(host: &dyn Host, image: Image, drawables: &[Item]) -> Result<Self, Failure> {
        let drawable = match drawables {
            [] => return Err(Failure::input("no layer is active", "click the layer with the picture first")),
            [drawable] => *drawable,
            _ => return Err(Failure::input("several layers are active", "click the one with the picture, so that it alone is active")),
        };
        let active = match host.kind(drawable)? {
            ItemKind::Layer => drawable,
            ItemKind::Mask => {
                host.layer_of_mask(drawable)?.ok_or_else(|| Failure::input("the active mask belongs to no layer", "click a layer first"))?
            }
            ItemKind::Group => {
                let message = format!("'{}' is a group of layers", host.name(drawable)?);
                return Err(Failure::input(message, "click the layer with the picture, or edit all that is visible"));
            }
            ItemKind::Channel | ItemKind::Selection => {
                return Err(Failure::input(
                    "a channel is active, not a layer",
                    "leave the quick mask (Shift+Q) if it is on, and click the layer with the picture",
                ));
            }
            ItemKind::Other => return Err(Failure::input("what is active is no layer", "click the layer with the picture first")),
        };
        let (layer, active_result) = match result_of(host, image, active)? {
            Some((result, record)) if record.source == 0 => {
                return Self::visible(host, image).map(|found| Self { active_result: Some(result), ..found });
            }
            Some((result, record)) => (source_of(host, image, result, &record)?, Some(result)),
            None => (active, None),
        };
        let name = host.name(layer)?;
        if !is_shown(host, layer)? {
            return Err(Failure::input(
                format!("the layer '{name}' is not visible"),
                "open its eye in the list of layers, or click another layer",
            ));
        }
        if host.is_locked(layer)? {
            return Err(Failure::input(
                format!("the pixels of the layer '{name}' are locked"),
                "unlock them in the list of layers, or click another layer",
            ));
        }
        let format = pixels::format(host, image, host.has_alpha(layer)?)?;
        let (offsets, size, tattoo) = (host.offsets(layer)?, host.size(layer)?, host.tattoo(layer)?);
        let added = Sides::default();
        Self { image, layer: Some(layer), name, offsets, size, added, format, tattoo, active_result }.with_results(host, None)
    }
}

/// The layer that a result was made of.
fn source_of(host: &dyn Host, image: Image, result: Item, record: &ResultRecord) -> Result<Item, Failure> {
    host.layer_by_tattoo(image, record.source).ok_or_else(|| {
        let name = host.name(result).unwrap_or_default();
        Failure::input(
            format!("the layer that '{name}' was made from is gone"),
            "click the layer with the picture, or edit all that is visible",
        )
    })
}

/// All layers and groups, from the top, groups before what is in them.
pub(crate) fn all_layers(host: &dyn Host, image: Image) -> Result<Vec<Item>, Failure> {
    fn add(host: &dyn Host, layers: Vec<Item>, found: &mut Vec<Item>) -> Result<(), Failure> {
        for layer in layers {
            found.push(layer);
            if host.kind(layer)? == ItemKind::Group {
                add(host, host.children(layer)?, found)?;
            }
        }
        Ok(())
    }
    let mut found = Vec::new();
    add(host, host.layers(image)?, &mut found)?;
    Ok(found)
}

/// The results of an image, from the top.
fn results(host: &dyn Host, image: Image) -> Result<Vec<(Item, ResultRecord)>, Failure> {
    let layers = all_layers(host, image)?.into_iter();
    Ok(layers.filter_map(|layer| Some((layer, ResultRecord::of(host, layer)?))).collect())
}

/// The result that a layer is, or is an item of.
fn result_of(host: &dyn Host, image: Image, layer: Item) -> Result<Option<(Item, ResultRecord)>, Failure> {
    if let Some(record) = ResultRecord::of(host, layer) {
        return Ok(Some((layer, record)));
    }
    let tattoo = host.tattoo(layer)?;
    Ok(results(host, image)?.into_iter().find(|(_, record)| record.items.contains(&tattoo)))
}

/// The layers of a result's items, the first in front.
pub(crate) fn items_of(host: &dyn Host, image: Image, record: &ResultRecord) -> Vec<Item> {
    record.items.iter().filter_map(|tattoo| host.layer_by_tattoo(image, *tattoo)).collect()
}

/// All layers and groups but results and their items, from the top.
pub(crate) fn document_layers(host: &dyn Host, image: Image) -> Result<Vec<Item>, Failure> {
    let results = results(host, image)?;
    let made = |(result, record): &(Item, ResultRecord)| std::iter::once(*result).chain(items_of(host, image, record)).collect::<Vec<_>>();
    let made: Vec<Item> = results.iter().flat_map(made).collect();
    let mut layers = all_layers(host, image)?;
    layers.retain(|layer| !made.contains(layer));
    Ok(layers)
}

/// The visible results of a source, from the top.
pub(crate) fn visible_results(host: &dyn Host, source: &Source, without: Option<Item>) -> Result<Vec<(Item, ResultRecord)>, Failure> {
    let mut found = Vec::new();
    for (layer, record) in results(host, source.image)? {
        if record.source == source.tattoo && Some(layer) != without && is_shown(host, layer)? {
            found.push((layer, record));
        }
    }
    Ok(found)
}

/// Whether a layer and all groups that it lies in are visible.
pub(crate) fn is_shown(host: &dyn Host, layer: Item) -> Result<bool, Failure> {
    let mut at = Some(layer);
    while let Some(item) = at {
        if !host.is_visible(item)? {
            return Ok(false);
        }
        at = host.parent(item)?;
    }
    Ok(true)
}

/// A layer as the source, for tests.
#[cfg(test)]
pub(crate) fn of_layer(host: &dyn Host, layer: Item) -> Source {
    Source::layer(host, crate::fake::IMAGE, &[layer]).unwrap()
}

#[cfg(test)]
mod tests {
    use gimp_host::RunMode;

    use super::*;
    use crate::fake::{Fake, IMAGE};

    fn call(image: Option<Image>, drawables: &[Item]) -> Call {
        Call { procedure: String::new(), mode: RunMode::NonInteractive, image, drawables: drawables.to_vec(), values: Vec::new() }
    }

    #[test]
    fn what_cannot_be_edited_is_said_with_what_to_do() {
        let (fake, layer) = Fake::picture(4, 4);
        let (hidden, locked) = (fake.layer("hidden", (0, 0), (4, 4), true), fake.layer("locked", (0, 0), (4, 4), true));
        fake.with(hidden, |layer| layer.visible = false);
        fake.with(locked, |layer| layer.locked = true);
        let huge = fake.layer("huge", (0, 0), (1, 1), false);
        fake.with(huge, |layer| layer.size = (60000, 60000));
        let channel = fake.channel("saved", gimp_host::Rect::default());
        for (image, drawables, message, hint) in [
            (None, vec![layer], "no picture", "open one"),
            (Some(Image(9)), vec![layer], "no picture", "open one"),
            (Some(IMAGE), vec![], "no layer is active", "click"),
            (Some(IMAGE), vec![layer, hidden], "several layers", "click the one"),
            (Some(IMAGE), vec![fake.group("objects")], "'objects' is a group", "all that is visible"),
            (Some(IMAGE), vec![channel], "a channel is active", "quick mask"),
            (Some(IMAGE), vec![hidden], "'hidden' is not visible", "eye"),
            (Some(IMAGE), vec![locked], "'locked' are locked", "unlock"),
            (Some(IMAGE), vec![huge], "60000 × 60000", "crop"),
        ] {
            let failure = Source::find(&fake, &call(image, &drawables), "layer").unwrap_err();
            assert!(failure.message.contains(message), "{failure}");
            assert!(failure.hint.as_ref().is_some_and(|text| text.contains(hint)), "{failure}");
        }
    }

    #[test]
    fn the_mask_and_the_result_of_a_layer_stand_for_it() {
        let (fake, layer) = Fake::picture(4, 4);
        let mask = fake.mask(layer, gimp_host::Rect::default());
        let record = ResultRecord { source: fake.tattoo(layer).unwrap(), ..ResultRecord::default() };
        let result = fake.layer("result", (1, 1), (2, 2), true);
        record.attach(&fake, result).unwrap();
        for (active, active_result) in [(layer, None), (mask, None), (result, Some(result))] {
            let source = Source::find(&fake, &call(Some(IMAGE), &[active]), "layer").unwrap();
            assert_eq!((source.layer, source.size, source.active_result), (Some(layer), (4, 4), active_result));
        }
        let visible = Source::find(&fake, &call(Some(IMAGE), &[]), "visible").unwrap();
        assert_eq!((visible.layer, visible.tattoo, visible.size), (None, 0, (4, 4)));
    }

    #[test]
    fn what_lies_in_a_hidden_group_is_not_shown() {
        let (fake, _) = Fake::picture(4, 4);
        let (group, inner) = (fake.group("group"), fake.layer("inner", (0, 0), (1, 1), true));
        fake.with(inner, |layer| layer.parent = Some(group));
        assert!(is_shown(&fake, inner).unwrap());
        assert_eq!(all_layers(&fake, IMAGE).unwrap()[..2], [group, inner]);
        fake.with(group, |group| group.visible = false);
        assert!(!is_shown(&fake, inner).unwrap());
    }
}
