//! What the demo shows: pictures with items, and what is done to them.

use std::collections::BTreeMap;
use std::path::Path;

use dedit_edit::{Fit, ItemWords, Rect, Segmentation};
use dedit_protocol::request::EditVerb;
use dedit_toys::{Back, Camera, Colour, Ground, Kind, Look, Material, Scene, Toy, draw};
use image::RgbImage;

use crate::error::{Error, ErrorKind, Result};
use crate::items::ItemFiles;
use crate::picture::Photo;
use crate::sheet;

/// Pixels along each side of the built-in pictures: as many as the built-in model was trained with.
const SIDE: u32 = 128;

/// A picture with its items and what is known of them.
pub(super) struct Picture {
    pub(super) photo: Photo,
    pub(super) items: Segmentation,
    words: BTreeMap<String, ItemWords>,
}

/// A picture, and all that is done with it.
pub(super) struct Entry {
    pub(super) name: String,
    pub(super) picture: Picture,
    /// A second picture, whose items can take the place of the first one's.
    pub(super) reference: Option<Picture>,
    pub(super) steps: Vec<Step>,
    /// Whether the engine without weights makes the edits.
    pub(super) without_weights: bool,
}

/// An edit with a name for its file and a title for people.
pub(super) struct Step {
    pub(super) name: &'static str,
    pub(super) title: String,
    pub(super) edit: EditVerb,
    pub(super) fit: Fit,
}

impl Step {
    pub(super) fn new(name: &'static str, title: impl Into<String>, edit: EditVerb) -> Self {
        Self { name, title: title.into(), edit, fit: Fit::Exact }
    }

    /// One thing becomes another, which has an outline of its own.
    fn within_box(self) -> Self {
        Self { fit: Fit::Box, ..self }
    }
}

impl Picture {
    /// What is known of its items.
    pub(super) fn words(&self) -> &BTreeMap<String, ItemWords> {
        &self.words
    }

    /// A picture of which nothing is known but its items.
    pub(super) fn of_photo(photo: Photo, items: Segmentation) -> Self {
        Self { photo, words: ItemWords::by_name(&items), items }
    }

    /// With a tint for each item.
    pub(super) fn overlay(&self) -> Result<RgbImage> {
        sheet::tinted(&self.photo.image, &self.items)
    }

    fn of_scene(scene: &Scene) -> Result<Self> {
        let drawing = draw(scene, SIDE);
        let start = |(name, words)| (name, ItemWords { start: Some(words), template: None });
        Ok(Self {
            photo: Photo::new(drawing.image()?, None),
            items: drawing.items(scene)?,
            words: scene.item_words().into_iter().map(start).collect(),
        })
    }

    /// The smallest rectangle round an item.
    fn extent(&self, item: &str) -> Result<Rect> {
        let place = self.items.item(item)?;
        let extent = self.items.mask(place).bounding_box();
        extent.ok_or_else(|| Error::new(ErrorKind::Input, format!("item '{item}' has no pixels")).hint("give it a mask"))
    }
}

fn replace(item: &str, prompt: &str) -> EditVerb {
    EditVerb::Replace { item: item.to_owned(), prompt: prompt.to_owned() }
}

fn augment(item: &str, prompt: &str) -> EditVerb {
    EditVerb::Augment { item: item.to_owned(), prompt: prompt.to_owned() }
}

pub(super) fn remove(item: &str) -> EditVerb {
    EditVerb::Remove { items: vec![item.to_owned()], into: None }
}

pub(super) fn moved(item: &str, [dx, dy]: [f64; 2], scale: f64) -> EditVerb {
    EditVerb::Move { item: item.to_owned(), dx, dy, scale, rotate: 0.0, into: None }
}

fn shift(item: &str, dx: f64) -> EditVerb {
    moved(item, [dx, 0.0], 1.0)
}

pub(super) fn swap(item: &str, with: &str) -> EditVerb {
    EditVerb::Swap { item: item.to_owned(), with: with.to_owned() }
}

/// Scaled about the middle of its foot: what stands on the ground stays there.
pub(super) fn resize(picture: &Picture, item: &str, scale: f64) -> Result<EditVerb> {
    let Rect { height, .. } = picture.extent(item)?;
    Ok(moved(item, [0.0, -0.5 * height as f64 * (scale - 1.0)], scale))
}

fn toy(colour: Colour, kind: Kind, x: f32, size: f32, turn: f32) -> Toy {
    Toy { kind, colour, material: Material::Plastic, x, z: 0.4, size, turn }
}

fn scene(ground: Ground, back: Back, toys: Vec<Toy>) -> Scene {
    Scene { look: Look::Plain, camera: Camera { height: 1.35, distance: 6.0 }, light: -0.6, pattern: 7.0, ground, back, toys }
}

/// The built-in pictures.
pub(super) fn built_in() -> Result<Vec<Entry>> {
    Ok(vec![on_the_table()?, in_the_garden()?, on_the_beach()?])
}

fn on_the_table() -> Result<Entry> {
    let toys = vec![toy(Colour::Red, Kind::Mug, -0.75, 1.1, 0.0), toy(Colour::Yellow, Kind::Duck, 0.72, 1.0, -0.2)];
    let picture = Picture::of_scene(&scene(Ground::Wood, Back::BlueWall, toys))?;
    let (mug, duck) = ("red mug", "yellow duck");
    let second = scene(Ground::Grass, Back::PinkWall, vec![toy(Colour::Green, Kind::Rocket, 0.0, 1.3, 0.0)]);
    let from = "reference:green rocket".to_owned();
    let steps = vec![
        Step::new("reconstruct", "reconstruct", EditVerb::Reconstruct),
        Step::new("replace", "mug -> a blue cube", replace(mug, "a blue cube")).within_box(),
        Step::new("augment", "a green [duck]", augment(duck, "a green [v]")),
        Step::new("swap-in", "mug -> its rocket", EditVerb::SwapIn { item: mug.to_owned(), from }).within_box(),
        Step::new("resize", "duck, smaller", resize(&picture, duck, 0.7)?),
        Step::new("swap", "mug and duck swapped", swap(mug, duck)),
        Step::new("remove", "without the mug", remove(mug)),
    ];
    Ok(Entry { name: "table".to_owned(), picture, reference: Some(Picture::of_scene(&second)?), steps, without_weights: false })
}

fn in_the_garden() -> Result<Entry> {
    let toys = vec![toy(Colour::White, Kind::Snowman, -0.75, 1.15, 0.0), toy(Colour::Orange, Kind::House, 0.65, 1.15, -0.3)];
    let picture = Picture::of_scene(&scene(Ground::Grass, Back::BlueSky, toys))?;
    let (snowman, house) = ("white snowman", "orange house");
    let steps = vec![
        Step::new("reconstruct", "reconstruct", EditVerb::Reconstruct),
        Step::new("replace", "house -> a purple tree", replace(house, "a purple tree")).within_box(),
        Step::new("augment", "a red [snowman]", augment(snowman, "a red [v]")),
        Step::new("resize", "snowman, smaller", resize(&picture, snowman, 0.75)?),
        Step::new("swap", "both swapped", swap(snowman, house)),
        Step::new("remove", "without the snowman", remove(snowman)),
        Step::new("remove-house", "without the house", remove(house)),
    ];
    Ok(Entry { name: "garden".to_owned(), picture, reference: None, steps, without_weights: false })
}

fn on_the_beach() -> Result<Entry> {
    let picture = Picture::of_scene(&scene(Ground::Sand, Back::GreenWall, vec![toy(Colour::Purple, Kind::Rocket, -0.75, 1.25, 0.0)]))?;
    let rocket = "purple rocket";
    let foot = picture.extent(rocket)?.height as f64 * 0.5 * (1.0 - 0.65);
    let steps = vec![
        Step::new("reconstruct", "reconstruct", EditVerb::Reconstruct),
        Step::new("replace", "rocket -> a yellow star", replace(rocket, "a yellow star")).within_box(),
        Step::new("augment", "a red [rocket]", augment(rocket, "a red [v]")),
        Step::new("move", "rocket to the right", shift(rocket, 48.0)),
        Step::new("resize", "rocket, smaller", resize(&picture, rocket, 0.65)?),
        Step::new("move-and-resize", "to the right and smaller", moved(rocket, [48.0, foot], 0.65)),
        Step::new("remove", "without the rocket", remove(rocket)),
    ];
    Ok(Entry { name: "beach".to_owned(), picture, reference: None, steps, without_weights: false })
}

/// A picture of the user's own: what can be done to its largest items without knowing what they are.
pub(super) fn own(path: &Path, files: &ItemFiles, prompt: &str) -> Result<Entry> {
    let mut photo = Photo::read(path, None)?;
    photo.image.check_finite().map_err(|error| error.at(path))?;
    let items = files.read(&mut photo)?;
    let areas = items.areas();
    let mut by_size: Vec<(usize, &String)> =
        areas.into_iter().zip(items.names()).filter(|(_, name)| *name != dedit_toys::BACKGROUND).collect();
    by_size.sort_unstable_by(|a, b| b.cmp(a));
    let names: Vec<String> = by_size.into_iter().map(|(_, name)| name.clone()).collect();
    let [first, rest @ ..] = names.as_slice() else {
        return Err(Error::usage("the picture has no item besides the background").at(path).hint("give a mask of one with --items"));
    };
    let picture = Picture::of_photo(photo, items);
    let width = picture.extent(first)?.width as f64;
    let mut steps = vec![
        Step::new("reconstruct", "reconstruct", EditVerb::Reconstruct),
        Step::new("replace", format!("{first} -> {prompt}"), replace(first, prompt)).within_box(),
        Step::new("resize", format!("{first}, smaller"), resize(&picture, first, 0.7)?),
        Step::new("remove", format!("without {first}"), remove(first)),
    ];
    let rect = picture.extent(first)?;
    let room = (picture.items.size().width() - rect.right()) as f64;
    let dx = if room > rect.x as f64 { (room / 2.0).min(width / 2.0) } else { -(rect.x as f64 / 2.0).min(width / 2.0) };
    steps.push(Step::new("move", format!("{first}, moved"), shift(first, dx.round())));
    if let Some(second) = rest.first() {
        steps.push(Step::new("swap", format!("{first} and {second}"), swap(first, second)));
    }
    let name = path.file_stem().map_or_else(|| "picture".to_owned(), |stem| stem.to_string_lossy().into_owned());
    Ok(Entry { name, picture, reference: None, steps, without_weights: false })
}
