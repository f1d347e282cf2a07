//! The colour space of a picture's samples, as an ICC profile.

use dedit_edit::Channels;
use moxcms::{
    Chromaticity, CicpColorPrimaries, CicpProfile, ColorPrimaries, ColorProfile, DataColorSpace, Layout, MatrixCoefficients, ToneReprCurve,
    TransferCharacteristics, TransformOptions, Xyzd,
};

use super::metadata::{Metadata, PngColour};

/// `gAMA` of sRGB, which is no power function but is written so.
const SRGB_GAMMA: u32 = 45_455;
/// `cHRM` of sRGB.
const SRGB_CHROMATICITIES: [u32; 8] = [31_270, 32_900, 64_000, 33_000, 30_000, 60_000, 15_000, 6_000];

/// What is known of the colour space of a file's samples.
pub(super) enum Space {
    /// sRGB, or nothing is said, which means the same.
    Srgb,
    /// The space of a profile.
    Profile(Vec<u8>),
    /// A profile that does not fit the samples; a sentence why.
    Unfit(String),
}

/// The colour space of samples with these channels. `is_linear`: the format says that its samples are proportional to light, with sRGB's primaries.
pub(super) fn space(metadata: &Metadata, channels: Channels, is_linear: bool) -> Space {
    if let Some(points) = metadata.png.code_points
        && let Some(profile) = of_code_points(points, channels)
    {
        return profile;
    }
    match (&metadata.profile, is_linear) {
        (Some(profile), _) => of_profile(profile, channels),
        (None, true) => encoded(&linear(metadata.primaries), channels),
        (None, false) => of_chunks(metadata.png, channels),
    }
}

fn of_profile(bytes: &[u8], channels: Channels) -> Space {
    let profile = match ColorProfile::new_from_slice(bytes) {
        Ok(profile) => profile,
        Err(error) => return Space::Unfit(format!("its colour profile cannot be read ({error}): its colours are taken as sRGB")),
    };
    let fits = match profile.color_space {
        DataColorSpace::Rgb => channels.colours() == 3,
        DataColorSpace::Gray => channels.colours() == 1,
        _ => false,
    };
    if fits {
        return Space::Profile(bytes.to_vec());
    }
    Space::Unfit(format!("its colour profile is for {:?} and not for its pixels: its colours are taken as sRGB", profile.color_space))
}

fn of_code_points([primaries, transfer, _, _]: [u8; 4], channels: Channels) -> Option<Space> {
    let points = CicpProfile {
        color_primaries: CicpColorPrimaries::try_from(primaries).ok()?,
        transfer_characteristics: TransferCharacteristics::try_from(transfer).ok()?,
        matrix_coefficients: MatrixCoefficients::Identity,
        full_range: true,
    };
    if (points.color_primaries, points.transfer_characteristics) == (CicpColorPrimaries::Bt709, TransferCharacteristics::Srgb) {
        return Some(Space::Srgb);
    }
    let mut profile = ColorProfile::new_srgb();
    (profile.red_trc, profile.description) = (None, None);
    profile.update_rgb_colorimetry_from_cicp(points);
    profile.red_trc.is_some().then(|| encoded(&profile, channels))
}

fn of_chunks(png: PngColour, channels: Channels) -> Space {
    let is_usual = png.gamma.is_none_or(|gamma| gamma.abs_diff(SRGB_GAMMA) <= 100)
        && png.chromaticities.is_none_or(|found| found.iter().zip(SRGB_CHROMATICITIES).all(|(found, usual)| found.abs_diff(usual) <= 100));
    if png.srgb.is_some() || is_usual {
        return Space::Srgb;
    }
    let mut profile = ColorProfile::new_srgb();
    (profile.cicp, profile.description) = (None, None);
    if let Some(numbers) = png.chromaticities {
        let [white, red, green, blue] = [0, 2, 4, 6].map(|at| Chromaticity::new(share(numbers[at]), share(numbers[at + 1])));
        if [white, red, green, blue].iter().any(|point| point.y <= 0.0) {
            return Space::Unfit("its cHRM chunk makes no sense: its colours are taken as sRGB".to_owned());
        }
        profile.update_rgb_colorimetry(white.to_xyyb(), ColorPrimaries { red, green, blue });
    }
    if let Some(gamma) = png.gamma.filter(|gamma| *gamma > 0) {
        set_curve(&mut profile, ToneReprCurve::Parametric(vec![1.0 / share(gamma)]));
    }
    encoded(&profile, channels)
}

fn share(number: u32) -> f32 {
    (f64::from(number) / 100_000.0) as f32
}

/// Samples that are proportional to light, with these primaries, x and y of red, green, blue and white, or with those of sRGB.
fn linear(primaries: Option<[f32; 8]>) -> ColorProfile {
    let mut profile = ColorProfile::new_srgb();
    (profile.cicp, profile.description) = (None, None);
    if let Some(numbers) = primaries.filter(|numbers| numbers.iter().all(|number| number.is_finite())) {
        let [red, green, blue, white] = [0, 2, 4, 6].map(|at| Chromaticity::new(numbers[at], numbers[at + 1]));
        if [red, green, blue, white].iter().all(|point| point.y > 0.0) {
            profile.update_rgb_colorimetry(white.to_xyyb(), ColorPrimaries { red, green, blue });
        }
    }
    set_curve(&mut profile, ToneReprCurve::Parametric(vec![1.0]));
    profile
}

/// Whether a picture's samples are proportional to light, with the primaries that its file named, or with those of sRGB.
pub(super) fn is_linear(profile: Option<&[u8]>, metadata: &Metadata) -> bool {
    let Some(Ok(found)) = profile.map(ColorProfile::new_from_slice) else { return false };
    let expected = linear(metadata.primaries);
    let near = |one: Xyzd, other: Xyzd| [one.x - other.x, one.y - other.y, one.z - other.z].iter().all(|off| off.abs() < 0.001);
    let is_straight = |curve: &Option<ToneReprCurve>| {
        let curve = curve.as_ref().and_then(|curve| curve.make_linear_evaluator().ok());
        curve.is_some_and(|curve| [0.1, 0.5, 0.8].iter().all(|light| (curve.evaluate_value(*light) - light).abs() < 0.001))
    };
    [&found.red_trc, &found.green_trc, &found.blue_trc].into_iter().all(is_straight)
        && near(found.red_colorant, expected.red_colorant)
        && near(found.green_colorant, expected.green_colorant)
        && near(found.blue_colorant, expected.blue_colorant)
}

fn set_curve(profile: &mut ColorProfile, curve: ToneReprCurve) {
    (profile.red_trc, profile.green_trc, profile.blue_trc) = (Some(curve.clone()), Some(curve.clone()), Some(curve));
}

/// The profile's file; for a grey picture that of its curve alone.
fn encoded(profile: &ColorProfile, channels: Channels) -> Space {
    let made = if channels.colours() == 1 {
        let mut grey = ColorProfile::new_gray_with_gamma(1.0);
        grey.gray_trc.clone_from(&profile.red_trc);
        grey.encode()
    } else {
        profile.encode()
    };
    match made {
        Ok(bytes) => Space::Profile(bytes),
        Err(error) => Space::Unfit(format!("its colour space makes no profile ({error}): its colours are taken as sRGB")),
    }
}

/// CMYK samples, 0 for no ink and 255 for all of it, as sRGB. By the profile, where it is one of CMYK that can be used; else each ink takes its share of the light.
/// The flag says whether the profile was used.
pub(super) fn from_cmyk(inks: &[u8], profile: Option<&[u8]>) -> (Vec<u8>, bool) {
    let by_profile = || {
        let profile = ColorProfile::new_from_slice(profile?).ok().filter(|profile| profile.color_space == DataColorSpace::Cmyk)?;
        let transform =
            profile.create_transform_8bit(Layout::Rgba, &ColorProfile::new_srgb(), Layout::Rgb, TransformOptions::default()).ok()?;
        let mut colours = vec![0; inks.len() / 4 * 3];
        transform.transform(inks, &mut colours).ok()?;
        Some(colours)
    };
    if let Some(colours) = by_profile() {
        return (colours, true);
    }
    let light = |ink: u8, black: u8| {
        let light = u32::from(255 - ink) * u32::from(255 - black);
        ((light + 127) / 255) as u8
    };
    (inks.chunks_exact(4).flat_map(|ink| [0, 1, 2].map(|channel| light(ink[channel], ink[3]))).collect(), false)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(space: &Space) -> String {
        match space {
            Space::Srgb => "sRGB".to_owned(),
            Space::Profile(profile) => match ColorProfile::new_from_slice(profile).unwrap() {
                ColorProfile { color_space: DataColorSpace::Gray, gray_trc: Some(_), .. } => "grey profile".to_owned(),
                _ => "profile".to_owned(),
            },
            Space::Unfit(why) => why.clone(),
        }
    }

    #[test]
    fn what_files_say_of_their_colours_is_understood() {
        let png = |png: PngColour| Metadata { png, ..Metadata::default() };
        let icc = |profile: &ColorProfile| Metadata { profile: Some(profile.encode().unwrap()), ..Metadata::default() };
        let wide = [31_270, 32_900, 70_800, 29_200, 17_000, 79_700, 13_100, 4_600];
        let usual = PngColour { gamma: Some(SRGB_GAMMA), chromaticities: Some(SRGB_CHROMATICITIES), ..PngColour::default() };
        for (what, metadata, channels, is_linear, expected) in [
            ("nothing is said", Metadata::default(), Channels::Rgb, false, "sRGB"),
            ("an sRGB chunk", png(PngColour { srgb: Some(0), gamma: Some(45_000), ..PngColour::default() }), Channels::Rgb, false, "sRGB"),
            ("gAMA and cHRM of sRGB", png(usual), Channels::Rgb, false, "sRGB"),
            ("a linear gAMA", png(PngColour { gamma: Some(100_000), ..usual }), Channels::Rgb, false, "profile"),
            ("wide cHRM", png(PngColour { chromaticities: Some(wide), ..usual }), Channels::Rgb, false, "profile"),
            ("cHRM of zeros", png(PngColour { chromaticities: Some([0; 8]), ..usual }), Channels::Rgb, false, "its cHRM chunk"),
            ("cICP of sRGB", png(PngColour { code_points: Some([1, 13, 0, 1]), ..PngColour::default() }), Channels::Rgb, false, "sRGB"),
            (
                "cICP of Display P3",
                png(PngColour { code_points: Some([12, 13, 0, 1]), ..PngColour::default() }),
                Channels::Rgb,
                false,
                "profile",
            ),
            ("a linear format", Metadata::default(), Channels::Rgb, true, "profile"),
            ("a linear gAMA of greys", png(PngColour { gamma: Some(100_000), ..usual }), Channels::Grey, false, "grey profile"),
            ("a grey profile", icc(&ColorProfile::new_gray_with_gamma(1.8)), Channels::GreyAlpha, false, "grey profile"),
            ("a profile", icc(&ColorProfile::new_display_p3()), Channels::Rgba, false, "profile"),
            (
                "a colour profile of a grey picture",
                icc(&ColorProfile::new_display_p3()),
                Channels::Grey,
                false,
                "its colour profile is for Rgb",
            ),
            (
                "no profile",
                Metadata { profile: Some(vec![1, 2, 3]), ..Metadata::default() },
                Channels::Rgb,
                false,
                "its colour profile cannot be read",
            ),
        ] {
            let found = kind(&space(&metadata, channels, is_linear));
            assert!(found.starts_with(expected), "{what}: {found}");
        }
    }

    #[test]
    fn inks_take_their_share_of_the_light_where_no_profile_says_how() {
        let inks = [0, 0, 0, 0, 255, 0, 0, 0, 0, 255, 255, 0, 0, 0, 0, 255, 128, 0, 0, 128];
        let (colours, by_profile) = from_cmyk(&inks, Some(&ColorProfile::new_srgb().encode().unwrap()));
        assert_eq!((colours, by_profile), (vec![255, 255, 255, 0, 255, 255, 255, 0, 0, 0, 0, 0, 63, 127, 127], false));
    }
}
