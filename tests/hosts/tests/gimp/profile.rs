//! A colour profile that is not sRGB.

/// An ICC profile (ICC.1:2001) of Display P3's primaries with a gamma of 2.2.
pub(crate) fn wide() -> Vec<u8> {
    let fixed = |value: f64| ((value * 65_536.0).round() as i32).to_be_bytes();
    let xyz = |values: [f64; 3]| [b"XYZ \0\0\0\0".as_slice(), values.map(fixed).as_flattened()].concat();
    let mut name = b"desc\0\0\0\0\0\0\0\x05wide\0".to_vec();
    name.resize(name.len() + 79, 0);
    let curve = b"curv\0\0\0\0\0\0\0\x01\x02\x33\0\0".to_vec();
    let tags = [
        (b"desc", name),
        (b"wtpt", xyz([0.9642, 1.0, 0.8249])),
        (b"rXYZ", xyz([0.515_12, 0.241_20, -0.001_05])),
        (b"gXYZ", xyz([0.291_98, 0.692_25, 0.041_89])),
        (b"bXYZ", xyz([0.157_10, 0.066_57, 0.784_07])),
        (b"rTRC", curve.clone()),
        (b"gTRC", curve.clone()),
        (b"bTRC", curve),
        (b"cprt", b"text\0\0\0\0none\0\0\0\0".to_vec()),
    ];
    let (mut table, mut data) = ((tags.len() as u32).to_be_bytes().to_vec(), Vec::new());
    let begin = 128 + 4 + 12 * tags.len();
    for (tag, value) in &tags {
        table.extend(tag.iter());
        table.extend(((begin + data.len()) as u32).to_be_bytes());
        table.extend((value.len() as u32).to_be_bytes());
        data.extend(value);
        data.resize(data.len().next_multiple_of(4), 0);
    }
    let mut header = vec![0; 128];
    let parts: [(usize, &[u8]); 6] =
        [(8, b"\x02\x40\0\0"), (12, b"mntrRGB XYZ "), (36, b"acsp"), (68, &fixed(0.9642)), (72, &fixed(1.0)), (76, &fixed(0.8249))];
    for (at, part) in parts {
        header[at..at + part.len()].copy_from_slice(part);
    }
    header[..4].copy_from_slice(&((begin + data.len()) as u32).to_be_bytes());
    [header, table, data].concat()
}
