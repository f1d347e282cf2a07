//! Takes the pixels of the hole from other frames, and closes the seams.

use dedit_edit::{Planes, Result};

use super::warp::sample;
use super::{ANY, Frame, Match, Other, Shown};
use crate::fill::blend::{Edge, Mosaic, Value, blended, colour};

/// Pixels between two questions whether to go on.
const CHUNK: usize = 1 << 14;
const NONE: u32 = u32::MAX;

/// A picture that pixels are taken from.
#[derive(Clone, Copy)]
struct Piece<'a> {
    other: &'a Other,
    found: &'a Match,
    /// Its pixels after the edit, or as they were.
    planes: &'a Planes,
    is_edited: bool,
}

impl Piece<'_> {
    /// The colour that it has for a pixel of the window, if it shows the scene there.
    fn colour(&self, x: f64, y: f64) -> Option<Value> {
        let is_known = |at: usize| self.is_edited || self.other.known[at];
        let value = sample(self.planes, &is_known, self.found.motion.at(x, y))?;
        value.iter().all(|value| value.is_finite()).then(|| self.found.light.of(value))
    }

    /// Whether it shows an item there that is to be seen in the hole: the one that gets the pixel, or one that is part of the scene.
    fn shows(&self, x: f64, y: f64, heir: u16) -> bool {
        if heir == ANY || self.is_edited {
            return true;
        }
        let (x, y) = self.found.motion.at(x, y);
        self.other.place(x, y).is_some_and(|place| {
            let label = self.other.labels[place];
            label == heir || self.found.of_scene.contains(&label)
        })
    }
}

/// The pieces in the order in which they are asked: what frames show, the nearest in time first; then what earlier ones were filled with, the earliest first,
/// so that few interpolations lie between a colour and where it comes from.
fn pieces<'a>(others: &'a [(&'a Other, Match)]) -> Vec<Piece<'a>> {
    let seen = others.iter().map(|(other, found)| Piece { other, found, planes: &other.planes, is_edited: false });
    let mut seen: Vec<Piece<'a>> = seen.collect();
    seen.sort_by(|one, two| {
        let (one, two) = (one.other.offset, two.other.offset);
        one.abs().total_cmp(&two.abs()).then(one.total_cmp(&two))
    });
    let edited = others.iter().filter_map(|(other, found)| {
        let planes = other.edited.as_ref()?;
        Some(Piece { other, found, planes, is_edited: true })
    });
    let mut edited: Vec<Piece<'a>> = edited.collect();
    edited.sort_by(|one, two| one.other.offset.total_cmp(&two.other.offset));
    seen.extend(edited);
    seen
}

/// Pixels of the hole from other frames. `None` where `going` said to stop.
pub(super) fn cover(frame: &Frame<'_>, others: &[(&Other, Match)], going: &mut dyn FnMut() -> Result<bool>) -> Result<Option<Shown>> {
    let pieces = pieces(others);
    let width = frame.planes.size().width();
    let mut covered = Covered {
        frame,
        pieces: &pieces,
        pixels: Vec::new(),
        numbers: vec![NONE; frame.hole.len()],
        piece: Vec::new(),
        values: Vec::new(),
    };
    let hole = (0..frame.hole.len()).filter(|at| frame.hole[*at]);
    for (count, at) in hole.enumerate() {
        if count % CHUNK == 0 && !going()? {
            return Ok(None);
        }
        let (x, y) = ((at % width) as f64, (at / width) as f64);
        let found = pieces.iter().enumerate().find_map(|(number, piece)| {
            if !piece.shows(x, y, frame.labels[at]) {
                return None;
            }
            Some((number, piece.colour(x, y)?))
        });
        if let Some((number, value)) = found {
            covered.numbers[at] = covered.pixels.len() as u32;
            covered.pixels.push(at as u32);
            covered.piece.push(number);
            covered.values.push(value);
        }
    }
    if covered.pixels.is_empty() {
        return Ok(Some(Shown::default()));
    }
    let Some(colours) = blended(&covered, going)? else { return Ok(None) };
    Ok(Some(Shown { pixels: covered.pixels, colours }))
}

/// The pixels that are taken from pieces.
struct Covered<'a> {
    frame: &'a Frame<'a>,
    pieces: &'a [Piece<'a>],
    pixels: Vec<u32>,
    /// The place of each pixel of the window among them.
    numbers: Vec<u32>,
    /// The piece of each.
    piece: Vec<usize>,
    values: Vec<Value>,
}

impl Mosaic for Covered<'_> {
    fn width(&self) -> usize {
        self.frame.planes.size().width()
    }

    fn pixels(&self) -> &[u32] {
        &self.pixels
    }

    fn values(&self) -> &[Value] {
        &self.values
    }

    fn edge(&self, index: usize, (dx, dy): (i32, i32)) -> Option<Edge> {
        let size = self.frame.planes.size();
        let (x, y) = size.position(self.pixels[index] as usize);
        let (u, v) = (x.wrapping_add_signed(dx as isize), y.wrapping_add_signed(dy as isize));
        let next = (u < size.width() && v < size.height()).then_some(v * size.width() + u)?;
        let own = self.piece[index];
        let number = (self.numbers[next] != NONE).then_some(self.numbers[next] as usize);
        let value = match number {
            Some(number) => self.values[number],
            None if self.frame.known[next] => colour(self.frame.planes, next),
            None => return None,
        };
        let mine = self.values[index];
        let minus = |one: Value, other: Value| -> Value { std::array::from_fn(|channel| one[channel] - other[channel]) };
        if number.is_some_and(|number| self.piece[number] == own) {
            return Some(Edge { number, value, gradient: Some(minus(mine, value)) });
        }
        let beyond = self.pieces[own].colour(u as f64, v as f64).map(|beyond| minus(mine, beyond));
        let before =
            number.and_then(|number| self.pieces[self.piece[number]].colour(x as f64, y as f64)).map(|before| minus(before, value));
        let gradient = match (beyond, before) {
            (Some(one), Some(other)) => Some(std::array::from_fn(|channel| one[channel].midpoint(other[channel]))),
            (one, other) => one.or(other),
        };
        Some(Edge { number, value, gradient })
    }
}
