//! Conversion of drawings to pictures with items.

use std::collections::BTreeMap;

use dedit_edit::{Channels, Image, ItemMask, Result, Samples, Segmentation, Size};

use crate::draw::Drawing;
use crate::scene::{Scene, Toy};

/// Name of the item of all pixels without a toy.
pub const BACKGROUND: &str = "background";

impl Scene {
    /// The names of its items, in the order of a drawing's labels.
    pub fn item_names(&self) -> Vec<String> {
        [BACKGROUND.to_owned()].into_iter().chain(self.toys.iter().map(Toy::name)).collect()
    }

    /// The words of each item, by name.
    pub fn item_words(&self) -> BTreeMap<String, String> {
        let toys = self.toys.iter().map(|toy| (toy.name(), toy.name()));
        toys.chain([(BACKGROUND.to_owned(), self.background_prompt())]).collect()
    }
}

impl Drawing {
    /// The picture.
    ///
    /// # Errors
    /// None for what [`draw`](crate::draw()) makes.
    pub fn image(&self) -> Result<Image> {
        Image::new(self.size()?, Channels::Rgb, Samples::U8(self.picture.as_raw().clone()))
    }

    /// The items of the scene that it shows.
    ///
    /// # Errors
    /// `Input` where a toy has no pixel, or two have the same name.
    pub fn items(&self, scene: &Scene) -> Result<Segmentation> {
        let labels = self.labels.as_raw().iter().map(|label| u16::from(*label)).collect();
        Segmentation::from_labels(self.size()?, scene.item_names(), labels)
    }

    /// The mask of a toy, given by its number from 1.
    ///
    /// # Errors
    /// None for what [`draw`](crate::draw()) makes.
    pub fn mask(&self, number: u8) -> Result<ItemMask> {
        let width = self.labels.width() as usize;
        Ok(ItemMask::from_fn(self.size()?, |x, y| self.labels.as_raw()[y * width + x] == number))
    }

    fn size(&self) -> Result<Size> {
        Size::new(self.picture.width() as usize, self.picture.height() as usize)
    }
}
