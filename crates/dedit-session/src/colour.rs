//! Pictures of other colour spaces than sRGB, which models are shown in sRGB and whose results come back in their own space.

use std::fmt;
use std::sync::Arc;

use dedit_edit::{Depth, Error, ErrorKind, Image, ItemMask, Planes, Result, Window, composite};
use moxcms::{ColorProfile, DataColorSpace, Layout, TransformExecutor, TransformOptions};

/// Colours this close to sRGB's, of 1, are those of sRGB: less than half a level of eight bits.
const SAME: f32 = 0.002;

type Transform = Arc<dyn TransformExecutor<f32> + Send + Sync>;

/// A colour space that is not sRGB, of colours or of greys.
#[derive(Clone)]
pub(crate) struct ColourSpace {
    to_srgb: Transform,
    from_srgb: Transform,
}

impl fmt::Debug for ColourSpace {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("ColourSpace")
    }
}

impl ColourSpace {
    /// The space of an ICC profile; `None` for sRGB, and for a profile that cannot be used or is not for the picture's channels: its samples are taken as
    /// they are.
    pub(crate) fn of(profile: Option<&[u8]>, image: &Image) -> Option<Self> {
        let profile = ColorProfile::new_from_slice(profile?).ok()?;
        let profile = match (profile.color_space, image.channels().colours()) {
            (DataColorSpace::Rgb, 3) => profile,
            (DataColorSpace::Gray, 1) => of_greys(&profile)?,
            _ => return None,
        };
        // Values beyond 0 … 1 are colours too: highlights, and colours that sRGB has not got.
        let options = TransformOptions { allow_extended_range_rgb_xyz: true, prefer_fixed_point: false, ..TransformOptions::default() };
        let srgb = ColorProfile::new_srgb();
        let to_srgb = profile.create_transform_f32(Layout::Rgb, &srgb, Layout::Rgb, options).ok()?;
        let from_srgb = srgb.create_transform_f32(Layout::Rgb, &profile, Layout::Rgb, options).ok()?;
        let space = Self { to_srgb, from_srgb };
        (!space.is_srgb()?).then_some(space)
    }

    /// Whether a sample of colours stays as it is; `None` where the profile cannot be computed with.
    fn is_srgb(&self) -> Option<bool> {
        let steps = [0.0, 0.02, 0.1, 0.25, 0.5, 0.75, 1.0];
        let colours: Vec<f32> =
            steps.iter().flat_map(|red| steps.iter().flat_map(move |green| steps.map(|blue| [*red, *green, blue]))).flatten().collect();
        let mut converted = vec![0.0; colours.len()];
        self.to_srgb.transform(&colours, &mut converted).ok()?;
        Some(colours.iter().zip(&converted).all(|(one, other)| (one - other).abs() <= SAME))
    }

    /// A picture in sRGB, as floats; alpha stays. Samples that are NaN or infinite become black.
    pub(crate) fn shown(&self, picture: &Image) -> Result<Image> {
        let Window { planes, alpha, .. } = Window::read(picture, picture.size().rect(), picture.channels().colours())?;
        Planes::new(planes.size(), converted(&planes, self.to_srgb.as_ref())?, alpha)?.to_image(Depth::F32)
    }

    /// An edited picture in this space: the colours of `edited` (in sRGB) where `change` is above 0, everything else `own`, bit for bit.
    pub(crate) fn back(&self, edited: &Image, own: &Image, change: &ItemMask) -> Result<Image> {
        let planes = Planes::new(edited.size(), converted(&edited.planes()?, self.from_srgb.as_ref())?, None)?;
        let whole = ItemMask::new(change.size(), change.values().iter().map(|value| f32::from(u8::from(*value > 0.0))).collect())?;
        composite(own, &planes, (0, 0), &whole)
    }
}

/// A picture as models are shown it: in sRGB, where its colour profile (ICC) can be used; else as it is.
///
/// # Errors
/// `Input` where the conversion fails.
pub fn shown_in_srgb(picture: &Image, profile: Option<&[u8]>) -> Result<Image> {
    ColourSpace::of(profile, picture).map_or_else(|| Ok(picture.clone()), |space| space.shown(picture))
}

/// The greys of a profile as a space of colours with the same curve, whose greys they are.
fn of_greys(profile: &ColorProfile) -> Option<ColorProfile> {
    let curve = Some(profile.gray_trc.clone()?);
    let mut colours = ColorProfile::new_srgb();
    colours.cicp = None;
    (colours.red_trc, colours.green_trc, colours.blue_trc) = (curve.clone(), curve.clone(), curve);
    Some(colours)
}

/// Planes of red, green and blue, or of grey, converted row by row.
fn converted(planes: &Planes, transform: &(dyn TransformExecutor<f32> + Send + Sync)) -> Result<Vec<Vec<f32>>> {
    let (red, green, blue) = match planes.colour() {
        [grey] => (grey, grey, grey),
        [red, green, blue] => (red, green, blue),
        _ => return Err(Error::new(ErrorKind::Internal, "a picture with neither one nor three colours was to be converted")),
    };
    let count = planes.colour().len();
    let mut converted: Vec<Vec<f32>> = (0..count).map(|_| Vec::with_capacity(red.len())).collect();
    let (mut from, mut to) = (Vec::new(), Vec::new());
    let width = planes.size().width();
    for ((red, green), blue) in red.chunks(width).zip(green.chunks(width)).zip(blue.chunks(width)) {
        from.clear();
        from.extend(red.iter().zip(green).zip(blue).flat_map(|((red, green), blue)| [*red, *green, *blue]));
        to.resize(from.len(), 0.0);
        let done = transform.transform(&from, &mut to);
        done.map_err(|error| Error::new(ErrorKind::Input, format!("the picture's colour profile cannot be used ({error})")))?;
        for pixel in to.chunks_exact(3) {
            converted.iter_mut().zip(pixel).for_each(|(plane, value)| plane.push(if value.is_finite() { *value } else { 0.0 }));
        }
    }
    Ok(converted)
}

#[cfg(test)]
mod tests {
    use dedit_edit::{Channels, Samples, Size};
    use moxcms::ToneReprCurve;

    use super::*;

    /// sRGB's primaries and a power function as curve.
    fn power(gamma: f32) -> Vec<u8> {
        let mut profile = ColorProfile::new_srgb();
        profile.cicp = None;
        let curve = Some(ToneReprCurve::Parametric(vec![gamma]));
        (profile.red_trc, profile.green_trc, profile.blue_trc) = (curve.clone(), curve.clone(), curve);
        profile.encode().unwrap()
    }

    fn picture(samples: Samples) -> Image {
        Image::new(Size::new(4, 1).unwrap(), Channels::Rgb, samples).unwrap()
    }

    /// The curve of sRGB (IEC 61966-2-1).
    fn encoded(light: f64) -> f64 {
        if light <= 0.003_130_8 { light * 12.92 } else { 1.055 * light.powf(1.0 / 2.4) - 0.055 }
    }

    #[test]
    fn srgb_itself_and_profiles_that_do_not_fit_leave_samples_as_they_are() {
        let colour = picture(Samples::U8(vec![0; 12]));
        let grey = Image::new(Size::new(4, 1).unwrap(), Channels::Grey, Samples::U8(vec![0; 4])).unwrap();
        for (name, profile, image, is_other) in [
            ("none", None, &colour, false),
            ("sRGB", Some(ColorProfile::new_srgb().encode().unwrap()), &colour, false),
            ("linear", Some(power(1.0)), &colour, true),
            ("Display P3", Some(ColorProfile::new_display_p3().encode().unwrap()), &colour, true),
            ("Adobe RGB", Some(ColorProfile::new_adobe_rgb().encode().unwrap()), &colour, true),
            ("a grey picture", Some(power(1.0)), &grey, false),
            ("linear greys", Some(ColorProfile::new_gray_with_gamma(1.0).encode().unwrap()), &grey, true),
            ("greys on colours", Some(ColorProfile::new_gray_with_gamma(1.0).encode().unwrap()), &colour, false),
            ("bytes", Some(vec![7; 200]), &colour, false),
        ] {
            assert_eq!(ColourSpace::of(profile.as_deref(), image).is_some(), is_other, "{name}");
        }
    }

    #[test]
    fn linear_light_is_shown_by_the_curve_of_srgb_and_comes_back() {
        let light = [0.0_f32, 0.002, 0.02, 0.18, 0.5, 1.0, 0.25, 0.75, 0.9, 2.5, 12.0, 0.001];
        let own = picture(Samples::F32(light.to_vec()));
        let space = ColourSpace::of(Some(&power(1.0)), &own).unwrap();
        let shown = space.shown(&own).unwrap();
        let Samples::F32(samples) = shown.samples() else { panic!("floats") };
        for (light, shown) in light.iter().zip(samples) {
            assert!((encoded(f64::from(*light)) - f64::from(*shown)).abs() < 0.002 * f64::from(light.max(1.0)), "{light}: {shown}");
        }
        let back = space.back(&shown, &picture(Samples::F32(vec![9.0; 12])), &ItemMask::full(own.size())).unwrap();
        let Samples::F32(samples) = back.samples() else { panic!("floats") };
        for (light, back) in light.iter().zip(samples) {
            assert!((light - back).abs() < 0.002 * light.max(1.0), "{light}: {back}");
        }
    }

    #[test]
    fn greys_are_converted_by_their_curve() {
        let light = [0.0_f32, 0.02, 0.18, 0.9];
        let own = Image::new(Size::new(4, 1).unwrap(), Channels::Grey, Samples::F32(light.to_vec())).unwrap();
        let space = ColourSpace::of(Some(&ColorProfile::new_gray_with_gamma(1.0).encode().unwrap()), &own).unwrap();
        let shown = space.shown(&own).unwrap();
        let Samples::F32(samples) = shown.samples() else { panic!("floats") };
        assert!(
            light.iter().zip(samples).all(|(light, shown)| (encoded(f64::from(*light)) - f64::from(*shown)).abs() < 0.002),
            "{samples:?}"
        );
        let other = Image::new(own.size(), Channels::Grey, Samples::F32(vec![9.0; 4])).unwrap();
        let back = space.back(&shown, &other, &ItemMask::full(own.size())).unwrap();
        let Samples::F32(samples) = back.samples() else { panic!("floats") };
        assert!(light.iter().zip(samples).all(|(light, back)| (light - back).abs() < 0.002), "{samples:?}");
    }

    #[test]
    fn what_may_not_change_keeps_every_bit() {
        let own = picture(Samples::U16((0..12).map(|sample| sample * 5000 + 3).collect()));
        let space = ColourSpace::of(Some(&ColorProfile::new_display_p3().encode().unwrap()), &own).unwrap();
        let mut change = vec![0.0; 4];
        change[2] = 0.5;
        let edited = space.shown(&picture(Samples::U16(vec![30_000; 12]))).unwrap();
        let back = space.back(&edited, &own, &ItemMask::new(own.size(), change).unwrap()).unwrap();
        let (Samples::U16(before), Samples::U16(after)) = (own.samples(), back.samples()) else { panic!("16 bits") };
        assert_eq!((&before[..6], &before[9..]), (&after[..6], &after[9..]));
        assert!(after[6..9].iter().all(|sample| sample.abs_diff(30_000) <= 30), "{after:?}");
    }
}
