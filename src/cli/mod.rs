//! The command line: one file per verb.

pub mod demo;

use std::ffi::OsString;
use std::process::ExitCode;

/// Runs the command that `args` names.
pub fn run(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let _ = args.into_iter();
    ExitCode::FAILURE
}
