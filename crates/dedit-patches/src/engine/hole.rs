//! Which pixels are filled, which may be copied, and whose they are.

use dedit_edit::{Rect, Result};

use super::area::{Area, near, pixels};
use super::ground;
use super::scene::{Role, Scene};

/// How far around what leaves its pixels that is filled too which does not look like the ground beyond, as a share of the diagonal of its bounding box: masks
/// are seldom exact, and in compressed photographs its colours reach a few pixels beyond it.
const EDGE: f32 = 0.03;
/// The least and the most that this is, pixels.
const EDGES: [f32; 2] = [1.5, 8.0];
/// Beyond it, the width in which less and less of the filling is shown, pixels.
const FADE: f32 = 1.5;

/// What is known of a pixel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Marks(u8);

impl Marks {
    /// It is filled.
    const HOLE: u8 = 1;
    /// It showed an item that leaves its pixels.
    const LEFT: u8 = 2;
    /// An inserted item hides it.
    const COVERED: u8 = 4;
    /// It is filled with what another frame shows.
    const SHOWN: u8 = 8;

    fn has(self, mark: u8) -> bool {
        self.0 & mark != 0
    }
}

/// The pixels to fill.
pub(super) struct Hole<'a> {
    scene: &'a Scene<'a>,
    marks: Area<Marks>,
    /// How much of the filling is shown, 0 … 255.
    weights: Area<u8>,
    /// How far around what leaves its pixels everything is filled too, pixels.
    edge: f32,
}

impl<'a> Hole<'a> {
    /// The hole of a scene, where `covered` pixels need no filling, and `shadows` and soft edges are filled too, unless that leaves nothing to copy.
    pub(super) fn new(scene: &'a Scene<'a>, covered: &Area<bool>, shadows: &[Area<u8>]) -> Result<Self> {
        let whole = Self::of(scene, covered, shadows, true)?;
        if pixels(scene.size.rect()).any(|(x, y)| whole.is_source(x, y)) { Ok(whole) } else { Self::of(scene, covered, &[], false) }
    }

    fn of(scene: &'a Scene<'a>, covered: &Area<bool>, shadows: &[Area<u8>], edge: bool) -> Result<Self> {
        let marks = Area::new(scene.region.grown(1, scene.size));
        let mut hole = Self { scene, marks, weights: Area::new(scene.region), edge: EDGES[0] };
        for (x, y) in pixels(scene.region) {
            if covered.get(x, y) {
                hole.mark(x, y, Marks::COVERED);
            }
            hole.read(x, y);
        }
        for shadow in shadows {
            for (x, y) in pixels(shadow.rect()) {
                hole.fill(x, y, shadow.get(x, y));
            }
        }
        if edge {
            hole.add_edge()?;
        }
        Ok(hole)
    }

    /// Marks a pixel by what becomes of its item.
    fn read(&mut self, x: usize, y: usize) {
        let scene = self.scene;
        let (was, is) = (scene.before(x, y), scene.after_at(x, y));
        if scene.roles[was] == Role::Leaves {
            self.mark(x, y, Marks::LEFT);
            self.fill(x, y, u8::MAX);
        } else if was != is && (scene.roles[was] == Role::Reshaped || scene.roles[is] == Role::Reshaped) {
            self.fill(x, y, u8::MAX);
        }
        if scene.old().is_some_and(|old| !old.contains(x, y)) {
            self.fill(x, y, u8::MAX);
        }
        let refined = scene.refined.iter().map(|mask| mask.values()[y * scene.size.width() + x]).fold(0.0, f32::max);
        self.fill(x, y, (refined * 255.0).ceil() as u8);
    }

    /// Adds the surroundings of what leaves its pixels to the hole, where they do not look like the ground beyond.
    fn add_edge(&mut self) -> Result<()> {
        let (region, all) = (self.scene.region, self.marks.rect());
        let is_left = |marks: &Area<Marks>, x: usize, y: usize| marks.get(x, y).has(Marks::LEFT);
        let left = pixels(region).filter(|(x, y)| is_left(&self.marks, *x, *y)).map(|(x, y)| Rect { x, y, width: 1, height: 1 });
        let Some(bounds) = left.reduce(Rect::hull) else { return Ok(()) };
        let whole = (EDGE * (bounds.width as f32).hypot(bounds.height as f32)).clamp(EDGES[0], EDGES[1]);
        self.edge = whole + FADE;
        let mut ring: Area<u8> = Area::new(bounds.grown(self.edge.ceil() as usize, self.scene.size));
        for (x, y) in pixels(bounds) {
            if !is_left(&self.marks, x, y) || !self.is_hole(x, y) {
                continue;
            }
            let mut is_rim = false;
            near((x, y), 1, all, |u, v, _| is_rim |= !is_left(&self.marks, u, v));
            if !is_rim {
                continue;
            }
            near((x, y), self.edge.ceil() as usize, all, |u, v, square| {
                let shown = ((self.edge - (square as f32).sqrt()) / FADE).clamp(0.0, 1.0);
                if !is_left(&self.marks, u, v) && self.scene.role_at(u, v) == Role::Kept {
                    ring.set(u, v, ring.get(u, v).max((shown * 255.0) as u8));
                }
            });
        }
        let ground = ground::in_ring(self.scene, &ring, self.edge, |x, y| self.is_hole(x, y))?;
        for (x, y) in pixels(ring.rect()).filter(|(x, y)| !ground.get(*x, *y)) {
            self.fill(x, y, ring.get(x, y));
        }
        Ok(())
    }

    fn mark(&mut self, x: usize, y: usize, mark: u8) {
        let marks = self.marks.get(x, y);
        self.marks.set(x, y, Marks(marks.0 | mark));
    }

    /// Adds a pixel to the hole, as far as it may change.
    fn fill(&mut self, x: usize, y: usize, weight: u8) {
        if weight == 0 || self.marks.get(x, y).has(Marks::COVERED) || !self.scene.region.contains(x, y) {
            return;
        }
        let weight = (f32::from(weight) * self.scene.room(x, y)) as u8;
        if weight > self.weights.get(x, y) {
            self.weights.set(x, y, weight);
            self.mark(x, y, Marks::HOLE);
        }
    }

    /// Where there may be pixels of the hole.
    pub(super) fn rect(&self) -> Rect {
        self.scene.region
    }

    pub(super) fn is_hole(&self, x: usize, y: usize) -> bool {
        self.marks.get(x, y).has(Marks::HOLE)
    }

    /// Marks a pixel of the hole as filled with what another frame shows.
    pub(super) fn show(&mut self, x: usize, y: usize) {
        self.mark(x, y, Marks::SHOWN);
    }

    pub(super) fn is_shown(&self, x: usize, y: usize) -> bool {
        self.marks.get(x, y).has(Marks::SHOWN)
    }

    /// Whether a pixel of the hole is not filled yet.
    pub(super) fn is_open(&self, x: usize, y: usize) -> bool {
        self.is_hole(x, y) && !self.is_shown(x, y)
    }

    /// How far around what leaves its pixels everything is filled too, pixels.
    pub(super) fn edge(&self) -> f32 {
        self.edge
    }

    /// How much of the filling is shown, 0 … 1.
    pub(super) fn weight(&self, x: usize, y: usize) -> f32 {
        f32::from(self.weights.get(x, y)) / 255.0
    }

    /// Whether a pixel shows what it did and will: nothing that leaves, nothing that is filled.
    pub(super) fn is_source(&self, x: usize, y: usize) -> bool {
        !self.marks.get(x, y).has(Marks::HOLE | Marks::LEFT) && self.scene.role_at(x, y) != Role::Leaves
    }

    /// The item whose pixels fill a pixel of the hole; `None` where the plan gives it to one that is laid there.
    pub(super) fn heir(&self, x: usize, y: usize) -> Option<u16> {
        let heir = self.scene.after_at(x, y);
        (self.scene.roles[heir] != Role::Leaves).then_some(heir as u16)
    }

    /// Rectangles around the parts of the hole that are open, which are so far apart that each is filled on its own.
    pub(super) fn clusters(&self) -> Vec<Rect> {
        let mut block = 16;
        loop {
            let clusters = self.clusters_of(block);
            if clusters.len() <= MOST_CLUSTERS || block > self.rect().width.max(self.rect().height) {
                return clusters;
            }
            block *= 2;
        }
    }

    fn clusters_of(&self, block: usize) -> Vec<Rect> {
        let rect = self.rect();
        let (columns, rows) = (rect.width.div_ceil(block), rect.height.div_ceil(block));
        let mut boxes: Vec<Option<Rect>> = vec![None; columns * rows];
        for (x, y) in pixels(rect).filter(|(x, y)| self.is_open(*x, *y)) {
            let pixel = Rect { x, y, width: 1, height: 1 };
            let of_block = &mut boxes[(y - rect.y) / block * columns + (x - rect.x) / block];
            *of_block = Some(of_block.map_or(pixel, |known| Rect::hull(known, pixel)));
        }
        let mut clusters = Vec::new();
        for start in 0..boxes.len() {
            let Some(first) = boxes[start].take() else { continue };
            let (mut cluster, mut open) = (first, vec![start]);
            while let Some(at) = open.pop() {
                let all = Rect { x: 0, y: 0, width: columns, height: rows };
                // The square of the distance of a diagonal neighbour is 2.
                near((at % columns, at / columns), 2, all, |u, v, square| {
                    if square > 2 {
                        return;
                    }
                    if let Some(other) = boxes[v * columns + u].take() {
                        cluster = Rect::hull(cluster, other);
                        open.push(v * columns + u);
                    }
                });
            }
            clusters.push(cluster);
        }
        merged(clusters)
    }
}

/// More parts than this are taken together.
const MOST_CLUSTERS: usize = 24;

/// Rectangles that overlap become one.
fn merged(mut clusters: Vec<Rect>) -> Vec<Rect> {
    let mut done: Vec<Rect> = Vec::new();
    while let Some(mut cluster) = clusters.pop() {
        while let Some(at) = done.iter().position(|other| super::area::overlap(cluster, *other).is_some()) {
            cluster = Rect::hull(cluster, done.remove(at));
        }
        done.push(cluster);
    }
    done.reverse();
    done
}
