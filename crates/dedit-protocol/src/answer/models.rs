//! What is told about models.

use serde::{Deserialize, Serialize};

/// A model that is known by name, or lies on the daemon's machine.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct CatalogModel {
    /// What names it in requests.
    pub name: String,
    /// Its name for people.
    pub title: String,
    /// `checkpoint`, `lora`, `embedding`, `vae` or `segmentation`.
    pub kind: String,
    /// `sd1`, `sd2` or `sdxl`, where that is known.
    pub family: Option<String>,
    /// Whether it was trained to fill masked regions.
    pub inpainting: bool,
    /// What it is good for.
    pub purpose: String,
    /// The name of its licence, and where it can be read; empty for what cannot be fetched.
    pub licence: String,
    /// See `licence`.
    pub licence_link: String,
    /// Whether the licence was accepted.
    pub accepted: bool,
    /// Bytes on disk, or to be fetched where that is known.
    pub bytes: Option<u64>,
    /// Whether it can be fetched.
    pub fetchable: bool,
    /// Its file or folder; none where it is not there.
    pub path: Option<String>,
    /// The program that keeps it, for people.
    pub program: String,
    /// How it is broken, as a phrase.
    pub broken: Option<String>,
}

/// To `catalog`, `choose_model`, `add_model` and `remove_model`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Catalog {
    /// The models that are known by name, then the others of the daemon's machine.
    pub models: Vec<CatalogModel>,
    /// The name or path that was chosen to be used where none is named.
    pub chosen: Option<String>,
    /// The path of the model that is used where none is named; none where that is `patches`.
    pub usual: Option<String>,
}

/// To `fetch_model`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct FetchedModel {
    /// Its name.
    pub name: String,
    /// Its file.
    pub path: String,
    /// Bytes on disk.
    pub bytes: u64,
    /// Bytes that came over the network.
    pub received: u64,
}

/// To `verify_model`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct VerifiedModel {
    /// Its name.
    pub name: String,
    /// Whether its SHA-256 is known and was compared.
    pub compared: bool,
    /// How it is broken, as a phrase; none where it is whole.
    pub broken: Option<String>,
}
