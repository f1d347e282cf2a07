//! Exact Euclidean distance and nearest site, in time linear in the pixels.

use crate::geometry::{Rect, Size};

/// No site in this column.
const NONE: u32 = u32::MAX;

/// The nearest site of every pixel; sites are pixels with some property.
///
/// The exact Euclidean feature transform in two passes: along the columns, then along the rows by the lower envelope of parabolas (Meijster, Roerdink
/// and Hesselink 2000; Felzenszwalb and Huttenlocher 2012), all in integers. It keeps four bytes per pixel, plus a few rows while it works.
#[derive(Debug, Clone)]
pub struct NearestSites {
    size: Size,
    nearest: Vec<u32>,
}

impl NearestSites {
    /// Finds the nearest site of every pixel; `is_site` is asked once per row-major index. `None` without any site.
    pub fn new(size: Size, is_site: impl Fn(usize) -> bool) -> Option<Self> {
        let width = size.width();
        Self::of(size, |x, y| is_site(y * width + x))
    }

    /// The same; `is_site` is asked with column and row.
    fn of(size: Size, is_site: impl Fn(usize, usize) -> bool) -> Option<Self> {
        let mut nearest = along_columns(size, is_site);
        let mut row = Row::new(size.width());
        for (y, line) in nearest.chunks_exact_mut(size.width()).enumerate() {
            if !row.resolve(y, line) {
                return None;
            }
        }
        Some(Self { size, nearest })
    }

    /// The row-major index of the site nearest to the pixel; the first of several that are equally near.
    pub fn site(&self, index: usize) -> usize {
        self.nearest[index] as usize
    }

    /// The distances of all pixels.
    fn all(&self) -> Vec<f32> {
        let width = self.size.width() as u32;
        let mut distances = Vec::with_capacity(self.nearest.len());
        for (y, row) in self.nearest.chunks_exact(self.size.width()).enumerate() {
            let (y, start) = (y as u32, y as u32 * width);
            distances.extend(row.iter().zip(start..).map(|(site, index)| {
                if *site == index {
                    return 0.0;
                }
                let (x, u, v) = (index - start, site % width, site / width);
                ((u64::from(x.abs_diff(u)).pow(2) + u64::from(y.abs_diff(v)).pow(2)) as f64).sqrt() as f32
            }));
        }
        distances
    }

    /// The distance from the pixel to its nearest site, in pixels between centres; 0 on a site.
    pub fn distance(&self, index: usize) -> f32 {
        let ((x, y), (u, v)) = (self.size.position(index), self.size.position(self.site(index)));
        ((x.abs_diff(u).pow(2) + y.abs_diff(v).pow(2)) as f64).sqrt() as f32
    }
}

/// For every pixel the row of the nearest site in its own column.
fn along_columns(size: Size, is_site: impl Fn(usize, usize) -> bool) -> Vec<u32> {
    let width = size.width();
    let mut rows = vec![NONE; size.pixels()];
    for y in 0..size.height() {
        for x in 0..width {
            let index = y * width + x;
            rows[index] = if is_site(x, y) {
                y as u32
            } else if y > 0 {
                rows[index - width]
            } else {
                NONE
            };
        }
    }
    for y in (0..size.height() - 1).rev() {
        for x in 0..width {
            let (index, below) = (y * width + x, rows[(y + 1) * width + x]);
            let nearer = rows[index] == NONE || below.abs_diff(y as u32) < rows[index].abs_diff(y as u32);
            if below != NONE && nearer {
                rows[index] = below;
            }
        }
    }
    rows
}

/// One column's parabola in the lower envelope of a row.
#[derive(Clone, Copy)]
struct Parabola {
    column: usize,
    /// Row of the site.
    row: u32,
    /// Squared distance along the column.
    height: i64,
    /// The first column of the row where this parabola is the lowest.
    from: i64,
}

/// Buffers for one row.
struct Row {
    envelope: Vec<Parabola>,
}

impl Row {
    fn new(width: usize) -> Self {
        Self { envelope: Vec::with_capacity(width) }
    }

    /// Replaces, in row `y`, the rows of each column's nearest site by the index of the nearest site of all. False without a site.
    fn resolve(&mut self, y: usize, line: &mut [u32]) -> bool {
        self.build(y, line);
        let width = line.len();
        let Some(mut last) = self.envelope.pop() else { return false };
        for x in (0..width).rev() {
            if line[x] == y as u32 {
                line[x] = (y * width + x) as u32;
                continue;
            }
            while (x as i64) < last.from
                && let Some(before) = self.envelope.pop()
            {
                last = before;
            }
            line[x] = last.row * width as u32 + last.column as u32;
        }
        true
    }

    fn build(&mut self, y: usize, line: &[u32]) {
        self.envelope.clear();
        let own = Some(&(y as u32));
        for (column, &row) in line.iter().enumerate().filter(|(_, row)| **row != NONE) {
            // A site is its own nearest; to pixels that are none, a site with sites on both sides never is.
            if row == y as u32 && column > 0 && line.get(column - 1) == own && line.get(column + 1) == own {
                continue;
            }
            let height = (i64::from(row) - y as i64).pow(2);
            let mut from = 0;
            while let Some(last) = self.envelope.last() {
                from = overtaken(last, column, row, height);
                if from > last.from {
                    break;
                }
                self.envelope.pop();
                from = 0;
            }
            if from < line.len() as i64 {
                self.envelope.push(Parabola { column, row, height, from });
            }
        }
    }
}

/// The first column where a later column's site is nearer than an earlier one's, or as near and in an earlier row.
fn overtaken(earlier: &Parabola, column: usize, row: u32, height: i64) -> i64 {
    // Neighbours at the same height, such as all sites themselves, meet between them: no division is needed.
    if earlier.column + 1 == column && earlier.height == height {
        return column as i64;
    }
    let (i, u) = (earlier.column as i64, column as i64);
    let (difference, slope) = (u * u - i * i + height - earlier.height, 2 * (u - i));
    let level = difference.div_euclid(slope);
    let wins_where_level = difference.rem_euclid(slope) == 0 && row < earlier.row;
    if wins_where_level { level } else { level + 1 }
}

/// The distance of every pixel to its nearest site, or `without` everywhere when there is none. `is_site` is asked with column and row.
pub(crate) fn distances(size: Size, without: f32, is_site: impl Fn(usize, usize) -> bool) -> Vec<f32> {
    match NearestSites::of(size, is_site) {
        Some(sites) => sites.all(),
        None => vec![without; size.pixels()],
    }
}

/// Gives each pixel for which `vacant` holds the label of the nearest pixel for which `site` holds. False, and nothing changed, without any site.
///
/// Takes time in proportion to the vacant pixels: sites are searched in a window around them first.
pub(crate) fn fill_nearest(size: Size, labels: &mut [u16], vacant: impl Fn(u16) -> bool, site: impl Fn(u16) -> bool) -> bool {
    let Some(bounds) = Rect::around(size, (0..labels.len()).filter(|index| vacant(labels[*index]))) else { return true };
    let margin = bounds.width.max(bounds.height);
    let (near, all) = (bounds.grown(margin, size), size.rect());
    // A site that is no further away than the margin is nearer than any beyond the window.
    [(near, margin as f32), (all, f32::INFINITY)].into_iter().any(|(window, reach)| {
        let Some(sites) = window.size().ok().and_then(|part| NearestSites::new(part, |index| site(labels[window.index(index, size)])))
        else {
            return false;
        };
        let wanted: Vec<usize> = (0..window.pixels()).filter(|index| vacant(labels[window.index(*index, size)])).collect();
        if wanted.iter().any(|index| sites.distance(*index) > reach) {
            return false;
        }
        for index in wanted {
            labels[window.index(index, size)] = labels[window.index(sites.site(index), size)];
        }
        true
    })
}

#[cfg(test)]
mod tests;
