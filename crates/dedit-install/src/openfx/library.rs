//! Whether a file is an `OpenFX` library for this system. It is parsed and never loaded: loading a library runs its code.

use std::env::consts::{DLL_PREFIX, DLL_SUFFIX};

use object::read::NameOrOrdinal;
use object::read::macho::{FatArch, MachOFatFile32, MachOFatFile64};
use object::{Architecture, BinaryFormat, File, FileKind, Object as _, ObjectKind};
use ofx_host::folders::LIBRARIES;

/// The functions that a host calls first.
const SYMBOLS: [&str; 2] = ["OfxGetNumberOfPlugins", "OfxGetPlugin"];

/// The file that cargo builds of the effect.
pub(super) fn file_name() -> String {
    format!("{DLL_PREFIX}dedit_openfx{DLL_SUFFIX}")
}

/// Why no host on this system would load a file with this content.
pub(super) fn fault(bytes: &[u8]) -> Option<String> {
    check(bytes).err()
}

fn check(bytes: &[u8]) -> Result<(), String> {
    if bytes.is_empty() {
        return Err("it is empty".to_owned());
    }
    let kind = FileKind::parse(bytes).map_err(|_| "it is no library of any system")?;
    // A Mach-O file for several processors holds a library for each.
    let parts = match kind {
        FileKind::MachOFat32 => slices(MachOFatFile32::parse(bytes).map_err(damaged)?.arches(), bytes)?,
        FileKind::MachOFat64 => slices(MachOFatFile64::parse(bytes).map_err(damaged)?.arches(), bytes)?,
        _ => vec![bytes],
    };
    parts.into_iter().map(check_library).reduce(Result::or).unwrap_or_else(|| Err("it is no library of any system".to_owned()))
}

fn slices<'a>(arches: &[impl FatArch], bytes: &'a [u8]) -> Result<Vec<&'a [u8]>, String> {
    arches.iter().map(|arch| arch.data(bytes).map_err(damaged)).collect()
}

/// Checks a library for one processor.
fn check_library(bytes: &[u8]) -> Result<(), String> {
    let file = File::parse(bytes).map_err(damaged)?;
    if file.kind() != ObjectKind::Dynamic {
        return Err("it is a program or an object file, and no library that can be loaded".to_owned());
    }
    let folder = folder(&file).ok_or("it is made for a processor that is not known")?;
    if folder != LIBRARIES[0] {
        return Err(format!("it is made for {folder}, and this is {}", LIBRARIES[0]));
    }
    let mut missing = SYMBOLS.to_vec();
    for export in file.exports().map_err(damaged)? {
        if let NameOrOrdinal::Name(name) = export.map_err(damaged)?.name() {
            // Mach-O puts an underscore before every name.
            let name = name.strip_prefix(b"_").unwrap_or(name);
            missing.retain(|symbol| symbol.as_bytes() != name);
        }
    }
    match missing.first() {
        Some(missing) => Err(format!("it does not export {missing}, which a host calls first")),
        None => Ok(()),
    }
}

fn damaged(error: object::Error) -> String {
    format!("it is damaged ({error})")
}

/// The folder of a bundle that holds libraries of this kind.
fn folder(file: &File<'_>) -> Option<&'static str> {
    Some(match (file.format(), file.architecture()) {
        (BinaryFormat::Elf, Architecture::I386) => "Linux-x86",
        (BinaryFormat::Elf, Architecture::X86_64) => "Linux-x86-64",
        (BinaryFormat::Elf, Architecture::Aarch64) => "Linux-aarch64",
        (BinaryFormat::Pe, Architecture::I386) => "Win32",
        (BinaryFormat::Pe, Architecture::X86_64) => "Win64",
        (BinaryFormat::Pe, Architecture::Aarch64) => "Win-arm64",
        (BinaryFormat::MachO, _) => "MacOS",
        _ => return None,
    })
}

/// A library that passes for the effect, with a content that tells it from others.
#[cfg(test)]
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
pub(super) fn sample(content: &str) -> Vec<u8> {
    [include_bytes!("../../tests/data/tiny.ofx"), content.as_bytes()].concat()
}

#[cfg(test)]
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod tests {
    use super::*;

    const HERE: &str = "and this is Linux-x86-64";

    fn with(bytes: &[u8], at: usize, new: &[u8]) -> Vec<u8> {
        let mut bytes = bytes.to_vec();
        bytes[at..at + new.len()].copy_from_slice(new);
        bytes
    }

    /// A name of the sample, changed in its last byte.
    fn without(symbol: &str) -> Vec<u8> {
        let whole = sample("");
        let name = [b"\0", symbol.as_bytes(), b"\0"].concat();
        let at = whole.windows(name.len()).position(|window| window == name).unwrap();
        with(&whole, at + symbol.len(), b"x")
    }

    /// A library of Windows: the headers alone.
    fn pe(machine: [u8; 2], magic: [u8; 2], characteristics: u8) -> Vec<u8> {
        let bytes = with(&[0; 0x200], 0, b"MZ");
        let bytes = with(&bytes, 0x3c, &[0x40]);
        let bytes = with(&bytes, 0x40, b"PE\0\0");
        let optional = if magic == [0x0b, 0x02] { 112 } else { 96 };
        let bytes = with(&with(&bytes, 0x44, &machine), 0x54, &[optional, 0, 0, characteristics]);
        with(&bytes, 0x58, &magic)
    }

    /// A library of macOS: the header alone.
    fn mach(kind: u8) -> Vec<u8> {
        with(&with(&[0; 64], 0, &[0xcf, 0xfa, 0xed, 0xfe, 7, 0, 0, 1]), 12, &[kind])
    }

    #[test]
    fn only_a_library_for_this_system_passes() {
        struct Case(&'static str, Vec<u8>, Option<String>);
        let whole = sample("");
        let other = |system: &str| Some(format!("it is made for {system}, {HERE}"));
        let is = |sentence: &str| Some(sentence.to_owned());
        let pe64 = || pe([0x64, 0x86], [0x0b, 0x02], 0x20);
        let no_library = "it is a program or an object file, and no library that can be loaded";
        for Case(name, bytes, expected) in [
            Case("the sample", whole.clone(), None),
            Case("with more behind it", sample("more"), None),
            Case("an empty file", Vec::new(), is("it is empty")),
            Case("a script", b"#!/bin/sh\necho a long enough script\n".to_vec(), is("it is no library of any system")),
            Case("a few bytes", b"\x7fELF".to_vec(), is("it is no library of any system")),
            Case("a class of Java", [&b"\xca\xfe\xba\xbe\0\0\0\x34"[..], &[0; 64]].concat(), is("it is damaged")),
            Case("without one function", without("OfxGetNumberOfPlugins"), is("it does not export OfxGetNumberOfPlugins, which a host")),
            Case("without the other", without("OfxGetPlugin"), is("it does not export OfxGetPlugin, which a host calls first")),
            Case(
                "names in its data alone",
                [&without("OfxGetPlugin"), &b"\0OfxGetPlugin\0"[..]].concat(),
                is("it does not export OfxGetPlugin"),
            ),
            Case("a program", with(&whole, 16, &[2]), is(no_library)),
            Case("for an unknown processor", with(&whole, 18, &[0xff, 0xff]), is("it is made for a processor that is not known")),
            Case("for ARM", with(&whole, 18, &[183]), other("Linux-aarch64")),
            Case("for Windows", pe64(), other("Win64")),
            Case("for Windows on ARM", pe([0x64, 0xaa], [0x0b, 0x02], 0x20), other("Win-arm64")),
            Case("for Windows, 32 bits", pe([0x4c, 0x01], [0x0b, 0x01], 0x21), other("Win32")),
            Case("a program of Windows", pe([0x64, 0x86], [0x0b, 0x02], 0), is(no_library)),
            Case("headers beyond the end", with(&pe64(), 0x3c, &[0xff, 0xff, 0xff, 0xff]), is("it is no library of any system")),
            Case("for macOS", mach(6), other("MacOS")),
            Case("a program of macOS", mach(2), is(no_library)),
        ] {
            let found = fault(&bytes);
            let is_expected = match (&found, &expected) {
                (Some(found), Some(expected)) => found.starts_with(expected.as_str()),
                (found, expected) => found == expected,
            };
            assert!(is_expected, "{name}: {found:?}, not {expected:?}");
        }
    }

    #[test]
    fn a_damaged_library_is_an_error_and_no_panic() {
        let whole = sample("");
        for index in 0..whole.len() {
            assert!(fault(&whole[..index]).is_some(), "cut at {index}");
            for change in [1, 0x80, 0xff] {
                let mut damaged = whole.clone();
                damaged[index] ^= change;
                let _ = fault(&damaged);
            }
        }
    }
}
