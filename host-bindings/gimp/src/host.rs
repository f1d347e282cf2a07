//! The interface to GIMP that plug-ins use, the same for both versions.

use std::path::Path;

use crate::error::{Error, Result};

/// The version of GIMP that runs the plug-in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Version {
    /// GIMP 2.10, with GTK 2.
    V2,
    /// GIMP 3, with GTK 3.
    V3,
}

/// An image that is open in GIMP, by GIMP's number for it. One that was closed since is an error wherever it is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Image(pub i32);

/// A layer, layer group, layer mask, channel or selection, by GIMP's number for it. One that is gone is an error wherever it is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Item(pub i32);

/// What an item is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ItemKind {
    /// A layer, text layers too.
    Layer,
    /// A group of layers.
    Group,
    /// The mask of a layer.
    Mask,
    /// A saved channel; the quick mask is one.
    Channel,
    /// The selection.
    Selection,
    /// Something else, such as a path.
    Other,
}

/// A rectangle in pixels, in the coordinates that the function taking it names.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Rect {
    /// First column.
    pub x: i32,
    /// First row.
    pub y: i32,
    /// Columns.
    pub width: u32,
    /// Rows.
    pub height: u32,
}

/// The colours of an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Colours {
    /// Red, green and blue.
    Rgb,
    /// Grey.
    Grey,
    /// A palette.
    Indexed,
}

/// The type of an image's samples.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Depth {
    /// 8 bits.
    U8,
    /// 16 bits.
    U16,
    /// 32 bits.
    U32,
    /// Half floats.
    Half,
    /// Floats.
    Float,
    /// Doubles.
    Double,
}

/// Transfer curve of samples.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Curve {
    /// Proportional to light: babl's `RGB`.
    Linear,
    /// By the curve of the image's own colour profile: babl's `R'G'B'`.
    NonLinear,
    /// By the curve of sRGB, whatever the profile: babl's `R~G~B~`.
    Perceptual,
}

/// Type and transfer curve of an image's samples.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Precision {
    /// Their type.
    pub depth: Depth,
    /// Their transfer curve.
    pub curve: Curve,
}

/// The channels of pixels that are read or written, side by side. Alpha is not multiplied in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Channels {
    /// A mask, channel or selection: linear (babl's `Y`), whatever the curve says.
    Mask,
    /// Grey.
    Grey,
    /// Grey and alpha.
    GreyAlpha,
    /// Red, green, blue.
    Rgb,
    /// Red, green, blue, alpha.
    RgbAlpha,
}

impl Channels {
    /// How many there are.
    pub fn count(self) -> usize {
        match self {
            Self::Mask | Self::Grey => 1,
            Self::GreyAlpha => 2,
            Self::Rgb => 3,
            Self::RgbAlpha => 4,
        }
    }
}

/// The type of samples that are read or written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SampleType {
    /// 0 … 255.
    U8,
    /// 0 … 65535.
    U16,
    /// Nominally 0 … 1.
    F32,
}

/// The format in which pixels are read or written. The colour space is always the item's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Format {
    /// Channels of a pixel.
    pub channels: Channels,
    /// Type of a sample.
    pub samples: SampleType,
    /// Transfer curve; ignored for [`Channels::Mask`].
    pub curve: Curve,
}

/// Samples, row by row from the top, without padding.
#[derive(Debug, Clone, PartialEq)]
pub enum Samples {
    /// 8 bits.
    U8(Vec<u8>),
    /// 16 bits.
    U16(Vec<u16>),
    /// Floats.
    F32(Vec<f32>),
}

impl Samples {
    /// How many.
    pub fn len(&self) -> usize {
        match self {
            Self::U8(samples) => samples.len(),
            Self::U16(samples) => samples.len(),
            Self::F32(samples) => samples.len(),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Their type.
    pub fn sample_type(&self) -> SampleType {
        match self {
            Self::U8(_) => SampleType::U8,
            Self::U16(_) => SampleType::U16,
            Self::F32(_) => SampleType::F32,
        }
    }
}

/// A running GIMP. All methods are for the thread that GIMP called the plug-in on.
///
/// # Errors
/// Everywhere: a sentence for the user, where GIMP refuses or the image or item is gone.
pub trait Host {
    /// Which GIMP it is.
    fn version(&self) -> Version;

    /// The images that are open.
    fn images(&self) -> Vec<Image>;
    /// Whether an image is still open.
    fn has_image(&self, image: Image) -> bool;
    /// Whether an item is still there.
    fn has_item(&self, item: Item) -> bool;
    /// Width and height of the canvas.
    fn image_size(&self, image: Image) -> Result<(u32, u32)>;
    /// Changes the canvas's size. Everything in the image moves by `shift`, right and down; no layer's own size changes.
    fn resize_canvas(&self, image: Image, size: (u32, u32), shift: (i32, i32)) -> Result<()>;
    /// Its name in the title bar.
    fn image_name(&self, image: Image) -> Result<String>;
    /// Its colours.
    fn colours(&self, image: Image) -> Result<Colours>;
    /// Type and transfer curve of its samples.
    fn precision(&self, image: Image) -> Result<Precision>;
    /// Its own colour profile (ICC); `None` where it has none.
    fn profile(&self, image: Image) -> Result<Option<Vec<u8>>>;
    /// Opens a file as an image without a window.
    fn load(&self, file: &Path) -> Result<Image>;
    /// Closes an image that has no window.
    fn close(&self, image: Image) -> Result<()>;

    /// The layers and groups that lie in no group, from the top.
    fn layers(&self, image: Image) -> Result<Vec<Item>>;
    /// The layers and groups in a group, from the top.
    fn children(&self, group: Item) -> Result<Vec<Item>>;
    /// The saved channels, from the top.
    fn channels(&self, image: Image) -> Result<Vec<Item>>;
    /// The layers that are active.
    fn selected_layers(&self, image: Image) -> Result<Vec<Item>>;
    /// Makes a layer the active one.
    fn select_layer(&self, image: Image, layer: Item) -> Result<()>;
    /// The selection, in the image's coordinates; `None` where nothing is selected.
    fn selection(&self, image: Image) -> Result<Option<Item>>;
    /// The floating selection, where there is one.
    fn floating(&self, image: Image) -> Result<Option<Item>>;
    /// The layer with a number that stays the same in an XCF file.
    fn layer_by_tattoo(&self, image: Image, tattoo: u32) -> Option<Item>;

    /// What it is.
    fn kind(&self, item: Item) -> Result<ItemKind>;
    /// The image that it belongs to.
    fn image_of(&self, item: Item) -> Result<Image>;
    /// Its name.
    fn name(&self, item: Item) -> Result<String>;
    /// Whether its eye is open.
    fn is_visible(&self, item: Item) -> Result<bool>;
    /// Opens or closes its eye.
    fn set_visible(&self, item: Item, visible: bool) -> Result<()>;
    /// Whether its pixels are locked.
    fn is_locked(&self, item: Item) -> Result<bool>;
    /// The group that it lies in.
    fn parent(&self, item: Item) -> Result<Option<Item>>;
    /// Its place in its group, or in the image, from the top.
    fn position(&self, item: Item) -> Result<i32>;
    /// Its left upper corner in the image.
    fn offsets(&self, item: Item) -> Result<(i32, i32)>;
    /// Width and height.
    fn size(&self, item: Item) -> Result<(u32, u32)>;
    /// Whether it has alpha.
    fn has_alpha(&self, item: Item) -> Result<bool>;
    /// The number of it that stays the same in an XCF file.
    fn tattoo(&self, item: Item) -> Result<u32>;
    /// How much of a layer is seen, 0 … 1.
    fn opacity(&self, layer: Item) -> Result<f64>;
    /// Whether a layer's mask hides what it is to hide; it can be switched off.
    fn applies_mask(&self, layer: Item) -> Result<bool>;
    /// The mask of a layer; `None` for none, and for what is no layer.
    fn layer_mask(&self, layer: Item) -> Result<Option<Item>>;
    /// The layer that a mask belongs to.
    fn layer_of_mask(&self, mask: Item) -> Result<Option<Item>>;

    /// Reads a rectangle, in coordinates of the item. What lies outside of it is 0.
    fn read(&self, item: Item, area: Rect, format: Format) -> Result<Samples>;
    /// Writes a rectangle, in coordinates of the item, into an item that the plug-in made itself: it leaves no undo step of its own.
    fn write(&self, item: Item, area: Rect, format: Format, samples: &Samples) -> Result<()>;

    /// A layer of the image's own colours and precision, opaque or empty, which is not in the image yet.
    fn new_layer(&self, image: Image, name: &str, size: (u32, u32), alpha: bool) -> Result<Item>;
    /// All that is visible as a layer, which is not in the image.
    fn new_layer_from_visible(&self, image: Image) -> Result<Item>;
    /// A group, which is not in the image yet.
    fn new_group(&self, image: Image, name: &str) -> Result<Item>;
    /// A channel of the canvas's size, which is not in the image yet.
    fn new_channel(&self, image: Image, name: &str, colour: [u8; 3]) -> Result<Item>;
    /// Puts a layer or group into a group, or beside the others, at a place counted from the top.
    fn insert_layer(&self, image: Image, layer: Item, parent: Option<Item>, position: i32) -> Result<()>;
    /// Puts a channel on top of the others.
    fn insert_channel(&self, image: Image, channel: Item) -> Result<()>;
    /// Moves the left upper corner of a layer.
    fn set_offsets(&self, layer: Item, x: i32, y: i32) -> Result<()>;
    /// Gives a layer a white mask, and leaves the layer the one that is painted on.
    fn add_mask(&self, layer: Item) -> Result<Item>;
    /// Lets a layer colour what is below it and leave the alpha of that as it is.
    fn clip_to_backdrop(&self, layer: Item) -> Result<()>;
    /// Lets the alpha of a layer or group mix colours in this curve; GIMP's own choice is light, [`Curve::Linear`].
    fn mix_in(&self, layer: Item, curve: Curve) -> Result<()>;
    /// Takes a layer out of the image.
    fn remove_layer(&self, image: Image, layer: Item) -> Result<()>;
    /// Deletes an item that is in no image.
    fn delete(&self, item: Item) -> Result<()>;
    /// Selects what a channel or layer mask covers, in place of what was selected.
    fn select_item(&self, image: Image, item: Item) -> Result<()>;

    /// Data attached to an image under a name (a parasite).
    fn image_parasite(&self, image: Image, name: &str) -> Result<Option<Vec<u8>>>;
    /// Attaches data to an image. It is saved in XCF files and is no undo step.
    fn set_image_parasite(&self, image: Image, name: &str, data: &[u8]) -> Result<()>;
    /// Data attached to an item under a name (a parasite).
    fn item_parasite(&self, item: Item, name: &str) -> Result<Option<Vec<u8>>>;
    /// Attaches data to an item. It is saved in XCF files, and is an undo step or part of the open one.
    fn set_item_parasite(&self, item: Item, name: &str, data: &[u8]) -> Result<()>;

    /// Begins what will be one undo step. [`UndoStep`] ends it.
    fn begin_undo(&self, image: Image) -> Result<()>;
    /// Ends what will be one undo step.
    fn end_undo(&self, image: Image) -> Result<()>;
    /// Shows what was changed.
    fn flush(&self);

    /// Shows the progress bar, with GIMP's own button to cancel, which ends the plug-in.
    fn begin_progress(&self, text: &str);
    /// How far it is, 0 … 1; without a number it only shows that something is done.
    fn set_progress(&self, share: Option<f64>, text: &str);
    /// Hides the progress bar.
    fn end_progress(&self);
    /// Shows a message in GIMP's way: a dialog, the error console or standard error.
    fn show_message(&self, message: &str);

    /// A setting of the plug-in, from `gimprc`.
    fn recall(&self, name: &str) -> Option<String>;
    /// Saves a setting of the plug-in in `gimprc`.
    fn remember(&self, name: &str, value: &str);
}

/// One undo step, from its beginning until it is dropped.
pub struct UndoStep<'h> {
    host: &'h dyn Host,
    image: Image,
}

impl<'h> UndoStep<'h> {
    /// Begins one.
    ///
    /// # Errors
    /// Where GIMP refuses.
    pub fn begin(host: &'h dyn Host, image: Image) -> Result<Self> {
        host.begin_undo(image)?;
        Ok(Self { host, image })
    }
}

impl Drop for UndoStep<'_> {
    fn drop(&mut self) {
        // On failure GIMP closes the step when the plug-in ends.
        let _ = self.host.end_undo(self.image);
    }
}

impl std::fmt::Debug for UndoStep<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("UndoStep").field("image", &self.image).finish_non_exhaustive()
    }
}

/// The error for an image or item that was closed or deleted.
pub(crate) fn gone(what: &str) -> Error {
    Error::new(format!("{what} is no longer open in GIMP"))
}
