//! `faultlab man`: the manual page, of the program or of a subcommand.

use std::process::ExitCode;

use clap::CommandFactory;
use clap_mangen::Man;

use super::{Cli, Result, Trouble, say};

/// What `man` is given.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// A subcommand; the program itself where none is named
    #[arg(value_name = "COMMAND")]
    command: Option<String>,
}

/// Writes the page.
pub fn run(args: &Args) -> Result<ExitCode> {
    let mut program = Cli::command();
    program.build();
    let command = match &args.command {
        None => program,
        Some(name) => {
            let found = program.find_subcommand(name).cloned();
            found.ok_or_else(|| Trouble::from(format!("there is no subcommand `{name}`")))?
        }
    };
    let mut page = Vec::new();
    Man::new(command).render(&mut page)?;
    say(String::from_utf8_lossy(&page))?;
    Ok(ExitCode::SUCCESS)
}
