//! README's first command, run as written.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};

use super::readme;
use crate::tally::Tally;
use crate::workspace::{Workspace, run as run_command};

/// Runs the command in a shell at the top of the checkout and looks at the picture it makes.
pub(super) fn run(workspace: &Workspace) -> Result<Tally> {
    let readme = fs::read_to_string(workspace.root().join("README.md")).context("README.md cannot be read")?;
    let command = readme::commands(&readme).into_iter().next().context("README.md names no command")?;
    let picture = workspace.root().join(output(&command)?);
    match fs::remove_file(&picture) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error).context(format!("{} cannot be removed", picture.display())),
        _ => {}
    }
    println!("{command}");
    // With a daemon of its own, which ends with it.
    let scratch = tempfile::tempdir().context("there is no folder for temporary files")?;
    let own = [("DEDIT_SOCKET", scratch.path().join("daemon.sock")), ("DEDIT_DATA", scratch.path().join("data"))];
    let made = run_command(workspace.command("sh").args(["-c", &command]).envs(own.clone()));
    let stopped = run_command(workspace.cargo("run --locked --release --quiet -- daemon stop").envs(own));
    made.and(stopped)?;
    let (width, height) = look_at(&picture).with_context(|| format!("{} is no picture", picture.display()))?;
    println!("ok {} ({width}×{height})", picture.display());
    Ok(Tally::pass())
}

/// The picture that a command makes: the file that its option `--out` names, or the contact sheet in the folder that it names.
fn output(command: &str) -> Result<PathBuf> {
    let words = shlex::split(command).with_context(|| format!("`{command}` does not end its quotes"))?;
    let named = words.windows(2).find(|pair| pair[0] == "--out").map(|pair| pair[1].clone());
    let named = PathBuf::from(named.with_context(|| format!("`{command}` names no picture with --out"))?);
    Ok(if named.extension().is_some() { named } else { named.join("contact-sheet.png") })
}

/// The width and height of a picture, which must show more than one colour.
fn look_at(path: &Path) -> Result<(u32, u32)> {
    let picture = image::open(path)?.into_rgb8();
    let mut pixels = picture.pixels();
    let first = pixels.next().context("it has no pixel")?;
    if pixels.all(|other| other == first) {
        bail!("every pixel of it is the same");
    }
    Ok(picture.dimensions())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_output_is_named_by_out() {
        assert_eq!(output("dedit generate --prompt 'a --out b' --out 'my picture.png' --seed 1").unwrap(), Path::new("my picture.png"));
        assert_eq!(output("dedit demo --out out/demo").unwrap(), Path::new("out/demo/contact-sheet.png"));
        assert!(output("dedit generate --prompt x").unwrap_err().to_string().contains("--out"));
        assert!(output("dedit generate --out 'x").unwrap_err().to_string().contains("quotes"));
    }

    #[test]
    fn a_picture_shows_something() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("x.png");
        assert!(look_at(&path).is_err(), "there is none");
        fs::write(&path, "text").unwrap();
        assert!(look_at(&path).is_err(), "it is a text");
        image::RgbImage::from_raw(2, 1, vec![9, 8, 7, 9, 8, 7]).unwrap().save(&path).unwrap();
        assert!(look_at(&path).unwrap_err().to_string().contains("the same"));
        image::RgbImage::from_raw(2, 1, vec![9, 8, 7, 9, 8, 6]).unwrap().save(&path).unwrap();
        assert_eq!(look_at(&path).unwrap(), (2, 1));
    }
}
