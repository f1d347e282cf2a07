//! Item masks where the denoiser needs them: at the resolution of every cross-attention.

use std::collections::BTreeMap;
use std::sync::Arc;

use dedit_diffusion::Result;
use dedit_diffusion::unet::{Region, SampleContext, Unet};
use dedit_edit::{Downsampling, ItemMask, Segmentation, Size};
use dedit_nn::autograd::Value;

use crate::error::from_edit;

/// (height, width) → values of one mask.
pub(crate) type Pyramid<T> = Arc<BTreeMap<(usize, usize), Vec<T>>>;

/// The mask of every item at every attention resolution for latents of this size, 0 or 1. Each cell belongs to one item; with
/// [`Downsampling::AreaMajority`] each item has a cell wherever there are as many cells as items.
pub(crate) fn item_masks(unet: &Unet, items: &Segmentation, latent: Size, downsampling: Downsampling) -> Result<Vec<Pyramid<f32>>> {
    let count = items.names().len();
    let mut masks = vec![BTreeMap::new(); count];
    for (height, width) in unet.attention_sizes(latent.height(), latent.width()) {
        let grid = Size::new(width, height).map_err(from_edit)?;
        // With fewer cells than items somebody has to go without on this level; the finer ones have them all.
        let downsampling = if grid.pixels() < count { Downsampling::Nearest } else { downsampling };
        let owners = items.on_grid(grid, downsampling).map_err(from_edit)?;
        for (item, masks) in masks.iter_mut().enumerate() {
            masks.insert((height, width), owners.iter().map(|owner| f32::from(u8::from(usize::from(*owner) == item))).collect());
        }
    }
    Ok(masks.into_iter().map(Arc::new).collect())
}

/// Which cells lie for the larger part in a mask, at every attention resolution.
pub(crate) fn cells_inside(unet: &Unet, mask: &ItemMask, latent: Size) -> Result<Pyramid<bool>> {
    let mut cells = BTreeMap::new();
    for (height, width) in unet.attention_sizes(latent.height(), latent.width()) {
        let grid = mask.on_grid(Size::new(width, height).map_err(from_edit)?);
        cells.insert((height, width), grid.values().iter().map(|value| *value >= 0.5).collect());
    }
    Ok(Arc::new(cells))
}

/// Every item's context for its own pixels.
pub(crate) fn regions(contexts: &[Value], masks: &[Pyramid<f32>]) -> SampleContext {
    SampleContext::Regions(
        contexts.iter().zip(masks).map(|(context, masks)| Region { context: context.clone(), masks: masks.clone() }).collect(),
    )
}
