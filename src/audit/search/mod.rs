//! Searching the record: every file in the order in which it was written, line by line. What
//! cannot match is not parsed; what matches comes with its `statement.done`; memory is bounded
//! whatever is found.

mod filter;
mod join;
mod needles;
mod query;
pub mod replay;

use std::io;
use std::path::Path;

use serde::de::IgnoredAny;

use super::archive::{self, Step};
use filter::Compiled;
use join::{Join, Unfinished};
use needles::Kind;

pub use super::archive::{Missed, Progress};
pub use filter::{Decided, Filter};
pub use join::Found;
pub use query::{NotATime, Query, When};

/// How a search went.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Summary {
    /// What was found, statements with their `statement.done` as one.
    pub found: u64,
    /// What could not be read.
    pub missed: Missed,
    /// Statements whose end lay too far behind them to be put to them.
    pub unjoined: u64,
    /// Files outside the time that was asked for.
    pub skipped: usize,
}

/// What a search tells while it runs.
pub trait Sink {
    /// Takes what was found, in the order in which it was written.
    ///
    /// # Errors
    /// Ends the search.
    fn found(&mut self, found: &Found) -> io::Result<()>;

    /// Is told now and then how far it is.
    ///
    /// # Errors
    /// Ends the search.
    fn progress(&mut self, _progress: &Progress<'_>) -> io::Result<()> {
        Ok(())
    }
}

/// Reads every file that can hold what `filter` asks for, and hands out what matches.
///
/// # Errors
/// The directory cannot be read, or the sink failed. A file that cannot be read is no error: it
/// is named in the summary, and the search goes on behind it.
pub fn run(directory: &Path, filter: &Filter, sink: &mut dyn Sink) -> io::Result<Summary> {
    let compiled = Compiled::new(filter);
    let mut search = Search { compiled, join: Join::new(), torn: 0 };
    let mut summary = Summary::default();
    let (mut wanted, mut before) = (Vec::new(), None::<String>);
    for file in archive::files(directory)? {
        let time = file.rotated.as_ref().map(|rotated| rotated.time.clone());
        if search.compiled.is_outside(before.as_deref(), time.as_deref()) {
            summary.skipped += 1;
        } else {
            wanted.push(file);
        }
        before = time.or(before);
    }
    let unfinished = search.unfinished();
    archive::walk(&wanted, &mut summary.missed, |step| match step {
        Step::Progress(progress) => sink.progress(&progress),
        Step::Line(line) => {
            if search.line(line) {
                while let Some(found) = search.join.next(unfinished) {
                    if search.is_sound(&found) {
                        summary.found += 1;
                        sink.found(&found)?;
                    }
                }
            }
            Ok(())
        }
    })?;
    while let Some(found) = search.join.rest(unfinished) {
        if search.is_sound(&found) {
            summary.found += 1;
            sink.found(&found)?;
        }
    }
    summary.unjoined = search.join.given_up;
    summary.missed.torn += search.torn;
    Ok(summary)
}

struct Search<'f> {
    compiled: Compiled<'f>,
    join: Join,
    /// Lines that matched and are no JSON.
    torn: u64,
}

impl Search<'_> {
    /// Looks at one line; whether something may be ready to be handed out.
    fn line(&mut self, line: &[u8]) -> bool {
        let statement = match needles::kind(line) {
            Kind::Done => {
                let key = needles::statement(line);
                if let Some(key) = key.filter(|key| self.join.expects(key)) {
                    let wanted = self.compiled.outcome_fits(line);
                    let text = if wanted { self.valid(line) } else { Some("") };
                    let Some(text) = text else { return false };
                    self.join.complete(&key, text, wanted);
                    return true;
                }
                None
            }
            Kind::Allowed => needles::statement(line),
            Kind::Other => None,
        };
        // What a statement came to is not on this line.
        let fits =
            self.compiled.fits(line) && (statement.is_some() || self.compiled.outcome_fits(line));
        if !fits {
            return false;
        }
        // Most of what waits for its outcome is dropped: it is read as JSON when it is not.
        let later = statement.is_some() && self.compiled.asks_outcome();
        let text = if later { str::from_utf8(line).ok() } else { self.valid(line) };
        let Some(text) = text else { return false };
        match statement {
            Some(key) => self.join.expect(key, text),
            None => self.join.push(text),
        }
        true
    }

    /// The line as text, if it is JSON.
    fn valid<'l>(&mut self, line: &'l [u8]) -> Option<&'l str> {
        let text = valid(line);
        self.torn += u64::from(text.is_none());
        text
    }

    /// Whether what is handed out is JSON, where that was left for later.
    fn is_sound(&mut self, found: &Found) -> bool {
        !self.compiled.asks_outcome() || self.valid(found.line.as_bytes()).is_some()
    }

    const fn unfinished(&self) -> Unfinished {
        if self.compiled.asks_outcome() { Unfinished::Drop } else { Unfinished::Show }
    }
}

/// The line as text, if it is JSON.
fn valid(line: &[u8]) -> Option<&str> {
    let text = str::from_utf8(line).ok()?;
    serde_json::from_str::<IgnoredAny>(text).is_ok().then_some(text)
}
