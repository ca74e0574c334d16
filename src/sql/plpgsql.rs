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

    // Statements.

    /// Statements up to one of `ends`, which is not passed.
    fn statements(&mut self, ends: &[&str]) -> Read {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return Err(Unreadable::Depth);
        }
        while !ends.iter().any(|end| self.is(end)) {
            if self.at >= self.tokens.len() {
                return Err(Unreadable::Grammar);
            }
            self.statement()?;
        }
        self.depth -= 1;
        Ok(())
    }

    fn statement(&mut self) -> Read {
        self.labels()?;
        if self.is("begin") || self.is("declare") {
            self.block()?;
            return self.expect(";");
        }
        if self.is_name(self.at) && self.assigned()? {
            return Ok(());
        }
        let word = match self.kind(self.at) {
            Some(Kind::Word) => self.bytes(self.at).to_ascii_lowercase(),
            _ => return self.sql(),
        };
        self.at += 1;
        match word.as_str() {
            "null" => self.expect(";"),
            "if" => self.conditional(),
            "case" => self.cases(),
            "loop" => self.body(),
            "while" => {
                self.expression(&["loop"])?;
                self.body()
            }
            "for" => self.for_loop(),
            "foreach" => self.foreach(),
            "exit" | "continue" => self.leave(),
            "return" => self.returned(),
            "raise" => self.raise(),
            "assert" | "perform" => self.expression(&[";"]),
            "get" => self.plain(&[Kind::Word, Kind::QuotedIdentifier, Kind::Operator]),
            "open" => self.open(),
            "fetch" | "move" | "close" => {
                self.plain(&[Kind::Word, Kind::QuotedIdentifier, Kind::Operator, Kind::Integer])
            }
            "execute" => Err(Unreadable::Dynamic),
            _ => {
                self.at -= 1;
                self.sql()
            }
        }
    }

    /// A statement without expressions, up to its semicolon.
    fn plain(&mut self, kinds: &[Kind]) -> Read {
        while !self.accept(";") {
            let sign = self.is(".") || self.is(",");
            match self.kind(self.at) {
                Some(kind) if sign || kinds.contains(&kind) => self.at += 1,
                _ => return Err(Unreadable::Grammar),
            }
        }
        Ok(())
    }

    /// `target := expression;`, if it is one.
    fn assigned(&mut self) -> Result<bool, Unreadable> {
        let first = self.at;
        self.path().ok();
        let mut open = 0_usize;
        // Subscripts, and fields after them.
        while self.is("[") || open > 0 || (self.is(".") && self.at > first) {
            match self.bytes(self.at) {
                "[" | "(" => open += 1,
                "]" | ")" => open = open.saturating_sub(1),
                "." if open == 0 => self.at += 1,
                ";" | "" => break,
                _ => {}
            }
            self.at += 1;
        }
        if !self.is(":=") && !self.is("=") {
            self.at = first;
            return Ok(false);
        }
        let target = self.slice(first, self.at);
        self.add(format!("SELECT {target}"));
        self.at += 1;
        self.expression(&[";"])?;
        Ok(true)
    }

    fn conditional(&mut self) -> Read {
        self.expression(&["then"])?;
        loop {
            self.statements(&["elsif", "elseif", "else", "end"])?;
            if self.accept("elsif") || self.accept("elseif") {
                self.expression(&["then"])?;
            } else if self.accept("else") {
                self.statements(&["end"])?;
            } else {
                self.expect("end")?;
                self.expect("if")?;
                return self.expect(";");
            }
        }
    }

    fn cases(&mut self) -> Read {
        if !self.is("when") {
            let text = self.run(&["when"])?;
            self.add(format!("SELECT {text}"));
        }
        while self.accept("when") {
            let text = self.run(&["then"])?;
            // The server compares with =.
            self.add(format!("SELECT NULL IN ({text})"));
            self.at += 1;
            self.statements(&["when", "else", "end"])?;
        }
        if self.accept("else") {
            self.statements(&["end"])?;
        }
        self.expect("end")?;
        self.expect("case")?;
        self.expect(";")
    }

    /// From after LOOP to after `END LOOP;`
    fn body(&mut self) -> Read {
        self.statements(&["end"])?;
        self.end(Some("loop"))?;
        self.expect(";")
    }

    /// `a, b.c`
    fn targets(&mut self) -> Read {
        self.path()?;
        while self.accept(",") {
            self.path()?;
        }
        Ok(())
    }

    fn for_loop(&mut self) -> Read {
        self.targets()?;
        self.expect("in")?;
        if self.is("execute") {
            return Err(Unreadable::Dynamic);
        }
        self.accept("reverse");
        let first = self.at;
        self.run(&["loop", ".."])?;
        if self.is("..") {
            let lower = self.slice(first, self.at);
            self.add(format!("SELECT {lower}"));
            self.at += 1;
            let upper = self.run(&["by", "loop"])?;
            self.add(format!("SELECT {upper}"));
            if self.accept("by") {
                self.expression(&["loop"])?;
            } else {
                self.at += 1;
            }
            return self.body();
        }
        let last = self.at;
        self.at = first;
        let starts = [
            "select", "with", "values", "table", "(", "explain", "show", "insert", "update",
            "delete", "merge",
        ];
        if starts.iter().any(|word| self.is(word)) {
            self.query(&["loop"])?;
        } else {
            // A cursor, with its arguments.
            self.path()?;
            self.cursor_arguments()?;
            if self.at != last {
                return Err(Unreadable::Grammar);
            }
            self.at += 1;
        }
        self.body()
    }

    fn cursor_arguments(&mut self) -> Read {
        if !self.is("(") {
            return Ok(());
        }
        let first = self.at;
        self.at += 1;
        self.run(&[")"])?;
        self.at += 1;
        let arguments = self.slice(first, self.at);
        self.add(format!("SELECT pg_catalog.num_nulls{arguments}"));
        Ok(())
    }

    fn foreach(&mut self) -> Read {
        self.targets()?;
        if self.accept("slice") {
            if self.kind(self.at) != Some(Kind::Integer) {
                return Err(Unreadable::Grammar);
            }
            self.at += 1;
        }
        self.expect("in")?;
        self.expect("array")?;
        self.expression(&["loop"])?;
        self.body()
    }

    fn leave(&mut self) -> Read {
        if self.is_name(self.at) {
            self.at += 1;
        }
        if self.accept("when") {
            return self.expression(&[";"]);
        }
        self.expect(";")
    }

    fn returned(&mut self) -> Read {
        if self.accept(";") {
            return Ok(());
        }
        if self.accept("next") && self.accept(";") {
            return Ok(());
        }
        if self.accept("query") {
            if self.is("execute") {
                return Err(Unreadable::Dynamic);
            }
            return self.query(&[";"]);
        }
        self.expression(&[";"])
    }

    /// `RAISE level 'format', a, b USING option = c;`
    fn raise(&mut self) -> Read {
        let levels = ["exception", "warning", "notice", "info", "log", "debug"];
        if levels.iter().any(|level| self.is(level)) {
            self.at += 1;
        }
        if matches!(
            self.kind(self.at),
            Some(Kind::String | Kind::EscapeString | Kind::DollarString)
        ) {
            let text = self.run(&["using", ";"])?;
            self.add(format!("SELECT {text}"));
        } else if self.accept("sqlstate") {
            if self.kind(self.at) != Some(Kind::String) {
                return Err(Unreadable::Grammar);
            }
            self.at += 1;
        } else if self.is_name(self.at) {
            self.at += 1;
        }
        if self.accept("using") {
            loop {
                self.name()?;
                if !self.accept("=") {
                    self.expect(":=")?;
                }
                let text = self.run(&[",", ";"])?;
                self.add(format!("SELECT {text}"));
                if !self.accept(",") {
                    break;
                }
            }
        }
        self.expect(";")
    }

    fn open(&mut self) -> Read {
        self.path()?;
        self.accept("no");
        self.accept("scroll");
        if self.accept("for") {
            if self.is("execute") {
                return Err(Unreadable::Dynamic);
            }
            return self.query(&[";"]);
        }
        self.cursor_arguments()?;
        self.expect(";")
    }

    /// A query as it is, up to one of `ends`, which is passed.
    fn query(&mut self, ends: &[&str]) -> Read {
        let text = self.run(ends)?;
        if text.is_empty() {
            return Err(Unreadable::Grammar);
        }
        self.add(text);
        self.at += 1;
        Ok(())
    }

    /// An SQL statement up to its semicolon, without its `INTO targets`.
    fn sql(&mut self) -> Read {
        let first = self.at;
        let mut before = String::new();
        let mut from = first;
        while !self.is(";") {
            if self.at >= self.tokens.len() {
                return Err(Unreadable::Grammar);
            }
            let of_another = self.at > first
                && (self.is_at(self.at - 1, "insert") || self.is_at(self.at - 1, "merge"));
            if self.is("into") && !of_another && before.is_empty() && self.at > first {
                before = self.slice(first, self.at).to_owned();
                self.at += 1;
                self.accept("strict");
                self.targets()?;
                from = self.at;
            } else {
                self.at += 1;
            }
        }
        let after = self.slice(from, self.at);
        if before.is_empty() && after.is_empty() {
            return Err(Unreadable::Grammar);
        }
        self.add(format!("{before} {after}").trim());
        self.at += 1;
        Ok(())
    }
}
