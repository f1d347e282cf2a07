//! Edits for `melt`: footage, effects, and render settings.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use image::{EncodableLayout, ImageBuffer, PixelWithColorType};

use crate::test_folder::TestFolder;

/// The time that an edit may take by default.
pub const LIMIT: Duration = Duration::from_secs(120);

/// What the names of MLT's OpenFX effects begin with.
pub(super) const SERVICE: &str = "openfx.";

/// MLT's pattern for the names of a sequence, numbered from 1.
const NUMBERED: &str = "%04d.png";

/// Pictures of one size.
#[derive(Debug, Clone)]
pub struct Footage {
    pictures: Vec<PathBuf>,
    size: [u32; 2],
}

impl Footage {
    /// One picture, repeated for every frame.
    pub fn still(picture: &Path) -> Result<Self> {
        Self::new(vec![picture.to_path_buf()])
    }

    /// The pictures `0001.png`, `0002.png` and so on of a folder.
    pub fn sequence(folder: &Path) -> Result<Self> {
        Self::new(pictures(folder)).with_context(|| format!("{} is not a sequence", folder.display()))
    }

    /// Pictures with 8 or 16 bits, written to a new folder of the test.
    pub fn of<P>(test_folder: &TestFolder, folder: &str, pictures: &[ImageBuffer<P, Vec<P::Subpixel>>]) -> Result<Self>
    where
        P: PixelWithColorType,
        [P::Subpixel]: EncodableLayout,
    {
        let folder = test_folder.outside(folder);
        fs::create_dir(&folder).with_context(|| format!("{} cannot be created", folder.display()))?;
        for (index, picture) in pictures.iter().enumerate() {
            let path = numbered(&folder, index + 1);
            picture.save(&path).with_context(|| format!("{} cannot be written", path.display()))?;
        }
        Self::sequence(&folder)
    }

    fn new(pictures: Vec<PathBuf>) -> Result<Self> {
        let mut size = None;
        for picture in &pictures {
            let (width, height) = image::image_dimensions(picture).with_context(|| format!("{} is not a picture", picture.display()))?;
            if *size.get_or_insert([width, height]) != [width, height] {
                bail!("{} is {width}x{height}, unlike the pictures before it", picture.display());
            }
        }
        Ok(Self { pictures, size: size.context("there is no picture")? })
    }

    /// The footage as elements of an MLT document.
    ///
    /// Each frame is a clip of its own: MLT returns wrong pictures where threads read one clip out of order.
    fn playlist(&self, frames: usize) -> Result<String> {
        let still = self.pictures.len() == 1;
        if frames == 0 || !still && frames > self.pictures.len() {
            bail!("{} pictures are not enough for {frames} frames", self.pictures.len());
        }
        let mut text = String::new();
        for (number, picture) in self.pictures.iter().cycle().enumerate().take(frames) {
            let resource = picture.to_str().with_context(|| format!("{} is not UTF-8, as MLT requires", picture.display()))?;
            writeln!(text, "<producer id=\"picture{number}\" in=\"0\" out=\"0\">")?;
            for (name, value) in [("length", "1"), ("mlt_service", "avformat"), ("resource", resource)] {
                property(&mut text, name, value)?;
            }
            text.push_str("</producer>\n");
        }
        text.push_str("<playlist id=\"footage\">\n");
        for number in 0..frames {
            writeln!(text, "<entry producer=\"picture{number}\" in=\"0\" out=\"0\"/>")?;
        }
        Ok(text)
    }
}

/// The path of a picture of a sequence.
fn numbered(folder: &Path, number: usize) -> PathBuf {
    folder.join(format!("{number:04}.png"))
}

/// The paths of the pictures of a sequence.
pub(super) fn pictures(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    loop {
        let next = numbered(folder, found.len() + 1);
        if !next.is_file() {
            return found;
        }
        found.push(next);
    }
}

/// The pattern of the paths of a sequence.
pub(super) fn pattern(folder: &Path) -> PathBuf {
    folder.join(NUMBERED)
}

/// An effect with parameter values; the others have their defaults.
#[derive(Debug, Clone)]
pub struct Filter {
    service: String,
    values: Vec<(String, String)>,
}

impl Filter {
    /// The OpenFX effect with an identifier.
    pub fn new(id: &str) -> Self {
        Self { service: service(id), values: Vec::new() }
    }

    /// Sets a parameter in MLT's notation: a choice by its label, a switch as `1` or `0`, two numbers separated by a space, and keys as in `0=1;9=5`, from
    /// frame 0 to frame 9.
    #[must_use]
    pub fn with(mut self, parameter: &str, value: impl Into<String>) -> Self {
        self.values.push((parameter.to_owned(), value.into()));
        self
    }
}

/// Footage with effects and render settings.
#[derive(Debug, Clone)]
pub struct Edit {
    footage: Footage,
    frames: usize,
    filters: Vec<Filter>,
    scale: Option<f64>,
    threads: u32,
    deep: bool,
    pub(super) limit: Duration,
}

impl Edit {
    /// The whole footage without effects, with 8 bits, rendered by one thread besides the writing one.
    pub fn new(footage: Footage) -> Self {
        Self { frames: footage.pictures.len(), footage, filters: Vec::new(), scale: None, threads: 1, deep: false, limit: LIMIT }
    }

    /// Sets the number of frames: the first of a sequence, or repetitions of a still.
    #[must_use]
    pub fn frames(self, frames: usize) -> Self {
        Self { frames, ..self }
    }

    /// Adds an effect after the others.
    #[must_use]
    pub fn filter(mut self, filter: Filter) -> Self {
        self.filters.push(filter);
        self
    }

    /// Renders at a smaller scale, as editors do for previews; effects get this scale.
    #[must_use]
    pub fn scaled(self, scale: f64) -> Self {
        Self { scale: Some(scale), ..self }
    }

    /// Sets the number of render threads; 0 renders in the writing thread. Frames are never dropped.
    #[must_use]
    pub fn threads(self, threads: u32) -> Self {
        Self { threads, ..self }
    }

    /// Asks effects for 16 bits or floating point, whichever they list first, and writes 16 bits. Lossless only for footage with 16 bits: MLT changes the
    /// colours of other footage a little.
    #[must_use]
    pub fn deep(self) -> Self {
        Self { deep: true, ..self }
    }

    /// The edit as an MLT document. Its profile is that of the pictures, so that nothing is scaled, cropped or interlaced.
    pub(super) fn document(&self) -> Result<String> {
        let [width, height] = self.footage.size;
        let mut text = format!(
            "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<mlt LC_NUMERIC=\"C\">\n<profile width=\"{width}\" height=\"{height}\" \
             progressive=\"1\" sample_aspect_num=\"1\" sample_aspect_den=\"1\" display_aspect_num=\"{width}\" display_aspect_den=\"{height}\" \
             frame_rate_num=\"25\" frame_rate_den=\"1\" colorspace=\"709\"/>\n{}",
            self.footage.playlist(self.frames)?
        );
        for filter in &self.filters {
            text.push_str("<filter>\n");
            property(&mut text, "mlt_service", &filter.service)?;
            for (name, value) in &filter.values {
                property(&mut text, name, value)?;
            }
            text.push_str("</filter>\n");
        }
        text.push_str("</playlist>\n</mlt>\n");
        Ok(text)
    }

    /// Arguments of the consumer: lossless, and RGBA all the way.
    pub(super) fn consumer(&self) -> Vec<String> {
        let [written, kept] = if self.deep { ["rgba64be", "rgba64"] } else { ["rgba", "rgba"] };
        // A positive number would drop late frames.
        let mut words = vec![format!("real_time={}", -i64::from(self.threads)), "vcodec=png".to_owned(), "an=1".to_owned()];
        words.extend([format!("pix_fmt={written}"), format!("mlt_image_format={kept}")]);
        words.extend(self.scale.map(|scale| format!("scale={scale}")));
        words
    }
}

fn property(text: &mut String, name: &str, value: &str) -> Result<()> {
    writeln!(text, "<property name=\"{}\">{}</property>", escaped(name)?, escaped(value)?).context("the document cannot be written")
}

/// Escapes a text for XML, white space included, which readers would normalise.
fn escaped(text: &str) -> Result<String> {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\n' | '\r' | '\t' => write!(out, "&#{};", u32::from(letter))?,
            _ if letter.is_control() && letter.is_ascii() => bail!("{text:?} has a character that XML forbids"),
            _ => out.push(letter),
        }
    }
    Ok(out)
}

/// MLT's name of an effect, in which a colon is not allowed.
pub(super) fn service(id: &str) -> String {
    format!("{SERVICE}{}", id.replace(':', "^"))
}
