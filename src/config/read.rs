//! The written configuration with its places: TOML values read by key, every one with its line.
//!
//! serde stops at the first error and this file's readers want all of them at once, so the
//! spanned tree of `toml` is read key by key. A key that nobody asked for is unknown.

use std::time::Duration;

use toml::de::{DeTable, DeValue};

use super::problem::{Problem, nearest};
use super::units::{format_duration, format_size, parse_duration, parse_size};

/// Collects what is wrong while a file is read.
#[derive(Debug)]
pub(super) struct Reader<'t> {
    file: &'t str,
    text: &'t str,
    pub(super) problems: Vec<Problem>,
    /// Every key that was asked for, dotted, in order: the reference of what may be written.
    pub(super) keys: Vec<String>,
}

/// One table of the file, or its absence.
#[derive(Debug)]
pub(super) struct Section<'t> {
    path: String,
    /// The line of its first appearance.
    pub(super) line: Option<usize>,
    table: Option<&'t DeTable<'t>>,
    asked: Vec<&'static str>,
}

/// A value and where it stands.
#[derive(Debug, Clone)]
pub(super) struct At<T> {
    pub(super) value: T,
    pub(super) key: String,
    pub(super) line: Option<usize>,
}

impl<'t> Reader<'t> {
    pub(super) fn new(file: &'t str, text: &'t str) -> Self {
        Self { file, text, problems: Vec::new(), keys: Vec::new() }
    }

    pub(super) fn problem(
        &mut self,
        line: Option<usize>,
        key: &str,
        what: impl Into<String>,
        remedy: impl Into<String>,
    ) {
        self.problems.push(Problem {
            file: self.file.to_owned(),
            line,
            key: key.to_owned(),
            what: what.into(),
            remedy: remedy.into(),
        });
    }

    /// A problem of one value.
    pub(super) fn wrong<T>(
        &mut self,
        at: &At<T>,
        what: impl Into<String>,
        remedy: impl Into<String>,
    ) {
        self.problem(at.line, &at.key, what, remedy);
    }

    pub(super) fn line_of(&self, offset: usize) -> usize {
        let before = self.text.as_bytes().get(..offset).unwrap_or(self.text.as_bytes());
        before.iter().filter(|&&byte| byte == b'\n').count() + 1
    }
}

impl<'t> Section<'t> {
    /// The whole file.
    pub(super) fn root(table: &'t DeTable<'t>) -> Self {
        Self { path: String::new(), line: None, table: Some(table), asked: Vec::new() }
    }

    pub(super) fn is_present(&self) -> bool {
        self.table.is_some()
    }

    /// Whether a key stands in it.
    pub(super) fn has(&self, name: &str) -> bool {
        self.table.is_some_and(|table| table.contains_key(name))
    }

    /// The dotted name of one of its keys.
    pub(super) fn key(&self, name: &str) -> String {
        if self.path.is_empty() { name.to_owned() } else { format!("{}.{name}", self.path) }
    }

    /// Names of what stands in it, in order of the alphabet.
    pub(super) fn names(&self) -> Vec<String> {
        let table = self.table.into_iter().flat_map(|table| table.keys());
        table.map(|name| name.get_ref().to_string()).collect()
    }

    fn find(
        &mut self,
        reader: &mut Reader<'t>,
        name: &'static str,
    ) -> Option<(At<()>, &'t DeValue<'t>)> {
        self.asked.push(name);
        let key = self.key(name);
        if !reader.keys.contains(&key) {
            reader.keys.push(key.clone());
        }
        let (place, value) = self.table?.get_key_value(name)?;
        let line = Some(reader.line_of(place.span().start));
        Some((At { value: (), key, line }, value.get_ref()))
    }

    /// A table inside; absent is as good as empty.
    pub(super) fn table(&mut self, reader: &mut Reader<'t>, name: &'static str) -> Section<'t> {
        let path = self.key(name);
        let Some((at, value)) = self.find(reader, name) else {
            return Section { path, line: self.line, table: None, asked: Vec::new() };
        };
        Self::of(reader, &at, value)
    }

    /// Whether a key stands in it; not yet asked for by that.
    pub(super) fn has_key(&self, name: &str) -> bool {
        self.table.is_some_and(|table| table.contains_key(name))
    }

    /// Tables in a list; absent is empty.
    pub(super) fn tables(
        &mut self,
        reader: &mut Reader<'t>,
        name: &'static str,
    ) -> Vec<Section<'t>> {
        let Some((at, value)) = self.find(reader, name) else { return Vec::new() };
        let remedy = format!("write each as a section: [[{}]]", at.key);
        let DeValue::Array(items) = value else {
            let what = format!("expected a list of tables, found {}", kind(value));
            reader.wrong(&at, what, remedy);
            return Vec::new();
        };
        let mut tables = Vec::new();
        for item in items.iter() {
            let line = Some(reader.line_of(item.span().start));
            if let DeValue::Table(table) = item.get_ref() {
                let (path, table) = (at.key.clone(), Some(table));
                tables.push(Section { path, line, table, asked: Vec::new() });
            } else {
                let what = format!("expected a table in the list, found {}", kind(item.get_ref()));
                reader.problem(line, &at.key, what, remedy.clone());
            }
        }
        tables
    }

    /// A table inside that the file's author named.
    pub(super) fn named(&self, reader: &mut Reader<'t>, name: &str) -> Option<Section<'t>> {
        let (place, value) = self.table?.get_key_value(name)?;
        let line = Some(reader.line_of(place.span().start));
        let at = At { value: (), key: self.key(name), line };
        Some(Self::of(reader, &at, value.get_ref()))
    }

    fn of(reader: &mut Reader<'t>, at: &At<()>, value: &'t DeValue<'t>) -> Section<'t> {
        let table = if let DeValue::Table(table) = value {
            Some(table)
        } else {
            let remedy = format!("write it as a section: [{}]", at.key);
            reader.wrong(at, format!("expected a table, found {}", kind(value)), remedy);
            None
        };
        Section { path: at.key.clone(), line: at.line, table, asked: Vec::new() }
    }

    /// A text.
    pub(super) fn text(
        &mut self,
        reader: &mut Reader<'t>,
        name: &'static str,
    ) -> Option<At<String>> {
        let (at, value) = self.find(reader, name)?;
        let DeValue::String(text) = value else {
            let what = format!("expected a text, found {}", kind(value));
            reader.wrong(&at, what, "put it in double quotes");
            return None;
        };
        Some(at.with(text.to_string()))
    }

    /// A text, else the default.
    pub(super) fn text_or(
        &mut self,
        reader: &mut Reader<'t>,
        name: &'static str,
        default: &str,
    ) -> At<String> {
        let key = self.key(name);
        let default = || At { value: default.to_owned(), key, line: None };
        self.text(reader, name).unwrap_or_else(default)
    }

    /// Whether a key holds exactly this text.
    pub(super) fn says(&self, name: &str, word: &str) -> bool {
        let value = self.table.and_then(|table| table.get(name));
        matches!(value.map(|value| value.get_ref()), Some(DeValue::String(text)) if text == word)
    }

    /// One of the words given with their meaning, else the default.
    pub(super) fn word<T: Copy>(
        &mut self,
        reader: &mut Reader<'t>,
        name: &'static str,
        default: T,
        words: &[(&str, T)],
    ) -> T {
        let Some(at) = self.text(reader, name) else { return default };
        if let Some((_, meaning)) = words.iter().find(|(word, _)| *word == at.value) {
            return *meaning;
        }
        let all: Vec<String> = words.iter().map(|(word, _)| format!("\"{word}\"")).collect();
        let remedy = match nearest(&at.value, words.iter().map(|(word, _)| *word)) {
            Some(near) => format!("did you mean \"{near}\"? possible: {}", all.join(", ")),
            None => format!("write one of {}", all.join(", ")),
        };
        reader.wrong(&at, format!("\"{}\" is not a possible value", at.value), remedy);
        default
    }

    /// `true` or `false`, else the default.
    pub(super) fn boolean(
        &mut self,
        reader: &mut Reader<'t>,
        name: &'static str,
        default: bool,
    ) -> bool {
        let Some((at, value)) = self.find(reader, name) else { return default };
        let DeValue::Boolean(value) = value else {
            let what = format!("expected true or false, found {}", kind(value));
            reader.wrong(&at, what, "write true or false, without quotes");
            return default;
        };
        *value
    }

    /// A whole number within bounds, else the default.
    pub(super) fn number(
        &mut self,
        reader: &mut Reader<'t>,
        name: &'static str,
        default: u64,
        bounds: std::ops::RangeInclusive<u64>,
    ) -> u64 {
        let Some((at, value)) = self.find(reader, name) else { return default };
        let DeValue::Integer(integer) = value else {
            let what = format!("expected a whole number, found {}", kind(value));
            reader.wrong(&at, what, "write it without quotes");
            return default;
        };
        let number = u64::from_str_radix(integer.as_str(), integer.radix()).ok();
        if let Some(number) = number.filter(|number| bounds.contains(number)) {
            return number;
        }
        let remedy = format!("write a number from {} to {}", bounds.start(), bounds.end());
        reader.wrong(&at, format!("{integer} is out of range"), remedy);
        default
    }

    /// A duration within bounds, else the default.
    pub(super) fn duration(
        &mut self,
        reader: &mut Reader<'t>,
        name: &'static str,
        default: Duration,
        bounds: std::ops::RangeInclusive<Duration>,
    ) -> At<Duration> {
        let key = self.key(name);
        let Some((at, value)) = self.find(reader, name) else {
            return At { value: default, key, line: None };
        };
        let forms = "write a duration such as \"30s\", \"15m\", \"1h\", \"4h30m\", \"2d\"";
        let DeValue::String(text) = value else {
            reader.wrong(&at, format!("expected a duration, found {}", kind(value)), forms);
            return at.with(default);
        };
        match parse_duration(text) {
            Err(error) => {
                reader.wrong(&at, format!("\"{text}\" is not a duration: {error}"), forms);
                at.with(default)
            }
            Ok(duration) if bounds.contains(&duration) => at.with(duration),
            Ok(_) => {
                let (least, most) =
                    (format_duration(*bounds.start()), format_duration(*bounds.end()));
                let remedy = format!("write a duration from {least} to {most}");
                reader.wrong(&at, format!("\"{text}\" is out of range"), remedy);
                at.with(default)
            }
        }
    }

    /// A size in bytes; `None` where the file says nothing usable.
    pub(super) fn size(
        &mut self,
        reader: &mut Reader<'t>,
        name: &'static str,
        bounds: std::ops::RangeInclusive<u64>,
    ) -> Option<u64> {
        let (at, value) = self.find(reader, name)?;
        let text = match value {
            DeValue::String(text) => text.to_string(),
            DeValue::Integer(number) => number.as_str().to_owned(),
            other => {
                let what = format!("expected a size, found {}", kind(other));
                reader.wrong(&at, what, "write a size such as \"64KiB\", \"1MiB\"");
                return None;
            }
        };
        match parse_size(&text) {
            Ok(bytes) if bounds.contains(&bytes) => Some(bytes),
            Ok(_) => {
                let (least, most) = (format_size(*bounds.start()), format_size(*bounds.end()));
                let remedy = format!("write a size from {least} to {most}");
                reader.wrong(&at, format!("\"{text}\" is out of range"), remedy);
                None
            }
            Err(error) => {
                let what = format!("\"{text}\" is not a size: {error}");
                reader.wrong(&at, what, "write a size such as \"64KiB\", \"1MiB\"");
                None
            }
        }
    }

    /// Texts in a list; absent is empty.
    pub(super) fn texts(&mut self, reader: &mut Reader<'t>, name: &'static str) -> Vec<At<String>> {
        let Some((at, value)) = self.find(reader, name) else { return Vec::new() };
        Self::list(reader, &at, value)
    }

    /// Texts in a list that the file's author named.
    pub(super) fn named_texts(&self, reader: &mut Reader<'t>, name: &str) -> Vec<At<String>> {
        let found = self.table.and_then(|table| table.get_key_value(name));
        let Some((place, value)) = found else { return Vec::new() };
        let line = Some(reader.line_of(place.span().start));
        let at = At { value: (), key: self.key(name), line };
        Self::list(reader, &at, value.get_ref())
    }

    fn list(reader: &mut Reader<'t>, at: &At<()>, value: &'t DeValue<'t>) -> Vec<At<String>> {
        let DeValue::Array(items) = value else {
            let what = format!("expected a list, found {}", kind(value));
            reader.wrong(at, what, "write a list of texts: [\"one\", \"two\"]");
            return Vec::new();
        };
        let mut texts = Vec::new();
        for item in items.iter() {
            if let DeValue::String(text) = item.get_ref() {
                let line = Some(reader.line_of(item.span().start));
                texts.push(At { value: text.to_string(), key: at.key.clone(), line });
            } else {
                let what = format!("expected a text in the list, found {}", kind(item.get_ref()));
                reader.wrong(at, what, "put each item in double quotes");
            }
        }
        texts
    }

    /// Reports every key that nobody asked for. Consumes: nothing is read afterwards.
    pub(super) fn finish(self, reader: &mut Reader<'t>) {
        for (name, _) in self.table.into_iter().flat_map(|table| table.iter()) {
            let written = name.get_ref().as_ref();
            if self.asked.contains(&written) {
                continue;
            }
            let remedy = match nearest(written, self.asked.iter().copied()) {
                Some(near) => format!("did you mean `{near}`? else delete it"),
                None => format!("delete it; possible here: {}", self.asked.join(", ")),
            };
            let line = Some(reader.line_of(name.span().start));
            reader.problem(line, &self.key(written), "unknown key", remedy);
        }
    }
}

impl At<()> {
    fn with<T>(self, value: T) -> At<T> {
        At { value, key: self.key, line: self.line }
    }
}

fn kind(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a text",
        DeValue::Integer(_) | DeValue::Float(_) => "a number",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}
