//! A function's body → the facts of every statement it can run.

use crate::policy::catalogue::Function;
use crate::sql::Limits;
use crate::sql::facts::{Statement, Unread};
use crate::sql::plpgsql::{self, Unreadable};

/// Longest body that is read, bytes: longer ones would keep others waiting.
const BODY_BYTES_MAX: usize = 256 * 1024;

/// The functions that make values of range types (`rangetypes.c`, `multirangetypes.c`).
const CONSTRUCTORS: &[&str] = &[
    "range_constructor2",
    "range_constructor3",
    "multirange_constructor0",
    "multirange_constructor1",
    "multirange_constructor2",
];

/// What a function runs, or why that can't be told (a verb phrase).
pub(super) fn statements(function: &Function) -> Result<Vec<Statement>, String> {
    let mut found = Vec::new();
    if function.body.len() > BODY_BYTES_MAX {
        return Err(format!("has a body of more than {BODY_BYTES_MAX} bytes"));
    }
    match &*function.language {
        "sql" if function.standard => standard(&function.body, &mut found)?,
        "sql" => found.extend(read(&function.body)?),
        "plpgsql" => {
            for text in plpgsql::texts(&function.body).map_err(unreadable)? {
                one(&text, &mut found)?;
            }
        }
        // CREATE TYPE … AS RANGE makes these; what the type itself calls is judged with the type.
        "internal" if CONSTRUCTORS.contains(&&*function.symbol) => {}
        "" => return Err("is not known".to_owned()),
        language => return Err(format!("is written in {language}, which is not judged")),
    }
    if !function.defaults.is_empty() {
        found.extend(expression(&function.defaults)?);
    }
    Ok(found)
}

/// An expression, or several with commas between.
pub(super) fn expression(text: &str) -> Result<Vec<Statement>, String> {
    let mut found = Vec::new();
    one(&format!("SELECT {text}"), &mut found)?;
    Ok(found)
}

/// A query.
pub(super) fn query(text: &str) -> Result<Vec<Statement>, String> {
    read(text)
}

/// `RETURN …`, or `BEGIN ATOMIC … END`, as `pg_get_function_sqlbody` writes them.
fn standard(body: &str, found: &mut Vec<Statement>) -> Result<(), String> {
    let body = body.trim();
    if let Some(value) = body.strip_prefix("RETURN") {
        return one(&format!("SELECT {value}"), found);
    }
    let inner = body.strip_prefix("BEGIN ATOMIC").and_then(|rest| rest.strip_suffix("END"));
    let inner = inner.ok_or("has a body that can't be read")?;
    found.extend(read(inner)?);
    Ok(())
}

/// A text that must be one statement.
fn one(text: &str, found: &mut Vec<Statement>) -> Result<(), String> {
    let mut statements = read(text)?;
    if statements.len() != 1 {
        return Err("has a body that can't be read".to_owned());
    }
    found.append(&mut statements);
    Ok(())
}

fn read(text: &str) -> Result<Vec<Statement>, String> {
    match crate::sql::read(text.as_bytes(), true, &Limits::default()) {
        Ok(facts) => Ok(facts.statements),
        Err(Unread::Syntax { message, .. }) => Err(format!("can't be read: {message}")),
        Err(Unread::Unknown { construct }) => Err(format!("can't be judged: it has {construct}")),
        Err(_) => Err("can't be read".to_owned()),
    }
}

fn unreadable(why: Unreadable) -> String {
    match why {
        Unreadable::Dynamic => "runs SQL that it makes at run time (EXECUTE)",
        Unreadable::Grammar => "has a PL/pgSQL body that can't be read",
        Unreadable::Depth => "has a PL/pgSQL body that is nested too deeply",
    }
    .to_owned()
}
