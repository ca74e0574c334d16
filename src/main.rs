//! The `pgward` command: everything happens in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    pgward::cli::run(std::env::args_os())
}
