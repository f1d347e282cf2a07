//! What `melt` is told to do: pictures, effects on them, and how they are rendered.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use image::{EncodableLayout, ImageBuffer, PixelWithColorType};

use super::{LIMIT, service};
use crate::desk::Desk;

/// The name of a picture of a sequence, by its number from 1 on: as MLT writes it.
const NUMBERED: &str = "%04d.png";

/// Pictures that all have one size.
#[derive(Debug, Clone)]
pub struct Footage {
    pictures: Vec<PathBuf>,
    size: [u32; 2],
}

impl Footage {
    /// One picture, for as long as it takes.
    pub fn still(picture: &Path) -> Result<Self> {
        Self::new(vec![picture.to_path_buf()])
    }

    /// The pictures `0001.png`, `0002.png` and so on of a folder.
    pub fn sequence(folder: &Path) -> Result<Self> {
        Self::new(pictures(folder)).with_context(|| format!("{} is no sequence", folder.display()))
    }

    /// Pictures with 8 or 16 bits, which are written into a new folder of the desk.
    pub fn of<P>(desk: &Desk, folder: &str, pictures: &[ImageBuffer<P, Vec<P::Subpixel>>]) -> Result<Self>
    where
        P: PixelWithColorType,
        [P::Subpixel]: EncodableLayout,
    {
        let folder = desk.outside(folder);
        fs::create_dir(&folder).with_context(|| format!("{} cannot be made", folder.display()))?;
        for (index, picture) in pictures.iter().enumerate() {
            let path = numbered(&folder, index + 1);
            picture.save(&path).with_context(|| format!("{} cannot be written", path.display()))?;
        }
        Self::sequence(&folder)
    }

    fn new(pictures: Vec<PathBuf>) -> Result<Self> {
        let mut size = None;
        for picture in &pictures {
            let (width, height) = image::image_dimensions(picture).with_context(|| format!("{} is no picture", picture.display()))?;
            if *size.get_or_insert([width, height]) != [width, height] {
                bail!("{} is {width}x{height}, other than those before it", picture.display());
            }
        }
        Ok(Self { pictures, size: size.context("there is no picture")? })
    }

    /// The footage as elements of a document, for a number of frames.
    ///
    /// Each frame is a clip of its own: MLT gives wrong pictures where threads ask one clip out of order.
    fn playlist(&self, frames: usize) -> Result<String> {
        let still = self.pictures.len() == 1;
        if frames == 0 || !still && frames > self.pictures.len() {
            bail!("{frames} frames cannot be made from {} pictures", self.pictures.len());
        }
        let mut text = String::new();
        for (number, picture) in self.pictures.iter().cycle().enumerate().take(frames) {
            let resource = picture.to_str().with_context(|| format!("{} is no text, which MLT needs", picture.display()))?;
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

/// An effect with the values of its parameters; those that are not given have their defaults.
#[derive(Debug, Clone)]
pub struct Filter {
    service: String,
    values: Vec<(String, String)>,
}

impl Filter {
    /// The effect of `OpenFX` with an identifier.
    pub fn new(id: &str) -> Self {
        Self { service: service(id), values: Vec::new() }
    }

    /// Sets a parameter, in MLT's words: a choice is the option's label and not its number, a switch is `1` or `0`, two numbers have a space
    /// between them, and `0=1;9=5` changes from frame 0 to frame 9 if the parameter can.
    #[must_use]
    pub fn with(mut self, parameter: &str, value: impl Into<String>) -> Self {
        self.values.push((parameter.to_owned(), value.into()));
        self
    }
}

/// Footage with effects, and how it is rendered.
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
    /// All of the footage with no effect, rendered by one thread ahead of the one that writes, with 8 bits.
    pub fn new(footage: Footage) -> Self {
        Self { frames: footage.pictures.len(), footage, filters: Vec::new(), scale: None, threads: 1, deep: false, limit: LIMIT }
    }

    /// Another number of frames: the first ones of a sequence, or a still for that long.
    #[must_use]
    pub fn frames(self, frames: usize) -> Self {
        Self { frames, ..self }
    }

    /// One more effect, after those before it.
    #[must_use]
    pub fn filter(mut self, filter: Filter) -> Self {
        self.filters.push(filter);
        self
    }

    /// Renders smaller pictures, as editors do for a quick look: effects are told this scale.
    #[must_use]
    pub fn scaled(self, scale: f64) -> Self {
        Self { scale: Some(scale), ..self }
    }

    /// The number of threads that render; with none, the one that writes does it. No frame is ever dropped.
    #[must_use]
    pub fn threads(self, threads: u32) -> Self {
        Self { threads, ..self }
    }

    /// Asks effects for 16 bits or floating point, whichever they name first, and writes 16 bits. Without a loss for footage with 16 bits
    /// only: MLT changes the colours of other footage a little.
    #[must_use]
    pub fn deep(self) -> Self {
        Self { deep: true, ..self }
    }

    /// The edit as a document of MLT. Its profile is that of the pictures, so that nothing is scaled, cut or interlaced.
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

    /// How the pictures are written: losslessly, and never as anything but red, green, blue and alpha on the way.
    pub(super) fn consumer(&self) -> Vec<String> {
        let [written, kept] = if self.deep { ["rgba64be", "rgba64"] } else { ["rgba", "rgba"] };
        // A number above 0 would drop frames that come late.
        let mut words = vec![format!("real_time={}", -i64::from(self.threads)), "vcodec=png".to_owned(), "an=1".to_owned()];
        words.extend([format!("pix_fmt={written}"), format!("mlt_image_format={kept}")]);
        words.extend(self.scale.map(|scale| format!("scale={scale}")));
        words
    }
}

fn property(text: &mut String, name: &str, value: &str) -> Result<()> {
    writeln!(text, "<property name=\"{}\">{}</property>", escaped(name)?, escaped(value)?).context("a document cannot be written")
}

/// A text within XML. White space is spelled out, since it would be changed otherwise.
fn escaped(text: &str) -> Result<String> {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\n' | '\r' | '\t' => write!(out, "&#{};", u32::from(letter))?,
            _ if letter.is_control() && letter.is_ascii() => bail!("{text:?} cannot be said in XML"),
            _ => out.push(letter),
        }
    }
    Ok(out)
}
