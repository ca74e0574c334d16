//! (to come)
use super::Common;
use super::output::Failure;

#[derive(Debug, clap::Args)]
pub(super) struct Args {}

pub(super) fn run(_args: &Args, _common: &Common) -> Result<(), Failure> {
    Ok(())
}
