//! [`Host`] for both versions of GIMP.

use std::path::Path;

use crate::error::{Error, Result};
use crate::gimp::{Abi, Gimp};
use crate::glib::{c_message, c_text};
use crate::host::{Colours, Curve, Depth, Format, Host, Image, Item, ItemKind, Precision, Rect, Samples, Version};

/// Numbers from GIMP's headers; they are the same in both versions.
mod constants {
    use std::ffi::c_int;

    pub(super) const CHANNEL_OP_REPLACE: c_int = 2;
    pub(super) const LAYER_MODE_NORMAL: c_int = 28;
    pub(super) const LAYER_COMPOSITE_CLIP_TO_BACKDROP: c_int = 2;
    pub(super) const ADD_MASK_WHITE: c_int = 0;
    pub(super) const OPAQUE: f64 = 100.0;
}
use constants::{ADD_MASK_WHITE, CHANNEL_OP_REPLACE, LAYER_COMPOSITE_CLIP_TO_BACKDROP, LAYER_MODE_NORMAL, OPAQUE};

impl<A: Abi> Host for Gimp<A> {
    fn version(&self) -> Version {
        A::VERSION
    }

    fn images(&self) -> Vec<Image> {
        self.abi.images(&self.glib).into_iter().filter_map(|image| self.abi.image_number(image)).collect()
    }

    fn has_image(&self, image: Image) -> bool {
        self.image_handle(image).is_ok()
    }

    fn has_item(&self, item: Item) -> bool {
        self.item_handle(item).is_ok()
    }

    fn image_size(&self, image: Image) -> Result<(u32, u32)> {
        let image = self.image_handle(image)?;
        Ok(((self.calls.gimp_image_get_width)(image) as u32, (self.calls.gimp_image_get_height)(image) as u32))
    }

    fn resize_canvas(&self, image: Image, (width, height): (u32, u32), (x, y): (i32, i32)) -> Result<()> {
        let (width, height) = sides(width, height)?;
        let resized = (self.calls.gimp_image_resize)(self.image_handle(image)?, width, height, x, y);
        self.check(resized, "change the canvas's size")
    }

    fn image_name(&self, image: Image) -> Result<String> {
        self.text((self.calls.gimp_image_get_name)(self.image_handle(image)?), "name the image")
    }

    fn colours(&self, image: Image) -> Result<Colours> {
        match (self.calls.gimp_image_get_base_type)(self.image_handle(image)?) {
            0 => Ok(Colours::Rgb),
            1 => Ok(Colours::Grey),
            2 => Ok(Colours::Indexed),
            other => Err(Error::new(format!("the image is of a type that is not known here ({other})"))),
        }
    }

    fn precision(&self, image: Image) -> Result<Precision> {
        let number = (self.calls.gimp_image_get_precision)(self.image_handle(image)?);
        precision(number).ok_or_else(|| Error::new(format!("the image has a precision that is not known here ({number})")))
    }

    fn profile(&self, image: Image) -> Result<Option<Vec<u8>>> {
        Ok(self.icc(self.image_handle(image)?))
    }

    fn load(&self, file: &Path) -> Result<Image> {
        let name = std::ffi::CString::new(file.as_os_str().as_encoded_bytes())
            .map_err(|_| Error::new(format!("{} cannot be the name of a file", file.display())))?;
        // GIMP 3 says of a file that is not there only that a value is out of range.
        std::fs::File::open(file).map_err(|error| Error::new(format!("{} cannot be opened: {error}", file.display())))?;
        let image = self.abi.load(&self.glib, &name);
        self.abi.image_number(image).ok_or_else(|| self.refusal(&format!("open {}", file.display())))
    }

    fn close(&self, image: Image) -> Result<()> {
        self.check((self.calls.gimp_image_delete)(self.image_handle(image)?), "close the image")
    }

    fn layers(&self, image: Image) -> Result<Vec<Item>> {
        Ok(self.numbers(self.abi.layers(&self.glib, self.image_handle(image)?)))
    }

    fn children(&self, group: Item) -> Result<Vec<Item>> {
        let group = self.item_handle(group)?;
        if (self.calls.gimp_item_is_group)(group) == 0 {
            return Err(Error::new("the item is no group of layers"));
        }
        Ok(self.numbers(self.abi.children(&self.glib, group)))
    }

    fn channels(&self, image: Image) -> Result<Vec<Item>> {
        Ok(self.numbers(self.abi.channels(&self.glib, self.image_handle(image)?)))
    }

    fn selected_layers(&self, image: Image) -> Result<Vec<Item>> {
        Ok(self.numbers(self.abi.selected_layers(&self.glib, self.image_handle(image)?)))
    }

    fn select_layer(&self, image: Image, layer: Item) -> Result<()> {
        self.check(self.abi.select_layer(self.image_handle(image)?, self.layer(layer)?), "make the layer the active one")
    }

    fn selection(&self, image: Image) -> Result<Option<Item>> {
        let image = self.image_handle(image)?;
        if (self.calls.gimp_selection_is_empty)(image) != 0 {
            return Ok(None);
        }
        self.created((self.calls.gimp_image_get_selection)(image), "hand out the selection").map(Some)
    }

    fn floating(&self, image: Image) -> Result<Option<Item>> {
        Ok(self.abi.item_number((self.calls.gimp_image_get_floating_sel)(self.image_handle(image)?)))
    }

    fn layer_by_tattoo(&self, image: Image, tattoo: u32) -> Option<Item> {
        self.abi.item_number((self.calls.gimp_image_get_layer_by_tattoo)(self.image_handle(image).ok()?, tattoo))
    }

    fn kind(&self, item: Item) -> Result<ItemKind> {
        let item = self.item_handle(item)?;
        // A selection or mask is a channel too, and a group is a layer: the narrower kinds come first.
        let tests = [
            (self.calls.gimp_item_is_selection, ItemKind::Selection),
            (self.calls.gimp_item_is_layer_mask, ItemKind::Mask),
            (self.calls.gimp_item_is_channel, ItemKind::Channel),
            (self.calls.gimp_item_is_group, ItemKind::Group),
            (self.calls.gimp_item_is_layer, ItemKind::Layer),
        ];
        Ok(tests.into_iter().find(|(is_one, _)| is_one(item) != 0).map_or(ItemKind::Other, |(_, kind)| kind))
    }

    fn image_of(&self, item: Item) -> Result<Image> {
        let image = (self.calls.gimp_item_get_image)(self.item_handle(item)?);
        self.abi.image_number(image).ok_or_else(|| self.refusal("tell the image of a layer"))
    }

    fn name(&self, item: Item) -> Result<String> {
        self.text((self.calls.gimp_item_get_name)(self.item_handle(item)?), "name the layer")
    }

    fn is_visible(&self, item: Item) -> Result<bool> {
        Ok((self.calls.gimp_item_get_visible)(self.item_handle(item)?) != 0)
    }

    fn set_visible(&self, item: Item, visible: bool) -> Result<()> {
        self.check((self.calls.gimp_item_set_visible)(self.item_handle(item)?, visible.into()), "show or hide the layer")
    }

    fn is_locked(&self, item: Item) -> Result<bool> {
        Ok((self.calls.gimp_item_get_lock_content)(self.item_handle(item)?) != 0)
    }

    fn parent(&self, item: Item) -> Result<Option<Item>> {
        Ok(self.abi.item_number((self.calls.gimp_item_get_parent)(self.item_handle(item)?)))
    }

    fn position(&self, item: Item) -> Result<i32> {
        let image = self.image_handle(self.image_of(item)?)?;
        let position = (self.calls.gimp_image_get_item_position)(image, self.item_handle(item)?);
        if position < 0 { Err(self.refusal("tell the place of the layer")) } else { Ok(position) }
    }

    fn offsets(&self, item: Item) -> Result<(i32, i32)> {
        let (mut x, mut y) = (0, 0);
        self.check((self.calls.gimp_drawable_get_offsets)(self.drawable(item)?, &mut x, &mut y), "tell where the layer is")?;
        Ok((x, y))
    }

    fn size(&self, item: Item) -> Result<(u32, u32)> {
        let item = self.drawable(item)?;
        Ok(((self.calls.gimp_drawable_get_width)(item) as u32, (self.calls.gimp_drawable_get_height)(item) as u32))
    }

    fn has_alpha(&self, item: Item) -> Result<bool> {
        Ok((self.calls.gimp_drawable_has_alpha)(self.drawable(item)?) != 0)
    }

    fn tattoo(&self, item: Item) -> Result<u32> {
        Ok((self.calls.gimp_item_get_tattoo)(self.item_handle(item)?))
    }

    fn opacity(&self, layer: Item) -> Result<f64> {
        Ok((self.calls.gimp_layer_get_opacity)(self.layer(layer)?) / 100.0)
    }

    fn applies_mask(&self, layer: Item) -> Result<bool> {
        Ok((self.calls.gimp_layer_get_apply_mask)(self.layer(layer)?) != 0)
    }

    fn layer_mask(&self, layer: Item) -> Result<Option<Item>> {
        let layer = self.item_handle(layer)?;
        let is_layer = (self.calls.gimp_item_is_layer)(layer) != 0;
        Ok(is_layer.then(|| self.abi.item_number((self.calls.gimp_layer_get_mask)(layer))).flatten())
    }

    fn layer_of_mask(&self, mask: Item) -> Result<Option<Item>> {
        let mask = self.item_handle(mask)?;
        let is_mask = (self.calls.gimp_item_is_layer_mask)(mask) != 0;
        Ok(is_mask.then(|| self.abi.item_number((self.calls.gimp_layer_from_mask)(mask))).flatten())
    }

    fn read(&self, item: Item, area: Rect, format: Format) -> Result<Samples> {
        let (buffer, own) = self.pixels(self.drawable(item)?)?;
        self.gegl.read(&buffer, own, area, format)
    }

    fn write(&self, item: Item, area: Rect, format: Format, samples: &Samples) -> Result<()> {
        let item = self.drawable(item)?;
        let (buffer, own) = self.pixels(item)?;
        self.gegl.write(&buffer, own, area, format, samples)?;
        // Only what is released is what GIMP itself sees.
        drop(buffer);
        let updated = (self.calls.gimp_drawable_update)(item, area.x, area.y, area.width as i32, area.height as i32);
        self.check(updated, "take the new pixels")
    }

    fn new_layer(&self, image: Image, name: &str, (width, height): (u32, u32), alpha: bool) -> Result<Item> {
        let (handle, name) = (self.image_handle(image)?, c_text(name)?);
        let (width, height) = sides(width, height)?;
        // Types go by twos, in the order of the types of images: without alpha and with it.
        let kind = (self.calls.gimp_image_get_base_type)(handle) * 2 + i32::from(alpha);
        let layer = (self.calls.gimp_layer_new)(handle, name.as_c_str().into(), width, height, kind, OPAQUE, LAYER_MODE_NORMAL);
        self.created(layer, "make a layer")
    }

    fn new_layer_from_visible(&self, image: Image) -> Result<Item> {
        let image = self.image_handle(image)?;
        self.created((self.calls.gimp_layer_new_from_visible)(image, image, c"visible".into()), "make a layer of what is visible")
    }

    fn new_group(&self, image: Image, name: &str) -> Result<Item> {
        self.created(self.abi.new_group(self.image_handle(image)?, &c_text(name)?), "make a group")
    }

    fn new_channel(&self, image: Image, name: &str, colour: [u8; 3]) -> Result<Item> {
        let (handle, name) = (self.image_handle(image)?, c_text(name)?);
        let size = ((self.calls.gimp_image_get_width)(handle), (self.calls.gimp_image_get_height)(handle));
        let colour = colour.map(|part| f64::from(part) / 255.0);
        self.created(self.abi.new_channel(&self.glib, handle, &name, size, colour), "make a channel")
    }

    fn insert_layer(&self, image: Image, layer: Item, parent: Option<Item>, position: i32) -> Result<()> {
        let parent = parent.map_or(Ok(A::NOTHING), |parent| self.layer(parent))?;
        let inserted = (self.calls.gimp_image_insert_layer)(self.image_handle(image)?, self.layer(layer)?, parent, position);
        self.check(inserted, "put the layer into the image")
    }

    fn insert_channel(&self, image: Image, channel: Item) -> Result<()> {
        let inserted = (self.calls.gimp_image_insert_channel)(self.image_handle(image)?, self.item_handle(channel)?, A::NOTHING, 0);
        self.check(inserted, "put the channel into the image")
    }

    fn set_offsets(&self, layer: Item, x: i32, y: i32) -> Result<()> {
        self.check((self.calls.gimp_layer_set_offsets)(self.layer(layer)?, x, y), "move the layer")
    }

    fn add_mask(&self, layer: Item) -> Result<Item> {
        let layer = self.layer(layer)?;
        let mask = (self.calls.gimp_layer_create_mask)(layer, ADD_MASK_WHITE);
        let number = self.created(mask, "make a mask")?;
        self.check((self.calls.gimp_layer_add_mask)(layer, mask), "give the layer a mask")?;
        self.check((self.calls.gimp_layer_set_edit_mask)(layer, 0), "go back from the mask to its layer")?;
        Ok(number)
    }

    fn clip_to_backdrop(&self, layer: Item) -> Result<()> {
        let clipped = (self.calls.gimp_layer_set_composite_mode)(self.layer(layer)?, LAYER_COMPOSITE_CLIP_TO_BACKDROP);
        self.check(clipped, "clip the layer to what is below it")
    }

    fn mix_in(&self, layer: Item, curve: Curve) -> Result<()> {
        let mixed = (self.calls.gimp_layer_set_composite_space)(self.layer(layer)?, colour_space(A::VERSION, curve));
        self.check(mixed, "change how the layer is mixed with what is below it")
    }

    fn remove_layer(&self, image: Image, layer: Item) -> Result<()> {
        let removed = (self.calls.gimp_image_remove_layer)(self.image_handle(image)?, self.layer(layer)?);
        self.check(removed, "remove the layer")
    }

    fn delete(&self, item: Item) -> Result<()> {
        self.check((self.calls.gimp_item_delete)(self.item_handle(item)?), "delete the layer")
    }

    fn select_item(&self, image: Image, item: Item) -> Result<()> {
        let selected = (self.calls.gimp_image_select_item)(self.image_handle(image)?, CHANNEL_OP_REPLACE, self.item_handle(item)?);
        self.check(selected, "change the selection")
    }

    fn image_parasite(&self, image: Image, name: &str) -> Result<Option<Vec<u8>>> {
        self.parasite_of_image(self.image_handle(image)?, name)
    }

    fn set_image_parasite(&self, image: Image, name: &str, data: &[u8]) -> Result<()> {
        self.attach_to_image(self.image_handle(image)?, name, data)
    }

    fn item_parasite(&self, item: Item, name: &str) -> Result<Option<Vec<u8>>> {
        self.parasite_of_item(self.item_handle(item)?, name)
    }

    fn set_item_parasite(&self, item: Item, name: &str, data: &[u8]) -> Result<()> {
        self.attach_to_item(self.item_handle(item)?, name, data)
    }

    fn begin_undo(&self, image: Image) -> Result<()> {
        self.check((self.calls.gimp_image_undo_group_start)(self.image_handle(image)?), "begin an undo step")
    }

    fn end_undo(&self, image: Image) -> Result<()> {
        self.check((self.calls.gimp_image_undo_group_end)(self.image_handle(image)?), "end an undo step")
    }

    fn flush(&self) {
        (self.calls.gimp_displays_flush)();
    }

    fn begin_progress(&self, text: &str) {
        (self.calls.gimp_progress_init)(c_message(text).as_c_str().into());
    }

    fn set_progress(&self, share: Option<f64>, text: &str) {
        (self.calls.gimp_progress_set_text)(c_message(text).as_c_str().into());
        match share {
            Some(share) => (self.calls.gimp_progress_update)(share.clamp(0.0, 1.0)),
            None => (self.calls.gimp_progress_pulse)(),
        };
    }

    fn end_progress(&self) {
        (self.calls.gimp_progress_end)();
    }

    fn show_message(&self, message: &str) {
        (self.calls.gimp_message)(c_message(message).as_c_str().into());
    }

    fn recall(&self, name: &str) -> Option<String> {
        self.glib.text((self.calls.gimp_gimprc_query)(c_text(name).ok()?.as_c_str().into()))
    }

    fn remember(&self, name: &str, value: &str) {
        if let (Ok(name), Ok(value)) = (c_text(name), c_text(value)) {
            (self.calls.gimp_gimprc_set)(name.as_c_str().into(), value.as_c_str().into());
        }
    }
}

/// `GimpLayerColorSpace`, which is another one in each version.
fn colour_space(version: Version, curve: Curve) -> i32 {
    match (version, curve) {
        (_, Curve::Linear) => 1,
        (Version::V2, Curve::NonLinear | Curve::Perceptual) | (Version::V3, Curve::NonLinear) => 2,
        (Version::V3, Curve::Perceptual) => 4,
    }
}

fn sides(width: u32, height: u32) -> Result<(i32, i32)> {
    let side = |length: u32| i32::try_from(length).ok().filter(|length| *length > 0);
    side(width).zip(side(height)).ok_or_else(|| Error::new(format!("no image or layer has {width} × {height} pixels")))
}

/// Hundreds stand for the type, the rest for the curve.
fn precision(number: i32) -> Option<Precision> {
    let depth = match number / 100 {
        1 => Depth::U8,
        2 => Depth::U16,
        3 => Depth::U32,
        5 => Depth::Half,
        6 => Depth::Float,
        7 => Depth::Double,
        _ => return None,
    };
    let curve = match number % 100 {
        0 => Curve::Linear,
        50 => Curve::NonLinear,
        75 => Curve::Perceptual,
        _ => return None,
    };
    Some(Precision { depth, curve })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn precisions_are_read_from_their_numbers() {
        assert_eq!(precision(100), Some(Precision { depth: Depth::U8, curve: Curve::Linear }));
        assert_eq!(precision(150), Some(Precision { depth: Depth::U8, curve: Curve::NonLinear }));
        assert_eq!(precision(275), Some(Precision { depth: Depth::U16, curve: Curve::Perceptual }));
        assert_eq!(precision(350), Some(Precision { depth: Depth::U32, curve: Curve::NonLinear }));
        assert_eq!(precision(500), Some(Precision { depth: Depth::Half, curve: Curve::Linear }));
        assert_eq!(precision(650), Some(Precision { depth: Depth::Float, curve: Curve::NonLinear }));
        assert_eq!(precision(775), Some(Precision { depth: Depth::Double, curve: Curve::Perceptual }));
        assert_eq!([0, 400, 110, 999, -100].map(precision), [None; 5]);
    }

    #[test]
    fn a_layer_has_at_least_one_pixel() {
        assert_eq!(sides(1, 2).ok(), Some((1, 2)));
        assert!(sides(0, 1).is_err() && sides(1, u32::MAX).is_err());
    }
}
