//! Whether a file is a library of `OpenFX` for this system: it is read and never loaded, as what is loaded runs.

use std::env::consts::{DLL_PREFIX, DLL_SUFFIX};

/// The folders of a bundle in which hosts on this system look for the library. The first is the one that `OpenFX` names now. Hosts that keep to an
/// older text, such as MLT, look in the second alone, and some end where it is not there.
pub(super) const FOLDERS: &[&str] = if cfg!(all(windows, target_arch = "x86_64")) {
    &["Win64"]
} else if cfg!(all(windows, target_arch = "aarch64")) {
    &["Win-arm64"]
} else if cfg!(windows) {
    &["Win32"]
} else if cfg!(all(target_os = "macos", target_arch = "x86_64")) {
    &["MacOS", "MacOS-x86-64"]
} else if cfg!(target_os = "macos") {
    &["MacOS"]
} else if cfg!(target_arch = "aarch64") {
    &["Linux-aarch64", "Linux-x86-64"]
} else if cfg!(target_arch = "x86") {
    &["Linux-x86"]
} else {
    &["Linux-x86-64"]
};

/// What a host calls first.
const SYMBOLS: [&str; 2] = ["OfxGetNumberOfPlugins", "OfxGetPlugin"];

/// The file that cargo makes of the effect.
pub(super) fn file_name() -> String {
    format!("{DLL_PREFIX}dedit_openfx{DLL_SUFFIX}")
}

/// Why no host on this system would load a file with these bytes.
pub(super) fn fault(bytes: &[u8]) -> Option<String> {
    let made_for = match architecture(bytes) {
        Ok(made_for) => made_for,
        Err(fault) => return Some(fault.to_owned()),
    };
    if made_for != FOLDERS[0] {
        return Some(format!("it is made for {made_for}, and this is {}", FOLDERS[0]));
    }
    let missing = SYMBOLS.iter().find(|symbol| !names(bytes, symbol))?;
    Some(format!("it does not name {missing}, which a host calls first"))
}

/// Whether a name stands in a table of names, each of which ends with a zero.
fn names(bytes: &[u8], symbol: &str) -> bool {
    let name = [symbol.as_bytes(), b"\0"].concat();
    bytes.windows(name.len()).any(|window| window == name)
}

/// The folder that `OpenFX` names for a library of this kind.
fn architecture(bytes: &[u8]) -> Result<&'static str, &'static str> {
    match bytes {
        [0x7f, b'E', b'L', b'F', _, 1, ..] => elf(bytes),
        [b'M', b'Z', ..] => pe(bytes),
        // A library, or what Apple calls a bundle.
        [0xce | 0xcf, 0xfa, 0xed, 0xfe, ..] => match number(bytes, 12, 4) {
            Some(6 | 8) => Ok("MacOS"),
            _ => Err("it is a program and no library"),
        },
        // One for several processors. Files of Java begin the same, with a larger number behind.
        [0xca, 0xfe, 0xba, 0xbe, 0, 0, 0, 1..=16, ..] => Ok("MacOS"),
        [] => Err("it is empty"),
        _ => Err("it is no library of any system"),
    }
}

fn elf(bytes: &[u8]) -> Result<&'static str, &'static str> {
    match (number(bytes, 16, 2), number(bytes, 18, 2)) {
        (None, _) | (_, None) => Err("it is cut off"),
        (Some(3), Some(3)) => Ok("Linux-x86"),
        (Some(3), Some(62)) => Ok("Linux-x86-64"),
        (Some(3), Some(183)) => Ok("Linux-aarch64"),
        (Some(3), _) => Err("it is made for a processor that is not known"),
        _ => Err("it is no library that can be loaded"),
    }
}

fn pe(bytes: &[u8]) -> Result<&'static str, &'static str> {
    let header = number(bytes, 0x3c, 4).ok_or("it is cut off")?;
    let (machine, traits) = (number(bytes, header + 4, 2), number(bytes, header + 22, 2));
    if number(bytes, header, 4) != Some(0x4550) {
        return Err("it is no library of any system");
    }
    match (machine, traits) {
        (None, _) | (_, None) => Err("it is cut off"),
        (_, Some(traits)) if traits & 0x2000 == 0 => Err("it is a program and no library"),
        (Some(0x014c), _) => Ok("Win32"),
        (Some(0x8664), _) => Ok("Win64"),
        (Some(0xaa64), _) => Ok("Win-arm64"),
        _ => Err("it is made for a processor that is not known"),
    }
}

/// A number of some bytes, the least one first.
fn number(bytes: &[u8], at: usize, length: usize) -> Option<usize> {
    let bytes = bytes.get(at..at.checked_add(length)?)?;
    Some(bytes.iter().rev().fold(0, |number, byte| number << 8 | usize::from(*byte)))
}

/// What passes for the effect, for tests.
#[cfg(test)]
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
pub(super) fn sample(content: &str) -> Vec<u8> {
    let header = [&b"\x7fELF\x02\x01\x01"[..], &[0; 9], &[3, 0, 62, 0]].concat();
    [&header, content.as_bytes(), b"\0OfxGetNumberOfPlugins\0OfxGetPlugin\0"].concat()
}

#[cfg(test)]
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod tests {
    use super::*;

    fn with(bytes: &[u8], at: usize, new: &[u8]) -> Vec<u8> {
        let mut bytes = bytes.to_vec();
        bytes[at..at + new.len()].copy_from_slice(new);
        bytes
    }

    #[test]
    fn what_no_host_would_load_is_told_apart() {
        let good = sample("");
        assert_eq!(fault(&good), None);
        let text = |text: &str| text.replace('_', "\0").into_bytes();
        for (bytes, expected) in [
            (Vec::new(), "it is empty"),
            (b"#!/bin/sh\n".to_vec(), "it is no library of any system"),
            (b"\x7fELF".to_vec(), "it is no library of any system"),
            (good[..17].to_vec(), "it is cut off"),
            (good[..20].to_vec(), "it does not name OfxGetNumberOfPlugins, which a host calls first"),
            (good[..good.len() - 1].to_vec(), "it does not name OfxGetPlugin, which a host calls first"),
            ([&good[..20], &text("_OfxGetPlugin_")].concat(), "it does not name OfxGetNumberOfPlugins, which a host calls first"),
            (with(&good, 5, &[2]), "it is no library of any system"),
            (with(&good, 16, &[2]), "it is no library that can be loaded"),
            (with(&good, 18, &[243]), "it is made for a processor that is not known"),
            (with(&good, 18, &[183]), "it is made for Linux-aarch64, and this is Linux-x86-64"),
        ] {
            assert_eq!(fault(&bytes).as_deref(), Some(expected), "{bytes:?}");
        }
    }

    #[test]
    fn libraries_of_every_system_are_known() {
        let pe = |machine: [u8; 2], traits: u8| {
            let bytes = with(&[0; 0x60], 0, b"MZ");
            let bytes = with(&bytes, 0x3c, &[0x40]);
            with(&with(&with(&bytes, 0x40, b"PE\0\0"), 0x44, &machine), 0x57, &[traits])
        };
        let mach = |first: u8, kind: u8| with(&with(&[0; 32], 0, &[first, 0xfa, 0xed, 0xfe]), 12, &[kind]);
        let elf = |machine: u8| with(&sample(""), 18, &[machine]);
        for (bytes, expected) in [
            (elf(3), Ok("Linux-x86")),
            (elf(62), Ok("Linux-x86-64")),
            (elf(183), Ok("Linux-aarch64")),
            (pe([0x64, 0x86], 0x20), Ok("Win64")),
            (pe([0x4c, 0x01], 0x22), Ok("Win32")),
            (pe([0x64, 0xaa], 0x20), Ok("Win-arm64")),
            (pe([0x64, 0x86], 0), Err("it is a program and no library")),
            (pe([0, 0], 0x20), Err("it is made for a processor that is not known")),
            (with(&pe([0x64, 0x86], 0x20), 0x3c, &[0xff, 0xff, 0xff, 0xff]), Err("it is no library of any system")),
            (b"MZ".to_vec(), Err("it is cut off")),
            (mach(0xcf, 6), Ok("MacOS")),
            (mach(0xcf, 8), Ok("MacOS")),
            (mach(0xcf, 2), Err("it is a program and no library")),
            (b"\xca\xfe\xba\xbe\0\0\0\x02".to_vec(), Ok("MacOS")),
            (b"\xca\xfe\xba\xbe\0\0\0\x34".to_vec(), Err("it is no library of any system")),
        ] {
            assert_eq!(architecture(&bytes), expected, "{bytes:?}");
        }
    }
}
