//! What is read of the record, and how that reads on record itself.

use super::records::TEXT_BYTES_MAX;
use super::search::Query;
use super::search::replay::Whose;

/// What is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Asked {
    /// What matches.
    Search(Box<Query>),
    /// A grant's or a session's, as a transcript.
    Replay(Whose),
    /// The last records.
    Tail {
        /// How many.
        lines: u64,
        /// And those that come.
        follow: bool,
    },
}

/// What is asked for is longer than what can stand on record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("what is asked for is too long: {0} bytes of at most {TEXT_BYTES_MAX}")]
pub struct TooLong(usize);

impl Asked {
    /// The command that asks for it, as it is put on record.
    ///
    /// # Errors
    /// When that is longer than a record keeps: nothing is read that isn't on record whole.
    pub fn words(&self) -> Result<String, TooLong> {
        let words = match self {
            Self::Search(query) => format!("audit search{}", query.options()),
            Self::Replay(whose) => format!("audit replay {whose}"),
            Self::Tail { lines, follow } => {
                let flag = if *follow { " --follow" } else { "" };
                format!("audit tail --lines {lines}{flag}")
            }
        };
        if words.len() > TEXT_BYTES_MAX { Err(TooLong(words.len())) } else { Ok(words) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::SessionId;

    #[test]
    fn the_command_is_put_on_record_as_it_was_given() {
        let query = Query::example();
        let long = Query { text: Some("x".repeat(TEXT_BYTES_MAX)), ..Query::default() };
        for (asked, expected) in [
            (
                Asked::Search(Box::new(query)),
                Some(
                    "audit search --grant g_0000000009 --since 2h --decision refused \
                     --text \"say \\\"x\\\"\" --rows-over 5 --errors",
                ),
            ),
            (Asked::Search(Box::default()), Some("audit search")),
            (Asked::Search(Box::new(long)), None),
            (
                Asked::Replay(Whose::Session(SessionId::from_random(7))),
                Some("audit replay s_000000000007"),
            ),
            (Asked::Tail { lines: 10, follow: false }, Some("audit tail --lines 10")),
            (Asked::Tail { lines: 0, follow: true }, Some("audit tail --lines 0 --follow")),
        ] {
            assert_eq!(asked.words().ok().as_deref(), expected);
        }
    }
}
