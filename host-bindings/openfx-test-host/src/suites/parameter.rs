//! The parameter suite; its key functions are in [`super::keys`].
#![expect(unsafe_code, reason = "variadic functions are written in C and call those here by their names")]

use std::ffi::{c_char, c_double, c_int, c_void};
use std::sync::Arc;

use ofx_host::abi::{Handle, ParameterSuite, Status, Text, status};

use super::access::{CHANGES, known, only_in, owner, refuse};
use super::keys;
use crate::call::Call;
use crate::definitions::{self, Form};
use crate::effect_state::{EffectState, Param, Stage};
use crate::guard::{answer, give, give_if_asked, guard, list, needed, text};
use crate::log::complain;
use crate::prop::c_text;
use crate::property_set::PropertySet;
use crate::registry::Kind;
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

/// Actions with a time, for which parameters must be read.
const TIMED: [&str; 5] = [
    "OfxImageEffectActionRender",
    "OfxImageEffectActionIsIdentity",
    "OfxImageEffectActionGetRegionsOfInterest",
    "OfxImageEffectActionGetRegionOfDefinition",
    "OfxImageEffectActionGetFramesNeeded",
];

/// A component of a value, as C passes it.
#[repr(C)]
#[derive(Clone, Copy)]
union Part {
    whole: c_int,
    number: c_double,
    text: Text,
}

extern "C" fn define(handle: Handle, kind: Text, name: Text, place: *mut Handle) -> Status {
    answer(|| {
        let effect = known::<EffectState>(handle, Kind::ParamSet, "paramDefine")?;
        only_in(&effect, "paramDefine", &["OfxImageEffectActionDescribeInContext"])?;
        let (kind, name) = (needed(kind, "the type of a parameter")?, needed(name, "the name of a parameter")?);
        if !is_param_type(&kind) {
            return refuse(&effect.host, status::UNKNOWN, format!("paramDefine: there is no parameter type {kind}"));
        }
        if effect.param(&name).is_some() {
            return refuse(&effect.host, status::EXISTS, format!("paramDefine: there is a parameter {name} already"));
        }
        let shape = Shape::of(&kind).map(|shape| (shape.form, shape.count));
        let properties = PropertySet::new(&effect.host.log, format!("the parameter {name}"), &definitions::param(&kind, shape));
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
        let effect = known::<EffectState>(handle, Kind::ParamSet, "paramGetHandle")?;
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
    answer(|| give(place, known::<EffectState>(handle, Kind::ParamSet, "paramSetGetPropertySet")?.properties.handle()))
}

extern "C" fn get_property_set(handle: Handle, place: *mut Handle) -> Status {
    answer(|| give(place, known::<Param>(handle, Kind::Param, "paramGetPropertySet")?.properties.handle()))
}

/// Whether a call is allowed now.
fn allowed(param: &Param, function: &str) -> Result<Arc<Call>, Status> {
    let effect = owner(param)?;
    if function.starts_with("paramSet") {
        return only_in(&effect, function, &CHANGES);
    }
    match Call::of(&effect) {
        None => refuse(&effect.host, status::FAILED, format!("{function} outside of any action")),
        Some(call) if function == "paramGetValue" && TIMED.contains(&call.action()) => {
            // Hosts answer all the same, with the value at some time.
            complain(
                Some(&effect.host.log),
                format!("paramGetValue of {} in an action with a time: paramGetValueAtTime is for that", param.name),
            );
            Ok(call)
        }
        Some(call) => Ok(call),
    }
}

/// The shape of a parameter: a letter for the type, and the number of components. Errors are the letter `x` and a status.
// SAFETY: the names of these functions are unique to this crate; their only caller is variadic.c, which declares them with the same types.
#[unsafe(no_mangle)]
extern "C" fn ofx_test_shape(handle: Handle, call: Text, count_or_status: *mut c_int) -> c_char {
    let found = guard(Err(status::FAILED), || {
        let call = text(call).unwrap_or_default();
        let param = known::<Param>(handle, Kind::Param, &call)?;
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
        let param = known::<Param>(handle, Kind::Param, "paramGetValue")?;
        let effect = owner(&param)?;
        let time = if timed != 0 { time } else { effect.time() };
        let places = list(out, count as usize)?;
        // A separate statement, so that the lock is released before results are written.
        let value = param.curve().at(time);
        match value {
            Value::Ints(values) => values.into_iter().zip(places).try_for_each(|(value, place)| give(place.cast::<c_int>(), value)),
            Value::Doubles(values) => values.into_iter().zip(places).try_for_each(|(value, place)| give(place.cast::<c_double>(), value)),
            Value::Text(text) => {
                let call = Call::of(&effect).ok_or(status::FAILED)?;
                let place = places.first().ok_or(status::VALUE)?;
                give(place.cast::<Text>(), call.lend(c_text(&text)))
            }
        }
    })
}

// SAFETY: as above.
#[unsafe(no_mangle)]
extern "C" fn ofx_test_set(handle: Handle, timed: c_int, time: c_double, parts: *const Part, count: c_int) -> Status {
    answer(|| {
        let param = known::<Param>(handle, Kind::Param, "paramSetValue")?;
        let effect = owner(&param)?;
        let shape = param.shape.ok_or(status::UNSUPPORTED)?;
        let parts = list(parts, count as usize)?;
        let value = match shape.form {
            // SAFETY: C has set the field that belongs to the shape, which it asked for.
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
        if let Some(call) = Call::of(&effect) {
            call.log.records().set.push(param.name.clone());
        }
        Ok(())
    })
}

/// Refuses choices and booleans out of range.
fn check(effect: &Arc<EffectState>, param: &Param, value: &Value) -> Result<(), Status> {
    let entries = param.properties.values("OfxParamPropChoiceOption").len() as i32;
    match value {
        Value::Ints(values) if param.kind == "OfxParamTypeChoice" && values.iter().any(|value| !(0..entries).contains(value)) => {
            refuse(&effect.host, status::VALUE, format!("paramSetValue: {} has no entry {values:?}", param.name))
        }
        Value::Ints(values) if param.kind == "OfxParamTypeBoolean" && values.iter().any(|value| !(0..2).contains(value)) => {
            refuse(&effect.host, status::VALUE, format!("paramSetValue: {} is a boolean, not {values:?}", param.name))
        }
        _ => Ok(()),
    }
}

// SAFETY: as above.
#[unsafe(no_mangle)]
extern "C" fn ofx_test_calculus(handle: Handle, integral: c_int) -> Status {
    answer(|| {
        let param = known::<Param>(handle, Kind::Param, if integral != 0 { "paramGetIntegral" } else { "paramGetDerivative" })?;
        refuse(&owner(&param)?.host, status::UNSUPPORTED, "this host neither differentiates nor integrates".to_owned())
    })
}

extern "C" fn edit_begin(handle: Handle, name: Text) -> Status {
    answer(|| {
        let effect = known::<EffectState>(handle, Kind::ParamSet, "paramEditBegin")?;
        only_in(&effect, "paramEditBegin", &CHANGES)?;
        needed(name, "the name of an edit")?;
        effect.life().editing += 1;
        Ok(())
    })
}

extern "C" fn edit_end(handle: Handle) -> Status {
    answer(|| {
        let effect = known::<EffectState>(handle, Kind::ParamSet, "paramEditEnd")?;
        only_in(&effect, "paramEditEnd", &CHANGES)?;
        let before = effect.life().editing;
        let Some(less) = before.checked_sub(1) else {
            return refuse(&effect.host, status::FAILED, "paramEditEnd without paramEditBegin".to_owned());
        };
        effect.life().editing = less;
        Ok(())
    })
}
