//! Values of properties.

use std::collections::BTreeMap;
use std::ffi::CString;

use crate::definitions::Form;

/// A value of a property, as tests read it.
#[derive(Debug, Clone, PartialEq)]
pub enum Prop {
    /// An integer or a flag.
    Int(i32),
    /// A number.
    Double(f64),
    /// A text.
    Text(String),
    /// A pointer, as its address.
    Pointer(usize),
}

/// The properties of a set by name, each with its values.
pub type Properties = BTreeMap<String, Vec<Prop>>;

/// A value as a property set keeps it: texts have an address that an effect may read.
#[derive(Debug, Clone)]
pub(crate) enum Slot {
    Int(i32),
    Double(f64),
    Text(CString),
    Pointer(usize),
}

impl Slot {
    pub(crate) fn fits(&self, form: Form) -> bool {
        matches!(
            (self, form),
            (Self::Int(_), Form::Int | Form::Bool)
                | (Self::Double(_), Form::Double)
                | (Self::Text(_), Form::Text)
                | (Self::Pointer(_), Form::Pointer)
        )
    }

    pub(crate) fn zero(form: Form) -> Self {
        match form {
            Form::Bool | Form::Int => Self::Int(0),
            Form::Double => Self::Double(0.0),
            Form::Text => Self::Text(CString::default()),
            Form::Pointer => Self::Pointer(0),
        }
    }

    pub(crate) fn prop(&self) -> Prop {
        match self {
            Self::Int(value) => Prop::Int(*value),
            Self::Double(value) => Prop::Double(*value),
            Self::Text(text) => Prop::Text(text.to_string_lossy().into_owned()),
            Self::Pointer(address) => Prop::Pointer(*address),
        }
    }
}

impl From<&str> for Slot {
    fn from(text: &str) -> Self {
        Self::Text(c_text(text))
    }
}

impl From<i32> for Slot {
    fn from(value: i32) -> Self {
        Self::Int(value)
    }
}

impl From<bool> for Slot {
    fn from(value: bool) -> Self {
        Self::Int(value.into())
    }
}

impl From<f64> for Slot {
    fn from(value: f64) -> Self {
        Self::Double(value)
    }
}

impl From<&Prop> for Slot {
    fn from(prop: &Prop) -> Self {
        match prop {
            Prop::Int(value) => Self::Int(*value),
            Prop::Double(value) => Self::Double(*value),
            Prop::Text(text) => text.as_str().into(),
            Prop::Pointer(address) => Self::Pointer(*address),
        }
    }
}

/// A C string of the text without its zero characters.
pub(crate) fn c_text(text: &str) -> CString {
    CString::new(text.replace('\0', "")).unwrap_or_default()
}
