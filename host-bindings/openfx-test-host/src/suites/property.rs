//! The property suite.

use std::ffi::{c_double, c_int, c_void};
use std::sync::Arc;

use ofx_host::abi::{Handle, PropertySuite, Status, Text, status};

use super::access::valid;
use crate::guard::{answer, give, give_list, list, needed};
use crate::live_image::LiveImage;
use crate::prop::{Slot, c_text};
use crate::property_set::PropertySet;
use crate::registry::{Kind, find};

pub(super) static SUITE: PropertySuite = PropertySuite {
    set_pointer: Some(set_pointer),
    set_string: Some(set_string),
    set_double: Some(set_double),
    set_int: Some(set_int),
    set_pointer_n: Some(set_pointer_n),
    set_string_n: Some(set_string_n),
    set_double_n: Some(set_double_n),
    set_int_n: Some(set_int_n),
    get_pointer: Some(get_pointer),
    get_string: Some(get_string),
    get_double: Some(get_double),
    get_int: Some(get_int),
    get_pointer_n: Some(get_pointer_n),
    get_string_n: Some(get_string_n),
    get_double_n: Some(get_double_n),
    get_int_n: Some(get_int_n),
    reset: Some(reset),
    get_dimension: Some(get_dimension),
};

/// The property set of a handle; images have one, too.
fn properties(handle: Handle, call: &str) -> Result<Arc<PropertySet>, Status> {
    let set = find::<PropertySet>(handle, Kind::Properties);
    valid(set.or_else(|| find::<LiveImage>(handle, Kind::Image).map(|image| Arc::clone(image.properties()))), call)
}

fn written(status: Status) -> Result<(), Status> {
    if status == status::OK { Ok(()) } else { Err(status) }
}

fn set(handle: Handle, name: Text, index: c_int, value: impl FnOnce() -> Result<Slot, Status>) -> Status {
    answer(|| {
        let set = properties(handle, "propSet")?;
        written(set.write(&needed(name, "the name of a property")?, index, value()?))
    })
}

fn set_n<T: Copy>(handle: Handle, name: Text, count: c_int, values: *const T, slot: impl Fn(T) -> Result<Slot, Status>) -> Status {
    answer(|| {
        let set = properties(handle, "propSetN")?;
        let values = list(values, usize::try_from(count).map_err(|_| status::BAD_INDEX)?)?;
        let slots = values.into_iter().map(slot).collect::<Result<Vec<_>, _>>()?;
        written(set.write_all(&needed(name, "the name of a property")?, slots))
    })
}

fn text_slot(value: Text) -> Result<Slot, Status> {
    Ok(Slot::Text(c_text(&needed(value, "a text for a property")?)))
}

fn pointer_slot(value: *mut c_void) -> Slot {
    Slot::Pointer(value.expose_provenance())
}

extern "C" fn set_pointer(handle: Handle, name: Text, index: c_int, value: *mut c_void) -> Status {
    set(handle, name, index, || Ok(pointer_slot(value)))
}

extern "C" fn set_string(handle: Handle, name: Text, index: c_int, value: Text) -> Status {
    set(handle, name, index, || text_slot(value))
}

extern "C" fn set_double(handle: Handle, name: Text, index: c_int, value: c_double) -> Status {
    set(handle, name, index, || Ok(value.into()))
}

extern "C" fn set_int(handle: Handle, name: Text, index: c_int, value: c_int) -> Status {
    set(handle, name, index, || Ok(value.into()))
}

extern "C" fn set_pointer_n(handle: Handle, name: Text, count: c_int, values: *const *mut c_void) -> Status {
    set_n(handle, name, count, values, |value| Ok(pointer_slot(value)))
}

extern "C" fn set_string_n(handle: Handle, name: Text, count: c_int, values: *const Text) -> Status {
    set_n(handle, name, count, values, text_slot)
}

extern "C" fn set_double_n(handle: Handle, name: Text, count: c_int, values: *const c_double) -> Status {
    set_n(handle, name, count, values, |value| Ok(value.into()))
}

extern "C" fn set_int_n(handle: Handle, name: Text, count: c_int, values: *const c_int) -> Status {
    set_n(handle, name, count, values, |value| Ok(value.into()))
}

/// Reads the values of a range of indices.
fn read<T>(handle: Handle, name: Text, indices: std::ops::Range<c_int>, select: fn(&Slot) -> Option<T>) -> Result<Vec<T>, Status> {
    let set = properties(handle, "propGet")?;
    let name = needed(name, "the name of a property")?;
    indices.map(|index| set.read(&name, index, select)).collect()
}

fn get<T: Copy>(handle: Handle, name: Text, index: c_int, place: *mut T, select: fn(&Slot) -> Option<T>) -> Status {
    answer(|| {
        let value = read(handle, name, index..index.saturating_add(1), select)?;
        give(place, *value.first().ok_or(status::BAD_INDEX)?)
    })
}

fn get_n<T: Copy>(handle: Handle, name: Text, count: c_int, places: *mut T, select: fn(&Slot) -> Option<T>) -> Status {
    answer(|| give_list(places, &read(handle, name, 0..count, select)?))
}

fn pointer(slot: &Slot) -> Option<*mut c_void> {
    if let Slot::Pointer(address) = slot { Some(std::ptr::with_exposed_provenance_mut(*address)) } else { None }
}

/// The address of a text, valid as long as its set.
fn string(slot: &Slot) -> Option<Text> {
    if let Slot::Text(text) = slot { Some(text.as_ptr()) } else { None }
}

fn double(slot: &Slot) -> Option<c_double> {
    if let Slot::Double(value) = slot { Some(*value) } else { None }
}

fn int(slot: &Slot) -> Option<c_int> {
    if let Slot::Int(value) = slot { Some(*value) } else { None }
}

extern "C" fn get_pointer(handle: Handle, name: Text, index: c_int, place: *mut *mut c_void) -> Status {
    get(handle, name, index, place, pointer)
}

extern "C" fn get_string(handle: Handle, name: Text, index: c_int, place: *mut Text) -> Status {
    get(handle, name, index, place, string)
}

extern "C" fn get_double(handle: Handle, name: Text, index: c_int, place: *mut c_double) -> Status {
    get(handle, name, index, place, double)
}

extern "C" fn get_int(handle: Handle, name: Text, index: c_int, place: *mut c_int) -> Status {
    get(handle, name, index, place, int)
}

extern "C" fn get_pointer_n(handle: Handle, name: Text, count: c_int, places: *mut *mut c_void) -> Status {
    get_n(handle, name, count, places, pointer)
}

extern "C" fn get_string_n(handle: Handle, name: Text, count: c_int, places: *mut Text) -> Status {
    get_n(handle, name, count, places, string)
}

extern "C" fn get_double_n(handle: Handle, name: Text, count: c_int, places: *mut c_double) -> Status {
    get_n(handle, name, count, places, double)
}

extern "C" fn get_int_n(handle: Handle, name: Text, count: c_int, places: *mut c_int) -> Status {
    get_n(handle, name, count, places, int)
}

extern "C" fn reset(handle: Handle, name: Text) -> Status {
    answer(|| written(properties(handle, "propReset")?.reset(&needed(name, "the name of a property")?)))
}

extern "C" fn get_dimension(handle: Handle, name: Text, place: *mut c_int) -> Status {
    answer(|| {
        let set = properties(handle, "propGetDimension")?;
        let dimension = set.dimension(&needed(name, "the name of a property")?)?;
        give(place, c_int::try_from(dimension).unwrap_or(c_int::MAX))
    })
}
