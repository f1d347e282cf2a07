//! Why a file cannot be used as safetensors.

/// The cause and a hint, without the path of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fault {
    pub(super) found: String,
    pub(super) hint: &'static str,
}

impl Fault {
    pub(super) fn new(found: impl Into<String>, hint: &'static str) -> Self {
        Self { found: found.into(), hint }
    }
}
