//! What is asked about models.

use serde::{Deserialize, Serialize};

/// A model to be fetched.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct FetchModel {
    /// Its name, as the answer to `catalog` has it.
    pub name: String,
    /// Whether the user accepts its licence, which has been shown.
    pub accept_licence: bool,
}

/// The model that is to be used where none is named.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ChooseModel {
    /// A name of the answer to `catalog`, or a path; none chooses none.
    pub name: Option<String>,
}
