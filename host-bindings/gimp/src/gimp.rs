//! What both versions of GIMP share. Most functions have the same name and differ only in their handles: numbers in GIMP 2.10, objects in GIMP 3.
#![expect(unsafe_code, reason = "functions of GIMP are loaded, and parasites are read through a pointer")]

use std::ffi::{CStr, c_char, c_double, c_int, c_void};
use std::ptr::null;

use crate::error::{Error, Result};
use crate::glib::{Given, Glib, Lent, Object, Owned, Text, c_text};
use crate::host::{Image, Item, Version, gone};
use crate::pixels::{Babl, Gegl};
use crate::symbols::{Libraries, functions};

/// What differs between the versions.
pub(crate) trait Abi {
    /// The handle of an image in a call.
    type Image: Copy;
    /// The handle of a layer, mask, channel or selection in a call; may be none.
    type Item: Copy;
    /// No item.
    const NOTHING: Self::Item;
    /// Which version.
    const VERSION: Version;

    /// The handle of an image that is open.
    fn image(&self, image: Image) -> Option<Self::Image>;
    /// The handle of an item that is there.
    fn item(&self, item: Item) -> Option<Self::Item>;
    /// The number of an image that GIMP gave, if it is one.
    fn image_number(&self, image: Self::Image) -> Option<Image>;
    /// The number of an item that GIMP gave, if it is one.
    fn item_number(&self, item: Self::Item) -> Option<Item>;
    /// GIMP's message about the last call that failed.
    fn last_error(&self) -> Lent;

    /// All images.
    fn images(&self, glib: &Glib) -> Vec<Self::Image>;
    /// The uppermost layers.
    fn layers(&self, glib: &Glib, image: Self::Image) -> Vec<Self::Item>;
    /// The channels.
    fn channels(&self, glib: &Glib, image: Self::Image) -> Vec<Self::Item>;
    /// What a group holds.
    fn children(&self, glib: &Glib, group: Self::Item) -> Vec<Self::Item>;
    /// The active layers.
    fn selected_layers(&self, glib: &Glib, image: Self::Image) -> Vec<Self::Item>;
    /// Makes a layer the only active one.
    fn select_layer(&self, image: Self::Image, layer: Self::Item) -> c_int;
    /// A new group.
    fn new_group(&self, image: Self::Image, name: &CStr) -> Self::Item;
    /// A new channel, half opaque.
    fn new_channel(&self, glib: &Glib, image: Self::Image, name: &CStr, size: (c_int, c_int), colour: [f64; 3]) -> Self::Item;
    /// Opens a file.
    fn load(&self, glib: &Glib, file: &CStr) -> Self::Image;
}

/// `GimpParasite`: data attached to an image or item; laid out as the headers of both versions say.
#[repr(C)]
pub(crate) struct Parasite {
    name: *mut c_char,
    flags: u32,
    size: u32,
    data: *const u8,
}

/// Saved in files; attaching it to an image is no undo step.
const PARASITE_PERSISTENT: u32 = 1;
/// Saved in files; attaching it is an undo step. To an item GIMP attaches nothing else without saying at the next undo that it cannot undo that.
const PARASITE_UNDOABLE: u32 = 3;

functions! {
    /// Of images, items and GIMP itself.
    pub(crate) struct Calls<I, T> {
        safe fn gimp_image_id_is_valid | gimp_image_is_valid(i32) -> c_int;
        safe fn gimp_image_get_width | gimp_image_width(I) -> c_int;
        safe fn gimp_image_get_height | gimp_image_height(I) -> c_int;
        safe fn gimp_image_resize(I, c_int, c_int, c_int, c_int) -> c_int;
        safe fn gimp_image_get_base_type | gimp_image_base_type(I) -> c_int;
        safe fn gimp_image_get_precision(I) -> c_int;
        safe fn gimp_image_get_name(I) -> Given<c_char>;
        safe fn gimp_image_get_color_profile(I) -> Object;
        safe fn gimp_image_delete(I) -> c_int;
        safe fn gimp_image_get_selection(I) -> T;
        safe fn gimp_selection_is_empty(I) -> c_int;
        safe fn gimp_image_get_floating_sel(I) -> T;
        safe fn gimp_image_get_layer_by_tattoo(I, u32) -> T;
        safe fn gimp_image_get_item_position(I, T) -> c_int;
        safe fn gimp_image_insert_layer(I, T, T, c_int) -> c_int;
        safe fn gimp_image_remove_layer(I, T) -> c_int;
        safe fn gimp_image_insert_channel(I, T, T, c_int) -> c_int;
        safe fn gimp_image_select_item(I, c_int, T) -> c_int;
        safe fn gimp_image_undo_group_start(I) -> c_int;
        safe fn gimp_image_undo_group_end(I) -> c_int;
        unsafe fn gimp_image_get_parasite(I, Text<'_>) -> *mut Parasite;
        unsafe fn gimp_image_attach_parasite(I, *const Parasite) -> c_int;

        safe fn gimp_item_id_is_valid | gimp_item_is_valid(i32) -> c_int;
        safe fn gimp_item_is_layer(T) -> c_int;
        safe fn gimp_item_is_group(T) -> c_int;
        safe fn gimp_item_is_layer_mask(T) -> c_int;
        safe fn gimp_item_is_channel(T) -> c_int;
        safe fn gimp_item_is_selection(T) -> c_int;
        safe fn gimp_item_is_drawable(T) -> c_int;
        safe fn gimp_item_get_image(T) -> I;
        safe fn gimp_item_get_name(T) -> Given<c_char>;
        safe fn gimp_item_get_visible(T) -> c_int;
        safe fn gimp_item_set_visible(T, c_int) -> c_int;
        safe fn gimp_item_get_lock_content(T) -> c_int;
        safe fn gimp_item_get_parent(T) -> T;
        safe fn gimp_item_get_tattoo(T) -> u32;
        safe fn gimp_item_delete(T) -> c_int;
        unsafe fn gimp_item_get_parasite(T, Text<'_>) -> *mut Parasite;
        unsafe fn gimp_item_attach_parasite(T, *const Parasite) -> c_int;

        safe fn gimp_drawable_get_width | gimp_drawable_width(T) -> c_int;
        safe fn gimp_drawable_get_height | gimp_drawable_height(T) -> c_int;
        safe fn gimp_drawable_get_offsets | gimp_drawable_offsets(T, &mut c_int, &mut c_int) -> c_int;
        safe fn gimp_drawable_has_alpha(T) -> c_int;
        safe fn gimp_drawable_get_format(T) -> Babl;
        safe fn gimp_drawable_get_buffer(T) -> Object;
        safe fn gimp_drawable_update(T, c_int, c_int, c_int, c_int) -> c_int;

        safe fn gimp_layer_new(I, Text<'_>, c_int, c_int, c_int, c_double, c_int) -> T;
        safe fn gimp_layer_new_from_visible(I, I, Text<'_>) -> T;
        safe fn gimp_layer_set_offsets(T, c_int, c_int) -> c_int;
        safe fn gimp_layer_create_mask(T, c_int) -> T;
        safe fn gimp_layer_add_mask(T, T) -> c_int;
        safe fn gimp_layer_get_mask(T) -> T;
        safe fn gimp_layer_from_mask(T) -> T;
        safe fn gimp_layer_set_edit_mask(T, c_int) -> c_int;
        safe fn gimp_layer_set_composite_mode(T, c_int) -> c_int;
        safe fn gimp_layer_set_composite_space(T, c_int) -> c_int;
        safe fn gimp_layer_get_opacity(T) -> f64;
        safe fn gimp_layer_get_apply_mask(T) -> c_int;

        safe fn gimp_progress_init(Text<'_>) -> c_int;
        safe fn gimp_progress_update(c_double) -> c_int;
        safe fn gimp_progress_pulse() -> c_int;
        safe fn gimp_progress_set_text(Text<'_>) -> c_int;
        safe fn gimp_progress_end() -> c_int;
        safe fn gimp_displays_flush();
        safe fn gimp_message(Text<'_>) -> c_int;
        safe fn gimp_gimprc_query(Text<'_>) -> Given<c_char>;
        safe fn gimp_gimprc_set(Text<'_>, Text<'_>) -> c_int;

        unsafe fn gimp_parasite_new(Text<'_>, u32, u32, *const c_void) -> *mut Parasite;
        unsafe fn gimp_parasite_free(*mut Parasite);
        unsafe fn gimp_color_profile_get_icc_profile(Object, &mut usize) -> *const u8;
    }
}

/// A running GIMP of one of the versions.
pub(crate) struct Gimp<A: Abi> {
    pub(crate) glib: Glib,
    pub(crate) gegl: Gegl,
    pub(crate) calls: Calls<A::Image, A::Item>,
    pub(crate) abi: A,
}

impl<A: Abi> Gimp<A> {
    /// Resolves all functions, those that differ between the versions too.
    pub(crate) fn load(mut libraries: Libraries, abi: impl FnOnce(&mut Libraries) -> Option<A>) -> Result<Self> {
        // All tables before the first error: it names every missing function.
        let tables = (Glib::load(&mut libraries), Gegl::load(&mut libraries), Calls::load(&mut libraries), abi(&mut libraries));
        match tables {
            (Some(glib), Some(gegl), Some(calls), Some(abi)) => Ok(Self { glib, gegl, calls, abi }),
            _ => Err(libraries.complaint()),
        }
    }

    /// The handle of an image.
    pub(crate) fn image_handle(&self, image: Image) -> Result<A::Image> {
        let is_valid = (self.calls.gimp_image_id_is_valid)(image.0) != 0;
        is_valid.then(|| self.abi.image(image)).flatten().ok_or_else(|| gone("the image"))
    }

    /// The handle of an item.
    pub(crate) fn item_handle(&self, item: Item) -> Result<A::Item> {
        let is_valid = (self.calls.gimp_item_id_is_valid)(item.0) != 0;
        is_valid.then(|| self.abi.item(item)).flatten().ok_or_else(|| gone("the layer or channel"))
    }

    /// The handle of an item that has pixels.
    pub(crate) fn drawable(&self, item: Item) -> Result<A::Item> {
        let handle = self.item_handle(item)?;
        let has_pixels = (self.calls.gimp_item_is_drawable)(handle) != 0;
        has_pixels.then_some(handle).ok_or_else(|| Error::new("the item has no pixels"))
    }

    /// The handle of a layer or group.
    pub(crate) fn layer(&self, item: Item) -> Result<A::Item> {
        let handle = self.item_handle(item)?;
        let is_layer = (self.calls.gimp_item_is_layer)(handle) != 0;
        is_layer.then_some(handle).ok_or_else(|| Error::new("the item is no layer"))
    }

    /// The pixels of an item, and their format.
    pub(crate) fn pixels(&self, drawable: A::Item) -> Result<(Owned<'_>, Babl)> {
        let format = (self.calls.gimp_drawable_get_format)(drawable);
        let buffer = self.glib.own((self.calls.gimp_drawable_get_buffer)(drawable));
        buffer.map(|buffer| (buffer, format)).ok_or_else(|| self.refusal("hand out the pixels"))
    }

    /// An error: GIMP did not do `what`, with GIMP's own message.
    pub(crate) fn refusal(&self, what: &str) -> Error {
        match self.abi.last_error().copy() {
            Some(why) if !why.is_empty() && why != "success" => Error::new(format!("GIMP did not {what}: {why}")),
            _ => Error::new(format!("GIMP did not {what}")),
        }
    }

    /// An error unless the call succeeded.
    pub(crate) fn check(&self, success: c_int, what: &str) -> Result<()> {
        if success == 0 { Err(self.refusal(what)) } else { Ok(()) }
    }

    /// The number of a new item, or an error.
    pub(crate) fn created(&self, item: A::Item, what: &str) -> Result<Item> {
        self.abi.item_number(item).ok_or_else(|| self.refusal(what))
    }

    /// A text that GIMP returned and this side frees, or an error.
    pub(crate) fn text(&self, given: Given<c_char>, what: &str) -> Result<String> {
        self.glib.text(given).ok_or_else(|| self.refusal(what))
    }

    /// The numbers of a list.
    pub(crate) fn numbers(&self, items: Vec<A::Item>) -> Vec<Item> {
        items.into_iter().filter_map(|item| self.abi.item_number(item)).collect()
    }

    /// The bytes of the profile of an image.
    pub(crate) fn icc(&self, image: A::Image) -> Option<Vec<u8>> {
        let profile = self.glib.own((self.calls.gimp_image_get_color_profile)(image))?;
        let mut length = 0;
        // SAFETY: a colour profile; its bytes live as long as it does, and as many as it says are copied.
        unsafe {
            let start = (self.calls.gimp_color_profile_get_icc_profile)(profile.object(), &mut length);
            (!start.is_null()).then(|| std::slice::from_raw_parts(start, length).to_vec())
        }
    }

    /// Data attached to an image.
    pub(crate) fn parasite_of_image(&self, image: A::Image, name: &str) -> Result<Option<Vec<u8>>> {
        let name = c_text(name)?;
        // SAFETY: an image that is open; the parasite is given away.
        Ok(unsafe { self.take_parasite((self.calls.gimp_image_get_parasite)(image, name.as_c_str().into())) })
    }

    /// Data attached to an item.
    pub(crate) fn parasite_of_item(&self, item: A::Item, name: &str) -> Result<Option<Vec<u8>>> {
        let name = c_text(name)?;
        // SAFETY: an item that is there; the parasite is given away.
        Ok(unsafe { self.take_parasite((self.calls.gimp_item_get_parasite)(item, name.as_c_str().into())) })
    }

    /// Attaches data to an image.
    pub(crate) fn attach_to_image(&self, image: A::Image, name: &str, data: &[u8]) -> Result<()> {
        // SAFETY: an image that is open, and data, which is copied.
        self.with_parasite(name, PARASITE_PERSISTENT, data, |parasite| unsafe { (self.calls.gimp_image_attach_parasite)(image, parasite) })
    }

    /// Attaches data to an item.
    pub(crate) fn attach_to_item(&self, item: A::Item, name: &str, data: &[u8]) -> Result<()> {
        // SAFETY: an item that is there, and data, which is copied.
        self.with_parasite(name, PARASITE_UNDOABLE, data, |parasite| unsafe { (self.calls.gimp_item_attach_parasite)(item, parasite) })
    }

    /// # Safety
    /// `parasite` was given away, or is NULL.
    unsafe fn take_parasite(&self, parasite: *mut Parasite) -> Option<Vec<u8>> {
        // SAFETY: it lives until it is freed below; it has as many bytes as it says.
        unsafe {
            let Parasite { size, data, .. } = *parasite.as_ref()?;
            let bytes = if data.is_null() { Vec::new() } else { std::slice::from_raw_parts(data, size as usize).to_vec() };
            (self.calls.gimp_parasite_free)(parasite);
            Some(bytes)
        }
    }

    fn with_parasite(&self, name: &str, flags: u32, data: &[u8], attach: impl FnOnce(*const Parasite) -> c_int) -> Result<()> {
        let name = c_text(name)?;
        let size = u32::try_from(data.len()).map_err(|_| Error::new("GIMP attaches no more than 4 GiB of data"))?;
        let start = if data.is_empty() { null() } else { data.as_ptr().cast() };
        // SAFETY: `data` has `size` bytes, which are copied; the parasite is freed once, after its use.
        let success = unsafe {
            let parasite = (self.calls.gimp_parasite_new)(name.as_c_str().into(), flags, size, start);
            let success = attach(parasite);
            (self.calls.gimp_parasite_free)(parasite);
            success
        };
        self.check(success, "attach the data")
    }
}
