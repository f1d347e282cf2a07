//! Which pixels around what leaves its place show the ground beyond, and need not be filled.

use dedit_edit::{NearestSites, Planes, Rect, Result, Window};

use super::area::{Area, near, pixels};
use super::scene::{Role, Scene};

/// Two pixels look alike up to a distance of their colours, each of 0 … 1: at most the larger of these, at least the smaller, and in between so many times the
/// distance from the one that is known to the ground most like it.
const ALIKE: (f32, f32) = (0.012, 0.06);
const TIMES: f32 = 2.0;
/// A pixel unlike the ground is a mixture of ground and item where the way from the ground's colour to its own is that to the item's: from this cosine on.
const MIXTURE: f32 = 0.7;
/// Pixels closer than this share their colours for being close, by compression and blur.
const CLOSE: usize = 2;
/// How far beyond the ring its ground is looked for, pixels.
const BEYOND: usize = 4;
/// Pixels up to this far from what leaves may show it in part, and are filled.
const MIXED: f32 = 3.0;
/// How far within its outline an item shows its own colours alone, pixels.
const CORE: f32 = 2.5;
/// So many of a pixel and the eight around it have to show ground for it to stay.
const TOGETHER: usize = 5;

/// What is known of a pixel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Kind {
    /// It is of no use here.
    #[default]
    Other,
    /// It shows the ground.
    Ground,
    /// It may do.
    Ring,
    /// It shows what leaves alone.
    Item,
}

/// The pixels around what leaves.
struct Around<'a> {
    scene: &'a Scene<'a>,
    rect: Rect,
    kinds: Area<Kind>,
    shown: Planes,
    /// How far alike pixels are looked for.
    reach: usize,
}

/// The pixels of `ring`, where it is above 0, that look like ground within reach of its `width`, or at least not like a mixture of ground and what leaves.
/// `is_hole` are pixels that are filled whatever they look like, such as shadows.
pub(super) fn in_ring(scene: &Scene<'_>, ring: &Area<u8>, width: f32, is_hole: impl Fn(usize, usize) -> bool) -> Result<Area<bool>> {
    let around = Around::read(scene, ring, width, is_hole)?;
    let mut ground = Area::new(around.rect);
    for (x, y) in pixels(around.rect) {
        ground.set(
            x,
            y,
            match around.kinds.get(x, y) {
                Kind::Ground => true,
                Kind::Ring => around.is_ground(x, y),
                Kind::Other | Kind::Item => false,
            },
        );
    }
    let mut kept = Area::new(ring.rect());
    for (x, y) in pixels(ring.rect()).filter(|(x, y)| around.kinds.get(*x, *y) == Kind::Ring) {
        let mut count = 0;
        near((x, y), 2, around.rect, |u, v, square| count += usize::from(square <= 2 && ground.get(u, v)));
        kept.set(x, y, count >= TOGETHER);
    }
    Ok(kept)
}

impl<'a> Around<'a> {
    fn read(scene: &'a Scene<'a>, ring: &Area<u8>, width: f32, is_hole: impl Fn(usize, usize) -> bool) -> Result<Self> {
        let rect = ring.rect().grown(BEYOND, scene.size);
        let read = Window::read(scene.picture, rect, scene.picture.channels().colours())?;
        let is_leaving = |x: usize, y: usize| scene.role_at(x, y) == Role::Leaves;
        let sites = |wanted: bool| {
            NearestSites::new(rect.size().ok()?, |index| is_leaving(rect.x + index % rect.width, rect.y + index / rect.width) == wanted)
        };
        let (leaving, staying) = (sites(true), sites(false));
        let mut kinds = Area::new(rect);
        for (index, (x, y)) in pixels(rect).enumerate().filter(|(index, _)| read.finite[*index] && read.is_visible(*index)) {
            let kind = if is_leaving(x, y) {
                let is_core = staying.as_ref().is_none_or(|sites| sites.distance(index) >= CORE);
                if is_core { Kind::Item } else { Kind::Other }
            } else if scene.role_at(x, y) != Role::Kept || is_hole(x, y) {
                Kind::Other
            } else if ring.get(x, y) == 0 {
                Kind::Ground
            } else {
                let is_mixed = leaving.as_ref().is_some_and(|sites| sites.distance(index) <= MIXED);
                if is_mixed { Kind::Other } else { Kind::Ring }
            };
            kinds.set(x, y, kind);
        }
        Ok(Self { scene, rect, kinds, shown: read.planes, reach: width.ceil() as usize + BEYOND })
    }

    fn index(&self, x: usize, y: usize) -> usize {
        (y - self.rect.y) * self.rect.width + x - self.rect.x
    }

    /// Whether a pixel of the ring shows ground.
    fn is_ground(&self, x: usize, y: usize) -> bool {
        let (ground, at) = self.most_alike((x, y), Kind::Ground);
        let (item, like) = self.most_alike((x, y), Kind::Item);
        let usual = (TIMES * self.most_alike(at, Kind::Ground).0).clamp(ALIKE.0, ALIKE.1);
        ground < item && (ground <= usual || self.cosine(at, (x, y), like) < MIXTURE)
    }

    /// The pixel of a kind, of the same item where it is ground, that looks most like this one, but for those close to it; and how far their colours are apart.
    fn most_alike(&self, (x, y): (usize, usize), kind: Kind) -> (f32, (usize, usize)) {
        let (mut least, mut place) = (f32::INFINITY, (x, y));
        let (own, item) = (self.index(x, y), self.scene.before(x, y));
        near((x, y), self.reach, self.rect, |u, v, square| {
            let is_one =
                square > CLOSE * CLOSE && self.kinds.get(u, v) == kind && (kind != Kind::Ground || self.scene.before(u, v) == item);
            if is_one {
                let other = self.index(u, v);
                let square = self.shown.colour().iter().map(|plane| (plane[own] - plane[other]).powi(2)).sum::<f32>();
                if square < least {
                    (least, place) = (square, (u, v));
                }
            }
        });
        (least.sqrt(), place)
    }

    /// The cosine of the angle between the ways from one pixel's colour to those of two others.
    fn cosine(&self, from: (usize, usize), one: (usize, usize), other: (usize, usize)) -> f32 {
        let [from, one, other] = [from, one, other].map(|(x, y)| self.index(x, y));
        let ways = self.shown.colour().iter().map(|plane| (plane[one] - plane[from], plane[other] - plane[from]));
        let (along, first, second) = ways
            .fold((0.0, 0.0, 0.0), |(along, first, second), (one, other)| (along + one * other, first + one * one, second + other * other));
        along / f32::sqrt(first * second).max(f32::MIN_POSITIVE)
    }
}
