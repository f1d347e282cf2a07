//! Handles. An effect gets numbers that were never memory: a handle that is wrong, of another kind or no longer valid is noticed and never looked into.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock, PoisonError, RwLock, Weak};

use ofx_host::abi::Handle;

use crate::effect_state::{Clip, EffectState, Param};
use crate::live_image::LiveImage;
use crate::memory::Memory;
use crate::property_set::PropertySet;

/// What a handle stands for.
pub(crate) enum Object {
    Properties(Weak<PropertySet>),
    Effect(Weak<EffectState>),
    ParamSet(Weak<EffectState>),
    Param(Weak<Param>),
    Clip(Weak<Clip>),
    Image(Weak<LiveImage>),
    Memory(Weak<Memory>),
}

static OBJECTS: LazyLock<RwLock<HashMap<usize, Object>>> = LazyLock::new(RwLock::default);
/// No handle is given twice: one that is used too late belongs to nothing else.
static NEXT: AtomicUsize = AtomicUsize::new(0x0F00_0010);

/// A number that is a handle as long as this lives.
#[derive(Debug)]
pub(crate) struct Registration(usize);

impl Registration {
    /// A number that stands for nothing yet.
    pub(crate) fn new() -> Self {
        Self(NEXT.fetch_add(16, Ordering::Relaxed))
    }

    /// From now on it stands for this.
    pub(crate) fn stand_for(&self, object: Object) {
        OBJECTS.write().unwrap_or_else(PoisonError::into_inner).insert(self.0, object);
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

fn find<T>(handle: Handle, select: impl FnOnce(&Object) -> Option<Arc<T>>) -> Option<Arc<T>> {
    OBJECTS.read().unwrap_or_else(PoisonError::into_inner).get(&handle.addr()).and_then(select)
}

/// A set of properties; an image is one, too.
pub(crate) fn properties(handle: Handle) -> Option<Arc<PropertySet>> {
    // An image that nobody else holds any more is dropped here, where the table is not locked: its handle is taken out then.
    set(handle).or_else(|| image(handle).map(|image| Arc::clone(image.properties())))
}

macro_rules! finders {
    ($($name:ident: $variant:ident -> $type:ty;)*) => {
        $(pub(crate) fn $name(handle: Handle) -> Option<Arc<$type>> {
            find(handle, |object| if let Object::$variant(found) = object { found.upgrade() } else { None })
        })*
    };
}

finders! {
    set: Properties -> PropertySet;
    effect: Effect -> EffectState;
    param_set: ParamSet -> EffectState;
    param: Param -> Param;
    clip: Clip -> Clip;
    image: Image -> LiveImage;
    memory: Memory -> Memory;
}
