//! What a host has to implement.

use std::path::PathBuf;

use serde_json::{Map, Value};

use crate::Result;
use crate::report::{Installed, Removed};

/// A host that D-Edit can be installed into. A value holds the options of one command.
pub trait Installer {
    /// One place of the host that holds the plug-in: a profile of GIMP, Krita's folder of resources, a folder of `OpenFX` bundles.
    type Target;

    /// The host's name in commands and reports, such as `gimp`.
    const NAME: &'static str;

    /// What a [`Target`](Self::Target) is called in a sentence, such as "profile of GIMP".
    const PLACE: &'static str;

    /// File names of the host's programs, to be looked for on `PATH`.
    const PROGRAMS: &'static [&'static str];

    /// The targets to install into: at least one. What is wrong with the options, or that there is no host, is an error here, before anything is written.
    fn plan(&self, watch: &dyn Watch) -> Result<Vec<Self::Target>>;

    /// The targets that exist, whether the plug-in is there or not.
    fn find(&self) -> Result<Vec<Self::Target>>;

    /// How reports name a target.
    fn describe(&self, target: &Self::Target) -> Description;

    /// Installs into a target, over an older version if there is one, and checks the result. An error ends the whole command; what concerns this target
    /// alone is [`Outcome::Failed`](crate::Outcome::Failed).
    fn install(&self, target: &Self::Target, watch: &dyn Watch) -> Result<Installed>;

    /// Removes from a target what [`install`](Self::install) wrote, of this version or an older one.
    fn uninstall(&self, target: &Self::Target, watch: &dyn Watch) -> Result<Removed>;

    /// Checks what is installed in a target; `None` where nothing is.
    fn check(&self, target: &Self::Target) -> Option<Installation>;

    /// What should be known although nothing is wrong with the `installed` targets.
    fn remark(&self, _installed: &[Self::Target]) -> Option<String> {
        None
    }

    /// What should be known of the host's programs that were found on `PATH`.
    fn remark_on_programs(&self, _found: &[&str]) -> Option<&'static str> {
        None
    }
}

/// How reports name a target.
#[derive(Debug, Clone, PartialEq)]
pub struct Description {
    /// The host, with its version as far as it is known.
    pub label: String,
    /// The target's folder.
    pub folder: PathBuf,
    /// The plug-in in it, a file or a folder.
    pub plugin: PathBuf,
    /// What the JSON report says of the target.
    pub details: Map<String, Value>,
}

/// A plug-in that is installed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Installation {
    /// Where, and which version as far as it is known.
    pub place: String,
    /// What is wrong with it, a sentence each.
    pub faults: Vec<String>,
}

/// Follows an installation, and can cancel it.
pub trait Watch {
    /// The next step: `done` of `of` targets are finished.
    fn stage(&self, what: &str, done: usize, of: usize);

    /// Something that the user should know.
    fn note(&self, sentence: String);

    /// Whether the user wants to stop. Asked many times a second while a host is running.
    fn is_cancelled(&self) -> bool;
}
