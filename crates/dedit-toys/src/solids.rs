//! Signed distances to simple solids: negative inside; lower bounds of the true distance outside.

use glam::{Vec2, Vec3, Vec3Swizzles};

/// The signed distance to the intersection of two solids with perpendicular surfaces.
fn corner(a: f32, b: f32) -> f32 {
    a.max(b).min(0.0) + Vec2::new(a, b).max(Vec2::ZERO).length()
}

/// A ball at the origin.
pub(crate) fn ball(p: Vec3, radius: f32) -> f32 {
    p.length() - radius
}

/// An ellipsoid at the origin, to first order.
pub(crate) fn ellipsoid(p: Vec3, radii: Vec3) -> f32 {
    let scaled = (p / radii).length();
    let slope = (p / (radii * radii)).length();
    if slope < 1e-6 { -radii.min_element() } else { scaled * (scaled - 1.0) / slope }
}

/// A box at the origin with edges rounded by the radius `round`; `half` are its half sides including the rounding.
pub(crate) fn block(p: Vec3, half: Vec3, round: f32) -> f32 {
    let q = p.abs() - (half - round);
    q.max(Vec3::ZERO).length() + q.max_element().min(0.0) - round
}

/// A vertical cylinder from height 0 to `height`.
pub(crate) fn cylinder(p: Vec3, radius: f32, height: f32) -> f32 {
    corner(p.xz().length() - radius, (p.y - height / 2.0).abs() - height / 2.0)
}

/// A vertical conical frustum with radius `low` at height 0 and `high` at `height`.
pub(crate) fn frustum(p: Vec3, low: f32, high: f32, height: f32) -> f32 {
    let side = Vec2::new(height, low - high).normalize();
    let across = Vec2::new(p.xz().length() - low, p.y).dot(side);
    corner(across, (p.y - height / 2.0).abs() - height / 2.0)
}

/// A torus at the origin about the z axis.
pub(crate) fn torus(p: Vec3, radius: f32, thickness: f32) -> f32 {
    Vec2::new(p.xy().length() - radius, p.z).length() - thickness
}

/// A plate: an outline extruded by `half` to both sides along z, with edges rounded by the radius `round`.
pub(crate) fn plate(outline: f32, z: f32, half: f32, round: f32) -> f32 {
    corner(outline + round, z.abs() - (half - round)) - round
}

/// The outline of a five-pointed star with one point up.
pub(crate) fn star(p: Vec2, outer: f32, inner: f32) -> f32 {
    use std::f32::consts::PI;
    let sector = 2.0 * PI / 5.0;
    let angle = p.x.atan2(p.y);
    let folded = (angle - sector * (angle / sector).round()).abs();
    let q = p.length() * Vec2::new(folded.sin(), folded.cos());
    segment(q, Vec2::new(0.0, outer), inner * Vec2::new((PI / 5.0).sin(), (PI / 5.0).cos()))
}

/// The distance to the segment from `a` to `b`, negative to its right (y up).
fn segment(p: Vec2, a: Vec2, b: Vec2) -> f32 {
    let (along, from) = (b - a, p - a);
    let near = from - along * (from.dot(along) / along.length_squared()).clamp(0.0, 1.0);
    near.length() * (along.perp_dot(from)).signum()
}

/// The outline of a heart with its tip at the origin: a square standing on a corner, with half a disc on each upper side.
pub(crate) fn heart(p: Vec2, side: f32) -> f32 {
    let turned = Vec2::new(p.x + p.y, p.y - p.x) * std::f32::consts::FRAC_1_SQRT_2;
    let q = (turned - side / 2.0).abs() - side / 2.0;
    let square = q.max(Vec2::ZERO).length() + q.max_element().min(0.0);
    let discs = (turned - Vec2::new(side, side / 2.0)).length().min((turned - Vec2::new(side / 2.0, side)).length()) - side / 2.0;
    square.min(discs)
}

/// A straight rod with round ends.
pub(crate) fn rod(p: Vec3, a: Vec3, b: Vec3, radius: f32) -> f32 {
    let (along, from) = (b - a, p - a);
    (from - along * (from.dot(along) / along.length_squared()).clamp(0.0, 1.0)).length() - radius
}

/// A triangle with its corners counterclockwise, as an outline.
pub(crate) fn triangle(p: Vec2, a: Vec2, b: Vec2, c: Vec2) -> f32 {
    let side = |from: Vec2, to: Vec2| (to - from).normalize().perp_dot(from - p);
    side(a, b).max(side(b, c)).max(side(c, a))
}

/// A point turned about the vertical axis into the first of `count` equal sectors, which lies around the x axis.
pub(crate) fn sector(p: Vec2, count: f32) -> Vec2 {
    let width = std::f32::consts::TAU / count;
    let angle = p.y.atan2(p.x);
    let folded = angle - width * (angle / width).round();
    p.length() * Vec2::new(folded.cos(), folded.sin())
}

/// The smooth union of two solids, blended over a width.
pub(crate) fn smooth(a: f32, b: f32, width: f32) -> f32 {
    let h = (width - (a - b).abs()).max(0.0) / width;
    a.min(b) - h * h * width * 0.25
}
