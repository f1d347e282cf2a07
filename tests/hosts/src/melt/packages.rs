//! The packages of another Debian, got and unpacked without a word to this one's own list of packages.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};

use crate::process::{run, succeed};
use crate::tree::mirror;

/// The release that has a `melt` with effects of `OpenFX`. It changes from day to day.
pub(super) const RELEASE: &str = "sid";
/// The package, which is named like its program.
pub(super) const PACKAGE: &str = "melt";
/// The first version with effects of `OpenFX`.
const FIRST: &str = "7.38";
/// By which the packages are known to be Debian's.
const KEYRING: &str = "/usr/share/keyrings/debian-archive-keyring.gpg";
/// How long the lists may take.
const SHORT: Duration = Duration::from_secs(5 * 60);
/// How long some hundred packages may take.
const LONG: Duration = Duration::from_secs(20 * 60);
/// Unpacks all packages of the folder `$1` into the folder `$2`; what follows is for `tar`.
const UNPACK: &str = r#"set -eo pipefail
for package in "$1"/*.deb; do
  dpkg-deb --fsys-tarfile "$package" | tar --extract --no-same-owner --directory="$2" "${@:3}"
done"#;

/// A state of `apt` that knows of one release and of no installed package.
#[derive(Debug)]
pub(super) struct Packages {
    folder: PathBuf,
}

impl Packages {
    /// A state in a folder that is not there yet, with the lists of today.
    pub(super) fn new(folder: &Path) -> Result<Self> {
        for program in ["apt-get", "apt-cache", "dpkg", "dpkg-deb"] {
            let there = run(Command::new(program).arg("--version"), SHORT).is_ok_and(|output| output.succeeded());
            if !there {
                bail!("{program} does not run: Debian's {PACKAGE} is got with it, so take a machine with Debian");
            }
        }
        if !Path::new(KEYRING).is_file() {
            bail!("{KEYRING} is not there: install the package debian-archive-keyring");
        }
        for below in ["lists/partial", "cache/archives/partial"] {
            fs::create_dir_all(folder.join(below)).with_context(|| format!("{} cannot be made", folder.join(below).display()))?;
        }
        fs::write(folder.join("status"), "")?;
        fs::write(folder.join("sources.list"), format!("deb [signed-by={KEYRING}] {} {RELEASE} main\n", mirror()))?;
        let packages = Self { folder: folder.to_path_buf() };
        let update = packages.command("apt-get", &["--error-on=any", "update"]);
        succeed(&mut { update }, SHORT).with_context(|| format!("the lists of Debian {RELEASE} cannot be got"))?;
        Ok(packages)
    }

    /// The version of `melt`, if it knows effects of `OpenFX`.
    pub(super) fn version(&self) -> Result<String> {
        let shown = succeed(&mut self.command("apt-cache", &["show", "--no-all-versions", PACKAGE]), SHORT);
        let shown = shown.with_context(|| format!("Debian {RELEASE} has no package {PACKAGE}"))?;
        let version = shown.lines().find_map(|line| line.strip_prefix("Version: "));
        let version = version.with_context(|| format!("the package {PACKAGE} has no version:\n{shown}"))?;
        let enough = run(Command::new("dpkg").args(["--compare-versions", version, "ge", FIRST]), SHORT)?;
        if !enough.succeeded() {
            bail!("the {PACKAGE} of Debian {RELEASE} is {version} at {}, and effects of OpenFX need {FIRST}: use a newer mirror", mirror());
        }
        Ok(version.to_owned())
    }

    /// Gets `melt` with all that it needs.
    pub(super) fn download(&self) -> Result<()> {
        let mut command = self.command("apt-get", &["--yes", "--download-only", "install", PACKAGE]);
        succeed(&mut command, LONG).map(drop).with_context(|| format!("the package {PACKAGE} of Debian {RELEASE} cannot be got"))
    }

    /// Unpacks what was got, but for what is named by patterns.
    pub(super) fn unpack(&self, into: &Path, left_out: &[String]) -> Result<()> {
        fs::create_dir_all(into).with_context(|| format!("{} cannot be made", into.display()))?;
        let mut command = Command::new("bash");
        command.args(["-c", UNPACK, "bash"]).arg(self.folder.join("cache/archives")).arg(into);
        command.args(["--anchored", "--wildcards"]).args(left_out.iter().map(|pattern| format!("--exclude={pattern}")));
        succeed(&mut command, LONG).map(drop).context("the packages cannot be unpacked")
    }

    /// A program of `apt` with this state.
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
            // What is dropped to otherwise may not write here.
            "APT::Sandbox::User=",
            // A copy of a mirror may be some weeks old.
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
