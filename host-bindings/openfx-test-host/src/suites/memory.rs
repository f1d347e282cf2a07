//! The functions for memory of the suite for image effects.

use std::ffi::c_void;
use std::sync::Arc;

use ofx_host::abi::{Handle, Status, status};

use super::{effect, known};
use crate::frame::current;
use crate::guard::{answer, give};
use crate::memory::{Lent, Memory};
use crate::registry::{self, Object, Registration};

pub(super) extern "C" fn alloc(handle: Handle, size: usize, place: *mut Handle) -> Status {
    answer(|| {
        give(place, std::ptr::null_mut())?;
        let owner =
            if handle.is_null() { current().and_then(|frame| frame.effect.clone()) } else { Some(effect(handle, "imageMemoryAlloc")?) };
        let memory = Arc::new(Memory { registration: Registration::new(), lent: Lent::new(&vec![0; size.max(1)]) });
        memory.registration.stand_for(Object::Memory(Arc::downgrade(&memory)));
        let handle = memory.registration.handle();
        owner.ok_or(status::BAD_HANDLE)?.life().memory.insert(handle.addr(), memory);
        give(place, handle)
    })
}

pub(super) extern "C" fn free(handle: Handle) -> Status {
    answer(|| {
        known(registry::memory(handle), "imageMemoryFree")?;
        let owner = current().and_then(|frame| frame.effect.clone()).ok_or(status::BAD_HANDLE)?;
        let freed = owner.life().memory.remove(&handle.addr());
        freed.map(drop).ok_or(status::BAD_HANDLE)
    })
}

pub(super) extern "C" fn lock(handle: Handle, place: *mut *mut c_void) -> Status {
    answer(|| give(place, known(registry::memory(handle), "imageMemoryLock")?.lent.address(0)))
}

pub(super) extern "C" fn unlock(handle: Handle) -> Status {
    answer(|| known(registry::memory(handle), "imageMemoryUnlock").map(drop))
}
