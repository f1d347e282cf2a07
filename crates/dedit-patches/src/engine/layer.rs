//! Cut-out planes, and how they are laid elsewhere: scaled, rotated and shifted.

use dedit_edit::{Placement, Point, Rect, Size};

use super::area::overlap;

/// Planes that are 0 beyond their rectangle. That of an item: alpha, then its colours, multiplied with alpha.
#[derive(Debug, Clone)]
pub(super) struct Layer {
    /// Where it lies in its own picture.
    pub(super) rect: Rect,
    pub(super) planes: Vec<Vec<f32>>,
}

/// An affine map of the plane.
#[derive(Debug, Clone, Copy)]
struct Affine {
    origin: Point,
    across: Point,
    down: Point,
}

impl Affine {
    fn of(map: impl Fn(Point) -> Point) -> Self {
        let at = |x: f64, y: f64| map(Point { x, y });
        let (origin, right, below) = (at(0.0, 0.0), at(1.0, 0.0), at(0.0, 1.0));
        let step = |to: Point| Point { x: to.x - origin.x, y: to.y - origin.y };
        Self { origin, across: step(right), down: step(below) }
    }

    fn at(&self, x: f64, y: f64) -> Point {
        Point { x: self.origin.x + x * self.across.x + y * self.down.x, y: self.origin.y + x * self.across.y + y * self.down.y }
    }
}

/// From places in a layer's picture to places in the edited one, and back.
#[derive(Debug, Clone, Copy)]
pub(super) struct Map {
    forward: Affine,
    backward: Affine,
    /// Points per pixel of the edited picture along each side, so that they are at most a pixel of the layer apart.
    points: usize,
}

impl Map {
    /// As a plan moves an item.
    pub(super) fn moved(placement: &Placement) -> Self {
        let (forward, backward) = (Affine::of(|point| placement.forward(point)), Affine::of(|point| placement.backward(point)));
        Self { forward, backward, points: points(placement.transform().scale) }
    }

    /// A box into another one, as large as it fits without distortion, in the middle and on the lower edge.
    pub(super) fn fitted(from: Rect, to: Rect) -> Self {
        let scale = (to.width as f64 / from.width as f64).min(to.height as f64 / from.height as f64);
        let foot = |rect: Rect| Point { x: rect.x as f64 + rect.width as f64 / 2.0 - 0.5, y: rect.bottom() as f64 - 0.5 };
        let (from, to) = (foot(from), foot(to));
        let forward = Affine::of(|point| Point { x: to.x + (point.x - from.x) * scale, y: to.y + (point.y - from.y) * scale });
        let backward = Affine::of(|point| Point { x: from.x + (point.x - to.x) / scale, y: from.y + (point.y - to.y) / scale });
        Self { forward, backward, points: points(scale) }
    }

    /// The pixels of a picture that a layer can touch.
    pub(super) fn reach(&self, layer: Rect, size: Size) -> Option<Rect> {
        let (left, right) = (layer.x as f64 - 1.0, layer.right() as f64);
        let (top, bottom) = (layer.y as f64 - 1.0, layer.bottom() as f64);
        let corners = [(left, top), (right, top), (left, bottom), (right, bottom)].map(|(x, y)| self.forward.at(x, y));
        let span = |coordinate: fn(&Point) -> f64, length: usize| {
            let low = corners.iter().map(coordinate).fold(f64::INFINITY, f64::min) - 1.0;
            let high = corners.iter().map(coordinate).fold(f64::NEG_INFINITY, f64::max) + 2.0;
            (low.floor().clamp(0.0, length as f64) as usize, high.ceil().clamp(0.0, length as f64) as usize)
        };
        let ((x, right), (y, bottom)) = (span(|point| point.x, size.width()), span(|point| point.y, size.height()));
        (x < right && y < bottom).then(|| Rect { x, y, width: right - x, height: bottom - y })
    }
}

fn points(scale: f64) -> usize {
    (1.0 / scale).ceil().clamp(1.0, 100.0) as usize
}

impl Layer {
    /// The values at a pixel of the edited picture, one for each of the first planes. Whole shifts copy them.
    pub(super) fn sample(&self, map: &Map, (x, y): (usize, usize), values: &mut [f32]) {
        values.fill(0.0);
        let n = map.points;
        let offset = |i: usize| (i as f64 + 0.5) / n as f64 - 0.5;
        for i in 0..n {
            for j in 0..n {
                let point = map.backward.at(x as f64 + offset(j), y as f64 + offset(i));
                self.add(point, values);
            }
        }
        if n > 1 {
            for value in values.iter_mut() {
                *value /= (n * n) as f32;
            }
        }
    }

    /// Adds the values at a point: cubic convolution (Catmull–Rom), within the range of the pixels around.
    fn add(&self, point: Point, values: &mut [f32]) {
        let snapped = |value: f64| if (value - value.round()).abs() < 1e-7 { value.round() } else { value };
        let (px, py) = (snapped(point.x) - self.rect.x as f64, snapped(point.y) - self.rect.y as f64);
        let (width, height) = (self.rect.width as i64, self.rect.height as i64);
        if px < -2.0 || py < -2.0 || px > (width + 1) as f64 || py > (height + 1) as f64 {
            return;
        }
        let (column, row) = (px.floor(), py.floor());
        let (across, down) = (weights((px - column) as f32), weights((py - row) as f32));
        let (column, row) = (column as i64, row as i64);
        for (value, plane) in values.iter_mut().zip(&self.planes) {
            let (mut sum, mut low, mut high) = (0.0, f32::INFINITY, f32::NEG_INFINITY);
            for (v, down) in (row - 1..).zip(down).filter(|(_, weight)| *weight != 0.0) {
                for (u, across) in (column - 1..).zip(across).filter(|(_, weight)| *weight != 0.0) {
                    let within = (0..width).contains(&u) && (0..height).contains(&v);
                    let tap = if within { plane[(v * width + u) as usize] } else { 0.0 };
                    sum += tap * across * down;
                    (low, high) = (low.min(tap), high.max(tap));
                }
            }
            *value += sum.clamp(low, high);
        }
    }

    /// Of what a map makes of this layer, what lies in a rectangle.
    pub(super) fn reach(&self, map: &Map, size: Size, within: Rect) -> Option<Rect> {
        map.reach(self.rect, size).and_then(|reach| overlap(reach, within))
    }
}

/// The weights of four values in a row, `t` of the way from the second to the third.
fn weights(t: f32) -> [f32; 4] {
    let (square, cube) = (t * t, t * t * t);
    [-0.5 * cube + square - 0.5 * t, 1.5 * cube - 2.5 * square + 1.0, -1.5 * cube + 2.0 * square + 0.5 * t, 0.5 * cube - 0.5 * square]
}
