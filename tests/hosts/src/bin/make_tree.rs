//! Makes the tree that GIMP 3 and Krita 5.2 are tested in, where it is not there yet, and prints where it is.

use std::process::ExitCode;

#[cfg(unix)]
fn main() -> ExitCode {
    match dedit_host_tests::tree::Tree::make() {
        Ok(tree) => {
            println!("{}", tree.root().display());
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

#[cfg(not(unix))]
fn main() -> ExitCode {
    eprintln!("the tree is a Linux");
    ExitCode::FAILURE
}
