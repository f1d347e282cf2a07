//! Pixels between GIMP and the wire: the same samples, in the document's own precision and colour space.

use dedit_protocol::{Pixels, Samples as Sent};
use gimp_host::{Channels, Colours, Curve, Depth, Format, Host, Image, Precision, Result, SampleType, Samples};

use crate::failure::Failure;
use crate::sides::Sides;

/// How the pixels of an image's layers are read and written.
///
/// Samples are what the file holds wherever that is possible: 8 and 16 bits in their own curve. Light-linear ones are shown to the model by the curve of
/// sRGB, which it learned on, and as floats, so that nothing is lost on the way; so are the depths that the wire does not know.
pub(crate) fn format(host: &dyn Host, image: Image, alpha: bool) -> Result<Format> {
    let colours = host.colours(image)?;
    let channels = match (colours, alpha) {
        (Colours::Grey, false) => Channels::Grey,
        (Colours::Grey, true) => Channels::GreyAlpha,
        (_, false) => Channels::Rgb,
        (_, true) => Channels::RgbAlpha,
    };
    let Precision { depth, curve } = host.precision(image)?;
    let (samples, curve) = match (depth, curve) {
        (_, Curve::Linear) if colours != Colours::Indexed => (SampleType::F32, Curve::Perceptual),
        (Depth::U8, curve) => (SampleType::U8, curve),
        (Depth::U16, curve) => (SampleType::U16, curve),
        (_, curve) => (SampleType::F32, curve),
    };
    Ok(Format { channels, samples, curve })
}

/// Whether an image keeps such samples bit for bit.
pub(crate) fn is_kept(host: &dyn Host, image: Image, format: Format) -> Result<bool> {
    let Precision { depth, curve } = host.precision(image)?;
    let is_same_type =
        matches!((depth, format.samples), (Depth::U8, SampleType::U8) | (Depth::U16, SampleType::U16) | (Depth::Float, SampleType::F32));
    Ok(is_same_type && curve == format.curve && host.colours(image)? != Colours::Indexed)
}

/// The same with alpha.
pub(crate) fn with_alpha(format: Format) -> Format {
    let channels = match format.channels {
        Channels::Grey => Channels::GreyAlpha,
        Channels::Rgb => Channels::RgbAlpha,
        other => other,
    };
    Format { channels, ..format }
}

/// How masks of such pixels are read and written: soft edges keep the document's precision.
pub(crate) fn of_mask(format: Format) -> Format {
    Format { channels: Channels::Mask, curve: Curve::Linear, ..format }
}

/// Samples as the wire has them.
///
/// # Errors
/// Where the picture is beyond the limits of the wire.
pub(crate) fn sent(samples: Samples, size: (u32, u32), channels: Channels) -> std::result::Result<Pixels, Failure> {
    let (width, height) = size;
    Pixels::new(width, height, channels.count() as u8, sent_samples(samples)).ok_or_else(|| too_large(width, height))
}

/// The samples as the wire has them.
pub(crate) fn sent_samples(samples: Samples) -> Sent {
    match samples {
        Samples::U8(samples) => Sent::U8(samples),
        Samples::U16(samples) => Sent::U16(samples),
        Samples::F32(samples) => Sent::F32(samples),
    }
}

/// The error for a picture that is beyond the limits of the wire.
pub(crate) fn too_large(width: u32, height: u32) -> Failure {
    let most = dedit_protocol::pixels::MAX_PIXELS / 1_000_000;
    let message = format!("the picture has {width} × {height} pixels; D-Edit takes {most} megapixels");
    Failure::input(message, "crop a part of it into an image of its own, or scale it down")
}

/// Samples as GIMP has them.
pub(crate) fn received(samples: Sent) -> Samples {
    match samples {
        Sent::U8(samples) => Samples::U8(samples),
        Sent::U16(samples) => Samples::U16(samples),
        Sent::F32(samples) => Samples::F32(samples),
    }
}

/// The samples of a picture on a larger canvas; new ones are 0, as GIMP has them outside of layers.
pub(crate) fn on_canvas(picture: &Pixels, sides: Sides) -> Samples {
    fn placed<T: Copy + Default>(samples: &[T], picture: &Pixels, sides: Sides) -> Vec<T> {
        let channels = usize::from(picture.channels());
        let row = picture.width() as usize * channels;
        let (width, height) = sides.grown((picture.width(), picture.height()));
        let mut grown = vec![T::default(); width as usize * height as usize * channels];
        let rows = grown.chunks_exact_mut(width as usize * channels).skip(sides.top as usize);
        for (to, from) in rows.zip(samples.chunks_exact(row)) {
            to[sides.left as usize * channels..][..row].copy_from_slice(from);
        }
        grown
    }
    match picture.samples() {
        Sent::U8(samples) => Samples::U8(placed(samples, picture, sides)),
        Sent::U16(samples) => Samples::U16(placed(samples, picture, sides)),
        Sent::F32(samples) => Samples::F32(placed(samples, picture, sides)),
    }
}

/// One sample of any type as a share of its full value, and back.
pub(crate) trait Sample: Copy {
    /// Nominally 0 … 1.
    fn share(self) -> f32;
    /// The nearest sample.
    fn of(share: f32) -> Self;
}

impl Sample for u8 {
    fn share(self) -> f32 {
        f32::from(self) / 255.0
    }

    fn of(share: f32) -> Self {
        (share * 255.0).round() as Self
    }
}

impl Sample for u16 {
    fn share(self) -> f32 {
        f32::from(self) / 65535.0
    }

    fn of(share: f32) -> Self {
        (share * 65535.0).round() as Self
    }
}

impl Sample for f32 {
    fn share(self) -> f32 {
        self
    }

    fn of(share: f32) -> Self {
        share
    }
}

/// Every sample as a share of its full value.
pub(crate) fn shares(samples: &Samples) -> Vec<f32> {
    match samples {
        Samples::U8(samples) => samples.iter().map(|sample| sample.share()).collect(),
        Samples::U16(samples) => samples.iter().map(|sample| sample.share()).collect(),
        Samples::F32(samples) => samples.clone(),
    }
}

/// The last channel of each pixel as shares: alpha, where there is one.
pub(crate) fn last_shares(samples: &Samples, channels: usize) -> Vec<f32> {
    fn last<T: Sample>(samples: &[T], channels: usize) -> Vec<f32> {
        samples.iter().skip(channels - 1).step_by(channels).map(|sample| sample.share()).collect()
    }
    match samples {
        Samples::U8(samples) => last(samples, channels),
        Samples::U16(samples) => last(samples, channels),
        Samples::F32(samples) => last(samples, channels),
    }
}

/// Samples of a type from shares of its full value.
pub(crate) fn from_shares(shares: &[f32], samples: SampleType) -> Samples {
    match samples {
        SampleType::U8 => Samples::U8(shares.iter().map(|share| u8::of(*share)).collect()),
        SampleType::U16 => Samples::U16(shares.iter().map(|share| u16::of(*share)).collect()),
        SampleType::F32 => Samples::F32(shares.to_vec()),
    }
}

/// Gives samples without alpha one that is opaque.
pub(crate) fn opaque(samples: Samples, channels: usize) -> Samples {
    fn with<T: Copy>(samples: &[T], channels: usize, full: T) -> Vec<T> {
        samples.chunks_exact(channels).flat_map(|pixel| pixel.iter().copied().chain([full])).collect()
    }
    match samples {
        Samples::U8(samples) => Samples::U8(with(&samples, channels, u8::MAX)),
        Samples::U16(samples) => Samples::U16(with(&samples, channels, u16::MAX)),
        Samples::F32(samples) => Samples::F32(with(&samples, channels, 1.0)),
    }
}

/// The pixels as 8-bit RGB over grey, for a preview.
pub(crate) fn as_rgb(pixels: &Pixels) -> Vec<u8> {
    const GREY: f32 = 0.4;
    let channels = usize::from(pixels.channels());
    let samples = match pixels.samples() {
        Sent::U8(samples) => samples.iter().map(|sample| sample.share()).collect::<Vec<_>>(),
        Sent::U16(samples) => samples.iter().map(|sample| sample.share()).collect(),
        Sent::F32(samples) => samples.clone(),
    };
    let pixel = |pixel: &[f32]| {
        let alpha = if channels % 2 == 0 { pixel[channels - 1] } else { 1.0 };
        let colour = if channels < 3 { [pixel[0]; 3] } else { [pixel[0], pixel[1], pixel[2]] };
        colour.map(|sample| u8::of((sample * alpha + GREY * (1.0 - alpha)).clamp(0.0, 1.0)))
    };
    samples.chunks_exact(channels).flat_map(pixel).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fake::Fake;

    #[test]
    fn documents_are_read_in_their_own_precision() {
        use {Channels::*, Curve::*};
        for (colours, depth, curve, alpha, expected) in [
            (Colours::Rgb, Depth::U8, NonLinear, false, (Rgb, SampleType::U8, NonLinear)),
            (Colours::Rgb, Depth::U8, Linear, true, (RgbAlpha, SampleType::F32, Perceptual)),
            (Colours::Rgb, Depth::U16, Perceptual, true, (RgbAlpha, SampleType::U16, Perceptual)),
            (Colours::Grey, Depth::U16, NonLinear, false, (Grey, SampleType::U16, NonLinear)),
            (Colours::Grey, Depth::Half, Linear, true, (GreyAlpha, SampleType::F32, Perceptual)),
            (Colours::Rgb, Depth::U32, NonLinear, false, (Rgb, SampleType::F32, NonLinear)),
            (Colours::Rgb, Depth::Double, Perceptual, false, (Rgb, SampleType::F32, Perceptual)),
            (Colours::Indexed, Depth::U8, NonLinear, true, (RgbAlpha, SampleType::U8, NonLinear)),
        ] {
            let (host, image) = Fake::image(4, 4, colours, Precision { depth, curve });
            let found = format(&host, image, alpha).unwrap();
            assert_eq!((found.channels, found.samples, found.curve), expected, "{colours:?} {depth:?} {curve:?}");
        }
    }

    #[test]
    fn samples_of_all_types_become_shares_and_come_back() {
        for samples in [Samples::U8(vec![0, 1, 128, 255]), Samples::U16(vec![0, 1, 32768, 65535]), Samples::F32(vec![-0.5, 0.25, 3.0])] {
            assert_eq!(from_shares(&shares(&samples), samples.sample_type()), samples);
        }
    }

    #[test]
    fn what_has_no_alpha_becomes_opaque() {
        assert_eq!(opaque(Samples::U16(vec![1, 2, 3, 4, 5, 6]), 3), Samples::U16(vec![1, 2, 3, 65535, 4, 5, 6, 65535]));
        assert_eq!(opaque(Samples::F32(vec![0.5]), 1), Samples::F32(vec![0.5, 1.0]));
    }

    #[test]
    fn a_larger_canvas_is_empty_around_the_picture() {
        let picture = Pixels::new(2, 1, 1, Sent::U8(vec![7, 8])).unwrap();
        let sides = Sides { left: 1, top: 1, ..Sides::default() };
        assert_eq!(on_canvas(&picture, sides), Samples::U8(vec![0, 0, 0, 0, 7, 8]));
        assert_eq!(on_canvas(&picture, Sides::default()), Samples::U8(vec![7, 8]));
    }

    #[test]
    fn a_preview_is_rgb_on_grey() {
        let grey = Pixels::new(2, 1, 2, Sent::U8(vec![255, 255, 255, 0])).unwrap();
        assert_eq!(as_rgb(&grey), [255, 255, 255, 102, 102, 102]);
        let colour = Pixels::new(1, 1, 3, Sent::F32(vec![1.5, 0.0, f32::NAN])).unwrap();
        assert_eq!(as_rgb(&colour), [255, 0, 0]);
    }

    #[test]
    fn a_picture_beyond_the_limits_is_refused_with_a_sentence() {
        let failure = sent(Samples::U8(Vec::new()), (70000, 1), Channels::Grey).unwrap_err();
        assert!(failure.to_string().contains("70000 × 1 pixels") && failure.hint.is_some());
    }
}
