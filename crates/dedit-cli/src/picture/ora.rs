//! OpenRaster files: layered pictures that GIMP, Krita and others open (<https://www.openraster.org>, version 0.0.3).

use std::io::{Cursor, Write};

use dedit_edit::{Image, Size};
use zip::CompressionMethod;
use zip::write::{SimpleFileOptions, ZipWriter};

use super::write::encode_plain;
use crate::error::{Error, ErrorKind, Result};

/// Longest side of the thumbnail, pixels.
const THUMBNAIL: u32 = 256;

/// A layer of an OpenRaster file.
pub(crate) struct OraLayer<'a> {
    pub(crate) name: &'a str,
    /// Column and row of its first pixel.
    pub(crate) at: (usize, usize),
    pub(crate) picture: &'a Image,
}

/// The bytes of an OpenRaster file: `layers` from the front to the back, and `merged`, what they show together.
pub(crate) fn encode(size: Size, layers: &[OraLayer<'_>], merged: &Image, profile: Option<&[u8]>) -> Result<Vec<u8>> {
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    // PNG is compressed already, and the type has to lie uncompressed at the start.
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
    let mut add = |name: &str, bytes: &[u8]| -> Result<()> {
        archive.start_file(name, options).map_err(|error| broken(&error))?;
        archive.write_all(bytes).map_err(|error| broken(&error))
    };
    add("mimetype", b"image/openraster")?;
    add("stack.xml", stack(size, layers).as_bytes())?;
    for (index, layer) in layers.iter().enumerate() {
        add(&file(index), &encode_plain(layer.picture, profile)?)?;
    }
    add("mergedimage.png", &encode_plain(merged, profile)?)?;
    add("Thumbnails/thumbnail.png", &thumbnail(merged)?)?;
    Ok(archive.finish().map_err(|error| broken(&error))?.into_inner())
}

fn broken(error: &dyn std::fmt::Display) -> Error {
    Error::new(ErrorKind::Internal, format!("an OpenRaster file cannot be put together ({error})"))
}

fn file(index: usize) -> String {
    format!("data/layer{index}.png")
}

fn stack(size: Size, layers: &[OraLayer<'_>]) -> String {
    let (width, height) = (size.width(), size.height());
    let layer = |(index, layer): (usize, &OraLayer<'_>)| {
        let (name, file, (x, y)) = (escaped(layer.name), file(index), layer.at);
        format!("    <layer name=\"{name}\" src=\"{file}\" x=\"{x}\" y=\"{y}\" opacity=\"1.0\" visibility=\"visible\"/>\n")
    };
    let layers: String = layers.iter().enumerate().map(layer).collect();
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<image version=\"0.0.3\" w=\"{width}\" h=\"{height}\">\n  <stack>\n{layers}  </stack>\n</image>\n"
    )
}

/// Text as the value of an attribute. What XML cannot hold at all becomes a space.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\u{fffe}' | '\u{ffff}' => escaped.push(' '),
            letter if letter.is_control() => escaped.push(' '),
            letter => escaped.push(letter),
        }
    }
    escaped
}

fn thumbnail(picture: &Image) -> Result<Vec<u8>> {
    let small = crate::sheet::lowered(&crate::sheet::shown_as(picture)?, THUMBNAIL);
    let mut file = Cursor::new(Vec::new());
    small.write_to(&mut file, image::ImageFormat::Png).map_err(|error| broken(&error))?;
    Ok(file.into_inner())
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use dedit_edit::{Channels, Samples};

    use super::*;

    #[test]
    fn programs_find_layers_in_their_order_and_names_are_escaped() {
        let size = Size::new(4, 3).unwrap();
        let picture = |channels: Channels| Image::new(size, channels, Samples::U16(vec![700; 12 * channels.count()])).unwrap();
        let (item, ground) = (picture(Channels::Rgba), picture(Channels::Rgb));
        let layers = [
            OraLayer { name: "a \"red\" <bag> & more\u{1}", at: (1, 2), picture: &item },
            OraLayer { name: "clean plate", at: (0, 0), picture: &ground },
        ];
        let bytes = encode(size, &layers, &ground, None).unwrap();
        assert_eq!(&bytes[30..54], b"mimetypeimage/openraster");
        let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).unwrap();
        let names: Vec<String> = archive.file_names().map(|name| name.unwrap().into_owned()).collect();
        assert_eq!(names, ["mimetype", "stack.xml", "data/layer0.png", "data/layer1.png", "mergedimage.png", "Thumbnails/thumbnail.png"]);
        let mut xml = String::new();
        archive.by_name("stack.xml").unwrap().read_to_string(&mut xml).unwrap();
        let name = "name=\"a &quot;red&quot; &lt;bag&gt; &amp; more \" src=\"data/layer0.png\" x=\"1\" y=\"2\"";
        assert!(xml.contains(name) && xml.contains("w=\"4\" h=\"3\""), "{xml}");
        let mut png = Vec::new();
        archive.by_name("data/layer0.png").unwrap().read_to_end(&mut png).unwrap();
        assert_eq!(image::load_from_memory(&png).unwrap().into_rgba16().as_raw(), &vec![700; 48]);
    }
}
