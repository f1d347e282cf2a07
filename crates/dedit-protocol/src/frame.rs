//! Frames: what every message looks like, whatever it says.
//!
//! `tag` u32 · `serial` u32 · `head` u32 · `body` u64, all little-endian; then `head` bytes of JSON (an object) and `body` bytes of blobs, one after
//! another, as the head's list `blobs` describes them.

use std::io::{self, Read, Write};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::pixels::{Layout, Pixels};

/// The most bytes of a head.
pub const MAX_HEAD: u32 = 1 << 20;
/// The most bytes of all blobs of a frame.
pub const MAX_BODY: u64 = 1 << 32;
/// The most blobs of a frame.
pub const MAX_BLOBS: usize = 4096;
/// The most bytes of a blob that is no pixels: a colour profile, a thumbnail.
pub const MAX_BYTES: u64 = 1 << 26;

const PREFIX: usize = 20;

/// What lies behind the head.
#[derive(Debug, Clone, PartialEq)]
pub enum Blob {
    /// A picture, a mask, item numbers.
    Pixels(Pixels),
    /// Something else.
    Bytes(Vec<u8>),
}

/// What a head says of a blob.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
enum BlobHead {
    Pixels(Layout),
    Bytes { bytes: u64 },
}

impl BlobHead {
    /// Bytes on the wire, if they are within the limits.
    fn wire_bytes(&self) -> Option<u64> {
        match self {
            Self::Pixels(layout) => layout.wire_bytes(),
            Self::Bytes { bytes } => (*bytes <= MAX_BYTES).then_some(*bytes),
        }
    }
}

impl Blob {
    fn head(&self) -> BlobHead {
        match self {
            Self::Pixels(pixels) => BlobHead::Pixels(pixels.layout()),
            Self::Bytes(bytes) => BlobHead::Bytes { bytes: bytes.len() as u64 },
        }
    }

    fn write(&self, into: &mut impl Write) -> io::Result<()> {
        match self {
            Self::Pixels(pixels) => pixels.write(into),
            Self::Bytes(bytes) => into.write_all(bytes),
        }
    }
}

/// A message that is not understood yet.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Frame {
    /// What kind of message it is.
    pub tag: u32,
    /// Which request it is, or belongs to; 0 for none.
    pub serial: u32,
    /// What it says, without the list of blobs.
    pub head: Map<String, Value>,
    /// What lies behind.
    pub blobs: Vec<Blob>,
}

/// Why no frame was read.
#[derive(Debug)]
pub enum ReadError {
    /// The other side ended the connection between two frames.
    Closed,
    /// The connection broke, or ended within a frame.
    Io(io::Error),
    /// Bytes that are no frame: nothing after them can be understood.
    Broken(String),
    /// A frame that cannot be understood; the next one can.
    Refused {
        /// Its tag.
        tag: u32,
        /// Its serial.
        serial: u32,
        /// Why.
        reason: String,
    },
}

impl From<io::Error> for ReadError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl Frame {
    /// Writes the frame; nothing of its blobs is copied.
    pub fn write(&self, into: &mut impl Write) -> io::Result<()> {
        let too_large = |what: &str| io::Error::new(io::ErrorKind::InvalidInput, format!("the {what} of a message is too large"));
        let mut head = self.head.clone();
        if !self.blobs.is_empty() {
            let heads: Vec<BlobHead> = self.blobs.iter().map(Blob::head).collect();
            head.insert("blobs".to_owned(), serde_json::to_value(heads)?);
        }
        let head = serde_json::to_vec(&head)?;
        let body = self.blobs.iter().map(|blob| blob.head().wire_bytes()).sum::<Option<u64>>();
        let body = body.filter(|body| *body <= MAX_BODY && self.blobs.len() <= MAX_BLOBS).ok_or_else(|| too_large("data"))?;
        let length = u32::try_from(head.len()).ok().filter(|length| *length <= MAX_HEAD).ok_or_else(|| too_large("head"))?;
        let mut prefix = Vec::with_capacity(PREFIX + head.len());
        prefix.extend([self.tag, self.serial, length].into_iter().flat_map(u32::to_le_bytes));
        prefix.extend(body.to_le_bytes());
        prefix.extend(head);
        into.write_all(&prefix)?;
        self.blobs.iter().try_for_each(|blob| blob.write(into))?;
        into.flush()
    }

    /// Reads a frame. Every length is checked before anything of that length is allocated.
    pub fn read(from: &mut impl Read) -> Result<Self, ReadError> {
        let prefix = prefix(from)?;
        let number = |at: usize| u32::from_le_bytes([prefix[at], prefix[at + 1], prefix[at + 2], prefix[at + 3]]);
        let (tag, serial, length) = (number(0), number(4), number(8));
        let body = u64::from(number(12)) | u64::from(number(16)) << 32;
        if length > MAX_HEAD || body > MAX_BODY {
            return Err(ReadError::Broken(format!("a head of {length} bytes and {body} bytes of data are beyond the limits")));
        }
        let mut head = vec![0; length as usize];
        from.read_exact(&mut head)?;
        match understand(&head, body) {
            Ok((head, heads)) => Ok(Self { tag, serial, head, blobs: read_blobs(&heads, from)? }),
            Err(reason) => {
                if io::copy(&mut from.by_ref().take(body), &mut io::sink())? < body {
                    return Err(ReadError::Io(io::ErrorKind::UnexpectedEof.into()));
                }
                Err(ReadError::Refused { tag, serial, reason })
            }
        }
    }
}

/// The first bytes of a frame; their absence is an end, a part of them is not.
fn prefix(from: &mut impl Read) -> Result<[u8; PREFIX], ReadError> {
    let mut prefix = [0; PREFIX];
    let first = loop {
        match from.read(&mut prefix[..1]) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            other => break other?,
        }
    };
    if first == 0 {
        return Err(ReadError::Closed);
    }
    from.read_exact(&mut prefix[1..])?;
    Ok(prefix)
}

/// A head without its list of blobs, and that list, which accounts for every byte of the body.
fn understand(head: &[u8], body: u64) -> Result<(Map<String, Value>, Vec<BlobHead>), String> {
    let head: Value = serde_json::from_slice(head).map_err(|error| format!("its head is no JSON ({error})"))?;
    let Value::Object(mut head) = head else { return Err("its head is no JSON object".to_owned()) };
    let heads: Vec<BlobHead> = match head.remove("blobs") {
        None => Vec::new(),
        Some(heads) => serde_json::from_value(heads).map_err(|error| format!("its list of blobs is not understood ({error})"))?,
    };
    if heads.len() > MAX_BLOBS {
        return Err(format!("it has {} blobs, and at most {MAX_BLOBS} fit", heads.len()));
    }
    let total = heads.iter().try_fold(0_u64, |total, head| total.checked_add(head.wire_bytes()?));
    if total != Some(body) {
        return Err(format!("its blobs are {total:?} bytes by their list, and {body} by the frame"));
    }
    Ok((head, heads))
}

fn read_blobs(heads: &[BlobHead], from: &mut impl Read) -> io::Result<Vec<Blob>> {
    let read = |head: &BlobHead| match head {
        BlobHead::Pixels(layout) => Pixels::read(layout, from).map(Blob::Pixels),
        BlobHead::Bytes { bytes } => {
            // Grows with what arrives.
            let mut read = Vec::new();
            from.by_ref().take(*bytes).read_to_end(&mut read)?;
            if (read.len() as u64) < *bytes { Err(io::ErrorKind::UnexpectedEof.into()) } else { Ok(Blob::Bytes(read)) }
        }
    };
    heads.iter().map(read).collect()
}

#[cfg(test)]
mod tests;
