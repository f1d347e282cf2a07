//! Items from masks: one per colour, or a single one where a mask has only greys or alpha.

use std::collections::HashMap;
use std::path::PathBuf;

use ofx_host::{Alpha, Components, Image};

use crate::failure::{Failure, input};
use crate::pixels::{Encoding, Format, InputFrame};

/// The name of the item of a mask without colours.
pub(crate) const ONE: &str = "item";
/// The name for all other pixels.
pub(crate) const BACKGROUND: &str = "background";
/// The most items of a mask.
const MAX_ITEMS: usize = 64;
/// Colours at most this far apart (Euclidean, 0..=255 per channel) are one: video codecs change colours a little.
const SAME_COLOUR: i32 = 60;
/// A colour with less than 1/500 of the coloured pixels is the blurred edge of others.
const EDGE: usize = 500;

/// A mask: red, green, blue and alpha for each pixel of the frame, rows from top to bottom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Mask {
    pixels: Vec<[u8; 4]>,
    is_alpha: bool,
}

/// Items of a mask: their names, and for each pixel 0 for none or the number of a name from 1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct MaskLabels {
    pub(crate) names: Vec<String>,
    pub(crate) labels: Vec<u16>,
}

impl Mask {
    /// The mask of a clip's image; frame pixels outside of it are no item.
    pub(crate) fn of_image(image: &Image<'_>, frame: &InputFrame) -> Self {
        let format = Format::of(image, Encoding { linear: false, alpha_is_mask: false });
        let (bounds, size) = (frame.bounds, format.depth.bytes() * format.components.count());
        let is_alpha = format.components == Components::Alpha;
        let mut pixels = Vec::with_capacity(frame.size().0 * frame.size().1);
        for y in (bounds.y1..bounds.y2).rev() {
            let row = image.row(y);
            for x in bounds.x1..bounds.x2 {
                let place = usize::try_from(i64::from(x) - i64::from(image.bounds().x1)).ok();
                let pixel = row.zip(place).and_then(|(row, place)| row.get(place * size..(place + 1) * size));
                let [red, green, blue, alpha] = pixel.map_or([0.0; 4], |pixel| format.read(pixel));
                let byte = |value: f32| (value * 255.0).round().clamp(0.0, 255.0) as u8;
                pixels.push(if is_alpha { [255, 255, 255, byte(red)] } else { [byte(red), byte(green), byte(blue), byte(alpha)] });
            }
        }
        Self { pixels, is_alpha }
    }

    /// The mask of the frame's own alpha.
    pub(crate) fn of_alpha(image: &Image<'_>, frame: &InputFrame) -> Result<Self, Failure> {
        if image.components() != Components::Rgba || image.alpha() == Alpha::Opaque {
            return Err(input("the Source has no alpha to take an item from", "choose another source of items, such as a Mask"));
        }
        let mut mask = Self::of_image(image, frame);
        for pixel in &mut mask.pixels {
            *pixel = [255, 255, 255, pixel[3]];
        }
        mask.is_alpha = true;
        Ok(mask)
    }

    /// The mask of a picture file, resized to the frame.
    pub(crate) fn of_file(name: &str, time: f64, frame: &InputFrame) -> Result<Self, Failure> {
        if name.is_empty() {
            return Err(input("no mask file is named", "name one, or choose another source of items"));
        }
        let path = PathBuf::from(numbered(name, time.round() as i64));
        let picture = image::open(&path)
            .map_err(|error| input(format!("the mask cannot be read ({error})"), "name a picture, such as a PNG").at(path))?;
        let (width, height) = frame.size();
        let is_alpha = !picture.color().has_color() && picture.color().has_alpha();
        let mut picture = picture.into_rgba8();
        if (picture.width() as usize, picture.height() as usize) != (width, height) {
            picture = image::imageops::resize(&picture, width as u32, height as u32, image::imageops::FilterType::Nearest);
        }
        Ok(Self { pixels: picture.pixels().map(|pixel| pixel.0).collect(), is_alpha })
    }

    /// A mask without items.
    pub(crate) fn empty(frame: &InputFrame) -> Self {
        let (width, height) = frame.size();
        Self { pixels: vec![[0, 0, 0, u8::MAX]; width * height], is_alpha: false }
    }

    /// Its items. Where the session has items with names of colours, those colours are looked for, so that a frame in which one is missing is read alike.
    pub(crate) fn labels(&self, known: &[String]) -> MaskLabels {
        let palette: Vec<(String, [u8; 3])> = known.iter().filter_map(|name| Some((name.clone(), colour_of(name)?))).collect();
        let is_coloured = self.opaque().any(is_coloured);
        let is_of_palette = || {
            self.opaque().all(|pixel| !is_visible(pixel))
                || self.opaque().any(|[red, green, blue, _]| {
                    palette.iter().any(|(_, known)| distance(*known, [red, green, blue]) <= SAME_COLOUR * SAME_COLOUR)
                })
        };
        if !self.is_alpha && !palette.is_empty() && (is_coloured || is_of_palette()) {
            self.by_colour(palette)
        } else if is_coloured && known.is_empty() {
            self.by_colour(self.palette().into_iter().map(|colour| (name_of(colour), colour)).collect())
        } else {
            self.single(is_coloured)
        }
    }

    /// The pixels with an alpha of at least 128; none for a mask of alpha alone.
    fn opaque(&self) -> impl Iterator<Item = [u8; 4]> {
        self.pixels.iter().copied().filter(|pixel| !self.is_alpha && pixel[3] >= 128)
    }

    /// One item: bright or coloured pixels; where all are equally bright, opaque ones.
    fn single(&self, is_coloured: bool) -> MaskLabels {
        // Rec. 709 luma, weights in units of 1/10000.
        let bright =
            |[red, green, blue, _]: [u8; 4]| (u32::from(red) * 2126 + u32::from(green) * 7152 + u32::from(blue) * 722) / 10_000 >= 128;
        let mut shades = self.opaque().map(bright);
        let first = shades.next();
        let by_alpha =
            self.is_alpha || (!is_coloured && self.pixels.iter().any(|pixel| pixel[3] < 128) && shades.all(|shade| Some(shade) == first));
        let inside = |pixel: [u8; 4]| pixel[3] >= 128 && (by_alpha || if is_coloured { is_visible(pixel) } else { bright(pixel) });
        MaskLabels { names: vec![ONE.to_owned()], labels: self.pixels.iter().map(|pixel| u16::from(inside(*pixel))).collect() }
    }

    /// The colours of the mask, of similar ones the most frequent; brightest first.
    fn palette(&self) -> Vec<[u8; 3]> {
        let mut counts: HashMap<[u8; 3], usize> = HashMap::new();
        for [red, green, blue, _] in self.pixels.iter().copied().filter(|pixel| is_visible(*pixel)) {
            *counts.entry([red, green, blue]).or_default() += 1;
        }
        let whole: usize = counts.values().sum();
        let mut frequent: Vec<_> = counts.into_iter().collect();
        // Independent of the map's order.
        frequent.sort_unstable_by_key(|(colour, count)| std::cmp::Reverse((*count, *colour)));
        let mut palette: Vec<[u8; 3]> = Vec::new();
        for (colour, count) in frequent {
            if palette.len() == MAX_ITEMS || (count * EDGE < whole && !palette.is_empty()) {
                break;
            }
            if palette.iter().all(|other| distance(*other, colour) > SAME_COLOUR * SAME_COLOUR) {
                palette.push(colour);
            }
        }
        palette.sort_unstable_by(|one, other| other.cmp(one));
        palette
    }

    /// Labels each pixel by the nearest colour of the palette and black.
    fn by_colour(&self, palette: Vec<(String, [u8; 3])>) -> MaskLabels {
        let mut known: HashMap<[u8; 3], u16> = HashMap::new();
        let labels = self.pixels.iter().map(|pixel| {
            let [red, green, blue, alpha] = *pixel;
            if alpha < 128 {
                return 0;
            }
            *known.entry([red, green, blue]).or_insert_with(|| {
                let all = std::iter::once([0, 0, 0]).chain(palette.iter().map(|(_, colour)| *colour));
                let nearest = all.enumerate().min_by_key(|(_, colour)| distance(*colour, [red, green, blue]));
                nearest.map_or(0, |(index, _)| index as u16)
            })
        });
        let labels = labels.collect();
        MaskLabels { names: palette.into_iter().map(|(name, _)| name).collect(), labels }
    }
}

/// Whether a file name has a place for the frame number.
pub(crate) fn is_numbered(name: &str) -> bool {
    numbered(name, 0) != name
}

/// Replaces the last `####` or `%04d` of a file name by the frame number; names of folders are not touched.
fn numbered(path: &str, number: i64) -> String {
    let (folder, name) = path.split_at(path.rfind(['/', '\\']).map_or(0, |end| end + 1));
    let hashes = name.rfind('#').map(|end| {
        let width = name[..=end].chars().rev().take_while(|letter| *letter == '#').count();
        (end + 1 - width, width)
    });
    if let Some((start, width)) = hashes {
        return format!("{folder}{}{number:0width$}{}", &name[..start], &name[start + width..]);
    }
    let Some(start) = name.rfind('%') else { return path.to_owned() };
    let digits: String = name[start + 1..].chars().take_while(char::is_ascii_digit).collect();
    match (digits.parse::<usize>(), name[start + 1 + digits.len()..].strip_prefix('d')) {
        (Ok(width), Some(rest)) if width < 20 => format!("{folder}{}{number:0width$}{rest}", &name[..start]),
        (Err(_), Some(rest)) if digits.is_empty() => format!("{folder}{}{number}{rest}", &name[..start]),
        _ => path.to_owned(),
    }
}

fn is_visible([red, green, blue, alpha]: [u8; 4]) -> bool {
    alpha >= 128 && distance([red, green, blue], [0, 0, 0]) > SAME_COLOUR * SAME_COLOUR
}

fn is_coloured([red, green, blue, _]: [u8; 4]) -> bool {
    i32::from(red.max(green).max(blue)) - i32::from(red.min(green).min(blue)) > SAME_COLOUR
}

fn distance(one: [u8; 3], other: [u8; 3]) -> i32 {
    one.iter().zip(other).map(|(one, other)| (i32::from(*one) - i32::from(other)).pow(2)).sum()
}

/// Names of pure colours; others are written as `#rrggbb`.
const NAMES: [(&str, [u8; 3]); 8] = [
    ("white", [255, 255, 255]),
    ("yellow", [255, 255, 0]),
    ("magenta", [255, 0, 255]),
    ("red", [255, 0, 0]),
    ("cyan", [0, 255, 255]),
    ("green", [0, 255, 0]),
    ("blue", [0, 0, 255]),
    ("orange", [255, 128, 0]),
];

fn name_of(colour: [u8; 3]) -> String {
    let [red, green, blue] = colour;
    // A pure colour that a codec has changed a little keeps its name.
    let pure = NAMES.iter().find(|(_, pure)| distance(*pure, colour) <= 300);
    pure.map_or_else(|| format!("#{red:02x}{green:02x}{blue:02x}"), |(name, _)| (*name).to_owned())
}

fn colour_of(name: &str) -> Option<[u8; 3]> {
    if let Some((_, colour)) = NAMES.iter().find(|(known, _)| *known == name) {
        return Some(*colour);
    }
    let digits = name.strip_prefix('#').filter(|digits| digits.len() == 6 && digits.is_ascii())?;
    let byte = |place: usize| u8::from_str_radix(digits.get(place..place + 2)?, 16).ok();
    Some([byte(0)?, byte(2)?, byte(4)?])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mask(pixels: &[[u8; 4]], is_alpha: bool) -> Mask {
        Mask { pixels: pixels.to_vec(), is_alpha }
    }

    const RED: [u8; 4] = [255, 0, 0, 255];
    const BLUE: [u8; 4] = [0, 0, 255, 255];
    const BLACK: [u8; 4] = [0, 0, 0, 255];
    const WHITE: [u8; 4] = [255, 255, 255, 255];

    #[test]
    fn each_colour_is_an_item_and_greys_are_one() {
        for (pixels, is_alpha, known, names, labels) in [
            (vec![RED, BLUE, BLACK, RED], false, vec![], vec!["red", "blue"], vec![1, 2, 0, 1]),
            // Changed a little by a codec.
            (vec![[250, 4, 6, 255], [3, 0, 249, 255], [9, 9, 9, 255]], false, vec![], vec!["red", "blue"], vec![1, 2, 0]),
            // A frame without one of them, and one without any.
            (vec![BLUE, BLACK], false, vec!["red", "blue", "background"], vec!["red", "blue"], vec![2, 0]),
            (vec![BLACK, BLACK], false, vec!["red", "blue", "background"], vec!["red", "blue"], vec![0, 0]),
            (vec![WHITE, BLACK], false, vec![], vec!["item"], vec![1, 0]),
            (vec![WHITE, [255, 255, 255, 20]], false, vec![], vec!["item"], vec![1, 0]),
            (vec![[255, 255, 255, 200], [255, 255, 255, 100]], true, vec![], vec!["item"], vec![1, 0]),
            // The name of the session is kept.
            (vec![RED, BLACK], false, vec!["#fe0000", "background"], vec!["#fe0000"], vec![1, 0]),
            // Smaller than the frame: pixels outside are transparent.
            (vec![WHITE, BLACK, [0; 4]], false, vec![], vec!["item"], vec![1, 0, 0]),
            (vec![[9, 9, 9, 255], [0; 4]], false, vec![], vec!["item"], vec![1, 0]),
            // In a session with other names any mask is of one item.
            (vec![WHITE, BLACK], false, vec!["bag", "background"], vec!["item"], vec![1, 0]),
            (vec![BLUE, BLACK], false, vec!["bag", "background"], vec!["item"], vec![1, 0]),
            // So is a mask without colours in a session with names of colours.
            (vec![WHITE, BLACK], false, vec!["red", "blue", "background"], vec!["item"], vec![1, 0]),
            (vec![WHITE, [255, 255, 255, 0]], true, vec!["red", "background"], vec!["item"], vec![1, 0]),
            (vec![WHITE, BLACK], false, vec!["white", "background"], vec!["white"], vec![1, 0]),
            (vec![[18, 52, 86, 255], BLACK], false, vec![], vec!["#123456"], vec![1, 0]),
        ] {
            let known: Vec<String> = known.into_iter().map(str::to_owned).collect();
            let found = mask(&pixels, is_alpha).labels(&known);
            assert_eq!((found.names, found.labels), (names.into_iter().map(str::to_owned).collect(), labels), "{pixels:?}");
        }
    }

    #[test]
    fn blurred_edges_are_no_items() {
        let mut pixels = vec![RED; 3000];
        pixels.extend([[180, 0, 0, 255], [120, 0, 0, 255], [40, 0, 0, 255]]);
        let found = mask(&pixels, false).labels(&[]);
        assert_eq!((found.names, &found.labels[3000..]), (vec!["red".to_owned()], &[1, 0, 0][..]));
    }

    #[test]
    fn file_names_have_places_for_frame_numbers() {
        for (name, numbered) in [
            ("mask.png", "mask.png"),
            ("mask.####.png", "mask.0007.png"),
            ("mask_#.png", "mask_7.png"),
            ("mask%04d.png", "mask0007.png"),
            ("mask%d.png", "mask7.png"),
            ("100%.png", "100%.png"),
            ("%99999999999999999999d", "%99999999999999999999d"),
            ("/#12/%d/mask_####.png", "/#12/%d/mask_0007.png"),
            ("/C#/m.png", "/C#/m.png"),
        ] {
            assert_eq!(super::numbered(name, 7), numbered, "{name}");
        }
    }

    #[test]
    fn names_and_colours_match() {
        for (colour, name) in [([255, 0, 0], "red"), ([250, 5, 5], "red"), ([18, 52, 86], "#123456"), ([255, 128, 0], "orange")] {
            assert_eq!(name_of(colour), name);
        }
        for (name, colour) in
            [("red", Some([255, 0, 0])), ("#123456", Some([18, 52, 86])), ("bag", None), ("#12345", None), ("#1234é", None)]
        {
            assert_eq!(colour_of(name), colour, "{name}");
        }
    }
}
