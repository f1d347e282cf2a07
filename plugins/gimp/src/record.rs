//! How a result was made, as it is kept on the result's layer in XCF files.
//!
//! The format is JSON in the parasite `dedit-edit`. These types belong to the file format alone: fields are only ever added, and [`VERSION`] grows where
//! an older plug-in would misread a record. Version 1 had no `version`.

use gimp_host::{Host, Item};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::failure::Failure;
use crate::sides::Sides;

/// The name of the parasite.
const PARASITE: &str = "dedit-edit";
/// The version of records that are written. Newer ones are not read.
const VERSION: u32 = 2;

/// The content of the parasite.
#[derive(Serialize, Deserialize)]
struct Content<R> {
    #[serde(default = "first")]
    version: u32,
    #[serde(flatten)]
    record: R,
}

fn first() -> u32 {
    1
}

fn is_none(sides: &Sides) -> bool {
    sides.is_none()
}

/// What makes a result again, and what the next edit goes on from.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct ResultRecord {
    /// The session's name.
    pub(crate) session: String,
    /// The revision of the session that the result is.
    pub(crate) revision: Option<u64>,
    /// The revision that was edited.
    pub(crate) base: u64,
    /// Tattoo of the layer that was edited; 0 where all visible layers were.
    pub(crate) source: u32,
    /// Digest of the picture before the edit.
    pub(crate) before: String,
    /// Digest of the picture with the result over it.
    pub(crate) digest: String,
    /// What was done; empty for a result that came back from the history.
    pub(crate) edits: Vec<EditRecord>,
    pub(crate) plan: PlanRecord,
    pub(crate) options: OptionsRecord,
    pub(crate) seed: u64,
    /// Whether it was made without learning.
    pub(crate) draft: bool,
    /// The model's name.
    pub(crate) model: String,
    /// All other settings that had an influence, as the daemon reports them; for information only.
    pub(crate) settings: Value,
    /// Whether its layer is clipped to the backdrop, which keeps the alpha of the picture.
    pub(crate) clipped: bool,
    /// Tattoos of its items' layers, the first in front; none for a result that is one layer.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) items: Vec<u32>,
    /// Pixels around the layer that was edited (where all visible layers were, around the picture as it was), as far as the picture with the result
    /// reaches; only of an edit that expanded the canvas.
    #[serde(skip_serializing_if = "is_none")]
    pub(crate) sides: Sides,
}

/// One edit of a record. Items are named; `reference:NAME` is one of the reference picture.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "verb", rename_all = "kebab-case")]
pub(crate) enum EditRecord {
    Reconstruct,
    Replace {
        item: String,
        prompt: String,
    },
    Augment {
        item: String,
        prompt: String,
    },
    SwapIn {
        item: String,
        from: String,
    },
    /// Shift in pixels, right and down; scale as a factor; rotation in degrees clockwise.
    Move {
        item: String,
        dx: f64,
        dy: f64,
        scale: f64,
        rotate: f64,
        into: Option<String>,
    },
    /// The session keeps the mask with the revision.
    Reshape {
        item: String,
        into: Option<String>,
    },
    Swap {
        item: String,
        with: String,
    },
    Remove {
        items: Vec<String>,
        into: Option<String>,
    },
    Blend {
        item: String,
        with: String,
        amount: f32,
    },
    /// The session keeps the mask with the revision.
    Refine,
    Expand {
        left: usize,
        right: usize,
        top: usize,
        bottom: usize,
        into: Option<String>,
    },
    Personalize {
        item: String,
        prompt: String,
    },
    /// A verb of a newer plug-in.
    #[serde(other)]
    Unknown,
}

/// The shape and the surroundings of an edit; what is `None` was left to the daemon.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct PlanRecord {
    pub(crate) fit: Option<String>,
    /// Width of the soft ring, pixels.
    pub(crate) ring: Option<f64>,
    /// Share of an item's size.
    pub(crate) margin: Option<f64>,
    /// The same in pixels.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) margin_pixels: Option<f64>,
    pub(crate) also: Vec<String>,
    pub(crate) reference: bool,
}

/// How the edit was computed; what is `None` was left to the daemon.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct OptionsRecord {
    pub(crate) reference: bool,
    pub(crate) steps: Option<usize>,
    pub(crate) scheduler: Option<String>,
    pub(crate) guidance: Option<f64>,
    pub(crate) strength: Option<f64>,
    pub(crate) anchor: Option<f64>,
    pub(crate) inverted: Option<bool>,
    pub(crate) whole_picture: bool,
    pub(crate) steady: bool,
    pub(crate) seed: Option<u64>,
}

impl ResultRecord {
    /// Whether its items are in the picture that the edit has made. What was removed is not: the next edit is of the clean plate, whatever lies over it.
    pub(crate) fn shows_items(&self) -> bool {
        !self.edits.iter().any(|edit| matches!(edit, EditRecord::Remove { .. }))
    }

    /// The record of a layer. A layer without one, or with one that cannot be read, is no result.
    pub(crate) fn of(host: &dyn Host, layer: Item) -> Option<Self> {
        let text = host.item_parasite(layer, PARASITE).ok().flatten()?;
        let Content { version, record } = serde_json::from_slice(&text).ok()?;
        (version <= VERSION).then_some(record)
    }

    /// Attaches the record to a layer.
    pub(crate) fn attach(&self, host: &dyn Host, layer: Item) -> Result<(), Failure> {
        let text = serde_json::to_vec(&Content { version: VERSION, record: self }).map_err(|error| Failure::internal(error.to_string()))?;
        Ok(host.set_item_parasite(layer, PARASITE, &text)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fake::Fake;

    /// Records as plug-ins before `version` wrote them, a line each.
    const VERSION_1: &str = include_str!("../tests/records-1.jsonl");

    fn read(text: &str) -> Option<ResultRecord> {
        let (fake, layer) = Fake::picture(1, 1);
        fake.set_item_parasite(layer, PARASITE, text.as_bytes()).unwrap();
        ResultRecord::of(&fake, layer)
    }

    #[test]
    fn records_of_version_1_are_read_whole() {
        assert_eq!(VERSION_1.lines().count(), 8);
        for line in VERSION_1.lines() {
            let record = read(line).unwrap();
            assert!(!record.session.is_empty() && !record.edits.contains(&EditRecord::Unknown), "{line}");
            // All that it says is in what is written now.
            let (before, now) = (serde_json::from_str::<Value>(line).unwrap(), serde_json::to_value(&record).unwrap());
            for (name, value) in before.as_object().unwrap() {
                if name != "edits" {
                    assert_eq!(&now[name], value, "{name} of {line}");
                }
            }
        }
        let soft = read(VERSION_1.lines().next().unwrap()).unwrap();
        assert_eq!((soft.plan.ring, soft.revision, soft.options.seed), (Some(11.5), Some(1), Some(7)));
        assert_eq!(soft.edits, [EditRecord::Remove { items: vec!["selection".to_owned()], into: None }]);
    }

    #[test]
    fn what_is_attached_comes_back() {
        let (fake, layer) = Fake::picture(1, 1);
        let edits =
            vec![EditRecord::Move { item: "bag".into(), dx: 3.0, dy: 0.0, scale: 1.0, rotate: 0.0, into: None }, EditRecord::Refine];
        let record = ResultRecord { session: "abc".into(), seed: 5, edits, ..ResultRecord::default() };
        record.attach(&fake, layer).unwrap();
        assert_eq!(ResultRecord::of(&fake, layer), Some(record));
    }

    #[test]
    fn a_layer_with_another_record_is_no_result() {
        for text in ["", "no JSON", "[]", r#"{"session":7}"#, r#"{"version":3,"session":"abc"}"#] {
            assert_eq!(read(text), None, "{text}");
        }
        let newer = read(r#"{"version":2,"session":"abc","edits":[{"verb":"unheard-of","item":"bag"}],"more":1}"#).unwrap();
        assert_eq!((newer.session.as_str(), &newer.edits[..]), ("abc", &[EditRecord::Unknown][..]));
    }
}
