//! Scopes as they are written in grants: `insert,update:public.orders` on the command line, one
//! permission each in the store.

use crate::policy::Scope;
use crate::sql::facts::Verb;

const VERBS: [(&str, Verb); 4] = [
    ("insert", Verb::Insert),
    ("update", Verb::Update),
    ("delete", Verb::Delete),
    ("truncate", Verb::Truncate),
];

/// Reads `insert|update|delete|truncate[,…]:<schema>.<table>`; the table may be `*`.
///
/// # Errors
/// In words, what is wrong with it.
pub fn parse(text: &str) -> Result<Vec<Scope>, String> {
    let (verbs, table) = text
        .split_once(':')
        .ok_or_else(|| format!("\"{text}\" has no colon between verbs and table"))?;
    let (schema, table) = table
        .split_once('.')
        .ok_or_else(|| format!("\"{table}\" is not a table's name with its schema"))?;
    for name in [schema, table] {
        if name.is_empty() || name.len() > 63 || name.contains(['.', '\0', ',', ':']) {
            return Err(format!("\"{name}\" is not a name"));
        }
    }
    verbs
        .split(',')
        .map(|verb| {
            let found = VERBS.iter().find(|(name, _)| *name == verb);
            let (_, verb) = found.ok_or_else(|| unknown_verb(verb))?;
            Ok(Scope::Write { verb: *verb, schema: schema.into(), table: table.into() })
        })
        .collect()
}

fn unknown_verb(verb: &str) -> String {
    let known = VERBS.map(|(name, _)| name);
    match crate::config::nearest(verb, known) {
        Some(near) => format!("\"{verb}\" is not a verb of a scope; did you mean \"{near}\"?"),
        None => format!("\"{verb}\" is not one of {}", known.join(", ")),
    }
}

/// One permission as [`parse`] reads it.
#[must_use]
pub fn text(scope: &Scope) -> String {
    match scope {
        Scope::Write { verb, schema, table } => {
            let name = VERBS.iter().find(|(_, known)| known == verb).map_or("", |(name, _)| *name);
            format!("{name}:{schema}.{table}")
        }
    }
}
