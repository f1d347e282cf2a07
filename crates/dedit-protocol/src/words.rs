//! The words that describe an item.

use serde::{Deserialize, Serialize};

/// Words of an item, for its prompt.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Words {
    /// Words its tokens start from.
    pub start: Option<String>,
    /// Words round its tokens, with `[v]` for them.
    pub template: Option<String>,
}
