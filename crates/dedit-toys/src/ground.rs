//! The colours of grounds, walls and skies: smooth patterns without visible repetition.

use glam::{Vec2, Vec3};

use crate::words::{Back, Ground};

/// Value noise in `[0, 1]` on a lattice of spacing 1.
pub(crate) fn noise(at: Vec2) -> f32 {
    let cell = at.floor();
    let f = at - cell;
    let f = f * f * (3.0 - 2.0 * f);
    let value = |dx: i32, dy: i32| lattice(cell.x as i32 + dx, cell.y as i32 + dy);
    let upper = value(0, 0) + (value(1, 0) - value(0, 0)) * f.x;
    let lower = value(0, 1) + (value(1, 1) - value(0, 1)) * f.x;
    upper + (lower - upper) * f.y
}

/// A hash of a lattice point, in `[0, 1]`.
fn lattice(x: i32, y: i32) -> f32 {
    let mut bits = (x as u32).wrapping_mul(0x9E37_79B1) ^ (y as u32).wrapping_mul(0x85EB_CA77);
    bits = (bits ^ (bits >> 15)).wrapping_mul(0x2C1B_3C6D);
    bits = (bits ^ (bits >> 12)).wrapping_mul(0x297A_2D39);
    (bits >> 8) as f32 / (1 << 24) as f32
}

/// The ground's colour at a point of a plain scene.
pub(crate) fn plain(ground: Ground, at: Vec2, pattern: f32) -> Vec3 {
    let at = at + pattern;
    let broad = noise(at * 1.3);
    match ground {
        Ground::Grass => Vec3::new(0.34, 0.58, 0.16).lerp(Vec3::new(0.46, 0.70, 0.24), 0.6 * broad + 0.4 * noise(at * 4.0)),
        Ground::Sand => Vec3::new(0.90, 0.77, 0.54).lerp(Vec3::new(0.97, 0.87, 0.66), 0.7 * broad + 0.3 * noise(at * 3.0)),
        Ground::Wood => Vec3::new(0.58, 0.37, 0.20).lerp(Vec3::new(0.72, 0.50, 0.30), noise(Vec2::new(at.x * 0.5, at.y * 5.0))),
        Ground::Marble => {
            let vein = (at.x * 0.6 + at.y * 0.9 + 1.8 * broad).sin().abs();
            Vec3::new(0.70, 0.72, 0.77).lerp(Vec3::new(0.84, 0.85, 0.87), (vein * 1.6).min(1.0))
        }
        Ground::Stone => Vec3::new(0.42, 0.43, 0.45).lerp(Vec3::new(0.54, 0.54, 0.54), 0.6 * broad + 0.4 * noise(at * 3.5)),
        Ground::Snow | Ground::Brick | Ground::Clay | Ground::Carpet => detailed(ground, at - pattern, pattern, 1.0),
    }
}

/// The ground's colour at a point of a detailed scene. `fine` in `[0, 1]` is the strength of detail of a few hundredths of a toy.
pub(crate) fn detailed(ground: Ground, at: Vec2, pattern: f32, fine: f32) -> Vec3 {
    let moved = at + pattern;
    let grain = |scale: Vec2| (noise(moved * scale) - 0.5) * fine;
    match ground {
        Ground::Grass => {
            let blades = grain(Vec2::new(34.0, 11.0)) + 0.6 * grain(Vec2::new(19.0, 7.0));
            plain(ground, at, pattern) * (1.0 + 0.17 * blades) + Vec3::new(0.02, 0.025, 0.0) * blades
        }
        Ground::Sand => {
            let ripple = (moved.y * 13.0 + 5.0 * noise(moved * 1.1)).sin() * fine;
            plain(ground, at, pattern) * (1.0 + 0.018 * ripple + 0.05 * grain(Vec2::splat(26.0)))
        }
        Ground::Wood => {
            // Boards towards the camera, each of its own tone.
            let board = moved.x / 0.62;
            let (tone, seam) = (lattice(board.floor() as i32, 7), edge(board, 0.62, 0.018));
            let grains = noise(Vec2::new(moved.x * 15.0, moved.y * 1.1 + 9.0 * tone)) + 0.5 * grain(Vec2::new(45.0, 2.5));
            let colour = Vec3::new(0.56, 0.36, 0.20).lerp(Vec3::new(0.74, 0.52, 0.31), 0.5 * tone + 0.5 * grains);
            colour * (1.0 - 0.45 * seam)
        }
        Ground::Marble => plain(ground, at, pattern) * (1.0 + 0.03 * grain(Vec2::splat(9.0))),
        Ground::Stone => {
            let joint = edge(moved.x / 1.15, 1.15, 0.022).max(edge(moved.y / 1.15, 1.15, 0.022));
            let slab = lattice((moved.x / 1.15).floor() as i32, (moved.y / 1.15).floor() as i32);
            plain(ground, at, pattern) * (0.96 + 0.1 * slab + 0.12 * grain(Vec2::splat(24.0))) * (1.0 - 0.32 * joint)
        }
        Ground::Snow => {
            let drift = 0.7 * noise(moved * 0.9) + 0.3 * noise(moved * 2.7);
            Vec3::new(0.80, 0.86, 0.95).lerp(Vec3::new(0.97, 0.98, 1.0), drift) * (1.0 + 0.05 * grain(Vec2::splat(30.0)))
        }
        Ground::Brick => {
            let row = moved.y / 0.34;
            let along = moved.x / 0.68 + 0.5 * (row.floor() % 2.0).abs();
            let tone = lattice(along.floor() as i32, row.floor() as i32);
            let mortar = edge(along, 0.68, 0.024).max(edge(row, 0.34, 0.024));
            let brick = Vec3::new(0.56, 0.23, 0.17).lerp(Vec3::new(0.76, 0.40, 0.29), tone) * (1.0 + 0.2 * grain(Vec2::splat(21.0)));
            brick.lerp(Vec3::new(0.74, 0.70, 0.64), mortar)
        }
        Ground::Clay => {
            let crack = (noise(moved * 1.7) - noise(moved * 1.7 + 31.0)).abs();
            let dry = Vec3::new(0.70, 0.42, 0.28).lerp(Vec3::new(0.84, 0.57, 0.40), noise(moved * 0.8));
            dry * (1.0 + 0.1 * grain(Vec2::splat(16.0))) * (0.62 + 0.38 * (crack * 22.0).min(1.0))
        }
        Ground::Carpet => {
            let stripe = (moved.x / 0.5).rem_euclid(3.0);
            let colour = match stripe as u8 {
                0 => Vec3::new(0.22, 0.34, 0.52),
                1 => Vec3::new(0.90, 0.84, 0.70),
                _ => Vec3::new(0.62, 0.24, 0.30),
            };
            colour * (1.0 + 0.22 * grain(Vec2::splat(38.0)) - 0.25 * edge(moved.x / 0.5, 0.5, 0.02))
        }
    }
}

/// How near a coordinate is to a whole number: 1 at most, 0 from `width` on in units of the ground, where a whole unit is `size` long.
fn edge(coordinate: f32, size: f32, width: f32) -> f32 {
    let far = (coordinate - coordinate.round()).abs() * size;
    1.0 - (far / width - 0.5).clamp(0.0, 1.0)
}

/// The colour of the back in a direction. `height` is that above the ground for a wall, and the vertical component of the direction for a sky.
pub(crate) fn back(back: Back, across: f32, height: f32, pattern: f32) -> Vec3 {
    let wall = |colour: Vec3| colour * (0.94 + 0.06 * (height / 2.5).clamp(0.0, 1.0));
    match back {
        Back::BlueWall => wall(Vec3::new(0.42, 0.60, 0.80)),
        Back::PinkWall => wall(Vec3::new(0.88, 0.66, 0.72)),
        Back::GreyWall => wall(Vec3::new(0.70, 0.71, 0.73)),
        Back::GreenWall => wall(Vec3::new(0.58, 0.72, 0.60)),
        Back::BlueSky => {
            let clear = Vec3::new(0.78, 0.88, 0.97).lerp(Vec3::new(0.40, 0.64, 0.92), (height * 3.2).clamp(0.0, 1.0));
            let cloud = noise(Vec2::new(across * 5.0, height * 14.0) + pattern);
            clear.lerp(Vec3::splat(0.97), ((cloud - 0.55) * 3.0).clamp(0.0, 0.7) * (height * 8.0).clamp(0.0, 1.0))
        }
        Back::SunsetSky => {
            let glow = (height * 4.5).clamp(0.0, 1.0);
            Vec3::new(0.99, 0.80, 0.48).lerp(Vec3::new(0.82, 0.44, 0.50), glow)
        }
    }
}
