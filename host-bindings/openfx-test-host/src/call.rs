//! One call of an effect: its arguments, and what belongs to it while it runs.

use std::cell::RefCell;
use std::ffi::CString;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use ofx_host::abi::{RectI, Text};

use crate::effect_state::EffectState;
use crate::host_state::HostState;
use crate::image::Field;
use crate::live_image::{HeldImages, Pixels};
use crate::log::CallLog;

/// The output of a render.
pub(crate) struct Target {
    pub(crate) pixels: Arc<Pixels>,
    pub(crate) window: RectI,
    pub(crate) field: Field,
}

/// A running call.
pub(crate) struct Call {
    pub(crate) log: Arc<CallLog>,
    pub(crate) host: Arc<HostState>,
    pub(crate) effect: Option<Arc<EffectState>>,
    pub(crate) time: f64,
    pub(crate) scale: [f64; 2],
    pub(crate) target: Option<Target>,
    pub(crate) images: Arc<HeldImages>,
    /// How often the effect asked whether to stop.
    aborts: AtomicUsize,
    /// Texts that the effect may read until the call ends.
    texts: Mutex<Vec<CString>>,
}

thread_local! {
    /// Calls of this thread, the innermost last.
    static CALLS: RefCell<Vec<Arc<Call>>> = const { RefCell::new(Vec::new()) };
}

/// Calls of all threads, the newest last.
static RUNNING: Mutex<Vec<Arc<Call>>> = Mutex::new(Vec::new());

impl Call {
    pub(crate) fn new(action: &'static str, host: &Arc<HostState>, effect: Option<&Arc<EffectState>>) -> Self {
        Self {
            log: CallLog::new(action, &host.log),
            host: Arc::clone(host),
            effect: effect.cloned(),
            time: effect.map_or(0.0, |effect| effect.time()),
            scale: [1.0, 1.0],
            target: None,
            images: Arc::default(),
            aborts: AtomicUsize::new(0),
            texts: Mutex::default(),
        }
    }

    /// With another time and scale.
    pub(crate) fn at(self, time: f64, scale: [f64; 2]) -> Self {
        Self { time, scale, ..self }
    }

    /// With an output.
    pub(crate) fn into_target(self, target: Target) -> Self {
        Self { target: Some(target), ..self }
    }

    pub(crate) fn action(&self) -> &'static str {
        self.log.action
    }

    /// Runs `body` as this call, in this thread.
    pub(crate) fn enter<T>(self: &Arc<Self>, body: impl FnOnce() -> T) -> T {
        let running = || RUNNING.lock().unwrap_or_else(PoisonError::into_inner);
        CALLS.with_borrow_mut(|calls| calls.push(Arc::clone(self)));
        running().push(Arc::clone(self));
        let result = self.log.enter(body);
        running().retain(|call| !Arc::ptr_eq(call, self));
        CALLS.with_borrow_mut(Vec::pop);
        result
    }

    /// The running call of an effect: that of this thread, or, in a thread that the effect started, the newest.
    pub(crate) fn of(effect: &EffectState) -> Option<Arc<Self>> {
        let is_its = |call: &&Arc<Self>| call.effect.as_deref().is_some_and(|other| std::ptr::eq(other, effect));
        let here = CALLS.with_borrow(|calls| calls.iter().rev().find(is_its).cloned());
        here.or_else(|| RUNNING.lock().unwrap_or_else(PoisonError::into_inner).iter().rev().find(is_its).cloned())
    }

    /// The effect of this thread's innermost call.
    pub(crate) fn current_effect() -> Option<Arc<EffectState>> {
        CALLS.with_borrow(|calls| calls.last().and_then(|call| call.effect.clone()))
    }

    /// The host of this thread's innermost call.
    pub(crate) fn current_host() -> Option<Arc<HostState>> {
        CALLS.with_borrow(|calls| calls.last().map(|call| Arc::clone(&call.host)))
    }

    /// The address of a text, valid until the call ends.
    pub(crate) fn lend(&self, text: CString) -> Text {
        let mut texts = self.texts.lock().unwrap_or_else(PoisonError::into_inner);
        texts.push(text);
        texts.last().map_or(std::ptr::null(), |text| text.as_ptr())
    }

    /// The lent texts, overwritten with `#`. They stay allocated: an effect that reads them too late reads nonsense, and its test fails instead of the process.
    pub(crate) fn spoil_texts(&self) -> Vec<Vec<u8>> {
        let spoil = |text: CString| {
            let mut bytes = text.into_bytes_with_nul();
            let end = bytes.len() - 1;
            bytes[..end].fill(b'#');
            bytes
        };
        let mut texts = self.texts.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut *texts).into_iter().map(spoil).collect()
    }

    /// Counts a question whether to stop; returns how many there were before.
    pub(crate) fn count_abort(&self) -> usize {
        self.aborts.fetch_add(1, Ordering::SeqCst)
    }

    /// How often the effect asked whether to stop.
    pub(crate) fn aborts(&self) -> usize {
        self.aborts.load(Ordering::SeqCst)
    }
}
