//! A GIMP in memory, for tests: one image with layers, masks, channels and parasites; undo steps are counted.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::Path;

use gimp_host::{
    Channels, Colours, Curve, Depth, Error, Format, Host, Image, Item, ItemKind, Precision, Rect, Result, SampleType, Samples, Version,
};

/// A layer, mask or channel. Samples are shares (0 … 1) of RGBA, or of the mask.
#[derive(Debug, Clone)]
#[expect(clippy::struct_excessive_bools, reason = "as many yes-or-no questions as a layer answers")]
pub(crate) struct Thing {
    pub(crate) kind: ItemKind,
    pub(crate) name: String,
    pub(crate) offsets: (i32, i32),
    pub(crate) size: (u32, u32),
    pub(crate) alpha: bool,
    pub(crate) visible: bool,
    pub(crate) locked: bool,
    pub(crate) parent: Option<Item>,
    pub(crate) mask: Option<Item>,
    pub(crate) samples: Vec<f32>,
    pub(crate) parasites: BTreeMap<String, Vec<u8>>,
    pub(crate) clipped: bool,
    pub(crate) mixed_in: Option<Curve>,
    pub(crate) opacity: f64,
    pub(crate) applies_mask: bool,
}

#[derive(Debug)]
struct State {
    size: (u32, u32),
    colours: Colours,
    precision: Precision,
    things: BTreeMap<i32, Thing>,
    /// Layers and groups by parent, from the top.
    request: Vec<Item>,
    channels: Vec<Item>,
    selected: Vec<Item>,
    selection: Option<Item>,
    parasites: BTreeMap<String, Vec<u8>>,
    settings: BTreeMap<String, String>,
    steps: (u32, u32),
    messages: Vec<String>,
}

/// A GIMP with one image.
#[derive(Debug)]
pub(crate) struct Fake(RefCell<State>);

/// Its image.
pub(crate) const IMAGE: Image = Image(1);

impl Fake {
    /// An image without layers.
    pub(crate) fn image(width: u32, height: u32, colours: Colours, precision: Precision) -> (Self, Image) {
        let state = State {
            size: (width, height),
            colours,
            precision,
            things: BTreeMap::new(),
            request: Vec::new(),
            channels: Vec::new(),
            selected: Vec::new(),
            selection: None,
            parasites: BTreeMap::new(),
            settings: BTreeMap::new(),
            steps: (0, 0),
            messages: Vec::new(),
        };
        (Self(RefCell::new(state)), IMAGE)
    }

    /// An RGB image of 8 bits with one layer of its size.
    pub(crate) fn picture(width: u32, height: u32) -> (Self, Item) {
        let (fake, _) = Self::image(width, height, Colours::Rgb, Precision { depth: Depth::U8, curve: Curve::NonLinear });
        let layer = fake.layer("picture", (0, 0), (width, height), false);
        (fake, layer)
    }

    /// Adds a layer on top, of a pattern that differs from pixel to pixel.
    pub(crate) fn layer(&self, name: &str, offsets: (i32, i32), size: (u32, u32), alpha: bool) -> Item {
        let samples =
            (0..size.0 as usize * size.1 as usize * 4).map(|i| if i % 4 == 3 { 1.0 } else { (i * 37 % 256) as f32 / 255.0 }).collect();
        let layer = self.add(ItemKind::Layer, name, offsets, size, alpha, samples);
        self.0.borrow_mut().request.insert(0, layer);
        layer
    }

    /// Adds a group on top.
    pub(crate) fn group(&self, name: &str) -> Item {
        let group = self.add(ItemKind::Group, name, (0, 0), (1, 1), true, vec![0.0; 4]);
        self.0.borrow_mut().request.insert(0, group);
        group
    }

    /// Gives a layer a mask that is full in a rectangle.
    pub(crate) fn mask(&self, layer: Item, full: Rect) -> Item {
        let (offsets, size) = self.with(layer, |layer| (layer.offsets, layer.size));
        let mask = self.add(ItemKind::Mask, "mask", offsets, size, false, rectangle(size, full));
        self.with(layer, |layer| layer.mask = Some(mask));
        mask
    }

    /// Adds a channel that is full in a rectangle.
    pub(crate) fn channel(&self, name: &str, full: Rect) -> Item {
        let size = self.0.borrow().size;
        let channel = self.add(ItemKind::Channel, name, (0, 0), size, false, rectangle(size, full));
        self.0.borrow_mut().channels.push(channel);
        channel
    }

    /// Selects a rectangle.
    pub(crate) fn select(&self, full: Rect) {
        let size = self.0.borrow().size;
        let selection = self.add(ItemKind::Selection, "selection", (0, 0), size, false, rectangle(size, full));
        self.0.borrow_mut().selection = Some(selection);
    }

    fn add(&self, kind: ItemKind, name: &str, offsets: (i32, i32), size: (u32, u32), alpha: bool, samples: Vec<f32>) -> Item {
        let mut state = self.0.borrow_mut();
        let item = Item(state.things.len() as i32 + 10);
        let thing = Thing {
            kind,
            name: name.to_owned(),
            offsets,
            size,
            alpha,
            visible: true,
            locked: false,
            parent: None,
            mask: None,
            samples,
            parasites: BTreeMap::new(),
            clipped: false,
            mixed_in: None,
            opacity: 1.0,
            applies_mask: true,
        };
        state.things.insert(item.0, thing);
        item
    }

    /// Looks at a thing, or changes it.
    pub(crate) fn with<T>(&self, item: Item, look: impl FnOnce(&mut Thing) -> T) -> T {
        look(self.0.borrow_mut().things.get_mut(&item.0).unwrap())
    }

    /// Undo steps that were begun and ended.
    pub(crate) fn steps(&self) -> (u32, u32) {
        self.0.borrow().steps
    }

    /// The layers that lie in a group, or in none, from the top.
    pub(crate) fn within(&self, parent: Option<Item>) -> Vec<Item> {
        let state = self.0.borrow();
        state.request.iter().copied().filter(|item| state.things[&item.0].parent == parent).collect()
    }

    fn get<T>(&self, item: Item, look: impl FnOnce(&Thing) -> T) -> Result<T> {
        self.0.borrow().things.get(&item.0).map(look).ok_or_else(|| Error::new("gone"))
    }
}

fn rectangle((width, height): (u32, u32), full: Rect) -> Vec<f32> {
    let is_in = |i: u32| {
        let (x, y) = ((i % width) as i32, (i / width) as i32);
        x >= full.x && y >= full.y && x < full.x + full.width as i32 && y < full.y + full.height as i32
    };
    (0..width * height).map(|i| f32::from(u8::from(is_in(i)))).collect()
}

/// Samples as shares of their full value. Written out here so that the tests do not test the plug-in's conversion against itself.
fn shares(samples: &Samples) -> Vec<f32> {
    match samples {
        Samples::U8(samples) => samples.iter().map(|sample| f32::from(*sample) / 255.0).collect(),
        Samples::U16(samples) => samples.iter().map(|sample| f32::from(*sample) / 65535.0).collect(),
        Samples::F32(samples) => samples.clone(),
    }
}

fn from_shares(shares: &[f32], samples: SampleType) -> Samples {
    match samples {
        SampleType::U8 => Samples::U8(shares.iter().map(|share| (share * 255.0).round() as u8).collect()),
        SampleType::U16 => Samples::U16(shares.iter().map(|share| (share * 65535.0).round() as u16).collect()),
        SampleType::F32 => Samples::F32(shares.to_vec()),
    }
}

/// The places in RGBA of a format's channels.
fn places(channels: Channels) -> &'static [usize] {
    match channels {
        Channels::Mask | Channels::Grey => &[0],
        Channels::GreyAlpha => &[0, 3],
        Channels::Rgb => &[0, 1, 2],
        Channels::RgbAlpha => &[0, 1, 2, 3],
    }
}

impl Host for Fake {
    fn version(&self) -> Version {
        Version::V3
    }

    fn images(&self) -> Vec<Image> {
        vec![IMAGE]
    }

    fn has_image(&self, image: Image) -> bool {
        image == IMAGE
    }

    fn has_item(&self, item: Item) -> bool {
        self.0.borrow().things.contains_key(&item.0)
    }

    fn image_size(&self, _: Image) -> Result<(u32, u32)> {
        Ok(self.0.borrow().size)
    }

    fn resize_canvas(&self, _: Image, size: (u32, u32), (x, y): (i32, i32)) -> Result<()> {
        let mut state = self.0.borrow_mut();
        state.size = size;
        state.things.values_mut().for_each(|thing| thing.offsets = (thing.offsets.0 + x, thing.offsets.1 + y));
        Ok(())
    }

    fn image_name(&self, _: Image) -> Result<String> {
        Ok("fake".to_owned())
    }

    fn colours(&self, _: Image) -> Result<Colours> {
        Ok(self.0.borrow().colours)
    }

    fn precision(&self, _: Image) -> Result<Precision> {
        Ok(self.0.borrow().precision)
    }

    fn profile(&self, _: Image) -> Result<Option<Vec<u8>>> {
        Ok(None)
    }

    fn load(&self, _: &Path) -> Result<Image> {
        Err(Error::new("the file cannot be read"))
    }

    fn close(&self, _: Image) -> Result<()> {
        Ok(())
    }

    fn layers(&self, _: Image) -> Result<Vec<Item>> {
        Ok(self.within(None))
    }

    fn children(&self, group: Item) -> Result<Vec<Item>> {
        Ok(self.within(Some(group)))
    }

    fn channels(&self, _: Image) -> Result<Vec<Item>> {
        Ok(self.0.borrow().channels.clone())
    }

    fn selected_layers(&self, _: Image) -> Result<Vec<Item>> {
        Ok(self.0.borrow().selected.clone())
    }

    fn select_layer(&self, _: Image, layer: Item) -> Result<()> {
        self.0.borrow_mut().selected = vec![layer];
        Ok(())
    }

    fn selection(&self, _: Image) -> Result<Option<Item>> {
        Ok(self.0.borrow().selection)
    }

    fn floating(&self, _: Image) -> Result<Option<Item>> {
        Ok(None)
    }

    fn layer_by_tattoo(&self, _: Image, tattoo: u32) -> Option<Item> {
        let item = Item(tattoo as i32 - 100);
        self.has_item(item).then_some(item)
    }

    fn kind(&self, item: Item) -> Result<ItemKind> {
        self.get(item, |thing| thing.kind)
    }

    fn image_of(&self, item: Item) -> Result<Image> {
        self.get(item, |_| IMAGE)
    }

    fn name(&self, item: Item) -> Result<String> {
        self.get(item, |thing| thing.name.clone())
    }

    fn is_visible(&self, item: Item) -> Result<bool> {
        self.get(item, |thing| thing.visible)
    }

    fn set_visible(&self, item: Item, visible: bool) -> Result<()> {
        self.with(item, |thing| thing.visible = visible);
        Ok(())
    }

    fn is_locked(&self, item: Item) -> Result<bool> {
        self.get(item, |thing| thing.locked)
    }

    fn parent(&self, item: Item) -> Result<Option<Item>> {
        self.get(item, |thing| thing.parent)
    }

    fn position(&self, item: Item) -> Result<i32> {
        let parent = self.parent(item)?;
        self.within(parent).iter().position(|other| *other == item).map(|at| at as i32).ok_or_else(|| Error::new("in no image"))
    }

    fn offsets(&self, item: Item) -> Result<(i32, i32)> {
        self.get(item, |thing| thing.offsets)
    }

    fn size(&self, item: Item) -> Result<(u32, u32)> {
        self.get(item, |thing| thing.size)
    }

    fn has_alpha(&self, item: Item) -> Result<bool> {
        self.get(item, |thing| thing.alpha)
    }

    fn tattoo(&self, item: Item) -> Result<u32> {
        Ok((item.0 + 100) as u32)
    }

    fn opacity(&self, layer: Item) -> Result<f64> {
        self.get(layer, |thing| thing.opacity)
    }

    fn applies_mask(&self, layer: Item) -> Result<bool> {
        self.get(layer, |thing| thing.applies_mask)
    }

    fn layer_mask(&self, layer: Item) -> Result<Option<Item>> {
        self.get(layer, |thing| thing.mask)
    }

    fn layer_of_mask(&self, mask: Item) -> Result<Option<Item>> {
        Ok(self.0.borrow().things.iter().find(|(_, thing)| thing.mask == Some(mask)).map(|(number, _)| Item(*number)))
    }

    fn read(&self, item: Item, area: Rect, format: Format) -> Result<Samples> {
        let is_mask = format.channels == Channels::Mask;
        self.get(item, |thing| {
            let (of_pixel, places) = if is_mask { (1, &[0][..]) } else { (4, places(format.channels)) };
            let mut found = Vec::new();
            for y in area.y..area.y + area.height as i32 {
                for x in area.x..area.x + area.width as i32 {
                    let inside = x >= 0 && y >= 0 && x < thing.size.0 as i32 && y < thing.size.1 as i32;
                    let at = (y.max(0) as usize * thing.size.0 as usize + x.max(0) as usize) * of_pixel;
                    found.extend(places.iter().map(|place| if inside { thing.samples[at + place] } else { 0.0 }));
                }
            }
            from_shares(&found, format.samples)
        })
    }

    fn write(&self, item: Item, area: Rect, format: Format, samples: &Samples) -> Result<()> {
        let shares = shares(samples);
        let is_mask = format.channels == Channels::Mask;
        self.with(item, |thing| {
            let (of_pixel, places) = if is_mask { (1, &[0][..]) } else { (4, places(format.channels)) };
            for (i, pixel) in shares.chunks_exact(places.len()).enumerate() {
                let (x, y) = (area.x as usize + i % area.width as usize, area.y as usize + i / area.width as usize);
                let at = (y * thing.size.0 as usize + x) * of_pixel;
                for (place, share) in places.iter().zip(pixel) {
                    thing.samples[at + place] = *share;
                }
            }
        });
        Ok(())
    }

    fn new_layer(&self, _: Image, name: &str, size: (u32, u32), alpha: bool) -> Result<Item> {
        Ok(self.add(ItemKind::Layer, name, (0, 0), size, alpha, vec![0.0; size.0 as usize * size.1 as usize * 4]))
    }

    fn new_layer_from_visible(&self, image: Image) -> Result<Item> {
        self.new_layer(image, "visible", self.image_size(image)?, true)
    }

    fn new_group(&self, _: Image, name: &str) -> Result<Item> {
        Ok(self.add(ItemKind::Group, name, (0, 0), (1, 1), true, vec![0.0; 4]))
    }

    fn new_channel(&self, image: Image, name: &str, _: [u8; 3]) -> Result<Item> {
        let size = self.image_size(image)?;
        Ok(self.add(ItemKind::Channel, name, (0, 0), size, false, vec![0.0; size.0 as usize * size.1 as usize]))
    }

    fn insert_layer(&self, _: Image, layer: Item, parent: Option<Item>, position: i32) -> Result<()> {
        self.with(layer, |thing| thing.parent = parent);
        let before = self.within(parent).get(position as usize).copied();
        let mut state = self.0.borrow_mut();
        let at = before.and_then(|before| state.request.iter().position(|item| *item == before)).unwrap_or(state.request.len());
        state.request.insert(at, layer);
        Ok(())
    }

    fn insert_channel(&self, _: Image, channel: Item) -> Result<()> {
        self.0.borrow_mut().channels.insert(0, channel);
        Ok(())
    }

    fn set_offsets(&self, layer: Item, x: i32, y: i32) -> Result<()> {
        self.with(layer, |thing| thing.offsets = (x, y));
        Ok(())
    }

    fn add_mask(&self, layer: Item) -> Result<Item> {
        let (width, height) = self.size(layer)?;
        Ok(self.mask(layer, Rect { x: 0, y: 0, width, height }))
    }

    fn clip_to_backdrop(&self, layer: Item) -> Result<()> {
        self.with(layer, |thing| thing.clipped = true);
        Ok(())
    }

    fn mix_in(&self, layer: Item, curve: Curve) -> Result<()> {
        self.with(layer, |thing| thing.mixed_in = Some(curve));
        Ok(())
    }

    fn remove_layer(&self, _: Image, layer: Item) -> Result<()> {
        self.0.borrow_mut().request.retain(|item| *item != layer);
        Ok(())
    }

    fn delete(&self, _: Item) -> Result<()> {
        Ok(())
    }

    fn select_item(&self, _: Image, item: Item) -> Result<()> {
        self.0.borrow_mut().selection = Some(item);
        Ok(())
    }

    fn image_parasite(&self, _: Image, name: &str) -> Result<Option<Vec<u8>>> {
        Ok(self.0.borrow().parasites.get(name).cloned())
    }

    fn set_image_parasite(&self, _: Image, name: &str, data: &[u8]) -> Result<()> {
        self.0.borrow_mut().parasites.insert(name.to_owned(), data.to_vec());
        Ok(())
    }

    fn item_parasite(&self, item: Item, name: &str) -> Result<Option<Vec<u8>>> {
        self.get(item, |thing| thing.parasites.get(name).cloned())
    }

    fn set_item_parasite(&self, item: Item, name: &str, data: &[u8]) -> Result<()> {
        self.with(item, |thing| thing.parasites.insert(name.to_owned(), data.to_vec()));
        Ok(())
    }

    fn begin_undo(&self, _: Image) -> Result<()> {
        self.0.borrow_mut().steps.0 += 1;
        Ok(())
    }

    fn end_undo(&self, _: Image) -> Result<()> {
        self.0.borrow_mut().steps.1 += 1;
        Ok(())
    }

    fn flush(&self) {}

    fn begin_progress(&self, _: &str) {}

    fn set_progress(&self, _: Option<f64>, _: &str) {}

    fn end_progress(&self) {}

    fn show_message(&self, message: &str) {
        self.0.borrow_mut().messages.push(message.to_owned());
    }

    fn recall(&self, name: &str) -> Option<String> {
        self.0.borrow().settings.get(name).cloned()
    }

    fn remember(&self, name: &str, value: &str) {
        self.0.borrow_mut().settings.insert(name.to_owned(), value.to_owned());
    }
}
