//! Linear light and sRGB (IEC 61966-2-1), which models are trained on. The curve is continued beyond 0..=1, so that the conversion is invertible.

/// Linear light to sRGB.
pub(crate) fn to_srgb(light: f32) -> f32 {
    let size = light.abs();
    let value = if size <= 0.003_130_8 { size * 12.92 } else { 1.055 * size.powf(1.0 / 2.4) - 0.055 };
    value.copysign(light)
}

/// sRGB to linear light.
pub(crate) fn to_linear(value: f32) -> f32 {
    let size = value.abs();
    let light = if size <= 0.040_45 { size / 12.92 } else { ((size + 0.055) / 1.055).powf(2.4) };
    light.copysign(value)
}

/// Whether the name of a colour space in OpenFX 1.5 means linear light; `None` for unknown names, which OCIO configurations of hosts may define.
///
/// Logarithmic values count as sRGB: they look flat to the model and come back unconverted.
pub(crate) fn is_linear(name: &str) -> Option<bool> {
    let name = name.to_lowercase();
    let has = |words: &[&str]| words.iter().any(|word| name.contains(word));
    let encoded = [
        "log",
        "acescc",
        "adx",
        "davinci_intermediate",
        "bmdfilm",
        "srgb_tx",
        "g22",
        "g24",
        "gamma",
        "rec709_tx",
        "camera_rec709",
        "rec1886",
        "display",
        "_sdr",
        "_hdr",
        "texture",
        "raw",
    ];
    if has(&["lin_", "linear", "acescg", "aces2065"]) {
        Some(true)
    } else if has(&encoded) || name.contains("srgb") {
        Some(false)
    } else {
        None
    }
}

/// Whether floats of a host that does not tell colour spaces are sRGB and not linear light.
pub(crate) fn floats_are_srgb(host: &str) -> bool {
    let host = host.to_lowercase();
    ["davinci", "mlt", "vegas"].iter().any(|name| host.contains(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_values_are_converted_both_ways() {
        for (linear, srgb) in [(0.0, 0.0), (1.0, 1.0), (0.214_041_14, 0.5), (0.002, 0.025_84), (-0.214_041_14, -0.5), (4.0, 1.824_796)] {
            assert!((to_srgb(linear) - srgb).abs() < 1e-5, "{linear}");
            assert!((to_linear(srgb) - linear).abs() < 2e-5, "{srgb}");
        }
    }

    #[test]
    fn names_of_colour_spaces_are_recognised() {
        for (name, linear) in [
            ("lin_rec709_srgb", Some(true)),
            ("ACEScg", Some(true)),
            ("ofx_scene_linear", Some(true)),
            ("srgb_tx", Some(false)),
            ("rec1886_rec709_display", Some(false)),
            ("arri_logc4", Some(false)),
            ("ACEScct", Some(false)),
            ("ofx_scene_log", Some(false)),
            ("something_else", None),
            ("", None),
        ] {
            assert_eq!(is_linear(name), linear, "{name}");
        }
    }
}
