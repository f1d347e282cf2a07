//! The suite for parameters; its keys are in [`super::keys`].
#![expect(unsafe_code, reason = "functions with variable arguments are written in C, and call those here by their names")]

use std::ffi::{c_char, c_double, c_int, c_void};
use std::sync::Arc;

use ofx_host::abi::{Handle, ParameterSuite, Status, Text, status};

use super::{keys, known, only_in, refuse};
use crate::definitions::{self, Form};
use crate::effect_state::{EffectState, Param, Stage};
use crate::frame::{Frame, complain};
use crate::guard::{answer, give, give_if_asked, guard, list, needed, text};
use crate::property_set::{PropertySet, c_text};
use crate::registry;
use crate::value::{Shape, Value, is_param_type};

unsafe extern "C" {
    fn ofx_test_param_get_value(param: Handle, ...) -> Status;
    fn ofx_test_param_get_value_at_time(param: Handle, time: c_double, ...) -> Status;
    fn ofx_test_param_set_value(param: Handle, ...) -> Status;
    fn ofx_test_param_set_value_at_time(param: Handle, time: c_double, ...) -> Status;
    fn ofx_test_param_get_derivative(param: Handle, time: c_double, ...) -> Status;
    fn ofx_test_param_get_integral(param: Handle, from: c_double, to: c_double, ...) -> Status;
}

pub(super) static SUITE: ParameterSuite = ParameterSuite {
    define: Some(define),
    get_handle: Some(get_handle),
    set_get_property_set: Some(set_get_property_set),
    get_property_set: Some(get_property_set),
    get_value: Some(ofx_test_param_get_value),
    get_value_at_time: Some(ofx_test_param_get_value_at_time),
    get_derivative: Some(ofx_test_param_get_derivative),
    get_integral: Some(ofx_test_param_get_integral),
    set_value: Some(ofx_test_param_set_value),
    set_value_at_time: Some(ofx_test_param_set_value_at_time),
    get_num_keys: Some(keys::get_num_keys),
    get_key_time: Some(keys::get_key_time),
    get_key_index: Some(keys::get_key_index),
    delete_key: Some(keys::delete_key),
    delete_all_keys: Some(keys::delete_all_keys),
    copy: Some(keys::copy),
    edit_begin: Some(edit_begin),
    edit_end: Some(edit_end),
};

/// In these, parameters may be set.
pub(super) const CHANGES: [&str; 3] = ["OfxActionInstanceChanged", "OfxActionBeginInstanceChanged", "OfxActionEndInstanceChanged"];
/// In these there is a time, at which parameters have to be asked for.
const TIMED: [&str; 5] = [
    "OfxImageEffectActionRender",
    "OfxImageEffectActionIsIdentity",
    "OfxImageEffectActionGetRegionsOfInterest",
    "OfxImageEffectActionGetRegionOfDefinition",
    "OfxImageEffectActionGetFramesNeeded",
];

/// As C passes a part of a value.
#[repr(C)]
#[derive(Clone, Copy)]
union Part {
    whole: c_int,
    number: c_double,
    text: Text,
}

pub(super) fn owner(param: &Param) -> Result<Arc<EffectState>, Status> {
    param.effect.upgrade().ok_or(status::BAD_HANDLE)
}

extern "C" fn define(handle: Handle, kind: Text, name: Text, place: *mut Handle) -> Status {
    answer(|| {
        let effect = known(registry::param_set(handle), "paramDefine")?;
        only_in(&effect, "paramDefine", &["OfxImageEffectActionDescribeInContext"])?;
        let (kind, name) = (needed(kind, "the type of a parameter")?, needed(name, "the name of a parameter")?);
        if !is_param_type(&kind) {
            return refuse(&effect.host, status::UNKNOWN, format!("paramDefine: no type of parameters is called {kind}"));
        }
        if effect.param(&name).is_some() {
            return refuse(&effect.host, status::EXISTS, format!("paramDefine: there is a parameter {name} already"));
        }
        let shape = Shape::of(&kind).map(|shape| (shape.form, shape.count));
        let properties = PropertySet::new(&effect.host, format!("the parameter {name}"), &definitions::param(&kind, shape));
        properties.put("OfxPropName", [name.as_str()]);
        properties.put("OfxParamPropType", [kind.as_str()]);
        properties.assume("OfxPropLabel", &name);
        properties.assume("OfxParamPropScriptName", &name);
        give_if_asked(place, properties.handle());
        let param = Param::new(&effect, &kind, &name, properties);
        effect.life().params.push(param);
        Ok(())
    })
}

extern "C" fn get_handle(handle: Handle, name: Text, place: *mut Handle, set: *mut Handle) -> Status {
    answer(|| {
        let effect = known(registry::param_set(handle), "paramGetHandle")?;
        let name = needed(name, "the name of a parameter")?;
        if effect.stage != Stage::Instance {
            return refuse(&effect.host, status::BAD_HANDLE, "paramGetHandle is for instances".to_owned());
        }
        let Some(param) = effect.param(&name) else {
            return refuse(&effect.host, status::UNKNOWN, format!("paramGetHandle: there is no parameter {name}"));
        };
        give_if_asked(set, param.properties.handle());
        give(place, param.registration.handle())
    })
}

extern "C" fn set_get_property_set(handle: Handle, place: *mut Handle) -> Status {
    answer(|| give(place, known(registry::param_set(handle), "paramSetGetPropertySet")?.properties.handle()))
}

extern "C" fn get_property_set(handle: Handle, place: *mut Handle) -> Status {
    answer(|| give(place, known(registry::param(handle), "paramGetPropertySet")?.properties.handle()))
}

/// Whether a call is allowed now.
fn allowed(param: &Param, call: &str) -> Result<Arc<Frame>, Status> {
    let effect = owner(param)?;
    if call.starts_with("paramSet") {
        return only_in(&effect, call, &CHANGES);
    }
    match Frame::of(&effect) {
        None => refuse(&effect.host, status::FAILED, format!("{call} outside of any action")),
        Some(frame) if call == "paramGetValue" && TIMED.contains(&frame.action) => {
            // Hosts answer in spite of it, with the value of some time.
            complain(Some(&effect.host), format!("paramGetValue of {} where there is a time: paramGetValueAtTime is for that", param.name));
            Ok(frame)
        }
        Some(frame) => Ok(frame),
    }
}

/// What the value of a parameter is made of: a letter, and how many. What goes wrong is a status and the letter `x`.
// SAFETY: the names of these are this crate's own; the one caller is variadic.c, which declares them in the same way.
#[unsafe(no_mangle)]
extern "C" fn ofx_test_shape(handle: Handle, call: Text, count_or_status: *mut c_int) -> c_char {
    let found = guard(Err(status::FAILED), || {
        let call = text(call).unwrap_or_default();
        let param = known(registry::param(handle), &call)?;
        let effect = owner(&param)?;
        let Some(shape) = param.shape else {
            return refuse(&effect.host, status::UNSUPPORTED, format!("{call}: {} has no value", param.name));
        };
        allowed(&param, &call).map(|_| shape)
    });
    let (letter, number) = match found {
        Ok(Shape { form: Form::Double, count }) => (b'd', count as c_int),
        Ok(Shape { form: Form::Text, count }) => (b's', count as c_int),
        Ok(Shape { count, .. }) => (b'i', count as c_int),
        Err(status) => (b'x', status),
    };
    give_if_asked(count_or_status, number);
    letter as c_char
}

// SAFETY: as above.
#[unsafe(no_mangle)]
extern "C" fn ofx_test_get(handle: Handle, timed: c_int, time: c_double, out: *const *mut c_void, count: c_int) -> Status {
    answer(|| {
        let param = known(registry::param(handle), "paramGetValue")?;
        let effect = owner(&param)?;
        let time = if timed != 0 { time } else { effect.time() };
        let places = list(out, count as usize)?;
        // A statement of its own: the lock is not held while results are given.
        let value = param.curve().at(time);
        match value {
            Value::Ints(values) => values.into_iter().zip(places).try_for_each(|(value, place)| give(place.cast::<c_int>(), value)),
            Value::Doubles(values) => values.into_iter().zip(places).try_for_each(|(value, place)| give(place.cast::<c_double>(), value)),
            Value::Text(text) => {
                let frame = Frame::of(&effect).ok_or(status::FAILED)?;
                let place = places.first().ok_or(status::VALUE)?;
                give(place.cast::<Text>(), frame.lend(c_text(&text)))
            }
        }
    })
}

// SAFETY: as above.
#[unsafe(no_mangle)]
extern "C" fn ofx_test_set(handle: Handle, timed: c_int, time: c_double, parts: *const Part, count: c_int) -> Status {
    answer(|| {
        let param = known(registry::param(handle), "paramSetValue")?;
        let effect = owner(&param)?;
        let shape = param.shape.ok_or(status::UNSUPPORTED)?;
        let parts = list(parts, count as usize)?;
        let value = match shape.form {
            // SAFETY: C has set the part that belongs to the shape, which it asked for.
            Form::Double => Value::Doubles(parts.iter().map(|part| unsafe { part.number }).collect()),
            Form::Text => {
                let part = parts.first().ok_or(status::VALUE)?;
                // SAFETY: as above.
                Value::Text(needed(unsafe { part.text }, "the text for a parameter")?)
            }
            // SAFETY: as above.
            _ => Value::Ints(parts.iter().map(|part| unsafe { part.whole }).collect()),
        };
        check(&effect, &param, &value)?;
        if timed != 0 && param.properties.int("OfxParamPropAnimates") == 0 {
            return refuse(&effect.host, status::FAILED, format!("paramSetValueAtTime: {} does not animate", param.name));
        }
        if timed != 0 {
            param.curve().set_key(time, value);
        } else {
            param.curve().set(effect.time(), value);
        }
        if let Some(frame) = Frame::of(&effect) {
            frame.trace().set.push(param.name.clone());
        }
        Ok(())
    })
}

/// Whether a parameter can have a value.
fn check(effect: &Arc<EffectState>, param: &Param, value: &Value) -> Result<(), Status> {
    let entries = param.properties.values("OfxParamPropChoiceOption").len() as i32;
    match value {
        Value::Ints(values) if param.kind == "OfxParamTypeChoice" && values.iter().any(|value| !(0..entries).contains(value)) => {
            refuse(&effect.host, status::VALUE, format!("paramSetValue: {} has no entry {values:?}", param.name))
        }
        Value::Ints(values) if param.kind == "OfxParamTypeBoolean" && values.iter().any(|value| !(0..2).contains(value)) => {
            refuse(&effect.host, status::VALUE, format!("paramSetValue: {} is yes or no, not {values:?}", param.name))
        }
        _ => Ok(()),
    }
}

// SAFETY: as above.
#[unsafe(no_mangle)]
extern "C" fn ofx_test_calculus(handle: Handle, integral: c_int) -> Status {
    answer(|| {
        let param = known(registry::param(handle), if integral != 0 { "paramGetIntegral" } else { "paramGetDerivative" })?;
        refuse(&owner(&param)?.host, status::UNSUPPORTED, "this host neither differentiates nor integrates".to_owned())
    })
}

extern "C" fn edit_begin(handle: Handle, name: Text) -> Status {
    answer(|| {
        let effect = known(registry::param_set(handle), "paramEditBegin")?;
        only_in(&effect, "paramEditBegin", &CHANGES)?;
        needed(name, "the name of an edit")?;
        effect.life().editing += 1;
        Ok(())
    })
}

extern "C" fn edit_end(handle: Handle) -> Status {
    answer(|| {
        let effect = known(registry::param_set(handle), "paramEditEnd")?;
        only_in(&effect, "paramEditEnd", &CHANGES)?;
        let before = effect.life().editing;
        let Some(less) = before.checked_sub(1) else {
            return refuse(&effect.host, status::FAILED, "paramEditEnd without paramEditBegin".to_owned());
        };
        effect.life().editing = less;
        Ok(())
    })
}
