//! Krita's settings file, in which plug-ins are enabled. One line is set or removed; every other byte stays.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::{Failure, FailureKind, Result, files};

const SECTION: &[u8] = b"[python]";
const KEY: &[u8] = b"enable_dedit_krita";

/// The file of Krita's settings.
#[derive(Debug, Clone, Default)]
pub(super) struct Settings(PathBuf);

impl Settings {
    pub(super) fn new(file: PathBuf) -> Self {
        Self(file)
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }

    pub(super) fn is_enabled(&self) -> bool {
        fs::read(&self.0).is_ok_and(|text| is_enabled(&text))
    }

    /// Enables the plug-in.
    pub(super) fn enable(&self) -> Result<()> {
        self.change(enabled).map(|_| ())
    }

    /// Removes the line that enables the plug-in; returns whether there was one.
    pub(super) fn disable(&self) -> Result<bool> {
        self.change(disabled)
    }

    fn change(&self, how: fn(&[u8]) -> Vec<u8>) -> Result<bool> {
        let wrong = |error: io::Error| {
            Failure::new(FailureKind::Resources, format!("Krita's settings cannot be changed ({error})"))
                .at(&self.0)
                .hint("see that you may read and write that file and its folder")
        };
        // A link stays a link: the file that it leads to is replaced.
        let file = if self.0.is_symlink() { self.0.canonicalize().map_err(wrong)? } else { self.0.clone() };
        let old = match fs::read(&file) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
            read => read.map_err(wrong)?,
        };
        let new = how(&old);
        if new == old {
            return Ok(false);
        }
        replace(&file, &new).map_err(wrong)?;
        Ok(true)
    }
}

fn replace(file: &Path, text: &[u8]) -> io::Result<()> {
    if let Some(folder) = file.parent() {
        fs::create_dir_all(folder)?;
    }
    let before = file.metadata().ok();
    // 0600 is what Krita gives a new file.
    files::write(file, text, before.as_ref().map_or(0o600, mode))?;
    if let Some(before) = before {
        keep_owner(file, &before);
    }
    Ok(())
}

#[cfg(unix)]
fn mode(before: &fs::Metadata) -> u32 {
    use std::os::unix::fs::PermissionsExt as _;
    before.permissions().mode() & 0o777
}

#[cfg(not(unix))]
fn mode(_: &fs::Metadata) -> u32 {
    0o600
}

/// Gives a file that root has replaced back to its owner.
#[cfg(unix)]
fn keep_owner(file: &Path, before: &fs::Metadata) {
    use std::os::unix::fs::{MetadataExt as _, chown};
    let is_other = file.metadata().is_ok_and(|after| (after.uid(), after.gid()) != (before.uid(), before.gid()));
    if is_other {
        // Only root can, and only root needs to.
        let _ = chown(file, Some(before.uid()), Some(before.gid()));
    }
}

#[cfg(not(unix))]
fn keep_owner(_: &Path, _: &fs::Metadata) {}

/// The kind of a line, as far as the section of plug-ins is concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Line {
    Outside,
    /// The section's header; there may be several.
    Header,
    /// The plug-in's line, and whether it enables.
    Key(bool),
    Blank,
    Inside,
}

/// The lines with their kinds; the bytes keep their line endings.
fn lines(text: &[u8]) -> Vec<(Line, &[u8])> {
    let mut inside = false;
    let of = |line| {
        let trimmed = <[u8]>::trim_ascii(line);
        let found = if trimmed.starts_with(b"[") {
            // KConfig's suffix for immutable groups, as in [python][$i], is of the same section; any other suffix names a subsection.
            inside = trimmed.strip_prefix(SECTION).is_some_and(|rest| rest.is_empty() || rest.starts_with(b"[$"));
            if inside { Line::Header } else { Line::Outside }
        } else if !inside {
            Line::Outside
        } else if trimmed.is_empty() {
            Line::Blank
        } else {
            value(trimmed).map_or(Line::Inside, Line::Key)
        };
        (found, line)
    };
    text.split_inclusive(|byte| *byte == b'\n').map(of).collect()
}

/// Whether the plug-in's line enables it; `None` where it is another line.
fn value(line: &[u8]) -> Option<bool> {
    let rest = line.strip_prefix(KEY)?.trim_ascii_start();
    let Some(value) = rest.strip_prefix(b"=") else {
        // A key with KConfig's suffix, such as [$d] for a deleted one.
        return (rest.is_empty() || rest.starts_with(b"[$")).then_some(false);
    };
    Some([&b"true"[..], b"on", b"yes", b"1"].iter().any(|word| value.trim_ascii().eq_ignore_ascii_case(word)))
}

/// Of several lines the last counts.
fn is_enabled(text: &[u8]) -> bool {
    let last = lines(text).into_iter().rev().find_map(|(line, _)| if let Line::Key(is_on) = line { Some(is_on) } else { None });
    last == Some(true)
}

fn enabled(text: &[u8]) -> Vec<u8> {
    if is_enabled(text) {
        return text.to_vec();
    }
    let ending: &[u8] =
        if text.split_inclusive(|byte| *byte == b'\n').next().is_some_and(|line| line.ends_with(b"\r\n")) { b"\r\n" } else { b"\n" };
    let lines = lines(text);
    let ours = [KEY, b"=true", ending].concat();
    let has_line = lines.iter().any(|(line, _)| matches!(line, Line::Key(_)));
    let mut new = Vec::with_capacity(text.len() + 64);
    let mut is_due = !has_line;
    for (line, bytes) in &lines {
        match line {
            Line::Key(_) => new.extend(&ours),
            Line::Header if is_due => {
                is_due = false;
                new.extend(*bytes);
                end_line(&mut new, ending);
                new.extend(&ours);
            }
            _ => new.extend(*bytes),
        }
    }
    if is_due {
        end_line(&mut new, ending);
        if lines.last().is_some_and(|(_, bytes)| !bytes.trim_ascii().is_empty()) {
            new.extend(ending);
        }
        new.extend([SECTION, ending, &ours].concat());
    }
    new
}

fn end_line(text: &mut Vec<u8>, ending: &[u8]) {
    if !text.is_empty() && !text.ends_with(b"\n") {
        text.extend(ending);
    }
}

fn disabled(text: &[u8]) -> Vec<u8> {
    let lines = lines(text);
    let mut kept: Vec<&[u8]> = Vec::new();
    let mut rest = lines.as_slice();
    while let Some(((first, bytes), after)) = rest.split_first() {
        if *first != Line::Header {
            kept.push(bytes);
            rest = after;
            continue;
        }
        let length = after.iter().take_while(|(line, _)| !matches!(line, Line::Header | Line::Outside)).count();
        let (section, next) = after.split_at(length);
        rest = next;
        let had = section.iter().any(|(line, _)| matches!(line, Line::Key(_)));
        if had && !section.iter().any(|(line, _)| *line == Line::Inside) {
            // The section is empty now and goes. So does the blank line before it, if it was the last section.
            if rest.is_empty() && kept.last().is_some_and(|line| line.trim_ascii().is_empty()) {
                kept.pop();
            }
            continue;
        }
        kept.push(bytes);
        kept.extend(section.iter().filter(|(line, _)| !matches!(line, Line::Key(_))).map(|(_, bytes)| *bytes));
    }
    kept.concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_line_is_set_and_removed_and_the_rest_stays() {
        // Before, with the plug-in, and without it again.
        for (before, with, without) in [
            ("", "[python]\nenable_dedit_krita=true\n", ""),
            ("[a]\nx=1\n", "[a]\nx=1\n\n[python]\nenable_dedit_krita=true\n", "[a]\nx=1\n"),
            ("[a]\nx=1", "[a]\nx=1\n\n[python]\nenable_dedit_krita=true\n", "[a]\nx=1\n"),
            ("[a]\r\nx=1\r\n", "[a]\r\nx=1\r\n\r\n[python]\r\nenable_dedit_krita=true\r\n", "[a]\r\nx=1\r\n"),
            (
                "y=2\n[python]\nenable_other=true\n\n[z]\n",
                "y=2\n[python]\nenable_dedit_krita=true\nenable_other=true\n\n[z]\n",
                "y=2\n[python]\nenable_other=true\n\n[z]\n",
            ),
            ("[python]", "[python]\nenable_dedit_krita=true\n", ""),
            ("[a]\n\n[python]\n\n[z]\nx=1\n", "[a]\n\n[python]\nenable_dedit_krita=true\n\n[z]\nx=1\n", "[a]\n\n[z]\nx=1\n"),
            // The line exists with another value, in either section or in both.
            ("[python]\nb=1\nenable_dedit_krita=false\na=1\n", "[python]\nb=1\nenable_dedit_krita=true\na=1\n", "[python]\nb=1\na=1\n"),
            (
                "[python]\na=1\n[z]\n[python]\nenable_dedit_krita = false\n",
                "[python]\na=1\n[z]\n[python]\nenable_dedit_krita=true\n",
                "[python]\na=1\n[z]\n",
            ),
            (
                "[python]\nenable_dedit_krita=true\n# mine\n[python]\nenable_dedit_krita[$d]\nb=1\n",
                "[python]\nenable_dedit_krita=true\n# mine\n[python]\nenable_dedit_krita=true\nb=1\n",
                "[python]\n# mine\n[python]\nb=1\n",
            ),
            // It is enabled already, in another notation.
            (" [python] \n enable_dedit_krita = On \nx\n", " [python] \n enable_dedit_krita = On \nx\n", " [python] \nx\n"),
            // Other keys and sections have similar names.
            (
                "enable_dedit_krita=false\n[python][sub]\nenable_dedit_krita=false\n[pythonic]\n[python]\nenable_dedit_krita_2=false\n",
                "enable_dedit_krita=false\n[python][sub]\nenable_dedit_krita=false\n[pythonic]\n[python]\nenable_dedit_krita=true\nenable_dedit_krita_2=false\n",
                "enable_dedit_krita=false\n[python][sub]\nenable_dedit_krita=false\n[pythonic]\n[python]\nenable_dedit_krita_2=false\n",
            ),
            ("[python][$i]\nx=1\n", "[python][$i]\nenable_dedit_krita=true\nx=1\n", "[python][$i]\nx=1\n"),
        ] {
            let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
            assert_eq!(text(enabled(before.as_bytes())), with, "with it: {before:?}");
            assert!(is_enabled(with.as_bytes()), "{with:?}");
            assert_eq!(text(enabled(with.as_bytes())), with, "once more: {before:?}");
            assert_eq!(text(disabled(with.as_bytes())), without, "without it: {before:?}");
            assert!(!is_enabled(without.as_bytes()), "{without:?}");
            assert_eq!(text(disabled(without.as_bytes())), without, "once more without: {before:?}");
        }
    }

    #[test]
    fn bytes_that_are_not_utf_8_stay() {
        let before = b"[a]\nx=\xff\xfe\0\n\n[python]\nenable_other=\xf0\n";
        assert_eq!(disabled(&enabled(before)), before);
    }

    #[test]
    fn the_file_need_not_exist() {
        let scratch = tempfile::tempdir().unwrap();
        let settings = Settings::new(scratch.path().join("a/kritarc"));
        assert!(!settings.disable().unwrap() && !settings.path().exists() && !settings.is_enabled());
        settings.enable().unwrap();
        assert!(settings.is_enabled());
        assert!(settings.disable().unwrap() && !settings.is_enabled());
        assert_eq!(Settings::new(scratch.path().to_path_buf()).enable().unwrap_err().kind, FailureKind::Resources);
    }

    #[cfg(unix)]
    #[test]
    fn a_link_and_the_permissions_stay() {
        use std::os::unix::fs::{PermissionsExt as _, symlink};
        let scratch = tempfile::tempdir().unwrap();
        let [real, link] = ["elsewhere", "kritarc"].map(|name| scratch.path().join(name));
        fs::write(&real, "[a]\n").unwrap();
        fs::set_permissions(&real, fs::Permissions::from_mode(0o640)).unwrap();
        symlink("elsewhere", &link).unwrap();
        let settings = Settings::new(link.clone());
        settings.enable().unwrap();
        assert!(link.is_symlink() && settings.is_enabled());
        assert_eq!(real.metadata().unwrap().permissions().mode() & 0o777, 0o640);
        fs::remove_file(&real).unwrap();
        assert!(settings.enable().unwrap_err().message.contains("cannot be changed"), "it leads nowhere");
    }
}
