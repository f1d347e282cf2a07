//! Exact Euclidean distance and nearest site, in time linear in the pixels.

use crate::geometry::Size;

/// No site in this column.
const NONE: u32 = u32::MAX;

/// For every pixel the nearest of some pixels, the sites.
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
        let mut nearest = along_columns(size, is_site);
        let mut row = Row::new(size.width());
        for (y, line) in nearest.chunks_exact_mut(size.width()).enumerate() {
            if !row.resolve(y, line) {
                return None;
            }
        }
        Some(Self { size, nearest })
    }

    /// The row-major index of the site nearest to the pixel; one of them where several are equally near.
    pub fn site(&self, index: usize) -> usize {
        self.nearest[index] as usize
    }

    /// The distance from the pixel to its nearest site, in pixels between centres; 0 on a site.
    pub fn distance(&self, index: usize) -> f32 {
        let ((x, y), (u, v)) = (self.size.position(index), self.size.position(self.site(index)));
        ((x.abs_diff(u).pow(2) + y.abs_diff(v).pow(2)) as f64).sqrt() as f32
    }
}

/// For every pixel the row of the nearest site in its own column.
fn along_columns(size: Size, is_site: impl Fn(usize) -> bool) -> Vec<u32> {
    let width = size.width();
    let mut rows = vec![NONE; size.pixels()];
    for y in 0..size.height() {
        for x in 0..width {
            let index = y * width + x;
            rows[index] = if is_site(index) {
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

/// Room for the work on one row.
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
        for (column, &row) in line.iter().enumerate().filter(|(_, row)| **row != NONE) {
            let height = (i64::from(row) - y as i64).pow(2);
            let mut from = 0;
            while let Some(last) = self.envelope.last() {
                from = overtaken(last, column, height);
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

/// The first column where a later column's parabola lies strictly below an earlier one.
fn overtaken(earlier: &Parabola, column: usize, height: i64) -> i64 {
    let (i, u) = (earlier.column as i64, column as i64);
    (u * u - i * i + height - earlier.height).div_euclid(2 * (u - i)) + 1
}

/// The distance of every pixel to its nearest site, or `without` everywhere when there is none.
pub(crate) fn distances(size: Size, without: f32, is_site: impl Fn(usize) -> bool) -> Vec<f32> {
    match NearestSites::new(size, is_site) {
        Some(sites) => (0..size.pixels()).map(|index| sites.distance(index)).collect(),
        None => vec![without; size.pixels()],
    }
}

/// Hands each pixel for which `vacant` holds to the item of the nearest pixel for which `site` holds. False, and nothing done, without any site.
pub(crate) fn fill_nearest(size: Size, labels: &mut [u16], vacant: impl Fn(u16) -> bool, site: impl Fn(u16) -> bool) -> bool {
    let Some(sites) = NearestSites::new(size, |index| site(labels[index])) else { return false };
    for index in 0..labels.len() {
        if vacant(labels[index]) {
            labels[index] = labels[sites.site(index)];
        }
    }
    true
}

#[cfg(test)]
mod tests;
