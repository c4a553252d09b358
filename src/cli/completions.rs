//! `faultlab completions`: what a shell needs to complete commands.

use std::process::ExitCode;

use clap::CommandFactory;
use clap_complete::Shell;

use super::{Cli, Result, say};

/// What `completions` is given.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// For which shell
    shell: Shell,
}

/// Writes the script.
pub fn run(args: &Args) -> Result<ExitCode> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "faultlab", &mut script);
    say(String::from_utf8_lossy(&script))?;
    Ok(ExitCode::SUCCESS)
}
