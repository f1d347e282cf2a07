//! `cargo xtask evaluate --photos`: holes in photographs, filled without weights, against what was there; and things that were laid on photographs, lifted
//! again.

mod figures;
mod hole;
mod lifted;
mod peers;

use std::fmt::Write as _;
use std::fs;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use dedit_edit::{Planes, Size};
use dedit_patches::{Task, fill};
use image::imageops::replace;
use image::{Rgb, RgbImage};

use figures::Figures;
pub(super) use lifted::run as lifted;
use peers::{PEERS, Peer};

use super::clock::{Clock, OneThread};

/// What is measured of a photograph.
struct Row {
    name: String,
    /// Pixels of the hole.
    pixels: usize,
    figures: Figures,
}

/// Measures all photographs of a folder and gives the table; with other programs, a table for each of them too. Hole and fill follow from the seed and the
/// place in the list; `pictures` is a folder for hole, result and truth side by side.
pub(super) fn run(folder: &Path, seed: u64, pictures: Option<&Path>, with_peers: bool) -> Result<String> {
    let files = photographs(folder)?;
    ensure!(!files.is_empty(), "{} has no JPEG or PNG photograph", folder.display());
    let peers = PEERS.iter().filter(|_| with_peers).map(Some);
    let ways: Vec<Option<&Peer>> = std::iter::once(None).chain(peers).collect();
    let mut rows: Vec<Vec<Row>> = ways.iter().map(|_| Vec::new()).collect();
    for (number, file) in files.iter().enumerate() {
        let truth = image::open(file).with_context(|| format!("{} cannot be read", file.display()))?.into_rgb8();
        let name = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let hole = hole::star(truth.width(), truth.height(), seed.wrapping_mul(1000).wrapping_add(number as u64));
        let pixels = hole.iter().filter(|inside| **inside).count();
        for (way, rows) in ways.iter().zip(&mut rows) {
            let (result, seconds) = match way {
                None => timed(|| filled(&truth, &hole, seed)),
                Some(peer) => peer.fill(&truth, &hole),
            }
            .with_context(|| format!("{name}: the hole was not filled"))?;
            if let Some(folder) = pictures {
                let file = folder.join(way.map_or_else(|| format!("{name}.png"), |peer| format!("{name} {}.png", peer.name)));
                side_by_side(&truth, &hole, &result).save(file).context("a picture cannot be written")?;
            }
            rows.push(Row { name: name.clone(), pixels, figures: Figures::of(&truth, &result, &hole, seconds) });
        }
    }
    let tables: Vec<String> = ways.iter().zip(&rows).map(|(way, rows)| table(way.map_or("patches", |peer| peer.name), rows)).collect();
    Ok(tables.join("\n"))
}

/// What is made, and the seconds that it took.
fn timed<T>(make: impl FnOnce() -> Result<T>) -> Result<(T, f64)> {
    let begun = Clock::start();
    Ok((make()?, begun.seconds()))
}

/// The pictures in a folder, by name; label pictures of items are none.
fn photographs(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries = fs::read_dir(folder).with_context(|| format!("{} cannot be read", folder.display()))?;
    let is_photograph = |path: &PathBuf| {
        let ends = |ending: &str| path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case(ending));
        let is_labels = path.file_stem().is_some_and(|stem| stem.to_string_lossy().ends_with("-items"));
        (ends("jpg") || ends("jpeg") || ends("png")) && !is_labels
    };
    let mut files: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).filter(is_photograph).collect();
    files.sort();
    Ok(files)
}

/// The photograph with its hole filled. What it shows in the hole is taken away before.
fn filled(truth: &RgbImage, hole: &[bool], seed: u64) -> Result<RgbImage> {
    let size = Size::new(truth.width() as usize, truth.height() as usize)?;
    let value = |channel: usize, pixel: &Rgb<u8>, hole: bool| if hole { f32::NAN } else { f32::from(pixel.0[channel]) / 255.0 };
    let plane = |channel: usize| truth.pixels().zip(hole).map(|(pixel, hole)| value(channel, pixel, *hole)).collect();
    let picture = Planes::new(size, (0..3).map(plane).collect(), None)?;
    let sources = vec![true; size.pixels()];
    let task = Task { picture: &picture, hole, sources: &sources, regions: None, seed };
    let filled = fill(&task, &OneThread, &mut |_| Ok(ControlFlow::Continue(())))?.context("it was cancelled")?;
    let mut result = truth.clone();
    for (index, values) in (0..filled.rect.width * filled.rect.height).map(|index| (index, filled.planes.colour())) {
        let (x, y) = (filled.rect.x + index % filled.rect.width, filled.rect.y + index / filled.rect.width);
        let pixel = std::array::from_fn(|channel| (values[channel][index].clamp(0.0, 1.0) * 255.0).round() as u8);
        result.put_pixel(x as u32, y as u32, Rgb(pixel));
    }
    Ok(result)
}

fn side_by_side(truth: &RgbImage, hole: &[bool], result: &RgbImage) -> RgbImage {
    let (width, height) = truth.dimensions();
    let mut shown = truth.clone();
    shown.pixels_mut().zip(hole).filter(|(_, hole)| **hole).for_each(|(pixel, _)| *pixel = Rgb([255, 0, 255]));
    let mut strip = RgbImage::new(3 * width, height);
    for (column, picture) in [&shown, result, truth].into_iter().enumerate() {
        replace(&mut strip, picture, column as i64 * i64::from(width), 0);
    }
    strip
}

fn table(title: &str, rows: &[Row]) -> String {
    let mut table =
        format!("| {title} | hole, pixels | PSNR, dB | SSIM | SWD | CPU s | changed outside |\n|---|---|---|---|---|---|---|\n");
    let mut line = |name: &str, pixels: f64, [psnr, ssim, swd, seconds, outside]: [f64; 5]| {
        let _ = writeln!(table, "| {name} | {pixels:.0} | {psnr:.2} | {ssim:.3} | {swd:.2} | {seconds:.2} | {outside:.0} |");
    };
    let mut means = [0.0; 5];
    let mut pixels = 0.0;
    for row in rows {
        let values = row.figures.values();
        line(&row.name, row.pixels as f64, values);
        means.iter_mut().zip(values).for_each(|(mean, value)| *mean += value / rows.len() as f64);
        pixels += row.pixels as f64 / rows.len() as f64;
    }
    line("mean", pixels, means);
    table
}

#[cfg(test)]
mod tests;
