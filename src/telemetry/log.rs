//! The program's own log, on stderr: what happened to pgward, for its operator.
//!
//! Statement text never appears above DEBUG, and secrets never appear: both belong elsewhere.
//! `PGWARD_LOG` says how much and in which form: `debug`, `json`, `json,info,pgward::net=trace`.

use std::io::IsTerminal;

use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{Layer as _, fmt, registry};

/// The environment variable that controls the log.
pub const VARIABLE: &str = "PGWARD_LOG";

/// What is logged when nothing is said.
const DEFAULT: &str = "info";

/// How lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// For people.
    Text,
    /// One JSON object per line.
    Json,
}

/// The log cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// `PGWARD_LOG` is not understood.
    #[error(
        "{VARIABLE} is not understood: expected `text` or `json`, a level (error, warn, info, \
         debug, trace), or target=level, separated by commas"
    )]
    Filter(#[from] tracing_subscriber::filter::ParseError),
    /// Somebody set one up before.
    #[error("the log is set up already")]
    Twice,
}

/// Sends the log to stderr as `PGWARD_LOG` says. Once per process.
///
/// # Errors
/// [`LogError`] if the variable is not understood.
pub fn init() -> Result<(), LogError> {
    let (form, filter) = parse(&std::env::var(VARIABLE).unwrap_or_default())?;
    let lines =
        fmt::layer().with_writer(std::io::stderr).with_ansi(std::io::stderr().is_terminal());
    let lines = match form {
        Form::Text => lines.boxed(),
        Form::Json => lines.json().flatten_event(true).boxed(),
    };
    registry().with(lines.with_filter(filter)).try_init().map_err(|_| LogError::Twice)
}

fn parse(text: &str) -> Result<(Form, Targets), LogError> {
    let mut form = Form::Text;
    let mut directives = Vec::new();
    for word in text.split(',').map(str::trim).filter(|word| !word.is_empty()) {
        match word {
            "json" => form = Form::Json,
            "text" => form = Form::Text,
            directive => directives.push(directive),
        }
    }
    let has_level = directives.iter().any(|directive| !directive.contains('='));
    if !has_level {
        directives.insert(0, DEFAULT);
    }
    Ok((form, directives.join(",").parse()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_variable_says_form_and_levels() {
        let cases = [
            ("", Form::Text, "info"),
            ("json", Form::Json, "info"),
            ("debug", Form::Text, "debug"),
            (" json , warn ", Form::Json, "warn"),
            ("json,pgward::net=trace", Form::Json, "pgward::net=trace,info"),
        ];
        for (text, form, filter) in cases {
            let (found, directives) = parse(text).unwrap();
            assert_eq!((found, directives.to_string().as_str()), (form, filter), "{text:?}");
        }
        assert!(parse("pgward=loud").is_err());
        assert!(parse("a=b=c").is_err());
    }
}
