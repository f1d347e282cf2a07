//! Lays cut-out items into the picture.

use dedit_edit::{Image, Planes, Rect, Result, Segmentation, Window};

use super::area::{Area, pixels};
use super::cutout::cut_out;
use super::layer::{Layer, Map};
use super::light::relight;
use super::paint::lay;

use super::scene::{Insert, Place, Scene};

/// An item that is ready to be laid.
pub(super) struct Sprite {
    /// The number of the item whose place it takes.
    pub(super) item: usize,
    layer: Layer,
    /// The share of the light that its shadow takes from the ground.
    shade: Option<Layer>,
    map: Map,
    keeps_light: bool,
}

impl Sprite {
    /// Cuts an item out of the picture it comes from.
    pub(super) fn new(scene: &Scene<'_>, insert: &Insert, (own, items): (&Image, &Segmentation)) -> Result<Self> {
        let number = items.item(&insert.from.item)?;
        let mut layer = cut_out(own, items, number, scene.picture.channels().colours())?;
        let map = match &insert.place {
            Place::Moved(placement) => Map::moved(placement),
            Place::Box(to) => {
                if insert.relit {
                    relight(&mut layer, (own, items, number), (scene.picture, scene.plan.before(), *to, insert.item))?;
                }
                Map::fitted(items.bounding_boxes()[number], *to)
            }
        };
        Ok(Self { item: insert.item, layer, shade: None, map, keeps_light: !insert.relit })
    }

    /// Marks the pixels that it hides.
    pub(super) fn cover(&self, scene: &Scene<'_>, covered: &mut Area<bool>) {
        let Some(rect) = self.layer.reach(&self.map, scene.size, scene.region) else { return };
        let mut alpha = [0.0];
        for (x, y) in pixels(rect).filter(|(x, y)| scene.room(*x, *y) >= 1.0) {
            self.layer.sample(&self.map, (x, y), &mut alpha);
            if alpha[0] >= 1.0 {
                covered.set(x, y, true);
            }
        }
    }

    /// Whether it takes a shadow along: one that is cut out of this picture as it is.
    pub(super) fn has_own_shadow(&self) -> bool {
        self.keeps_light
    }

    /// Takes its shadow along: how much darker the picture was there than what it is filled with.
    pub(super) fn take_shadow(&mut self, scene: &Scene<'_>, filled: &Image, shadow: &Area<u8>) -> Result<()> {
        let (rect, colours) = (shadow.rect(), scene.picture.channels().colours());
        let (dark, light) = (Window::read(scene.picture, rect, colours)?, Window::read(filled, rect, colours)?);
        let taken = |index: usize| (1.0 - dark.planes.luma(index) / light.planes.luma(index).max(1e-3)).clamp(0.0, 0.9);
        let shares = pixels(rect).enumerate().map(|(index, (x, y))| match shadow.get(x, y) {
            0 => 0.0,
            weight => taken(index) * f32::from(weight) / 255.0,
        });
        let shares: Vec<f32> = shares.collect();
        self.shade = Some(Layer { rect, planes: vec![smoothed(&shares, rect.width)] });
        Ok(())
    }

    /// Lays it into the picture; gives the rectangle that has changed.
    pub(super) fn draw(&self, scene: &Scene<'_>, result: &mut Image) -> Result<Option<Rect>> {
        let reach = |layer: &Layer| layer.reach(&self.map, scene.size, scene.region);
        let rects = [reach(&self.layer), self.shade.as_ref().and_then(reach)];
        let Some(rect) = rects.into_iter().flatten().reduce(Rect::hull) else { return Ok(None) };
        let colours = scene.picture.channels().colours();
        let ground = Window::read(result, rect, colours)?.planes;
        let mut planes: Vec<Vec<f32>> = ground.colour().to_vec();
        let mut changed = Area::new(rect);
        let mut values = [0.0; 4];
        for (index, (x, y)) in pixels(rect).enumerate() {
            let room = scene.room(x, y);
            if room <= 0.0 {
                continue;
            }
            self.layer.sample(&self.map, (x, y), &mut values[..=colours]);
            let alpha = values[0] * room;
            let shade = self.shade_at(x, y) * room;
            if alpha <= 0.0 && shade <= 0.0 {
                continue;
            }
            changed.set(x, y, true);
            for (plane, value) in planes.iter_mut().zip(&values[1..]) {
                let own = value * room;
                plane[index] = if alpha >= 1.0 { own } else { plane[index] * (1.0 - shade) * (1.0 - alpha) + own };
            }
        }
        let planes = Planes::new(ground.size(), planes, None)?;
        lay(result, &planes, rect, |x, y| f32::from(u8::from(changed.get(x, y))))?;
        Ok(Some(rect))
    }

    fn shade_at(&self, x: usize, y: usize) -> f32 {
        let mut shade = [0.0];
        if let Some(layer) = &self.shade {
            layer.sample(&self.map, (x, y), &mut shade);
        }
        shade[0]
    }
}

/// Means over 3 × 3 values: what the ground shows by itself does not belong to its shadow.
fn smoothed(values: &[f32], width: usize) -> Vec<f32> {
    let all = Rect { x: 0, y: 0, width, height: values.len() / width };
    let mean = |(x, y): (usize, usize)| {
        let (mut sum, mut count) = (0.0, 0.0);
        super::area::near((x, y), 2, all, |u, v, square| {
            if square <= 2 {
                (sum, count) = (sum + values[v * width + u], count + 1.0);
            }
        });
        sum / count
    };
    pixels(all).map(mean).collect()
}
