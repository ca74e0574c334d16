//! A small PostgreSQL: enough of its message loop to answer what the properties send, with
//! aborted blocks, implicit transactions, skip-to-Sync and one namespace for statements.
//!
//! It is the reference in two ways: it stands behind the session, and it is asked directly, with
//! refused statements failing at raw parse as any syntax error does.

use std::collections::HashMap;

use pgward::wire::{HEADER_BYTES, Head, frame, frontend, head};

use crate::words::from_upstream;

#[derive(Default)]
pub(crate) struct Model {
    statements: HashMap<Vec<u8>, String>,
    portals: HashMap<Vec<u8>, String>,
    status: Option<char>,
    skipping: bool,
    input: Vec<u8>,
    /// The codes that refused texts fail with when the model is asked directly.
    refuse: bool,
    /// Whether writes pass all the same.
    writes: bool,
    /// Rows that one statement may write, where the model itself is to see to it.
    cap: Option<u64>,
    /// What the transaction does at its commit.
    deferred: Deferred,
    /// Writes of the transaction under way.
    pending: Vec<String>,
    /// Every statement that was executed to its end.
    pub(crate) executed: Vec<String>,
    /// Every write that was committed.
    pub(crate) committed: Vec<String>,
}

/// What constraint triggers have put off until the commit.
#[derive(Default, PartialEq, Eq)]
enum Deferred {
    #[default]
    Nothing,
    Notice,
    Failure,
}

/// How statements begin that only a Parse can prepare.
const NOT_PREPARABLE: [&str; 8] =
    ["prepare", "deallocate", "begin", "commit", "rollback", "execute", "fetch", "copy t from"];

enum Stop {
    Error(&'static str, String),
}

impl Model {
    /// One that is asked directly, and fails itself what the session refuses.
    pub(crate) fn refusing() -> Self {
        Self { refuse: true, ..Self::default() }
    }

    /// The same on a grant that may write, with a cap on rows written.
    pub(crate) fn writing(cap: u64) -> Self {
        Self { refuse: true, writes: true, cap: Some(cap), ..Self::default() }
    }

    fn status(&self) -> char {
        self.status.unwrap_or('I')
    }

    /// Takes client bytes, gives replies.
    pub(crate) fn feed(&mut self, bytes: &[u8]) -> Vec<u8> {
        self.input.extend_from_slice(bytes);
        let mut out = Vec::new();
        while let Head::Frame { tag, body } = head(&self.input) {
            let Some(found) = frame::body(&self.input, body) else { break };
            let found = found.to_vec();
            self.input.drain(..HEADER_BYTES + body);
            self.message(tag, &found, &mut out);
        }
        out
    }

    fn message(&mut self, tag: u8, body: &[u8], out: &mut Vec<u8>) {
        if tag == b'S' {
            self.skipping = false;
            if let Err(stop) = self.end_implicit(out) {
                self.fail(stop, out);
            }
            self.ready(out);
            return;
        }
        if self.skipping || tag == b'H' {
            return;
        }
        let result = match tag {
            b'Q' => {
                let text = String::from_utf8(frontend::query(body).unwrap().to_vec()).unwrap();
                self.statements.remove(&b""[..]);
                self.portals.remove(&b""[..]);
                let result = self.query(&text, out);
                if let Err(stop) = result {
                    self.fail(stop, out);
                }
                // Nothing is left to commit, or the block goes on.
                let _ = self.end_implicit(out);
                self.ready(out);
                return;
            }
            b'P' => self.parse(body, out),
            b'B' => self.bind(body, out),
            b'E' => self.execute_portal(body, out),
            b'C' => {
                let (target, name) = frontend::target(body).unwrap();
                match target {
                    frontend::Target::Statement => self.statements.remove(name),
                    frontend::Target::Portal => self.portals.remove(name),
                };
                out.extend(from_upstream("CloseComplete"));
                Ok(())
            }
            b'D' => self.describe(body, out),
            other => panic!("the model does not know {}", char::from(other)),
        };
        if let Err(stop) = result {
            self.fail(stop, out);
            self.skipping = true;
        }
    }

    fn ready(&self, out: &mut Vec<u8>) {
        out.extend(from_upstream(&format!("ReadyForQuery {}", self.status())));
    }

    fn end_implicit(&mut self, out: &mut Vec<u8>) -> Result<(), Stop> {
        if self.status() == 'I' {
            self.portals.clear();
            return self.commit(out);
        }
        Ok(())
    }

    fn commit(&mut self, out: &mut Vec<u8>) -> Result<(), Stop> {
        match std::mem::take(&mut self.deferred) {
            Deferred::Nothing => {}
            Deferred::Notice => out.extend(from_upstream("NoticeResponse deferred")),
            Deferred::Failure => {
                self.status = None;
                return Err(Stop::Error("23503", "foreign key".to_owned()));
            }
        }
        self.committed.append(&mut self.pending);
        Ok(())
    }

    fn undo(&mut self) {
        self.pending.clear();
        self.deferred = Deferred::Nothing;
    }

    fn fail(&mut self, Stop::Error(code, text): Stop, out: &mut Vec<u8>) {
        self.undo();
        if self.status() == 'T' {
            self.status = Some('E');
        }
        out.extend(from_upstream(&format!("ErrorResponse {code} '{text}'")));
    }

    /// What PostgreSQL does before anything else: read the whole text.
    fn raw_parse(&self, text: &str) -> Result<(), Stop> {
        if text.starts_with("pgward_refused_") {
            let message = format!("syntax error at or near \"{text}\"");
            return Err(Stop::Error("42601", message));
        }
        let refused = text.split(';').any(|one| one.trim().starts_with("delete"));
        if self.refuse && refused && !self.writes {
            return Err(Stop::Error("25006", "refused".to_owned()));
        }
        Ok(())
    }

    fn check_block(&self, text: &str) -> Result<(), Stop> {
        let ends = matches!(text, "commit" | "rollback" | "COMMIT" | "ROLLBACK");
        if self.status() == 'E' && !ends {
            return Err(Stop::Error("25P02", "current transaction is aborted".to_owned()));
        }
        Ok(())
    }

    fn query(&mut self, text: &str, out: &mut Vec<u8>) -> Result<(), Stop> {
        self.raw_parse(text)?;
        // An EXECUTE of what this session did not prepare is refused before it gets here.
        if self.refuse
            && let Some(name) = text.strip_prefix("execute ")
            && !self.statements.contains_key(name.as_bytes())
        {
            return Err(Stop::Error("26000", "unknown".to_owned()));
        }
        // Nor does an EXECUTE run what SQL's own PREPARE would not take.
        if self.refuse
            && let Some(name) = text.strip_prefix("execute ")
            && let Some(inner) = self.statements.get(name.as_bytes())
            && NOT_PREPARABLE.iter().any(|word| inner.starts_with(word))
        {
            return Err(Stop::Error("0A000", "names".to_owned()));
        }
        let before: Vec<Vec<u8>> = self.statements.keys().cloned().collect();
        let mut parts = text.split(';').map(str::trim).peekable();
        while let Some(one) = parts.next() {
            self.check_block(one)?;
            let mut rows = Vec::new();
            let done = self.run(one, &mut rows);
            // Notices come as they are made; rows are described when the statement is at its end.
            if let Some(at) =
                rows.windows(5).position(|five| five[0] == b'D' && five[1..4] == [0; 3])
                && described(self.inner(one))
            {
                rows.splice(at..at, from_upstream("RowDescription"));
            }
            out.extend(rows);
            let complete = done?;
            if parts.peek().is_none() {
                let ended = self.end_implicit(out);
                // Left out here: PostgreSQL keeps what a PREPARE made whose transaction could not
                // commit, and the session takes it for failed until it is prepared again
                // (docs/protocol.md).
                if ended.is_err() {
                    self.statements.retain(|name, _| before.contains(name));
                }
                ended?;
            }
            out.extend(complete);
        }
        Ok(())
    }

    /// The statement that an EXECUTE runs.
    fn inner<'a>(&'a self, text: &'a str) -> &'a str {
        let name = text.strip_prefix("execute ");
        name.and_then(|name| self.statements.get(name.as_bytes())).map_or(text, String::as_str)
    }

    /// Runs one statement to its end; gives what says that it is complete.
    fn run(&mut self, text: &str, out: &mut Vec<u8>) -> Result<Vec<u8>, Stop> {
        if text.is_empty() {
            return Ok(from_upstream("EmptyQueryResponse"));
        }
        let mut words = text.split_whitespace();
        let tag = match (words.next().unwrap_or(""), words.next().unwrap_or("")) {
            ("begin" | "BEGIN", _) => {
                self.status = Some('T');
                "BEGIN".to_owned()
            }
            ("commit" | "COMMIT", _) => {
                let tag = if self.status() == 'E' { "ROLLBACK" } else { "COMMIT" };
                self.status = Some('I');
                self.commit(out)?;
                tag.to_owned()
            }
            ("rollback" | "ROLLBACK", _) => {
                self.status = Some('I');
                self.undo();
                "ROLLBACK".to_owned()
            }
            ("select", "1/0") => {
                return Err(Stop::Error("22012", "division by zero".to_owned()));
            }
            ("select", rows) => {
                let rows: usize = rows.parse().unwrap();
                for row in 0..rows {
                    out.extend(from_upstream(&format!("DataRow {row}")));
                }
                format!("SELECT {rows}")
            }
            ("SET", _) => "SET".to_owned(),
            ("SELECT", "WHERE") => "SELECT 0".to_owned(),
            ("delete", _) => self.delete(text, out)?,
            ("prepare", name) => {
                let inner = text.split_once(" as ").unwrap().1.to_owned();
                if self.statements.contains_key(name.as_bytes()) {
                    return Err(Stop::Error("42P05", "already exists".to_owned()));
                }
                self.statements.insert(name.as_bytes().to_vec(), inner);
                "PREPARE".to_owned()
            }
            ("execute", name) => {
                let Some(inner) = self.statements.get(name.as_bytes()).cloned() else {
                    return Err(Stop::Error("26000", "unknown".to_owned()));
                };
                return self.run(&inner, out);
            }
            ("deallocate", name) => {
                if self.statements.remove(name.as_bytes()).is_none() {
                    return Err(Stop::Error("26000", "unknown".to_owned()));
                }
                "DEALLOCATE".to_owned()
            }
            other => panic!("the model cannot run {other:?}"),
        };
        self.executed.push(text.to_owned());
        Ok(from_upstream(&format!("CommandComplete '{tag}'")))
    }

    fn delete(&mut self, text: &str, out: &mut Vec<u8>) -> Result<String, Stop> {
        if text.contains("noisy") {
            out.extend(from_upstream("NoticeResponse noisy"));
            self.deferred = Deferred::Notice;
        }
        if text.contains("bad") {
            return Err(Stop::Error("23505", "bad".to_owned()));
        }
        if text.contains("deferred") {
            self.deferred = Deferred::Failure;
        }
        let rows = if text.contains("many") { 3 } else { 2 };
        if described(text) {
            for row in 0..rows {
                out.extend(from_upstream(&format!("DataRow {row}")));
            }
        }
        if self.cap.is_some_and(|cap| rows > cap) {
            return Err(Stop::Error("54000", "too many".to_owned()));
        }
        self.pending.push(text.to_owned());
        Ok(format!("DELETE {rows}"))
    }

    fn parse(&mut self, body: &[u8], out: &mut Vec<u8>) -> Result<(), Stop> {
        let message = frontend::parse(body).unwrap();
        let text = String::from_utf8(message.text.to_vec()).unwrap();
        self.raw_parse(&text)?;
        if message.name.is_empty() {
            self.statements.remove(&b""[..]);
        }
        self.check_block(&text)?;
        if self.statements.contains_key(message.name) {
            return Err(Stop::Error("42P05", "already exists".to_owned()));
        }
        self.statements.insert(message.name.to_vec(), text);
        out.extend(from_upstream("ParseComplete"));
        Ok(())
    }

    fn bind(&mut self, body: &[u8], out: &mut Vec<u8>) -> Result<(), Stop> {
        let message = frontend::bind(body).unwrap();
        let Some(text) = self.statements.get(message.statement).cloned() else {
            return Err(Stop::Error("26000", "unknown".to_owned()));
        };
        self.check_block(&text)?;
        self.portals.insert(message.portal.to_vec(), text);
        out.extend(from_upstream("BindComplete"));
        Ok(())
    }

    fn execute_portal(&mut self, body: &[u8], out: &mut Vec<u8>) -> Result<(), Stop> {
        let (name, _) = frontend::execute(body).unwrap();
        let Some(text) = self.portals.remove(name) else {
            return Err(Stop::Error("34000", "unknown".to_owned()));
        };
        self.check_block(&text)?;
        let complete = self.run(&text, out)?;
        out.extend(complete);
        Ok(())
    }

    fn describe(&self, body: &[u8], out: &mut Vec<u8>) -> Result<(), Stop> {
        let (target, name) = frontend::target(body).unwrap();
        let (known, code) = match target {
            frontend::Target::Statement => (self.statements.contains_key(name), "26000"),
            frontend::Target::Portal => (self.portals.contains_key(name), "34000"),
        };
        if !known {
            return Err(Stop::Error(code, "unknown".to_owned()));
        }
        if target == frontend::Target::Statement {
            out.extend(from_upstream("ParameterDescription"));
        }
        let names = match target {
            frontend::Target::Statement => &self.statements,
            frontend::Target::Portal => &self.portals,
        };
        let rows = names.get(name).is_some_and(|text| described(self.inner(text)));
        out.extend(from_upstream(if rows { "RowDescription" } else { "NoData" }));
        Ok(())
    }
}

/// Whether a statement's rows are described: that SELECTs are not is a simplification.
fn described(text: &str) -> bool {
    text.contains("returning")
}
