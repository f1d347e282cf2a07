//! GIMP 2.10: images and items are numbers.
#![expect(unsafe_code, reason = "functions of GIMP are loaded and called")]

mod call;
mod parameters;
mod query;

use std::ffi::{CStr, c_char, c_double, c_int};
use std::sync::OnceLock;

use crate::arguments::Arguments;
use crate::error::{Error, Result};
use crate::gimp::{Abi, Gimp};
use crate::glib::{Given, Glib, Lent, Text};
use crate::host::{Image, Item, Version};
use crate::procedure::Plugin;
use crate::symbols::{GIMP_2, Libraries, functions};
use parameters::{Definition, Parameter};

/// What GIMP calls.
#[repr(C)]
struct PlugInInfo {
    init: Option<extern "C" fn()>,
    quit: Option<extern "C" fn()>,
    query: Option<extern "C" fn()>,
    run: Option<extern "C" fn(*const c_char, c_int, *const Parameter, &mut c_int, &mut *const Parameter)>,
}

#[repr(C)]
struct Rgb([f64; 4]);

functions! {
    /// Those that only GIMP 2.10 has, or has in this way.
    struct V2 {
        unsafe fn gimp_main(&'static PlugInInfo, c_int, *mut *mut c_char) -> c_int;
        unsafe fn gimp_install_procedure(
            Text<'_>, Text<'_>, Text<'_>, Text<'_>, Text<'_>, Text<'_>, Text<'_>, Text<'_>, c_int, c_int, c_int, *const Definition, *const Definition,
        );
        safe fn gimp_plugin_menu_register(Text<'_>, Text<'_>) -> c_int;
        safe fn gimp_get_pdb_error() -> Lent;
        safe fn gimp_image_list(&mut c_int) -> Given<i32>;
        safe fn gimp_image_get_layers(i32, &mut c_int) -> Given<i32>;
        safe fn gimp_image_get_channels(i32, &mut c_int) -> Given<i32>;
        safe fn gimp_image_get_active_layer(i32) -> i32;
        safe fn gimp_image_set_active_layer(i32, i32) -> c_int;
        safe fn gimp_item_get_children(i32, &mut c_int) -> Given<i32>;
        safe fn gimp_item_set_name(i32, Text<'_>) -> c_int;
        safe fn gimp_layer_group_new(i32) -> i32;
        safe fn gimp_channel_new(i32, Text<'_>, c_int, c_int, c_double, &Rgb) -> i32;
        safe fn gimp_file_load(c_int, Text<'_>, Text<'_>) -> i32;
    }
}

const HALF_OPAQUE: f64 = 50.0;
const RUN_NONINTERACTIVE: c_int = 1;

/// A list whose length comes beside it.
fn list(glib: &Glib, give: impl FnOnce(&mut c_int) -> Given<i32>) -> Vec<i32> {
    let mut count = 0;
    let given = give(&mut count);
    // SAFETY: GIMP sets the count to the length of what it gives.
    unsafe { glib.list(given, count) }
}

impl Abi for V2 {
    type Image = i32;
    type Item = i32;
    // Not -1, which for a new layer would mean the group of the active one.
    const NOTHING: i32 = 0;
    const VERSION: Version = Version::V2;

    fn image(&self, image: Image) -> Option<i32> {
        Some(image.0)
    }

    fn item(&self, item: Item) -> Option<i32> {
        Some(item.0)
    }

    fn image_number(&self, image: i32) -> Option<Image> {
        (image > 0).then_some(Image(image))
    }

    fn item_number(&self, item: i32) -> Option<Item> {
        (item > 0).then_some(Item(item))
    }

    fn last_error(&self) -> Lent {
        (self.gimp_get_pdb_error)()
    }

    fn images(&self, glib: &Glib) -> Vec<i32> {
        list(glib, |count| (self.gimp_image_list)(count))
    }

    fn layers(&self, glib: &Glib, image: i32) -> Vec<i32> {
        list(glib, |count| (self.gimp_image_get_layers)(image, count))
    }

    fn channels(&self, glib: &Glib, image: i32) -> Vec<i32> {
        list(glib, |count| (self.gimp_image_get_channels)(image, count))
    }

    fn children(&self, glib: &Glib, group: i32) -> Vec<i32> {
        list(glib, |count| (self.gimp_item_get_children)(group, count))
    }

    fn selected_layers(&self, _glib: &Glib, image: i32) -> Vec<i32> {
        vec![(self.gimp_image_get_active_layer)(image)]
    }

    fn select_layer(&self, image: i32, layer: i32) -> c_int {
        (self.gimp_image_set_active_layer)(image, layer)
    }

    fn new_group(&self, image: i32, name: &CStr) -> i32 {
        let group = (self.gimp_layer_group_new)(image);
        (self.gimp_item_set_name)(group, name.into());
        group
    }

    fn new_channel(&self, _glib: &Glib, image: i32, name: &CStr, (width, height): (c_int, c_int), [r, g, b]: [f64; 3]) -> i32 {
        (self.gimp_channel_new)(image, name.into(), width, height, HALF_OPAQUE, &Rgb([r, g, b, 1.0]))
    }

    fn load(&self, _glib: &Glib, file: &CStr) -> i32 {
        (self.gimp_file_load)(RUN_NONINTERACTIVE, file.into(), file.into())
    }
}

/// What the functions that GIMP calls work with.
struct Running {
    gimp: Gimp<V2>,
    plugin: &'static dyn Plugin,
}

static RUNNING: OnceLock<Running> = OnceLock::new();

static INFO: PlugInInfo = PlugInInfo { init: None, quit: None, query: Some(query::query), run: Some(call::run) };

/// Hands the program over to GIMP.
pub(crate) fn run(plugin: &'static dyn Plugin, arguments: &Arguments) -> Result<c_int> {
    let gimp = Gimp::load(Libraries::open("GIMP 2.10", &GIMP_2)?, V2::load)?;
    let main = gimp.abi.gimp_main;
    RUNNING.set(Running { gimp, plugin }).map_err(|_| Error::new("a plug-in runs once in a program"))?;
    // SAFETY: `INFO` is there for ever, and the arguments are those of `main`.
    Ok(unsafe { main(&INFO, arguments.count, arguments.values) })
}
