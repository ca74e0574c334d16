//! What the command line asks for.

use anyhow::{Context, bail};

/// How much is measured.
#[derive(Debug, Clone)]
pub(crate) struct Options {
    /// Only that every row runs: one short round, few sessions, nothing counts as missed.
    pub(crate) smoke: bool,
    /// Rounds, each with every peer in it.
    pub(crate) rounds: u32,
    /// Seconds of one peer's turn in a round.
    pub(crate) seconds: u32,
    /// Sessions of the row that shows how it grows.
    pub(crate) sessions: u32,
    /// Groups of rows to measure; all where none is named.
    pub(crate) groups: Vec<String>,
}

/// The groups of rows, in the order of the table.
pub(crate) const GROUPS: [&str; 7] =
    ["transactions", "latency", "bulk", "connections", "core", "memory", "growth"];

impl Options {
    /// From `[--rounds N] [--seconds N] [--sessions N] [GROUP…]`. cargo bench adds `--bench`;
    /// without it (`cargo test --bench e2e`) it is a smoke test.
    pub(crate) fn read(arguments: impl Iterator<Item = String>) -> anyhow::Result<Self> {
        let mut options =
            Self { smoke: true, rounds: 1, seconds: 2, sessions: 100, groups: Vec::new() };
        let given: Vec<String> = arguments.collect();
        if given.iter().any(|argument| argument == "--bench") {
            options = Self { smoke: false, rounds: 7, seconds: 5, sessions: 2_000, ..options };
        }
        let mut given = given.into_iter();
        while let Some(argument) = given.next() {
            let mut number = || -> anyhow::Result<u32> {
                let text = given.next().with_context(|| format!("{argument} takes a number"))?;
                text.parse().ok().filter(|&n| n > 0).with_context(|| format!("{argument} {text}"))
            };
            match argument.as_str() {
                "--bench" => {}
                "--rounds" => options.rounds = number()?,
                "--seconds" => options.seconds = number()?,
                "--sessions" => options.sessions = number()?,
                group if GROUPS.contains(&group) => options.groups.push(group.to_owned()),
                other => {
                    bail!("{other:?}: give --rounds N, --seconds N, --sessions N or of {GROUPS:?}")
                }
            }
        }
        Ok(options)
    }

    /// Seconds of a turn in which a peer runs by itself, at full speed.
    pub(crate) fn hot_seconds(&self) -> u32 {
        self.seconds.div_ceil(2)
    }

    /// Whether a group is to be measured.
    pub(crate) fn wants(&self, group: &str) -> bool {
        self.groups.is_empty() || self.groups.iter().any(|wanted| wanted == group)
    }
}
