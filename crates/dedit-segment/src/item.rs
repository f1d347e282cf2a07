//! Segmentation of one item from a box, clicks, or a rough mask.

use dedit_edit::{Error, Image, ItemMask, Rect, Result, Size};

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
/// How far an item may reach beyond a rough mask, as a share of its longer side.
const SLACK: f64 = 0.02;
/// Least share of the box's sides that the item spans; with less the cut has shrunk.
const SPAN: f64 = 0.6;

/// The mask of one item in the size of the picture: 1 inside, 0 outside, and values between them along the border, which is about one pixel wide at sharp
/// edges.
///
/// With a box the item is what differs from the surroundings of the box; with pixels inside as well, only the parts connected to one of them. With pixels
/// alone it is what looks most like a thing around the first of them, corrected by the others in turn. Given pixels get the value 1 or 0, so at least one pixel
/// is inside.
/// Without any contrast the result is the box, or the neighbourhood of the clicks.
///
/// # Errors
/// `Usage` where the hint has neither a box nor a pixel inside, where box or pixels are not within the picture, the box is empty, or a pixel is both inside
/// and outside; `Input` where a sample is NaN or infinite.
pub fn segment(picture: &Image, hint: &Hint) -> Result<ItemMask> {
    picture.check_finite()?;
    hint.check(picture.size())?;
    if let Some(bounds) = hint.bounds() {
        return found_within(picture, hint, bounds, |x, y| bounds.contains(x, y));
    }
    let (view, inside) = from_clicks(picture, hint)?;
    to_pixels(picture, hint, &view, &inside, |_, _| true)
}

/// The mask of the item that a rough mask encloses, such as a loose lasso or a rectangle: what differs from the surroundings of the rough mask, and is
/// nowhere farther outside of it than a few pixels. `hint` may be empty; its pixels are kept to, and so is its box.
///
/// # Errors
/// `Usage` where the rough mask is of another size than the picture or has no pixel inside, and where [`segment`] refuses the hint; `Input` where a sample is NaN
/// or infinite.
pub fn snap(picture: &Image, rough: &ItemMask, hint: &Hint) -> Result<ItemMask> {
    let size = picture.size();
    if rough.size() != size {
        return Err(Error::usage(format!("a mask of {} does not fit a picture of {size}", rough.size())));
    }
    let Some(bounds) = rough.threshold(0.5).bounding_box() else {
        return Err(Error::usage("the mask has no pixel inside").hint("give one that encloses the item"));
    };
    picture.check_finite()?;
    if *hint != Hint::default() {
        // Pixels outside alone are enough: the mask says where the item is.
        let region = hint.region.or(Some(bounds));
        Hint { region, ..hint.clone() }.check(size)?;
    }
    let slack = 1.0 + SLACK * bounds.width.max(bounds.height) as f64;
    let open = rough.threshold(0.5).grow(slack)?;
    let region = hint.region.unwrap_or(size.rect());
    let is_open = |x: usize, y: usize| open.is_inside(y * size.width() + x) && region.contains(x, y) || hint.inside.contains(&(x, y));
    let bounds = Rect::around(size, (0..size.pixels()).filter(|index| is_open(index % size.width(), index / size.width())));
    found_within(picture, hint, bounds.unwrap_or(region), is_open)
}

/// The mask of the item among the pixels that `is_open` names, which are within `bounds`.
fn found_within(picture: &Image, hint: &Hint, bounds: Rect, is_open: impl Fn(usize, usize) -> bool) -> Result<ItemMask> {
    let (view, inside) = cut_within(picture, hint, bounds, &is_open)?;
    to_pixels(picture, hint, &view, &inside, is_open)
}

/// The mask of the cells inside at the resolution of the picture: 0 where it is not open, 1 or 0 at the given pixels. At least one pixel is inside.
fn to_pixels(picture: &Image, hint: &Hint, view: &View, inside: &[bool], is_open: impl Fn(usize, usize) -> bool) -> Result<ItemMask> {
    let size = picture.size();
    let mut values = border::values(picture, view, inside);
    let within = || view.pixels().filter(|(_, x, y)| is_open(*x, *y)).map(|(cell, x, y)| (cell, y * size.width() + x));
    // What is open may end within a cell.
    for (_, x, y) in view.pixels().filter(|(_, x, y)| !is_open(*x, *y)) {
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
    ItemMask::new(size, values)
}

/// The cells of the item among those with a pixel that is open.
fn cut_within(picture: &Image, hint: &Hint, bounds: Rect, is_open: impl Fn(usize, usize) -> bool) -> Result<(View, Vec<bool>)> {
    let view = View::new(picture, surroundings(bounds, picture.size()))?;
    let mut marks = vec![Mark::Outside; view.grid.pixels()];
    for (cell, _, _) in view.pixels().filter(|(_, x, y)| is_open(*x, *y)) {
        marks[cell] = Mark::Open;
    }
    mark_points(&view, hint, &mut marks);
    let mut start: Vec<bool> = marks.iter().map(|mark| *mark != Mark::Outside).collect();
    // If everything is open, the cells along the picture's border are taken as the background.
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
