//! The golden transcripts: what `cases.json` says, and the bytes that follow from it, put together here without the crate's own writer.

use std::fs;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::sync::LazyLock;

use dedit_protocol::pixels::Layout;
use dedit_protocol::{Blob, Frame, Pixels, Samples};
use serde::Deserialize;
use serde_json::{Map, Value};

/// The folder of the transcripts.
pub(crate) fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("transcripts/v1")
}

/// All cases. Where `DEDIT_ACCEPT` is set, their files are first written anew.
pub(crate) fn cases() -> &'static [Case] {
    static CASES: LazyLock<Vec<Case>> = LazyLock::new(|| {
        let cases: Vec<Case> = serde_json::from_slice(&fs::read(folder().join("cases.json")).unwrap()).unwrap();
        if std::env::var_os("DEDIT_ACCEPT").is_some() {
            for case in &cases {
                fs::write(case.file(), case.expected()).unwrap();
            }
        }
        cases
    });
    &CASES
}

/// A case, and the name of its file.
#[derive(Deserialize)]
pub(crate) struct Case {
    pub(crate) name: String,
    #[serde(flatten)]
    pub(crate) what: What,
}

/// What the bytes of a case are.
#[derive(Deserialize)]
#[serde(untagged)]
pub(crate) enum What {
    /// What both sides say first: ten bytes of the client, twelve of the daemon.
    Handshake { handshake: Handshake },
    /// Bytes that are no frame, or none that is understood.
    Bad { outcome: String, hex: String },
    /// A frame.
    Message(Message),
}

/// The versions that both sides speak, and the one they go on with; 0 for none.
#[derive(Deserialize)]
pub(crate) struct Handshake {
    client: [u16; 2],
    daemon: [u16; 2],
    pub(crate) chosen: u16,
}

impl Handshake {
    pub(crate) fn client(&self) -> RangeInclusive<u16> {
        self.client[0]..=self.client[1]
    }

    pub(crate) fn daemon(&self) -> RangeInclusive<u16> {
        self.daemon[0]..=self.daemon[1]
    }

    fn bytes(&self) -> Vec<u8> {
        let numbers = |numbers: &[u16]| numbers.iter().flat_map(|number| number.to_le_bytes()).collect::<Vec<u8>>();
        [b"DEDIT\0".as_slice(), &numbers(&self.client), b"DEDIT\0", &numbers(&[self.chosen]), &numbers(&self.daemon)].concat()
    }
}

/// Who speaks.
#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Side {
    Client,
    Daemon,
}

/// A frame, and what is to come of it.
#[derive(Deserialize)]
pub(crate) struct Message {
    pub(crate) from: Side,
    pub(crate) tag: u32,
    pub(crate) serial: u32,
    pub(crate) head: Map<String, Value>,
    #[serde(default)]
    pub(crate) blobs: Vec<GoldenBlob>,
    /// The request that it answers.
    pub(crate) answers: Option<String>,
    /// Fields that only later versions know.
    #[serde(default)]
    pub(crate) ignored: Vec<String>,
    /// What a head of a later version is read as.
    pub(crate) reads_as: Option<Map<String, Value>>,
    /// Bytes that are read and that nobody here writes.
    #[serde(default)]
    pub(crate) read_only: bool,
}

/// A blob: samples in full, or bytes.
#[derive(Deserialize)]
#[serde(untagged)]
pub(crate) enum GoldenBlob {
    Pixels {
        #[serde(flatten)]
        layout: Layout,
        values: Vec<f32>,
    },
    Bytes {
        hex: String,
    },
}

impl GoldenBlob {
    /// As it is read.
    pub(crate) fn blob(&self) -> Blob {
        match self {
            Self::Pixels { layout, values } => {
                let values = values.iter();
                let samples = match layout.samples {
                    dedit_protocol::pixels::SampleType::U8 => Samples::U8(values.map(|value| *value as u8).collect()),
                    dedit_protocol::pixels::SampleType::U16 => Samples::U16(values.map(|value| *value as u16).collect()),
                    dedit_protocol::pixels::SampleType::F32 => Samples::F32(values.copied().collect()),
                };
                Blob::Pixels(Pixels::new(layout.width, layout.height, layout.channels, samples).unwrap())
            }
            Self::Bytes { hex } => Blob::Bytes(from_hex(hex)),
        }
    }

    fn head(&self) -> Value {
        match self {
            Self::Pixels { layout, .. } => serde_json::to_value(layout).unwrap(),
            Self::Bytes { hex } => serde_json::json!({"bytes": hex.len() / 2}),
        }
    }

    /// As it is on the wire; padding is `ee`.
    fn bytes(&self) -> Vec<u8> {
        let Self::Pixels { layout, .. } = self else {
            let Self::Bytes { hex } = self else { unreachable!() };
            return from_hex(hex);
        };
        let Blob::Pixels(pixels) = self.blob() else { unreachable!() };
        let samples: Vec<u8> = match pixels.samples() {
            Samples::U8(samples) => samples.clone(),
            Samples::U16(samples) => samples.iter().flat_map(|sample| sample.to_le_bytes()).collect(),
            Samples::F32(samples) => samples.iter().flat_map(|sample| sample.to_le_bytes()).collect(),
        };
        let row = samples.len() / layout.height as usize;
        let stride = layout.stride.map_or(row, |stride| stride as usize);
        samples.chunks(row).flat_map(|row| row.iter().copied().chain(std::iter::repeat(0xee)).take(stride).collect::<Vec<u8>>()).collect()
    }
}

impl Message {
    /// As it is read.
    pub(crate) fn frame(&self) -> Frame {
        let blobs = self.blobs.iter().map(GoldenBlob::blob).collect();
        Frame { tag: self.tag, serial: self.serial, head: self.head.clone(), blobs }
    }

    fn bytes(&self) -> Vec<u8> {
        let mut head = self.head.clone();
        if !self.blobs.is_empty() {
            head.insert("blobs".to_owned(), self.blobs.iter().map(GoldenBlob::head).collect());
        }
        let head = serde_json::to_vec(&head).unwrap();
        let body: Vec<u8> = self.blobs.iter().flat_map(GoldenBlob::bytes).collect();
        let mut bytes: Vec<u8> = [self.tag, self.serial, head.len() as u32].into_iter().flat_map(u32::to_le_bytes).collect();
        bytes.extend((body.len() as u64).to_le_bytes());
        [bytes, head, body].concat()
    }
}

impl Case {
    /// The file that holds its bytes.
    pub(crate) fn file(&self) -> PathBuf {
        folder().join(&self.name).with_extension("bin")
    }

    /// The bytes that it has; none where it has no file yet.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        fs::read(self.file()).unwrap_or_default()
    }

    /// The bytes that follow from what is said of it.
    pub(crate) fn expected(&self) -> Vec<u8> {
        match &self.what {
            What::Handshake { handshake } => handshake.bytes(),
            What::Bad { hex, .. } => from_hex(hex),
            What::Message(message) => message.bytes(),
        }
    }
}

fn from_hex(hex: &str) -> Vec<u8> {
    hex.as_bytes().chunks(2).map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
}
