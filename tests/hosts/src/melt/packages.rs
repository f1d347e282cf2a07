//! Packages of another Debian release, downloaded and unpacked without touching the installed ones.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};

use crate::process::{run, succeed};
use crate::tree::mirror;

/// The release whose `melt` supports OpenFX. It changes daily.
pub(super) const RELEASE: &str = "sid";
/// The package.
pub(super) const PACKAGE: &str = "melt";
/// The first version with OpenFX.
const FIRST: &str = "7.38";
/// The keys that sign Debian's packages.
const KEYRING: &str = "/usr/share/keyrings/debian-archive-keyring.gpg";
/// The time limit for package lists.
const SHORT: Duration = Duration::from_secs(5 * 60);
/// The time limit for some hundred packages.
const LONG: Duration = Duration::from_secs(20 * 60);
/// Unpacks all packages of the folder `$1` into the folder `$2`; further arguments are for `tar`.
const UNPACK: &str = r#"set -eo pipefail
for package in "$1"/*.deb; do
  dpkg-deb --fsys-tarfile "$package" | tar --extract --no-same-owner --directory="$2" "${@:3}"
done"#;

/// A state of `apt` with one release and no installed package.
#[derive(Debug)]
pub(super) struct Packages {
    folder: PathBuf,
}

impl Packages {
    /// A state in a new folder, with current package lists.
    pub(super) fn new(folder: &Path) -> Result<Self> {
        for program in ["apt-get", "apt-cache", "dpkg", "dpkg-deb"] {
            let there = run(Command::new(program).arg("--version"), SHORT).is_ok_and(|output| output.succeeded());
            if !there {
                bail!("{program} does not run: it downloads Debian's {PACKAGE}, so use a machine with Debian");
            }
        }
        if !Path::new(KEYRING).is_file() {
            bail!("{KEYRING} is missing: install the package debian-archive-keyring");
        }
        for below in ["lists/partial", "cache/archives/partial"] {
            fs::create_dir_all(folder.join(below)).with_context(|| format!("{} cannot be created", folder.join(below).display()))?;
        }
        fs::write(folder.join("status"), "")?;
        fs::write(folder.join("sources.list"), format!("deb [signed-by={KEYRING}] {} {RELEASE} main\n", mirror()))?;
        let packages = Self { folder: folder.to_path_buf() };
        let update = packages.command("apt-get", &["--error-on=any", "update"]);
        succeed(&mut { update }, SHORT).with_context(|| format!("the package lists of Debian {RELEASE} cannot be downloaded"))?;
        Ok(packages)
    }

    /// The version of `melt`; an error where it does not support OpenFX.
    pub(super) fn version(&self) -> Result<String> {
        let shown = succeed(&mut self.command("apt-cache", &["show", "--no-all-versions", PACKAGE]), SHORT);
        let shown = shown.with_context(|| format!("Debian {RELEASE} has no package {PACKAGE}"))?;
        let version = shown.lines().find_map(|line| line.strip_prefix("Version: "));
        let version = version.with_context(|| format!("the package {PACKAGE} has no version:\n{shown}"))?;
        let enough = run(Command::new("dpkg").args(["--compare-versions", version, "ge", FIRST]), SHORT)?;
        if !enough.succeeded() {
            bail!("the {PACKAGE} of Debian {RELEASE} is {version} at {}, but OpenFX needs {FIRST}: use a newer mirror", mirror());
        }
        Ok(version.to_owned())
    }

    /// Downloads `melt` and its dependencies.
    pub(super) fn download(&self) -> Result<()> {
        let mut command = self.command("apt-get", &["--yes", "--download-only", "install", PACKAGE]);
        succeed(&mut command, LONG).map(drop).with_context(|| format!("the package {PACKAGE} of Debian {RELEASE} cannot be downloaded"))
    }

    /// Unpacks the packages, except files that match `left_out`.
    pub(super) fn unpack(&self, into: &Path, left_out: &[String]) -> Result<()> {
        fs::create_dir_all(into).with_context(|| format!("{} cannot be created", into.display()))?;
        let mut command = Command::new("bash");
        command.args(["-c", UNPACK, "bash"]).arg(self.folder.join("cache/archives")).arg(into);
        command.args(["--anchored", "--wildcards"]).args(left_out.iter().map(|pattern| format!("--exclude={pattern}")));
        succeed(&mut command, LONG).map(drop).context("the packages cannot be unpacked")
    }

    /// A command of `apt` with this state.
    fn command(&self, program: &str, arguments: &[&str]) -> Command {
        let folders = [
            ("Dir::Etc::sourcelist", "sources.list"),
            ("Dir::State", ""),
            ("Dir::State::lists", "lists"),
            ("Dir::State::status", "status"),
            ("Dir::Cache", "cache"),
        ];
        let words = [
            "Dir::Etc::sourceparts=-",
            "Dir::Etc::preferences=-",
            "Dir::Etc::preferencesparts=-",
            "APT::Install-Recommends=false",
            // The sandbox user could not write to this folder.
            "APT::Sandbox::User=",
            // A mirror may be some weeks old.
            "Acquire::Check-Valid-Until=false",
            "Acquire::Languages=none",
            "Acquire::Retries=3",
        ];
        let mut command = Command::new(program);
        command.env("LC_ALL", "C.UTF-8").env("DEBIAN_FRONTEND", "noninteractive");
        for (name, below) in folders {
            let mut option = OsString::from(format!("{name}="));
            option.push(self.folder.join(below));
            command.arg("-o").arg(option);
        }
        for word in words {
            command.args(["-o", word]);
        }
        command.args(arguments);
        command
    }
}
