//! Items that leave the picture as layers: at rest, over the plate, they make the picture again.

use super::matte::Matte;
use super::pixels::{LayerPixels, darkened, least_share, own_colour};
use super::{ItemLayer, shadow};
use crate::composite::composite;
use crate::distance::NearestSites;
use crate::error::Result;
use crate::geometry::Rect;
use crate::image::{Depth, Image, Planes, Window};
use crate::mask::ItemMask;
use crate::segmentation::Segmentation;

/// Where plate and picture differ by at most this, as a sample, the plate takes the picture's pixel: the layer would only carry grain of the ground.
const SAME: f32 = 0.012;
/// The largest share of the light that a shadow may take for the plate to show what lies in it: grain of darker ground would grow too much.
const DEEPEST: f32 = 0.6;
/// How far from its outline a picture may show an item, pixels: masks are seldom exact.
const REACH: f32 = 10.0;
/// Up to this far it may do so in any colour, for compression.
const MIXED: f32 = 2.0;

/// The items of an edit, by number.
#[derive(Debug, Clone, Copy)]
pub struct Lifted<'a> {
    /// Those that become layers; the first lies in front.
    pub items: &'a [usize],
    /// All that the edit is about: the plate fills the places of each.
    pub edited: &'a [usize],
}

/// Takes items out of `picture` as layers. `plate` is the picture without them, filled within `region`; it gets back what shows ground: pixels that the filling
/// hardly changes, and what lies in shadows. In opaque pictures, layers over plate are the picture, up to the rounding of samples.
///
/// # Errors
/// `Input` where pictures and items are of different sizes.
pub fn lift(picture: &Image, plate: &mut Image, region: Rect, items: &Segmentation, lifted: Lifted<'_>) -> Result<Vec<ItemLayer>> {
    items.check_picture(picture)?;
    items.check_picture(plate)?;
    let boxes = items.bounding_boxes();
    let mut layers = Vec::new();
    for number in lifted.items {
        let rect = boxes[*number].hull(region);
        let place = Place::read((picture, plate), items, (*number, lifted.edited), rect)?;
        let Apart { layer, ground, changed, .. } = place.apart(picture.depth())?;
        plate.put((rect.x, rect.y), &composite(&plate.crop(rect)?, &ground, (0, 0), &ItemMask::new(rect.size()?, changed)?)?)?;
        layers.extend(layer.into_layer(&items.names()[*number], rect, picture.depth())?);
    }
    Ok(layers)
}

/// The place of an item in the picture, and on the plate.
struct Place {
    view: Window,
    behind: Window,
    /// The item's pixels.
    owned: Vec<bool>,
    /// The pixels that are nearer to it than to other items of the edit, and whose samples are finite.
    usable: Vec<bool>,
}

/// A place in two parts.
struct Apart {
    layer: LayerPixels,
    /// The plate's colours.
    ground: Planes,
    /// 1 where they are new, else 0.
    changed: Vec<f32>,
    depth: Depth,
}

/// What is seen in a pixel.
struct Seen {
    /// How much of it the item covers.
    covered: f32,
    /// The share of the light that its shadow takes.
    shade: f32,
    /// Whether the item is near, but not so near that it may be mixed with the ground.
    is_beside: bool,
}

/// How the picture differs from the plate in a pixel.
struct Difference {
    /// The least alpha with which a layer over the plate can make the picture.
    least: f32,
    /// The largest difference of a sample.
    most: f32,
    /// Whether the picture is darker in every colour.
    is_darker: bool,
}

impl Place {
    fn read((picture, plate): (&Image, &Image), items: &Segmentation, (number, edited): (usize, &[usize]), rect: Rect) -> Result<Self> {
        let colours = picture.channels().colours();
        let (view, behind) = (Window::read(picture, rect, colours)?, Window::read(plate, rect, colours)?);
        let label = |index: usize| items.label_in(rect, index);
        let count = rect.width * rect.height;
        let nearest = NearestSites::new(rect.size()?, |index| edited.contains(&label(index)));
        let is_near = |index: usize| nearest.as_ref().is_some_and(|sites| label(sites.site(index)) == number);
        let usable = (0..count).map(|index| view.finite[index] && behind.finite[index] && is_near(index)).collect();
        Ok(Self { owned: (0..count).map(|index| label(index) == number).collect(), usable, view, behind })
    }

    fn apart(&self, depth: Depth) -> Result<Apart> {
        let (view, behind) = (&self.view.planes, &self.behind.planes);
        let shades = shadow::shades((view, behind), &self.owned, |index| self.usable[index]);
        let shaded = darkened(behind, &shades)?;
        let matte = Matte::new(view, &self.view.finite, &self.owned, Some(&shaded))?.map(|matte| matte.reaching(REACH));
        let count = self.owned.len();
        let item = NearestSites::new(view.size(), |index| self.owned[index]);
        let layer = LayerPixels::new(view.colour().len(), count);
        let mut apart = Apart { layer, ground: behind.clone(), changed: vec![0.0; count], depth };
        for index in 0..count {
            let as_labelled = f32::from(u8::from(self.owned[index]));
            let alpha = if self.usable[index] {
                let covered = matte.as_ref().map_or(as_labelled, |matte| matte.at(index).alpha);
                let is_beside = item.as_ref().is_some_and(|item| (MIXED..=REACH).contains(&item.distance(index)));
                apart.alpha(view, index, Seen { covered, shade: shades[index], is_beside })
            } else {
                f32::from(u8::from(self.owned[index] && self.view.finite[index]))
            };
            let colours = view.colour().iter().zip(apart.ground.colour());
            apart.layer.push(alpha, colours.map(|(shown, ground)| own_colour((shown[index], ground[index]), alpha)));
        }
        if let Some(own) = &self.view.alpha {
            apart.layer.limit(own);
        }
        Ok(apart)
    }
}

impl Apart {
    /// How much of a pixel the layer covers. Where there is no item, the plate may change instead.
    fn alpha(&mut self, view: &Planes, index: usize, Seen { covered, shade, is_beside }: Seen) -> f32 {
        let difference = self.difference(view, index);
        if covered <= 0.0 {
            // What is darker beside the item may be a shadow of another hue.
            if difference.most <= SAME || (is_beside && shade <= 0.0 && !difference.is_darker) {
                self.show(view, index, 1.0);
                return 0.0;
            }
            let brightest = view.colour().iter().map(|plane| plane[index]).fold(0.0, f32::max);
            // What lies in the shadow is no brighter than white.
            let shade = self.depth.raised(shade.min(1.0 - brightest));
            if shade > 0.0 && shade <= DEEPEST {
                self.show(view, index, 1.0 - shade);
                return shade;
            }
        }
        self.depth.raised(f32::max(1.0 - (1.0 - covered) * (1.0 - shade), difference.least))
    }

    fn difference(&self, view: &Planes, index: usize) -> Difference {
        let colours = view.colour().iter().zip(self.ground.colour()).map(|(shown, ground)| (shown[index], ground[index]));
        let none = Difference { least: 0.0, most: 0.0, is_darker: true };
        colours.fold(none, |known, (shown, ground)| Difference {
            least: known.least.max(least_share((shown, ground))),
            most: known.most.max((shown - ground).abs()),
            is_darker: known.is_darker && shown < ground - SAME,
        })
    }

    /// Shows the picture's pixel on the plate, as it is in more light.
    fn show(&mut self, view: &Planes, index: usize, light: f32) {
        for (ground, shown) in self.ground.colour_mut().iter_mut().zip(view.colour()) {
            ground[index] = self.depth.nearest(shown[index] / light);
        }
        self.changed[index] = 1.0;
    }
}
