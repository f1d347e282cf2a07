//! Segmentation of one item from a box or clicks.

use dedit_edit::{Image, ItemMask, Rect, Result, Size};

use crate::border;
use crate::clicks::region;
use crate::grabcut::{Mark, ROUNDS, SMOOTHNESS, Task};
use crate::hint::Hint;
use crate::parts::parts;
use crate::refine::{Said, cut, taken_over};
use crate::view::View;

/// Margin around a box that is taken into account, as a share of the box's longer side.
const SURROUNDINGS: f64 = 0.5;
/// The smallest margin in pixels.
const LEAST_SURROUNDINGS: usize = 8;
/// Parts of the item that are smaller than this share of its largest part, and without a click, are removed.
const SMALL_PART: f64 = 0.05;
/// Holes that are smaller than this share of the item are filled.
const SMALL_HOLE: f64 = 0.02;
/// Least share of the box's sides that the item spans; with less the cut has shrunk.
const SPAN: f64 = 0.6;

/// The mask of one item in the size of the picture: 1 inside, 0 outside, and values between them along the border, which is about one pixel wide at sharp
/// edges.
///
/// With a box the item is what differs from the surroundings of the box; with pixels inside as well, only the parts connected to one of them. With pixels
/// alone it is what looks most like a thing around the first of them, corrected by the others in turn. Given pixels get the value 1 or 0, so at least one pixel is inside.
/// Without any contrast the result is the box, or the neighbourhood of the clicks.
///
/// # Errors
/// `Usage` where the hint has neither a box nor a pixel inside, where box or pixels are not within the picture, the box is empty, or a pixel is both inside
/// and outside; `Input` where a sample is NaN or infinite.
pub fn segment(picture: &Image, hint: &Hint) -> Result<ItemMask> {
    picture.check_finite()?;
    hint.check(picture.size())?;
    let (view, inside) = match hint.bounds() {
        Some(bounds) => in_box(picture, hint, bounds)?,
        None => from_clicks(picture, hint)?,
    };
    let mut values = border::values(picture, &view, &inside);
    complete(&mut values, picture.size(), hint, &view, &inside);
    ItemMask::new(picture.size(), values)
}

/// Applies the hint to the mask: 0 outside of the box, 1 or 0 at the given pixels. Makes sure that at least one pixel is inside.
fn complete(values: &mut [f32], size: Size, hint: &Hint, view: &View, inside: &[bool]) {
    let bounds = hint.bounds().unwrap_or(view.window);
    let within = || view.pixels().filter(|(_, x, y)| bounds.contains(*x, *y)).map(|(cell, x, y)| (cell, y * size.width() + x));
    // The box may end within a cell.
    for (_, x, y) in view.pixels().filter(|(_, x, y)| !bounds.contains(*x, *y)) {
        values[y * size.width() + x] = 0.0;
    }
    if within().all(|(_, index)| values[index] < 0.5) {
        for (_, index) in within().filter(|(cell, _)| inside[*cell]) {
            values[index] = 1.0;
        }
    }
    for (points, value) in [(&hint.outside, 0.0), (&hint.inside, 1.0)] {
        for (x, y) in points {
            values[y * size.width() + x] = value;
        }
    }
}

/// The cells of the item in a box.
fn in_box(picture: &Image, hint: &Hint, bounds: Rect) -> Result<(View, Vec<bool>)> {
    let view = View::new(picture, surroundings(bounds, picture.size()))?;
    let mut marks = vec![Mark::Outside; view.grid.pixels()];
    let corners = (view.cell((bounds.x, bounds.y)), view.cell((bounds.right() - 1, bounds.bottom() - 1)));
    if let (Some(first), Some(last)) = corners {
        let ((left, top), (right, bottom)) = (view.grid.position(first), view.grid.position(last));
        for row in top..=bottom {
            marks[row * view.grid.width() + left..=row * view.grid.width() + right].fill(Mark::Open);
        }
    }
    mark_points(&view, hint, &mut marks);
    let mut start: Vec<bool> = marks.iter().map(|mark| *mark != Mark::Outside).collect();
    // If the box is the whole picture, the cells along its border are taken as the background.
    if !start.contains(&false) && view.grid.width().min(view.grid.height()) > 2 {
        start.iter_mut().enumerate().filter(|(cell, _)| view.is_at_frame(*cell)).for_each(|(_, inside)| *inside = false);
    }
    let task = Task { view: &view, bias: vec![0.0; marks.len()], marks, rounds: ROUNDS };
    // The cost of the border favours small, round items; if the result does not span the box, it is tried again with a lower cost.
    let tries = [1.0, 0.3, 0.1].map(|part| part * SMOOTHNESS);
    let mut found = tries.into_iter().map(|smoothness| task.solve(smoothness, start.clone(), |inside| keep(&view, hint, inside)));
    let first = found.next().unwrap_or_else(|| start.clone());
    let inside = if spans(&view, &first, bounds) { first } else { found.find(|inside| spans(&view, inside, bounds)).unwrap_or(first) };
    Ok((view, inside))
}

/// Whether the cells inside span most of the box horizontally and vertically.
fn spans(view: &View, inside: &[bool], bounds: Rect) -> bool {
    bounds_of(view, inside)
        .is_some_and(|found| found.width as f64 >= SPAN * bounds.width as f64 && found.height as f64 >= SPAN * bounds.height as f64)
}

/// The cells of a clicked item: found in the whole picture, then cut once more around the result, at a higher resolution where there is one.
fn from_clicks(picture: &Image, hint: &Hint) -> Result<(View, Vec<bool>)> {
    let whole = View::new(picture, picture.size().rect())?;
    let found = region(&whole, hint)?;
    let Some(bounds) = bounds_of(&whole, &found) else { return Ok((whole, found)) };
    let bounds = hint.inside.iter().fold(bounds, |bounds, (x, y)| bounds.hull(Rect { x: *x, y: *y, width: 1, height: 1 }));
    let near = View::new(picture, surroundings(bounds, picture.size()))?;
    let start = taken_over(&near, |x, y| whole.cell((x, y)).is_some_and(|cell| found[cell]));
    let cells = |points: &[(usize, usize)]| points.iter().filter_map(|point| near.cell(*point)).collect();
    let said = Said { inside: cells(&hint.inside), outside: cells(&hint.outside) };
    let at_picture_frame = |cell: usize| {
        let ((x, y), size) = (near.grid.position(cell), picture.size());
        let (left, top) = (x == 0 && near.window.x == 0, y == 0 && near.window.y == 0);
        let right = x + 1 == near.grid.width() && near.window.right() == size.width();
        left || top || right || y + 1 == near.grid.height() && near.window.bottom() == size.height()
    };
    let inside = cut(&near, start, &said, at_picture_frame, ROUNDS);
    Ok((near, inside))
}

/// Marks the cells of the given pixels. A cell with pixels of both kinds is marked as inside.
fn mark_points(view: &View, hint: &Hint, marks: &mut [Mark]) {
    for (points, mark) in [(&hint.outside, Mark::Outside), (&hint.inside, Mark::Inside)] {
        for cell in points.iter().filter_map(|point| view.cell(*point)) {
            marks[cell] = mark;
        }
    }
}

/// Keeps the clicked parts, or without clicks those that are not small, and fills small holes.
fn keep(view: &View, hint: &Hint, inside: &mut [bool]) {
    let (part, members) = parts(view.grid, inside);
    let clicked: Vec<usize> = hint.inside.iter().filter_map(|point| view.cell(*point)).map(|cell| part[cell]).collect();
    let is_item: Vec<bool> = members.iter().map(|cells| inside[cells[0]]).collect();
    let areas = || members.iter().zip(&is_item).filter(|(_, is_item)| **is_item).map(|(cells, _)| cells.len());
    let (largest, total) = (areas().max().unwrap_or(0) as f64, areas().sum::<usize>() as f64);
    for (number, cells) in members.iter().enumerate() {
        let area = cells.len() as f64;
        let stays = if is_item[number] {
            clicked.contains(&number) || clicked.is_empty() && area >= SMALL_PART * largest
        } else {
            area < SMALL_HOLE * total
        };
        for cell in cells {
            inside[*cell] = stays;
        }
    }
}

/// The bounding box, in pixels, of the cells inside.
fn bounds_of(view: &View, inside: &[bool]) -> Option<Rect> {
    let places = inside.iter().enumerate().filter(|(_, inside)| **inside).map(|(cell, _)| view.middle(cell));
    let (mut left, mut top, mut right, mut bottom) = (usize::MAX, usize::MAX, 0, 0);
    for (x, y) in places {
        (left, top, right, bottom) = (left.min(x), top.min(y), right.max(x + 1), bottom.max(y + 1));
    }
    (left < right).then(|| Rect { x: left, y: top, width: right - left, height: bottom - top })
}

/// A rectangle with its margin.
fn surroundings(bounds: Rect, size: Size) -> Rect {
    let margin = (bounds.width.max(bounds.height) as f64 * SURROUNDINGS) as usize;
    bounds.grown(margin.max(LEAST_SURROUNDINGS), size)
}
