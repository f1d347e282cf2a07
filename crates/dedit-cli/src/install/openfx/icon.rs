//! The effect's icon: a picture of two items, of which one is being edited.

use std::io::Cursor;

use image::{ImageFormat, Rgba, RgbaImage};

use crate::error::{Error, ErrorKind, Result};

/// What `OpenFX` recommends.
const SIDE: u32 = 128;
/// Each pixel is the mean of this many points, squared.
const FINE: u32 = 4;

/// The icon as a PNG file.
pub(super) fn png() -> Result<Vec<u8>> {
    let mut file = Cursor::new(Vec::new());
    let written = RgbaImage::from_fn(SIDE, SIDE, pixel).write_to(&mut file, ImageFormat::Png);
    written.map_err(|error| Error::new(ErrorKind::Internal, format!("the icon cannot be put together ({error})")))?;
    Ok(file.into_inner())
}

fn pixel(x: u32, y: u32) -> Rgba<u8> {
    let place = |pixel: u32, point: u32| (pixel as f32 + (point as f32 + 0.5) / FINE as f32) / SIDE as f32;
    let (mut sums, mut seen) = ([0.0; 3], 0);
    for color in (0..FINE * FINE).filter_map(|point| point_color(place(x, point % FINE), place(y, point / FINE))) {
        seen += 1;
        sums.iter_mut().zip(color).for_each(|(sum, part)| *sum += f32::from(part));
    }
    let [red, green, blue] = sums.map(|sum| (sum / seen.max(1) as f32).round() as u8);
    Rgba([red, green, blue, (seen * 255 / (FINE * FINE)) as u8])
}

/// The colour of a point of the picture, whose sides are 1; `None` outside of its rounded corners.
fn point_color(x: f32, y: f32) -> Option<[u8; 3]> {
    const RADIUS: f32 = 0.18;
    let beyond = |value: f32| ((value - 0.5).abs() - (0.5 - RADIUS)).max(0.0);
    if beyond(x).hypot(beyond(y)) > RADIUS {
        return None;
    }
    let ring = (x - 0.63).hypot(y - 0.42);
    Some(match () {
        () if ring < 0.2 => [255, 179, 64],
        // The outline of the item that is edited.
        () if (0.24..0.28).contains(&ring) => [255, 255, 255],
        () if y > 0.95 - 0.5 * x.min(0.8 - x).max(0.0) - 0.1 * x => [58, 160, 110],
        () => [44, 62, 92],
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_icon_is_what_openfx_asks_for() {
        let icon = image::load_from_memory_with_format(&png().unwrap(), ImageFormat::Png).unwrap();
        assert_eq!((icon.width(), icon.height(), icon.color()), (128, 128, image::ColorType::Rgba8));
        let icon = icon.into_rgba8();
        let colors: std::collections::HashSet<_> = icon.pixels().filter(|pixel| pixel[3] == 255).collect();
        assert!(colors.len() > 4 && icon.get_pixel(0, 0)[3] == 0);
    }
}
