//! The distant parts of a mask.

use crate::geometry::{Rect, Size};
use crate::mask::ItemMask;

/// Blocks along the longer side of the grid on which parts are told apart: parts closer than two blocks are one.
const BLOCKS: usize = 256;
/// More parts than this are grain, and are taken as one.
const MOST: usize = 64;

impl ItemMask {
    /// The rectangles around its parts: pixels above 0 that are close to each other. Pixels of one part may lie in the rectangle of another. In the order of rows;
    /// one rectangle around all where there are more than 64.
    pub fn parts(&self) -> Vec<Rect> {
        parts(self.size(), |index| self.values()[index] > 0.0)
    }
}

/// The same for the pixels for which something holds, asked with row-major indices.
pub(crate) fn parts(size: Size, holds: impl Fn(usize) -> bool) -> Vec<Rect> {
    let block = size.width().max(size.height()).div_ceil(BLOCKS);
    let (columns, rows) = (size.width().div_ceil(block), size.height().div_ceil(block));
    let mut blocks: Vec<Option<Rect>> = vec![None; columns * rows];
    for (y, row) in (0..size.pixels()).step_by(size.width()).enumerate() {
        for x in (0..size.width()).filter(|x| holds(row + x)) {
            let pixel = Rect { x, y, width: 1, height: 1 };
            let of_block = &mut blocks[y / block * columns + x / block];
            *of_block = Some(of_block.map_or(pixel, |known| known.hull(pixel)));
        }
    }
    let mut parts = Vec::new();
    for start in 0..blocks.len() {
        let Some(mut part) = blocks[start].take() else { continue };
        let mut waiting = vec![start];
        while let Some(at) = waiting.pop() {
            let (x, y) = (at % columns, at / columns);
            for next in
                (y.saturating_sub(1)..(y + 2).min(rows)).flat_map(|v| (x.saturating_sub(1)..(x + 2).min(columns)).map(move |u| (u, v)))
            {
                let next = next.1 * columns + next.0;
                if let Some(rect) = blocks[next].take() {
                    part = part.hull(rect);
                    waiting.push(next);
                }
            }
        }
        parts.push(part);
    }
    if parts.len() > MOST { parts.into_iter().reduce(Rect::hull).into_iter().collect() } else { parts }
}

/// Puts rectangles together until those around them, `around`, have nothing in common.
pub(crate) fn apart(mut parts: Vec<Rect>, around: impl Fn(Rect) -> Rect) -> Vec<Rect> {
    let meet = |one: Rect, other: Rect| one.x < other.right() && other.x < one.right() && one.y < other.bottom() && other.y < one.bottom();
    let mut at = 0;
    while at < parts.len() {
        let reach = around(parts[at]);
        match (0..parts.len()).find(|other| *other != at && meet(reach, around(parts[*other]))) {
            Some(other) => {
                let (first, last) = (at.min(other), at.max(other));
                parts[first] = parts[first].hull(parts.remove(last));
                at = 0;
            }
            None => at += 1,
        }
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rect(x: usize, y: usize, width: usize, height: usize) -> Rect {
        Rect { x, y, width, height }
    }

    const CORNERS: [Rect; 2] = [Rect { x: 10, y: 10, width: 100, height: 50 }, Rect { x: 480, y: 330, width: 100, height: 50 }];
    const NEAR: [Rect; 2] = [Rect { x: 10, y: 10, width: 100, height: 50 }, Rect { x: 112, y: 10, width: 30, height: 50 }];
    const ALL: [Rect; 1] = [Rect { x: 0, y: 0, width: 600, height: 400 }];

    #[test]
    fn parts_are_told_apart_and_near_ones_are_one() {
        let size = Size::new(600, 400).unwrap();
        let inside = |rects: &'static [Rect]| move |x: usize, y: usize| rects.iter().any(|rect| rect.contains(x, y));
        for (name, rects, expected) in [
            ("two corners", &CORNERS[..], CORNERS.to_vec()),
            ("near", &NEAR, vec![rect(10, 10, 132, 50)]),
            ("all", &ALL, ALL.to_vec()),
            ("none", &[], vec![]),
        ] {
            assert_eq!(ItemMask::from_fn(size, inside(rects)).parts(), expected, "{name}");
        }
        let ring = ItemMask::from_fn(size, |x, y| (100..110).contains(&x.abs_diff(300).max(y.abs_diff(200))));
        assert_eq!(ring.parts(), [rect(191, 91, 219, 219)]);
        let grain = ItemMask::from_fn(size, |x, y| x % 40 == 7 && y % 40 == 7);
        assert_eq!(grain.parts(), [rect(7, 7, 561, 361)]);
        assert_eq!(ItemMask::from_fn(Size::new(1, 1).unwrap(), |_, _| true).parts(), [rect(0, 0, 1, 1)]);
        let thin = ItemMask::from_fn(Size::new(6000, 3).unwrap(), |x, _| !(50..5950).contains(&x));
        assert_eq!(thin.parts().len(), 2);
    }

    #[test]
    fn parts_whose_surroundings_meet_are_put_together() {
        let size = Size::new(600, 400).unwrap();
        let parts = vec![rect(10, 10, 20, 20), rect(60, 10, 20, 20), rect(500, 300, 20, 20)];
        assert_eq!(apart(parts.clone(), |rect| rect.grown(10, size)), parts);
        assert_eq!(apart(parts.clone(), |rect| rect.grown(20, size)), [rect(10, 10, 70, 20), rect(500, 300, 20, 20)]);
        assert_eq!(apart(parts.clone(), |_| size.rect()), [rect(10, 10, 510, 310)]);
        assert_eq!(apart(Vec::new(), |rect| rect), []);
    }
}
