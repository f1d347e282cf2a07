//! What the engine learns: numbers that change with every update.

use std::any::Any;

use dedit_edit::{Error, Image, Learned, Result, Samples, Segmentation, Subject};

use super::Mix;

/// What has been learned so far: the whole of it, or a state on the way there.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct FakeLearned {
    /// Model, pictures, items and settings in a number.
    pub(crate) inputs: u64,
    /// Those of each picture alone.
    pictures: Vec<u64>,
    names: [Vec<String>; 2],
    /// Updates in all.
    pub(crate) of: usize,
    pub(crate) numbers: Vec<u64>,
    pub(crate) losses: Vec<f32>,
}

/// A picture with its items in a number.
fn number_of(picture: &Image, items: &Segmentation) -> u64 {
    let mix = sample_mix(Mix::new().text(&picture.size().to_string()), picture);
    let mix = items.labels().iter().fold(mix, |mix, label| mix.number(u64::from(*label)));
    items.names().iter().fold(mix, |mix, name| mix.text(name)).0
}

/// With every sample of a picture.
pub(crate) fn sample_mix(mix: Mix, picture: &Image) -> Mix {
    match picture.samples() {
        Samples::U8(samples) => mix.bytes(samples),
        Samples::U16(samples) => samples
            .chunks(4)
            .fold(mix, |mix, samples| mix.number(samples.iter().fold(0, |number, sample| number << 16 | u64::from(*sample)))),
        Samples::F32(samples) => samples.iter().fold(mix, |mix, sample| mix.number(u64::from(sample.to_bits()))),
    }
}

impl FakeLearned {
    /// Nothing learned yet.
    pub(crate) fn new(subjects: &[Subject<'_>], model: Mix, of: usize) -> Self {
        let pictures: Vec<u64> = subjects.iter().map(|subject| number_of(subject.picture, subject.items)).collect();
        let words = subjects.iter().flat_map(|subject| &subject.words);
        let inputs = words.fold(model, |mix, (name, words)| mix.text(name).text(&format!("{words:?}")));
        let inputs = pictures.iter().fold(inputs, |mix, number| mix.number(*number)).number(of as u64);
        let names = |index: usize| subjects.get(index).map(|subject| subject.items.names().to_vec()).unwrap_or_default();
        Self { inputs: inputs.0, pictures, names: [names(0), names(1)], of, numbers: vec![inputs.0; 64], losses: Vec::new() }
    }

    /// One update more.
    pub(crate) fn update(&mut self) {
        let step = Mix(self.losses.len() as u64);
        for number in &mut self.numbers {
            *number = step.number(*number).0;
        }
        self.losses.push(1.0 / (1.0 + self.losses.len() as f32));
    }

    pub(crate) fn write(&self, kind: &str) -> Vec<u8> {
        let text = serde_json::json!({
            "kind": kind, "inputs": self.inputs, "pictures": self.pictures, "names": self.names, "of": self.of, "numbers": self.numbers,
            "losses": self.losses,
        })
        .to_string();
        format!("{}\n{text}", Mix::new().text(&text).0).into_bytes()
    }

    pub(crate) fn read(bytes: &[u8], kind: &str) -> Result<Self> {
        Self::parse(bytes, kind).ok_or_else(|| Error::input("this is not what was written"))
    }

    fn parse(bytes: &[u8], kind: &str) -> Option<Self> {
        let (sum, text) = std::str::from_utf8(bytes).ok()?.split_once('\n')?;
        let value: serde_json::Value = serde_json::from_str(text).ok()?;
        if sum.parse() != Ok(Mix::new().text(text).0) || value["kind"] != kind {
            return None;
        }
        let read = |name: &str| value.get(name).cloned();
        Some(Self {
            inputs: serde_json::from_value(read("inputs")?).ok()?,
            pictures: serde_json::from_value(read("pictures")?).ok()?,
            names: serde_json::from_value(read("names")?).ok()?,
            of: serde_json::from_value(read("of")?).ok()?,
            numbers: serde_json::from_value(read("numbers")?).ok()?,
            losses: serde_json::from_value(read("losses")?).ok()?,
        })
    }

    /// Whether an item has tokens here.
    pub(crate) fn knows(&self, item: &str, of_reference: bool) -> bool {
        self.names[usize::from(of_reference)].iter().any(|name| name == item)
    }
}

impl Learned for FakeLearned {
    fn to_bytes(&self) -> Result<Vec<u8>> {
        Ok(self.write("learned"))
    }

    fn losses(&self) -> [Vec<f32>; 2] {
        let (tokens, attention) = self.losses.split_at(self.losses.len().min(self.of / 2));
        [tokens.to_vec(), attention.to_vec()]
    }

    fn items(&self) -> [Vec<String>; 2] {
        self.names.clone()
    }

    fn check_picture(&self, picture: &Image, items: &Segmentation, of_reference: bool) -> Result<()> {
        if self.pictures.get(usize::from(of_reference)) == Some(&number_of(picture, items)) {
            return Ok(());
        }
        Err(Error::usage("this was learned of another picture"))
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}
