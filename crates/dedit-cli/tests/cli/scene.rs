//! A scene of two things, and its masks.

use std::fs;
use std::path::Path;

use image::{GrayImage, ImageBuffer, Luma, Rgb, Rgb32FImage, RgbImage, Rgba};

/// Options that make learning short.
pub(super) const LEARN: &str = "--updates 2,2 --accumulation 1 --tokens 2 --no-early-stop";

/// A ball and a box on a ground, as pictures of several kinds and masks of several kinds.
pub(super) fn prepare(folder: &Path) {
    let is_ball = |x: u32, y: u32| x.abs_diff(20).pow(2) + y.abs_diff(20).pow(2) <= 100;
    let is_box = |x: u32, y: u32| (40..56).contains(&x) && (12..30).contains(&y);
    let shade = |x: u32, y: u32| {
        if is_ball(x, y) {
            200
        } else if is_box(x, y) {
            90
        } else {
            30 + (x + y) as u8
        }
    };
    let save = |name: &str, inside: &dyn Fn(u32, u32) -> bool| {
        GrayImage::from_fn(64, 48, |x, y| Luma([u8::from(inside(x, y)) * 255])).save(folder.join(name)).unwrap();
    };
    RgbImage::from_fn(64, 48, |x, y| Rgb([shade(x, y), 90, 255 - shade(x, y)])).save(folder.join("a.png")).unwrap();
    RgbImage::from_fn(64, 48, |x, y| Rgb([90, shade(y, x), 30])).save(folder.join("b.png")).unwrap();
    let deep = |x, y, alpha| Rgba([u16::from(shade(x, y)) * 257 + 3, 20_000, 40_001, alpha]);
    ImageBuffer::from_fn(64, 48, |x, y| deep(x, y, 40_000)).save(folder.join("deep.png")).unwrap();
    ImageBuffer::from_fn(64, 48, |x, y| deep(x, y, 0)).save(folder.join("clear.png")).unwrap();
    let float = |x, y| Rgb([f32::from(shade(x, y)) / 255.0, 1.5, 0.25]);
    Rgb32FImage::from_fn(64, 48, float).save(folder.join("float.tif")).unwrap();
    let broken = |x, y| if (x, y) == (20, 20) { Rgb([f32::NAN; 3]) } else { float(x, y) };
    Rgb32FImage::from_fn(64, 48, broken).save(folder.join("nan.tif")).unwrap();
    fs::create_dir(folder.join("items")).unwrap();
    save("items/ball.png", &is_ball);
    save("items/box.png", &is_box);
    save("shape.png", &|x, y| x < 20 && y > 30);
    save("empty.png", &|_, _| false);
    save("full.png", &|_, _| true);
    save("dot.png", &|x, y| (x, y) == (3, 3));
    GrayImage::new(5, 5).save(folder.join("small.png")).unwrap();
    let label = |x, y| if is_ball(x, y) { 7 } else { u8::from(is_box(x, y)) * 200 };
    GrayImage::from_fn(64, 48, |x, y| Luma([label(x, y)])).save(folder.join("labels.png")).unwrap();
    fs::write(folder.join("labels.txt"), "ground\nball\nbox\n").unwrap();
}
