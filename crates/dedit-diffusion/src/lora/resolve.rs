//! Finds the module of a network that a name in a LoRA file stands for.

use std::collections::HashMap;

use super::names::{ModuleName, original_blocks};
use crate::weights::unet_name_from_original;

/// The modules of a network, by path and by the path with underscores for dots: as paths have underscores too, that form can only be looked up.
pub(super) struct Finder<'a> {
    paths: HashMap<&'a str, &'a str>,
    flat: HashMap<String, &'a str>,
    blocks_per_level: usize,
}

impl<'a> Finder<'a> {
    pub(super) fn new(modules: &'a [String]) -> Self {
        Self {
            paths: modules.iter().map(|module| (module.as_str(), module.as_str())).collect(),
            flat: modules.iter().map(|module| (module.replace('.', "_"), module.as_str())).collect(),
            blocks_per_level: modules.iter().filter_map(|module| block_number(module)).max().map_or(2, |last| last + 1),
        }
    }

    /// The module's path in the network.
    pub(super) fn find(&self, name: &ModuleName) -> Option<&'a str> {
        match name {
            ModuleName::Path(path) => self.paths.get(path.as_str()).copied(),
            ModuleName::Flat(flat) => self.flat.get(flat).copied().or_else(|| self.find_original(flat)),
        }
    }

    fn find_original(&self, flat: &str) -> Option<&'a str> {
        // The table of names is for tensors: the dot at the end stands before the tensor's own name.
        let tensor = format!("{}.", original_blocks(flat)?);
        let renamed = unet_name_from_original(&tensor, self.blocks_per_level)?;
        self.flat.get(&renamed.trim_end_matches('.').replace('.', "_")).copied()
    }
}

/// The number of a block in its level: 1 for `down_blocks.0.resnets.1.conv1`.
fn block_number(module: &str) -> Option<usize> {
    let mut parts = module.strip_prefix("down_blocks.")?.split('.').skip(1);
    match parts.next()? {
        "resnets" | "attentions" => parts.next()?.parse().ok(),
        _ => None,
    }
}
