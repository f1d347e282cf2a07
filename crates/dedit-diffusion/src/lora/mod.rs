//! LoRA files (Hu et al. 2021, arXiv 2106.09685): pairs of low-rank matrices that change the weights of some modules; and their kin, `LoHa`, `LoKr` and
//! `DoRA`.
//!
//! A file is read with [`LoraFile::open`], matched with the modules of a network by [`LoraFile::resolve`], and applied to the networks of a model by
//! [`LoraFile::apply`].

mod apply;
mod dense;
mod names;
mod parts;
mod read_dense;
mod resolve;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use candle_core::{DType, Tensor};
use serde_json::{Map, Value};

pub use self::apply::{Applied, Placement};
use self::dense::DenseChange;
use self::names::{ModuleName, Role};
use self::parts::{Parts, kind};
use crate::weights::{SafetensorsFile, Slot, Weights};
use crate::{Error, Result};

/// The network that a part of a LoRA belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum LoraTarget {
    /// The denoiser.
    Unet,
    /// A text encoder, by index.
    TextEncoder(usize),
}

impl fmt::Display for LoraTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unet => f.write_str("U-Net"),
            Self::TextEncoder(0) => f.write_str("text encoder"),
            Self::TextEncoder(index) => write!(f, "text encoder {}", index + 1),
        }
    }
}

/// The change of one module's weight: ΔW = scale · up · down.
#[derive(Debug, Clone)]
pub struct LoraEntry {
    /// The network.
    pub target: LoraTarget,
    /// The module's path in diffusers, such as `down_blocks.0.attentions.0.transformer_blocks.0.attn1.to_q`.
    pub module: String,
    /// [rank, in] for linear layers and 1×1 convolutions, [rank, in, height, width] for others.
    pub down: Tensor,
    /// [out, rank].
    pub up: Tensor,
    /// Rows of `down`.
    pub rank: usize,
    /// Numerator of the scale alpha / rank; `None` means the rank, a scale of 1.
    pub alpha: Option<f64>,
}

impl LoraEntry {
    /// The factor of the product: alpha / rank.
    pub fn scale(&self) -> f64 {
        self.alpha.map_or(1.0, |alpha| alpha / self.rank as f64)
    }
}

/// The part of a LoRA that belongs to one network.
#[derive(Debug, Clone, Default)]
pub struct Resolved {
    /// The modules that a product of two matrices changes.
    pub entries: Vec<LoraEntry>,
    /// The modules that are changed otherwise.
    dense: Vec<DenseChange>,
    /// Names in the file of modules that the network does not have.
    pub unmatched: Vec<String>,
}

/// An opened LoRA file: the names are read, the tensors not yet.
#[derive(Debug)]
pub struct LoraFile {
    path: PathBuf,
    weights: Weights,
    modules: BTreeMap<(LoraTarget, ModuleName), Parts>,
    unknown: Vec<String>,
    settings: Map<String, Value>,
}

/// The key of the file's metadata under which diffusers stores the settings of PEFT.
const SETTINGS: &str = "lora_adapter_metadata";

impl LoraFile {
    /// Opens a `.safetensors` file with the naming of PEFT, diffusers or kohya.
    ///
    /// # Errors
    /// If the file is damaged, not a LoRA, or of a kind that is not supported.
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let file = Arc::new(SafetensorsFile::open(path)?);
        let settings = file.note(SETTINGS).and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
        let weights = Weights::new(path, &[file], |name| vec![Slot::whole(name)])?;
        let (mut modules, mut unknown) = (BTreeMap::<_, Parts>::new(), Vec::new());
        for name in weights.names() {
            if let Some(kind) = names::unsupported(name) {
                return Err(Error::model(format!("the tensor \"{name}\" makes this {kind}, which is not supported"))
                    .at(path)
                    .hint("use a plain LoRA"));
            }
            let Some(parsed) = names::parse(name) else {
                unknown.push(name.to_owned());
                continue;
            };
            let parts = modules.entry((parsed.target, parsed.module)).or_default();
            if let Some(other) = parts.insert(parsed.role, name.to_owned()) {
                return Err(Error::model(format!("the tensors \"{other}\" and \"{name}\" are for the same module")).at(path));
            }
        }
        if modules.is_empty() {
            let example = unknown.first().map_or("no tensor at all", String::as_str);
            return Err(Error::model(format!("this is no LoRA for Stable Diffusion (it holds {example})"))
                .at(path)
                .hint("give a LoRA of Stable Diffusion 1.x, 2.x or XL"));
        }
        let file = Self { path: path.to_path_buf(), weights, modules, unknown, settings };
        for parts in file.modules.values() {
            kind(parts).map_err(|fault| Error::model(fault).at(path).hint("the file is incomplete"))?;
        }
        Ok(file)
    }

    /// A description such as "LoRA for U-Net, text encoder: 264 modules, float16" or "`LoHa` for …".
    pub fn describe(&self) -> String {
        let targets: Vec<String> = self.targets().iter().map(LoraTarget::to_string).collect();
        format!("{} for {}: {} modules, {}", self.kind(), targets.join(", "), self.modules.len(), self.weights.number_type())
    }

    /// What it is called: the first of its kinds that is no plain LoRA.
    fn kind(&self) -> &'static str {
        let has = |roles: &[Role]| self.modules.values().any(|parts| roles.iter().any(|role| parts.contains_key(role)));
        if has(&[Role::HadaW1A]) {
            "LoHa"
        } else if has(&[Role::LokrW1, Role::LokrW1A]) {
            "LoKr"
        } else if has(&[Role::DoraScale, Role::Magnitude]) {
            "DoRA"
        } else {
            "LoRA"
        }
    }

    /// The networks that it changes.
    pub fn targets(&self) -> Vec<LoraTarget> {
        let mut targets: Vec<LoraTarget> = self.modules.keys().map(|(target, _)| *target).collect();
        targets.dedup();
        targets
    }

    /// Names of tensors that are not part of a LoRA. Callers should warn about them.
    pub fn unknown(&self) -> &[String] {
        &self.unknown
    }

    /// Finds the modules of one network that this LoRA changes. `modules` are the network's module paths with dots.
    ///
    /// # Errors
    /// If the ranks of the two matrices of a module differ, or one holds an infinity or NaN.
    pub fn resolve(&self, target: LoraTarget, modules: &[String]) -> Result<Resolved> {
        let finder = resolve::Finder::new(modules);
        let mut resolved = Resolved::default();
        for ((_, name), parts) in self.modules.iter().filter(|((of, _), _)| *of == target) {
            let Some(module) = finder.find(name) else {
                resolved.unmatched.extend(parts.values().next().cloned());
                continue;
            };
            let name = |role: Role| parts.get(&role).map(String::as_str);
            match (name(Role::Down), name(Role::Up), name(Role::DoraScale).or(name(Role::Magnitude))) {
                (Some(down), Some(up), None) => {
                    resolved.entries.push(self.entry(target, module, (down, up), name(Role::Alpha))?);
                }
                _ => resolved.dense.push(self.dense(target, module, parts)?),
            }
        }
        Ok(resolved)
    }

    fn entry(&self, target: LoraTarget, module: &str, (down, up): (&str, &str), alpha: Option<&str>) -> Result<LoraEntry> {
        let shape = |name: &str| self.weights.shape(name).unwrap_or_default().to_vec();
        let (mut down_shape, up_shape) = (shape(down), shape(up));
        let (rank, outputs) = match (down_shape.as_slice(), up_shape.as_slice()) {
            ([rank, _] | [rank, _, _, _], [outputs, columns] | [outputs, columns, 1, 1]) if rank == columns && *rank > 0 => {
                (*rank, *outputs)
            }
            _ => {
                return Err(Error::model(format!(
                    "the tensors \"{down}\" and \"{up}\" have the shapes {down_shape:?} and {up_shape:?}, expected [rank, in] and [out, rank]"
                ))
                .at(&self.path)
                .hint("the file is damaged or not supported"));
            }
        };
        if down_shape.ends_with(&[1, 1]) && down_shape.len() == 4 {
            down_shape.truncate(2);
        }
        let alpha = match alpha {
            Some(name) => Some(self.number(name)?),
            None => self.alpha_setting(target, module, rank),
        };
        let (down, up) = (self.weights.tensor(down, &down_shape)?, self.weights.tensor(up, &[outputs, rank])?);
        Ok(LoraEntry { target, module: module.to_owned(), down, up, rank, alpha })
    }

    fn number(&self, name: &str) -> Result<f64> {
        Ok(self.weights.tensor(name, &[])?.to_dtype(DType::F64)?.to_scalar()?)
    }

    /// Alpha from PEFT's settings in the file's metadata: `unet.lora_alpha`, and `unet.alpha_pattern` for some modules.
    fn alpha_setting(&self, target: LoraTarget, module: &str, rank: usize) -> Option<f64> {
        let network = match target {
            LoraTarget::Unet => "unet",
            LoraTarget::TextEncoder(0) => "text_encoder",
            LoraTarget::TextEncoder(_) => "text_encoder_2",
        };
        let setting = |key: &str| self.settings.get(&format!("{network}.{key}"));
        let named = |pattern: &str| module == pattern || module.strip_suffix(pattern).is_some_and(|rest| rest.ends_with('.'));
        let pattern = setting("alpha_pattern").and_then(Value::as_object);
        let alpha = pattern.and_then(|map| map.iter().find(|(key, _)| named(key))).map(|(_, value)| value);
        let alpha = alpha.or_else(|| setting("lora_alpha"))?.as_f64()?;
        // Rank-stabilised LoRA divides by √rank instead of rank.
        let stabilised = setting("use_rslora").and_then(Value::as_bool).unwrap_or_default();
        Some(if stabilised { alpha * (rank as f64).sqrt() } else { alpha })
    }
}
