//! Pictures, items and edits for tests.

use dedit_protocol::pixels::SampleType;
use dedit_protocol::request::{Edit, EditOptions, EditVerb, Items, Learn, LearnOptions, SetItems, Which};
use dedit_protocol::{Blob, Pixels, Samples};

/// A picture of noise.
pub(crate) fn picture(width: u32, height: u32, seed: u64) -> Pixels {
    noise(width, height, 4, SampleType::U8, seed)
}

pub(crate) fn noise(width: u32, height: u32, channels: u8, samples: SampleType, seed: u64) -> Pixels {
    let mut random = fastrand::Rng::with_seed(seed);
    let count = width as usize * height as usize * usize::from(channels);
    let samples = match samples {
        SampleType::U8 => Samples::U8((0..count).map(|_| random.u8(..)).collect()),
        SampleType::U16 => Samples::U16((0..count).map(|_| random.u16(..)).collect()),
        SampleType::F32 => Samples::F32((0..count).map(|_| random.f32()).collect()),
    };
    Pixels::new(width, height, channels, samples).unwrap()
}

/// What tells which half of a picture a pixel is in.
pub(crate) fn halves(width: u32, height: u32) -> Pixels {
    let samples = (0..width * height).map(|index| u8::from(index % width >= width / 2)).collect();
    Pixels::new(width, height, 1, Samples::U8(samples)).unwrap()
}

/// A mask of some columns.
pub(crate) fn columns(width: u32, height: u32, which: std::ops::Range<u32>) -> Pixels {
    let samples = (0..width * height).map(|index| if which.contains(&(index % width)) { 255 } else { 0 }).collect();
    Pixels::new(width, height, 1, Samples::U8(samples)).unwrap()
}

/// The left half is one item and the right half another.
pub(crate) fn items_of(session: &str, picture: Which, names: [&str; 2]) -> SetItems {
    SetItems { session: session.to_owned(), picture, names: names.map(str::to_owned).to_vec(), items: Items::Labels(0), words: None }
}

pub(crate) fn learn(session: &str) -> Learn {
    Learn { session: session.to_owned(), ..Learn::default() }
}

/// Learning of so many updates.
pub(crate) fn learn_for(session: &str, updates: usize) -> Learn {
    let options = LearnOptions { updates: Some([updates / 2, updates - updates / 2]), ..LearnOptions::default() };
    Learn { options, ..learn(session) }
}

/// The bag becomes what the words say.
pub(crate) fn replace(session: &str, prompt: &str, seed: u64) -> Edit {
    edit(session, EditVerb::Replace { item: "bag".to_owned(), prompt: prompt.to_owned() }, seed)
}

pub(crate) fn edit(session: &str, verb: EditVerb, seed: u64) -> Edit {
    Edit {
        session: session.to_owned(),
        edits: vec![verb],
        options: EditOptions { seed: Some(seed), ..EditOptions::default() },
        ..Edit::default()
    }
}

/// The pixels of a blob.
pub(crate) fn pixels(blob: &Blob) -> &Pixels {
    let Blob::Pixels(pixels) = blob else { panic!("no pixels") };
    pixels
}

/// The bytes of a file of a session, by how its name begins.
pub(crate) fn file_of(folder: impl AsRef<std::path::Path>, beginning: &str) -> Option<Vec<u8>> {
    let path = path_of(folder, beginning)?;
    Some(std::fs::read(path).unwrap())
}

/// A file of a session, by how its name begins.
pub(crate) fn path_of(folder: impl AsRef<std::path::Path>, beginning: &str) -> Option<std::path::PathBuf> {
    let mut entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.find(|path| path.file_name().unwrap().to_str().unwrap().starts_with(beginning))
}
