//! What is recorded: by a host, for as long as it lives, and for each call of an effect.

use std::cell::RefCell;
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};

/// A message of an effect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Whether it stays until it is cleared.
    pub persistent: bool,
    /// For example `OfxMessageError`; `cleared` where a persistent message was cleared.
    pub kind: String,
    /// The effect's id for it.
    pub id: String,
    /// Its text.
    pub text: String,
}

/// A step of the progress that an effect shows.
#[derive(Debug, Clone, PartialEq)]
pub enum Progress {
    /// Start, with a label and, in version 2 of the suite, an id.
    Start(String, Option<String>),
    /// A fraction from 0 to 1.
    Update(f64),
    /// End.
    End,
}

/// The records of a host.
#[derive(Default)]
pub(crate) struct HostRecords {
    pub(crate) complaints: Vec<String>,
    pub(crate) messages: Vec<Message>,
    /// Requested suites: name, version, and whether the host has it.
    pub(crate) suites: Vec<(String, i32, bool)>,
}

/// The log of a host.
#[derive(Default)]
pub(crate) struct HostLog {
    records: Mutex<HostRecords>,
}

impl HostLog {
    pub(crate) fn records(&self) -> MutexGuard<'_, HostRecords> {
        self.records.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The records of a call.
#[derive(Default)]
pub(crate) struct CallRecords {
    pub(crate) complaints: Vec<String>,
    pub(crate) messages: Vec<Message>,
    pub(crate) progress: Vec<Progress>,
    /// Names of parameters that the effect set.
    pub(crate) set: Vec<String>,
}

/// The log of a call.
pub(crate) struct CallLog {
    pub(crate) action: &'static str,
    host: Arc<HostLog>,
    records: Mutex<CallRecords>,
}

thread_local! {
    /// Logs of this thread's running calls, the innermost last.
    static RUNNING: RefCell<Vec<Arc<CallLog>>> = const { RefCell::new(Vec::new()) };
}

impl CallLog {
    pub(crate) fn new(action: &'static str, host: &Arc<HostLog>) -> Arc<Self> {
        Arc::new(Self { action, host: Arc::clone(host), records: Mutex::default() })
    }

    pub(crate) fn records(&self) -> MutexGuard<'_, CallRecords> {
        self.records.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs `body` with this as the log of the thread.
    pub(crate) fn enter<T>(self: &Arc<Self>, body: impl FnOnce() -> T) -> T {
        RUNNING.with_borrow_mut(|running| running.push(Arc::clone(self)));
        let result = body();
        RUNNING.with_borrow_mut(Vec::pop);
        result
    }
}

/// The log of the innermost call of this thread.
fn current() -> Option<Arc<CallLog>> {
    RUNNING.with_borrow(|running| running.last().cloned())
}

/// Records a message, with its host and with the current call.
pub(crate) fn record_message(host: &HostLog, message: Message) {
    if let Some(call) = current() {
        call.records().messages.push(message.clone());
    }
    host.records().messages.push(message);
}

/// Records an error of an effect: with the current call, and with `host` or else the call's host.
pub(crate) fn complain(host: Option<&Arc<HostLog>>, text: impl Into<String>) {
    let call = current();
    let action = call.as_ref().map_or("outside of any action of this thread", |call| call.action);
    let text = format!("{action}: {}", text.into());
    if let Some(call) = &call {
        call.records().complaints.push(text.clone());
    }
    match host.or(call.as_ref().map(|call| &call.host)) {
        Some(host) => host.records().complaints.push(text),
        None => STRAY.lock().unwrap_or_else(PoisonError::into_inner).push(text),
    }
}

static STRAY: LazyLock<Mutex<Vec<String>>> = LazyLock::new(Mutex::default);

/// Complaints of this process that belong to no host: calls with invalid handles, from threads in which no action runs.
pub fn stray_complaints() -> Vec<String> {
    STRAY.lock().unwrap_or_else(PoisonError::into_inner).clone()
}
