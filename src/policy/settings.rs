//! Which settings a client may change, and to what. An allowlist of what drivers, psql, pg_dump,
//! IDEs, poolers and ORMs set; whatever is not on it keeps its value.
//!
//! Going back to the session's start value (RESET, TO DEFAULT) is always allowed: the start
//! values are pgward's own. The exceptions are transaction_read_only, whose reset value is *off*
//! on 14 and 15 whatever the session's default, and who the session is.

use crate::base::Refusal;
use crate::base::refusal::policy as texts;
use crate::policy::Terms;
use crate::policy::reason::Reason;
use crate::policy::timeout;
use crate::sql::facts::{Change, Setting, SettingBy};

/// What may become of a setting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rule {
    /// Any value.
    Any,
    /// One of these, in any case.
    OneOf(&'static [&'static str], &'static str),
    /// On, in any of PostgreSQL's spellings.
    On,
    /// On; on write grants off too.
    ReadOnly,
    /// At most the grant's cap.
    Capped(&'static str),
    /// An encoding in which a byte below 0x80 is always that ASCII character.
    Encoding,
    /// Any value on read grants, only the empty one on write grants.
    SearchPath,
    /// Any value on read grants; on write grants none that loses what was committed.
    Durable,
    /// None, for this reason.
    Frozen(&'static str),
}

/// A timeout that must be put in place at its cap.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Cap {
    /// The setting.
    pub(crate) name: &'static str,
    /// Its cap.
    pub(crate) cap_ms: u64,
    /// SET LOCAL.
    pub(crate) local: bool,
}

/// What becomes of a parameter in a client's startup packet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StartupDecision {
    /// It is passed on as it is.
    Pass,
    /// This value is passed on instead.
    Capped(String),
    /// The login fails.
    Refuse(Refusal),
}

impl Cap {
    /// The statement that is forwarded instead.
    pub(crate) fn text(self) -> String {
        let local = if self.local { "LOCAL " } else { "" };
        format!("SET {local}{} = '{}ms'", self.name, self.cap_ms)
    }
}

/// Judges one change; `Some` when the value is above its cap and can be put in place.
pub(crate) fn judge(setting: &Setting, terms: &Terms) -> Result<Option<Cap>, Reason> {
    let Some(name) = setting.name.as_deref() else {
        return Err(Reason::SettingComputed);
    };
    match &setting.change {
        // Whatever it is, it is harmless: SET TIME ZONE INTERVAL, set_config('jit', $1, false).
        Change::Unknown if rule(name) == Some(Rule::Any) => Ok(None),
        Change::Unknown => Err(Reason::SettingComputed),
        Change::Reset => reset(name, terms).map(|()| None),
        Change::To(value) => match value_of(name, value, terms)? {
            Some((name, cap_ms)) if setting.by == SettingBy::SetConfig => {
                Err(Reason::SettingCapped { name, cap_ms, alone: true })
            }
            Some((name, cap_ms)) => {
                Ok(Some(Cap { name, cap_ms, local: setting.by == SettingBy::SetLocal }))
            }
            None => Ok(None),
        },
    }
}

/// Judges a parameter of the startup packet, or a pair of its `options`. The shell handles
/// `user`, `database`, `replication`, `options` itself and `_pq_.*` before it asks.
#[must_use]
pub fn startup(name: &str, value: &str, terms: &Terms) -> StartupDecision {
    let lower = name.to_ascii_lowercase();
    match value_of(&lower, value, terms) {
        Ok(None) => StartupDecision::Pass,
        Ok(Some((_, cap_ms))) => StartupDecision::Capped(format!("{cap_ms}ms")),
        Err(Reason::Setting { why, .. }) => StartupDecision::Refuse(texts::startup_parameter(
            &lower,
            why,
            "Leave it out of the connection string.",
        )),
        Err(Reason::SettingValue { allowed, .. }) => {
            StartupDecision::Refuse(texts::startup_parameter(
                &lower,
                &format!("it may only be {allowed}"),
                "Set it so, or leave it out of the connection string.",
            ))
        }
        Err(_) => StartupDecision::Refuse(texts::startup_parameter(
            &lower,
            "it is not known",
            "Leave it out of the connection string.",
        )),
    }
}

/// Takes the startup packet's `options` apart as the server does (`pg_split_opts`): words
/// between blanks, a backslash keeps the next character. Only settings are understood.
///
/// # Errors
/// The refusal to send, for anything but `-c name=value`, `-cname=value` and `--name=value`.
pub fn startup_options(options: &str) -> Result<Vec<(String, String)>, Box<Refusal>> {
    let mut pairs = Vec::new();
    let mut words = split_options(options).into_iter();
    while let Some(word) = words.next() {
        let pair = if word == "-c" {
            words.next().ok_or_else(|| Box::new(texts::startup_options("-c without a setting")))?
        } else if let Some(pair) = word.strip_prefix("--").or_else(|| word.strip_prefix("-c")) {
            pair.to_owned()
        } else {
            return Err(Box::new(texts::startup_options("it holds more than settings")));
        };
        let (name, value) = pair
            .split_once('=')
            .filter(|(name, _)| !name.is_empty())
            .ok_or_else(|| Box::new(texts::startup_options("a setting without a value")))?;
        pairs.push((name.replace('-', "_").to_ascii_lowercase(), value.to_owned()));
    }
    Ok(pairs)
}

fn split_options(options: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut characters = options.chars();
    while let Some(c) = characters.next() {
        if matches!(c, ' ' | '\t' | '\n' | '\r' | '\u{b}' | '\u{c}') {
            words.extend(word.take());
            continue;
        }
        let c = if c == '\\' { characters.next() } else { Some(c) };
        word.get_or_insert_default().extend(c);
    }
    words.extend(word);
    words
}

fn reset(name: &str, terms: &Terms) -> Result<(), Reason> {
    match name {
        "transaction_read_only" if !terms.may_write() => {
            Err(refused(name, "its reset value is off"))
        }
        "role" | "session_authorization" => {
            Err(refused(name, "a session keeps the role it was given"))
        }
        _ => Ok(()),
    }
}

fn refused(name: &str, why: &'static str) -> Reason {
    Reason::Setting { name: name.to_owned(), why }
}

/// Judges a value; `Some` with the setting's name and cap when it is above its cap.
fn value_of(name: &str, value: &str, terms: &Terms) -> Result<Option<(&'static str, u64)>, Reason> {
    let bad = |allowed| Reason::SettingValue { name: name.to_owned(), allowed };
    let passes = |good: bool, allowed| if good { Ok(None) } else { Err(bad(allowed)) };
    match rule(name) {
        None => Err(refused(name, "it is not on the list of settings that clients may change")),
        Some(Rule::Any) => Ok(None),
        Some(Rule::Frozen(why)) => Err(refused(name, why)),
        Some(Rule::OneOf(values, words)) => {
            let value = value.trim();
            passes(values.iter().any(|v| v.eq_ignore_ascii_case(value)), words)
        }
        Some(Rule::Durable) => passes(
            !terms.may_write()
                || ["on", "remote_apply"].iter().any(|v| v.eq_ignore_ascii_case(value.trim())),
            "on or remote_apply",
        ),
        Some(Rule::On) => passes(boolean(value) == Some(true), "on"),
        Some(Rule::ReadOnly) if terms.may_write() => Ok(None),
        Some(Rule::ReadOnly) => passes(boolean(value) == Some(true), "on: the grant is read-only"),
        Some(Rule::Encoding) => passes(
            encoding(value),
            "UTF8, SQL_ASCII, or an encoding in which bytes below 0x80 are always ASCII",
        ),
        Some(Rule::SearchPath) if !terms.may_write() => Ok(None),
        // pg_dump's: unqualified names then mean nothing but the system's.
        Some(Rule::SearchPath) if value.is_empty() => Ok(None),
        Some(Rule::SearchPath) => {
            Err(refused(name, "it decides which tables unqualified names write: qualify them"))
        }
        Some(Rule::Capped(name)) => {
            let ms = timeout::parse_ms(value).ok_or_else(|| bad("a time such as 30s or 5min"))?;
            let cap_ms = cap(name, terms);
            Ok(timeout::above(ms, cap_ms).then_some((name, cap_ms)))
        }
    }
}

fn cap(name: &str, terms: &Terms) -> u64 {
    match name {
        "statement_timeout" => terms.caps.statement_timeout_ms,
        "lock_timeout" => terms.caps.lock_timeout_ms,
        "idle_in_transaction_session_timeout" => terms.caps.idle_in_transaction_session_timeout_ms,
        "idle_session_timeout" => terms.caps.idle_session_timeout_ms,
        _ => 0,
    }
}

/// The list. Names are lower case, as the facts give them.
fn rule(name: &str) -> Option<Rule> {
    const FIRST: &str = "the session's safety rests on it";
    Some(match name {
        "statement_timeout" => Rule::Capped("statement_timeout"),
        "lock_timeout" => Rule::Capped("lock_timeout"),
        "idle_in_transaction_session_timeout" => {
            Rule::Capped("idle_in_transaction_session_timeout")
        }
        "idle_session_timeout" => Rule::Capped("idle_session_timeout"),
        "default_transaction_read_only" | "transaction_read_only" => Rule::ReadOnly,
        "client_encoding" | "names" => Rule::Encoding,
        "search_path" => Rule::SearchPath,
        "standard_conforming_strings" => Rule::On,
        "backslash_quote" => Rule::OneOf(&["safe_encoding", "off"], "safe_encoding or off"),
        "session_replication_role" => Rule::OneOf(&["origin"], "origin"),
        "synchronous_commit" => Rule::Durable,
        "role" | "session_authorization" => Rule::Frozen("a session keeps the role it was given"),
        "client_connection_check_interval"
        | "tcp_keepalives_idle"
        | "tcp_keepalives_interval"
        | "tcp_keepalives_count"
        | "tcp_user_timeout" => Rule::Frozen(FIRST),
        _ if name.starts_with("pgward.") => Rule::Frozen("it says what the session may do"),
        _ if name.starts_with("enable_") || name.starts_with("vacuum_") => Rule::Any,
        _ if is_free(name) => Rule::Any,
        _ => return None,
    })
}

/// Settings that change how results look, how plans are made, or how long this session itself
/// may wait: any value.
pub(crate) fn is_free(name: &str) -> bool {
    matches!(
        name,
        // How values look and are read
        "datestyle" | "intervalstyle" | "timezone" | "timezone_abbreviations"
            | "extra_float_digits" | "bytea_output" | "xmlbinary" | "xmloption" | "array_nulls"
            | "lc_messages" | "lc_monetary" | "lc_numeric" | "lc_time"
            | "default_text_search_config" | "quote_all_identifiers" | "escape_string_warning"
            | "transform_null_equals" | "icu_validation_level" | "seed" | "application_name"
            | "client_min_messages" | "log_parameter_max_length_on_error" | "trace_sort"
            | "debug_print_parse" | "debug_print_rewritten" | "debug_print_plan"
            | "debug_pretty_print" | "password_encryption" | "scram_iterations" | "row_security" | "restrict_nonsystem_relation_kind"
            | "gin_fuzzy_search_limit"
        // Transactions, as far as they carry no safety
            | "default_transaction_isolation" | "default_transaction_deferrable"
            | "transaction_isolation" | "transaction_deferrable" | "transaction_timeout"
        // What pg_dump and pg_restore set
            | "synchronize_seqscans" | "check_function_bodies" | "default_tablespace"
            | "default_table_access_method" | "default_toast_compression" | "default_with_oids"
        // The planner and memory
            | "work_mem" | "hash_mem_multiplier" | "maintenance_work_mem" | "temp_buffers"
            | "temp_tablespaces" | "effective_cache_size" | "effective_io_concurrency"
            | "maintenance_io_concurrency" | "io_combine_limit" | "backend_flush_after"
            | "logical_decoding_work_mem" | "gin_pending_list_limit" | "wal_skip_threshold"
            | "commit_siblings" | "stats_fetch_consistency"
            | "random_page_cost" | "seq_page_cost" | "cpu_tuple_cost" | "cpu_index_tuple_cost"
            | "cpu_operator_cost" | "parallel_setup_cost" | "parallel_tuple_cost"
            | "parallel_leader_participation" | "min_parallel_table_scan_size"
            | "min_parallel_index_scan_size" | "max_parallel_workers"
            | "max_parallel_workers_per_gather" | "max_parallel_maintenance_workers"
            | "force_parallel_mode" | "debug_parallel_query" | "from_collapse_limit"
            | "join_collapse_limit" | "constraint_exclusion" | "cursor_tuple_fraction"
            | "default_statistics_target" | "plan_cache_mode" | "recursive_worktable_factor"
            | "geqo" | "geqo_threshold" | "geqo_effort" | "geqo_pool_size" | "geqo_generations"
            | "geqo_selection_bias" | "geqo_seed" | "jit" | "jit_above_cost"
            | "jit_inline_above_cost" | "jit_optimize_above_cost" | "jit_expressions"
            | "jit_tuple_deforming"
        // Of extensions, for the session's own searches
            | "pg_trgm.similarity_threshold" | "pg_trgm.word_similarity_threshold"
            | "pg_trgm.strict_word_similarity_threshold" | "hnsw.ef_search"
            | "hnsw.iterative_scan" | "hnsw.max_scan_tuples" | "ivfflat.probes"
            | "ivfflat.iterative_scan" | "ivfflat.max_probes"
    )
}

/// `parse_bool` (`utils/adt/bool.c`): on, true, yes, 1 and their beginnings.
fn boolean(value: &str) -> Option<bool> {
    let value = value.trim().to_ascii_lowercase();
    let begins = |word: &str, least: usize| value.len() >= least && word.starts_with(&*value);
    if begins("true", 1) || begins("yes", 1) || begins("on", 2) || value == "1" {
        return Some(true);
    }
    let off = begins("false", 1) || begins("no", 1) || begins("off", 2) || value == "0";
    off.then_some(false)
}

/// Names as `pg_char_to_encoding` reads them: letters and digits only, in any case.
fn encoding(value: &str) -> bool {
    let name: String =
        value.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase();
    matches!(
        &*name,
        "utf8"
            | "unicode"
            | "sqlascii"
            | "euccn"
            | "eucjis2004"
            | "eucjp"
            | "euckr"
            | "euctw"
            | "iso88591"
            | "iso885910"
            | "iso885913"
            | "iso885914"
            | "iso885915"
            | "iso885916"
            | "iso88592"
            | "iso88593"
            | "iso88594"
            | "iso88595"
            | "iso88596"
            | "iso88597"
            | "iso88598"
            | "iso88599"
            | "koi8"
            | "koi8r"
            | "koi8u"
            | "latin1"
            | "latin2"
            | "latin3"
            | "latin4"
            | "latin5"
            | "latin6"
            | "latin7"
            | "latin8"
            | "latin9"
            | "latin10"
            | "win"
            | "win1250"
            | "win1251"
            | "win1252"
            | "win1253"
            | "win1254"
            | "win1255"
            | "win1256"
            | "win1257"
            | "win1258"
            | "win866"
            | "win874"
            | "windows1250"
            | "windows1251"
            | "windows1252"
            | "windows1253"
            | "windows1254"
            | "windows1255"
            | "windows1256"
            | "windows1257"
            | "windows1258"
            | "windows866"
            | "windows874"
            | "alt"
            | "abc"
            | "tcvn"
            | "tcvn5712"
            | "vscii"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::tests::{read_terms, write_terms};

    fn set(name: &str, value: &str, by: SettingBy) -> Setting {
        Setting { name: Some(name.into()), change: Change::To(value.into()), by }
    }

    #[test]
    fn values_are_judged_by_setting_and_grant() {
        // name, value, passes on a read grant, passes on a write grant
        for (name, value, read, write) in [
            ("extra_float_digits", "3", true, true),
            ("application_name", "psql", true, true),
            ("datestyle", "ISO, MDY", true, true),
            ("enable_seqscan", "off", true, true),
            ("jit", "off", true, true),
            ("search_path", "", true, true),
            ("default_transaction_read_only", "on", true, true),
            ("default_transaction_read_only", " TRUE ", true, true),
            ("default_transaction_read_only", "off", false, true),
            ("default_transaction_read_only", "o", false, true),
            ("default_transaction_read_only", "0", false, true),
            ("transaction_read_only", "f", false, true),
            ("transaction_read_only", "y", true, true),
            ("client_encoding", "UTF-8", true, true),
            ("client_encoding", "'latin1'", true, true),
            ("client_encoding", "SJIS", false, false),
            ("client_encoding", "GB18030", false, false),
            ("client_encoding", "windows949", false, false),
            ("client_encoding", "", false, false),
            ("standard_conforming_strings", "on", true, true),
            ("standard_conforming_strings", "off", false, false),
            ("backslash_quote", "on", false, false),
            ("session_replication_role", "replica", false, false),
            ("session_replication_role", "origin", true, true),
            ("synchronous_commit", "off", true, false),
            ("synchronous_commit", "remote_apply", true, true),
            ("vacuum_cost_delay", "0", true, true),
            ("stats_fetch_consistency", "none", true, true),
            ("role", "postgres", false, false),
            ("log_statement", "none", false, false),
            ("pgward.scopes", "all", false, false),
            ("app.tenant", "7", false, false),
            ("plv8.start_proc", "f", false, false),
            ("pgward.grant_id", "x", false, false),
            ("exit_on_error", "on", false, false),
            ("local_preload_libraries", "x", false, false),
            ("client_connection_check_interval", "0", false, false),
            ("statement_timeout", "10s", true, true),
            ("statement_timeout", "0x7fffffff", false, false),
        ] {
            let setting = set(name, value, SettingBy::Set);
            assert_eq!(judge(&setting, &read_terms()).is_ok(), read, "{name} {value}");
            assert_eq!(judge(&setting, &write_terms(&[])).is_ok(), write, "{name} {value}");
        }
    }

    #[test]
    fn a_timeout_above_its_cap_is_put_in_place() {
        let terms = read_terms();
        for (value, by, text) in [
            ("0", SettingBy::Set, "SET statement_timeout = '300000ms'"),
            ("1h", SettingBy::SetLocal, "SET LOCAL statement_timeout = '300000ms'"),
            ("100us", SettingBy::Set, "SET statement_timeout = '300000ms'"),
        ] {
            let cap = judge(&set("statement_timeout", value, by), &terms).expect("capped");
            assert_eq!(cap.expect("capped").text(), text);
        }
        assert_eq!(judge(&set("statement_timeout", "5min", SettingBy::Set), &terms), Ok(None));
        assert_eq!(judge(&set("lock_timeout", "0", SettingBy::Set), &terms), Ok(None));
        assert_eq!(
            judge(&set("statement_timeout", "0", SettingBy::SetConfig), &terms),
            Err(Reason::SettingCapped { name: "statement_timeout", cap_ms: 300_000, alone: true })
        );
    }

    #[test]
    fn resetting_returns_to_our_own_values() {
        let reset = |name: &str| {
            let setting =
                Setting { name: Some(name.into()), change: Change::Reset, by: SettingBy::Set };
            judge(&setting, &read_terms()).is_ok()
        };
        for (name, passes) in [
            ("statement_timeout", true),
            ("default_transaction_read_only", true),
            ("timezone", true),
            ("transaction_read_only", false),
            ("role", false),
        ] {
            assert_eq!(reset(name), passes, "{name}");
        }
        let unknown =
            Setting { name: None, change: Change::To("off".into()), by: SettingBy::SetConfig };
        assert_eq!(judge(&unknown, &read_terms()), Err(Reason::SettingComputed));
    }

    #[test]
    fn options_are_taken_apart_as_the_server_does() {
        let pairs = |text| startup_options(text).map_err(|r| r.message);
        let pair = |n: &str, v: &str| (n.to_owned(), v.to_owned());
        assert_eq!(
            pairs(r"-c geqo=off  --statement-timeout=5min -cTimeZone=a\ b"),
            Ok(vec![
                pair("geqo", "off"),
                pair("statement_timeout", "5min"),
                pair("timezone", "a b")
            ])
        );
        assert_eq!(pairs(""), Ok(vec![]));
        for bad in ["-d 5", "-c", "-c geqo", "--=x", "geqo=off", "-e"] {
            assert!(pairs(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn startup_parameters_pass_are_capped_or_refused() {
        let terms = read_terms();
        for (name, value, decision) in [
            ("TimeZone", "UTC", Some(None)),
            ("client_encoding", "UTF8", Some(None)),
            ("statement_timeout", "0", Some(Some("300000ms"))),
            ("default_transaction_read_only", "off", None),
            ("role", "postgres", None),
            ("session_authorization", "postgres", None),
            ("nonsense", "1", None),
        ] {
            let decision_made = startup(name, value, &terms);
            if let ("default_transaction_read_only", StartupDecision::Refuse(refusal)) =
                (name, &decision_made)
            {
                assert_eq!(
                    refusal.message,
                    "pgward: startup parameter \"default_transaction_read_only\" refused: it may \
                     only be on: the grant is read-only"
                );
            }
            let found = match decision_made {
                StartupDecision::Pass => Some(None),
                StartupDecision::Capped(value) => Some(Some(value)),
                StartupDecision::Refuse(_) => None,
            };
            assert_eq!(found.as_ref().map(|v| v.as_deref()), decision, "{name}");
        }
    }
}
