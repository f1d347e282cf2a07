//! Signed distance functions of the toys: each stands at height 0, is about 1 high, and faces the z axis.

use glam::{Vec2, Vec3, Vec3Swizzles};

use crate::parts::{Part, Sample, nearest};
use crate::solids::{ball, block, cylinder, ellipsoid, frustum, heart, plate, smooth, star, torus};
use crate::words::Kind;
use crate::{figures, unseen};

/// The signed distance to a toy of about height 1 from a point in its own coordinates.
pub(crate) fn sample(kind: Kind, p: Vec3) -> Sample {
    match kind {
        Kind::Ball => (ball(p - Vec3::Y * 0.46, 0.46), Part::Main),
        Kind::Cube => (block(p - Vec3::Y * 0.4, Vec3::splat(0.4), 0.04), Part::Main),
        Kind::Cone => (frustum(p, 0.46, 0.02, 1.02), Part::Main),
        Kind::Ring => (torus(p - Vec3::Y * 0.5, 0.35, 0.15), Part::Main),
        Kind::Star => (plate(star(p.xy() - Vec2::Y * 0.47, 0.58, 0.26), p.z, 0.14, 0.03), Part::Main),
        Kind::Heart => (plate(heart(p.xy(), 0.58), p.z, 0.16, 0.05), Part::Main),
        Kind::Mushroom => mushroom(p),
        Kind::Tree => tree(p),
        Kind::House => house(p),
        Kind::Mug => mug(p),
        Kind::Rocket => rocket(p),
        Kind::Duck => duck(p),
        Kind::Snowman => snowman(p),
        Kind::Car => car(p),
        Kind::Apple => figures::apple(p),
        Kind::Boat => figures::boat(p),
        Kind::Bell => figures::bell(p),
        Kind::Chair => figures::chair(p),
        Kind::Crown => figures::crown(p),
        Kind::Flower => figures::flower(p),
        Kind::Bear => figures::bear(p),
        Kind::Castle => figures::castle(p),
        Kind::Bottle => unseen::bottle(p),
        Kind::Lamp => unseen::lamp(p),
        Kind::Fish => unseen::fish(p),
        Kind::Robot => unseen::robot(p),
        Kind::Cactus => unseen::cactus(p),
        Kind::Guitar => unseen::guitar(p),
        Kind::Teapot => unseen::teapot(p),
        Kind::Bicycle => unseen::bicycle(p),
    }
}

fn mushroom(p: Vec3) -> Sample {
    let dome = ellipsoid(p - Vec3::Y * 0.5, Vec3::new(0.5, 0.44, 0.5));
    let cap = dome.max(0.5 - p.y);
    let spots = [(0.0, 0.72, 0.4), (-0.34, 0.62, 0.26), (0.34, 0.64, 0.24), (-0.15, 0.88, 0.16), (0.2, 0.86, 0.2), (0.0, 0.7, -0.42)];
    let spot = spots.into_iter().map(|(x, y, z)| ball(p - Vec3::new(x, y, z), 0.12)).fold(f32::INFINITY, f32::min);
    let cap = (cap, if spot < 0.0 { Part::Pale } else { Part::Main });
    nearest([cap, (frustum(p, 0.17, 0.14, 0.52), Part::Pale)])
}

fn tree(p: Vec3) -> Sample {
    let crown = [(0.2, 0.46, 0.4), (0.46, 0.37, 0.36), (0.7, 0.27, 0.36)];
    let crown = crown.into_iter().map(|(y, radius, height)| frustum(p - Vec3::Y * y, radius, 0.02, height)).fold(f32::INFINITY, f32::min);
    nearest([(crown, Part::Main), (cylinder(p, 0.09, 0.25), Part::Brown)])
}

fn house(p: Vec3) -> Sample {
    let walls = block(p - Vec3::new(0.0, 0.29, 0.0), Vec3::new(0.4, 0.29, 0.32), 0.01);
    let door = p.x.abs() < 0.09 && p.y < 0.34;
    let window = (p.x.abs() - 0.25).abs() < 0.075 && (p.y - 0.36).abs() < 0.085;
    let paint = match (p.z.abs() > 0.3, door, window) {
        (true, true, _) => Part::Brown,
        (true, _, true) => Part::Glass,
        _ => Part::Main,
    };
    // Two slopes and two gables; the ridge runs from left to right, so that a slope faces the camera.
    let slope = (p.z.abs() * 0.72 + (p.y - 0.96) * 0.69).max(0.55 - p.y).max(p.x.abs() - 0.47);
    nearest([(walls, paint), (slope, Part::Dark)])
}

fn mug(p: Vec3) -> Sample {
    let (radius, height) = (0.36, 0.86);
    let body = cylinder(p, radius, height) - 0.02;
    let hollow = cylinder(p - Vec3::Y * 0.08, radius - 0.05, 1.0);
    let handle = torus(p - Vec3::new(radius, 0.44, 0.0), 0.21, 0.06).max(radius - 0.03 - p.x);
    (body.max(-hollow).min(handle), Part::Main)
}

fn rocket(p: Vec3) -> Sample {
    let hull = ellipsoid(p - Vec3::Y * 0.6, Vec3::new(0.24, 0.56, 0.24)).max(0.18 - p.y);
    let window = Vec2::new(p.x, p.y - 0.68).length() < 0.105 && p.z > 0.0;
    let paint = match (p.y > 0.9, window) {
        (true, _) => Part::Dark,
        (_, true) => Part::Glass,
        _ => Part::Main,
    };
    // Four fins, by symmetry: the point is mapped to one quarter of the space.
    let q = if p.x.abs() > p.z.abs() { Vec3::new(p.x.abs(), p.y, p.z) } else { Vec3::new(p.z.abs(), p.y, p.x) };
    let fin = (q.x * 0.75 + (q.y - 0.5) * 0.66)
        .max(0.16 - q.x)
        .max(q.z.abs() - 0.035)
        .max(-q.y)
        .max(q.x - 0.43)
        .max(0.34 - q.x - q.y * 0.9 - 0.12);
    nearest([(hull, paint), (fin, Part::Dark)])
}

fn duck(p: Vec3) -> Sample {
    let body = ellipsoid(p - Vec3::new(-0.06, 0.3, 0.0), Vec3::new(0.46, 0.3, 0.32));
    let head = ball(p - Vec3::new(0.2, 0.72, 0.0), 0.24);
    let tail = ellipsoid(p - Vec3::new(-0.47, 0.5, 0.0), Vec3::new(0.13, 0.15, 0.12));
    let wing = ellipsoid(Vec3::new(p.x + 0.1, p.y - 0.34, p.z.abs() - 0.28), Vec3::new(0.24, 0.14, 0.08));
    let bird = smooth(smooth(body, head, 0.16), tail, 0.14).min(wing);
    let beak = ellipsoid(p - Vec3::new(0.47, 0.67, 0.0), Vec3::new(0.13, 0.05, 0.1));
    let eye = ball(Vec3::new(p.x - 0.31, p.y - 0.79, p.z.abs() - 0.17), 0.045);
    nearest([(bird, Part::Main), (beak, Part::Beak), (eye, Part::Dark)])
}

fn snowman(p: Vec3) -> Sample {
    let body = ball(p - Vec3::Y * 0.32, 0.33).min(ball(p - Vec3::Y * 0.72, 0.22));
    let scarf = torus((p - Vec3::Y * 0.575).xzy(), 0.17, 0.05);
    let hat = cylinder(p - Vec3::Y * 0.88, 0.24, 0.035).min(cylinder(p - Vec3::Y * 0.9, 0.155, 0.22));
    let nose = frustum((p - Vec3::new(0.0, 0.72, 0.2)).xzy(), 0.045, 0.01, 0.17);
    let eyes = ball(Vec3::new(p.x.abs() - 0.085, p.y - 0.79, p.z - 0.195), 0.032);
    let buttons = ball(Vec3::new(p.x, (p.y - 0.33).abs() - 0.09, p.z - 0.31), 0.036);
    nearest([(body, Part::Main), (scarf, Part::Pale), (hat.min(eyes).min(buttons), Part::Dark), (nose, Part::Beak)])
}

fn car(p: Vec3) -> Sample {
    let body = block(p - Vec3::Y * 0.3, Vec3::new(0.62, 0.17, 0.29), 0.07);
    let taper = (p.y - 0.4).max(0.0) * 0.35;
    let cabin = block(p - Vec3::new(-0.05, 0.5, 0.0), Vec3::new(0.36 - taper, 0.2, 0.25 - 0.4 * taper), 0.05) * 0.9;
    let glass = (0.47..0.64).contains(&p.y) && (p.x + 0.05).abs() > 0.035;
    let sides = p.z.abs() > 0.15 || (p.x + 0.05).abs() > 0.26;
    let wheel = (p - Vec3::Y * 0.15).abs() - Vec3::new(0.36, 0.0, 0.26);
    let tyre = cylinder((wheel + Vec3::Z * 0.06).xzy(), 0.15, 0.12);
    let hub = Vec2::new(wheel.x, wheel.y).length() < 0.07;
    let paint = if glass && sides { Part::Glass } else { Part::Main };
    nearest([(body, Part::Main), (cabin, paint), (tyre, if hub { Part::Pale } else { Part::Dark })])
}

/// The typical rotation of a toy in radians, at which its outline is recognisable.
pub(crate) fn usual_turn(kind: Kind) -> f32 {
    match kind {
        Kind::Cube | Kind::Chair => 0.55,
        Kind::House | Kind::Castle => -0.4,
        Kind::Car | Kind::Duck | Kind::Boat | Kind::Fish | Kind::Teapot | Kind::Bicycle => -0.2,
        _ => 0.0,
    }
}

/// The largest half width of a toy of size 1 over all rotations.
pub(crate) fn half_width(kind: Kind) -> f32 {
    match kind {
        Kind::Bottle => 0.3,
        Kind::Rocket | Kind::Snowman | Kind::Guitar | Kind::Lamp => 0.42,
        Kind::Chair | Kind::Cactus | Kind::Flower => 0.46,
        Kind::Ball | Kind::Cone | Kind::Ring | Kind::Tree | Kind::Apple | Kind::Bell | Kind::Crown | Kind::Bear | Kind::Robot => 0.5,
        Kind::Star | Kind::Mushroom | Kind::Heart => 0.55,
        Kind::Cube => 0.56,
        Kind::House | Kind::Mug | Kind::Duck | Kind::Castle => 0.6,
        Kind::Car | Kind::Boat | Kind::Fish | Kind::Teapot | Kind::Bicycle => 0.68,
    }
}

/// The height of a toy of size 1.
pub(crate) fn height(kind: Kind) -> f32 {
    match kind {
        Kind::Car | Kind::Fish => 0.75,
        Kind::Cube | Kind::Crown => 0.85,
        Kind::Mug | Kind::Teapot | Kind::Bicycle => 0.9,
        Kind::Rocket | Kind::Snowman | Kind::Castle | Kind::Flower => 1.16,
        _ => 1.06,
    }
}
