//! (placeholder of the audit commands)
use std::process::ExitCode;

/// Arguments.
#[derive(Debug, clap::Args)]
pub struct Args {}

/// Runs the command.
pub fn run(args: Args, common: &super::Common) -> ExitCode {
    let _ = (args, common);
    ExitCode::FAILURE
}
