//! GIMP 3: images and items are objects, which are looked up by their numbers at every use.
#![expect(unsafe_code, reason = "functions of GIMP are loaded and called")]

mod call;
mod class;
mod create;
mod values;

use std::ffi::{CStr, CString, c_char, c_double, c_int, c_void};
use std::ptr::null_mut;
use std::sync::OnceLock;

use crate::arguments::Arguments;
use crate::error::{Error, Result};
use crate::gimp::{Abi, Gimp};
use crate::glib::{Given, Glib, Lent, Object, Text, Type};
use crate::host::{Image, Item, Version};
use crate::procedure::Plugin;
use crate::symbols::{GIMP_3, Libraries, functions};
use class::TypeQuery;
use create::Registration;
use values::Values;

/// An image or item as GIMP's library sees it, or NULL; it lives as long as the call of the plug-in.
#[repr(transparent)]
#[derive(Clone, Copy, PartialEq, Eq)]
struct Proxy(*mut c_void);

const NULL: Proxy = Proxy(null_mut());

functions! {
    /// Those that only GIMP 3 has, or has in this way.
    struct V3Calls {
        unsafe fn gimp_main(Type, c_int, *mut *mut c_char) -> c_int;
        safe fn gimp_plug_in_get_type() -> Type;
        safe fn g_type_query(Type, &mut TypeQuery);
        unsafe fn g_type_register_static_simple(Type, Text<'_>, u32, Option<class::Initialise>, u32, *const c_void, u32) -> Type;
        safe fn gimp_get_pdb() -> Proxy;
        safe fn gimp_pdb_get_last_error(Proxy) -> Lent;
        safe fn gimp_get_images() -> Given<Proxy>;
        safe fn gimp_image_get_by_id(i32) -> Proxy;
        safe fn gimp_image_get_id(Proxy) -> i32;
        safe fn gimp_image_get_layers(Proxy) -> Given<Proxy>;
        safe fn gimp_image_get_channels(Proxy) -> Given<Proxy>;
        safe fn gimp_image_get_selected_layers(Proxy) -> Given<Proxy>;
        safe fn gimp_image_set_selected_layers(Proxy, &[Proxy; 2]) -> c_int;
        safe fn gimp_item_get_by_id(i32) -> Proxy;
        safe fn gimp_item_get_id(Proxy) -> i32;
        safe fn gimp_item_get_children(Proxy) -> Given<Proxy>;
        safe fn gimp_group_layer_new(Proxy, Text<'_>) -> Proxy;
        safe fn gimp_channel_new(Proxy, Text<'_>, c_int, c_int, c_double, Object) -> Proxy;
        safe fn gimp_file_load(c_int, Object) -> Proxy;
        safe fn gegl_color_new(Text<'_>) -> Object;
        safe fn g_file_new_for_path(Text<'_>) -> Object;
    }
}

/// The tables of GIMP 3.
struct V3 {
    calls: V3Calls,
    registration: Registration,
    values: Values,
}

impl V3 {
    fn load(libraries: &mut Libraries) -> Option<Self> {
        let tables = (V3Calls::load(libraries), Registration::load(libraries), Values::load(libraries));
        let (Some(calls), Some(registration), Some(values)) = tables else { return None };
        Some(Self { calls, registration, values })
    }
}

const HALF_OPAQUE: f64 = 50.0;
const RUN_NONINTERACTIVE: c_int = 1;

fn list(glib: &Glib, given: Given<Proxy>) -> Vec<Proxy> {
    glib.list_to_null(given, |proxy| proxy == NULL)
}

impl Abi for V3 {
    type Image = Proxy;
    type Item = Proxy;
    const NOTHING: Proxy = NULL;
    const VERSION: Version = Version::V3;

    fn image(&self, image: Image) -> Option<Proxy> {
        let proxy = (self.calls.gimp_image_get_by_id)(image.0);
        (proxy != NULL).then_some(proxy)
    }

    fn item(&self, item: Item) -> Option<Proxy> {
        let proxy = (self.calls.gimp_item_get_by_id)(item.0);
        (proxy != NULL).then_some(proxy)
    }

    fn image_number(&self, image: Proxy) -> Option<Image> {
        (image != NULL).then(|| Image((self.calls.gimp_image_get_id)(image)))
    }

    fn item_number(&self, item: Proxy) -> Option<Item> {
        (item != NULL).then(|| Item((self.calls.gimp_item_get_id)(item)))
    }

    fn last_error(&self) -> Lent {
        (self.calls.gimp_pdb_get_last_error)((self.calls.gimp_get_pdb)())
    }

    fn images(&self, glib: &Glib) -> Vec<Proxy> {
        list(glib, (self.calls.gimp_get_images)())
    }

    fn layers(&self, glib: &Glib, image: Proxy) -> Vec<Proxy> {
        list(glib, (self.calls.gimp_image_get_layers)(image))
    }

    fn channels(&self, glib: &Glib, image: Proxy) -> Vec<Proxy> {
        list(glib, (self.calls.gimp_image_get_channels)(image))
    }

    fn children(&self, glib: &Glib, group: Proxy) -> Vec<Proxy> {
        list(glib, (self.calls.gimp_item_get_children)(group))
    }

    fn selected_layers(&self, glib: &Glib, image: Proxy) -> Vec<Proxy> {
        list(glib, (self.calls.gimp_image_get_selected_layers)(image))
    }

    fn select_layer(&self, image: Proxy, layer: Proxy) -> c_int {
        (self.calls.gimp_image_set_selected_layers)(image, &[layer, NULL])
    }

    fn new_group(&self, image: Proxy, name: &CStr) -> Proxy {
        (self.calls.gimp_group_layer_new)(image, name.into())
    }

    fn new_channel(&self, glib: &Glib, image: Proxy, name: &CStr, (width, height): (c_int, c_int), [r, g, b]: [f64; 3]) -> Proxy {
        let colour = CString::new(format!("rgb({r:.6}, {g:.6}, {b:.6})")).unwrap_or_default();
        glib.own((self.calls.gegl_color_new)(colour.as_c_str().into()))
            .map_or(NULL, |colour| (self.calls.gimp_channel_new)(image, name.into(), width, height, HALF_OPAQUE, colour.object()))
    }

    fn load(&self, glib: &Glib, file: &CStr) -> Proxy {
        let file = glib.own((self.calls.g_file_new_for_path)(file.into()));
        file.map_or(NULL, |file| (self.calls.gimp_file_load)(RUN_NONINTERACTIVE, file.object()))
    }
}

/// What the functions that GIMP calls work with.
struct Running {
    gimp: Gimp<V3>,
    plugin: &'static dyn Plugin,
}

static RUNNING: OnceLock<Running> = OnceLock::new();

/// Hands the program over to GIMP.
pub(crate) fn run(plugin: &'static dyn Plugin, arguments: &Arguments) -> Result<c_int> {
    let gimp = Gimp::load(Libraries::open("GIMP 3", &GIMP_3)?, V3::load)?;
    RUNNING.set(Running { gimp, plugin }).map_err(|_| Error::new("a plug-in runs once in a program"))?;
    let calls = RUNNING.get().map(|running| &running.gimp.abi.calls).ok_or_else(|| Error::new("the plug-in does not run"))?;
    let plugin_type = class::register(calls)?;
    // SAFETY: a type that is derived from GIMP's, and the arguments of `main`.
    Ok(unsafe { (calls.gimp_main)(plugin_type, arguments.count, arguments.values) })
}
