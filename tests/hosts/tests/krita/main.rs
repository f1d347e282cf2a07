//! The plug-in inside Krita 5.1 and 5.2.
//!
//! Run by `cargo xtask test --only krita`, which installs what is needed and runs two tests at a time. Names begin with the Krita that they
//! need.

#![cfg(unix)]
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking, in the functions it calls too")]

mod clicks;
mod documents;
mod expand;
mod faults;
mod harness;
mod learning;
#[path = "../shared/mirror.rs"]
mod mirror;
mod models;
#[path = "../shared/photograph.rs"]
mod photograph;
mod scene;
#[path = "../shared/table.rs"]
mod table;
mod verbs;
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
