//! Rendering of a scene: rays for each pixel, and what covers it.

use glam::{Vec2, Vec3};
use image::{GrayImage, Luma, Rgb, RgbImage};

use crate::scene::{Look, Scene};
use crate::view::{Seen, View};

/// A rendered scene.
#[derive(Clone, Debug)]
pub struct Drawing {
    /// The picture.
    pub picture: RgbImage,
    /// For each pixel the number, from 1, of the toy that covers most of it, or 0.
    pub labels: GrayImage,
    /// For each pixel without a toy the number, from 1, of the toy whose shadow it is in, or 0.
    pub shadows: GrayImage,
}

/// Rays per pixel along each side.
const RAYS: u32 = 2;
/// Rays along each side of a pixel with an edge, in detailed scenes.
const EDGE_RAYS: u32 = 4;
/// Difference of a colour channel between two rays, in `[0, 1]`, from which there is an edge: on a toy, and on ground or back, whose grain is no edge.
const EDGES: [f32; 2] = [0.05, 0.16];

/// Renders a scene as a picture of `side` × `side` pixels.
pub fn draw(scene: &Scene, side: u32) -> Drawing {
    let view = View::new(scene);
    let mut drawing =
        Drawing { picture: RgbImage::new(side, side), labels: GrayImage::new(side, side), shadows: GrayImage::new(side, side) };
    let coarse = (scene.look == Look::Detailed).then(|| Coarse::new(&view, side));
    for (x, y) in (0..side).flat_map(|y| (0..side).map(move |x| (x, y))) {
        match &coarse {
            None => drawing.put(x, y, &rays::<4>(RAYS, |at| view.trace_plain(at), (x, y), side)),
            Some(coarse) if coarse.has_edge(x, y) => {
                drawing.put(x, y, &rays::<16>(EDGE_RAYS, |at| view.trace_detailed(at), (x, y), side));
            }
            Some(coarse) => drawing.put(x, y, &coarse.pixel(x, y)),
        }
    }
    drawing
}

/// What the `N` rays of a pixel hit, with `along` rays along each of its sides.
fn rays<const N: usize>(along: u32, trace: impl Fn(Vec2) -> Seen, (x, y): (u32, u32), side: u32) -> [Seen; N] {
    std::array::from_fn(|ray| {
        let ray = ray as u32;
        let within = Vec2::new((ray % along) as f32 + 0.5, (ray / along) as f32 + 0.5) / along as f32;
        let at = (Vec2::new(x as f32, y as f32) + within) / side as f32 * 2.0 - 1.0;
        trace(Vec2::new(at.x, -at.y))
    })
}

impl Drawing {
    /// Sets a pixel to the mean of its rays.
    fn put<const N: usize>(&mut self, x: u32, y: u32, seen: &[Seen; N]) {
        let mean = seen.iter().fold(Vec3::ZERO, |sum, seen| sum + seen.colour) / N as f32;
        let colour = (mean * 255.0 + 0.5).clamp(Vec3::ZERO, Vec3::splat(255.0)).to_array().map(|value| value as u8);
        self.picture.put_pixel(x, y, Rgb(colour));
        let toy = most(&seen.each_ref().map(|seen| seen.toy));
        self.labels.put_pixel(x, y, Luma([toy]));
        self.shadows.put_pixel(x, y, Luma([if toy == 0 { most(&seen.each_ref().map(|seen| seen.shadow)) } else { 0 }]));
    }
}

/// The toy that most rays of a pixel hit; of equally frequent ones the first.
fn most(toys: &[u8]) -> u8 {
    let rays = |toy: &u8| toys.iter().fold(0, |rays, other| rays + usize::from(other == toy));
    toys.iter().copied().rev().max_by_key(rays).unwrap_or(0)
}

/// The first rays of a whole picture, [`RAYS`] along each side of a pixel.
struct Coarse {
    seen: Vec<Seen>,
    /// Rays along each side of the picture.
    side: usize,
}

impl Coarse {
    fn new(view: &View<'_>, side: u32) -> Self {
        let across = side * RAYS;
        let at = |ray: u32| (ray as f32 + 0.5) / across as f32 * 2.0 - 1.0;
        let rays = (0..across).flat_map(|y| (0..across).map(move |x| (x, y)));
        Self { seen: rays.map(|(x, y)| view.trace_detailed(Vec2::new(at(x), -at(y)))).collect(), side: across as usize }
    }

    /// The rays of a pixel.
    fn pixel(&self, x: u32, y: u32) -> [Seen; (RAYS * RAYS) as usize] {
        let (x, y) = ((x * RAYS) as usize, (y * RAYS) as usize);
        std::array::from_fn(|ray| self.seen[(y + ray / RAYS as usize) * self.side + x + ray % RAYS as usize].clone())
    }

    /// Whether the rays of a pixel, with one more on each side, show an edge.
    fn has_edge(&self, x: u32, y: u32) -> bool {
        let range = |at: u32| ((at * RAYS) as usize).saturating_sub(1)..=((at * RAYS + RAYS) as usize).min(self.side - 1);
        let first = &self.seen[(y * RAYS) as usize * self.side + (x * RAYS) as usize];
        let edge = EDGES[usize::from(first.toy == 0)];
        let mut rays = range(y).flat_map(|y| range(x).map(move |x| y * self.side + x));
        rays.any(|ray| {
            let other = &self.seen[ray];
            other.toy != first.toy || (other.colour - first.colour).abs().max_element() > edge
        })
    }
}
