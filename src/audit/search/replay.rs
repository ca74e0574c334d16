//! A grant's record, or a session's, session by session: in the log the records of many sessions
//! lie between each other.
//!
//! The oldest session that is not told yet is handed out as it is read; those that began
//! meanwhile are held, up to a bound. Where that is passed, the youngest is let go of, and told
//! in another reading of the files.

use std::collections::{HashMap, HashSet, VecDeque};
use std::fmt;
use std::io;
use std::path::Path;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::filter::{Compiled, Filter};
use super::join::{Found, Join, Unfinished};
use super::{Missed, Progress, needles, valid};
use crate::audit::archive::{self, Listed, Step};
use crate::base::{GrantId, SessionId};

/// Bytes of lines that are held of sessions that are not their turn yet.
const HELD_BYTES_MAX: usize = 16 * 1024 * 1024;

/// Whose record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Whose {
    /// A grant's, with all of its sessions.
    Grant(GrantId),
    /// One session's.
    Session(SessionId),
}

/// What is neither a grant's id nor a session's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "write the id of a grant (g_…) or of a session (s_…); pgward session list and pgward audit \
     search show them"
)]
pub struct Nobodys;

impl FromStr for Whose {
    type Err = Nobodys;

    fn from_str(text: &str) -> Result<Self, Nobodys> {
        let grant = || text.parse().map(Self::Grant);
        text.parse().map(Self::Session).or_else(|_| grant()).map_err(|_| Nobodys)
    }
}

impl TryFrom<String> for Whose {
    type Error = Nobodys;

    fn try_from(text: String) -> Result<Self, Nobodys> {
        text.parse()
    }
}

impl From<Whose> for String {
    fn from(whose: Whose) -> Self {
        whose.to_string()
    }
}

impl fmt::Display for Whose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Grant(id) => id.fmt(f),
            Self::Session(id) => id.fmt(f),
        }
    }
}

/// What a replay tells.
pub trait Audience {
    /// A record about the grant itself: all of these come first, in their order.
    ///
    /// # Errors
    /// Ends the replay.
    fn history(&mut self, found: &Found) -> io::Result<()>;

    /// A record of a session, all of one session before those of the next.
    ///
    /// # Errors
    /// Ends the replay.
    fn record(&mut self, session: SessionId, found: &Found) -> io::Result<()>;

    /// Is told now and then how far it is.
    ///
    /// # Errors
    /// Ends the replay.
    fn progress(&mut self, _progress: &Progress<'_>) -> io::Result<()> {
        Ok(())
    }
}

/// Hands out everything on record.
///
/// # Errors
/// The directory cannot be read, or the audience failed.
pub fn run(directory: &Path, whose: Whose, audience: &mut dyn Audience) -> io::Result<Missed> {
    bounded(directory, whose, audience, HELD_BYTES_MAX)
}

pub(in crate::audit) fn bounded(
    directory: &Path,
    whose: Whose,
    audience: &mut dyn Audience,
    bytes_max: usize,
) -> io::Result<Missed> {
    let filter = match whose {
        Whose::Grant(id) => Filter { grant: Some(id), ..Filter::default() },
        Whose::Session(id) => Filter { session: Some(id), ..Filter::default() },
    };
    let compiled = Compiled::new(&filter);
    let files = archive::files(directory)?;
    let mut missed = Missed::default();
    history(&files, &compiled, &mut missed, audience)?;
    let mut told = HashSet::new();
    loop {
        let mut pass = Pass::new(&mut told, bytes_max);
        // What could not be read is the same each time.
        let mut again = Missed::default();
        archive::walk(&files, &mut again, |step| match step {
            Step::Progress(progress) => audience.progress(&progress),
            Step::Line(line) => match line_of_session(line, &compiled) {
                Some((session, text)) => pass.line(session, text, audience),
                None => Ok(()),
            },
        })?;
        if pass.finish(audience)? {
            return Ok(missed);
        }
    }
}

/// The session that a record is of; of none are those about the grant itself.
#[must_use]
pub fn session_of(found: &Found) -> Option<SessionId> {
    needles::session(found.line.as_bytes())
}

/// What is about the grant and no session of it.
fn history(
    files: &[Listed],
    compiled: &Compiled<'_>,
    missed: &mut Missed,
    audience: &mut dyn Audience,
) -> io::Result<()> {
    let mut torn = 0;
    archive::walk(files, missed, |step| match step {
        Step::Progress(progress) => audience.progress(&progress),
        Step::Line(line) if compiled.fits(line) => {
            let Some(text) = valid(line) else {
                torn += 1;
                return Ok(());
            };
            if needles::session(line).is_some() {
                return Ok(());
            }
            audience.history(&Found { line: text.to_owned(), done: None })
        }
        Step::Line(_) => Ok(()),
    })?;
    missed.torn += torn;
    Ok(())
}

fn line_of_session<'l>(line: &'l [u8], compiled: &Compiled<'_>) -> Option<(SessionId, &'l str)> {
    let session = compiled.fits(line).then(|| needles::session(line)).flatten()?;
    Some((session, valid(line)?))
}

/// One reading of all files.
struct Pass<'t> {
    told: &'t mut HashSet<SessionId>,
    /// The session that is being told, and what waits to be put to its statements.
    head: Option<(SessionId, Join)>,
    /// Those that began after it, oldest first.
    order: VecDeque<SessionId>,
    held: HashMap<SessionId, Vec<String>>,
    bytes: usize,
    bytes_max: usize,
    /// Let go of: told in another reading.
    later: HashSet<SessionId>,
}

impl<'t> Pass<'t> {
    fn new(told: &'t mut HashSet<SessionId>, bytes_max: usize) -> Self {
        Self {
            told,
            head: None,
            order: VecDeque::new(),
            held: HashMap::new(),
            bytes: 0,
            bytes_max,
            later: HashSet::new(),
        }
    }

    fn line(
        &mut self,
        session: SessionId,
        line: &str,
        audience: &mut dyn Audience,
    ) -> io::Result<()> {
        if self.told.contains(&session) || self.later.contains(&session) {
            return Ok(());
        }
        if self.head.is_none() {
            self.head = Some((session, Join::new()));
        }
        if self.head.as_ref().is_some_and(|(head, _)| *head == session) {
            self.tell(line, audience)?;
            if needles::is_end_of_session(line.as_bytes()) {
                self.next_session(audience)?;
            }
            return Ok(());
        }
        self.hold(session, line);
        Ok(())
    }

    fn hold(&mut self, session: SessionId, line: &str) {
        let lines = self.held.entry(session).or_insert_with(|| {
            self.order.push_back(session);
            Vec::new()
        });
        lines.push(line.to_owned());
        self.bytes += line.len();
        while self.bytes > self.bytes_max {
            let Some(youngest) = self.order.pop_back() else { return };
            let lines = self.held.remove(&youngest).unwrap_or_default();
            self.bytes -= lines.iter().map(String::len).sum::<usize>();
            self.later.insert(youngest);
        }
    }

    /// Tells the head's next line.
    fn tell(&mut self, line: &str, audience: &mut dyn Audience) -> io::Result<()> {
        let Some((session, join)) = &mut self.head else { return Ok(()) };
        join.add(line);
        while let Some(found) = join.next(Unfinished::Show) {
            audience.record(*session, &found)?;
        }
        Ok(())
    }

    /// The head is told; the oldest that is held becomes the head, and on while those are over.
    fn next_session(&mut self, audience: &mut dyn Audience) -> io::Result<()> {
        loop {
            if let Some((session, mut join)) = self.head.take() {
                while let Some(found) = join.rest(Unfinished::Show) {
                    audience.record(session, &found)?;
                }
                self.told.insert(session);
            }
            let Some(session) = self.order.pop_front() else { return Ok(()) };
            let lines = self.held.remove(&session).unwrap_or_default();
            self.bytes -= lines.iter().map(String::len).sum::<usize>();
            self.head = Some((session, Join::new()));
            let mut ended = false;
            for line in &lines {
                self.tell(line, audience)?;
                ended |= needles::is_end_of_session(line.as_bytes());
            }
            if !ended {
                return Ok(());
            }
        }
    }

    /// Tells what is left; whether nothing was put off.
    fn finish(mut self, audience: &mut dyn Audience) -> io::Result<bool> {
        while self.head.is_some() || !self.order.is_empty() {
            self.next_session(audience)?;
        }
        Ok(self.later.is_empty())
    }
}
