//! Handles. An effect gets numbers that are no addresses: a handle that is invalid, of another kind or no longer valid is noticed and never dereferenced.

use std::any::Any;
use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock, PoisonError, RwLock, Weak};

use ofx_host::abi::Handle;

/// The kinds of handles.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Properties,
    Effect,
    ParamSet,
    Param,
    Clip,
    Image,
    Memory,
}

type Object = (Kind, Weak<dyn Any + Send + Sync>);

static OBJECTS: LazyLock<RwLock<HashMap<usize, Object>>> = LazyLock::new(RwLock::default);
/// Handles are never reused, so one that is used too late matches nothing.
static NEXT: AtomicUsize = AtomicUsize::new(0x0F00_0010);

/// A number that is a valid handle while this lives.
#[derive(Debug)]
pub(crate) struct Registration(usize);

impl Registration {
    /// A new number, which stands for nothing yet.
    pub(crate) fn new() -> Self {
        Self(NEXT.fetch_add(16, Ordering::Relaxed))
    }

    /// Makes it a handle of `object`.
    pub(crate) fn bind<T: Any + Send + Sync>(&self, kind: Kind, object: &Arc<T>) {
        let object: Weak<T> = Arc::downgrade(object);
        OBJECTS.write().unwrap_or_else(PoisonError::into_inner).insert(self.0, (kind, object));
    }

    /// The handle that an effect gets.
    pub(crate) fn handle(&self) -> Handle {
        std::ptr::without_provenance_mut(self.0)
    }
}

impl Drop for Registration {
    fn drop(&mut self) {
        OBJECTS.write().unwrap_or_else(PoisonError::into_inner).remove(&self.0);
    }
}

/// The object of a handle; `None` for handles of another kind and for those that are not valid.
pub(crate) fn find<T: Any + Send + Sync>(handle: Handle, kind: Kind) -> Option<Arc<T>> {
    // The lock is released before the object: dropping the last reference takes its handle out, which needs the lock.
    let object = {
        let objects = OBJECTS.read().unwrap_or_else(PoisonError::into_inner);
        let (found, object) = objects.get(&handle.addr())?;
        if *found != kind {
            return None;
        }
        object.upgrade()?
    };
    object.downcast().ok()
}
