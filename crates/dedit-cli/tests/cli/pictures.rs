//! The pictures themselves: seeds, settings in the file, pictures to start from.

use std::fs;
use std::path::Path;

use serde_json::Value;

use super::{run, scratch, succeed};

const LINE: &str = "generate --model {tiny-sd} --prompt bag --size 32x24 --steps 3 --scheduler euler-a";

fn bytes(folder: &Path, line: &str) -> Vec<u8> {
    succeed(folder, &format!("{line} --out made.png"));
    fs::read(folder.join("made.png")).unwrap()
}

/// The text under `name` in a PNG file.
fn text(file: &Path, name: &str) -> String {
    let reader = png::Decoder::new(std::io::BufReader::new(fs::File::open(file).unwrap())).read_info().unwrap();
    let info = reader.info();
    let plain = info.uncompressed_latin1_text.iter().find(|chunk| chunk.keyword == name).map(|chunk| chunk.text.clone());
    plain.unwrap_or_else(|| info.utf8_text.iter().find(|chunk| chunk.keyword == name).unwrap().get_text().unwrap())
}

#[test]
fn the_same_seed_makes_the_same_file() {
    let folder = scratch();
    let first = bytes(folder.path(), &format!("{LINE} --seed 7"));
    assert_eq!(first, bytes(folder.path(), &format!("{LINE} --seed 7")));
    assert_ne!(first, bytes(folder.path(), &format!("{LINE} --seed 8")));
    let seeds: Vec<Value> = (0..2).map(|_| succeed(folder.path(), &format!("{LINE} --out made.png"))["seed"].clone()).collect();
    assert_ne!(seeds[0], seeds[1], "without --seed every call has its own");
}

#[test]
fn a_picture_is_made_again_from_what_its_file_says() {
    let folder = scratch();
    // A prompt with letters outside Latin-1, and one inside.
    for prompt in ["bag-\u{2013}-\u{4e2d}", "s\u{e4}ck"] {
        let result = succeed(
            folder.path(),
            &format!(
                "generate --model {{tiny-sd2}} --prompt {prompt} --negative-prompt dark --size 24x16 --steps 3 --batch 2 --out many.png"
            ),
        );
        assert_eq!(result["files"], serde_json::json!(["many-1.png", "many-2.png"]));
        for (i, file) in ["many-1.png", "many-2.png"].into_iter().enumerate() {
            let file = folder.path().join(file);
            let said: Value = serde_json::from_str(&text(&file, "dedit")).unwrap();
            assert_eq!(said["seed"].as_u64().unwrap(), result["seed"].as_u64().unwrap() + i as u64);
            let option = |name: &str| said[name].as_str().map_or_else(|| said[name].to_string(), str::to_owned);
            let line = format!(
                "generate --model {{{}}} --prompt {} --negative-prompt {} --size {}x{} --steps {} --scheduler {} --guidance {} --seed {}",
                option("model"),
                option("prompt"),
                option("negative_prompt"),
                option("width"),
                option("height"),
                option("steps"),
                option("scheduler"),
                option("guidance"),
                option("seed")
            );
            let again = bytes(folder.path(), &line);
            let [made, again] = [fs::read(&file).unwrap(), again].map(|bytes| image::load_from_memory(&bytes).unwrap().into_rgb8());
            // A batch may round the last bit otherwise than a picture alone.
            let difference = made.iter().zip(again.iter()).map(|(a, b)| a.abs_diff(*b)).max();
            assert!(difference <= Some(1), "{difference:?}");
            let people = text(&file, "parameters");
            let expected = format!(
                "{prompt}\nNegative prompt: dark\nSteps: 3, Sampler: ddim, CFG scale: 7.5, Seed: {}, Size: 24x16, Model: tiny-sd2",
                said["seed"]
            );
            assert!(people.starts_with(&expected), "{people}");
        }
    }
}

#[test]
fn a_picture_to_start_from_is_told_in_the_file() {
    let folder = scratch();
    image::RgbImage::new(16, 16).save(folder.path().join("in.png")).unwrap();
    succeed(folder.path(), "generate --model {tiny-sd} --prompt bag --init in.png --strength 0.5 --steps 4 --out made.png");
    let said: Value = serde_json::from_str(&text(&folder.path().join("made.png"), "dedit")).unwrap();
    assert_eq!(said["init"], serde_json::json!({"file": "in.png", "strength": 0.5}));
}

#[test]
fn what_is_transparent_is_white_and_every_format_is_read() {
    let folder = scratch();
    let path = folder.path();
    let clear = image::Rgba([90, 60, 30, 0]);
    image::RgbaImage::from_pixel(16, 16, clear).save(path.join("clear.png")).unwrap();
    let white = image::RgbImage::from_pixel(16, 16, image::Rgb([255; 3]));
    white.save(path.join("white.webp")).unwrap();
    white.save(path.join("white.tiff")).unwrap();
    image::ImageBuffer::from_pixel(16, 16, image::Luma([65_535u16])).save(path.join("white16.png")).unwrap();
    // The contents count, not the name.
    fs::copy(path.join("white.webp"), path.join("white.jpg")).unwrap();
    let made = |init: &str| {
        let file = bytes(path, &format!("generate --model {{tiny-sd}} --prompt bag --init {init} --strength 0.5 --steps 2 --seed 1"));
        image::load_from_memory(&file).unwrap().into_rgb8()
    };
    let expected = made("clear.png");
    for init in ["white.webp", "white.tiff", "white16.png", "white.jpg"] {
        assert_eq!(made(init), expected, "{init}");
    }
    image::Rgb32FImage::from_pixel(16, 16, image::Rgb([f32::NAN; 3])).save(path.join("nan.tiff")).unwrap();
    super::fails(&run(path, "generate --prompt bag --init nan.tiff --out x.png"), 3, "has pixels that are not numbers: nan.tiff", "NaN");
}
