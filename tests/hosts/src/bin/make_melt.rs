//! Makes the folder of the `melt` that effects of `OpenFX` are tested in, where it is not there yet, and prints where it is.

use std::process::ExitCode;

#[cfg(unix)]
fn main() -> ExitCode {
    match dedit_host_tests::melt::System::make() {
        Ok(system) => {
            println!("{}", system.root().display());
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
    eprintln!("this melt is a Linux program");
    ExitCode::FAILURE
}
