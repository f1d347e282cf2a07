//! One item, from a box round it or clicks on it.

use dedit_edit::{Image, ItemMask, Rect, Result, Size};

use crate::border;
use crate::geodesic::distances;
use crate::grabcut::{Mark, SMOOTHNESS, Task};
use crate::hint::Hint;
use crate::parts::parts;
use crate::view::{MOST_CELLS, View};

/// How much of the surroundings is looked at, as a part of the box's longer side.
const SURROUNDINGS: f64 = 0.5;
/// The least surroundings, in pixels.
const LEAST_SURROUNDINGS: usize = 8;
/// Parts of the item that are smaller than this share of its largest are left out where nobody clicked on them.
const SMALL_PART: f64 = 0.05;
/// Holes that are smaller than this share of the item are filled.
const SMALL_HOLE: f64 = 0.02;
/// How much the way from a click, compared with the way from the picture's border, speaks for the item, in nats.
const NEARNESS: f32 = 5.0;
/// Where the first guess ends: at this difference of the way from the border and the way from a click, as a part of their sum. Below zero, as an item
/// that is guessed too large loses the excess to the colours of the rest, while one that is guessed too small lends its own colours to it.
const FIRST_GUESS: f32 = -0.1;
/// The part of a box's sides that the item has to span; less, and the cut has shrunk away from it.
const SPAN: f64 = 0.6;

/// The mask of one item, as large as the picture: 1 inside, 0 outside, and values between them along the border, which is about a pixel wide where the
/// picture's own border is sharp.
///
/// With a box the item is what is in it and unlike what is round it; with pixels of the item too, only what hangs together with one of them. With pixels
/// alone it is what hangs together with them and is unlike the picture's border. Pixels that are named get the value 1 or 0, so at least one pixel is
/// inside. A picture in which nothing stands out gives the box itself, or what is near the clicks.
///
/// # Errors
/// `Usage` where the hint holds neither a box nor a pixel inside, where any of it does not lie within the picture, the box has no pixels, or a pixel is said
/// to be both inside and outside; `Input` where a sample is NaN or infinite.
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

/// Sets what was said: nothing outside the box, and single pixels as they were named. Sees to it that some pixel is inside.
fn complete(values: &mut [f32], size: Size, hint: &Hint, view: &View, inside: &[bool]) {
    let bounds = hint.bounds().unwrap_or(view.window);
    let within = || view.pixels().filter(|(_, x, y)| bounds.contains(*x, *y)).map(|(cell, x, y)| (cell, y * size.width() + x));
    // At its border the box may hold parts of cells only.
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

/// The item in a box: what is in it and unlike what is round it.
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
    // Where the box leaves nothing outside, what lies along its border has to stand for the rest.
    if !start.contains(&false) && view.grid.width().min(view.grid.height()) > 2 {
        start.iter_mut().enumerate().filter(|(cell, _)| view.is_at_frame(*cell)).for_each(|(_, inside)| *inside = false);
    }
    let task = Task { view: &view, bias: vec![0.0; marks.len()], marks };
    // A cut that pays for every bit of border likes small and round items best; a box that is hardly touched says that it was too dear.
    let tries = [1.0, 0.3, 0.1].map(|part| part * SMOOTHNESS);
    let mut found = tries.into_iter().map(|smoothness| task.solve(smoothness, start.clone(), |inside| keep(&view, hint, inside)));
    let first = found.next().unwrap_or_else(|| start.clone());
    let inside = if spans(&view, &first, bounds) { first } else { found.find(|inside| spans(&view, inside, bounds)).unwrap_or(first) };
    Ok((view, inside))
}

/// Whether the cells inside reach over most of a box both ways.
fn spans(view: &View, inside: &[bool], bounds: Rect) -> bool {
    bounds_of(view, inside)
        .is_some_and(|found| found.width as f64 >= SPAN * bounds.width as f64 && found.height as f64 >= SPAN * bounds.height as f64)
}

/// The item that was clicked: first in the whole picture, then near what was found there.
fn from_clicks(picture: &Image, hint: &Hint) -> Result<(View, Vec<bool>)> {
    let whole = View::new(picture, picture.size().rect())?;
    let inside = near_clicks(&whole, hint);
    let Some(bounds) = bounds_of(&whole, &inside) else { return Ok((whole, inside)) };
    let window = surroundings(bounds, picture.size());
    // A closer look shows more only where the whole picture had to be scaled down, and by a good deal more than the window.
    if whole.window.width.max(whole.window.height) <= MOST_CELLS
        || 3 * window.width.max(window.height) > 2 * whole.window.width.max(whole.window.height)
    {
        return Ok((whole, inside));
    }
    let near = View::new(picture, window)?;
    let inside = near_clicks(&near, hint);
    Ok((near, inside))
}

/// The item within a view that holds the clicks.
fn near_clicks(view: &View, hint: &Hint) -> Vec<bool> {
    let mut marks = vec![Mark::Open; view.grid.pixels()];
    mark_points(view, hint, &mut marks);
    let cells = |mark: Mark| (0..marks.len()).filter(|cell| marks[*cell] == mark).collect::<Vec<_>>();
    let from_item = distances(view, cells(Mark::Inside).into_iter());
    let frame = (0..marks.len()).filter(|cell| view.is_at_frame(*cell));
    let from_rest = distances(view, frame.chain(cells(Mark::Outside)));
    let share: Vec<f32> = from_item.iter().zip(&from_rest).map(|(item, rest)| (rest - item) / (rest + item).max(1e-3)).collect();
    let mut start: Vec<bool> =
        share.iter().zip(&marks).map(|(share, mark)| *mark == Mark::Inside || *mark == Mark::Open && *share > FIRST_GUESS).collect();
    let bias = share.iter().map(|share| share * NEARNESS).collect();
    keep(view, hint, &mut start);
    Task { view, marks, bias }.solve(SMOOTHNESS, start, |inside| keep(view, hint, inside))
}

/// Marks the cells of the pixels that were named. Where a cell holds pixels of both kinds, the item gets it.
fn mark_points(view: &View, hint: &Hint, marks: &mut [Mark]) {
    for (points, mark) in [(&hint.outside, Mark::Outside), (&hint.inside, Mark::Inside)] {
        for cell in points.iter().filter_map(|point| view.cell(*point)) {
            marks[cell] = mark;
        }
    }
}

/// Leaves the parts that were clicked on, or without clicks all that are not small, and fills small holes.
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

/// The smallest rectangle of pixels round the cells inside.
fn bounds_of(view: &View, inside: &[bool]) -> Option<Rect> {
    let places = inside.iter().enumerate().filter(|(_, inside)| **inside).map(|(cell, _)| view.middle(cell));
    let (mut left, mut top, mut right, mut bottom) = (usize::MAX, usize::MAX, 0, 0);
    for (x, y) in places {
        (left, top, right, bottom) = (left.min(x), top.min(y), right.max(x + 1), bottom.max(y + 1));
    }
    (left < right).then(|| Rect { x: left, y: top, width: right - left, height: bottom - top })
}

/// A rectangle with some of its surroundings.
fn surroundings(bounds: Rect, size: Size) -> Rect {
    let margin = (bounds.width.max(bounds.height) as f64 * SURROUNDINGS) as usize;
    bounds.grown(margin.max(LEAST_SURROUNDINGS), size)
}
