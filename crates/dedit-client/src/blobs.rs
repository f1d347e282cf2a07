//! The blobs of an answer, decoded.

use dedit_protocol::{Blob, Failure, FailureKind, Pixels, Samples};

/// The blobs of an answer, each taken once by its index.
#[derive(Debug)]
pub struct Blobs(Vec<Option<Blob>>);

impl From<Vec<Blob>> for Blobs {
    fn from(blobs: Vec<Blob>) -> Self {
        Self(blobs.into_iter().map(Some).collect())
    }
}

impl Blobs {
    fn take(&mut self, index: usize) -> Option<Blob> {
        self.0.get_mut(index)?.take()
    }

    /// A picture.
    ///
    /// # Errors
    /// `Connection` where the answer has no pixels at this index.
    pub fn pixels(&mut self, index: usize) -> Result<Pixels, Failure> {
        match self.take(index) {
            Some(Blob::Pixels(pixels)) => Ok(pixels),
            _ => Err(lacks("picture")),
        }
    }

    /// Bytes, such as a colour profile.
    ///
    /// # Errors
    /// `Connection` where the answer has no bytes at this index.
    pub fn bytes(&mut self, index: usize) -> Result<Vec<u8>, Failure> {
        match self.take(index) {
            Some(Blob::Bytes(bytes)) => Ok(bytes),
            _ => Err(lacks("file")),
        }
    }

    /// A label map: for each pixel, row by row, the index of its item.
    ///
    /// # Errors
    /// `Connection` where the answer has no whole numbers of one channel at this index.
    pub fn labels(&mut self, index: usize) -> Result<Vec<u16>, Failure> {
        match self.single(index) {
            Some(Samples::U16(labels)) => Ok(labels),
            Some(Samples::U8(labels)) => Ok(labels.into_iter().map(u16::from).collect()),
            Some(Samples::F32(_)) | None => Err(lacks("items")),
        }
    }

    /// A mask or a map of weights: for each pixel, row by row, 0 … 1.
    ///
    /// # Errors
    /// `Connection` where the answer has no floating-point numbers of one channel at this index.
    pub fn mask(&mut self, index: usize) -> Result<Vec<f32>, Failure> {
        match self.single(index) {
            Some(Samples::F32(values)) => Ok(values),
            _ => Err(lacks("mask")),
        }
    }

    fn single(&mut self, index: usize) -> Option<Samples> {
        self.pixels(index).ok().filter(|pixels| pixels.channels() == 1).map(Pixels::into_samples)
    }
}

fn lacks(what: &str) -> Failure {
    Failure::new(FailureKind::Connection, format!("the daemon's answer has no {what}"))
        .hint("update D-Edit: `dedit daemon stop`, then try again")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blobs_are_taken_once_and_as_what_they_are() {
        let pixels = |channels, samples| Blob::Pixels(Pixels::new(1, 1, channels, samples).unwrap());
        let sent = vec![
            pixels(1, Samples::U8(vec![3])),
            pixels(1, Samples::U16(vec![500])),
            pixels(1, Samples::F32(vec![0.5])),
            pixels(3, Samples::U8(vec![1, 2, 3])),
            Blob::Bytes(vec![9]),
        ];
        let mut blobs = Blobs::from(sent.clone());
        assert_eq!((blobs.labels(0).unwrap(), blobs.labels(1).unwrap()), (vec![3], vec![500]));
        assert_eq!((blobs.mask(2).unwrap(), blobs.bytes(4).unwrap()), (vec![0.5], vec![9]));
        assert_eq!(blobs.pixels(3).unwrap().channels(), 3);
        assert!((0..6).all(|index| blobs.pixels(index).is_err() && blobs.bytes(index).is_err()), "each was taken");
        for (index, labels, mask) in [(0, true, false), (1, true, false), (2, false, true), (3, false, false), (4, false, false)] {
            assert_eq!(Blobs::from(sent.clone()).labels(index).is_ok(), labels, "{index}");
            assert_eq!(Blobs::from(sent.clone()).mask(index).is_ok(), mask, "{index}");
        }
    }
}
