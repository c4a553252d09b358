//! The program: arguments in, exit code out.

use std::process::ExitCode;

use color_eyre::eyre::Result;

fn main() -> Result<ExitCode> {
    color_eyre::install()?;
    faultlab::cli::main()
}
