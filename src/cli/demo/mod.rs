//! `pgward demo`: a throwaway PostgreSQL with sample data behind a real pgward, with two grants
//! to try. Everything is made by the commands that an operator would type (`config setup-sql`,
//! `serve`, `grant create`), lives in temporary directories, and is gone at the end.

mod pgward;
pub mod postgres;
mod stage;
mod walk;

use std::io::Write;
use std::process::ExitCode;

use anyhow::Context;

use stage::Stage;

/// Arguments of `pgward demo`.
#[derive(Debug, Clone, clap::Args)]
pub struct Args {
    /// Port for pgward on 127.0.0.1 (default: 6432, or a free one when it is taken)
    #[arg(long, value_name = "N")]
    port: Option<u16>,

    /// Walk through it without a person: read, refused write, scoped write, audit, revoke; then
    /// exit 0 if each step really happened
    #[arg(long)]
    once: bool,
}

/// Runs the demo until Ctrl-C, or through its walk.
#[must_use]
pub fn run(args: Args) -> ExitCode {
    match try_run(&args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "pgward: demo failed: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn try_run(args: &Args) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("cannot start a runtime")?;
    runtime.block_on(async {
        // From here on a signal drops the stage, and with it everything that was started.
        let work = async {
            say("starting a throwaway PostgreSQL with sample data …");
            let stage = Stage::set(args.port).await?;
            if args.once {
                walk::through(&stage).await
            } else {
                print(&invitation(&stage)?)?;
                std::future::pending().await
            }
        };
        tokio::select! {
            result = work => result,
            result = signalled() => {
                say("stopping, and removing everything");
                result
            }
        }
    })
}

async fn signalled() -> anyhow::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        result = tokio::signal::ctrl_c() => Ok(result?),
        _ = terminate.recv() => Ok(()),
    }
}

/// What the operator of the demo reads.
fn invitation(stage: &Stage) -> anyhow::Result<String> {
    let programs = stage::programs()?;
    let config = stage.config().display().to_string();
    let (reading, writing) = (&stage.reading, &stage.writing);
    Ok(format!(
        "\
pgward listens on 127.0.0.1:{port}, in front of PostgreSQL on 127.0.0.1:{upstream}.

Read the shop as alice (grant {reading_id}, 1 hour, read-only):

  {reading_line}

Read it, and update its orders, as bob (grant {writing_id}, 30 minutes, {scope}):

  {writing_line}

Try as alice, then as bob:

  \\d orders
  SELECT id, status, total FROM orders WHERE status = 'new' LIMIT 5;
  UPDATE public.orders SET status = 'paid' WHERE id = 7;
  DELETE FROM public.orders;
  SHOW pgward.expires_at;

In another terminal, as the DBA, while they are connected (after `extend` alice types \\c):

  export PGWARD_CONFIG='{config}' PATH='{programs}':$PATH
  pgward session list
  pgward grant extend {reading_id} --scope {scope}
  pgward audit tail
  pgward grant revoke {reading_id} --reason 'demo is over'

The record of all of it: {audit}
Ctrl-C stops the demo and removes everything.
",
        port = stage.port,
        upstream = stage.upstream.port(),
        reading_id = reading.id,
        reading_line = stage.psql_line(reading),
        writing_id = writing.id,
        scope = stage::WRITE_SCOPE,
        writing_line = stage.psql_line(writing),
        audit = stage.audit_log().display(),
    ))
}

/// Talk, to stderr.
fn say(text: &str) {
    let _ = writeln!(std::io::stderr(), "{text}");
}

/// Data, to stdout.
fn print(text: &str) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()?;
    Ok(())
}
