//! (placeholder of the demo)
use std::process::ExitCode;

/// Arguments.
#[derive(Debug, clap::Args)]
pub struct Args {}

/// Runs the demo.
pub fn run(args: Args) -> ExitCode {
    let _ = args;
    ExitCode::FAILURE
}
