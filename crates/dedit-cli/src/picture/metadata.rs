//! What picture files say besides their pixels.

use serde::{Deserialize, Serialize};

use crate::error::{Error, ErrorKind, Result};

/// What a picture file says besides its pixels: kept with results, and never changed but for the orientation, since pictures are turned when they are read.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Metadata {
    /// The colour profile (ICC) that the file carries.
    pub(crate) profile: Option<Vec<u8>>,
    /// EXIF, a TIFF structure without the name of its segment; upright.
    pub(crate) exif: Option<Vec<u8>>,
    /// XMP, an XML packet.
    pub(crate) xmp: Option<String>,
    /// Pixels per unit.
    pub(crate) resolution: Option<Resolution>,
    /// PNG's keywords and texts.
    pub(crate) texts: Vec<(String, String)>,
    /// PNG's words for the colour space.
    pub(crate) png: PngColour,
    /// OpenEXR's: x and y of red, green, blue and white.
    pub(crate) primaries: Option<[f32; 8]>,
}

impl Metadata {
    /// As a session keeps it.
    pub(crate) fn to_bytes(&self) -> Result<Vec<u8>> {
        let json = serde_json::to_vec(self);
        json.map_err(|error| Error::new(ErrorKind::Internal, format!("what a picture says makes no JSON ({error})")))
    }

    /// As it was kept; what another program or release kept is nothing to this one.
    pub(crate) fn from_bytes(bytes: &[u8]) -> Self {
        serde_json::from_slice(bytes).unwrap_or_default()
    }
}

/// Pixels per unit of length.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) struct Resolution {
    /// Pixels per unit across and down.
    pub(crate) density: [f64; 2],
    pub(crate) unit: Unit,
}

/// A unit of length.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Unit {
    /// None: the density is the shape of a pixel.
    None,
    Inch,
    Metre,
}

impl Resolution {
    /// Pixels per unit `to`; as they are where either has no unit.
    pub(crate) fn per(self, to: Unit) -> [f64; 2] {
        /// Inches in a metre.
        const INCHES: f64 = 1.0 / 0.0254;
        match (self.unit, to) {
            (Unit::Inch, Unit::Metre) => self.density.map(|density| density * INCHES),
            (Unit::Metre, Unit::Inch) => self.density.map(|density| density / INCHES),
            _ => self.density,
        }
    }
}

/// The colour space in PNG's own chunks (PNG, third edition, section 11.3.2), numbers as they stand in the file.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct PngColour {
    /// `gAMA`, times 100,000.
    pub(crate) gamma: Option<u32>,
    /// `cHRM`: x and y of white, red, green and blue, times 100,000.
    pub(crate) chromaticities: Option<[u32; 8]>,
    /// `sRGB`: the rendering intent.
    pub(crate) srgb: Option<u8>,
    /// `cICP`: primaries, transfer function, matrix, full range.
    pub(crate) code_points: Option<[u8; 4]>,
}

/// XMP that says that the picture is upright, as it is now.
pub(crate) fn upright(xmp: &str) -> String {
    let mut upright = String::with_capacity(xmp.len());
    let mut rest = xmp;
    for (before, after) in [("tiff:Orientation=\"", '"'), ("tiff:Orientation='", '\''), ("<tiff:Orientation>", '<')] {
        if let Some((head, tail)) = rest.split_once(before)
            && let Some(end) = tail.find(after)
        {
            upright += head;
            upright += before;
            upright.push('1');
            rest = &tail[end..];
        }
    }
    upright + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn xmp_says_that_the_picture_is_upright_and_keeps_the_rest() {
        for (before, after) in [
            (r#"<a tiff:Orientation="6" b="c">"#, r#"<a tiff:Orientation="1" b="c">"#),
            ("<a tiff:Orientation='8'/>", "<a tiff:Orientation='1'/>"),
            ("<tiff:Orientation>3</tiff:Orientation><x/>", "<tiff:Orientation>1</tiff:Orientation><x/>"),
            ("<nothing of it/>", "<nothing of it/>"),
            (r#"tiff:Orientation="6"#, r#"tiff:Orientation="6"#),
        ] {
            assert_eq!(upright(before), after);
        }
    }

    #[test]
    fn densities_are_converted_between_units() {
        let dots = Resolution { density: [300.0, 72.0], unit: Unit::Inch };
        assert_eq!(dots.per(Unit::Metre).map(|density| density.round() as u32), [11_811, 2835]);
        let back = Resolution { density: dots.per(Unit::Metre), unit: Unit::Metre }.per(Unit::Inch);
        assert!((back[0] - 300.0).abs() < 1e-9 && (back[1] - 72.0).abs() < 1e-9);
        assert_eq!(Resolution { unit: Unit::None, ..dots }.per(Unit::Inch).map(|density| density as u32), [300, 72]);
    }
}
