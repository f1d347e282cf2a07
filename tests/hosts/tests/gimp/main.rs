//! The plug-in inside GIMP 2.10 and GIMP 3.
//!
//! Run by `cargo xtask test --only gimp`, which makes sure of all that is needed, two tests at a time: the names begin with the GIMP they need.

#![cfg(unix)]
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking, in the functions it calls too")]

mod calls;
mod clicks;
mod documents;
mod expand;
mod going_on;
mod harness;
#[path = "../shared/mirror.rs"]
mod mirror;
mod models;
mod openraster;
#[path = "../shared/photograph.rs"]
mod photograph;
mod profile;
mod refusals;
mod scene;
#[path = "../shared/table.rs"]
mod table;
mod verbs;
mod windows;
mod without_model;

use std::path::Path;

use image::{Rgb, RgbImage};

/// A picture in which no two pixels near each other are the same.
fn picture(width: u32, height: u32) -> RgbImage {
    RgbImage::from_fn(width, height, |x, y| Rgb([(x * 3) as u8, (y * 5) as u8, ((x + y) * 2) as u8]))
}

fn opened(path: &Path) -> RgbImage {
    image::open(path).unwrap().to_rgb8()
}
