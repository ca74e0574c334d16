//! Statements of a body (`pl_gram.y` from `proc_stmt` on).

use super::{DEPTH_MAX, Read, Reader, Unreadable};
use crate::sql::lex::Kind;

impl Reader<'_> {
    /// Statements up to one of `ends`, which is not passed.
    pub(super) fn statements(&mut self, ends: &[&str]) -> Read {
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
    pub(super) fn query(&mut self, ends: &[&str]) -> Read {
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
