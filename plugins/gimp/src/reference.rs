//! The reference picture, from which an item is taken.

use std::path::Path;

use dedit_client::About;
use dedit_protocol::request::{Items, OpenPicture, SetItems, Which};
use dedit_protocol::{Blob, Pixels};
use dedit_schema::Id;
use gimp_host::{Channels, Host, Image, Item, ItemKind, Rect};

use crate::document::Document;
use crate::failure::Failure;
use crate::masks::{self, Mask};
use crate::parameters::Parameters;
use crate::pixels;
use crate::sides::Sides;
use crate::source::{Source, all_layers};

/// A picture and one item of it.
pub(crate) struct Reference {
    name: String,
    pixels: Pixels,
    item: Mask,
}

impl Reference {
    /// Reads the picture that the parameters name, and its item.
    pub(crate) fn find(host: &dyn Host, parameters: &Parameters) -> Result<Self, Failure> {
        let file = parameters.text(Id::FromFile);
        match parameters.image().filter(|image| host.has_image(*image)) {
            Some(image) => Self::read(host, image, parameters),
            None if file.is_empty() => {
                Err(Failure::input("no other picture is named", "choose an open image or a file that the new thing is taken from"))
            }
            None => {
                let unread = |error| Failure::from(error).hint("choose a picture file that GIMP can open");
                let image = host.load(Path::new(file)).map_err(unread)?;
                let read = Self::read(host, image, parameters);
                host.close(image)?;
                read
            }
        }
    }

    fn read(host: &dyn Host, image: Image, parameters: &Parameters) -> Result<Self, Failure> {
        let name = host.image_name(image)?;
        let wanted = parameters.text(Id::FromName);
        let layer = picture(host, image, &name)?;
        let format = pixels::format(host, image, host.has_alpha(layer)?)?;
        let (size, offsets, tattoo) = (host.size(layer)?, host.offsets(layer)?, host.tattoo(layer)?);
        let added = Sides::default();
        let source =
            Source { image, layer: Some(layer), name: host.name(layer)?, offsets, size, added, format, tattoo, active_result: None };
        let (width, height) = size;
        let samples = host.read(layer, Rect { x: 0, y: 0, width, height }, format)?;
        let pixels = pixels::sent(samples, size, format.channels)?;
        let item = item(host, &source, parameters.text(Id::FromItem), wanted)?;
        Ok(Self { name, pixels, item })
    }

    /// The item's name.
    pub(crate) fn item(&self) -> &str {
        &self.item.name
    }

    /// Makes it the reference picture of a session.
    pub(crate) fn send(self, document: &Document<'_>, session: &str) -> Result<(), Failure> {
        let open = OpenPicture { name: self.name, reference_of: Some(session.to_owned()), ..OpenPicture::default() };
        document.client.open_picture(&self.pixels, About::default(), open)?;
        let Mask { name, pixels } = self.item;
        let (session, picture) = (session.to_owned(), Which::Reference);
        let set = SetItems { session, picture, names: vec![name], items: Items::Masks(vec![0]), words: None };
        document.client.ask(set, vec![Blob::Pixels(pixels)])?;
        Ok(())
    }
}

/// The layer that is the picture: the active one, else the lowest.
fn picture(host: &dyn Host, image: Image, name: &str) -> Result<Item, Failure> {
    let is_layer = |layer: &Item| host.kind(*layer).is_ok_and(|kind| kind == ItemKind::Layer);
    let active = host.selected_layers(image)?.into_iter().find(is_layer);
    let lowest = || all_layers(host, image).map(|layers| layers.into_iter().rev().find(is_layer));
    active
        .map_or_else(lowest, |layer| Ok(Some(layer)))?
        .ok_or_else(|| Failure::input(format!("'{name}' has no layer"), "choose another picture"))
}

/// The item, by where it is looked for (`from-item` of a call).
fn item(host: &dyn Host, source: &Source, from: &str, name: &str) -> Result<Mask, Failure> {
    let selection = || masks::selection(host, source).map(|found| found.map(|pixels| named(name, "thing", pixels)));
    let mask = || masks::of_layers(host, source).map(|found| by_name(found, name));
    let channel = || masks::of_channels(host, source).map(|found| by_name(found, name));
    let alpha = || own_alpha(host, source, name);
    let (found, hint) = match from {
        "selection" => (selection()?, "select the thing in the other picture"),
        "layer-mask" => (mask()?, "give the thing's layer a mask"),
        "layer-alpha" => (alpha()?, "take a picture whose thing is cut out"),
        "channel" => (channel()?, "save a selection of the thing to a channel"),
        _ => {
            let mut found = selection()?;
            for look in [&mask as &dyn Fn() -> Result<Option<Mask>, Failure>, &alpha, &channel] {
                found = if found.is_some() { found } else { look()? };
            }
            (found, "select the thing in the other picture, or give it a layer mask")
        }
    };
    found.ok_or_else(|| Failure::input(format!("the thing is not found in '{}'", source.name), hint))
}

fn named(name: &str, other: &str, pixels: Pixels) -> Mask {
    let name = if name.is_empty() { other } else { name };
    Mask { name: masks::unique(name, std::iter::empty()), pixels }
}

fn by_name(found: Vec<Mask>, name: &str) -> Option<Mask> {
    found.into_iter().find(|mask| (name.is_empty() || mask.name == name) && !masks::is_empty(&mask.pixels))
}

/// The opaque part of the picture, where it is not the whole of it.
fn own_alpha(host: &dyn Host, source: &Source, name: &str) -> Result<Option<Mask>, Failure> {
    let Some(layer) = source.layer.filter(|_| matches!(source.format.channels, Channels::GreyAlpha | Channels::RgbAlpha)) else {
        return Ok(None);
    };
    let alpha = masks::alpha(host, layer, source)?;
    let shares = masks::shares(&alpha);
    let is_cut_out = shares.iter().any(|share| *share >= 0.5) && shares.iter().any(|share| *share < 0.5);
    Ok(is_cut_out.then(|| named(name, &source.name, alpha)))
}
