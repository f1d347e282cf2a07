//! The key functions of the parameter suite.

use std::ffi::{c_double, c_int, c_uint};

use ofx_host::abi::{Handle, RangeD, Status, status};

use super::access::{CHANGES, known, only_in, owner, refuse};
use crate::call::Call;
use crate::effect_state::Param;
use crate::guard::{answer, give, look};
use crate::registry::Kind;

pub(super) extern "C" fn get_num_keys(handle: Handle, place: *mut c_uint) -> Status {
    answer(|| {
        let count = known::<Param>(handle, Kind::Param, "paramGetNumKeys")?.curve().keys().len();
        give(place, count as c_uint)
    })
}

pub(super) extern "C" fn get_key_time(handle: Handle, index: c_uint, place: *mut c_double) -> Status {
    answer(|| {
        let time = known::<Param>(handle, Kind::Param, "paramGetKeyTime")?.curve().keys().get(index as usize).map(|(time, _)| *time);
        give(place, time.ok_or(status::BAD_INDEX)?)
    })
}

pub(super) extern "C" fn get_key_index(handle: Handle, time: c_double, direction: c_int, place: *mut c_int) -> Status {
    answer(|| {
        let param = known::<Param>(handle, Kind::Param, "paramGetKeyIndex")?;
        let times: Vec<f64> = param.curve().keys().iter().map(|(time, _)| *time).collect();
        let found = match direction.signum() {
            0 => times.iter().position(|key| key.total_cmp(&time).is_eq()),
            1 => times.iter().position(|key| *key > time),
            _ => times.iter().rposition(|key| *key < time),
        };
        give(place, found.ok_or(status::FAILED)? as c_int)
    })
}

pub(super) extern "C" fn delete_key(handle: Handle, time: c_double) -> Status {
    answer(|| {
        let param = known::<Param>(handle, Kind::Param, "paramDeleteKey")?;
        let effect = owner(&param)?;
        only_in(&effect, "paramDeleteKey", &CHANGES)?;
        let deleted = param.curve().delete_key(time);
        if deleted { Ok(()) } else { Err(status::BAD_INDEX) }
    })
}

pub(super) extern "C" fn delete_all_keys(handle: Handle) -> Status {
    answer(|| {
        let param = known::<Param>(handle, Kind::Param, "paramDeleteAllKeys")?;
        let effect = owner(&param)?;
        only_in(&effect, "paramDeleteAllKeys", &CHANGES)?;
        let time = effect.time();
        param.curve().delete_all(time);
        Ok(())
    })
}

pub(super) extern "C" fn copy(to: Handle, from: Handle, offset: c_double, range: *const RangeD) -> Status {
    answer(|| {
        let (to, from) = (known::<Param>(to, Kind::Param, "paramCopy")?, known::<Param>(from, Kind::Param, "paramCopy")?);
        let effect = owner(&to)?;
        only_in(&effect, "paramCopy", &CHANGES)?;
        if to.kind != from.kind {
            return refuse(&effect.host, status::VALUE, format!("paramCopy: {} is not of type {}", to.name, from.kind));
        }
        let range = look(range).map(|range| range.min..=range.max);
        let copied = from.curve().shifted(offset, range.as_ref());
        *to.curve() = copied;
        if let Some(call) = Call::of(&effect) {
            call.log.records().set.push(to.name.clone());
        }
        Ok(())
    })
}
