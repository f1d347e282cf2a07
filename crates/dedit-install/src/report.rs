//! The results of installing, uninstalling and checking.

use serde_json::{Map, Value};

use crate::Failure;

/// The result for one target.
#[derive(Debug)]
pub struct Installed {
    /// The host with its version, where it told that only now.
    pub label: Option<String>,
    /// Whether the plug-in works.
    pub outcome: Outcome,
    /// What the JSON report says besides the target's [`Description`](crate::Description).
    pub details: Map<String, Value>,
    /// What to do next, a sentence each.
    pub advice: Vec<String>,
}

/// Whether an installed plug-in works.
#[derive(Debug)]
pub enum Outcome {
    /// It does; how that was checked.
    Checked(String),
    /// It was copied; why it was not checked.
    Unchecked(String),
    /// It does not, or could not be copied.
    Failed(Failure),
}

/// What was found where the plug-in is to be removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Removed {
    /// Nothing of D-Edit.
    Nothing,
    /// All of it was removed.
    All,
    /// All of D-Edit was removed; files of others are in its folder and stay.
    ExceptOthers,
    /// No plug-in, but the settings of the host named it and no longer do.
    SettingsOnly,
}

/// What a command prints.
#[derive(Debug, Default)]
pub struct Report {
    /// For people: a line each.
    pub lines: Vec<String>,
    /// For programs: an entry for each target that was changed.
    pub entries: Vec<Value>,
    /// Likewise for each target that could not be changed.
    pub failed: Vec<Value>,
    /// The error that the command ends with, after the report.
    pub failure: Option<Failure>,
}

/// One line of `dedit doctor`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// Whether all is well; `None` for what need not be there and is not.
    pub ok: Option<bool>,
    /// What was found.
    pub found: String,
    /// What to do about it.
    pub advice: Option<String>,
}

impl Check {
    pub(crate) fn good(found: String, advice: Option<String>) -> Self {
        Self { ok: Some(true), found, advice }
    }

    pub(crate) fn bad(found: String, advice: String) -> Self {
        Self { ok: Some(false), found, advice: Some(advice) }
    }

    pub(crate) fn absent(found: String, advice: String) -> Self {
        Self { ok: None, found, advice: Some(advice) }
    }
}
