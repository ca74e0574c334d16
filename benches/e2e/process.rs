//! A peer's processes: started, measured from outside, and ended with us.

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};

/// How long a peer may take until it listens.
const START_TIMEOUT: Duration = Duration::from_secs(60);

/// Ends the program when standard input ends, as it does however this process ends: asked first,
/// since one that counts for a profile writes its counts when it ends by itself.
const KEEPER: &str = r#""$@" </dev/null & server=$!
cat >/dev/null
kill -TERM $server
(sleep 5; kill -KILL $server) & killer=$!
wait $server
kill $killer"#;

/// A running program with its children.
#[derive(Debug)]
pub(crate) struct Process {
    keeper: Child,
    tree: Vec<u32>,
}

impl Process {
    /// Runs `arguments`, its output into `log`, and waits until `ready` says yes.
    pub(crate) fn start(
        arguments: &[&str],
        log: &Path,
        mut ready: impl FnMut() -> bool,
    ) -> anyhow::Result<Self> {
        let output = fs::File::create(log)?;
        let keeper = Command::new("sh")
            .args(["-c", KEEPER, "keeper"])
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(output.try_clone()?)
            .stderr(output)
            .spawn()
            .with_context(|| format!("cannot start {}", arguments[0]))?;
        let mut process = Self { keeper, tree: Vec::new() };
        let start = Instant::now();
        while !ready() {
            if start.elapsed() > START_TIMEOUT {
                let said = fs::read_to_string(log).unwrap_or_default();
                bail!("{} is not ready after {START_TIMEOUT:?}: {said}", arguments[0]);
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        process.tree = tree(process.keeper.id());
        Ok(process)
    }

    /// Time that all its threads have been on a CPU, microseconds, by the scheduler's account.
    pub(crate) fn cpu(&self) -> f64 {
        self.tree.iter().map(|&pid| cpu(pid)).sum()
    }

    /// Resident memory, bytes.
    pub(crate) fn resident(&self) -> f64 {
        self.tree.iter().map(|&pid| resident(pid)).sum()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        drop(self.keeper.stdin.take());
        let _ = self.keeper.wait();
    }
}

/// A process and all that descend from it.
fn tree(root: u32) -> Vec<u32> {
    let parents: Vec<(u32, u32)> = fs::read_dir("/proc")
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .filter_map(|pid| Some((pid, parent(pid)?)))
        .collect();
    let mut found = vec![root];
    let mut at = 0;
    while let Some(&one) = found.get(at) {
        found.extend(parents.iter().filter(|(_, parent)| *parent == one).map(|(pid, _)| *pid));
        at += 1;
    }
    found
}

fn parent(pid: u32) -> Option<u32> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // PID (name) state ppid …; the name may hold anything.
    stat.rsplit_once(')')?.1.split_whitespace().nth(1)?.parse().ok()
}

#[allow(clippy::cast_precision_loss, reason = "nanoseconds of hours fit")]
fn cpu(pid: u32) -> f64 {
    let tasks = fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
    let nanoseconds: u64 = tasks
        .filter_map(|task| fs::read_to_string(task.path().join("schedstat")).ok())
        .filter_map(|text| text.split_whitespace().next()?.parse::<u64>().ok())
        .sum();
    nanoseconds as f64 / 1e3
}

fn resident(pid: u32) -> f64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kibibytes = line.and_then(|line| line.split_whitespace().next()?.parse::<f64>().ok());
    kibibytes.unwrap_or(0.0) * 1024.0
}

/// Memory that the machine could still give, bytes.
pub(crate) fn available() -> f64 {
    let text = fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("MemAvailable:"));
    let kibibytes = line.and_then(|line| line.split_whitespace().next()?.parse::<f64>().ok());
    kibibytes.unwrap_or(0.0) * 1024.0
}
