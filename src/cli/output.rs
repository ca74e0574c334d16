//! What commands print: data to stdout as a table or JSON, everything else to stderr.

use std::io::{self, ErrorKind, Write};
use std::process::ExitCode;

use comfy_table::{ContentArrangement, Table, presets};
use serde::Serialize;

/// `-o`
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// For people
    Table,
    /// For programs: one JSON value, its keys don't change
    Json,
}

/// Why a command failed: what, why, and what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what}")]
pub struct Failure {
    /// What.
    pub what: String,
    /// Why.
    pub detail: Option<String>,
    /// What to do.
    pub hint: Option<String>,
}

impl Failure {
    /// A failure in one sentence.
    #[must_use]
    pub fn new(what: impl Into<String>) -> Self {
        Self { what: what.into(), detail: None, hint: None }
    }

    /// The same with its reason.
    #[must_use]
    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(detail.into());
        self
    }

    /// The same with what to do.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

/// stdout went away or can't be written.
impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::new(if error.kind() == ErrorKind::BrokenPipe {
            String::new()
        } else {
            format!("the output can't be written: {error}")
        })
    }
}

/// Says why a command failed, on stderr. An empty failure (nobody reads any more) is silent.
pub fn report(failure: &Failure) -> ExitCode {
    if !failure.what.is_empty() {
        let mut text = format!("pgward: {}\n", failure.what);
        for (label, part) in [("detail", &failure.detail), ("hint", &failure.hint)] {
            if let Some(part) = part {
                text.push_str(&format!("  {label}: {part}\n"));
            }
        }
        let _ = io::stderr().write_all(text.as_bytes());
    }
    ExitCode::FAILURE
}

/// Prints a line of talk to stderr.
pub fn say(text: &str) {
    let _ = writeln!(io::stderr(), "{text}");
}

/// Prints a question to stderr, to be answered on the same line.
pub fn ask(text: &str) {
    let mut out = io::stderr();
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

/// Prints data to stdout, ending with a newline.
///
/// # Errors
/// When stdout can't be written.
pub fn print(text: &str) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    if !text.ends_with('\n') {
        out.write_all(b"\n")?;
    }
    Ok(out.flush()?)
}

/// Prints a value as JSON.
///
/// # Errors
/// When stdout can't be written.
pub fn json<T: Serialize + ?Sized>(value: &T) -> Result<(), Failure> {
    let text = serde_json::to_string_pretty(value)
        .map_err(|error| Failure::new(format!("the result can't be printed: {error}")))?;
    print(&text)
}

/// Prints a value as one line of JSON.
///
/// # Errors
/// When stdout can't be written.
pub fn json_line<T: Serialize + ?Sized>(value: &T) -> Result<(), Failure> {
    let text = serde_json::to_string(value)
        .map_err(|error| Failure::new(format!("the result can't be printed: {error}")))?;
    print(&text)
}

/// Prints rows under a header, or `nothing` to stderr when there are none.
///
/// # Errors
/// When stdout can't be written.
pub fn table(header: &[&str], rows: Vec<Vec<String>>, nothing: &str) -> Result<(), Failure> {
    if rows.is_empty() {
        say(nothing);
        return Ok(());
    }
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Disabled);
    table.set_header(header.iter().map(|name| name.to_uppercase()));
    for row in rows {
        table.add_row(row.iter().map(|cell| printable(cell)).collect::<Vec<_>>());
    }
    let lines: Vec<String> =
        table.lines().map(|line| line.trim_end().trim_start_matches(' ').to_owned()).collect();
    print(&lines.join("\n"))
}

/// A time of JSON for people: `2026-11-20 13:11:10 UTC`.
#[must_use]
pub fn time(rfc3339: &str) -> String {
    formatted(rfc3339, "%Y-%m-%d %H:%M:%S UTC")
}

/// The same to the minute, for a narrow column.
#[must_use]
pub fn minute(rfc3339: &str) -> String {
    formatted(rfc3339, "%Y-%m-%d %H:%M UTC")
}

fn formatted(rfc3339: &str, format: &str) -> String {
    let Ok(time) = rfc3339.parse::<jiff::Timestamp>() else { return rfc3339.to_owned() };
    time.strftime(format).to_string()
}

/// The start of a text, for one line of a table.
#[must_use]
pub fn brief(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    let line = words.join(" ");
    if line.chars().count() <= 60 { line } else { line.chars().take(59).chain(['…']).collect() }
}

/// A text of others for a terminal: no control characters, nothing that moves the cursor.
#[must_use]
pub fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_moves_the_cursor() {
        assert_eq!(printable("a\u{1b}[2Jb\r\nc\u{9b}x"), "a [2Jb  c x");
    }

    #[test]
    fn times_for_people() {
        assert_eq!(time("2026-11-20T13:11:10.96933Z"), "2026-11-20 13:11:10 UTC");
        assert_eq!(time("2026-11-20T13:11:10Z"), "2026-11-20 13:11:10 UTC");
        assert_eq!(time("later"), "later");
        assert_eq!(minute("2026-11-20T13:11:10Z"), "2026-11-20 13:11 UTC");
    }

    #[test]
    fn a_long_text_is_cut() {
        assert_eq!(brief(" a\n b "), "a b");
        assert_eq!(brief(&"é".repeat(61)), format!("{}…", "é".repeat(59)));
    }

    #[test]
    fn a_reader_that_went_away_is_no_failure_to_talk_about() {
        assert_eq!(Failure::from(io::Error::from(ErrorKind::BrokenPipe)).what, "");
        assert!(Failure::from(io::Error::from(ErrorKind::StorageFull)).what.contains("written"));
    }
}
