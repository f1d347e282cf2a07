//! The parameters of procedures as GIMP 2.10 passes them: a type and a union.
#![expect(unsafe_code, reason = "unions and texts of C are read")]

use std::ffi::{CString, c_char, c_int};

use crate::host::Image;
use crate::procedure::{ParameterKind, Value};

pub(super) const INT32: c_int = 0;
pub(super) const FLOAT: c_int = 3;
pub(super) const STRING: c_int = 4;
pub(super) const IMAGE: c_int = 13;
pub(super) const LAYER: c_int = 14;
pub(super) const DRAWABLE: c_int = 16;
pub(super) const STATUS: c_int = 21;

#[repr(C)]
#[derive(Clone, Copy)]
union Data {
    whole: i32,
    number: f64,
    text: *const c_char,
    /// The largest of those that are not used here.
    colour: [f64; 4],
}

/// A value.
#[repr(C)]
#[derive(Clone, Copy)]
pub(super) struct Parameter {
    kind: c_int,
    data: Data,
}

/// What GIMP is told about a value.
#[repr(C)]
pub(super) struct Definition {
    pub(super) kind: c_int,
    pub(super) name: *const c_char,
    pub(super) description: *const c_char,
}

#[cfg(target_pointer_width = "64")]
const _: () = assert!(size_of::<Parameter>() == 40 && size_of::<Definition>() == 24);

impl Parameter {
    /// A number, image or item.
    pub(super) fn whole(kind: c_int, whole: i32) -> Self {
        let mut data = Data { colour: [0.0; 4] };
        data.whole = whole;
        Self { kind, data }
    }

    /// A text, which stays until the program ends.
    pub(super) fn text(text: CString) -> Self {
        let mut data = Data { colour: [0.0; 4] };
        data.text = text.into_raw();
        Self { kind: STRING, data }
    }

    /// The number, if it is of that kind.
    pub(super) fn as_whole(&self, kind: c_int) -> Option<i32> {
        if self.kind != kind {
            return None;
        }
        // SAFETY: the kinds that are asked for keep an integer.
        Some(unsafe { self.data.whole })
    }

    fn as_number(&self) -> Option<f64> {
        if self.kind != FLOAT {
            return None;
        }
        // SAFETY: this kind keeps a float.
        Some(unsafe { self.data.number })
    }

    fn as_text(&self) -> Option<String> {
        if self.kind != STRING {
            return None;
        }
        // SAFETY: this kind keeps a text, which lives as long as the call, or NULL.
        let text = unsafe { self.data.text };
        if text.is_null() {
            return Some(String::new());
        }
        // SAFETY: as above.
        Some(unsafe { std::ffi::CStr::from_ptr(text) }.to_string_lossy().into_owned())
    }

    /// The value of a parameter of the plug-in's.
    pub(super) fn value(&self, kind: &ParameterKind) -> Option<Value> {
        match kind {
            ParameterKind::Text { .. } | ParameterKind::Choice { .. } => self.as_text().map(Value::Text),
            ParameterKind::Number { .. } => self.as_number().map(Value::Number),
            ParameterKind::Whole { .. } => self.as_whole(INT32).map(Value::Whole),
            ParameterKind::Switch { .. } => self.as_whole(INT32).map(|number| Value::Switch(number != 0)),
            ParameterKind::Image => self.as_whole(IMAGE).map(|number| Value::Image(image(number))),
        }
    }
}

/// How GIMP keeps the values of a parameter.
pub(super) fn number_of(kind: &ParameterKind) -> c_int {
    match kind {
        ParameterKind::Text { .. } | ParameterKind::Choice { .. } => STRING,
        ParameterKind::Number { .. } => FLOAT,
        ParameterKind::Whole { .. } | ParameterKind::Switch { .. } => INT32,
        ParameterKind::Image => IMAGE,
    }
}

/// The image of a number, which may be none.
pub(super) fn image(number: i32) -> Option<Image> {
    (number > 0).then_some(Image(number))
}
