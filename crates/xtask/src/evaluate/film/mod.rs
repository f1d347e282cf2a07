//! `cargo xtask evaluate --film`: a thing removed from films that are drawn from a photograph, against the truth, frame by frame and with other frames.

mod drawn;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, Result, bail};
use dedit_edit::{
    Edit, EditOptions, EditPlan, Engine as _, LearnOptions, Neighbour, PlanSettings, Samples, Segmentation, Subject, Vacated, Work,
};
use dedit_patches::Patches;
use image::RgbImage;
use image::imageops::replace;

use self::drawn::{Drawn, HEIGHT, SCRIPTS, Script, WIDTH, between, draw, followed};
use super::clock::{Clock, OneThread};

/// Frames of a film.
const FRAMES: usize = 24;
/// Which other frames are shown to the engine, so many before and after, where these are.
const STEPS: [i64; 5] = [1, 2, 4, 8, 16];
/// Every so many frames one is put on the sheet.
const EVERY: usize = 4;

/// The other frames that the engine is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Others {
    /// None: each frame by itself.
    None,
    /// Those before, and how they were filled: what a host gives that renders one frame after the other.
    Before,
    /// Those before and after.
    Around,
}

const WAYS: [(Others, &str); 3] = [(Others::None, "by itself"), (Others::Before, "frames before"), (Others::Around, "frames around")];

/// The figures of a film: what was made, against the truth.
#[derive(Debug, Clone, Copy)]
struct Figures {
    /// dB in the hole, over all frames.
    psnr: f64,
    /// Mean difference between a place of the scene in the hole and in the next frame, beyond that of the truth, levels of 255.
    flicker: f64,
    /// The largest that is between two frames.
    worst: f64,
    /// Seconds of computing for each frame.
    seconds: f64,
}

/// The table of all films from a photograph; `pictures` is a folder for a sheet of each film.
pub(super) fn run(photo: &Path, pictures: Option<&Path>) -> Result<String> {
    let photo = image::open(photo).with_context(|| format!("{} cannot be read", photo.display()))?.into_rgb8();
    let mut table = "| film | other frames | PSNR, dB | flicker | largest | CPU s a frame |\n|---|---|---|---|---|---|\n".to_owned();
    for script in &SCRIPTS {
        let film: Vec<Drawn> = (0..FRAMES).map(|frame| draw(script, &photo, frame)).collect();
        let mut rows = vec![film.iter().map(|frame| frame.seen.clone()).collect::<Vec<_>>()];
        for (others, name) in WAYS {
            let (made, seconds) = removed(&film, others)?;
            let Figures { psnr, flicker, worst, seconds } = figures(script, &film, &made, seconds);
            let _ = writeln!(table, "| {} | {name} | {psnr:.2} | {flicker:.2} | {worst:.2} | {seconds:.2} |", script.name);
            rows.push(made);
        }
        rows.push(film.iter().map(|frame| frame.truth.clone()).collect());
        if let Some(folder) = pictures {
            sheet(&rows).save(folder.join(format!("film, {}.png", script.name))).context("a picture cannot be written")?;
        }
    }
    Ok(table)
}

/// The film without its thing, and the seconds that a frame took.
fn removed(film: &[Drawn], others: Others) -> Result<(Vec<RgbImage>, f64)> {
    let mut engine = Patches::new(Box::new(OneThread));
    let edits = [Edit::Remove { items: vec!["thing".to_owned()], vacated: Vacated::Nearest }];
    let pictures = film.iter().map(|frame| Ok(Arc::new(frame.image()?))).collect::<Result<Vec<_>>>()?;
    let items = film.iter().map(|frame| Ok(Arc::new(frame.items()?))).collect::<Result<Vec<Arc<Segmentation>>>>()?;
    let subject = Subject { picture: &pictures[0], items: &items[0], words: BTreeMap::new() };
    let learned = engine.draft(&[subject], &LearnOptions::default())?;
    let (mut made, mut edited): (Vec<RgbImage>, Vec<Arc<dedit_edit::Image>>) = (Vec::new(), Vec::new());
    let begun = Clock::start();
    for (number, picture) in pictures.iter().enumerate() {
        let plan = EditPlan::new(&items[number], None, &edits, &PlanSettings::for_size(picture.size()))?;
        let offsets = STEPS.iter().flat_map(|step| [-step, *step]).filter(|offset| match others {
            Others::None => false,
            Others::Before => *offset < 0,
            Others::Around => true,
        });
        let neighbour = |offset: i64| {
            let other = usize::try_from(number as i64 + offset).ok().filter(|other| *other < film.len())?;
            let (picture, items) = (Arc::clone(&pictures[other]), Arc::clone(&items[other]));
            Some(Neighbour { offset: offset as f64, picture, items, edited: edited.get(other).cloned() })
        };
        let neighbours: Vec<Neighbour> = offsets.filter_map(neighbour).collect();
        let options = EditOptions { seed: 1, ..EditOptions::default() };
        let work = Work { picture, plan: &plan, edits: &edits, options: &options, plate: None, neighbours: &neighbours };
        let result = engine.edit(learned.as_ref(), &work, &mut |_| Ok(ControlFlow::Continue(())))?.picture;
        let Samples::U8(samples) = result.samples() else { bail!("the result has another depth") };
        made.push(RgbImage::from_raw(WIDTH, HEIGHT, samples.clone()).context("the result has another size")?);
        edited.push(Arc::new(result));
    }
    Ok((made, begun.seconds() / film.len() as f64))
}

fn figures(script: &Script, film: &[Drawn], made: &[RgbImage], seconds: f64) -> Figures {
    let (mut squares, mut count) = (0.0, 0.0);
    for (frame, made) in film.iter().zip(made) {
        for ((made, truth), _) in made.pixels().zip(frame.truth.pixels()).zip(&frame.mask).filter(|(_, inside)| **inside) {
            squares += made.0.iter().zip(truth.0).map(|(a, b)| (f64::from(*a) - f64::from(b)).powi(2)).sum::<f64>();
            count += 3.0;
        }
    }
    let truth: Vec<&RgbImage> = film.iter().map(|frame| &frame.truth).collect();
    let made: Vec<&RgbImage> = made.iter().collect();
    let between: Vec<f64> = (1..film.len()).map(|to| change(script, film, &made, to) - change(script, film, &truth, to)).collect();
    Figures {
        psnr: 10.0 * (255.0 * 255.0 * count / squares.max(1e-9)).log10(),
        flicker: between.iter().sum::<f64>() / between.len() as f64,
        worst: between.iter().copied().fold(f64::NEG_INFINITY, f64::max),
        seconds,
    }
}

/// The mean difference between what a frame shows in the hole and the same places of the scene in the next frame.
fn change(script: &Script, film: &[Drawn], shown: &[&RgbImage], to: usize) -> f64 {
    let (mut sum, mut count) = (0.0, 0.0_f64);
    for at in (0..film[to].mask.len()).filter(|at| film[to].mask[*at]) {
        let (x, y) = (at as u32 % WIDTH, at as u32 / WIDTH);
        let (u, v) = followed(script, to, to - 1, (f64::from(x), f64::from(y)));
        if u < 1.0 || v < 1.0 || u > f64::from(WIDTH) - 2.0 || v > f64::from(HEIGHT) - 2.0 {
            continue;
        }
        let before = between(shown[to - 1], u, v);
        sum += shown[to].get_pixel(x, y).0.iter().zip(before).map(|(now, before)| (f64::from(*now) - before).abs()).sum::<f64>() / 3.0;
        count += 1.0;
    }
    sum / count.max(1.0)
}

/// A row for each way, a column for each of some frames.
fn sheet(rows: &[Vec<RgbImage>]) -> RgbImage {
    let shown = rows[0].len().div_ceil(EVERY) as u32;
    let mut sheet = RgbImage::from_pixel(shown * (WIDTH + 4), rows.len() as u32 * (HEIGHT + 4), image::Rgb([255; 3]));
    for (row, frames) in rows.iter().enumerate() {
        for (column, frame) in frames.iter().step_by(EVERY).enumerate() {
            replace(&mut sheet, frame, column as i64 * i64::from(WIDTH + 4), row as i64 * i64::from(HEIGHT + 4));
        }
    }
    sheet
}
