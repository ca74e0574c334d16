//! The store's tables beside the grants: how often they were used, and the operators.

use rusqlite::{Connection, Row, params};

use super::operators::TokenOperator;
use super::sqlite::{Unreadable, remember, unreadable};
use super::{Change, Usage};
use crate::base::GrantId;
use crate::config::Right;

/// Keeps how often grants were used, as of a moment ago: not worth an fsync, so a machine that
/// stops may have forgotten the last of it.
pub(super) fn note_usage(
    connection: &mut Connection,
    usage: &[(GrantId, Usage)],
) -> rusqlite::Result<()> {
    connection.pragma_update(None, "synchronous", "NORMAL")?;
    let kept = keep_usage(connection, usage);
    connection.pragma_update(None, "synchronous", "FULL")?;
    kept
}

fn keep_usage(connection: &mut Connection, usage: &[(GrantId, Usage)]) -> rusqlite::Result<()> {
    let transaction = connection.transaction()?;
    let mut keep = transaction.prepare_cached(
        "INSERT INTO usage (grant_id, sessions, last_at) VALUES (?1, ?2, ?3) \
         ON CONFLICT (grant_id) DO UPDATE SET sessions = ?2, last_at = ?3",
    )?;
    for (id, Usage { sessions, last_at }) in usage {
        let sessions = i64::try_from(*sessions).unwrap_or(i64::MAX);
        keep.execute(params![id.to_string(), sessions, last_at])?;
    }
    drop(keep);
    transaction.commit()
}

/// How often each grant was used.
pub(super) fn usage(connection: &Connection) -> rusqlite::Result<Vec<(GrantId, Usage)>> {
    let read = |row: &Row<'_>| {
        let id: String = row.get(0)?;
        let id = id.parse().map_err(|error| unreadable(0, error))?;
        let sessions: i64 = row.get(1)?;
        let sessions = u64::try_from(sessions).unwrap_or(u64::MAX);
        Ok((id, Usage { sessions, last_at: row.get(2)? }))
    };
    connection
        .prepare("SELECT grant_id, sessions, last_at FROM usage")?
        .query_map([], read)?
        .collect()
}

/// Keeps a new operator; false when there is one of that name.
pub(super) fn add_operator(
    connection: &mut Connection,
    operator: &TokenOperator,
) -> rusqlite::Result<bool> {
    let transaction = connection.transaction()?;
    let sql = "SELECT count(*) FROM operators WHERE name = ?1 AND removed_at IS NULL";
    let known: i64 = transaction.query_row(sql, [&operator.name], |row| row.get(0))?;
    if known > 0 {
        return Ok(false);
    }
    let may: Vec<&str> = operator.may.iter().map(|right| right.word()).collect();
    transaction.execute(
        "INSERT INTO operators (id, name, may, token_sha256, created_at, created_by) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        params![
            operator.id.digits(),
            operator.name,
            serde_json::Value::from(may.clone()).to_string(),
            operator.token_sha256,
            operator.created_at,
            operator.created_by,
        ],
    )?;
    let change = Change {
        at: operator.created_at,
        event: "operator.created".to_owned(),
        actor: operator.created_by.clone(),
        detail: may.join(", "),
    };
    remember(&transaction, &format!("op:{}", operator.name), &change)?;
    transaction.commit()?;
    Ok(true)
}

/// Removes an operator; false when there is none of that name.
pub(super) fn remove_operator(
    connection: &mut Connection,
    name: &str,
    by: &str,
    at: i64,
) -> rusqlite::Result<bool> {
    let transaction = connection.transaction()?;
    let sql = "UPDATE operators SET removed_at = ?2, removed_by = ?3 \
               WHERE name = ?1 AND removed_at IS NULL";
    if transaction.execute(sql, params![name, at, by])? == 0 {
        return Ok(false);
    }
    let event = "operator.removed".to_owned();
    let change = Change { at, event, actor: by.to_owned(), detail: String::new() };
    remember(&transaction, &format!("op:{name}"), &change)?;
    transaction.commit()?;
    Ok(true)
}

/// Every operator that was not removed.
pub(super) fn operators(connection: &Connection) -> rusqlite::Result<Vec<TokenOperator>> {
    read_operators(connection, "WHERE removed_at IS NULL ORDER BY name")
}

/// Every operator there ever was.
pub(super) fn operators_ever(connection: &Connection) -> rusqlite::Result<Vec<TokenOperator>> {
    read_operators(connection, "ORDER BY created_at, id")
}

fn read_operators(connection: &Connection, which: &str) -> rusqlite::Result<Vec<TokenOperator>> {
    let read = |row: &Row<'_>| {
        let id: String = row.get(0)?;
        let id = format!("g_{id}").parse().map_err(|error| unreadable(0, error))?;
        let words: String = row.get(2)?;
        let words: Vec<String> =
            serde_json::from_str(&words).map_err(|error| unreadable(2, error))?;
        let right = |word: &String| {
            Right::from_word(word).ok_or_else(|| unreadable(2, Unreadable(word.clone())))
        };
        Ok(TokenOperator {
            id,
            name: row.get(1)?,
            may: words.iter().map(right).collect::<rusqlite::Result<_>>()?,
            token_sha256: row.get(3)?,
            created_at: row.get(4)?,
            created_by: row.get(5)?,
        })
    };
    let columns = "id, name, may, token_sha256, created_at, created_by";
    let sql = format!("SELECT {columns} FROM operators {which}");
    connection.prepare(&sql)?.query_map([], read)?.collect()
}
