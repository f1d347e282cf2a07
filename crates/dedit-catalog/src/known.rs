//! The table of models that can be fetched by name, from `known.json`.

use std::path::Path;
use std::sync::OnceLock;

use serde::Deserialize;

use crate::kinds::{Family, Kind};

/// The public address of the Hugging Face hub, which the variable `HF_ENDPOINT` replaces.
pub const HUB: &str = "https://huggingface.co";

/// A model that can be fetched by its name.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Known {
    /// A short name, which is never given to another model.
    pub name: String,
    /// Its name for people.
    pub title: String,
    /// What it is.
    pub kind: Kind,
    /// The models that it belongs to; `None` for segmentation.
    #[serde(default)]
    pub family: Option<Family>,
    /// Whether it was trained to fill masked regions.
    #[serde(default)]
    pub inpainting: bool,
    /// What it is good for, as a phrase.
    pub purpose: String,
    /// Under which licence its files are offered.
    pub licence: Licence,
    /// Its files; the first is what is loaded.
    pub files: Vec<KnownFile>,
}

/// A licence.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Licence {
    /// Its usual name.
    pub name: String,
    /// Where its text, or the page of the model that has it, can be read.
    pub link: String,
}

/// A file of a known model.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KnownFile {
    /// Its place on the Hugging Face hub.
    #[serde(default)]
    hub: Option<Hub>,
    /// Its address elsewhere.
    #[serde(default)]
    url: Option<String>,
    /// Its size, where that could be confirmed.
    #[serde(default)]
    pub bytes: Option<u64>,
    /// Its SHA-256 in lower-case hexadecimal digits, where that could be confirmed; otherwise it is recorded when the file is first fetched.
    #[serde(default)]
    pub sha256: Option<String>,
    /// Other file names under which other programs keep the same content.
    #[serde(default)]
    also: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Hub {
    repo: String,
    /// A commit, or a branch where none is confirmed.
    revision: String,
    path: String,
}

impl KnownFile {
    /// Its path below the folder of its model, as its origin has it.
    pub fn path(&self) -> &str {
        match (&self.hub, &self.url) {
            (Some(hub), _) => &hub.path,
            (None, Some(url)) => url.rsplit('/').next().unwrap_or(url),
            (None, None) => "",
        }
    }

    /// Its address; `endpoint` replaces [`HUB`].
    pub fn url(&self, endpoint: Option<&str>) -> String {
        let hub = |hub: &Hub| {
            let endpoint = endpoint.unwrap_or(HUB).trim_end_matches('/');
            format!("{endpoint}/{}/resolve/{}/{}", hub.repo, hub.revision, hub.path)
        };
        self.hub.as_ref().map(hub).or_else(|| self.url.clone()).unwrap_or_default()
    }

    /// The repository on the hub and the revision, where it is there.
    pub(crate) fn hub(&self) -> Option<(&str, &str)> {
        self.hub.as_ref().map(|hub| (hub.repo.as_str(), hub.revision.as_str()))
    }

    /// Whether a file of another program is this one, by its name and its size.
    pub(crate) fn is(&self, path: &Path, bytes: u64) -> bool {
        let own = Path::new(self.path()).file_name();
        let named = path.file_name().is_some_and(|name| own == Some(name) || self.also.iter().any(|also| name == also.as_str()));
        named && self.bytes == Some(bytes)
    }
}

/// All known models, in the order in which lists show them.
pub fn all() -> &'static [Known] {
    static ALL: OnceLock<Vec<Known>> = OnceLock::new();
    // A test reads the table; what it cannot read is not shipped.
    ALL.get_or_init(|| serde_json::from_str(include_str!("known.json")).unwrap_or_default())
}

/// The known model of a name.
pub fn named(name: &str) -> Option<&'static Known> {
    all().iter().find(|known| known.name == name)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_table_is_whole_and_its_names_are_unique() {
        let table: Vec<Known> = serde_json::from_str(include_str!("known.json")).unwrap();
        assert_eq!(table.len(), 12);
        let names: BTreeSet<&str> = table.iter().map(|known| known.name.as_str()).collect();
        assert_eq!(names.len(), table.len());
        for known in &table {
            let name = &known.name;
            assert!(name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-'), "{name}");
            assert!(known.licence.link.starts_with("https://") && !known.files.is_empty(), "{name}");
            assert_eq!(known.family.is_none(), known.kind == Kind::Segmentation, "{name}");
            for file in &known.files {
                assert!(file.url(None).starts_with("https://") && !file.path().is_empty(), "{name}");
                assert_eq!(file.hub.is_some(), file.url.is_none(), "{name}");
                let hexadecimal = |sum: &String| sum.len() == 64 && sum.chars().all(|c| matches!(c, '0'..='9' | 'a'..='f'));
                assert!(file.sha256.as_ref().is_none_or(hexadecimal), "{name}");
                assert_eq!(file.sha256.is_some(), file.bytes.is_some(), "{name}: both are confirmed, or neither");
            }
        }
    }

    #[test]
    fn a_mirror_replaces_the_hub_alone() {
        let file = &named("lcm-lora-sd15").unwrap().files[0];
        let rest = "latent-consistency/lcm-lora-sdv1-5/resolve/cf2fced511dbe7e26c8d1d397e728fbab875db4b/pytorch_lora_weights.safetensors";
        assert_eq!(file.url(None), format!("{HUB}/{rest}"));
        assert_eq!(file.url(Some("http://mirror:8000/")), format!("http://mirror:8000/{rest}"));
        let elsewhere = &named("sam-vit-b").unwrap().files[0];
        assert_eq!(elsewhere.url(Some("http://mirror")), elsewhere.url(None));
        assert_eq!(elsewhere.path(), "sam_vit_b_01ec64.pth");
    }

    #[test]
    fn a_file_of_another_program_is_known_by_name_and_size() {
        let file = &named("dreamshaper8").unwrap().files[0];
        for (name, bytes, expected) in [
            ("DreamShaper_8_pruned.safetensors", 2_132_625_894, true),
            ("dreamshaper_8.safetensors", 2_132_625_894, true),
            ("dreamshaper_8.safetensors", 2_132_625_893, false),
            ("other.safetensors", 2_132_625_894, false),
        ] {
            assert_eq!(file.is(&Path::new("/models").join(name), bytes), expected, "{name} {bytes}");
        }
    }
}
