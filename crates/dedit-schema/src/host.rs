//! The programs that offer verbs and parameters.

/// A program that offers verbs and parameters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Host {
    /// `dedit`, the command line.
    Cli,
    /// GIMP 2.10 and 3.
    Gimp,
    /// Krita.
    Krita,
    /// Hosts of OpenFX.
    OpenFx,
}

impl Host {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Cli, Self::Gimp, Self::Krita, Self::OpenFx];
}
