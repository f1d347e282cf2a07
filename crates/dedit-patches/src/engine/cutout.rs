//! Cutting an item out: its colours without those of the ground, and how much of each pixel it covers.

use dedit_edit::{Coverage, Image, Matte, Result, Segmentation, Window};

use super::layer::Layer;

/// An item, cut out: alpha, then its colours.
pub(super) fn cut_out(picture: &Image, items: &Segmentation, item: usize, colours: usize) -> Result<Layer> {
    let rect = items.bounding_boxes()[item].grown(4, picture.size());
    let window = Window::read(picture, rect, colours)?;
    let owned: Vec<bool> = (0..rect.width * rect.height).map(|index| items.label_in(rect, index) == item).collect();
    let matte = Matte::new(&window.planes, &window.finite, &owned, None)?;
    let mut planes = vec![Vec::with_capacity(owned.len()); colours + 1];
    for (index, is_owned) in owned.iter().enumerate() {
        let as_labelled = Coverage { alpha: f32::from(u8::from(*is_owned)), colour_at: index };
        let Coverage { alpha, colour_at } = matte.as_ref().map_or(as_labelled, |matte| matte.at(index));
        let alpha = if window.finite[colour_at] { alpha } else { 0.0 };
        planes[0].push(alpha);
        for (plane, colour) in planes[1..].iter_mut().zip(window.planes.colour()) {
            plane.push(colour[colour_at] * alpha);
        }
    }
    Ok(Layer { rect, planes })
}
