//! The functions for keys of the suite for parameters.

use std::ffi::{c_double, c_int, c_uint};

use ofx_host::abi::{Handle, RangeD, Status, status};

use super::parameter::{CHANGES, owner};
use super::{known, only_in, refuse};
use crate::frame::Frame;
use crate::guard::{answer, give, look};
use crate::registry;

pub(super) extern "C" fn get_num_keys(handle: Handle, place: *mut c_uint) -> Status {
    answer(|| {
        let count = known(registry::param(handle), "paramGetNumKeys")?.curve().keys().len();
        give(place, count as c_uint)
    })
}

pub(super) extern "C" fn get_key_time(handle: Handle, index: c_uint, place: *mut c_double) -> Status {
    answer(|| {
        let time = known(registry::param(handle), "paramGetKeyTime")?.curve().keys().get(index as usize).map(|(time, _)| *time);
        give(place, time.ok_or(status::BAD_INDEX)?)
    })
}

pub(super) extern "C" fn get_key_index(handle: Handle, time: c_double, direction: c_int, place: *mut c_int) -> Status {
    answer(|| {
        let param = known(registry::param(handle), "paramGetKeyIndex")?;
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
        let param = known(registry::param(handle), "paramDeleteKey")?;
        only_in(&owner(&param)?, "paramDeleteKey", &CHANGES)?;
        let deleted = param.curve().delete_key(time);
        if deleted { Ok(()) } else { Err(status::BAD_INDEX) }
    })
}

pub(super) extern "C" fn delete_all_keys(handle: Handle) -> Status {
    answer(|| {
        let param = known(registry::param(handle), "paramDeleteAllKeys")?;
        let effect = owner(&param)?;
        only_in(&effect, "paramDeleteAllKeys", &CHANGES)?;
        let time = effect.time();
        param.curve().delete_all(time);
        Ok(())
    })
}

pub(super) extern "C" fn copy(to: Handle, from: Handle, offset: c_double, range: *const RangeD) -> Status {
    answer(|| {
        let (to, from) = (known(registry::param(to), "paramCopy")?, known(registry::param(from), "paramCopy")?);
        let effect = owner(&to)?;
        only_in(&effect, "paramCopy", &CHANGES)?;
        if to.kind != from.kind {
            return refuse(&effect.host, status::VALUE, format!("paramCopy: {} is no {}", to.name, from.kind));
        }
        let range = look(range).map(|range| range.min..=range.max);
        let copied = from.curve().shifted(offset, range.as_ref());
        *to.curve() = copied;
        if let Some(frame) = Frame::of(&effect) {
            frame.trace().set.push(to.name.clone());
        }
        Ok(())
    })
}
