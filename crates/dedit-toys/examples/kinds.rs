//! Draws every kind of toy in every material: `cargo run --release -p dedit-toys --example kinds -- FILE [SIDE]`.
//!
//! A row is a material, a column a kind; the kinds that no training sees come last, on grounds that no training sees.

use std::error::Error;

use dedit_toys::{Back, Camera, Colour, Ground, Kind, Look, Material, Scene, Toy, draw};
use image::RgbImage;
use image::imageops::replace;
use rayon::prelude::*;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [file, rest @ ..] = arguments.as_slice() else { return Err("say FILE [SIDE]".into()) };
    let side = rest.first().map_or(Ok(256), |side| side.parse::<u32>())?;
    let cells: Vec<(usize, usize)> =
        (0..Material::EVERY.len()).flat_map(|row| (0..Kind::EVERY.len()).map(move |column| (row, column))).collect();
    let drawn: Vec<RgbImage> = cells.par_iter().map(|(row, column)| draw(&alone(*row, *column), side).picture).collect();
    let mut sheet = RgbImage::new(side * Kind::EVERY.len() as u32, side * Material::EVERY.len() as u32);
    for ((row, column), picture) in cells.iter().zip(&drawn) {
        replace(&mut sheet, picture, i64::from(side) * *column as i64, i64::from(side) * *row as i64);
    }
    Ok(sheet.save(file)?)
}

/// A scene with one toy.
fn alone(row: usize, column: usize) -> Scene {
    let kind = Kind::EVERY[column];
    let grounds = if Kind::UNSEEN.contains(&kind) { Ground::UNSEEN } else { Ground::ALL };
    let (colour, material) = (Colour::EVERY[(column + 3 * row) % Colour::EVERY.len()], Material::EVERY[row]);
    let toy = Toy { kind, colour, material, x: 0.05, z: 0.2, size: 1.7, turn: -0.25 };
    Scene {
        look: Look::Detailed,
        camera: Camera { height: 1.6, distance: 6.0 },
        light: if column.is_multiple_of(2) { -0.7 } else { 0.7 },
        pattern: (column * 3 + row) as f32,
        ground: grounds[(column + row) % grounds.len()],
        back: Back::EVERY[(column + 2 * row) % Back::EVERY.len()],
        toys: vec![toy],
    }
}
