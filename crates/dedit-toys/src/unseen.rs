//! Signed distance functions of the kinds that are in no scene for training.

use glam::{Vec2, Vec3, Vec3Swizzles};

use crate::parts::{Part, Sample, nearest};
use crate::solids::{ball, block, cylinder, ellipsoid, frustum, plate, rod, sector, smooth, torus};

pub(crate) fn bottle(p: Vec3) -> Sample {
    let body = cylinder(p - Vec3::Y * 0.02, 0.23, 0.56) - 0.02;
    let shoulder = ellipsoid(p - Vec3::Y * 0.57, Vec3::new(0.25, 0.2, 0.25)).max(0.5 - p.y);
    let neck = cylinder(p - Vec3::Y * 0.6, 0.085, 0.36);
    let glass = smooth(body.min(shoulder), neck, 0.06);
    let label = cylinder(p - Vec3::Y * 0.16, 0.255, 0.28);
    let spot = Vec2::new(p.x, p.y - 0.3).length() < 0.08 && p.z > 0.0;
    let cap = cylinder(p - Vec3::Y * 0.94, 0.105, 0.11);
    nearest([(glass, Part::Main), (label, if spot { Part::Beak } else { Part::Pale }), (cap, Part::Dark)])
}

pub(crate) fn lamp(p: Vec3) -> Sample {
    let foot = ellipsoid(p, Vec3::new(0.27, 0.09, 0.27)).max(-p.y);
    let stem = rod(p, Vec3::Y * 0.05, Vec3::Y * 0.7, 0.035).min(ball(p - Vec3::Y * 0.3, 0.085));
    let outside = frustum(p - Vec3::Y * 0.56, 0.4, 0.22, 0.44);
    let shade = outside.max(-frustum(p - Vec3::Y * 0.53, 0.385, 0.195, 0.48));
    let bands = (p.y - 0.6).abs() < 0.03 || (p.y - 0.96).abs() < 0.03;
    let bulb = ball(p - Vec3::Y * 0.68, 0.11);
    nearest([(shade, if bands { Part::Pale } else { Part::Main }), (foot.min(stem), Part::Brown), (bulb, Part::Beak)])
}

pub(crate) fn fish(p: Vec3) -> Sample {
    let body = ellipsoid(p - Vec3::new(0.08, 0.36, 0.0), Vec3::new(0.46, 0.3, 0.19));
    let tail = Vec2::new(-p.x - 0.3, p.y - 0.36);
    // Two lobes, wider with the distance from the body.
    let lobes = (tail.y.abs() - 0.05 - 0.8 * tail.x).max(-tail.x).max(tail.x - 0.33 + 0.35 * (0.24 - tail.y.abs()).max(0.0)) * 0.7;
    let back = ellipsoid(p - Vec3::new(0.02, 0.64, 0.0), Vec3::new(0.24, 0.12, 0.04));
    let side = ellipsoid(Vec3::new(p.x - 0.08, p.y - 0.28, p.z.abs() - 0.19), Vec3::new(0.13, 0.06, 0.05));
    let belly = ellipsoid(p - Vec3::new(0.08, 0.06, 0.0), Vec3::new(0.1, 0.07, 0.05));
    let is_stripe = (p.x - 0.19).abs() < 0.045 || (p.x + 0.08).abs() < 0.05;
    let eye = ball(Vec3::new(p.x - 0.36, p.y - 0.45, p.z.abs() - 0.12), 0.06);
    let pupil = Vec2::new(p.x - 0.375, p.y - 0.455).length() < 0.034;
    nearest([
        (body, if is_stripe { Part::Pale } else { Part::Main }),
        (plate(lobes, p.z, 0.045, 0.015).min(back).min(side).min(belly), Part::Beak),
        (eye, if pupil { Part::Dark } else { Part::Pale }),
    ])
}

pub(crate) fn robot(p: Vec3) -> Sample {
    let across = Vec3::new(p.x.abs(), p.y, p.z);
    let chest = block(p - Vec3::Y * 0.42, Vec3::new(0.25, 0.2, 0.17), 0.04);
    let head = block(p - Vec3::Y * 0.8, Vec3::new(0.2, 0.14, 0.15), 0.04);
    let legs = block(across - Vec3::new(0.13, 0.13, 0.0), Vec3::new(0.07, 0.12, 0.08), 0.02);
    let feet = block(across - Vec3::new(0.14, 0.045, 0.04), Vec3::new(0.1, 0.045, 0.14), 0.02);
    let arms = rod(across, Vec3::new(0.27, 0.54, 0.0), Vec3::new(0.38, 0.32, 0.08), 0.055);
    let hands = ball(across - Vec3::new(0.39, 0.27, 0.1), 0.085);
    let neck = cylinder(p - Vec3::Y * 0.6, 0.08, 0.1);
    let antenna = rod(p, Vec3::Y * 0.9, Vec3::Y * 1.03, 0.02);
    let lights = ball(across - Vec3::new(0.085, 0.83, 0.15), 0.052);
    let knob = ball(p - Vec3::Y * 1.03, 0.05).min(ball(Vec3::new((p.x).abs() - 0.11, p.y - 0.5, p.z - 0.17), 0.035));
    let mouth = p.z > 0.1 && p.x.abs() < 0.1 && (p.y - 0.73).abs() < 0.022;
    let panel = p.z > 0.1 && p.x.abs() < 0.16 && (p.y - 0.36).abs() < 0.075;
    nearest([
        (chest, if panel { Part::Pale } else { Part::Main }),
        (head, if mouth { Part::Dark } else { Part::Main }),
        (arms.min(legs), Part::Main),
        (feet.min(hands).min(neck).min(antenna), Part::Dark),
        (lights, Part::Glass),
        (knob, Part::Beak),
    ])
}

pub(crate) fn cactus(p: Vec3) -> Sample {
    let trunk = rod(p, Vec3::Y * 0.2, Vec3::Y * 0.86, 0.16);
    let right = rod(p, Vec3::new(0.1, 0.5, 0.0), Vec3::new(0.3, 0.52, 0.0), 0.08).min(rod(
        p,
        Vec3::new(0.32, 0.53, 0.0),
        Vec3::new(0.32, 0.78, 0.0),
        0.08,
    ));
    let left = rod(p, Vec3::new(-0.1, 0.4, 0.0), Vec3::new(-0.28, 0.41, 0.0), 0.075).min(rod(
        p,
        Vec3::new(-0.3, 0.42, 0.0),
        Vec3::new(-0.3, 0.6, 0.0),
        0.075,
    ));
    let body = smooth(trunk, right.min(left), 0.05);
    let is_rib = sector(p.xz(), 10.0).y.abs() < 0.018 && p.xz().length() < 0.19;
    let pot = frustum(p, 0.19, 0.26, 0.27).min(torus((p - Vec3::Y * 0.26).xzy(), 0.25, 0.04));
    let blossom = ball(p - Vec3::new(0.0, 1.0, 0.03), 0.075).min(ball(p - Vec3::new(0.32, 0.87, 0.03), 0.05));
    nearest([(body, if is_rib { Part::Pale } else { Part::Main }), (pot, Part::Brown), (blossom, Part::Beak)])
}

pub(crate) fn guitar(p: Vec3) -> Sample {
    let lower = Vec2::new(p.x, p.y - 0.27).length() - 0.27;
    let upper = Vec2::new(p.x, p.y - 0.53).length() - 0.2;
    let body = plate(smooth(lower, upper, 0.1), p.z, 0.1, 0.03);
    let neck = block(p - Vec3::new(0.0, 0.79, 0.09), Vec3::new(0.045, 0.22, 0.03), 0.01);
    let head = block(p - Vec3::new(0.0, 0.99, 0.08), Vec3::new(0.075, 0.07, 0.03), 0.015);
    let pegs = ball(Vec3::new(p.x.abs() - 0.1, (p.y - 0.99).abs() - 0.035, p.z - 0.08), 0.024);
    let bridge = block(p - Vec3::new(0.0, 0.17, 0.11), Vec3::new(0.1, 0.025, 0.02), 0.01);
    let is_front = p.z > 0.06;
    let hole = Vec2::new(p.x, p.y - 0.4).length();
    let guard = Vec2::new(p.x - 0.13, p.y - 0.27).length() < 0.075;
    let paint = match (is_front, hole) {
        (true, ..0.085) => Part::Dark,
        (true, ..0.11) => Part::Pale,
        (true, _) if guard => Part::Pale,
        _ => Part::Main,
    };
    nearest([(body, paint), (neck.min(bridge), Part::Brown), (head, Part::Dark), (pegs, Part::Pale)])
}

pub(crate) fn teapot(p: Vec3) -> Sample {
    let belly = ellipsoid(p - Vec3::Y * 0.36, Vec3::new(0.39, 0.33, 0.37)).max(0.03 - p.y);
    let foot = cylinder(p, 0.24, 0.07);
    let spout = rod(p, Vec3::new(0.3, 0.26, 0.0), Vec3::new(0.5, 0.44, 0.0), 0.075).min(rod(
        p,
        Vec3::new(0.5, 0.44, 0.0),
        Vec3::new(0.58, 0.62, 0.0),
        0.055,
    ));
    let handle = torus(p - Vec3::new(-0.4, 0.38, 0.0), 0.19, 0.05);
    let body = smooth(belly, spout, 0.07).min(handle.max(belly - 0.4)).min(foot);
    let lid = ellipsoid(p - Vec3::Y * 0.66, Vec3::new(0.22, 0.09, 0.22));
    let rim = torus((p - Vec3::Y * 0.65).xzy(), 0.22, 0.03);
    let knob = ball(p - Vec3::Y * 0.8, 0.065);
    let is_band = (p.y - 0.36).abs() < 0.05 && p.xz().length() < 0.41;
    nearest([(body, if is_band { Part::Pale } else { Part::Main }), (lid, Part::Main), (rim, Part::Pale), (knob, Part::Dark)])
}

pub(crate) fn bicycle(p: Vec3) -> Sample {
    let wheel = Vec3::new(p.x.abs() - 0.37, p.y - 0.27, p.z);
    let tyre = torus(wheel, 0.225, 0.042);
    let hub = ball(wheel, 0.05);
    let spokes = sector(wheel.xy(), 8.0);
    let spokes = rod(Vec3::new(spokes.x, spokes.y, p.z), Vec3::ZERO, Vec3::X * 0.22, 0.012);
    let bar = |from: (f32, f32), to: (f32, f32)| rod(p, Vec3::new(from.0, from.1, 0.0), Vec3::new(to.0, to.1, 0.0), 0.035);
    let (rear, front, crank, seat, head) = ((-0.37, 0.27), (0.37, 0.27), (-0.04, 0.27), (-0.14, 0.6), (0.27, 0.62));
    let frame =
        bar(rear, crank).min(bar(rear, seat)).min(bar(crank, seat)).min(bar(crank, head)).min(bar(seat, head)).min(bar(front, head));
    let stem = rod(p, Vec3::new(0.27, 0.6, 0.0), Vec3::new(0.24, 0.8, 0.0), 0.03);
    let handlebar = rod(p, Vec3::new(0.25, 0.81, -0.17), Vec3::new(0.25, 0.81, 0.17), 0.03);
    let saddle = ellipsoid(p - Vec3::new(-0.17, 0.7, 0.0), Vec3::new(0.15, 0.05, 0.09)).min(bar(seat, (-0.16, 0.68)));
    let chainring = cylinder((p - Vec3::new(-0.04, 0.27, -0.03)).xzy(), 0.085, 0.06);
    nearest([
        (tyre.min(saddle), Part::Dark),
        (hub.min(spokes).min(chainring), Part::Pale),
        (frame.min(stem), Part::Main),
        (handlebar, Part::Brown),
    ])
}
