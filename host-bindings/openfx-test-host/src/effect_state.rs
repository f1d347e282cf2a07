//! An effect behind its handle: a descriptor, a descriptor in a context, or an instance; with its clips and parameters.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use crate::host_state::HostState;
use crate::image::ClipImage;
use crate::log::Message;
use crate::memory::Memory;
use crate::property_set::PropertySet;
use crate::registry::{Kind, Registration};
use crate::value::{Curve, Shape, Value};

/// The stage of an effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    Descriptor,
    ContextDescriptor,
    Instance,
}

/// Returns the image of a clip at a time.
pub(crate) type Source = Arc<dyn Fn(f64) -> Option<ClipImage> + Send + Sync>;

/// A clip of a description or an instance.
pub(crate) struct Clip {
    pub(crate) registration: Registration,
    pub(crate) name: String,
    pub(crate) properties: Arc<PropertySet>,
    pub(crate) effect: Weak<EffectState>,
    pub(crate) source: Mutex<Option<Source>>,
}

impl Clip {
    pub(crate) fn new(effect: &Arc<EffectState>, name: &str, properties: Arc<PropertySet>) -> Arc<Self> {
        let clip = Arc::new(Self {
            registration: Registration::new(),
            name: name.to_owned(),
            properties,
            effect: Arc::downgrade(effect),
            source: Mutex::new(None),
        });
        clip.registration.bind(Kind::Clip, &clip);
        clip
    }

    /// The connected source. The lock is not held while it is called.
    pub(crate) fn source(&self) -> Option<Source> {
        self.source.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// A parameter of a description or an instance.
pub(crate) struct Param {
    pub(crate) registration: Registration,
    pub(crate) name: String,
    pub(crate) kind: String,
    pub(crate) shape: Option<Shape>,
    pub(crate) properties: Arc<PropertySet>,
    pub(crate) effect: Weak<EffectState>,
    pub(crate) curve: Mutex<Curve>,
}

impl Param {
    pub(crate) fn new(effect: &Arc<EffectState>, kind: &str, name: &str, properties: Arc<PropertySet>) -> Arc<Self> {
        let shape = Shape::of(kind);
        let start = shape.map_or(Value::Ints(Vec::new()), |shape| shape.value(&properties.values("OfxParamPropDefault")));
        let param = Arc::new(Self {
            registration: Registration::new(),
            name: name.to_owned(),
            kind: kind.to_owned(),
            shape,
            properties,
            effect: Arc::downgrade(effect),
            curve: Mutex::new(Curve::new(start)),
        });
        param.registration.bind(Kind::Param, &param);
        param
    }

    pub(crate) fn curve(&self) -> MutexGuard<'_, Curve> {
        self.curve.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Returns whether to stop; its argument is how often it was called in this call before.
pub(crate) type AbortHook = Arc<dyn Fn(usize) -> bool + Send + Sync>;
/// Gets a fraction from 0 to 1; returns whether to go on.
pub(crate) type ProgressHook = Arc<dyn Fn(f64) -> bool + Send + Sync>;

/// The mutable state of an effect.
#[derive(Default)]
pub(crate) struct Life {
    pub(crate) clips: Vec<Arc<Clip>>,
    pub(crate) params: Vec<Arc<Param>>,
    pub(crate) time: f64,
    pub(crate) persistent: Option<Message>,
    pub(crate) memory: BTreeMap<usize, Arc<Memory>>,
    pub(crate) abort: Option<AbortHook>,
    pub(crate) progress: Option<ProgressHook>,
    pub(crate) in_progress: bool,
    pub(crate) editing: usize,
    /// Overwritten texts of calls that have ended.
    pub(crate) spoilt: Vec<Vec<u8>>,
}

/// An effect with its handles.
pub(crate) struct EffectState {
    pub(crate) registration: Registration,
    pub(crate) param_set: Registration,
    pub(crate) stage: Stage,
    pub(crate) host: Arc<HostState>,
    pub(crate) properties: Arc<PropertySet>,
    life: Mutex<Life>,
}

impl EffectState {
    pub(crate) fn new(host: &Arc<HostState>, stage: Stage, properties: Arc<PropertySet>) -> Arc<Self> {
        let effect = Arc::new(Self {
            registration: Registration::new(),
            param_set: Registration::new(),
            stage,
            host: Arc::clone(host),
            properties,
            life: Mutex::default(),
        });
        effect.registration.bind(Kind::Effect, &effect);
        effect.param_set.bind(Kind::ParamSet, &effect);
        effect
    }

    pub(crate) fn life(&self) -> MutexGuard<'_, Life> {
        self.life.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The clips, in order.
    pub(crate) fn clips(&self) -> Vec<Arc<Clip>> {
        self.life().clips.clone()
    }

    /// The parameters, in order.
    pub(crate) fn params(&self) -> Vec<Arc<Param>> {
        self.life().params.clone()
    }

    /// The current time.
    pub(crate) fn time(&self) -> f64 {
        self.life().time
    }

    pub(crate) fn clip(&self, name: &str) -> Option<Arc<Clip>> {
        self.life().clips.iter().find(|clip| clip.name == name).cloned()
    }

    pub(crate) fn param(&self, name: &str) -> Option<Arc<Param>> {
        self.life().params.iter().find(|param| param.name == name).cloned()
    }
}
