//! Automatic segmentation of a whole picture into items.

use std::cmp::Reverse;

use dedit_edit::{Image, Result, Segmentation};

use crate::graph::{Fineness, pieces};
use crate::lab::{Lab, lab, rgb, squared_distance};
use crate::regions::{Border, Regions};
use crate::view::View;

/// The pieces that are joined to items.
const PIECES: Fineness = Fineness { scale: 60.0, smallest: 1200 };
/// Name of the item of all other pixels.
const BACKGROUND: &str = "background";
/// Adjacent regions are joined if they differ by less than this, in Lab units.
const ALIKE: f32 = 6.0;
/// The darkest shadow, as the cube root of the remaining share of light.
const DARKEST: f32 = 0.6;
/// Tolerance for the colour of a shadow, in Lab units.
const SHADE_TOLERANCE: f32 = 6.0;
/// The least share of the picture's border that belongs to the background.
const BACKGROUND_SHARE: f64 = 0.8;
/// A region with at least this share of its outline along another one is joined to it.
const ENCLOSED: f32 = 0.6;
/// A connected foreground area that does not touch the picture's border and covers less than this share of the picture is one item.
const ISLAND: f64 = 0.2;
/// Area of the smallest item, as a share of the picture.
const SMALLEST: f64 = 0.002;
/// Weight of the distance to a cell relative to the difference of colours, in squared Lab units per squared cell, when a pixel is assigned to a cell.
const DISTANCE: f32 = 40.0;

/// Segments a picture into at most `most` items, named “item 1”, “item 2”, …, largest first, and “background”, which touches most of the picture's border.
///
/// If no item is found, or `most` is zero, the whole picture is background. If there are more than `most`, the smallest are joined to their neighbours. The
/// algorithm works on at most 320 cells along a side; smaller details are not found.
///
/// # Errors
/// `Input` where a sample is NaN or infinite.
pub fn everything(picture: &Image, most: usize) -> Result<Segmentation> {
    picture.check_finite()?;
    let view = View::new(picture, picture.size().rect())?;
    let pieces = pieces(&view, PIECES);
    let mut regions = Regions::new(&view, &pieces);
    join_alike(&mut regions);
    join_lines(&mut regions);
    let background = joined_background(&mut regions);
    join_enclosed(&mut regions, background);
    join_islands(&mut regions, background, (ISLAND * view.grid.pixels() as f64) as usize);
    let least = (SMALLEST * view.grid.pixels() as f64).ceil() as usize;
    join_small(&mut regions, background, |count, area| count > most || area < least);
    // Fits 16 bits: every piece has a minimal share of the cells.
    let cells: Vec<u16> = pieces.iter().map(|piece| regions.of(*piece) as u16).collect();
    named(picture, pixels(picture, &view, &cells), background)
}

/// Joins adjacent regions of similar colour, most similar first.
fn join_alike(regions: &mut Regions) {
    loop {
        let pairs = regions.numbers().flat_map(|a| regions.borders[a].range(a + 1..).map(move |(b, _)| (a, *b)));
        let differences = pairs.map(|(a, b)| (regions.difference(a, b), a, b));
        match differences.min_by(|a, b| a.0.total_cmp(&b.0)) {
            Some((difference, a, b)) if difference < ALIKE => regions.join(b, a),
            _ => return,
        }
    }
}

/// Joins regions that are only lines to a neighbour: a blurred edge between two regions appears as a third one.
fn join_lines(regions: &mut Regions) {
    for number in regions.numbers().collect::<Vec<_>>() {
        if let Some(likest) = regions.likest(number).filter(|_| regions.is_line(number)) {
            regions.join(number, likest);
        }
    }
}

/// Joins the regions along most of the picture's border to the background and returns its number. Regions elsewhere with the same colour (inside a ring) and
/// shadows belong to it as well.
fn joined_background(regions: &mut Regions) -> usize {
    let mut numbers: Vec<usize> = regions.numbers().collect();
    numbers.sort_by_key(|number| Reverse(regions.list[*number].at_frame));
    let frame: usize = numbers.iter().map(|number| regions.list[*number].at_frame).sum();
    let mut owned = 0;
    let owners = numbers.iter().take_while(|number| {
        let is_enough = owned as f64 >= BACKGROUND_SHARE * frame as f64;
        owned += regions.list[**number].at_frame;
        !is_enough
    });
    let (owners, others) = numbers.split_at(owners.count());
    let colours: Vec<Lab> = owners.iter().map(|owner| regions.list[*owner].colour()).collect();
    let background = owners[0];
    for owner in &owners[1..] {
        regions.join(*owner, background);
    }
    for other in others {
        let colour = regions.list[*other].colour();
        let touches = regions.borders[*other].contains_key(&background);
        let looks_alike = |owner: &Lab| squared_distance(*owner, colour) < ALIKE * ALIKE || touches && is_shade(*owner, colour);
        if colours.iter().any(looks_alike) {
            regions.join(*other, background);
        }
    }
    background
}

/// Whether a colour is another one in shadow. Less light scales XYZ by a factor, and `L + 16`, `a` and `b` by its cube root (except for colours that are
/// almost black).
fn is_shade(lit: Lab, colour: Lab) -> bool {
    let factor = (colour[0] + 16.0) / (lit[0] + 16.0);
    let rest = (colour[1] - factor * lit[1]).hypot(colour[2] - factor * lit[2]);
    (DARKEST..1.0).contains(&factor) && rest < SHADE_TOLERANCE
}

/// Joins regions to others that almost enclose them: windows to their house, eyes to their face.
fn join_enclosed(regions: &mut Regions, background: usize) {
    let mut numbers: Vec<usize> = regions.numbers().filter(|number| *number != background).collect();
    numbers.sort_by_key(|number| regions.list[*number].area);
    for number in numbers {
        let outline = regions.outline(number);
        let encloses = |(other, border): (&usize, &Border)| {
            let is_larger = regions.list[*other].area > regions.list[number].area;
            (*other != background && is_larger && border.length >= ENCLOSED * outline).then_some(*other)
        };
        if let Some(other) = regions.borders[number].iter().find_map(encloses) {
            regions.join(number, other);
        }
    }
}

/// Joins the regions of each connected foreground area: a hat to its head. An area that touches the picture's border or has more than `most` cells is
/// probably a whole scene and is not joined.
fn join_islands(regions: &mut Regions, background: usize, most: usize) {
    let mut seen = vec![false; regions.list.len()];
    seen[background] = true;
    let numbers: Vec<usize> = regions.numbers().collect();
    for start in numbers {
        let mut island = Vec::new();
        let mut open = vec![start];
        while let Some(number) = open.pop() {
            if !seen[number] {
                seen[number] = true;
                island.push(number);
                open.extend(regions.borders[number].keys());
            }
        }
        let area: usize = island.iter().map(|number| regions.list[*number].area).sum();
        if area <= most && island.iter().all(|number| regions.list[*number].at_frame == 0) {
            for number in island.into_iter().skip(1) {
                regions.join(number, start);
            }
        }
    }
}

/// Joins the smallest item to its most similar neighbour while `is_too_small(number of items, area of the smallest in cells)` is true.
fn join_small(regions: &mut Regions, background: usize, is_too_small: impl Fn(usize, usize) -> bool) {
    loop {
        let items: Vec<usize> = regions.numbers().filter(|number| *number != background).collect();
        let Some(smallest) = items.iter().copied().min_by_key(|item| regions.list[*item].area) else { return };
        if !is_too_small(items.len(), regions.list[smallest].area) {
            return;
        }
        regions.join(smallest, regions.likest(smallest).unwrap_or(background));
    }
}

/// The region of every pixel, row-major; at borders that of the nearby cell with the most similar colour.
fn pixels(picture: &Image, view: &View, cells: &[u16]) -> Vec<u16> {
    let at_border: Vec<bool> = (0..cells.len()).map(|cell| view.around(cell).any(|(next, _)| cells[next] != cells[cell])).collect();
    let mut regions = Vec::with_capacity(picture.size().pixels());
    for (cell, x, y) in view.pixels() {
        let nearest = if at_border[cell] {
            let colour = lab(rgb(picture, regions.len()));
            let (across, down) = view.place(x, y);
            let cost = |other: usize| {
                let (column, row) = view.grid.position(other);
                let distance = (column as f32 - across).powi(2) + (row as f32 - down).powi(2);
                squared_distance(colour, view.colours[other]) + DISTANCE * distance
            };
            let choices = view.around(cell).map(|(next, _)| next);
            choices.map(|other| (cost(other), other)).fold((cost(cell), cell), |best, next| if next.0 < best.0 { next } else { best }).1
        } else {
            cell
        };
        regions.push(cells[nearest]);
    }
    regions
}

/// The segmentation, given the region of every pixel: largest item first, background last.
fn named(picture: &Image, mut regions: Vec<u16>, background: usize) -> Result<Segmentation> {
    let mut areas = vec![0_usize; regions.iter().max().map_or(0, |last| usize::from(*last) + 1)];
    for region in &regions {
        areas[usize::from(*region)] += 1;
    }
    let mut order: Vec<usize> = (0..areas.len()).filter(|region| areas[*region] > 0 && *region != background).collect();
    order.sort_by_key(|region| Reverse(areas[*region]));
    let mut names: Vec<String> = (1..=order.len()).map(|number| format!("item {number}")).collect();
    if areas.get(background).is_some_and(|area| *area > 0) {
        order.push(background);
        names.push(BACKGROUND.to_owned());
    }
    let mut labels = vec![0_u16; areas.len()];
    for (label, region) in order.into_iter().enumerate() {
        labels[region] = label as u16;
    }
    for region in &mut regions {
        *region = labels[usize::from(*region)];
    }
    Segmentation::from_labels(picture.size(), names, regions)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn less_light_is_a_shade_and_another_colour_is_not() {
        let grass = [0.4, 0.6, 0.2];
        // The factor applies to sRGB values; the light of all channels scales by a power of it.
        for (colour, expected) in [
            (grass.map(|value| value * 0.8), true),
            (grass.map(|value| value * 0.6), true),
            (grass.map(|value| value * 0.2), false),
            (grass.map(|value| value * 1.1), false),
            ([0.4, 0.4, 0.4], false),
            ([0.5, 0.3, 0.2], false),
        ] {
            assert_eq!(is_shade(lab(grass), lab(colour)), expected, "{colour:?}");
        }
    }
}
