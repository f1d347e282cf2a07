//! `GValue`s: arguments and return values of procedures.
#![expect(unsafe_code, reason = "values are read and written through pointers")]

use std::ffi::{CStr, c_double, c_int, c_void};

use super::Proxy;
use crate::glib::{Lent, Text, Type, c_message};
use crate::symbols::functions;

type Pointer = *mut c_void;

#[repr(C)]
#[derive(Default)]
pub(super) struct GValue {
    of: Type,
    data: [u64; 2],
}

/// The numbers of fundamental types, as `G_TYPE_MAKE_FUNDAMENTAL` makes them.
const fn fundamental(number: Type) -> Type {
    number << 2
}
const BOOLEAN: Type = fundamental(5);
const INT: Type = fundamental(6);
const DOUBLE: Type = fundamental(15);
const STRING: Type = fundamental(16);
const OBJECT: Type = fundamental(20);

const SUCCESS: c_int = 3;

functions! {
    /// For reading and writing values.
    pub(super) struct Values {
        unsafe fn g_value_init(&mut GValue, Type) -> *mut GValue;
        unsafe fn g_value_unset(&mut GValue);
        unsafe fn g_value_get_boolean(&GValue) -> c_int;
        unsafe fn g_value_get_int(&GValue) -> c_int;
        unsafe fn g_value_get_double(&GValue) -> c_double;
        unsafe fn g_value_get_string(&GValue) -> Lent;
        unsafe fn g_value_get_object(&GValue) -> Proxy;
        unsafe fn g_value_set_string(*mut GValue, Text<'_>);
        unsafe fn g_value_set_object(*mut GValue, Proxy);
        unsafe fn g_object_get_property(Pointer, Text<'_>, &mut GValue);
        safe fn g_quark_from_string(Text<'_>) -> u32;
        safe fn g_error_new_literal(u32, c_int, Text<'_>) -> Pointer;
        unsafe fn gimp_procedure_get_name(Pointer) -> Lent;
        unsafe fn gimp_procedure_new_return_values(Pointer, c_int, Pointer) -> Pointer;
        unsafe fn gimp_value_array_index(Pointer, c_int) -> *mut GValue;
    }
}

impl Values {
    /// Reads a property with a type that it can become.
    ///
    /// # Safety
    /// `config` is an object, and `read` is for values of that type.
    unsafe fn property<T>(&self, config: Pointer, name: &CStr, of: Type, read: impl FnOnce(&GValue) -> T) -> T {
        let mut value = GValue::default();
        // SAFETY: an empty value becomes one of the type; what is read is copied before it ends.
        unsafe {
            (self.g_value_init)(&mut value, of);
            (self.g_object_get_property)(config, name.into(), &mut value);
            let read = read(&value);
            (self.g_value_unset)(&mut value);
            read
        }
    }

    /// # Safety
    /// `config` is an object.
    pub(super) unsafe fn text(&self, config: Pointer, name: &CStr) -> String {
        // SAFETY: as the caller knows; a property that is none or of another type leaves the value empty.
        unsafe { self.property(config, name, STRING, |value| (self.g_value_get_string)(value).copy().unwrap_or_default()) }
    }

    /// # Safety
    /// `config` is an object.
    pub(super) unsafe fn number(&self, config: Pointer, name: &CStr) -> f64 {
        // SAFETY: as above.
        unsafe { self.property(config, name, DOUBLE, |value| (self.g_value_get_double)(value)) }
    }

    /// A whole number, or that of a value of an enumeration.
    ///
    /// # Safety
    /// `config` is an object.
    pub(super) unsafe fn whole(&self, config: Pointer, name: &CStr) -> i32 {
        // SAFETY: as above.
        unsafe { self.property(config, name, INT, |value| (self.g_value_get_int)(value)) }
    }

    /// # Safety
    /// `config` is an object.
    pub(super) unsafe fn switch(&self, config: Pointer, name: &CStr) -> bool {
        // SAFETY: as above.
        unsafe { self.property(config, name, BOOLEAN, |value| (self.g_value_get_boolean)(value)) != 0 }
    }

    /// # Safety
    /// `config` is an object.
    pub(super) unsafe fn object(&self, config: Pointer, name: &CStr) -> Proxy {
        // SAFETY: as above; GIMP keeps the object alive itself.
        unsafe { self.property(config, name, OBJECT, |value| (self.g_value_get_object)(value)) }
    }

    /// The return values of a procedure that failed; GIMP shows the message.
    ///
    /// # Safety
    /// `procedure` is one.
    pub(super) unsafe fn failure(&self, procedure: Pointer, status: c_int, message: Option<&str>) -> Pointer {
        let error = message.map_or(std::ptr::null_mut(), |message| {
            (self.g_error_new_literal)((self.g_quark_from_string)(c"gimp-host".into()), 0, c_message(message).as_c_str().into())
        });
        // SAFETY: a procedure, and an error that is handed over, or NULL.
        unsafe { (self.gimp_procedure_new_return_values)(procedure, status, error) }
    }

    /// The return values of a procedure that succeeded.
    ///
    /// # Safety
    /// `procedure` is one with a layer and a text as its return values.
    pub(super) unsafe fn success(&self, procedure: Pointer, layer: Proxy, text: &str) -> Pointer {
        // SAFETY: the first value is the status, the others are as declared; both setters copy or count.
        unsafe {
            let values = (self.gimp_procedure_new_return_values)(procedure, SUCCESS, std::ptr::null_mut());
            (self.g_value_set_object)((self.gimp_value_array_index)(values, 1), layer);
            (self.g_value_set_string)((self.gimp_value_array_index)(values, 2), c_message(text).as_c_str().into());
            values
        }
    }
}
