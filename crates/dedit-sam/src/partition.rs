//! Masks that overlap as a segmentation: every pixel belongs to one item.

use std::cmp::Reverse;

use dedit_edit::{Result, Segmentation, Size};

use crate::automatic::Region;
use crate::enlarge::enlarge;

/// Name of the item of all other pixels.
const BACKGROUND: &str = "background";
/// Cells along the longer side of the grid on which masks are compared.
const CELLS: usize = 256;
/// A mask of which this share lies in a larger one is a part of it, and no item of its own.
const PART: f64 = 0.85;
/// A mask that covers more than this share of the picture and touches three of its sides is the background.
const GROUND: f64 = 0.5;
/// Pieces of this share of the picture, or of their item, are joined to what is round them.
const SPECK: f64 = 0.0005;
const ISLAND: f64 = 0.05;

/// A region's cells.
struct Coarse<'a> {
    region: &'a Region,
    inside: Vec<bool>,
    area: usize,
}

/// At most `most` items, named “item 1”, “item 2”, …, largest first, and “background”. Parts of things belong to them; small islands are joined to what is round
/// them, and holes filled.
///
/// # Errors
/// `Internal` where labels and names do not fit.
pub(crate) fn partition(regions: &[Region], size: Size, most: usize) -> Result<Segmentation> {
    let kept = items(regions, size, most);
    let mut labels = vec![0_u16; size.pixels()];
    // The smallest last, so that it lies in front. 0 is the background.
    for (index, region) in kept.iter().enumerate() {
        let low = region.logits.len().isqrt();
        let logits = enlarge(&region.logits, low, &region.frame);
        let rows = logits.chunks_exact(region.crop.width);
        for (line, row) in rows.enumerate() {
            let start = (region.crop.y + line) * size.width() + region.crop.x;
            let targets = &mut labels[start..][..region.crop.width];
            targets.iter_mut().zip(row).filter(|(_, logit)| **logit > 0.0).for_each(|(label, _)| *label = index as u16 + 1);
        }
    }
    join_pieces(&mut labels, size, kept.len() + 1);
    named(labels, size, kept.len() + 1)
}

/// The regions that are items, largest first.
fn items(regions: &[Region], size: Size, most: usize) -> Vec<&Region> {
    let longer = size.width().max(size.height());
    let along = |pixels: usize| (pixels * CELLS.min(longer)).div_ceil(longer).max(1);
    let (columns, rows) = (along(size.width()), along(size.height()));
    let coarse = |region| {
        let place = |index: usize, count: usize, pixels: usize| (index as f32 + 0.5) / count as f32 * pixels as f32;
        let inside: Vec<bool> = (0..columns * rows)
            .map(|cell| Region::contains(region, place(cell % columns, columns, size.width()), place(cell / columns, rows, size.height())))
            .collect();
        Coarse { region, area: inside.iter().filter(|inside| **inside).count(), inside }
    };
    let mut found: Vec<Coarse<'_>> = regions.iter().map(coarse).filter(|coarse| coarse.area > 0 && !is_ground(coarse, columns)).collect();
    found.sort_by_key(|coarse| Reverse(coarse.area));
    let mut kept: Vec<Coarse<'_>> = Vec::new();
    for coarse in found {
        let shared = |known: &Coarse<'_>| known.inside.iter().zip(&coarse.inside).filter(|(a, b)| **a && **b).count();
        if kept.len() < most && kept.iter().all(|known| (shared(known) as f64) < PART * coarse.area as f64) {
            kept.push(coarse);
        }
    }
    kept.into_iter().map(|coarse| coarse.region).collect()
}

fn is_ground(coarse: &Coarse<'_>, columns: usize) -> bool {
    let rows = coarse.inside.len() / columns;
    let row = |row: usize| coarse.inside[row * columns..][..columns].contains(&true);
    let column = |column: usize| coarse.inside.iter().skip(column).step_by(columns).any(|inside| *inside);
    let sides = [row(0), row(rows - 1), column(0), column(columns - 1)];
    coarse.area as f64 > GROUND * coarse.inside.len() as f64 && sides.iter().filter(|touches| **touches).count() >= 3
}

/// Gives small pieces of a label to the neighbour with which they share the longest border.
fn join_pieces(labels: &mut [u16], size: Size, count: usize) {
    let (width, height) = (size.width(), size.height());
    let pieces = pieces(labels, width);
    let mut areas = vec![0_usize; pieces.iter().max().map_or(0, |last| *last as usize + 1)];
    let mut owners = vec![0_u16; areas.len()];
    for (piece, label) in pieces.iter().zip(labels.iter()) {
        areas[*piece as usize] += 1;
        owners[*piece as usize] = *label;
    }
    let mut largest = vec![0; count];
    for (area, owner) in areas.iter().zip(&owners) {
        largest[usize::from(*owner)] = largest[usize::from(*owner)].max(*area);
    }
    let speck = SPECK * labels.len() as f64;
    let is_small = |piece: u32| {
        let area = areas[piece as usize] as f64;
        area < speck || area < ISLAND * largest[usize::from(owners[piece as usize])] as f64
    };
    // For each small piece, how long its border with each label is.
    let mut borders: std::collections::BTreeMap<u32, Vec<usize>> = std::collections::BTreeMap::new();
    let mut border = |a: usize, b: usize| {
        for (one, other) in [(a, b), (b, a)] {
            if pieces[one] != pieces[other] && is_small(pieces[one]) && !is_small(pieces[other]) {
                borders.entry(pieces[one]).or_insert_with(|| vec![0; count])[usize::from(labels[other])] += 1;
            }
        }
    };
    for index in 0..labels.len() {
        if index % width + 1 < width {
            border(index, index + 1);
        }
        if index / width + 1 < height {
            border(index, index + width);
        }
    }
    let longest = |borders: &Vec<usize>| (0..count).max_by_key(|label| borders[*label]).unwrap_or(0) as u16;
    let joined: std::collections::BTreeMap<u32, u16> = borders.iter().map(|(piece, borders)| (*piece, longest(borders))).collect();
    for (label, piece) in labels.iter_mut().zip(&pieces) {
        if let Some(to) = joined.get(piece) {
            *label = *to;
        }
    }
}

/// The number of the connected piece of one label that each pixel belongs to.
fn pieces(labels: &[u16], width: usize) -> Vec<u32> {
    let mut pieces = vec![u32::MAX; labels.len()];
    let (mut count, mut open) = (0, Vec::new());
    for start in 0..labels.len() {
        if pieces[start] != u32::MAX {
            continue;
        }
        pieces[start] = count;
        open.push(start);
        while let Some(index) = open.pop() {
            let column = index % width;
            let next = [
                (column > 0).then(|| index - 1),
                (column + 1 < width).then(|| index + 1),
                index.checked_sub(width),
                Some(index + width).filter(|next| *next < labels.len()),
            ];
            for next in next.into_iter().flatten() {
                if pieces[next] == u32::MAX && labels[next] == labels[start] {
                    pieces[next] = count;
                    open.push(next);
                }
            }
        }
        count += 1;
    }
    pieces
}

/// The largest item first, the background last.
fn named(mut labels: Vec<u16>, size: Size, count: usize) -> Result<Segmentation> {
    let mut areas = vec![0_usize; count];
    for label in &labels {
        areas[usize::from(*label)] += 1;
    }
    let mut order: Vec<usize> = (1..count).filter(|label| areas[*label] > 0).collect();
    order.sort_by_key(|label| Reverse(areas[*label]));
    let mut names: Vec<String> = (1..=order.len()).map(|number| format!("item {number}")).collect();
    if areas[0] > 0 {
        order.push(0);
        names.push(BACKGROUND.to_owned());
    }
    let mut numbers = vec![0_u16; count];
    for (number, label) in order.into_iter().enumerate() {
        numbers[label] = number as u16;
    }
    for label in &mut labels {
        *label = numbers[usize::from(*label)];
    }
    Segmentation::from_labels(size, names, labels)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resize::Frame;

    /// A region from a drawing of 8 × 8 cells, of a picture of the same size.
    fn region(drawing: &str) -> Region {
        let logits: Vec<f32> = drawing.split_whitespace().flat_map(str::chars).map(|cell| if cell == '#' { 9.0 } else { -9.0 }).collect();
        let frame = Frame::new(Size::new(8, 8).unwrap(), 8);
        Region { logits, frame, crop: frame.picture.rect(), score: 1.0, bounds: [0.0; 4] }
    }

    /// The same over the whole width, from a row on.
    fn rows(from: usize, to: usize) -> Region {
        let line = |row: usize| if (from..to).contains(&row) { "########" } else { "........" };
        region(&(0..8).map(line).collect::<Vec<_>>().join(" "))
    }

    #[test]
    fn masks_become_a_segmentation() {
        struct Case {
            about: &'static str,
            regions: Vec<Region>,
            most: usize,
            /// The areas of items and background.
            areas: &'static [usize],
        }
        let part = || region("........ ........ ..##.... ..##.... ........ ........ ........ ........");
        let thing = || region("........ .####... .####... .####... .####... ........ ........ ........");
        let holed = || region(".####### .####### .###.### .####### .####### .####### ........ ........");
        let cases = [
            Case { about: "nothing", regions: vec![], most: 3, areas: &[64] },
            Case { about: "a thing", regions: vec![thing()], most: 3, areas: &[16, 48] },
            Case { about: "a part of a thing is no item", regions: vec![part(), thing()], most: 3, areas: &[16, 48] },
            Case { about: "the smaller lies in front", regions: vec![rows(1, 4), thing()], most: 3, areas: &[16, 12, 36] },
            Case { about: "no more than asked for", regions: vec![part(), rows(4, 6)], most: 1, areas: &[16, 48] },
            Case { about: "none", regions: vec![part(), rows(4, 6)], most: 0, areas: &[64] },
            Case { about: "a hole is filled", regions: vec![holed()], most: 3, areas: &[42, 22] },
            Case { about: "the ground is the background", regions: vec![rows(2, 8), thing()], most: 3, areas: &[16, 48] },
            Case { about: "no background", regions: vec![rows(0, 4), rows(4, 8)], most: 3, areas: &[32, 32] },
        ];
        for Case { about, regions, most, areas } in cases {
            let items = partition(&regions, Size::new(8, 8).unwrap(), most).unwrap();
            assert_eq!(items.areas(), areas, "{about}: {:?}", items.names());
        }
    }
}
