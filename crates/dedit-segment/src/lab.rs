//! Colours in CIE Lab (1976), a perceptually uniform space.

use dedit_edit::{Channels, Image, Samples};

/// A colour: L in `[0, 100]`, a and b about in `[-100, 100]`.
pub(crate) type Lab = [f32; 3];

/// Grey that transparent pixels are composited on: their hidden colours must not create edges.
const BEHIND: f32 = 0.5;

/// Red, green and blue of a pixel (row-major index), each in `[0, 1]`, composited on mid-grey.
///
/// # Panics
/// Where the picture has no such pixel.
pub fn rgb(picture: &Image, index: usize) -> [f32; 3] {
    let channels = picture.channels();
    let first = index * channels.count();
    let sample = |channel: usize| match picture.samples() {
        Samples::U8(samples) => f32::from(samples[first + channel]) / 255.0,
        Samples::U16(samples) => f32::from(samples[first + channel]) / 65535.0,
        Samples::F32(samples) => samples[first + channel].clamp(0.0, 1.0),
    };
    match channels {
        Channels::Grey => [sample(0); 3],
        Channels::Rgb => [sample(0), sample(1), sample(2)],
        Channels::GreyAlpha => [over(sample(0), sample(1)); 3],
        Channels::Rgba => [0, 1, 2].map(|channel| over(sample(channel), sample(3))),
    }
}

fn over(value: f32, alpha: f32) -> f32 {
    BEHIND + (value - BEHIND) * alpha
}

/// Converts an sRGB colour (IEC 61966-2-1) to Lab with white point D65.
pub(crate) fn lab(rgb: [f32; 3]) -> Lab {
    let [r, g, b] = rgb.map(|value| if value <= 0.040_45 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) });
    let x = (0.412_4 * r + 0.357_6 * g + 0.180_5 * b) / 0.950_5;
    let y = 0.212_6 * r + 0.715_2 * g + 0.072_2 * b;
    let z = (0.019_3 * r + 0.119_2 * g + 0.950_5 * b) / 1.089;
    let [x, y, z] = [x, y, z].map(|value| if value > 0.008_856 { value.cbrt() } else { 7.787 * value + 16.0 / 116.0 });
    [116.0 * y - 16.0, 500.0 * (x - y), 200.0 * (y - z)]
}

/// The squared Euclidean distance of two colours.
pub(crate) fn squared_distance(a: Lab, b: Lab) -> f32 {
    (a[0] - b[0]).powi(2) + (a[1] - b[1]).powi(2) + (a[2] - b[2]).powi(2)
}

#[cfg(test)]
mod tests {
    use dedit_edit::Size;

    use super::*;

    #[test]
    fn known_colours_have_their_published_places() {
        for (rgb, expected) in [
            ([0.0, 0.0, 0.0], [0.0, 0.0, 0.0]),
            ([1.0, 1.0, 1.0], [100.0, 0.0, 0.0]),
            ([1.0, 0.0, 0.0], [53.24, 80.09, 67.20]),
            ([0.0, 1.0, 0.0], [87.73, -86.18, 83.18]),
            ([0.0, 0.0, 1.0], [32.30, 79.19, -107.86]),
        ] {
            assert!(squared_distance(lab(rgb), expected) < 0.01, "{rgb:?} is at {:?}", lab(rgb));
        }
    }

    #[test]
    fn every_kind_of_picture_is_read_and_what_is_transparent_is_grey() {
        let size = Size::new(1, 1).unwrap();
        for (channels, samples, expected) in [
            (Channels::Grey, Samples::U8(vec![51]), [0.2; 3]),
            (Channels::GreyAlpha, Samples::U8(vec![51, 0]), [0.5; 3]),
            (Channels::Rgb, Samples::U16(vec![65535, 0, 13107]), [1.0, 0.0, 0.2]),
            (Channels::Rgba, Samples::F32(vec![2.0, -1.0, 0.5, 0.5]), [0.75, 0.25, 0.5]),
        ] {
            let found = rgb(&Image::new(size, channels, samples).unwrap(), 0);
            assert!(found.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-6), "{channels:?}: {found:?}");
        }
    }
}
