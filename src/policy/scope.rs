//! Scopes as people write them: `insert,update:public.orders`, `delete:public.*`,
//! `update:"Odd.Schema"."Table"`. Unquoted names are folded as PostgreSQL folds them.

use std::fmt;

use crate::policy::{Scope, functions};
use crate::sql::facts::Verb;

/// Why a scope cannot be read. Display says what, and what to write instead.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadScope {
    /// No `verb:name`.
    #[error("scope \"{0}\" is not of the form verb:schema.table, as in update:public.orders")]
    Form(String),
    /// A verb that does not exist.
    #[error(
        "scope verb \"{0}\" is not known: use insert, update, delete, truncate, select or \
         maintain with schema.table, execute with schema.function, ddl with a schema"
    )]
    Verb(String),
    /// execute or ddl beside another verb.
    #[error("scope verb \"{0}\" takes a name of another kind: write it as a scope of its own")]
    Mixed(String),
    /// A name without a schema.
    #[error("\"{0}\" names no schema: write schema.{0}")]
    Unqualified(String),
    /// A name that breaks the rules for identifiers.
    #[error("\"{0}\" is not a name: write schema.table, with \"…\" around odd names")]
    Name(String),
    /// A name in ddl: that is no schema alone.
    #[error("\"{0}\" is not a schema: write ddl:schema, with \"…\" around an odd name")]
    Schema(String),
    /// A schema that no grant may write.
    #[error("schema \"{0}\" cannot be written through pgward")]
    System(String),
    /// select: on a system schema.
    #[error("schema \"{0}\" can be read without a scope")]
    SystemRead(String),
    /// Every function of the system.
    #[error("execute:{0}.* is more than a grant can give: name the functions")]
    SystemFunctions(String),
    /// A function that would lift every other bound.
    #[error("{0} cannot be granted: it runs or sets what pgward could not judge")]
    Never(String),
}

/// A closed set of kinds, for metrics. In order: a grant is of its greatest class.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ScopeClass {
    /// Nothing beyond reading.
    Read,
    /// insert, update, delete, truncate.
    Write,
    /// execute.
    Execute,
    /// maintain.
    Maintain,
    /// ddl.
    Ddl,
}

impl ScopeClass {
    /// The label's value.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::Execute => "execute",
            Self::Maintain => "maintain",
            Self::Ddl => "ddl",
        }
    }

    /// The class of a grant with these scopes.
    #[must_use]
    pub fn of(scopes: &[Scope]) -> Self {
        scopes.iter().map(Scope::class).max().unwrap_or(Self::Read)
    }
}

/// What stands before the colon.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Word {
    Write(Verb),
    Select,
    Maintain,
    Execute,
    Ddl,
}

impl Scope {
    /// Reads one `--scope` argument, which may name several verbs.
    ///
    /// # Errors
    /// [`BadScope`], whose text says what to write instead.
    pub fn parse_list(text: &str) -> Result<Vec<Self>, BadScope> {
        let (verbs, name) = text.split_once(':').ok_or_else(|| BadScope::Form(text.to_owned()))?;
        let words =
            verbs.split(',').map(|verb| parse_verb(verb.trim())).collect::<Result<Vec<_>, _>>()?;
        match words.as_slice() {
            [Word::Ddl] => return Ok(vec![parse_ddl(name)?]),
            [Word::Execute] => return Ok(vec![parse_execute(name)?]),
            _ => {}
        }
        let (schema, table) = parse_name(name)?;
        let system = is_system(&schema);
        let mut scopes = Vec::new();
        for word in words {
            let (schema, table): (Box<str>, Box<str>) =
                (schema.as_str().into(), table.as_str().into());
            scopes.push(match word {
                Word::Select if system => return Err(BadScope::SystemRead(schema.into())),
                _ if system => return Err(BadScope::System(schema.into())),
                Word::Write(verb) => Self::Write { verb, schema, table },
                Word::Select => Self::Select { schema, table },
                Word::Maintain => Self::Maintain { schema, table },
                Word::Execute => return Err(BadScope::Mixed("execute".to_owned())),
                Word::Ddl => return Err(BadScope::Mixed("ddl".to_owned())),
            });
        }
        scopes.sort();
        scopes.dedup();
        Ok(scopes)
    }

    /// Its kind, for metrics.
    #[must_use]
    pub const fn class(&self) -> ScopeClass {
        match self {
            Self::Write { .. } => ScopeClass::Write,
            Self::Execute { .. } => ScopeClass::Execute,
            Self::Maintain { .. } => ScopeClass::Maintain,
            Self::Ddl { .. } => ScopeClass::Ddl,
            Self::Select { .. } => ScopeClass::Read,
        }
    }

    /// Whether it gives more than reading: it then needs the writer role and falls under
    /// `policy.max_write_ttl`.
    #[must_use]
    pub const fn beyond_reading(&self) -> bool {
        !matches!(self, Self::Select { .. })
    }

    /// Whether it permits `verb` on `schema.table`.
    #[must_use]
    pub fn permits(&self, verb: Verb, schema: &str, table: &str) -> bool {
        matches!(self, Self::Write { verb: own, schema: s, table: t }
            if *own == verb && covers(s, t, schema, table))
    }

    /// Whether it permits calls of `schema.function`.
    #[must_use]
    pub fn permits_call(&self, schema: &str, function: &str) -> bool {
        matches!(self, Self::Execute { schema: s, function: f } if covers(s, f, schema, function))
    }

    /// Whether it permits maintenance of `schema.table`.
    #[must_use]
    pub fn permits_maintenance(&self, schema: &str, table: &str) -> bool {
        matches!(self, Self::Maintain { schema: s, table: t } if covers(s, t, schema, table))
    }

    /// Whether it permits definitions in `schema`.
    #[must_use]
    pub fn permits_ddl(&self, schema: &str) -> bool {
        matches!(self, Self::Ddl { schema: own } if **own == *schema)
    }

    /// Whether it permits reading `schema.table` where reads are narrowed.
    #[must_use]
    pub fn permits_read(&self, schema: &str, table: &str) -> bool {
        matches!(self, Self::Select { schema: s, table: t } if covers(s, t, schema, table))
    }
}

fn covers(own_schema: &str, own: &str, schema: &str, name: &str) -> bool {
    own_schema == schema && (own == "*" || own == name)
}

fn is_system(schema: &str) -> bool {
    schema == "information_schema" || schema.starts_with("pg_")
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (verb, schema, name) = match self {
            Self::Write { verb, schema, table } => (verb.word(), schema, table),
            Self::Execute { schema, function } => ("execute", schema, function),
            Self::Maintain { schema, table } => ("maintain", schema, table),
            Self::Select { schema, table } => ("select", schema, table),
            Self::Ddl { schema } => return write!(f, "ddl:{}", quoted(schema)),
        };
        write!(f, "{verb}:{}.", quoted(schema))?;
        if **name == *"*" { f.write_str("*") } else { f.write_str(&quoted(name)) }
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

/// `schema.name` as it stands in a scope.
#[must_use]
pub fn qualified(schema: &str, name: &str) -> String {
    format!("{}.{}", quoted(schema), quoted(name))
}

fn parse_verb(verb: &str) -> Result<Word, BadScope> {
    Ok(match verb {
        "insert" => Word::Write(Verb::Insert),
        "update" => Word::Write(Verb::Update),
        "delete" => Word::Write(Verb::Delete),
        "truncate" => Word::Write(Verb::Truncate),
        "select" => Word::Select,
        "maintain" => Word::Maintain,
        "execute" => Word::Execute,
        "ddl" => Word::Ddl,
        _ => return Err(BadScope::Verb(verb.to_owned())),
    })
}

fn parse_ddl(name: &str) -> Result<Scope, BadScope> {
    let bad = || BadScope::Schema(name.to_owned());
    let (schema, rest) = identifier(name).ok_or_else(bad)?;
    match rest {
        "" if is_system(&schema) => Err(BadScope::System(schema)),
        "" => Ok(Scope::Ddl { schema: schema.into() }),
        _ => Err(bad()),
    }
}

fn parse_execute(name: &str) -> Result<Scope, BadScope> {
    let (schema, function) = parse_name(name)?;
    if is_system(&schema) {
        if schema.starts_with("pg_temp") || schema.starts_with("pg_toast") {
            return Err(BadScope::System(schema));
        }
        if function == "*" {
            return Err(BadScope::SystemFunctions(schema));
        }
        if functions::never(&function) {
            return Err(BadScope::Never(format!("{schema}.{function}")));
        }
    }
    Ok(Scope::Execute { schema: schema.into(), function: function.into() })
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
pub(crate) fn quoted(name: &str) -> String {
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
            ("execute:pg_catalog.pg_cancel_backend", "execute:pg_catalog.pg_cancel_backend"),
            ("execute:Public.F", "execute:public.f"),
            ("execute:app.*", "execute:app.*"),
            ("maintain:public.orders", "maintain:public.orders"),
            ("select:public.*", "select:public.*"),
            ("ddl:Staging", "ddl:staging"),
            (r#"ddl:"Odd.One""#, r#"ddl:"Odd.One""#),
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
            ("execute:f", "write schema.f"),
            ("execute,update:public.f", "scope of its own"),
            ("execute:pg_catalog.*", "name the functions"),
            ("execute:pg_catalog.set_config", "cannot be granted"),
            ("execute:pg_catalog.query_to_xml", "cannot be granted"),
            ("ddl:public.orders", "not a schema"),
            ("ddl:*", "not a schema"),
            ("ddl:pg_catalog", "cannot be written"),
            ("update,ddl:public.orders", "scope of its own"),
            ("maintain:pg_catalog.pg_class", "cannot be written"),
            ("select:pg_catalog.pg_class", "can be read without"),
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
