//! What the hosts' tests edit: a mug and a duck on a table, which the built-in model knows.

use dedit_toys::{Back, Camera, Colour, Drawing, Ground, Kind, Look, Material, Scene, Toy, draw};
use image::RgbImage;

/// The rectangle round the mug: left, top, width, height. Its edges are hard, so that every program means the same pixels.
pub(crate) const MUG: [u32; 4] = [8, 42, 56, 52];

/// A mug and a duck on a table, 128 pixels wide and high.
pub(crate) fn table() -> RgbImage {
    table_of(128)
}

/// The same, of another size.
pub(crate) fn table_of(side: u32) -> RgbImage {
    drawing(side).picture
}

/// The same, with the truth about what is where: the mug is 1, the duck 2.
pub(crate) fn drawing(side: u32) -> Drawing {
    let toy = |colour, kind, x, size, turn| Toy { kind, colour, material: Material::Plastic, x, z: 0.4, size, turn };
    let toys = vec![toy(Colour::Red, Kind::Mug, -0.75, 1.1, 0.0), toy(Colour::Yellow, Kind::Duck, 0.72, 1.0, -0.2)];
    let camera = Camera { height: 1.35, distance: 6.0 };
    draw(&Scene { look: Look::Plain, camera, light: -0.6, pattern: 7.0, ground: Ground::Wood, back: Back::BlueWall, toys }, side)
}
