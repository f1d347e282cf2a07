//! EXIF data: a TIFF structure (CIPA DC-008) of directories, whose entries have a tag, a type, a count and a value.

use super::metadata::{Resolution, Unit};

/// The directory of the camera's settings, and that of the place, as entries of the main one.
const EXIF: u16 = 34_665;
const GPS: u16 = 34_853;
/// Where the thumbnail lies in the second directory, and its bytes.
const THUMBNAIL: u16 = 513;
const THUMBNAIL_LENGTH: u16 = 514;
/// Width and height of the picture, in the directory of the camera's settings.
const SIDES: [u16; 2] = [40_962, 40_963];
/// Entries of a TIFF file's main directory that say something of the picture, not of how its pixels lie in the file: description, make, model, software, date,
/// artist, host, rating, copyright, and those of Windows.
const DESCRIPTIVE: [u16; 14] = [270, 271, 272, 305, 306, 315, 316, 18_246, 33_432, 40_091, 40_092, 40_093, 40_094, 40_095];
/// Bytes of a TIFF file's entries in all that are taken over.
const MOST: usize = 1 << 24;

/// An entry of a directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) tag: u16,
    /// 1 to 12.
    pub(super) kind: u16,
    /// Its values, little-endian.
    pub(super) value: Vec<u8>,
}

/// What a file says in EXIF's words.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Exif {
    pub(super) main: Vec<Entry>,
    pub(super) camera: Vec<Entry>,
    pub(super) place: Vec<Entry>,
}

impl Exif {
    /// Reads EXIF data, or what a TIFF file has of them. What is damaged is left out.
    pub(super) fn read(bytes: &[u8]) -> Self {
        let Some((reader, first)) = Reader::new(bytes) else { return Self::default() };
        let mut room = bytes.len().min(MOST);
        let all = reader.directory(first, &mut room);
        let mut below = |tag: u16| {
            let at = reader.find(first, tag).and_then(|entry| reader.u32(entry + 8));
            let entries = at.map_or_else(Vec::new, |at| reader.directory(at as usize, &mut room));
            // What these point to in turn is not taken along.
            entries.into_iter().filter(|entry| ![EXIF, GPS, 40_965].contains(&entry.tag)).collect()
        };
        let (camera, place) = (below(EXIF), below(GPS));
        Self { main: all.into_iter().filter(|entry| DESCRIPTIVE.contains(&entry.tag)).collect(), camera, place }
    }

    /// As bytes; `None` where nothing is said.
    pub(super) fn to_bytes(&self) -> Option<Vec<u8>> {
        if *self == Self::default() {
            return None;
        }
        let mut bytes = b"II*\0\x08\0\0\0".to_vec();
        let mut main = self.main.clone();
        let below: Vec<(u16, &[Entry])> =
            [(EXIF, &*self.camera), (GPS, &*self.place)].into_iter().filter(|(_, below)| !below.is_empty()).collect();
        main.extend(below.iter().map(|(tag, _)| Entry { tag: *tag, kind: 4, value: vec![0; 4] }));
        let mut at = 8 + length(&main);
        for (tag, entries) in &below {
            if let Some(entry) = main.iter_mut().find(|entry| entry.tag == *tag) {
                entry.value = u32::try_from(at).ok()?.to_le_bytes().to_vec();
            }
            at += length(entries);
        }
        write(&main, &mut bytes)?;
        below.iter().try_for_each(|(_, entries)| write(entries, &mut bytes))?;
        Some(bytes)
    }
}

/// Bytes of a directory with its values.
fn length(entries: &[Entry]) -> usize {
    let values = entries.iter().map(|entry| entry.value.len()).filter(|length| *length > 4).map(|length| length.next_multiple_of(2));
    6 + 12 * entries.len() + values.sum::<usize>()
}

/// Adds a directory and its values; `None` where they are too long for it.
fn write(entries: &[Entry], bytes: &mut Vec<u8>) -> Option<()> {
    let mut entries: Vec<&Entry> = entries.iter().collect();
    entries.sort_by_key(|entry| entry.tag);
    let mut values = Vec::new();
    let begin = bytes.len() + 6 + 12 * entries.len();
    bytes.extend(u16::try_from(entries.len()).ok()?.to_le_bytes());
    for Entry { tag, kind, value } in entries {
        bytes.extend([tag.to_le_bytes(), kind.to_le_bytes()].as_flattened());
        bytes.extend(u32::try_from(value.len() / size_of_kind(*kind)?).ok()?.to_le_bytes());
        if value.len() <= 4 {
            bytes.extend(value.iter().copied().chain([0; 4]).take(4));
        } else {
            bytes.extend(u32::try_from(begin + values.len()).ok()?.to_le_bytes());
            values.extend(value);
            values.resize(values.len().next_multiple_of(2), 0);
        }
    }
    bytes.extend([0; 4]);
    bytes.append(&mut values);
    Some(())
}

/// Bytes of one value of a type; `None` for a type that there is not.
fn size_of_kind(kind: u16) -> Option<usize> {
    Some(match kind {
        1 | 2 | 6 | 7 => 1,
        3 | 8 => 2,
        4 | 9 | 11 => 4,
        5 | 10 | 12 => 8,
        _ => return None,
    })
}

/// EXIF data for a result: with its size, and without the small picture in it, which shows what was there before the edit.
pub(super) fn refreshed(exif: &[u8], size: [u32; 2]) -> Vec<u8> {
    let mut bytes = exif.to_vec();
    let Some((reader, first)) = Reader::new(exif) else { return bytes };
    let camera = reader.find(first, EXIF).and_then(|entry| reader.u32(entry + 8)).map(|at| at as usize);
    for (tag, side) in SIDES.into_iter().zip(size) {
        let Some(entry) = camera.and_then(|camera| reader.find(camera, tag)) else { continue };
        let value = match reader.u16(entry + 2) {
            Some(3) => u16::try_from(side).map(|side| if reader.is_little { side.to_le_bytes() } else { side.to_be_bytes() }.to_vec()),
            _ => Ok(if reader.is_little { side.to_le_bytes() } else { side.to_be_bytes() }.to_vec()),
        };
        if let (Ok(value), Some(place)) = (value, bytes.get_mut(entry + 8..entry + 12)) {
            place[..value.len()].copy_from_slice(&value);
        }
    }
    let Some(next) = reader.u16(first).map(|count| first + 2 + 12 * usize::from(count)) else { return bytes };
    let Some(second) = reader.u32(next).map(|second| second as usize).filter(|second| *second != 0) else { return bytes };
    let number = |tag: u16| reader.find(second, tag).and_then(|entry| reader.u32(entry + 8)).map(|number| number as usize);
    if let (Some(at), Some(length)) = (number(THUMBNAIL), number(THUMBNAIL_LENGTH)) {
        let end = at.saturating_add(length).min(bytes.len());
        bytes[at.min(end)..end].fill(0);
        if end == exif.len() {
            bytes.truncate(at.max(next + 4));
        }
    }
    if let Some(pointer) = bytes.get_mut(next..next + 4) {
        pointer.fill(0);
    }
    bytes
}

/// The resolution that a TIFF file has.
pub(super) fn tiff_resolution(bytes: &[u8]) -> Option<Resolution> {
    let (reader, first) = Reader::new(bytes)?;
    let density = |tag: u16| {
        let at = reader.find(first, tag).and_then(|entry| reader.u32(entry + 8))? as usize;
        let (part, of) = (f64::from(reader.u32(at)?), f64::from(reader.u32(at.checked_add(4)?)?));
        Some(part / of).filter(|density| density.is_finite() && *density > 0.0)
    };
    let density = [density(282)?, density(283)?];
    let per_centimetre = density.map(|density| density * 100.0);
    Some(match reader.find(first, 296).and_then(|entry| reader.u16(entry + 8)).unwrap_or(2) {
        // Square pixels go without saying.
        1 if density[0].total_cmp(&density[1]).is_eq() => return None,
        1 => Resolution { density, unit: Unit::None },
        3 => Resolution { density: per_centimetre, unit: Unit::Metre },
        _ => Resolution { density, unit: Unit::Inch },
    })
}

/// A TIFF structure.
struct Reader<'a> {
    bytes: &'a [u8],
    is_little: bool,
}

impl<'a> Reader<'a> {
    /// With the place of the main directory; `None` for what is no such structure.
    fn new(bytes: &'a [u8]) -> Option<(Self, usize)> {
        let is_little = match bytes.get(..4)? {
            b"II*\0" => true,
            b"MM\0*" => false,
            _ => return None,
        };
        let reader = Self { bytes, is_little };
        let first = reader.u32(4)? as usize;
        Some((reader, first))
    }

    fn u16(&self, at: usize) -> Option<u16> {
        let pair = self.bytes.get(at..at.checked_add(2)?)?.try_into().ok()?;
        Some(if self.is_little { u16::from_le_bytes(pair) } else { u16::from_be_bytes(pair) })
    }

    fn u32(&self, at: usize) -> Option<u32> {
        let four = self.bytes.get(at..at.checked_add(4)?)?.try_into().ok()?;
        Some(if self.is_little { u32::from_le_bytes(four) } else { u32::from_be_bytes(four) })
    }

    /// The places of a directory's entries.
    fn entries(&self, directory: usize) -> impl Iterator<Item = usize> {
        let count = self.u16(directory).map_or(0, usize::from);
        let begin = directory.saturating_add(2);
        (0..count).map(move |index| begin.saturating_add(12 * index)).take_while(|at| at.saturating_add(12) <= self.bytes.len())
    }

    /// The place of an entry.
    fn find(&self, directory: usize, tag: u16) -> Option<usize> {
        self.entries(directory).find(|entry| self.u16(*entry) == Some(tag))
    }

    /// The entries of a directory, as long as there is `room` for their values, which may lie on each other.
    fn directory(&self, at: usize, room: &mut usize) -> Vec<Entry> {
        self.entries(at).filter_map(|entry| self.entry(entry, room)).collect()
    }

    fn entry(&self, at: usize, room: &mut usize) -> Option<Entry> {
        let (tag, kind, count) = (self.u16(at)?, self.u16(at + 2)?, self.u32(at + 4)? as usize);
        let length = count.checked_mul(size_of_kind(kind)?)?;
        let begin = if length <= 4 { at + 8 } else { self.u32(at + 8)? as usize };
        *room = room.checked_sub(length)?;
        let mut value = self.bytes.get(begin..begin.checked_add(length)?)?.to_vec();
        if !self.is_little {
            // Fractions are two numbers.
            let size = if matches!(kind, 5 | 10) { 4 } else { size_of_kind(kind)? };
            value.chunks_exact_mut(size).for_each(<[u8]>::reverse);
        }
        Some(Entry { tag, kind, value })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(tag: u16, kind: u16, value: &[u8]) -> Entry {
        Entry { tag, kind, value: value.to_vec() }
    }

    fn some() -> Exif {
        Exif {
            main: vec![entry(271, 2, b"maker\0"), entry(306, 2, b"2026:01:02 03:04:05\0")],
            camera: vec![entry(33_434, 5, &[1, 0, 0, 0, 250, 0, 0, 0]), entry(40_962, 3, &[9, 0]), entry(40_963, 4, &[7, 0, 0, 0])],
            place: vec![entry(1, 2, b"N\0")],
        }
    }

    #[test]
    fn entries_come_back_in_either_order_of_bytes() {
        let bytes = some().to_bytes().unwrap();
        assert_eq!(Exif::read(&bytes), some());
        assert_eq!(Exif::default().to_bytes(), None);
        // A make and an exposure, from the high byte on.
        let big = b"MM\0*\0\0\0\x08\0\x02\x01\x0f\0\x02\0\0\0\x02M\0\0\0\x87\x69\0\x04\0\0\0\x01\0\0\0\x26\0\0\0\0\0\x01\x82\x9a\0\x05\0\0\0\x01\0\0\0\x38\0\0\0\0\0\0\0\x01\0\0\0\xfa";
        let read = Exif::read(big);
        assert_eq!((read.main, read.camera), (vec![entry(271, 2, b"M\0")], vec![entry(33_434, 5, &[1, 0, 0, 0, 250, 0, 0, 0])]));
    }

    #[test]
    fn a_result_has_its_own_size_and_no_picture_of_what_was_there() {
        let mut bytes = some().to_bytes().unwrap();
        let second = bytes.len() as u32;
        let next = 8 + 2 + 12 * 4;
        bytes[next..next + 4].copy_from_slice(&second.to_le_bytes());
        let mut thumbnail = Vec::new();
        let at = second + 6 + 24;
        write(&[entry(513, 4, &at.to_le_bytes()), entry(514, 4, &4_u32.to_le_bytes())], &mut thumbnail).unwrap();
        bytes.extend(thumbnail);
        bytes.extend(b"JPEG");
        let found = refreshed(&bytes, [300, 200]);
        assert!(!found.windows(4).any(|part| part == b"JPEG"));
        assert_eq!(found[next..next + 4], [0; 4]);
        let read = Exif::read(&found);
        assert_eq!(read.camera[1..], [entry(40_962, 3, &300_u16.to_le_bytes()), entry(40_963, 4, &200_u32.to_le_bytes())]);
        assert_eq!((read.main, read.place), (some().main, some().place));
    }

    #[test]
    fn resolutions_of_tiff_files_are_read_with_their_unit() {
        for (unit, expected) in [(1, Unit::None), (2, Unit::Inch), (3, Unit::Metre)] {
            let ratio = |numbers: [u32; 2]| numbers.map(u32::to_le_bytes).concat();
            let entries = [entry(282, 5, &ratio([300, 1])), entry(283, 5, &ratio([3, 2])), entry(296, 3, &[unit, 0])];
            let mut bytes = b"II*\0\x08\0\0\0".to_vec();
            write(&entries, &mut bytes).unwrap();
            let scale = if expected == Unit::Metre { 100.0 } else { 1.0 };
            assert_eq!(tiff_resolution(&bytes), Some(Resolution { density: [300.0 * scale, 1.5 * scale], unit: expected }));
        }
    }
}
