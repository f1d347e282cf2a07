//! The class that GIMP 3 makes a plug-in of, derived from GIMP's own without a header.
#![expect(unsafe_code, reason = "GObject fills in a class through a pointer")]

use std::ffi::{c_char, c_void};
use std::ptr::null;

use super::{V3Calls, create};
use crate::error::{Error, Result};
use crate::glib::Type;

/// What `GObject` tells about a type.
#[repr(C)]
#[derive(Default)]
pub(super) struct TypeQuery {
    of: Type,
    name: usize,
    class_size: u32,
    instance_size: u32,
}

/// Space for what is only inherited: `GObjectClass`, which has stayed the same as long as `GObject` 2 exists.
type ObjectClass = [usize; 17];

/// `GimpPlugInClass`, as far as it is filled in here.
#[repr(C)]
pub(super) struct PlugInClass {
    inherited: ObjectClass,
    query_procedures: Option<extern "C" fn(*mut c_void) -> *mut c_void>,
    init_procedures: *mut c_void,
    create_procedure: Option<extern "C" fn(*mut c_void, *const c_char) -> *mut c_void>,
    quit: *mut c_void,
    set_i18n: *mut c_void,
}

#[cfg(target_pointer_width = "64")]
const _: () = assert!(std::mem::offset_of!(PlugInClass, query_procedures) == 136 && std::mem::offset_of!(PlugInClass, set_i18n) == 168);

/// Fills in a class.
pub(super) type Initialise = extern "C" fn(&mut PlugInClass, *mut c_void);

extern "C" fn initialise(class: &mut PlugInClass, _data: *mut c_void) {
    class.query_procedures = Some(create::query);
    class.create_procedure = Some(create::create);
    // No translations: otherwise GIMP looks for catalogues and warns.
    class.set_i18n = std::ptr::null_mut();
}

/// Derives the class.
pub(super) fn register(calls: &V3Calls) -> Result<Type> {
    let parent = (calls.gimp_plug_in_get_type)();
    let mut found = TypeQuery::default();
    (calls.g_type_query)(parent, &mut found);
    if (found.class_size as usize) < size_of::<PlugInClass>() {
        return Err(Error::new("this GIMP is not the GIMP 3 that is known here: its class of plug-ins is smaller"));
    }
    // SAFETY: the sizes are those of the parent, of which `PlugInClass` is the beginning; there is no instance to be initialised.
    let derived = unsafe {
        let (class, instance) = (found.class_size, found.instance_size);
        (calls.g_type_register_static_simple)(parent, c"GimpHostPlugIn".into(), class, Some(initialise), instance, null(), 0)
    };
    if derived == 0 { Err(Error::new("GObject refuses the class of the plug-in")) } else { Ok(derived) }
}
