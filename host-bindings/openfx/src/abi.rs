//! The binary interface of OpenFX 1.5: structures, function types and constants of its C headers. The order of fields is the contract; suites are cut off
//! after the last function that this crate knows.
//!
//! Strings (names of actions, properties and their values) are in [`names`](crate::names).
//!
//! `unsafe`: the plug-in description is declared `Sync`.
//!
//! Handles belong to the host and are never dereferenced. Functions that a host may leave out are `Option`s.
#![expect(unsafe_code, reason = "the plug-in description is declared Sync")]

use std::ffi::{c_char, c_double, c_int, c_uint, c_void};

/// Any handle of the host: an effect, clip, image, parameter, parameter set or property set.
pub type Handle = *mut c_void;
/// A string that ends with a zero byte.
pub type Text = *const c_char;
/// The result of a function (ofxCore.h, "OFX Status Codes").
pub type Status = c_int;

/// The values of [`Status`].
pub mod status {
    use super::Status;

    /// Success.
    pub const OK: Status = 0;
    /// Failure.
    pub const FAILED: Status = 1;
    /// A failure after which nothing works any more.
    pub const FATAL: Status = 2;
    /// Unknown error.
    pub const UNKNOWN: Status = 3;
    /// The host lacks a required feature.
    pub const MISSING_HOST_FEATURE: Status = 4;
    /// Not supported.
    pub const UNSUPPORTED: Status = 5;
    /// Exists already.
    pub const EXISTS: Status = 6;
    /// Wrong format.
    pub const FORMAT: Status = 7;
    /// Out of memory.
    pub const MEMORY: Status = 8;
    /// Invalid handle.
    pub const BAD_HANDLE: Status = 9;
    /// Index out of range.
    pub const BAD_INDEX: Status = 10;
    /// Invalid value.
    pub const VALUE: Status = 11;
    /// Yes.
    pub const YES: Status = 12;
    /// No.
    pub const NO: Status = 13;
    /// Use the default behaviour.
    pub const DEFAULT: Status = 14;
}

/// `OfxHost`.
#[repr(C)]
#[derive(Debug)]
pub struct OfxHost {
    /// Properties of the host.
    pub properties: Handle,
    /// Returns a suite by name and version; null where the host has none.
    pub fetch_suite: Option<unsafe extern "C" fn(host: Handle, name: Text, version: c_int) -> *const c_void>,
}

/// The entry point of an effect: an action, the effect or instance, input and output arguments.
pub type MainEntry = unsafe extern "C" fn(action: Text, handle: *const c_void, arguments: Handle, results: Handle) -> Status;

/// `OfxPlugin`.
#[repr(C)]
#[derive(Debug)]
pub struct OfxPlugin {
    /// The kind of plug-in.
    pub api: Text,
    /// The version of that kind.
    pub api_version: c_int,
    /// Its permanent name.
    pub identifier: Text,
    /// Incremented when projects of earlier versions can no longer be opened.
    pub version_major: c_uint,
    /// Incremented with every other version.
    pub version_minor: c_uint,
    /// Receives the host.
    pub set_host: Option<unsafe extern "C" fn(host: *mut OfxHost)>,
    /// Carries out actions.
    pub main_entry: Option<MainEntry>,
}

// SAFETY: the structure is never written, and its strings are static.
unsafe impl Sync for OfxPlugin {}

/// A range of numbers, ends included.
#[repr(C)]
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct RangeD {
    /// The smallest.
    pub min: c_double,
    /// The largest.
    pub max: c_double,
}

/// A rectangle of integers; right and top edge excluded. y points up.
#[repr(C)]
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct RectI {
    /// Left.
    pub x1: c_int,
    /// Bottom.
    pub y1: c_int,
    /// Right, excluded.
    pub x2: c_int,
    /// Top, excluded.
    pub y2: c_int,
}

/// A rectangle, as [`RectI`].
#[repr(C)]
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct RectD {
    /// Left.
    pub x1: c_double,
    /// Bottom.
    pub y1: c_double,
    /// Right, excluded.
    pub x2: c_double,
    /// Top, excluded.
    pub y2: c_double,
}

/// `OfxPropertySuiteV1`.
#[repr(C)]
#[derive(Debug)]
#[expect(missing_docs, reason = "the fields are named like the functions of the C header, which documents them")]
pub struct PropertySuite {
    pub set_pointer: Option<unsafe extern "C" fn(Handle, Text, c_int, *mut c_void) -> Status>,
    pub set_string: Option<unsafe extern "C" fn(Handle, Text, c_int, Text) -> Status>,
    pub set_double: Option<unsafe extern "C" fn(Handle, Text, c_int, c_double) -> Status>,
    pub set_int: Option<unsafe extern "C" fn(Handle, Text, c_int, c_int) -> Status>,
    pub set_pointer_n: Option<unsafe extern "C" fn(Handle, Text, c_int, *const *mut c_void) -> Status>,
    pub set_string_n: Option<unsafe extern "C" fn(Handle, Text, c_int, *const Text) -> Status>,
    pub set_double_n: Option<unsafe extern "C" fn(Handle, Text, c_int, *const c_double) -> Status>,
    pub set_int_n: Option<unsafe extern "C" fn(Handle, Text, c_int, *const c_int) -> Status>,
    pub get_pointer: Option<unsafe extern "C" fn(Handle, Text, c_int, *mut *mut c_void) -> Status>,
    pub get_string: Option<unsafe extern "C" fn(Handle, Text, c_int, *mut Text) -> Status>,
    pub get_double: Option<unsafe extern "C" fn(Handle, Text, c_int, *mut c_double) -> Status>,
    pub get_int: Option<unsafe extern "C" fn(Handle, Text, c_int, *mut c_int) -> Status>,
    pub get_pointer_n: Option<unsafe extern "C" fn(Handle, Text, c_int, *mut *mut c_void) -> Status>,
    pub get_string_n: Option<unsafe extern "C" fn(Handle, Text, c_int, *mut Text) -> Status>,
    pub get_double_n: Option<unsafe extern "C" fn(Handle, Text, c_int, *mut c_double) -> Status>,
    pub get_int_n: Option<unsafe extern "C" fn(Handle, Text, c_int, *mut c_int) -> Status>,
    pub reset: Option<unsafe extern "C" fn(Handle, Text) -> Status>,
    pub get_dimension: Option<unsafe extern "C" fn(Handle, Text, *mut c_int) -> Status>,
}

/// `OfxImageEffectSuiteV1`.
#[repr(C)]
#[derive(Debug)]
#[expect(missing_docs, reason = "the fields are named like the functions of the C header, which documents them")]
pub struct ImageEffectSuite {
    pub get_property_set: Option<unsafe extern "C" fn(Handle, *mut Handle) -> Status>,
    pub get_param_set: Option<unsafe extern "C" fn(Handle, *mut Handle) -> Status>,
    pub clip_define: Option<unsafe extern "C" fn(Handle, Text, *mut Handle) -> Status>,
    pub clip_get_handle: Option<unsafe extern "C" fn(Handle, Text, *mut Handle, *mut Handle) -> Status>,
    pub clip_get_property_set: Option<unsafe extern "C" fn(Handle, *mut Handle) -> Status>,
    pub clip_get_image: Option<unsafe extern "C" fn(Handle, c_double, *const RectD, *mut Handle) -> Status>,
    pub clip_release_image: Option<unsafe extern "C" fn(Handle) -> Status>,
    pub clip_get_region_of_definition: Option<unsafe extern "C" fn(Handle, c_double, *mut RectD) -> Status>,
    pub abort: Option<unsafe extern "C" fn(Handle) -> c_int>,
    pub image_memory_alloc: Option<unsafe extern "C" fn(Handle, usize, *mut Handle) -> Status>,
    pub image_memory_free: Option<unsafe extern "C" fn(Handle) -> Status>,
    pub image_memory_lock: Option<unsafe extern "C" fn(Handle, *mut *mut c_void) -> Status>,
    pub image_memory_unlock: Option<unsafe extern "C" fn(Handle) -> Status>,
}

/// `OfxParameterSuiteV1`.
#[repr(C)]
#[derive(Debug)]
#[expect(missing_docs, reason = "the fields are named like the functions of the C header, which documents them")]
pub struct ParameterSuite {
    pub define: Option<unsafe extern "C" fn(Handle, Text, Text, *mut Handle) -> Status>,
    pub get_handle: Option<unsafe extern "C" fn(Handle, Text, *mut Handle, *mut Handle) -> Status>,
    pub set_get_property_set: Option<unsafe extern "C" fn(Handle, *mut Handle) -> Status>,
    pub get_property_set: Option<unsafe extern "C" fn(Handle, *mut Handle) -> Status>,
    pub get_value: Option<unsafe extern "C" fn(Handle, ...) -> Status>,
    pub get_value_at_time: Option<unsafe extern "C" fn(Handle, c_double, ...) -> Status>,
    pub get_derivative: Option<unsafe extern "C" fn(Handle, c_double, ...) -> Status>,
    pub get_integral: Option<unsafe extern "C" fn(Handle, c_double, c_double, ...) -> Status>,
    pub set_value: Option<unsafe extern "C" fn(Handle, ...) -> Status>,
    pub set_value_at_time: Option<unsafe extern "C" fn(Handle, c_double, ...) -> Status>,
    pub get_num_keys: Option<unsafe extern "C" fn(Handle, *mut c_uint) -> Status>,
    pub get_key_time: Option<unsafe extern "C" fn(Handle, c_uint, *mut c_double) -> Status>,
    pub get_key_index: Option<unsafe extern "C" fn(Handle, c_double, c_int, *mut c_int) -> Status>,
    pub delete_key: Option<unsafe extern "C" fn(Handle, c_double) -> Status>,
    pub delete_all_keys: Option<unsafe extern "C" fn(Handle) -> Status>,
    pub copy: Option<unsafe extern "C" fn(Handle, Handle, c_double, *const RangeD) -> Status>,
    pub edit_begin: Option<unsafe extern "C" fn(Handle, Text) -> Status>,
    pub edit_end: Option<unsafe extern "C" fn(Handle) -> Status>,
}

/// `OfxMessageSuiteV2`; version 1 ends after `message`.
#[repr(C)]
#[derive(Debug)]
#[expect(missing_docs, reason = "the fields are named like the functions of the C header, which documents them")]
pub struct MessageSuite {
    pub message: Option<unsafe extern "C" fn(Handle, Text, Text, Text, ...) -> Status>,
    pub set_persistent_message: Option<unsafe extern "C" fn(Handle, Text, Text, Text, ...) -> Status>,
    pub clear_persistent_message: Option<unsafe extern "C" fn(Handle) -> Status>,
}

/// `OfxProgressSuiteV1`.
#[repr(C)]
#[derive(Debug)]
#[expect(missing_docs, reason = "the fields are named like the functions of the C header, which documents them")]
pub struct ProgressSuite {
    pub start: Option<unsafe extern "C" fn(Handle, Text) -> Status>,
    pub update: Option<unsafe extern "C" fn(Handle, c_double) -> Status>,
    pub end: Option<unsafe extern "C" fn(Handle) -> Status>,
}

/// `OfxProgressSuiteV2`.
#[repr(C)]
#[derive(Debug)]
#[expect(missing_docs, reason = "the fields are named like the functions of the C header, which documents them")]
pub struct ProgressSuiteV2 {
    pub start: Option<unsafe extern "C" fn(Handle, Text, Text) -> Status>,
    pub update: Option<unsafe extern "C" fn(Handle, c_double) -> Status>,
    pub end: Option<unsafe extern "C" fn(Handle) -> Status>,
}
