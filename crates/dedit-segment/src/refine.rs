//! A rough region becomes one that follows the picture: a cut of its surroundings that stays near it.

use dedit_edit::{NearestSites, Rect, Result, Size};

use crate::grabcut::{Mark, SMOOTHNESS, Task};
use crate::parts::parts;
use crate::view::View;

/// Most cells along a side of the window that is cut.
const MOST_CELLS: usize = 96;
/// Margin of the window around the region, as a share of its longer side, and the least in cells.
const MARGIN: (usize, usize) = (3, 6);
/// Evidence, in nats, that a cell deep in the region is the item's, and one far from it is not.
const NEARNESS: f32 = 5.0;
/// How far from its border that evidence is full, as a share of the radius of a disc of its area.
const DEEP: f32 = 0.35;
/// Iterations of the cut.
const ROUNDS: usize = 2;
/// Holes and parts smaller than this share of the region are filled and removed.
const SMALL: f32 = 0.02;

/// The cells of a view that are said to be the item's, and not to be.
#[derive(Clone, Debug, Default)]
pub(crate) struct Said {
    pub(crate) inside: Vec<usize>,
    pub(crate) outside: Vec<usize>,
}

/// A region that follows the picture.
pub(crate) struct Refined {
    /// For each cell of the whole view.
    pub(crate) inside: Vec<bool>,
    /// The window of the view that was cut; its pixels are the view's cells.
    pub(crate) part: View,
    /// For each cell of the window.
    pub(crate) of_part: Vec<bool>,
}

/// Cuts the surroundings of a region of the view.
pub(crate) fn refined(view: &View, region: &[bool], said: &Said) -> Result<Refined> {
    let members = (0..region.len()).filter(|cell| region[*cell]).chain(said.inside.iter().copied());
    let bounds = Rect::around(view.grid, members).unwrap_or(view.grid.rect());
    let window = bounds.grown((bounds.width.max(bounds.height) / MARGIN.0).max(MARGIN.1), view.grid);
    let part = view.part(window, MOST_CELLS)?;
    let start = taken_over(&part, |x, y| region[y * view.grid.width() + x]);
    let at_frame = |cell: usize| {
        let (x, y) = part.middle(cell);
        view.is_at_frame(y * view.grid.width() + x)
    };
    let in_part = |cells: &[usize]| cells.iter().filter_map(|cell| part.cell(view.grid.position(*cell))).collect();
    let said = Said { inside: in_part(&said.inside), outside: in_part(&said.outside) };
    let of_part = cut(&part, start, &said, at_frame, ROUNDS);
    let mut inside = vec![false; region.len()];
    for (cell, x, y) in part.pixels() {
        inside[y * view.grid.width() + x] = of_part[cell];
    }
    for (cells, value) in [(&said.outside, false), (&said.inside, true)] {
        for cell in cells {
            let (x, y) = part.middle(*cell);
            inside[y * view.grid.width() + x] = value;
        }
    }
    Ok(Refined { inside, part, of_part })
}

/// The cells of a view of which at least half is inside, given the pixels that are.
pub(crate) fn taken_over(view: &View, inside: impl Fn(usize, usize) -> bool) -> Vec<bool> {
    let mut counts = vec![(0_u32, 0_u32); view.grid.pixels()];
    for (cell, x, y) in view.pixels() {
        counts[cell].0 += u32::from(inside(x, y));
        counts[cell].1 += 1;
    }
    counts.into_iter().map(|(inside, all)| 2 * inside >= all.max(1)).collect()
}

/// Cuts a view near the region `start`. Cells at its frame are outside unless they are at the picture's, `at_picture_frame`.
pub(crate) fn cut(view: &View, mut start: Vec<bool>, said: &Said, at_picture_frame: impl Fn(usize) -> bool, rounds: usize) -> Vec<bool> {
    let area = start.iter().filter(|is_in| **is_in).count() as f32;
    let scale = (DEEP * (area / std::f32::consts::PI).sqrt()).max(1.0);
    let bias = depths(view.grid, &start).into_iter().map(|depth| NEARNESS * (depth / scale).clamp(-1.0, 1.0)).collect();
    let beyond = |cell: &usize| view.is_at_frame(*cell) && !at_picture_frame(*cell);
    let mut marks: Vec<Mark> = (0..start.len()).map(|cell| if beyond(&cell) { Mark::Outside } else { Mark::Open }).collect();
    for (cells, mark) in [(&said.outside, Mark::Outside), (&said.inside, Mark::Inside)] {
        for cell in cells {
            marks[*cell] = mark;
            start[*cell] = mark == Mark::Inside;
        }
    }
    let keep = |inside: &mut [bool]| keep(view.grid, said, SMALL * area, inside);
    keep(&mut start);
    Task { view, marks, bias, rounds }.solve(SMOOTHNESS, start, keep)
}

/// Keeps the parts with a cell that is said to be inside, and fills holes smaller than `small` without one that is said not to be.
fn keep(grid: Size, said: &Said, small: f32, inside: &mut [bool]) {
    let (part, members) = parts(grid, inside);
    let clicked: Vec<usize> = said.inside.iter().map(|cell| part[*cell]).collect();
    let refused: Vec<usize> = said.outside.iter().map(|cell| part[*cell]).collect();
    for (number, cells) in members.iter().enumerate() {
        let stays = if inside[cells[0]] { clicked.contains(&number) } else { (cells.len() as f32) < small && !refused.contains(&number) };
        for cell in cells {
            inside[*cell] = stays;
        }
    }
}

/// For each cell the distance to the border of a region, negative outside; 0 where there is no border.
pub(crate) fn depths(grid: Size, inside: &[bool]) -> Vec<f32> {
    let sites = |side: bool| NearestSites::new(grid, |cell| inside[cell] == side);
    let (Some(item), Some(rest)) = (sites(true), sites(false)) else { return vec![0.0; inside.len()] };
    (0..inside.len()).map(|cell| if inside[cell] { rest.distance(cell) } else { -item.distance(cell) }).collect()
}

#[cfg(test)]
mod tests {
    use dedit_edit::{Channels, Image, Samples};

    use super::*;

    #[test]
    fn a_rough_region_follows_the_edge_nearby_and_what_is_said() {
        // A light square of 20 × 20 in the middle of a dark picture.
        let size = Size::new(60, 60).unwrap();
        let is_light = |x: usize, y: usize| (20..40).contains(&x) && (20..40).contains(&y);
        let samples = (0..3600).map(|index| if is_light(index % 60, index / 60) { 220 } else { 40 }).collect();
        let view = View::new(&Image::new(size, Channels::Grey, Samples::U8(samples)).unwrap(), size.rect()).unwrap();
        let disc = |radius: f64| -> Vec<bool> {
            (0..3600).map(|cell| ((cell % 60) as f64 - 29.5).hypot((cell / 60) as f64 - 29.5) <= radius).collect()
        };
        for (radius, said) in [
            (8.0, Said { inside: vec![30 * 60 + 30], outside: vec![] }),
            (13.0, Said { inside: vec![30 * 60 + 30], outside: vec![5 * 60 + 5] }),
        ] {
            let found = refined(&view, &disc(radius), &said).unwrap().inside;
            let wrong = (0..3600).filter(|cell| found[*cell] != is_light(cell % 60, cell / 60)).count();
            assert!(wrong <= 4, "radius {radius}: {wrong} cells are wrong");
        }
        let said = Said { inside: vec![30 * 60 + 30], outside: vec![25 * 60 + 25] };
        assert!(!refined(&view, &disc(12.0), &said).unwrap().inside[25 * 60 + 25], "a cell that is said not to be inside");
    }

    #[test]
    fn depths_are_positive_inside() {
        let grid = Size::new(5, 1).unwrap();
        for (inside, expected) in [
            ([false, true, true, true, false], [-1.0, 1.0, 2.0, 1.0, -1.0]),
            ([false, false, false, false, true], [-4.0, -3.0, -2.0, -1.0, 1.0]),
            ([true; 5], [0.0; 5]),
            ([false; 5], [0.0; 5]),
        ] {
            assert_eq!(depths(grid, &inside), expected);
        }
    }
}
