//! Writes training scenes as raw bytes: `cargo run --release -p dedit-toys --example render -- DIR FIRST COUNT [SIDE [CAST]]`.
//!
//! CAST is `plain` (the default, of 128 pixels), `seen` or `unseen` (detailed scenes, of what training may show and of what it may not).
//!
//! `pictures.u8` has COUNT × SIDE × SIDE × 3 bytes, `labels.u8` and `shadows.u8` have COUNT × SIDE × SIDE, and each line of `scenes.jsonl` has the caption of a
//! scene, the prompt of the background and the prompts of the toys. Scene n has the seed FIRST + n.

use std::error::Error;
use std::fs::{File, create_dir_all};
use std::io::{BufWriter, Write};
use std::path::PathBuf;

use dedit_toys::{Cast, Drawing, Scene, Toy, draw};
use rayon::prelude::*;

/// Number of scenes that are drawn before they are written.
const BATCH: u64 = 256;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [folder, first, count, rest @ ..] = arguments.as_slice() else {
        return Err("say DIR FIRST COUNT [SIDE [plain|seen|unseen]]".into());
    };
    let (folder, first, count) = (PathBuf::from(folder), first.parse::<u64>()?, count.parse::<u64>()?);
    let side = rest.first().map_or(Ok(128), |side| side.parse::<u32>())?;
    let scene: fn(u64) -> Scene = match rest.get(1).map_or("plain", String::as_str) {
        "plain" => Scene::random,
        "seen" => |seed| Scene::detailed(seed, Cast::Seen),
        "unseen" => |seed| Scene::detailed(seed, Cast::Unseen),
        other => return Err(format!("{other} is not plain, seen or unseen").into()),
    };
    create_dir_all(&folder)?;
    let open = |name: &str| File::create(folder.join(name)).map(BufWriter::new);
    let (mut pictures, mut labels, mut shadows) = (open("pictures.u8")?, open("labels.u8")?, open("shadows.u8")?);
    let mut scenes = open("scenes.jsonl")?;
    for from in (0..count).step_by(BATCH as usize) {
        let seeds = first + from..first + (from + BATCH).min(count);
        let drawn: Vec<(Scene, Drawing)> = seeds.into_par_iter().map(scene).map(|scene| (scene.clone(), draw(&scene, side))).collect();
        for (scene, drawing) in drawn {
            pictures.write_all(&drawing.picture)?;
            labels.write_all(&drawing.labels)?;
            shadows.write_all(&drawing.shadows)?;
            let toys: Vec<String> = scene.toys.iter().map(Toy::prompt).collect();
            let line = serde_json::json!({ "caption": scene.caption(), "background": scene.background_prompt(), "toys": toys });
            writeln!(scenes, "{line}")?;
        }
    }
    for file in [&mut pictures, &mut labels, &mut shadows, &mut scenes] {
        file.flush()?;
    }
    Ok(())
}
