//! Signed distance functions of the kinds that came with detailed scenes.

use glam::{Vec2, Vec3, Vec3Swizzles};

use crate::parts::{Part, Sample, nearest};
use crate::solids::{ball, block, cylinder, ellipsoid, frustum, plate, rod, sector, smooth, torus, triangle};

pub(crate) fn apple(p: Vec3) -> Sample {
    // A circle turned about the vertical axis, with dimples where it crosses it; narrower below.
    let narrow = 1.0 + 0.22 * (0.45 - p.y);
    let q = Vec2::new(p.xz().length() * narrow - 0.19, (p.y - 0.43) / 1.38);
    let body = (q.length() - 0.29) * 0.85;
    let stem = rod(p, Vec3::new(0.0, 0.62, 0.0), Vec3::new(0.06, 0.98, 0.0), 0.03);
    let leaf = ellipsoid(p - Vec3::new(0.2, 0.93, 0.02), Vec3::new(0.17, 0.05, 0.09));
    nearest([(body, Part::Main), (stem, Part::Brown), (leaf, Part::Leaf)])
}

pub(crate) fn boat(p: Vec3) -> Sample {
    let hull = ellipsoid(p - Vec3::Y * 0.34, Vec3::new(0.64, 0.36, 0.27)).max(p.y - 0.34).max(-p.y);
    let hollow = ellipsoid(p - Vec3::Y * 0.38, Vec3::new(0.54, 0.2, 0.19));
    let hull = (hull.max(-hollow), if p.y > 0.28 { Part::Pale } else { Part::Main });
    let mast = rod(p, Vec3::new(0.02, 0.12, 0.0), Vec3::new(0.02, 1.02, 0.0), 0.028);
    let large = triangle(p.xy(), Vec2::new(0.07, 0.4), Vec2::new(0.52, 0.4), Vec2::new(0.07, 1.0));
    let small = triangle(p.xy(), Vec2::new(-0.04, 0.4), Vec2::new(-0.04, 0.9), Vec2::new(-0.4, 0.4));
    nearest([hull, (mast, Part::Brown), (plate(large, p.z, 0.03, 0.01), Part::Pale), (plate(small, p.z, 0.03, 0.01), Part::Main)])
}

pub(crate) fn bell(p: Vec3) -> Sample {
    let dome = ellipsoid(p - Vec3::Y * 0.56, Vec3::new(0.25, 0.28, 0.25));
    let body = smooth(dome, frustum(p - Vec3::Y * 0.14, 0.4, 0.21, 0.42), 0.1);
    let lip = torus((p - Vec3::Y * 0.14).xzy(), 0.4, 0.05);
    let body = smooth(body, lip, 0.08);
    let loops = torus(p - Vec3::Y * 0.9, 0.09, 0.035);
    let band = torus((p - Vec3::Y * 0.6).xzy(), 0.235, 0.035);
    let clapper = ball(p - Vec3::Y * 0.1, 0.1);
    nearest([(body.min(loops), Part::Main), (band, Part::Pale), (clapper, Part::Dark)])
}

pub(crate) fn chair(p: Vec3) -> Sample {
    let seat = block(p - Vec3::Y * 0.46, Vec3::new(0.34, 0.045, 0.32), 0.02);
    let cushion = block(p - Vec3::Y * 0.52, Vec3::new(0.28, 0.05, 0.26), 0.04);
    let leg = Vec3::new(p.x.abs() - 0.29, p.y - 0.22, p.z.abs() - 0.27);
    let legs = block(leg, Vec3::new(0.04, 0.22, 0.04), 0.01);
    let posts = block(Vec3::new(p.x.abs() - 0.29, p.y - 0.74, p.z + 0.28), Vec3::new(0.04, 0.29, 0.035), 0.02);
    let rails = block(Vec3::new(p.x, (p.y - 0.8).abs() - 0.13, p.z + 0.28), Vec3::new(0.29, 0.06, 0.025), 0.01);
    nearest([(seat.min(legs).min(posts).min(rails), Part::Main), (cushion, Part::Pale)])
}

pub(crate) fn crown(p: Vec3) -> Sample {
    let q = sector(p.xz(), 6.0);
    // Six points: the height falls on both sides of the middle of each sector.
    let top = 0.72 - 0.42 * (q.y.abs() / 0.24).min(1.0);
    let wall = ((p.xz().length() - 0.42 - 0.06 * p.y).abs() - 0.035).max(-p.y).max((p.y - top) * 0.5);
    let tip = ball(Vec3::new(q.x - 0.46, p.y - 0.74, q.y), 0.07);
    let rim = torus((p - Vec3::Y * 0.06).xzy(), 0.425, 0.055);
    let jewel = ellipsoid(Vec3::new(q.x - 0.47, p.y - 0.28, q.y), Vec3::new(0.04, 0.08, 0.06));
    nearest([(wall.min(rim), Part::Main), (tip, Part::Pale), (jewel, Part::Glass)])
}

pub(crate) fn flower(p: Vec3) -> Sample {
    let pot = frustum(p, 0.17, 0.23, 0.27).min(torus((p - Vec3::Y * 0.26).xzy(), 0.22, 0.035));
    let stem = rod(p, Vec3::new(0.0, 0.25, 0.0), Vec3::new(0.0, 0.7, 0.0), 0.032);
    let leaf = ellipsoid(Vec3::new(p.x.abs() - 0.17, p.y - 0.46 - 0.25 * (p.x.abs() - 0.17), p.z), Vec3::new(0.16, 0.05, 0.08));
    let head = p - Vec3::new(0.0, 0.79, 0.04);
    let q = sector(head.xy(), 6.0);
    let petal = ellipsoid(Vec3::new(q.x - 0.23, q.y, head.z), Vec3::new(0.15, 0.115, 0.05));
    let eye = ellipsoid(head - Vec3::Z * 0.02, Vec3::new(0.125, 0.125, 0.09));
    nearest([(petal, Part::Main), (eye, Part::Beak), (stem.min(leaf), Part::Leaf), (pot, Part::Brown)])
}

pub(crate) fn bear(p: Vec3) -> Sample {
    let across = Vec3::new(p.x.abs(), p.y, p.z);
    let body = ellipsoid(p - Vec3::Y * 0.32, Vec3::new(0.29, 0.33, 0.25));
    let head = ellipsoid(p - Vec3::new(0.0, 0.75, 0.02), Vec3::new(0.27, 0.24, 0.23));
    let ear = ball(across - Vec3::new(0.22, 0.95, 0.0), 0.1);
    let arm = rod(across, Vec3::new(0.24, 0.46, 0.04), Vec3::new(0.38, 0.27, 0.17), 0.085);
    let leg = rod(across, Vec3::new(0.17, 0.12, 0.08), Vec3::new(0.27, 0.13, 0.3), 0.115);
    let fur = smooth(smooth(body, head, 0.06), arm.min(leg).min(ear), 0.03);
    let muzzle = ellipsoid(p - Vec3::new(0.0, 0.68, 0.22), Vec3::new(0.13, 0.1, 0.08));
    let sole = ball(across - Vec3::new(0.29, 0.13, 0.38), 0.075);
    let belly = ellipsoid(p - Vec3::new(0.0, 0.32, 0.17), Vec3::new(0.17, 0.2, 0.1));
    let inner = ball(across - Vec3::new(0.22, 0.95, 0.06), 0.06);
    let nose = ellipsoid(p - Vec3::new(0.0, 0.72, 0.29), Vec3::new(0.05, 0.035, 0.03));
    let eye = ball(across - Vec3::new(0.1, 0.81, 0.22), 0.033);
    nearest([(fur, Part::Main), (muzzle.min(sole).min(belly).min(inner), Part::Pale), (nose.min(eye), Part::Dark)])
}

pub(crate) fn castle(p: Vec3) -> Sample {
    let walls = block(p - Vec3::Y * 0.25, Vec3::new(0.42, 0.25, 0.26), 0.01);
    let merlon = Vec3::new(((p.x + 0.42) / 0.168).rem_euclid(1.0) * 0.168 - 0.084, p.y - 0.53, p.z.abs() - 0.22);
    let merlons = block(merlon, Vec3::new(0.048, 0.06, 0.04), 0.005).max(p.x.abs() - 0.42);
    let side = Vec3::new(p.x.abs() - 0.42, p.y, p.z - 0.2);
    let towers = cylinder(side, 0.15, 0.7);
    let keep = block(p - Vec3::new(0.0, 0.4, -0.06), Vec3::new(0.17, 0.4, 0.15), 0.01);
    let roofs = frustum(side - Vec3::Y * 0.7, 0.19, 0.01, 0.32);
    let roof = frustum(p - Vec3::new(0.0, 0.8, -0.06), 0.25, 0.01, 0.3);
    let is_front = p.z > 0.08;
    let door = p.x.abs() < 0.1 && p.y < 0.2 || Vec2::new(p.x, p.y - 0.2).length() < 0.1;
    let window = p.x.abs() < 0.05 && (p.y - 0.66).abs() < 0.08;
    let slit = side.x.abs() < 0.035 && (p.y - 0.48).abs() < 0.08 && side.z > 0.05;
    let paint = |is_open: bool, part: Part| if is_open && is_front { part } else { Part::Main };
    nearest([
        (walls.min(merlons * 0.9), paint(door, Part::Brown)),
        (towers, paint(slit, Part::Dark)),
        (keep, paint(window, Part::Dark)),
        (roofs.min(roof), Part::Dark),
    ])
}
