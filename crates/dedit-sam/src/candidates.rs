//! Which masks of a grid of clicks are things: the measures of the reference's automatic mode.

use dedit_edit::{Rect, Size};

/// Left, top, right and bottom.
pub type Bounds = [f32; 4];

/// How near to its crop's edge a mask is cut off, in pixels of the picture.
const NEAR: f32 = 20.0;
/// How far crops overlap, as a share of the picture's shorter side and for two crops along it.
const OVERLAP: f64 = 512.0 / 1500.0;

/// `side` × `side` places, evenly spaced, as shares of width and height; row by row.
pub(crate) fn grid(side: usize) -> Vec<[f32; 2]> {
    let place = |index: usize| (index as f32 + 0.5) / side as f32;
    (0..side * side).map(|index| [place(index % side), place(index / side)]).collect()
}

/// The whole picture, and of each layer `2 · layer` × `2 · layer` parts that overlap.
pub(crate) fn crops(size: Size, layers: usize) -> Vec<Rect> {
    let mut crops = vec![size.rect()];
    for layer in 1..=layers {
        let count = 1_usize << layer.min(8);
        let overlap = (OVERLAP * size.width().min(size.height()) as f64 * (2.0 / count as f64)) as usize;
        let length = |whole: usize| (overlap * (count - 1) + whole).div_ceil(count);
        let (width, height) = (length(size.width()), length(size.height()));
        let parts = (0..count * count).map(|index| ((width - overlap) * (index / count), (height - overlap) * (index % count)));
        let parts = parts.filter(|(x, y)| *x < size.width() && *y < size.height());
        crops.extend(parts.map(|(x, y)| Rect { x, y, width: width.min(size.width() - x), height: height.min(size.height() - y) }));
    }
    crops
}

/// The intersection over union of the masks where logits are above `offset` and above `-offset`; 0 where there is none.
pub(crate) fn stability(logits: impl Iterator<Item = f32>, offset: f32) -> f32 {
    let (mut both, mut either) = (0_usize, 0_usize);
    for logit in logits {
        both += usize::from(logit > offset);
        either += usize::from(logit > -offset);
    }
    both as f32 / either.max(1) as f32
}

/// Non-maximum suppression: the places of those boxes that share no more than `most` (intersection over union) with one of a higher score, best first.
pub(crate) fn distinct(bounds: &[Bounds], scores: &[f32], most: f32) -> Vec<usize> {
    let mut order: Vec<usize> = (0..bounds.len().min(scores.len())).collect();
    order.sort_by(|a, b| scores[*b].total_cmp(&scores[*a]));
    let mut kept: Vec<usize> = Vec::new();
    for index in order {
        if kept.iter().all(|known| overlap(&bounds[*known], &bounds[index]) <= most) {
            kept.push(index);
        }
    }
    kept
}

/// Intersection over union of two boxes.
fn overlap(a: &Bounds, b: &Bounds) -> f32 {
    let area = |[left, top, right, bottom]: &Bounds| (right - left).max(0.0) * (bottom - top).max(0.0);
    let both = area(&[a[0].max(b[0]), a[1].max(b[1]), a[2].min(b[2]), a[3].min(b[3])]);
    both / (area(a) + area(b) - both).max(f32::MIN_POSITIVE)
}

/// Whether a mask within these bounds of the picture ends at an edge of its crop that is not one of the picture.
pub(crate) fn is_cut(bounds: &Bounds, crop: Rect, size: Size) -> bool {
    let edges = [crop.x, crop.y, crop.right(), crop.bottom()].map(|edge| edge as f32);
    let outer = [0.0, 0.0, size.width() as f32, size.height() as f32];
    let near = |a: f32, b: f32| (a - b).abs() <= NEAR;
    (0..4).any(|side| near(bounds[side], edges[side]) && !near(bounds[side], outer[side]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn size(width: usize, height: usize) -> Size {
        Size::new(width, height).unwrap()
    }

    // The expected values are those of segment_anything.utils.amg and of torchvision's batched_nms.

    #[test]
    fn crops_are_those_of_the_reference() {
        type Case = (usize, usize, usize, &'static [[usize; 4]]);
        let cases: [Case; 3] = [
            (150, 97, 0, &[[0, 0, 150, 97]]),
            (150, 97, 1, &[[0, 0, 150, 97], [0, 0, 92, 65], [0, 32, 92, 97], [59, 0, 150, 65], [59, 32, 150, 97]]),
            (64, 64, 1, &[[0, 0, 64, 64], [0, 0, 43, 43], [0, 22, 43, 64], [22, 0, 64, 43], [22, 22, 64, 64]]),
        ];
        for (width, height, layers, expected) in cases {
            let found: Vec<_> =
                crops(size(width, height), layers).iter().map(|crop| [crop.x, crop.y, crop.right(), crop.bottom()]).collect();
            assert_eq!(found, expected, "{width} × {height}, {layers}");
        }
        assert_eq!(crops(size(1500, 1000), 2).len(), 1 + 4 + 16);
    }

    #[test]
    fn grids_are_even() {
        assert_eq!(grid(1), [[0.5, 0.5]]);
        assert_eq!(grid(2), [[0.25, 0.25], [0.75, 0.25], [0.25, 0.75], [0.75, 0.75]]);
    }

    #[test]
    fn a_mask_is_stable_where_its_edge_is_steep() {
        for (logits, expected) in
            [(&[5.0, 4.0, -5.0, -4.0][..], 1.0), (&[5.0, 0.5, -0.5, -5.0], 1.0 / 3.0), (&[-5.0; 3], 0.0), (&[0.5, 0.1], 0.0)]
        {
            let found = stability(logits.iter().copied(), 1.0);
            assert!((found - expected).abs() < 1e-6, "{logits:?}: {found}");
        }
    }

    #[test]
    fn of_boxes_that_overlap_the_best_is_kept() {
        let boxes =
            [[0.0, 0.0, 10.0, 10.0], [1.0, 1.0, 10.0, 10.0], [5.0, 5.0, 15.0, 15.0], [0.0, 0.0, 10.0, 9.0], [30.0, 30.0, 40.0, 40.0]];
        for (scores, most, expected) in [
            ([0.9, 0.95, 0.8, 0.7, 0.99], 0.7, &[4, 1, 2][..]),
            ([0.9, 0.95, 0.8, 0.7, 0.99], 0.1, &[4, 1]),
            ([0.9, 0.8, 0.7, 0.6, 0.5], 0.7, &[0, 2, 4]),
            ([0.5, 0.6, 0.7, 0.8, 0.9], 1.0, &[4, 3, 2, 1, 0]),
        ] {
            assert_eq!(distinct(&boxes, &scores, most), expected, "{scores:?} {most}");
        }
    }

    #[test]
    fn what_a_crop_cuts_off_is_told() {
        let crop = Rect { x: 0, y: 100, width: 200, height: 200 };
        for (bounds, expected) in [
            ([50.0, 150.0, 100.0, 250.0], false),
            ([5.0, 150.0, 100.0, 250.0], false),
            ([50.0, 110.0, 100.0, 250.0], true),
            ([50.0, 150.0, 190.0, 250.0], true),
            ([50.0, 150.0, 179.0, 279.0], false),
        ] {
            assert_eq!(is_cut(&bounds, crop, size(400, 300)), expected, "{bounds:?}");
        }
    }
}
