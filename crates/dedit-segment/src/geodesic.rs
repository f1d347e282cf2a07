//! Geodesic distances: lengths of paths weighted by changes of colour.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::lab::squared_distance;
use crate::view::View;

/// Length of the longer side of the view where the colour does not change, in Lab units.
const CROSSING: f32 = 40.0;

/// The geodesic distance of every cell to the nearest of the cells `from` (Bai and Sapiro 2007), in Lab units.
pub(crate) fn distances(view: &View, from: impl Iterator<Item = usize>) -> Vec<f32> {
    let plain = CROSSING / view.grid.width().max(view.grid.height()) as f32;
    let mut distances = vec![f32::INFINITY; view.grid.pixels()];
    // The bits of non-negative floats are ordered like their values.
    let mut queue: BinaryHeap<Reverse<(u32, usize)>> = from.map(|cell| Reverse((0, cell))).collect();
    for Reverse((_, cell)) in &queue {
        distances[*cell] = 0.0;
    }
    while let Some(Reverse((bits, cell))) = queue.pop() {
        let distance = f32::from_bits(bits);
        if distance > distances[cell] {
            continue;
        }
        for (next, length) in view.around(cell) {
            let step = squared_distance(view.colours[cell], view.colours[next]).sqrt() + plain * length;
            if distance + step < distances[next] {
                distances[next] = distance + step;
                queue.push(Reverse(((distance + step).to_bits(), next)));
            }
        }
    }
    distances
}

#[cfg(test)]
mod tests {
    use dedit_edit::{Channels, Image, Samples, Size};

    use super::*;

    #[test]
    fn a_way_round_a_wall_is_shorter_than_the_way_through_it() {
        // A white wall in the middle column of a black picture, open at the bottom.
        let size = Size::new(5, 4).unwrap();
        let samples = (0..20).map(|index| if index % 5 == 2 && index < 15 { 255 } else { 0 }).collect();
        let view = View::new(&Image::new(size, Channels::Grey, Samples::U8(samples)).unwrap(), size.rect()).unwrap();
        let found = distances(&view, std::iter::once(0));
        let step = CROSSING / 5.0;
        let diagonal = step * std::f32::consts::SQRT_2;
        for (cell, expected) in
            [(0, 0.0), (1, step), (6, diagonal), (16, 2.0 * step + diagonal), (17, step + 2.0 * diagonal), (2, 100.0 + 2.0 * step)]
        {
            assert!((found[cell] - expected).abs() < 0.1, "cell {cell}: {} instead of {expected}", found[cell]);
        }
        assert!((found[4] - (2.0 * step + 4.0 * diagonal)).abs() < 0.1, "beyond the wall: {}", found[4]);
        assert!(distances(&view, std::iter::empty()).iter().all(|distance| distance.is_infinite()));
    }
}
