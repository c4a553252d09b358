//! The program: arguments in, exit code out.

use std::process::ExitCode;

fn main() -> ExitCode {
    faultlab::cli::main()
}
