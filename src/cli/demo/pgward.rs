//! pgward's own commands, run as an operator would run them.

use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, bail};
use serde::Deserialize;

/// How long `serve` may take until clients can connect.
const START_TIMEOUT: Duration = Duration::from_secs(30);

/// Ends the server when standard input ends, as `postgres::KEEPER` does.
const KEEPER: &str = r#""$0" serve --config "$1" </dev/null & server=$!
( cat >/dev/null; kill -TERM $server; sleep 5; kill -KILL $server ) <&3 2>/dev/null & watcher=$!
wait $server
status=$?
kill $watcher 2>/dev/null
exit $status"#;

/// A running `pgward serve`; ended on drop.
#[derive(Debug)]
pub(super) struct Serving {
    keeper: Child,
    log: PathBuf,
}

/// What `grant create -o json` printed.
#[derive(Debug, Deserialize)]
pub(super) struct Grant {
    /// `g_…`
    pub(super) id: String,
    /// The person.
    pub(super) user: String,
    /// The token. This one opens a throwaway database, so the demo may show it.
    pub(super) token: String,
    /// The database.
    pub(super) database: String,
}

/// Runs a command against `config` and hands over its standard output.
pub(super) fn command(config: &Path, arguments: &[&str]) -> anyhow::Result<String> {
    let verb = arguments.iter().take(2).copied().collect::<Vec<_>>().join(" ");
    let output = Command::new(std::env::current_exe()?)
        .args(arguments)
        .arg("--config")
        .arg(config)
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("cannot run pgward {verb}"))?;
    if !output.status.success() {
        bail!("pgward {verb}: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(String::from_utf8(output.stdout)?)
}

/// `grant create`.
pub(super) fn grant(config: &Path, more: &[&str]) -> anyhow::Result<Grant> {
    let arguments = [&["grant", "create", "-o", "json"], more].concat();
    let text = command(config, &arguments)?;
    serde_json::from_str(&text).context("pgward grant create printed something else")
}

impl Serving {
    /// Starts `serve` and waits until it says that it is ready.
    pub(super) async fn start(config: &Path, log: PathBuf) -> anyhow::Result<Self> {
        let output = std::fs::File::create(&log)?;
        let keeper = Command::new("sh")
            .args(["-c", &format!("exec 3<&0; {KEEPER}")])
            .arg(std::env::current_exe()?)
            .arg(config)
            .stdin(Stdio::piped())
            .stdout(output.try_clone()?)
            .stderr(output)
            .process_group(0)
            .spawn()
            .context("cannot start pgward serve")?;
        let mut serving = Self { keeper, log };
        serving.wait_until_ready().await?;
        Ok(serving)
    }

    async fn wait_until_ready(&mut self) -> anyhow::Result<()> {
        let step = Duration::from_millis(50);
        let mut waited = Duration::ZERO;
        while waited < START_TIMEOUT {
            // Who answers at the port might be another demo's server.
            if self.said().contains("pgward is ready") {
                return Ok(());
            }
            if self.keeper.try_wait()?.is_some() {
                bail!("pgward serve ended: {}", self.said());
            }
            tokio::time::sleep(step).await;
            waited += step;
        }
        bail!("pgward serve is not ready after {START_TIMEOUT:?}: {}", self.said())
    }

    /// Everything that the server wrote to its log.
    pub(super) fn said(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default().trim().to_owned()
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        drop(self.keeper.stdin.take());
        let _ = self.keeper.wait();
    }
}
