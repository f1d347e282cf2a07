//! Bytes that were once good: golden transcripts, changed in the ways in which broken and hostile programs change them.

use std::fs;
use std::io;
use std::path::Path;

use fastrand::Rng;

/// Bytes before a head.
const PREFIX: usize = 20;
/// Lengths round which things change.
const LENGTHS: [u64; 12] =
    [0, 1, 19, 255, 1 << 16, (1 << 20) - 1, 1 << 20, (1 << 20) + 1, u32::MAX as u64, 1 << 32, (1 << 32) + 1, u64::MAX];
/// What takes the place of a number in a head.
const NUMBERS: [&str; 16] = [
    "0",
    "-1",
    "1",
    "4",
    "5",
    "255",
    "65000",
    "65001",
    "131072",
    "67108865",
    "4294967295",
    "4294967296",
    "18446744073709551615",
    "18446744073709551616",
    "1e300",
    "null",
];
/// What takes the place of any other piece of a head.
const PIECES: [&str; 12] = ["\"", "{", "}", "[", "]", ",", ":", "\"blobs\":", "\\ud800", "[[[[[[[[[[", "\u{1f600}", "{\"bytes\":9}"];

/// Makes inputs out of the transcripts.
pub(crate) struct Mutator {
    originals: Vec<Vec<u8>>,
    random: Rng,
}

impl Mutator {
    /// Of the files of a folder; the same seed gives the same inputs.
    pub(crate) fn new(folder: &Path, seed: u64) -> io::Result<Self> {
        let mut files = fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<io::Result<Vec<_>>>()?;
        files.retain(|file| file.extension().is_some_and(|extension| extension == "bin"));
        files.sort();
        let originals = files.iter().map(fs::read).collect::<io::Result<Vec<_>>>()?;
        if originals.is_empty() {
            return Err(io::Error::new(io::ErrorKind::NotFound, "there are no transcripts"));
        }
        Ok(Self { originals, random: Rng::with_seed(seed) })
    }

    /// The next input: one to three changes of a transcript; now and then one as it is, or nothing but noise.
    pub(crate) fn input(&mut self) -> Vec<u8> {
        if self.random.u8(..) < 4 {
            let length = self.random.usize(..200);
            return self.noise(length);
        }
        let mut bytes = self.original();
        for _ in 0..self.random.usize(..4) {
            self.change(&mut bytes);
        }
        bytes
    }

    fn original(&mut self) -> Vec<u8> {
        let index = self.random.usize(..self.originals.len());
        self.originals[index].clone()
    }

    fn noise(&mut self, length: usize) -> Vec<u8> {
        std::iter::repeat_with(|| self.random.u8(..)).take(length).collect()
    }

    /// A place in the bytes, their end included.
    fn place(&mut self, bytes: &[u8]) -> usize {
        self.random.usize(..=bytes.len())
    }

    fn change(&mut self, bytes: &mut Vec<u8>) {
        match self.random.u8(..12) {
            0 => self.flip(bytes),
            1 => self.announce(bytes),
            2 => bytes.truncate(self.place(bytes)),
            3 => self.splice(bytes),
            4 => bytes.extend(self.original()),
            5 => {
                let (place, length) = (self.place(bytes), self.random.usize(..20));
                bytes.splice(place..place, self.noise(length));
            }
            6 => self.another_tag(bytes),
            7 => self.repeat(bytes),
            8 => self.promise(bytes),
            _ => self.edit_head(bytes),
        }
    }

    fn flip(&mut self, bytes: &mut [u8]) {
        for _ in 0..self.random.usize(1..8) {
            if !bytes.is_empty() {
                let place = self.random.usize(..bytes.len());
                bytes[place] ^= 1 << self.random.u8(..8);
            }
        }
    }

    /// Another length of head or body than what comes.
    fn announce(&mut self, bytes: &mut [u8]) {
        let length = LENGTHS[self.random.usize(..LENGTHS.len())].to_le_bytes();
        let (place, width) = if self.random.bool() { (8, 4) } else { (12, 8) };
        if let Some(field) = bytes.get_mut(place..place + width) {
            field.copy_from_slice(&length[..width]);
        }
    }

    /// The beginning of one and the end of another.
    fn splice(&mut self, bytes: &mut Vec<u8>) {
        let other = self.original();
        bytes.truncate(self.place(bytes));
        bytes.extend(&other[self.place(&other)..]);
    }

    /// A frame that is right in itself, of far more pixels than come.
    fn promise(&mut self, bytes: &mut Vec<u8>) {
        let (name, size) = [("u8", 1), ("u16", 2), ("f32", 4)][self.random.usize(..3)];
        let (width, height, channels) = (self.random.u64(1..=65_000), self.random.u64(1..=2064), self.random.u64(1..=4));
        let head = format!(r#"{{"blobs":[{{"width":{width},"height":{height},"channels":{channels},"samples":"{name}"}}]}}"#);
        let mut frame = bytes.get(..8).map_or_else(|| vec![0; 8], <[u8]>::to_vec);
        frame.extend((head.len() as u32).to_le_bytes());
        frame.extend((width * height * channels * size).to_le_bytes());
        frame.extend(head.bytes());
        bytes.splice(..0, frame);
    }

    /// What stands somewhere, once more, up to a hundred times.
    fn repeat(&mut self, bytes: &mut Vec<u8>) {
        let from = self.place(bytes);
        let to = (from + self.random.usize(..40)).min(bytes.len());
        let piece = bytes[from..to].repeat(self.random.usize(1..100));
        bytes.splice(to..to, piece);
    }

    /// The head of one message under the number of another.
    fn another_tag(&mut self, bytes: &mut [u8]) {
        let other = self.original();
        if let (Some(tag), Some(others)) = (bytes.get_mut(..4), other.get(..4)) {
            tag.copy_from_slice(others);
        }
    }

    /// A head that says something else, in a frame that is right about its length.
    fn edit_head(&mut self, bytes: &mut Vec<u8>) {
        let Some(length) = bytes.get(8..12).and_then(|field| field.try_into().ok()).map(u32::from_le_bytes) else { return };
        let end = PREFIX.saturating_add(length as usize);
        let Some(head) = bytes.get(PREFIX..end) else { return };
        let is_number = |byte: &u8| byte.is_ascii_digit() || matches!(byte, b'.' | b'-');
        let starts: Vec<usize> = (1..head.len()).filter(|index| is_number(&head[*index]) && !is_number(&head[index - 1])).collect();
        let (start, stop, piece) = if starts.is_empty() || self.random.u8(..4) == 0 {
            let start = self.random.usize(..=head.len());
            let stop = (start + self.random.usize(..6)).min(head.len());
            (start, stop, PIECES[self.random.usize(..PIECES.len())])
        } else {
            let start = starts[self.random.usize(..starts.len())];
            let digits = head[start..].iter().take_while(|byte| is_number(byte)).count();
            (start, start + digits, NUMBERS[self.random.usize(..NUMBERS.len())])
        };
        bytes.splice(PREFIX + start..PREFIX + stop, piece.bytes());
        let length = length as usize + piece.len() - (stop - start);
        bytes[8..12].copy_from_slice(&(length as u32).to_le_bytes());
    }
}
