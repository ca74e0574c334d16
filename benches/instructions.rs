//! Instructions per run of each core case, counted by valgrind: they hardly change from run to
//! run, so a regression shows on a machine too noisy for times. `make bench-instructions`
//! compares with `benches/instructions.baseline`; `RECORD=1` writes it anew.
//!
//! Each case runs in two processes of their own, once `times` times and once twice as often: the
//! difference is free of setting up. valgrind hides some of the CPU's extensions (SHA, say), on
//! every machine alike.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    dead_code,
    missing_docs,
    reason = "a benchmark; what it shares with the others it does not use whole"
)]

mod cases;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

use anyhow::{Context, bail};
use cases::{ALL, Case};

/// By how much a count may differ from the baseline. Hash tables are laid out anew in each
/// process; that moves the counts by less than one part in a hundred.
const TOLERANCE: f64 = 0.03;

fn main() -> anyhow::Result<ExitCode> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["--case", name, "--times", times] => {
            run(named(name)?, times.parse()?);
            Ok(ExitCode::SUCCESS)
        }
        words if words.contains(&"--bench") => all(words.contains(&"--record")),
        _ => smoke(),
    }
}

fn named(name: &str) -> anyhow::Result<Case> {
    ALL.into_iter().find(|case| case.name == name).with_context(|| format!("no case {name:?}"))
}

fn run(case: Case, times: u64) {
    let mut work = (case.set_up)();
    for _ in 0..times {
        work();
    }
}

/// Every case by itself, one of them under valgrind: that it all still works.
fn smoke() -> anyhow::Result<ExitCode> {
    for case in ALL {
        run(case, 3);
    }
    if valgrind_is_there() {
        println!("{}: {:.0} instructions (unoptimised)", ALL[0].name, count(ALL[0], 5)?);
    }
    Ok(ExitCode::SUCCESS)
}

fn all(record: bool) -> anyhow::Result<ExitCode> {
    if !valgrind_is_there() {
        println!("valgrind is not installed: instructions not counted (scripts/setup.sh bench)");
        return Ok(ExitCode::SUCCESS);
    }
    let known = baseline()?;
    let (mut counts, mut worse) = (Vec::new(), 0);
    println!("{:>12} {:>12} {:>7}  case", "instructions", "baseline", "");
    for case in ALL {
        let now = count(case, case.times)?;
        let line = match known.get(case.name) {
            None => format!("{now:>12.0} {:>12} {:>7}", "-", "new"),
            Some(&before) => {
                let change = now / before - 1.0;
                worse += usize::from(change > TOLERANCE);
                let word = if change > TOLERANCE { "  WORSE" } else { "" };
                format!("{now:>12.0} {before:>12.0} {:>+6.1}%{word}", change * 100.0)
            }
        };
        println!("{line}  {}", case.name);
        counts.push((case.name, now));
    }
    if record {
        write_baseline(&counts)?;
        println!("recorded in {}", baseline_path().display());
    } else if worse > 0 {
        println!(
            "{worse} worse by more than {:.0} %; where that is meant: make bench-instructions RECORD=1",
            TOLERANCE * 100.0
        );
        return Ok(ExitCode::FAILURE);
    }
    Ok(ExitCode::SUCCESS)
}

fn valgrind_is_there() -> bool {
    let version = Command::new("valgrind").arg("--version").stdout(Stdio::null()).status();
    version.is_ok_and(|status| status.success())
}

fn count(case: Case, times: u64) -> anyhow::Result<f64> {
    let (once, twice) = (instructions(case, times)?, instructions(case, 2 * times)?);
    #[allow(clippy::cast_precision_loss, reason = "far below 2^52")]
    let per_run = twice.saturating_sub(once) as f64 / times as f64;
    Ok(per_run)
}

fn instructions(case: Case, times: u64) -> anyhow::Result<u64> {
    let output = Command::new("valgrind")
        .args(["--tool=cachegrind", "--cache-sim=no", "--cachegrind-out-file=/dev/null"])
        .arg(std::env::current_exe()?)
        .args(["--case", case.name, "--times", &times.to_string()])
        .output()?;
    let said = String::from_utf8_lossy(&output.stderr);
    if !output.status.success() {
        bail!("valgrind failed: {said}");
    }
    // ==4711== I   refs:      1,234,567
    let line = said.lines().find(|line| line.contains("refs:")).context("no count")?;
    let digits: String = line.rsplit(' ').next().unwrap().replace(',', "");
    Ok(digits.parse()?)
}

fn baseline_path() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/instructions.baseline")
}

fn baseline() -> anyhow::Result<BTreeMap<String, f64>> {
    let text = std::fs::read_to_string(baseline_path()).unwrap_or_default();
    let here = format!("# {}", std::env::consts::ARCH);
    if !text.lines().any(|line| line == here) {
        println!("the baseline is of another architecture, or there is none: nothing to compare");
        return Ok(BTreeMap::new());
    }
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines
        .map(|line| {
            let (count, name) = line.trim().split_once("  ").context("a line of the baseline")?;
            Ok((name.to_owned(), count.parse()?))
        })
        .collect()
}

fn write_baseline(counts: &[(&str, f64)]) -> anyhow::Result<()> {
    let mut text = format!(
        "# Instructions per run of each core case, release build; written by\n\
         # make bench-instructions RECORD=1\n# {}\n",
        std::env::consts::ARCH
    );
    for (name, count) in counts {
        text += &format!("{count:>9.0}  {name}\n");
    }
    std::fs::write(baseline_path(), text).context("cannot write the baseline")
}
