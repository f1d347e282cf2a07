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

/// A file or folder of the daemon's machine whose models are to be listed; it stays where it is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct AddModel {
    /// Its absolute path.
    pub path: String,
}

/// A model whose files are to be compared with their checksums.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct VerifyModel {
    /// A `name` or `path` of the answer to `catalog`.
    pub name: String,
}

/// A model that is to be removed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct RemoveModel {
    /// A `name` or `path` of the answer to `catalog`.
    pub name: String,
}
