//! Finds the shadow that an item casts: pixels around it that are darker than what they belong to is farther off, of the same hue, and touch it.

use dedit_edit::{NearestSites, Rect, Result, Window, luma};

use super::area::{Area, near, overlap, pixels};

use super::scene::{Role, Scene};
use crate::fill::window;

/// Cells along the longer side of the window that is searched.
const CELLS: usize = 320;
/// A shadow keeps between these shares of the light.
const SHARES: (f32, f32) = (0.12, 0.9);
/// It is darker by this many mean deviations of the ground, and by this much at least.
const DEVIATIONS: f32 = 3.0;
const LEAST: f32 = 0.02;
/// Largest difference of a colour's share of the light from that of the luma.
const HUE: f32 = 0.12;
/// A shadow has at most this many times the item's pixels.
const LARGEST: usize = 4;
/// Cells that have to touch the item, and cells in all, for a shadow.
const FEWEST: (usize, usize) = (3, 12);
/// Where more of the ground looks shaded than this, shadows cannot be told.
const MOST_FALSE_ALARMS: f32 = 0.02;
/// Cells that touch the item, for each that has no end where pixels may not change any more.
const MOST_LEAKS: usize = 4;
/// Width of the soft edge that is added to it, pixels.
const EDGE: usize = 3;

/// A square of pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Kind {
    /// Of no use: other items, or what cannot be seen.
    #[default]
    Other,
    /// The item is in it.
    Item,
    /// It belongs to an heir, and may change.
    Open,
    /// It belongs to an heir, and stays.
    Ground,
}

/// The window of an item in cells.
struct Cells {
    rect: Rect,
    /// Pixels along a cell's side.
    side: usize,
    columns: usize,
    kinds: Vec<Kind>,
    labels: Vec<u16>,
    /// Mean colours, each smoothed over the cells of the same item around.
    colours: Vec<[f32; 3]>,
}

/// The shadow of an item, 0 … 255 with a soft edge; `None` where none is found.
pub(super) fn shadow(scene: &Scene<'_>, item: usize) -> Result<Option<Area<u8>>> {
    let shown = pixels(scene.region).filter(|(x, y)| scene.before(*x, *y) == item).map(|(x, y)| Rect { x, y, width: 1, height: 1 });
    let Some(own) = shown.reduce(Rect::hull) else { return Ok(None) };
    let heirs = heirs(scene, item, own);
    let cells = Cells::read(scene, item, own, &heirs)?;
    let Some(shadow) = cells.shadow()? else { return Ok(None) };
    let Some(rect) = overlap(cells.rect, scene.region) else { return Ok(None) };
    let may = |x: usize, y: usize| heirs[scene.before(x, y)] && scene.room(x, y) > 0.0;
    let mut area = Area::new(rect);
    // The item's pixels do not fill the cells along its outline.
    let outline = |cell: usize| {
        let mut is_beside = false;
        near((cell % cells.columns, cell / cells.columns), 1, cells.all(), |u, v, _| is_beside |= shadow[v * cells.columns + u]);
        is_beside && cells.kinds[cell] == Kind::Item
    };
    for (x, y) in pixels(rect).filter(|(x, y)| shadow[cells.cell(*x, *y)] || outline(cells.cell(*x, *y))) {
        near((x, y), EDGE, rect, |u, v, square| {
            let weight = (255.0 * (1.0 - (square as f32).sqrt() / (EDGE + 1) as f32)) as u8;
            if may(u, v) && weight > area.get(u, v) {
                area.set(u, v, weight);
            }
        });
    }
    Ok(Some(area))
}

/// The items that take at least a tenth of an item's pixels.
fn heirs(scene: &Scene<'_>, item: usize, own: Rect) -> Vec<bool> {
    let mut taken = vec![0_usize; scene.roles.len()];
    for (x, y) in pixels(own).filter(|(x, y)| scene.before(*x, *y) == item) {
        taken[scene.after_at(x, y)] += 1;
    }
    let heir = |number: usize| scene.roles[number] == Role::Kept;
    let all: usize = (0..taken.len()).filter(|number| heir(*number)).map(|number| taken[number]).sum();
    (0..taken.len()).map(|number| heir(number) && taken[number] > 0 && taken[number] * 10 >= all).collect()
}

impl Cells {
    fn read(scene: &Scene<'_>, item: usize, own: Rect, heirs: &[bool]) -> Result<Self> {
        let rect = window(own, scene.size);
        let side = rect.width.max(rect.height).div_ceil(CELLS);
        let (columns, rows) = (rect.width.div_ceil(side), rect.height.div_ceil(side));
        let count = columns * rows;
        let mut cells =
            Self { rect, side, columns, kinds: vec![Kind::Other; count], labels: vec![0; count], colours: vec![[0.0; 3]; count] };
        for row in 0..rows {
            cells.read_row(scene, item, heirs, row)?;
        }
        cells.smooth();
        Ok(cells)
    }

    fn read_row(&mut self, scene: &Scene<'_>, item: usize, heirs: &[bool], row: usize) -> Result<()> {
        let y = self.rect.y + row * self.side;
        let strip = Rect { y, height: self.side.min(self.rect.bottom() - y), ..self.rect };
        let read = Window::read(scene.picture, strip, scene.picture.channels().colours())?;
        let mut counts = vec![0_usize; self.columns];
        for (index, (x, y)) in pixels(strip).enumerate() {
            let (column, label) = ((x - strip.x) / self.side, scene.before(x, y));
            let cell = row * self.columns + column;
            if label == item {
                self.kinds[cell] = Kind::Item;
            }
            let is_first = counts[column] == 0;
            let is_usable = heirs[label] && read.finite[index] && read.is_visible(index) && (is_first || self.labels[cell] == label as u16);
            if self.kinds[cell] == Kind::Item || !is_usable {
                continue;
            }
            self.labels[cell] = label as u16;
            // A cell of which any pixel may change is no ground to compare with.
            let is_open = scene.room(x, y) > 0.0 || self.kinds[cell] == Kind::Open;
            self.kinds[cell] = if is_open { Kind::Open } else { Kind::Ground };
            counts[column] += 1;
            for (sum, plane) in self.colours[cell].iter_mut().zip(read.planes.colour()) {
                *sum += plane[index];
            }
        }
        for (column, count) in counts.into_iter().enumerate() {
            self.colours[row * self.columns + column].iter_mut().for_each(|sum| *sum /= count.max(1) as f32);
        }
        if scene.picture.channels().colours() == 1 {
            self.colours[row * self.columns..][..self.columns].iter_mut().for_each(|colour| *colour = [colour[0]; 3]);
        }
        Ok(())
    }

    fn all(&self) -> Rect {
        Rect { x: 0, y: 0, width: self.columns, height: self.kinds.len() / self.columns }
    }

    fn cell(&self, x: usize, y: usize) -> usize {
        (y - self.rect.y) / self.side * self.columns + (x - self.rect.x) / self.side
    }

    fn is_heir(&self, cell: usize) -> bool {
        matches!(self.kinds[cell], Kind::Open | Kind::Ground)
    }

    /// The mean colour of the cells within `radius` that belong to the same item, and are of that kind where one is given.
    fn mean(&self, cell: usize, radius: usize, kind: Option<Kind>) -> [f32; 3] {
        let (mut sum, mut count) = ([0.0; 3], 0.0_f32);
        near((cell % self.columns, cell / self.columns), radius, self.all(), |u, v, _| {
            let other = v * self.columns + u;
            if self.labels[other] == self.labels[cell] && kind.map_or(self.is_heir(other), |kind| self.kinds[other] == kind) {
                count += 1.0;
                sum.iter_mut().zip(self.colours[other]).for_each(|(sum, value)| *sum += value);
            }
        });
        sum.map(|sum| sum / count.max(1.0))
    }

    fn smooth(&mut self) {
        let smoothed = (0..self.kinds.len()).map(|cell| if self.is_heir(cell) { self.mean(cell, 2, None) } else { [0.0; 3] });
        self.colours = smoothed.collect();
    }

    /// The cells in the shadow.
    fn shadow(&self) -> Result<Option<Vec<bool>>> {
        let dark = self.dark()?;
        let mut shadow = vec![false; dark.len()];
        let mut open = Vec::new();
        for (x, y) in pixels(self.all()).filter(|(x, y)| self.kinds[y * self.columns + x] == Kind::Item) {
            near((x, y), 2, self.all(), |u, v, _| {
                let cell = v * self.columns + u;
                if dark[cell] && !shadow[cell] {
                    shadow[cell] = true;
                    open.push(cell);
                }
            });
        }
        let (touching, mut size) = (open.len(), 0);
        while let Some(cell) = open.pop() {
            size += 1;
            near((cell % self.columns, cell / self.columns), 1, self.all(), |u, v, _| {
                let next = v * self.columns + u;
                if dark[next] && !shadow[next] {
                    shadow[next] = true;
                    open.push(next);
                }
            });
        }
        let item = self.kinds.iter().filter(|kind| **kind == Kind::Item).count();
        let is_shadow = touching >= FEWEST.0 && size >= FEWEST.1 && size <= item * LARGEST && self.leaks(&shadow) * MOST_LEAKS <= touching;
        Ok(is_shadow.then_some(shadow))
    }

    /// How many cells of a shadow lie beside cells of the ground that are as dark: what goes on where nothing may change is no shadow of the item, or one
    /// that cannot be taken away whole.
    fn leaks(&self, shadow: &[bool]) -> usize {
        let leaks = |cell: &usize| {
            let mut is_leak = false;
            near((cell % self.columns, cell / self.columns), 1, self.all(), |u, v, _| {
                let other = v * self.columns + u;
                let is_ground = self.kinds[other] == Kind::Ground;
                is_leak |= is_ground && luma(self.colours[other]) < luma(self.colours[*cell]) + LEAST;
            });
            is_leak
        };
        (0..shadow.len()).filter(|cell| shadow[*cell]).filter(leaks).count()
    }

    /// The cells that are darker than their ground, and of its hue.
    fn dark(&self) -> Result<Vec<bool>> {
        let mut dark = vec![false; self.kinds.len()];
        let mut labels: Vec<u16> = (0..dark.len()).filter(|cell| self.is_heir(*cell)).map(|cell| self.labels[cell]).collect();
        labels.sort_unstable();
        labels.dedup();
        for label in labels {
            let is_ground = |cell: usize| self.kinds[cell] == Kind::Ground && self.labels[cell] == label;
            let Some(ground) = NearestSites::new(self.all().size()?, is_ground) else { continue };
            let (mut deviation, mut count) = (0.0, 0.0_f32);
            for cell in (0..dark.len()).filter(|cell| is_ground(*cell)) {
                deviation += (luma(self.colours[cell]) - luma(self.mean(cell, 4, Some(Kind::Ground)))).abs();
                count += 1.0;
            }
            let least = (DEVIATIONS * deviation / count.max(1.0)).max(LEAST);
            if self.false_alarms(label, &ground, least) > MOST_FALSE_ALARMS {
                continue;
            }
            for cell in (0..dark.len()).filter(|cell| self.kinds[*cell] == Kind::Open && self.labels[*cell] == label) {
                dark[cell] = is_shaded(self.colours[cell], self.mean(ground.site(cell), 4, Some(Kind::Ground)), least);
            }
        }
        Ok(dark)
    }
}

impl Cells {
    /// The share of the ground's own cells that would pass for shaded, next to ground as far away as that which pixels around the item are compared with.
    fn false_alarms(&self, label: u16, ground: &NearestSites, least: f32) -> f32 {
        let is_of = |cell: usize, kind: Kind| self.kinds[cell] == kind && self.labels[cell] == label;
        let (mut way, mut open) = (0.0, 0.0_f32);
        for cell in (0..self.kinds.len()).filter(|cell| is_of(*cell, Kind::Open)) {
            (way, open) = (way + ground.distance(cell), open + 1.0);
        }
        let way = (way / open.max(1.0)).ceil().max(2.0) as usize;
        let (mut alarms, mut pairs) = (0.0, 0.0_f32);
        for (x, y) in pixels(self.all()).filter(|(x, y)| x % 3 == 0 && y % 3 == 0 && is_of(y * self.columns + x, Kind::Ground)) {
            let others = [(x + way, y), (x, y + way), (x.wrapping_sub(way), y), (x, y.wrapping_sub(way))];
            for (u, v) in others.into_iter().filter(|(u, v)| self.all().contains(*u, *v)) {
                let other = v * self.columns + u;
                if is_of(other, Kind::Ground) {
                    pairs += 1.0;
                    let is_alarm = is_shaded(self.colours[y * self.columns + x], self.mean(other, 4, Some(Kind::Ground)), least);
                    alarms += f32::from(u8::from(is_alarm));
                }
            }
        }
        alarms / pairs.max(1.0)
    }
}

/// Whether a colour is a ground's in a shadow.
fn is_shaded(colour: [f32; 3], ground: [f32; 3], least: f32) -> bool {
    let (dark, light) = (luma(colour), luma(ground));
    let share = dark / light.max(1e-3);
    let brightest = ground.into_iter().fold(1e-3, f32::max);
    let is_same_hue = colour.iter().zip(ground).all(|(dark, light)| (dark - share * light).abs() < HUE * brightest);
    light - dark > least && (SHARES.0..SHARES.1).contains(&share) && is_same_hue
}
