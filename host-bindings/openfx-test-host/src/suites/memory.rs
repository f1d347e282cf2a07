//! The memory functions of the image effect suite.

use std::ffi::c_void;
use std::sync::Arc;

use ofx_host::abi::{Handle, Status, status};

use super::access::{effect, known};
use crate::call::Call;
use crate::guard::{answer, give};
use crate::memory::{Lent, Memory};
use crate::registry::{Kind, Registration};

pub(super) extern "C" fn alloc(handle: Handle, size: usize, place: *mut Handle) -> Status {
    answer(|| {
        give(place, std::ptr::null_mut())?;
        let owner = if handle.is_null() { Call::current_effect() } else { Some(effect(handle, "imageMemoryAlloc")?) };
        let memory = Arc::new(Memory { registration: Registration::new(), lent: Lent::new(&vec![0; size.max(1)]) });
        memory.registration.bind(Kind::Memory, &memory);
        let handle = memory.registration.handle();
        owner.ok_or(status::BAD_HANDLE)?.life().memory.insert(handle.addr(), memory);
        give(place, handle)
    })
}

pub(super) extern "C" fn free(handle: Handle) -> Status {
    answer(|| {
        known::<Memory>(handle, Kind::Memory, "imageMemoryFree")?;
        let owner = Call::current_effect().ok_or(status::BAD_HANDLE)?;
        let freed = owner.life().memory.remove(&handle.addr());
        freed.map(drop).ok_or(status::BAD_HANDLE)
    })
}

pub(super) extern "C" fn lock(handle: Handle, place: *mut *mut c_void) -> Status {
    answer(|| give(place, known::<Memory>(handle, Kind::Memory, "imageMemoryLock")?.lent.address(0)))
}

pub(super) extern "C" fn unlock(handle: Handle) -> Status {
    answer(|| known::<Memory>(handle, Kind::Memory, "imageMemoryUnlock").map(drop))
}
