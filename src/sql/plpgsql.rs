//! The SQL that a PL/pgSQL function can run, cut out of its body as PostgreSQL's own compiler
//! cuts it (`src/pl/plpgsql/src/pl_gram.y`): every expression, query and statement as a text of
//! its own, for [`read`](super::read) to judge. Dynamic SQL has no such text and is an error.
//!
//! Default deny: every token of the body belongs either to a part of the language that is known
//! here by name, or to one of the texts. A body that is read otherwise than the server reads it
//! so still has all its calls, tables and operators judged; one that can't be read is an error.
//!
//! libpg_query has a PL/pgSQL parser, but not one for a server: while it runs, it redirects the
//! standard error of the whole process into a pipe, and what others log meanwhile becomes an
//! error that it frees wrongly.

mod statements;

use super::lex::{Kind, Lexer, Token};

/// Blocks, loops and IFs inside each other.
const DEPTH_MAX: usize = 200;

/// Why a body has no texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unreadable {
    /// EXECUTE, or a cursor or loop over a text that is made at run time.
    Dynamic,
    /// The body is not what PL/pgSQL's grammar has, or not known here.
    Grammar,
    /// Too deep.
    Depth,
}

type Read = Result<(), Unreadable>;

struct Reader<'a> {
    text: &'a str,
    /// Without white space and comments.
    tokens: Vec<Token>,
    at: usize,
    depth: usize,
    found: Vec<String>,
}

/// Cuts a body into the SQL texts it runs.
///
/// # Errors
/// [`Unreadable`].
pub fn texts(body: &str) -> Result<Vec<String>, Unreadable> {
    let tokens: Vec<Token> = Lexer::new(body.as_bytes())
        .filter(|t| !matches!(t.kind, Kind::Space | Kind::LineComment | Kind::BlockComment))
        .collect();
    if tokens.iter().any(|token| token.kind == Kind::Junk) {
        return Err(Unreadable::Grammar);
    }
    let mut reader = Reader { text: body, tokens, at: 0, depth: 0, found: Vec::new() };
    reader.function()?;
    Ok(reader.found)
}

/// Words that can't be names in PL/pgSQL, so they end an expression wherever they stand.
const RESERVED: &[&str] = &[
    "all", "begin", "by", "case", "declare", "else", "end", "execute", "for", "foreach", "from",
    "if", "in", "into", "loop", "not", "null", "or", "then", "to", "using", "when", "while",
];

impl<'a> Reader<'a> {
    fn function(&mut self) -> Read {
        // #variable_conflict use_column, and the like.
        while self.is("#") {
            self.at += 3;
        }
        self.labels()?;
        self.block()?;
        self.accept(";");
        if self.at == self.tokens.len() { Ok(()) } else { Err(Unreadable::Grammar) }
    }

    // What stands where.

    fn bytes(&self, at: usize) -> &'a str {
        self.tokens.get(at).and_then(|t| self.text.get(t.span.clone())).unwrap_or_default()
    }

    fn kind(&self, at: usize) -> Option<Kind> {
        self.tokens.get(at).map(|token| token.kind)
    }

    /// Whether the token is this word or sign.
    fn is_at(&self, at: usize, what: &str) -> bool {
        matches!(self.kind(at), Some(Kind::Word | Kind::Operator | Kind::Punctuation))
            && self.bytes(at).eq_ignore_ascii_case(what)
    }

    fn is(&self, what: &str) -> bool {
        self.is_at(self.at, what)
    }

    fn accept(&mut self, what: &str) -> bool {
        let is = self.is(what);
        self.at += usize::from(is);
        is
    }

    fn expect(&mut self, what: &str) -> Read {
        if self.accept(what) { Ok(()) } else { Err(Unreadable::Grammar) }
    }

    fn is_name(&self, at: usize) -> bool {
        match self.kind(at) {
            Some(Kind::Word) => {
                !RESERVED.iter().any(|word| self.bytes(at).eq_ignore_ascii_case(word))
            }
            Some(Kind::QuotedIdentifier | Kind::UnicodeIdentifier | Kind::Parameter) => true,
            _ => false,
        }
    }

    fn name(&mut self) -> Read {
        if !self.is_name(self.at) {
            return Err(Unreadable::Grammar);
        }
        self.at += 1;
        Ok(())
    }

    /// `a.b.c`
    fn path(&mut self) -> Read {
        self.name()?;
        while self.accept(".") {
            if !matches!(self.kind(self.at), Some(Kind::Word | Kind::QuotedIdentifier)) {
                return Err(Unreadable::Grammar);
            }
            self.at += 1;
        }
        Ok(())
    }

    /// Runs to the first of `ends` outside of parentheses, and stays there. A semicolon always
    /// ends; the run is what stands before.
    fn run(&mut self, ends: &[&str]) -> Result<&'a str, Unreadable> {
        let first = self.at;
        let mut open = 0_usize;
        loop {
            if self.at >= self.tokens.len() {
                return Err(Unreadable::Grammar);
            }
            if open == 0 && ends.iter().any(|end| self.is(end)) {
                return Ok(self.slice(first, self.at));
            }
            match self.bytes(self.at) {
                "(" | "[" => open += 1,
                ")" | "]" => open = open.checked_sub(1).ok_or(Unreadable::Grammar)?,
                ";" => return Err(Unreadable::Grammar),
                _ => {}
            }
            self.at += 1;
        }
    }

    /// The text from one token to before another.
    fn slice(&self, from: usize, to: usize) -> &'a str {
        let start = self.tokens.get(from).map(|t| t.span.start);
        let end = to.checked_sub(1).and_then(|last| self.tokens.get(last)).map(|t| t.span.end);
        match (start, end) {
            (Some(start), Some(end)) if from < to => self.text.get(start..end).unwrap_or_default(),
            _ => "",
        }
    }

    fn add(&mut self, text: impl Into<String>) {
        self.found.push(text.into());
    }

    /// One expression up to one of `ends`, which is passed.
    fn expression(&mut self, ends: &[&str]) -> Read {
        let text = self.run(ends)?;
        if text.is_empty() {
            return Err(Unreadable::Grammar);
        }
        self.add(format!("SELECT {text}"));
        self.at += 1;
        Ok(())
    }

    // Blocks.

    fn labels(&mut self) -> Read {
        while self.accept("<<") {
            self.name()?;
            self.expect(">>")?;
        }
        Ok(())
    }

    fn block(&mut self) -> Read {
        while self.accept("declare") {
            while !self.is("begin") && !self.is("declare") {
                if self.is("<<") {
                    self.labels()?;
                } else {
                    self.declaration()?;
                }
            }
        }
        self.expect("begin")?;
        self.statements(&["exception", "end"])?;
        if self.accept("exception") {
            while self.accept("when") {
                self.conditions()?;
                self.statements(&["when", "end"])?;
            }
        }
        self.end(None)
    }

    /// `END [word] [label]`
    fn end(&mut self, of: Option<&str>) -> Read {
        self.expect("end")?;
        if let Some(word) = of {
            self.expect(word)?;
        }
        if self.is_name(self.at) {
            self.at += 1;
        }
        Ok(())
    }

    /// `division_by_zero OR SQLSTATE '22012' THEN`
    fn conditions(&mut self) -> Read {
        while !self.accept("then") {
            match self.kind(self.at) {
                Some(Kind::Word | Kind::QuotedIdentifier | Kind::String) => self.at += 1,
                _ => return Err(Unreadable::Grammar),
            }
        }
        Ok(())
    }

    fn declaration(&mut self) -> Read {
        self.name()?;
        if self.accept("alias") {
            self.expect("for")?;
            self.path()?;
            return self.expect(";");
        }
        self.accept("constant");
        let scroll = usize::from(self.is("no")) + usize::from(self.is("no") || self.is("scroll"));
        if self.is_at(self.at + scroll, "cursor") {
            self.at += scroll + 1;
            return self.cursor();
        }
        let first = self.at;
        self.run(&[";", ":=", "=", "default", "not", "collate"])?;
        self.type_named(first, self.at)?;
        if self.accept("collate") {
            self.path()?;
        }
        if self.accept("not") {
            self.expect("null")?;
        }
        if self.accept(":=") || self.accept("=") || self.accept("default") {
            return self.expression(&[";"]);
        }
        self.expect(";")
    }

    /// `(name type, …) IS|FOR query;`
    fn cursor(&mut self) -> Read {
        if self.accept("(") {
            loop {
                self.name()?;
                let first = self.at;
                self.run(&[",", ")"])?;
                self.type_named(first, self.at)?;
                if self.accept(")") {
                    break;
                }
                self.expect(",")?;
            }
        }
        if !self.accept("is") {
            self.expect("for")?;
        }
        self.query(&[";"])
    }

    /// A declared type, which a value is cast to: also by `%TYPE` and `%ROWTYPE`.
    fn type_named(&mut self, from: usize, to: usize) -> Read {
        if from == to {
            return Err(Unreadable::Grammar);
        }
        let percent = (from..to).find(|&at| self.is_at(at, "%"));
        let Some(percent) = percent else {
            let text = self.slice(from, to);
            self.add(format!("SELECT NULL::{text}"));
            return Ok(());
        };
        let row = self.is_at(percent + 1, "rowtype");
        if !row && !self.is_at(percent + 1, "type") {
            return Err(Unreadable::Grammar);
        }
        // A variable's type was judged where it was declared; a column's belongs to its table.
        let parts = (percent - from).div_ceil(2);
        let table = match (row, parts) {
            (true, _) => percent,
            (false, 1) => return Ok(()),
            (false, _) => percent.saturating_sub(2),
        };
        let text = self.slice(from, table);
        self.add(format!("SELECT NULL::{text}"));
        Ok(())
    }
}
