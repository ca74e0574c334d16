//! What a client is told when the policy refuses a statement: one function per rule.
//!
//! MESSAGE names the object and what was asked of it, never the statement's text or a value.
//! DETAIL is `rule …; reason "…"; expires 03:42 UTC (27 min)`. HINT is a command that exists, or
//! the line of the configuration that changes the verdict.

use std::fmt::Write as _;

use super::{Notice, Refusal};
use crate::base::sqlstate as code;
use crate::base::{GrantId, SqlState};

/// Longest piece of a client's own words (a name, a reason) that a text of ours repeats,
/// characters.
const QUOTED_CHARACTERS_MAX: usize = 120;

/// The grant that a refusal speaks of.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    /// The grant.
    pub grant: GrantId,
    /// The person.
    pub user: &'a str,
    /// The database's name in the configuration.
    pub database: &'a str,
    /// Why access was granted.
    pub reason: &'a str,
    /// Whether it permits nothing but reading.
    pub read_only: bool,
    /// Scopes it has, as written in a command.
    pub scopes: &'a [String],
    /// When it ends, microseconds since 1970-01-01T00:00:00Z.
    pub expires_at: i64,
    /// Now, microseconds since 1970-01-01T00:00:00Z.
    pub wall: i64,
}

impl Context<'_> {
    /// `rule write_without_scope; reason "INC-4211"; expires 03:42 UTC (27 min)`
    #[must_use]
    pub fn detail(&self, rule: &str) -> String {
        if self.grant == GrantId::IMAGINED {
            return format!("rule {rule}; no grant was named");
        }
        format!(
            "rule {rule}; reason \"{}\"; expires {} ({})",
            shown(self.reason),
            clock(self.expires_at),
            left(self.expires_at.saturating_sub(self.wall)),
        )
    }

    /// The command that gives the grant these scopes beside those that it has, from the next
    /// connection on.
    pub(super) fn extend(&self, scopes: &[String]) -> String {
        if self.grant == GrantId::IMAGINED {
            return self.request_with(scopes, "");
        }
        let mut command = format!("pgward grant extend {}", self.grant);
        for scope in scopes {
            let _ = write!(command, " --scope {}", argument(scope));
        }
        command
    }

    /// The command that asks for another grant, with these scopes beside those that this one has.
    pub(super) fn request_with(&self, scopes: &[String], options: &str) -> String {
        let mut command = "pgward grant request".to_owned();
        if self.grant != GrantId::IMAGINED {
            let _ = write!(command, " --user {}", argument(self.user));
        }
        let _ = write!(command, " --database {}", argument(self.database));
        for scope in self.scopes.iter().chain(scopes) {
            let _ = write!(command, " --scope {}", argument(scope));
        }
        command.push_str(options);
        let _ = write!(command, " --reason {}", argument(&shown(self.reason)));
        command
    }

    /// The way for this grant, behind the way for all.
    pub(super) fn once(&self, scopes: &[String]) -> String {
        if scopes.is_empty() {
            String::new()
        } else {
            format!("; or, for this grant: {}", self.extend(scopes))
        }
    }

    /// `grant g_7k2m4p8q1x`
    fn name(&self) -> String {
        if self.grant == GrantId::IMAGINED {
            return "the grant".to_owned();
        }
        format!("grant {}", self.grant)
    }

    fn refuse(&self, rule: &'static str, state: SqlState, what: String) -> Refusal {
        Refusal::error(rule, state, format!("pgward: {what}")).detail(self.detail(rule))
    }

    /// What a grant with the right scope would not be.
    fn lacking(&self) -> String {
        let lacks = if self.read_only { "is read-only" } else { "has no scope for it" };
        format!("{} {lacks}", self.name())
    }

    /// 25006 on a read grant, 42501 on one with scopes.
    fn state(&self) -> SqlState {
        if self.read_only { code::READ_ONLY_SQL_TRANSACTION } else { code::INSUFFICIENT_PRIVILEGE }
    }
}

/// A write that no scope of the grant permits. `scopes` are those that the statement needs.
#[must_use]
pub fn write_without_scope(
    context: &Context<'_>,
    operation: &str,
    table: &str,
    scopes: &[String],
) -> Refusal {
    let what = format!("{operation} on {} refused: {}", shown(table), context.lacking());
    context.refuse("write_without_scope", context.state(), what).hint(context.extend(scopes))
}

/// A written table that cannot be resolved, or that is not a plain or partitioned table.
#[must_use]
pub fn write_target(
    context: &Context<'_>,
    operation: &str,
    table: &str,
    why: &str,
    hint: &str,
) -> Refusal {
    let what = format!("{operation} on {} refused: {why}", shown(table));
    context.refuse("write_target", context.state(), what).hint(hint)
}

/// Row locks without scopes that let the grant write these rows; `why` where no scope would.
#[must_use]
pub fn row_lock(
    context: &Context<'_>,
    table: Option<&str>,
    why: Option<&str>,
    scopes: &[String],
) -> Refusal {
    let on = table.map(|table| format!(" on {}", shown(table))).unwrap_or_default();
    let why = why.map_or_else(|| context.lacking(), str::to_owned);
    let what = format!("row locks (FOR UPDATE or FOR SHARE){on} refused: {why}");
    let refusal = context.refuse("row_lock", context.state(), what);
    match (scopes.is_empty(), table) {
        (false, _) => refusal.hint(format!("Leave them out, or: {}", context.extend(scopes))),
        (true, Some(_)) => refusal.hint("Leave them out: no scope permits it."),
        (true, None) => refusal.hint("Leave them out, or name the table: FOR UPDATE OF t."),
    }
}

/// LOCK TABLE in a mode that keeps others waiting.
#[must_use]
pub fn table_lock(context: &Context<'_>, table: &str, mode: &str, scopes: &[String]) -> Refusal {
    let why = context.lacking();
    let what = format!("LOCK TABLE {} IN {mode} MODE refused: {why}", shown(table));
    let refusal = context.refuse("table_lock", context.state(), what);
    let mut hint = "Lock it IN ACCESS SHARE MODE, or not at all".to_owned();
    if scopes.is_empty() {
        hint.push_str(": no scope permits more.");
    } else {
        let _ = write!(hint, "; or: {}", context.extend(scopes));
    }
    refusal.hint(hint)
}

/// A write that reaches tables that inherit from its own.
#[must_use]
pub fn write_inherited(
    context: &Context<'_>,
    operation: &str,
    table: &str,
    heir: &str,
    scopes: &[String],
) -> Refusal {
    let (table, heir) = (shown(table), shown(heir));
    let what = format!("{operation} on {table} refused: it reaches {heir}, which inherits from it");
    context
        .refuse("write_inherited", context.state(), what)
        .hint(format!("Write ONLY {table}, or: {}", context.extend(scopes)))
}

/// An UPDATE or DELETE of every row.
#[must_use]
pub fn where_required(context: &Context<'_>, operation: &str, table: &str) -> Refusal {
    let table = shown(table);
    let what = format!("{operation} on {table} refused: no WHERE chooses among its rows");
    context.refuse("where_required", code::INSUFFICIENT_PRIVILEGE, what).hint(
        "Add a WHERE that names the rows by a column of the table. If all of them are meant, the \
         operator sets in the configuration: policy.require_where = false",
    )
}

/// A write whose command tag does not count its rows, where they are capped.
#[must_use]
pub fn rows_uncounted(context: &Context<'_>, operation: &str, table: &str) -> Refusal {
    let table = shown(table);
    let what = format!(
        "{operation} that writes {table} refused: rows written in WITH or under EXPLAIN cannot be \
         counted"
    );
    context.refuse("rows_uncounted", code::INSUFFICIENT_PRIVILEGE, what).hint(format!(
        "Send each write as a statement of its own, in one transaction; or, without a cap: {}",
        context.request_with(&[], " --max-rows-written 0")
    ))
}

/// A read of something else than the grant's `select:` scopes name. `instead` is a table that they
/// name, and that the statement may mean.
#[must_use]
pub fn read_narrowed(
    context: &Context<'_>,
    table: &str,
    instead: Option<&str>,
    scopes: &[String],
) -> Refusal {
    let what = format!(
        "reading {} refused: {} may read only what its select scopes name",
        shown(table),
        context.name()
    );
    let refusal = context.refuse("read_narrowed", code::INSUFFICIENT_PRIVILEGE, what);
    match (scopes.is_empty(), instead) {
        (true, None) => refusal.hint("No scope names it: ask for a grant without select scopes."),
        (true, Some(instead)) => refusal.hint(format!("Write {}.", shown(instead))),
        (false, None) => refusal.hint(context.extend(scopes)),
        (false, Some(instead)) => {
            refusal.hint(format!("Write {}, or: {}", shown(instead), context.extend(scopes)))
        }
    }
}

/// A statement that needs a scope that the grant doesn't have, or that no grant permits; `why` says
/// so, where it is not that the grant lacks one. `scopes` are those it needs: the HINT is the
/// command that adds them, behind `hint`, if there is more to be done.
#[must_use]
pub fn statement(
    context: &Context<'_>,
    rule: &'static str,
    (what, why): (&str, Option<&str>),
    hint: &str,
    scopes: &[String],
) -> Refusal {
    let why = why.map_or_else(|| context.lacking(), shown);
    let refusal = context.refuse(rule, context.state(), format!("{} refused: {why}", shown(what)));
    match (scopes.is_empty(), hint) {
        (true, hint) => refusal.hint(hint),
        (false, "") => refusal.hint(context.extend(scopes)),
        (false, hint) => refusal.hint(format!("{hint} {}", context.extend(scopes))),
    }
}

/// BEGIN READ WRITE and its kin on a read grant. `scope` is one that would do.
#[must_use]
pub fn read_write(context: &Context<'_>, statement: &str, scope: Option<&str>) -> Refusal {
    let what = format!("{statement} READ WRITE refused: {} is read-only", context.name());
    let mut hint = "Leave READ WRITE out.".to_owned();
    if let Some(scope) = scope {
        let command = context.extend(&[scope.to_owned()]);
        let _ = write!(hint, " To write (one table, for example): {command}");
    }
    context.refuse("read_write", code::READ_ONLY_SQL_TRANSACTION, what).hint(hint)
}

/// A built-in function that does more than compute. `class` says what; `instead` what to do where
/// no read may ever do this.
#[must_use]
pub fn function_class(
    context: &Context<'_>,
    function: &str,
    class: &str,
    instead: Option<&str>,
    scopes: &[String],
) -> Refusal {
    let function = shown(function);
    let what = format!("function pg_catalog.{function} refused: it {class}");
    let hint = instead.map_or_else(
        || {
            let line = allow_line(&[format!("pg_catalog.{function}")]);
            format!("If reads may do this, the operator adds {line}")
        },
        str::to_owned,
    );
    context
        .refuse("function", code::INSUFFICIENT_PRIVILEGE, what)
        .hint(hint + &context.once(scopes))
}

/// A function that the operator refuses by name.
#[must_use]
pub fn function_refused(context: &Context<'_>, function: &str) -> Refusal {
    let what = format!("function {} refused by the configuration", shown(function));
    context
        .refuse("function_refused", code::INSUFFICIENT_PRIVILEGE, what)
        .hint("Ask the operator to take it out of policy.refuse_functions.")
}

/// A relation that the catalogue does not have: it does not exist, or was made just now.
#[must_use]
pub fn relation_unknown(context: &Context<'_>, relation: &str) -> Refusal {
    let what = format!("relation \"{}\" refused: no such relation is known", shown(relation));
    context
        .refuse("relation_unknown", code::UNDEFINED_TABLE, what)
        .hint("Check its name. If it was made just now, send the statement again in a second.")
}

/// A function that neither the table of built-ins nor the catalogue knows.
#[must_use]
pub fn function_unknown(context: &Context<'_>, function: &str) -> Refusal {
    let function = shown(function);
    let what = format!("function {function} refused: no such function is known");
    let mut hint =
        "Check its name. If it was made just now, send the statement again in a second.".to_owned();
    // The line of the configuration takes a whole name.
    if function.contains('.') {
        let line = allow_line(&[function]);
        let _ = write!(hint, " If it only reads, the operator adds {line}");
    }
    context.refuse("function_unknown", code::UNDEFINED_FUNCTION, what).hint(hint)
}

/// A type that neither the table of built-ins nor the catalogue knows.
#[must_use]
pub fn type_refused(context: &Context<'_>, name: &str, why: &str) -> Refusal {
    let what = format!("type {} refused: {why}", shown(name));
    context
        .refuse("type", code::UNDEFINED_OBJECT, what)
        .hint("Check its name. If it was made just now, send the statement again in a second.")
}

/// A parameter of a type that nobody has vouched for.
#[must_use]
pub fn parameter_type(context: &Context<'_>, number: usize, oid: u32, why: &str) -> Refusal {
    let what = format!("parameter ${number} of type OID {oid} refused: {why}");
    context
        .refuse("parameter_type", code::INSUFFICIENT_PRIVILEGE, what)
        .hint("Let the server choose the parameter's type (OID 0), or send it as a built-in type.")
}

/// A setting that clients may not change.
#[must_use]
pub fn setting(context: &Context<'_>, name: &str, why: &str) -> Refusal {
    let name = shown(name);
    let what = format!("changing the setting \"{name}\" refused: {why}");
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.');
    let show = if name.chars().all(plain) { format!("SHOW {name}") } else { "SHOW".to_owned() };
    context
        .refuse("setting", code::INSUFFICIENT_PRIVILEGE, what)
        .hint(format!("Leave it as it is ({show} tells its value): no scope changes that."))
}

/// A value that a setting may not be given. `allowed` says which it may.
#[must_use]
pub fn setting_value(context: &Context<'_>, name: &str, allowed: &str) -> Refusal {
    let name = shown(name);
    let what = format!("this value of the setting \"{name}\" refused");
    context
        .refuse("setting_value", code::INSUFFICIENT_PRIVILEGE, what)
        .hint(format!("\"{name}\" may only be {allowed}."))
}

/// set_config whose setting or value is computed.
#[must_use]
pub fn setting_computed(context: &Context<'_>) -> Refusal {
    let what = "set_config refused: its setting and value must be constants".to_owned();
    context
        .refuse("setting_computed", code::INSUFFICIENT_PRIVILEGE, what)
        .hint("Write the name and the value as literals, or use SET.")
}

/// A timeout above its cap, where it cannot be put in place (set_config, or among others).
#[must_use]
pub fn setting_capped(context: &Context<'_>, name: &str, cap_ms: u64, alone: bool) -> Refusal {
    let name = shown(name);
    let cap = time(cap_ms);
    let what = format!("\"{name}\" above its cap of {cap} refused");
    let refusal = context.refuse("setting_capped", code::INSUFFICIENT_PRIVILEGE, what);
    if alone {
        refusal.hint(format!("SET {name} = '{cap}'"))
    } else {
        refusal.hint("Send the SET as a statement of its own.")
    }
}

/// SET ROLE, SET SESSION AUTHORIZATION.
#[must_use]
pub fn identity(context: &Context<'_>, operation: &str) -> Refusal {
    let what = format!("{operation} refused: a session keeps the role it was given");
    context.refuse("identity", code::INSUFFICIENT_PRIVILEGE, what).hint(
        "No grant allows it: leave it out (RESET ROLE passes). What this session may do besides \
         reading: SHOW pgward.scopes",
    )
}

/// A statement that depends on what an earlier one of the same string changes.
#[must_use]
pub fn depends_on_earlier(context: &Context<'_>, operation: &str, earlier: &str) -> Refusal {
    let what = format!("{operation} refused: it depends on {earlier} in the same string");
    context
        .refuse("depends_on_earlier", code::INSUFFICIENT_PRIVILEGE, what)
        .hint(format!("Send {operation} as a message of its own, after {earlier}."))
}

/// What PostgreSQL's own grammar cannot read.
#[must_use]
pub fn syntax(message: &str, position: Option<u32>) -> Refusal {
    let refusal =
        Refusal::error("unreadable", code::SYNTAX_ERROR, format!("pgward: {}", shown(message)))
            .detail("rule unreadable; PostgreSQL's grammar (version 18) cannot read the statement");
    match position {
        Some(position) => refusal.at(position),
        None => refusal,
    }
}

/// More of something than may be read in bounded time.
#[must_use]
pub fn too_complex(what: &str, limit: usize) -> Refusal {
    let message = format!("pgward: statement refused: more than {limit} {}", shown(what));
    Refusal::error("too_complex", code::STATEMENT_TOO_COMPLEX, message)
        .detail("rule too_complex; what cannot be read in bounded time is not forwarded")
        .hint("Split the statement, or pass a list as one array parameter: = ANY ($1).")
}

/// A construct that this version does not know.
#[must_use]
pub fn unknown_construct(construct: &str) -> Refusal {
    let message = format!("pgward: {} refused: it is not known how to judge it", shown(construct));
    Refusal::error("unknown_construct", code::FEATURE_NOT_SUPPORTED, message)
        .detail("rule unknown_construct; what is not known is refused")
        .hint("Write the statement without it, or report it: a read that is refused is a bug.")
}

/// The two readers see different things.
#[must_use]
pub fn disagreement(context: &Context<'_>) -> Refusal {
    let what = "statement refused: its two readers disagree about it".to_owned();
    context
        .refuse("parser_disagreement", code::INSUFFICIENT_PRIVILEGE, what)
        .hint("Write it more plainly; if it is an honest read, report it: that is a bug.")
}

/// Bytes that are not text in the session's encoding.
#[must_use]
pub fn encoding(position: usize) -> Refusal {
    let what = "pgward: statement refused: it is not valid in the session's encoding";
    Refusal::error("encoding", code::CHARACTER_NOT_IN_REPERTOIRE, what)
        .detail(format!("rule encoding; invalid byte at offset {position}"))
        .hint("Send text in the session's client_encoding (SHOW client_encoding).")
}

/// A startup parameter that is not passed on.
#[must_use]
pub fn startup_parameter(name: &str, why: &str, hint: &str) -> Refusal {
    let what = format!("pgward: startup parameter \"{}\" refused: {why}", shown(name));
    Refusal::fatal("startup_parameter", code::INSUFFICIENT_PRIVILEGE, what)
        .detail("rule startup_parameter; only known parameters reach the server")
        .hint(hint)
}

/// `options` that cannot be read, or hold something other than settings.
#[must_use]
pub fn startup_options(why: &str) -> Refusal {
    let what = format!("pgward: startup parameter \"options\" refused: {why}");
    Refusal::fatal("startup_options", code::INSUFFICIENT_PRIVILEGE, what)
        .detail("rule startup_options; only -c name=value and --name=value are understood")
        .hint("options='-c name=value'")
}

/// A timeout that was set to its cap instead of the value asked for.
#[must_use]
pub fn capped(context: &Context<'_>, name: &str, cap_ms: u64) -> Notice {
    let cap = time(cap_ms);
    Notice::new(format!("pgward: {name} set to its cap of {cap}"))
        .detail(context.detail("setting_capped"))
        .hint(format!("Values from 1ms to {cap} are taken as they are; 0 would be no limit."))
}

/// `to the list policy.allow_functions: "a", "b"`: there may be such a list already.
pub(super) fn allow_line(functions: &[String]) -> String {
    format!("to the list policy.allow_functions: \"{}\"", functions.join("\", \""))
}

/// Words of a client in a text of ours: no control characters, and not too long.
pub(super) fn shown(text: &str) -> String {
    cut(text, QUOTED_CHARACTERS_MAX)
}

pub(super) fn cut(text: &str, characters_max: usize) -> String {
    let mut shown: String =
        text.chars().take(characters_max).map(|c| if c.is_control() { ' ' } else { c }).collect();
    if text.chars().nth(characters_max).is_some() {
        shown.push('…');
    }
    shown
}

/// One argument of a shell command.
pub(super) fn argument(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-.,:@/".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        return text.to_owned();
    }
    if !text.contains(['"', '$', '`', '\\', '!']) {
        return format!("\"{text}\"");
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// `5min`, `90s`, `1500ms`: as PostgreSQL reads and shows it, in the largest unit that it is
/// whole in.
#[must_use]
pub fn time(ms: u64) -> String {
    let units = [(86_400_000, "d"), (3_600_000, "h"), (60_000, "min"), (1_000, "s")];
    let whole = units.into_iter().find(|(unit, _)| ms >= *unit && ms.is_multiple_of(*unit));
    let (unit, name) = whole.unwrap_or((1, "ms"));
    format!("{}{name}", ms / unit)
}

/// `03:42 UTC`
pub(super) fn clock(micros: i64) -> String {
    let minutes = micros.div_euclid(60_000_000).rem_euclid(24 * 60);
    format!("{:02}:{:02} UTC", minutes / 60, minutes % 60)
}

/// `27 min`, `4 h 30 min`, `2 d 3 h`, `40 s`
pub(super) fn left(micros: i64) -> String {
    let seconds = micros.max(0) / 1_000_000;
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3_600 % 24, seconds / 60 % 60);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{seconds} s"),
        (0, 0, _) => format!("{minutes} min"),
        (0, _, 0) => format!("{hours} h"),
        (0, ..) => format!("{hours} h {minutes} min"),
        _ => format!("{days} d {hours} h"),
    }
}

#[cfg(test)]
#[path = "policy_tests.rs"]
pub(super) mod tests;
