//! The lines of a session's events: the decision before a statement is forwarded, what became of
//! it, and how a transaction that wrote ended.

use sha2::{Digest, Sha256};

use super::context::SessionContext;
use super::json::{self, key, pair};
use crate::config::AuditParameters;
use crate::session::Event;
use crate::session::event::{Decision, Done, Parameter, Parameters, Via};

/// Longest statement text on record, bytes; a longer one is cut and marked, its hash names it.
pub const QUERY_BYTES_MAX: usize = 64 * 1024;

/// The same for a Bind, whose Parse has the whole text on its own record.
pub const BIND_QUERY_BYTES_MAX: usize = 4 * 1024;

/// Longest parameter value on record, bytes; a longer one is cut and marked.
pub const PARAMETER_BYTES_MAX: usize = 4 * 1024;

/// Longest list of parameters on record, bytes as written; what follows is counted only.
pub const PARAMETERS_BYTES_MAX: usize = 64 * 1024;

/// Longest error message of the server on record, bytes.
const ERROR_BYTES_MAX: usize = 2 * 1024;

/// The record's keys from `event` on.
pub(super) fn write(
    out: &mut Vec<u8>,
    session: &SessionContext,
    event: &Event<'_>,
    parameters: AuditParameters,
) {
    out.extend_from_slice(match event {
        Event::Decision(Decision { refusal: None, .. }) => pair!("event", "statement.allowed"),
        Event::Decision(Decision { refusal: Some(_), .. }) => pair!("event", "statement.refused"),
        Event::Done(_) => pair!("event", "statement.done"),
        Event::TransactionEnd { .. } => pair!("event", "transaction.end"),
    });
    out.extend_from_slice(session.id());
    match event {
        Event::Decision(decision) => write_decision(out, session, decision, parameters),
        Event::Done(done) => write_done(out, session, done),
        Event::TransactionEnd { transaction, outcome } => {
            json::number(out, key!("transaction_id"), *transaction);
            out.extend_from_slice(session.short());
            json::word(out, key!("tx_outcome"), outcome.word());
        }
    }
}

fn write_decision(
    out: &mut Vec<u8>,
    session: &SessionContext,
    decision: &Decision<'_>,
    parameters: AuditParameters,
) {
    json::number(out, key!("statement_id"), decision.statement);
    if let Some(parse) = decision.parse {
        json::number(out, key!("parse_id"), parse);
    }
    json::number(out, key!("transaction_id"), decision.transaction);
    out.extend_from_slice(session.full());
    json::word(out, key!("operation"), decision.operation);
    json::list(out, key!("objects"), decision.objects.iter().map(String::as_str));
    write_query(out, decision);
    if let Some(values) = decision.parameters {
        write_parameters(out, values, parameters);
    }
    let Some(refusal) = decision.refusal else {
        out.extend_from_slice(pair!("decision", "allowed"));
        if !decision.rule.is_empty() {
            json::word(out, key!("rule"), decision.rule);
        }
        return;
    };
    json::word(out, key!("decision"), "refused");
    json::text(out, key!("rule"), refusal.rule);
    if let Some(detail) = &refusal.detail {
        json::text(out, key!("detail"), json::cut(detail.as_bytes(), ERROR_BYTES_MAX));
    }
    json::word(out, key!("sqlstate"), refusal.sqlstate.code());
    json::text(out, key!("error"), json::cut(refusal.message.as_bytes(), ERROR_BYTES_MAX));
}

fn write_query(out: &mut Vec<u8>, decision: &Decision<'_>) {
    let limit = match decision.via {
        Via::Query | Via::Parse => QUERY_BYTES_MAX,
        Via::Bind => BIND_QUERY_BYTES_MAX,
    };
    let whole = decision.redacted.map_or(decision.query, str::as_bytes);
    let kept = json::cut(whole, limit);
    json::text(out, key!("query"), kept);
    out.extend_from_slice(key!("query_hash"));
    out.push(b'"');
    json::hex(out, decision.query_hash);
    out.push(b'"');
    if kept.len() < whole.len() {
        out.extend_from_slice(key!("query_truncated"));
        out.extend_from_slice(b"true");
        json::number(out, key!("query_bytes"), decision.query.len() as u64);
    }
}

/// A list with one element per parameter: `null`, a string for a text value, and an object where
/// there is more to say: `{"binary": hex}`, `{"sha256": hex}`, `"bytes"` for a value that is cut,
/// and `{"omitted": count}` as the last when there are too many.
fn write_parameters(out: &mut Vec<u8>, parameters: Parameters<'_>, mode: AuditParameters) {
    if mode == AuditParameters::None {
        return;
    }
    out.extend_from_slice(key!("params"));
    out.push(b'[');
    let start = out.len();
    let mut omitted = 0_u64;
    for parameter in parameters.iter() {
        if out.len() - start > PARAMETERS_BYTES_MAX {
            omitted += 1;
            continue;
        }
        if out.len() > start {
            out.push(b',');
        }
        write_parameter(out, parameter, mode);
    }
    if omitted > 0 {
        out.extend_from_slice(b",{\"omitted\":");
        json::digits(out, omitted);
        out.push(b'}');
    }
    out.push(b']');
}

fn write_parameter(out: &mut Vec<u8>, parameter: Parameter<'_>, mode: AuditParameters) {
    let (value, binary) = match parameter {
        Parameter::Null => return out.extend_from_slice(b"null"),
        Parameter::Text(value) => (value, false),
        Parameter::Binary(value) => (value, true),
    };
    if mode == AuditParameters::Hash {
        out.extend_from_slice(b"{\"sha256\":\"");
        json::hex(out, &Sha256::digest(value));
        return out.extend_from_slice(b"\"}");
    }
    let cut = value.len() > PARAMETER_BYTES_MAX;
    if binary {
        out.extend_from_slice(b"{\"binary\":\"");
        json::hex(out, value.get(..PARAMETER_BYTES_MAX).unwrap_or(value));
        out.push(b'"');
    } else if cut {
        out.extend_from_slice(b"{\"text\":");
        json::string(out, json::cut(value, PARAMETER_BYTES_MAX));
    } else {
        return json::string(out, value);
    }
    if cut {
        json::number(out, key!("bytes"), value.len() as u64);
    }
    out.push(b'}');
}

fn write_done(out: &mut Vec<u8>, session: &SessionContext, done: &Done<'_>) {
    json::number(out, key!("statement_id"), done.statement);
    out.extend_from_slice(session.short());
    json::word(out, key!("outcome"), done.outcome.word());
    if let Some(rows) = done.rows_returned {
        json::number(out, key!("rows_returned"), rows);
    }
    if let Some(rows) = done.rows_affected {
        json::number(out, key!("rows_affected"), rows);
    }
    json::number(out, key!("bytes_out"), done.bytes_out);
    json::number(out, key!("duration_us"), done.duration_us);
    if let Some(sqlstate) = done.sqlstate {
        json::text(out, key!("sqlstate"), sqlstate);
    }
    if let Some(error) = done.error {
        json::text(out, key!("error"), json::cut(error.as_bytes(), ERROR_BYTES_MAX));
    }
}
