//! Scopes as people write them: `insert,update:public.orders`, `delete:public.*`,
//! `update:"Odd.Schema"."Table"`. Unquoted names are folded as PostgreSQL folds them.

use std::fmt;

use crate::policy::Scope;
use crate::sql::facts::Verb;

/// Why a scope cannot be read. Display says what, and what to write instead.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadScope {
    /// No `verb:name`.
    #[error("scope \"{0}\" is not of the form verb:schema.table, as in update:public.orders")]
    Form(String),
    /// A verb that does not exist.
    #[error(
        "scope verb \"{0}\" is not known: use insert, update, delete or truncate, \
         more than one with commas between"
    )]
    Verb(String),
    /// A verb that a later version has.
    #[error("{0}: scopes are not available yet: use insert, update, delete or truncate")]
    Later(String),
    /// A name without a schema.
    #[error("\"{0}\" names no schema: write schema.{0}")]
    Unqualified(String),
    /// A name that breaks the rules for identifiers.
    #[error("\"{0}\" is not a name: write schema.table, with \"…\" around odd names")]
    Name(String),
    /// A schema that no grant may write.
    #[error("schema \"{0}\" cannot be written through pgward")]
    System(String),
}

/// A closed set of kinds, for metrics.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ScopeClass {
    /// insert, update, delete, truncate.
    Write,
}

impl ScopeClass {
    /// The label's value.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Write => "write",
        }
    }
}

impl Scope {
    /// Reads one `--scope` argument, which may name several verbs.
    ///
    /// # Errors
    /// [`BadScope`], whose text says what to write instead.
    pub fn parse_list(text: &str) -> Result<Vec<Self>, BadScope> {
        let (verbs, name) = text.split_once(':').ok_or_else(|| BadScope::Form(text.to_owned()))?;
        let verbs =
            verbs.split(',').map(|verb| parse_verb(verb.trim())).collect::<Result<Vec<_>, _>>()?;
        let (schema, table) = parse_name(name)?;
        let system = schema == "pg_catalog" || schema == "information_schema";
        if system || schema.starts_with("pg_toast") || schema.starts_with("pg_temp") {
            return Err(BadScope::System(schema));
        }
        let mut scopes: Vec<Self> = verbs
            .into_iter()
            .map(|verb| Self::Write {
                verb,
                schema: schema.as_str().into(),
                table: table.as_str().into(),
            })
            .collect();
        scopes.sort();
        scopes.dedup();
        Ok(scopes)
    }

    /// Its kind, for metrics.
    #[must_use]
    pub const fn class(&self) -> ScopeClass {
        match self {
            Self::Write { .. } => ScopeClass::Write,
        }
    }

    /// Whether it permits `verb` on `schema.table`.
    #[must_use]
    pub fn permits(&self, verb: Verb, schema: &str, table: &str) -> bool {
        match self {
            Self::Write { verb: own, schema: own_schema, table: own_table } => {
                *own == verb
                    && **own_schema == *schema
                    && (**own_table == *"*" || **own_table == *table)
            }
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Write { verb, schema, table } => {
                write!(f, "{}:{}.", verb.word(), quoted(schema))?;
                if **table == *"*" { f.write_str("*") } else { f.write_str(&quoted(table)) }
            }
        }
    }
}

impl std::str::FromStr for Scope {
    type Err = BadScope;

    /// Reads a scope of one verb, as [`Display`](fmt::Display) writes it.
    fn from_str(text: &str) -> Result<Self, BadScope> {
        let mut scopes = Self::parse_list(text)?;
        match (scopes.pop(), scopes.is_empty()) {
            (Some(scope), true) => Ok(scope),
            _ => Err(BadScope::Form(text.to_owned())),
        }
    }
}

/// `verbs:schema.table` of several verbs on one table, as it is pasted into a command.
#[must_use]
pub fn command_argument(verbs: &[Verb], schema: &str, table: &str) -> String {
    let verbs: Vec<&str> = verbs.iter().map(|verb| verb.word()).collect();
    format!("{}:{}.{}", verbs.join(","), quoted(schema), quoted(table))
}

fn parse_verb(verb: &str) -> Result<Verb, BadScope> {
    Ok(match verb {
        "insert" => Verb::Insert,
        "update" => Verb::Update,
        "delete" => Verb::Delete,
        "truncate" => Verb::Truncate,
        "select" | "execute" | "maintain" | "ddl" => {
            return Err(BadScope::Later(verb.to_owned()));
        }
        _ => return Err(BadScope::Verb(verb.to_owned())),
    })
}

fn parse_name(text: &str) -> Result<(String, String), BadScope> {
    let bad = || BadScope::Name(text.to_owned());
    let (schema, rest) = identifier(text).ok_or_else(bad)?;
    if rest.is_empty() {
        return Err(BadScope::Unqualified(text.to_owned()));
    }
    let table = rest.strip_prefix('.').ok_or_else(bad)?;
    if table == "*" {
        return Ok((schema, table.to_owned()));
    }
    let (table, rest) = identifier(table).ok_or_else(bad)?;
    if rest.is_empty() && table != "*" { Ok((schema, table)) } else { Err(bad()) }
}

/// One identifier as PostgreSQL would read it, and what follows it.
fn identifier(text: &str) -> Option<(String, &str)> {
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text
            .find(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == '$' || !c.is_ascii()))
            .unwrap_or(text.len());
        let (name, rest) = text.split_at_checked(end)?;
        let first = name.chars().next()?;
        return (!first.is_ascii_digit() && first != '$')
            .then(|| (name.to_ascii_lowercase(), rest));
    };
    let mut name = String::new();
    let mut characters = quoted.char_indices().peekable();
    while let Some((at, c)) = characters.next() {
        if c == '\0' {
            return None;
        }
        if c != '"' {
            name.push(c);
        } else if characters.peek().is_some_and(|(_, next)| *next == '"') {
            characters.next();
            name.push('"');
        } else {
            return (!name.is_empty()).then_some((name, quoted.get(at + 1..)?));
        }
    }
    None
}

/// An identifier quoted where it must be.
fn quoted(name: &str) -> String {
    let plain = name.starts_with(|c: char| c.is_ascii_lowercase() || c == '_')
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
    if plain { name.to_owned() } else { format!("\"{}\"", name.replace('"', "\"\"")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_what_is_shown() {
        for (text, shown) in [
            ("update:public.orders", "update:public.orders"),
            ("update:Public.Orders", "update:public.orders"),
            ("delete:public.*", "delete:public.*"),
            (r#"insert:"Odd.Schema"."T ""x""""#, r#"insert:"Odd.Schema"."T ""x""""#),
            (r#"truncate:public."orders""#, "truncate:public.orders"),
            ("update:öffentlich.x", "update:\"öffentlich\".x"),
        ] {
            let scope: Scope = text.parse().expect(text);
            assert_eq!(scope.to_string(), shown);
            assert_eq!(shown.parse(), Ok(scope));
        }
        let both = Scope::parse_list("update,insert,update:public.orders").expect("scopes");
        let both: Vec<_> = both.iter().map(ToString::to_string).collect();
        assert_eq!(both, ["insert:public.orders", "update:public.orders"]);
    }

    #[test]
    fn what_is_no_scope_says_why() {
        for (text, words) in [
            ("public.orders", "verb:schema.table"),
            ("write:public.orders", "\"write\" is not known"),
            ("execute:public.f", "not available yet"),
            ("ddl:public", "not available yet"),
            ("maintain:public.orders", "not available yet"),
            ("select:public.orders", "not available yet"),
            ("update:orders", "write schema.orders"),
            ("update:*.*", "not a name"),
            ("update:public.orders.x", "not a name"),
            ("update:public.", "not a name"),
            (r#"update:public."orders"#, "not a name"),
            (r#"update:public."*""#, "not a name"),
            ("update:pg_catalog.pg_class", "cannot be written"),
            ("update:pg_temp.t", "cannot be written"),
            ("update:", "not a name"),
        ] {
            let error = Scope::parse_list(text).expect_err(text).to_string();
            assert!(error.contains(words), "{text}: {error}");
        }
    }

    #[test]
    fn a_scope_permits_its_verb_on_its_table_only() {
        let scope: Scope = "update:public.orders".parse().expect("scope");
        assert!(scope.permits(Verb::Update, "public", "orders"));
        assert!(!scope.permits(Verb::Delete, "public", "orders"));
        assert!(!scope.permits(Verb::Update, "other", "orders"));
        assert!(!scope.permits(Verb::Update, "public", "orders2"));
        let all: Scope = "update:public.*".parse().expect("scope");
        assert!(all.permits(Verb::Update, "public", "orders2"));
        assert!(!all.permits(Verb::Update, "Public", "orders2"));
    }
}
