//! Things with known masks: outlined by hand in photographs, and drawn.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use dedit_edit::{Channels, Image, Samples, Size};
use dedit_toys::{Scene, draw};
use serde::Deserialize;

/// Where a thing comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Group {
    /// A photograph that constants may be tuned on.
    Tuned,
    /// A photograph that nothing is tuned on.
    HeldOut,
    /// A drawn scene.
    Drawn,
}

/// A thing in a picture.
pub(super) struct Thing {
    /// The picture's name and its own.
    pub(super) name: String,
    pub(super) group: Group,
    pub(super) picture: Image,
    /// For each pixel, row-major, whether it is the thing's.
    pub(super) truth: Vec<bool>,
}

/// A corner of an outline: column and row of a pixel.
type Corner = (i32, i32);

/// An entry of `things.json`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Outlined {
    /// The photograph's name without its ending, in the same folder or the one above.
    picture: String,
    name: String,
    /// `one`: of about one colour; `several`: of several; `busy`: of several, on a ground of several; `thin`; `soft`.
    #[serde(rename = "kind")]
    _kind: Kind,
    held_out: bool,
    /// Polygons that the thing consists of.
    outlines: Vec<Vec<Corner>>,
    /// Polygons that are not of it.
    holes: Vec<Vec<Corner>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Kind {
    One,
    Several,
    Busy,
    Thin,
    Soft,
}

/// The things that were outlined by hand: polygons of `outlined/things.json`, and label pictures `NAME-items.png`.
pub(super) fn outlined(folder: &Path) -> Result<Vec<Thing>> {
    let mut things = labelled(folder)?;
    let more = folder.join("outlined");
    let file = more.join("things.json");
    let text = fs::read_to_string(&file).with_context(|| format!("{} cannot be read", file.display()))?;
    let list: Vec<Outlined> = serde_json::from_str(&text).with_context(|| format!("{} is no list of outlines", file.display()))?;
    for entry in list {
        let name = format!("{}.jpg", entry.picture);
        let file = [more.join(&name), folder.join(&name)].into_iter().find(|file| file.exists());
        let picture = photograph(&file.with_context(|| format!("there is no {name}"))?)?;
        let mut truth = vec![false; picture.size().pixels()];
        for (polygons, value) in [(&entry.outlines, true), (&entry.holes, false)] {
            for polygon in polygons {
                paint(picture.size(), polygon, value, &mut truth);
            }
        }
        let group = if entry.held_out { Group::HeldOut } else { Group::Tuned };
        things.push(Thing { name: format!("{}, {}", entry.picture, entry.name), group, picture, truth });
    }
    Ok(things)
}

/// The items of the label pictures of a folder but their backgrounds.
fn labelled(folder: &Path) -> Result<Vec<Thing>> {
    let entries = fs::read_dir(folder).with_context(|| format!("{} cannot be read", folder.display()))?;
    let mut files: Vec<_> =
        entries.flatten().map(|entry| entry.path()).filter(|path| path.to_string_lossy().ends_with("-items.png")).collect();
    files.sort();
    let mut things = Vec::new();
    for file in files {
        let stem = file.to_string_lossy().trim_end_matches("-items.png").to_owned();
        let labels = image::open(&file).with_context(|| format!("{} cannot be read", file.display()))?.into_luma8();
        let names = fs::read_to_string(format!("{stem}-items.txt")).with_context(|| format!("{stem}-items.txt cannot be read"))?;
        for (number, name) in names.lines().enumerate().filter(|(_, name)| *name != "background") {
            let picture = photograph(Path::new(&format!("{stem}.jpg")))?;
            let truth: Vec<bool> = labels.as_raw().iter().map(|label| usize::from(*label) == number).collect();
            ensure!(truth.len() == picture.size().pixels(), "{} is of another size than its photograph", file.display());
            let stem = Path::new(&stem).file_name().unwrap_or_default().to_string_lossy().into_owned();
            things.push(Thing { name: format!("{stem}, {name}"), group: Group::Tuned, picture, truth });
        }
    }
    Ok(things)
}

fn photograph(file: &Path) -> Result<Image> {
    let picture = image::open(file).with_context(|| format!("{} cannot be read", file.display()))?.into_rgb8();
    let size = Size::new(picture.width() as usize, picture.height() as usize)?;
    Ok(Image::new(size, Channels::Rgb, Samples::U8(picture.into_raw()))?)
}

/// Sets the pixels within a polygon, its corners and edges included.
pub(super) fn paint(size: Size, polygon: &[Corner], value: bool, truth: &mut [bool]) {
    let edges = || polygon.iter().zip(polygon.iter().cycle().skip(1));
    let range = |of: fn(&Corner) -> i32| (polygon.iter().map(of).min().unwrap_or(0), polygon.iter().map(of).max().unwrap_or(-1));
    let (columns, rows) = (range(|corner| corner.0), range(|corner| corner.1));
    let is_near = |at: usize, (first, last): (i32, i32)| (i64::from(first)..=i64::from(last)).contains(&(at as i64));
    for (index, is_in) in truth.iter_mut().enumerate() {
        let (x, y) = size.position(index);
        if !is_near(x, columns) || !is_near(y, rows) {
            continue;
        }
        let (x, y) = (x as f64, y as f64);
        let mut crossings = 0;
        let mut on_edge = false;
        for (a, b) in edges() {
            let ((ax, ay), (bx, by)) = ((f64::from(a.0), f64::from(a.1)), (f64::from(b.0), f64::from(b.1)));
            if (ay > y) != (by > y) && x < (bx - ax) * (y - ay) / (by - ay) + ax {
                crossings += 1;
            }
            let (along, length) = ((x - ax) * (bx - ax) + (y - ay) * (by - ay), (bx - ax).powi(2) + (by - ay).powi(2));
            let share = if length > 0.0 { (along / length).clamp(0.0, 1.0) } else { 0.0 };
            on_edge |= (x - ax - share * (bx - ax)).hypot(y - ay - share * (by - ay)) < 0.5;
        }
        if crossings % 2 == 1 || on_edge {
            *is_in = value;
        }
    }
}

/// At least `count` things of drawn scenes of `side` × `side` pixels, from a seed on.
pub(super) fn drawn(count: usize, seed: u64, side: u32) -> Result<Vec<Thing>> {
    let mut things = Vec::new();
    for seed in seed.. {
        if things.len() >= count {
            break;
        }
        let scene = Scene::random(seed);
        let drawing = draw(&scene, side);
        for (number, toy) in (1..=u8::MAX).zip(&scene.toys) {
            let mask = drawing.mask(number)?;
            let truth = (0..mask.values().len()).map(|index| mask.is_inside(index)).collect();
            things.push(Thing { name: format!("scene {seed}, {}", toy.name()), group: Group::Drawn, picture: drawing.image()?, truth });
        }
    }
    Ok(things)
}
