//! The pictures of a session, in memory and on the disk.

use std::collections::BTreeMap;
use std::sync::Arc;

use dedit_edit::{Error, ErrorKind, Image, ItemWords, Result, Segmentation, Size, Subject};

use super::inner::{Inner, Loaded, picture_record};
use crate::colour::ColourSpace;
use crate::files;
use crate::folder::{Folder, words};
use crate::opening::{About, Opening};
use crate::raster::Layout;

/// A picture with its items, ready to be learned.
pub(crate) struct ItemizedPicture {
    /// In sRGB.
    pub(crate) image: Arc<Image>,
    pub(crate) items: Arc<Segmentation>,
    words: BTreeMap<String, ItemWords>,
}

impl ItemizedPicture {
    pub(crate) fn subject(&self) -> Subject<'_> {
        Subject { picture: &self.image, items: &self.items, words: self.words.clone() }
    }
}

impl Inner {
    /// Creates the folder and writes everything, if that has not happened yet.
    pub(crate) fn write(&mut self) -> Result<()> {
        if self.folder.is_some() {
            return Ok(());
        }
        files::create_folder(&self.path)?;
        let folder = Folder::take(&self.path)?;
        // There was no session here when this one was opened.
        if Folder::record(&self.path)?.is_some() {
            let error = Error::usage("another program has put a session here in the meantime").at(&self.path);
            return Err(error.hint("open it again, or name another folder"));
        }
        // Files without a record were never acknowledged, or belong to a removed session.
        folder.clear()?;
        match self.write_to(&folder) {
            Ok(()) => {
                self.folder = Some(folder);
                Ok(())
            }
            Err(error) => {
                // What has been written takes room where it is short.
                let _ = folder.remove();
                Err(error)
            }
        }
    }

    fn write_to(&self, folder: &Folder) -> Result<()> {
        for (index, (loaded, record)) in self.loaded.iter().zip(&self.record.pictures).enumerate() {
            let Some(Loaded { image, about, items }) = loaded else { continue };
            folder.write_picture(index, image, about)?;
            if let (Some(items), Some(record)) = (items, &record.items) {
                folder.write_items(record, items)?;
            }
        }
        folder.write_record(&self.record)
    }

    /// The digest of the picture; empty where its record is damaged.
    pub(crate) fn digest(&self) -> &str {
        self.record.pictures.first().map_or("", |picture| &picture.digest)
    }

    /// Whether it is a session of this picture.
    pub(crate) fn is_of(&self, digest: &str) -> bool {
        self.record.pictures.first().is_some_and(|picture| picture.digest == digest)
    }

    /// Whether the picture, of the same pixels as this one, has its colour space.
    pub(crate) fn has_colours_of(&self, opening: &Opening) -> bool {
        match &self.loaded[0] {
            Some(loaded) => opening.has_colours_of(loaded.about.profile.as_deref()),
            None => Folder::has_colours_of(&self.path, opening) == Some(true),
        }
    }

    /// Keeps what is known of a picture since it was opened last. A client that sends no metadata keeps none: those of others stay.
    pub(crate) fn describe(&mut self, index: usize, about: &About) -> Result<()> {
        let known = self.picture(index)?;
        let metadata = about.metadata.as_ref().or(known.about.metadata.as_ref()).cloned();
        let about = About { profile: about.profile.clone(), metadata };
        if about == *known.about {
            return Ok(());
        }
        if let Some(folder) = &self.folder {
            folder.write_about(index, &about)?;
        }
        self.loaded[index] = Some(Loaded { about: Arc::new(about), ..known });
        Ok(())
    }

    /// A picture with this digest, if it is one of this session's and can be read.
    pub(crate) fn opening_of(&mut self, digest: &str) -> Option<Opening> {
        let index = self.record.pictures.iter().position(|picture| picture.digest == digest)?;
        let Loaded { image, about, .. } = self.picture(index).ok()?;
        Some(Opening { image, digest: digest.to_owned(), about, name: self.record.pictures[index].source.clone(), variant: String::new() })
    }

    /// A picture (0) or the reference picture (1), read if it is not in memory. A damaged one is set aside; sending the same pixels again restores it.
    pub(crate) fn picture(&mut self, index: usize) -> Result<Loaded> {
        if let Some(loaded) = &self.loaded[index] {
            return Ok(loaded.clone());
        }
        let Some(record) = self.record.pictures.get(index) else {
            return Err(Error::usage("this session has no reference picture").at(&self.path).hint("open one first"));
        };
        let folder = self.folder()?;
        let (image, about) = match folder.read_picture(index, record) {
            Ok(read) => read,
            Err(error) => {
                if error.kind() == ErrorKind::Input {
                    let aside = folder.set_picture_aside(index);
                    self.aside.extend(aside);
                }
                return Err(error.hint("open the same picture again"));
            }
        };
        let items = self.read_items(index);
        let loaded = Loaded { image: Arc::new(image), about: Arc::new(about), items };
        self.loaded[index] = Some(loaded.clone());
        Ok(loaded)
    }

    /// Reads the items of a picture. Damaged ones are set aside, and the session has no items until they are set again.
    fn read_items(&mut self, index: usize) -> Option<Arc<Segmentation>> {
        let record = &self.record.pictures[index];
        let (Some(folder), Some(items)) = (&self.folder, &record.items) else { return None };
        if let Ok(items) = folder.read_items(record, items) {
            return Some(Arc::new(items));
        }
        let aside = folder.set_items_aside(items);
        self.aside.extend(aside);
        // Where that cannot be written, the damage is noticed again next time.
        let _ = self.update(|record| record.pictures[index].items = None);
        None
    }

    /// Replaces a picture whose file is damaged.
    pub(crate) fn restore_picture(&mut self, index: usize, opening: &Opening) -> Result<()> {
        self.folder()?.write_picture(index, &opening.image, &opening.about)?;
        let items = self.read_items(index);
        self.loaded[index] = Some(Loaded { items, ..Loaded::of(opening) });
        Ok(())
    }

    /// Sets the reference picture. Setting the same one again keeps its items.
    pub(crate) fn set_reference(&mut self, opening: &Opening) -> Result<()> {
        if self.record.pictures.get(1).is_some_and(|picture| picture.digest == opening.digest) {
            match self.picture(1) {
                Ok(known) if opening.has_colours_of(known.about.profile.as_deref()) => return self.describe(1, &opening.about),
                Ok(_) => {}
                Err(_) => return self.restore_picture(1, opening),
            }
        }
        if let Some(folder) = &self.folder {
            folder.write_picture(1, &opening.image, &opening.about)?;
        }
        self.update(|record| {
            record.pictures.truncate(1);
            record.pictures.push(picture_record(opening));
        })?;
        self.loaded[1] = Some(Loaded::of(opening));
        Ok(())
    }

    /// Removes the reference picture.
    pub(crate) fn drop_reference(&mut self) -> Result<()> {
        if self.record.pictures.len() > 1 {
            self.update(|record| record.pictures.truncate(1))?;
            self.loaded[1] = None;
        }
        Ok(())
    }

    /// The pictures with their items, and the key of what is learned for them.
    pub(crate) fn itemized_pictures(&mut self) -> Result<(Vec<ItemizedPicture>, String)> {
        let count = self.record.pictures.len();
        let pictures = (0..count).map(|index| self.itemized_picture(index)).collect::<Result<_>>()?;
        Ok((pictures, self.record.learning_key().unwrap_or_default()))
    }

    fn itemized_picture(&mut self, index: usize) -> Result<ItemizedPicture> {
        let Loaded { image, items, about } = self.picture(index)?;
        let image = match ColourSpace::of(about.profile.as_deref(), &image) {
            Some(space) => Arc::new(space.shown(&image)?),
            None => image,
        };
        let which = if index == 0 { "the picture" } else { "the reference picture" };
        let no_items = || Error::usage(format!("{which} has no items yet")).at(&self.path).hint("set them first");
        let items = items.ok_or_else(no_items)?;
        let words = self.words(index);
        Ok(ItemizedPicture { image, items, words })
    }

    /// The words given for the items of a picture, by item name.
    pub(crate) fn words(&self, index: usize) -> BTreeMap<String, ItemWords> {
        self.record.pictures.get(index).and_then(|picture| picture.items.as_ref()).map(words).unwrap_or_default()
    }

    /// The picture's size.
    pub(crate) fn size(&self) -> Result<Size> {
        let Layout { width, height, .. } = self.record.pictures[0].layout;
        Size::new(width, height)
    }
}
