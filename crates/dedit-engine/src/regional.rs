//! Item masks at the resolutions of the denoiser's attention.

use std::collections::BTreeMap;
use std::sync::Arc;

use dedit_diffusion::Result;
use dedit_diffusion::unet::{Region, SampleContext, Unet};
use dedit_edit::{Downsampling, ItemMask, Segmentation, Size};
use dedit_nn::autograd::Value;

use crate::error::from_edit;

/// The values of one mask, row-major, by (height, width).
pub(crate) type Pyramid<T> = Arc<BTreeMap<(usize, usize), Vec<T>>>;

/// The mask of every item, with values 0 or 1, at every attention resolution for latents of this size. Each cell belongs to one item; with
/// [`Downsampling::AreaMajority`] each item has a cell unless there are fewer cells than items.
pub(crate) fn item_masks(unet: &Unet, items: &Segmentation, latent: Size, downsampling: Downsampling) -> Result<Vec<Pyramid<f32>>> {
    let count = items.names().len();
    let mut masks = vec![BTreeMap::new(); count];
    for (height, width) in unet.attention_sizes(latent.height(), latent.width()) {
        let grid = Size::new(width, height).map_err(from_edit)?;
        // With fewer cells than items some have no cell at this level; they have cells at the finer ones.
        let downsampling = if grid.pixels() < count { Downsampling::Nearest } else { downsampling };
        let owners = items.on_grid(grid, downsampling).map_err(from_edit)?;
        for (item, masks) in masks.iter_mut().enumerate() {
            masks.insert((height, width), owners.iter().map(|owner| f32::from(u8::from(usize::from(*owner) == item))).collect());
        }
    }
    Ok(masks.into_iter().map(Arc::new).collect())
}

/// At every attention resolution, whether more than half of each cell is inside a mask.
pub(crate) fn cells_inside(unet: &Unet, mask: &ItemMask, latent: Size) -> Result<Pyramid<bool>> {
    let mut cells = BTreeMap::new();
    for (height, width) in unet.attention_sizes(latent.height(), latent.width()) {
        let grid = mask.on_grid(Size::new(width, height).map_err(from_edit)?);
        cells.insert((height, width), grid.values().iter().map(|value| *value >= 0.5).collect());
    }
    Ok(Arc::new(cells))
}

/// The context of one sample in which each item's pixels attend to the item's own prompt.
pub(crate) fn regions(contexts: &[Value], masks: &[Pyramid<f32>]) -> SampleContext {
    SampleContext::Regions(
        contexts.iter().zip(masks).map(|(context, masks)| Region { context: context.clone(), masks: masks.clone() }).collect(),
    )
}
