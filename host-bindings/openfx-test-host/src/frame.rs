//! One call of an effect: what happens in it, and what is not allowed in it.

use std::cell::RefCell;
use std::ffi::CString;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ofx_host::abi::{RectI, Text};

use crate::effect_state::EffectState;
use crate::host::{HostState, Message};
use crate::image::Field;
use crate::live_image::{LiveImage, Pixels};

/// What an effect showed of its progress.
#[derive(Debug, Clone, PartialEq)]
pub enum Progress {
    /// It began, with a label and, in version 2 of the suite, an id.
    Start(String, Option<String>),
    /// It got this far, from 0 to 1.
    Update(f64),
    /// It ended.
    End,
}

/// What is asked for in a render.
pub(crate) struct Target {
    pub(crate) pixels: Arc<Pixels>,
    pub(crate) window: RectI,
    pub(crate) field: Field,
}

/// What a call leaves behind.
#[derive(Default)]
pub(crate) struct Trace {
    pub(crate) complaints: Vec<String>,
    pub(crate) messages: Vec<Message>,
    pub(crate) progress: Vec<Progress>,
    pub(crate) images: Vec<Arc<LiveImage>>,
    /// Names of parameters that the effect set.
    pub(crate) set: Vec<String>,
    texts: Vec<CString>,
    pub(crate) released: usize,
}

/// A call that goes on.
pub(crate) struct Frame {
    pub(crate) action: &'static str,
    pub(crate) host: Arc<HostState>,
    pub(crate) effect: Option<Arc<EffectState>>,
    pub(crate) time: f64,
    pub(crate) scale: [f64; 2],
    pub(crate) target: Option<Target>,
    pub(crate) aborts: AtomicUsize,
    pub(crate) trace: Mutex<Trace>,
}

thread_local! {
    /// Calls of this thread, the innermost last.
    static CALLS: RefCell<Vec<Arc<Frame>>> = const { RefCell::new(Vec::new()) };
}

impl Frame {
    pub(crate) fn new(action: &'static str, host: &Arc<HostState>, effect: Option<&Arc<EffectState>>) -> Self {
        Self {
            action,
            host: Arc::clone(host),
            effect: effect.cloned(),
            time: effect.map_or(0.0, |effect| effect.time()),
            scale: [1.0, 1.0],
            target: None,
            aborts: AtomicUsize::new(0),
            trace: Mutex::default(),
        }
    }

    pub(crate) fn trace(&self) -> MutexGuard<'_, Trace> {
        self.trace.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs something as this call, in this thread.
    pub(crate) fn enter<T>(self: &Arc<Self>, body: impl FnOnce() -> T) -> T {
        CALLS.with_borrow_mut(|calls| calls.push(Arc::clone(self)));
        if let Some(effect) = &self.effect {
            effect.active().push(Arc::clone(self));
        }
        let result = body();
        if let Some(effect) = &self.effect {
            effect.active().retain(|active| !Arc::ptr_eq(active, self));
        }
        CALLS.with_borrow_mut(Vec::pop);
        result
    }

    /// The call that goes on for an effect: that of this thread, or else, for a thread of the effect's own, the one that began last.
    pub(crate) fn of(effect: &EffectState) -> Option<Arc<Self>> {
        let is_its = |frame: &&Arc<Self>| frame.effect.as_deref().is_some_and(|other| std::ptr::eq(other, effect));
        let here = CALLS.with_borrow(|calls| calls.iter().rev().find(is_its).cloned());
        here.or_else(|| effect.active().last().cloned())
    }

    /// A text that an effect may read until the call ends.
    pub(crate) fn lend(&self, text: CString) -> Text {
        let mut trace = self.trace();
        trace.texts.push(text);
        trace.texts.last().map_or(std::ptr::null(), |text| text.as_ptr())
    }

    /// The texts that were lent, made unreadable. The memory stays: who reads on in spite of that reads nonsense, and a test fails instead of the process.
    pub(crate) fn spoil_texts(&self) -> Vec<Vec<u8>> {
        let spoil = |text: CString| {
            let mut bytes = text.into_bytes_with_nul();
            let end = bytes.len() - 1;
            bytes[..end].fill(b'#');
            bytes
        };
        std::mem::take(&mut self.trace().texts).into_iter().map(spoil).collect()
    }

    /// One more question whether to stop; returns how many there were before.
    pub(crate) fn asked_to_abort(&self) -> usize {
        self.aborts.fetch_add(1, Ordering::SeqCst)
    }
}

/// The innermost call of this thread.
pub(crate) fn current() -> Option<Arc<Frame>> {
    CALLS.with_borrow(|calls| calls.last().cloned())
}

/// Writes down what an effect does wrong: in its call and with its host.
pub(crate) fn complain(host: Option<&Arc<HostState>>, words: impl Into<String>) {
    let frame = current();
    let action = frame.as_ref().map_or("outside of any action of this thread", |frame| frame.action);
    let words = format!("{action}: {}", words.into());
    if let Some(frame) = &frame {
        frame.trace().complaints.push(words.clone());
    }
    match host.or(frame.as_ref().map(|frame| &frame.host)) {
        Some(host) => host.records().complaints.push(words),
        None => crate::host::stray(words),
    }
}
