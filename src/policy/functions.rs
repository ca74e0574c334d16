//! Which functions may be called. Built-in ones by a reviewed table (`data/functions.txt`, made
//! from the catalogues of PostgreSQL 14 to 18); those of the database when a reviewed extension
//! brought them, the operator listed them, or what they reach is harmless (`reach`). An
//! unqualified name is every function of that name, so that the verdict does not depend on
//! search_path.

use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

use sha2::{Digest as _, Sha256};

use crate::policy::catalogue::{Catalogue, Function};
use crate::policy::reach::{Node, client};
use crate::policy::reason::Reason;
use crate::policy::vouched::Vouched;
use crate::policy::{extensions, types};
use crate::sql::facts::Name;

/// What a built-in function does, as far as it matters here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Class {
    /// It computes; nothing remains, nobody else notices.
    Harmless,
    /// It is refused, for this reason (a verb phrase: `reads files of the server`).
    Refused(&'static str),
    /// `set_config`, judged by name and value.
    Settings,
}

/// What of a call's effect is among the facts of its statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Told {
    /// The settings that `set_config` changes.
    pub(crate) settings: bool,
    /// What a text that the call runs, or that names a type, says.
    pub(crate) text: bool,
}

/// Functions that run SQL which they are given as text, or a type's input by its name.
pub(crate) const SQL_TEXT: &str = "runs SQL, or a type's CHECK, that it is given as text";

/// The class of what the server calls by itself: input and output of types, comparison.
pub(crate) const INTERNAL: &str = "is not made to be called in a statement";

/// The table of built-in functions with the operator's own lists.
#[derive(Debug)]
pub struct Functions {
    builtin: HashMap<&'static str, Class>,
    allowed: HashSet<Name>,
    precise: Vec<Vouched>,
    refused: HashSet<Name>,
    lists: [u8; 32],
}

/// A name in `policy.allow_functions` or `policy.refuse_functions` that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadFunction {
    /// Not `schema.name`.
    #[error(
        "\"{0}\" is not a function's name: write schema.name, schema.name(argument types), or \
         schema.name(argument types)@sha256:… as `pgward config check` prints it"
    )]
    Name(String),
    /// `set_config` is judged by name and value, never allowed as a whole.
    #[error("pg_catalog.set_config cannot be allowed: it would lift read-only")]
    SetConfig,
}

impl Functions {
    /// The table with the operator's lists (`schema.name` each).
    ///
    /// # Errors
    /// [`BadFunction`] for the first entry that is no qualified name, or may not be allowed.
    pub fn new(allow: &[String], refuse: &[String]) -> Result<Self, BadFunction> {
        let (exact, plain): (Vec<_>, Vec<_>) = allow.iter().partition(|n| n.contains('('));
        let allowed = plain.into_iter().map(|n| listed(n)).collect::<Result<HashSet<_>, _>>()?;
        let precise = exact.into_iter().map(|n| Vouched::read(n)).collect::<Result<Vec<_>, _>>()?;
        let refused = refuse.iter().map(|n| listed(n)).collect::<Result<HashSet<_>, _>>()?;
        let builtin = table();
        let settings = allowed.iter().any(|n| {
            is_system(n.schema.as_deref()) && builtin.get(&*n.name) == Some(&Class::Settings)
        });
        if settings {
            return Err(BadFunction::SetConfig);
        }
        let lists = Sha256::digest(format!("{allow:?}{refuse:?}")).into();
        Ok(Self { builtin, allowed, precise, refused, lists })
    }

    /// Tells these lists from others.
    pub(crate) const fn lists(&self) -> &[u8; 32] {
        &self.lists
    }

    /// Whether the operator listed it as allowed.
    pub(crate) fn is_allowed(&self, name: &Name) -> bool {
        self.allowed.contains(name)
    }

    /// Whether the operator listed it as refused.
    pub(crate) fn is_refused(&self, name: &Name) -> bool {
        self.refused.contains(name)
    }

    /// What the table says of a built-in.
    #[must_use]
    pub fn class(&self, name: &str) -> Option<Class> {
        self.builtin.get(name).copied()
    }

    /// Judges one call.
    pub(crate) fn call(
        &self,
        name: &Name,
        told: Told,
        catalogue: &Catalogue,
    ) -> Result<(), Reason> {
        if self.refused.contains(name) {
            return Err(Reason::FunctionRefused(name.to_string()));
        }
        let in_system = is_system(name.schema.as_deref());
        let builtin = match name.schema {
            None => self.class(&name.name),
            Some(_) if in_system => self.class(&name.name),
            Some(_) => None,
        };
        let mut known = builtin.is_some() || catalogue.functions(name).next().is_some();
        let shadows = builtin.is_some() && name.schema.is_none();
        for at in catalogue.functions_at(name) {
            if told.text && self.told_all(at, catalogue) {
                continue;
            }
            self.user(at, name, shadows, catalogue)?;
        }
        // With one argument it may be a cast to a type of that name: `inet('::1')`.
        known |= (name.schema.is_none() || in_system) && types::builtin(&name.name);
        for at in catalogue.types_at(name) {
            known = true;
            client::judge(Node::Type(at), catalogue, self)?;
        }
        if let Some(class) = builtin {
            let qualified = Name::qualified("pg_catalog", name.name.clone());
            return self.builtin(&qualified, class, told);
        }
        if known || self.allowed.contains(name) {
            return Ok(());
        }
        Err(Reason::FunctionUnknown(name.to_string()))
    }

    /// A field of what may be a scalar: any function of one argument is called so, a built-in
    /// one too: `('tickets'::regclass).nextval`. Those of the database are judged with the rest
    /// that a statement mentions.
    pub(crate) fn attribute(&self, field: &str) -> Result<(), Reason> {
        match self.class(field) {
            Some(class @ Class::Refused(_)) => {
                self.builtin(&Name::qualified("pg_catalog", field), class, Told::default())
            }
            _ => Ok(()),
        }
    }

    fn builtin(&self, name: &Name, class: Class, told: Told) -> Result<(), Reason> {
        if self.refused.contains(name) {
            return Err(Reason::FunctionRefused(name.to_string()));
        }
        match class {
            Class::Harmless => Ok(()),
            Class::Settings if told.settings => Ok(()),
            Class::Refused(SQL_TEXT) if told.text => Ok(()),
            Class::Settings => Err(Reason::SettingComputed),
            Class::Refused(_) if self.allowed.contains(name) => Ok(()),
            Class::Refused(class) => {
                Err(Reason::FunctionClass { function: name.name.to_string(), class })
            }
        }
    }

    /// Whether all that a function of the database does is what its text says, and that is
    /// among the facts.
    pub(crate) fn told_all(&self, at: usize, catalogue: &Catalogue) -> bool {
        catalogue.snapshot().functions.get(at).is_some_and(|function| {
            let name = Name::qualified(function.schema.clone(), function.name.clone());
            !self.refused.contains(&name) && extensions::runs_text(function)
        })
    }

    fn user(
        &self,
        at: usize,
        called: &Name,
        shadows: bool,
        catalogue: &Catalogue,
    ) -> Result<(), Reason> {
        let refused = catalogue.snapshot().functions.get(at).and_then(|function| {
            let name = Name::qualified(function.schema.clone(), function.name.clone());
            self.refused.contains(&name).then(|| name.to_string())
        });
        match refused {
            Some(name) => Err(Reason::FunctionRefused(name)),
            None => client::call(at, called, shadows, catalogue, self),
        }
    }

    /// Whether somebody vouched for a function of the database: who reviewed its extension, or
    /// the operator.
    pub(crate) fn permits(&self, function: &Function) -> bool {
        let name = Name::qualified(function.schema.clone(), function.name.clone());
        !self.refused.contains(&name) && (function.reviewed() || self.vouched(function))
    }

    /// Whether the operator vouches for it.
    pub(crate) fn vouched(&self, function: &Function) -> bool {
        let name = Name::qualified(function.schema.clone(), function.name.clone());
        let listed = || self.entries(function).any(|entry| entry.fits(function));
        !self.refused.contains(&name) && (self.allowed.contains(&name) || listed())
    }

    /// Whether the operator vouches for another definition of it only.
    pub(crate) fn outdated(&self, function: &Function) -> bool {
        !self.vouched(function) && self.entries(function).next().is_some()
    }

    /// Whether the operator refuses it by name.
    pub(crate) fn refuses(&self, function: &Function) -> bool {
        self.is_refused(&Name::qualified(function.schema.clone(), function.name.clone()))
    }

    fn entries<'a>(&'a self, function: &'a Function) -> impl Iterator<Item = &'a Vouched> {
        self.precise.iter().filter(|entry| entry.names(function))
    }
}

/// Whether PostgreSQL brings a function of this name.
pub(crate) fn is_builtin(name: &str) -> bool {
    static NAMES: LazyLock<HashSet<&'static str>> = LazyLock::new(|| table().into_keys().collect());
    NAMES.contains(name)
}

/// Whether a built-in may never be called freely, whatever the grant: it sets what the session's
/// safety rests on, or runs SQL that nobody has judged.
pub(crate) fn never(builtin: &str) -> bool {
    static NEVER: LazyLock<HashSet<&'static str>> = LazyLock::new(|| {
        let sql = class_of("sql_text");
        let kept = |class: &Class| *class == Class::Settings || *class == sql;
        table().into_iter().filter(|(_, class)| kept(class)).map(|(name, _)| name).collect()
    });
    NEVER.contains(builtin)
}

/// What to do instead of calling a built-in that no read may ever call: a vow of the operator
/// that it only reads would be false. `None` for the others, which `allow_functions` may name.
pub(crate) fn instead(builtin: &str) -> Option<&'static str> {
    static TABLE: LazyLock<HashMap<&'static str, Class>> = LazyLock::new(table);
    if builtin == "pg_export_snapshot" {
        return Some("Leave -j out of pg_dump");
    }
    let class = TABLE.get(builtin)?;
    let sections = [
        ("files", "No read may do this: ask a DBA for what the server's files hold"),
        ("server", "No read may do this: ask a DBA"),
        (
            "sessions",
            "No read may do this: the operator ends a session of pgward with `pgward session kill`",
        ),
        ("wal", "No read may do this: ask a DBA"),
        ("large_objects", "No read may do this: ask for a grant that may write"),
        ("replication", "No read may do this: ask a DBA"),
        ("sql_text", "No grant allows it: send that SQL as a statement of its own"),
    ];
    sections.into_iter().find(|(section, _)| class_of(section) == *class).map(|(_, way)| way)
}

pub(super) fn is_system(schema: Option<&str>) -> bool {
    matches!(schema, Some("pg_catalog" | "information_schema"))
}

pub(super) fn listed(text: &str) -> Result<Name, BadFunction> {
    let bad = || BadFunction::Name(text.to_owned());
    let (schema, name) = text.split_once('.').ok_or_else(bad)?;
    // Without argument types a name stands for all its overloads, whatever they do.
    if schema.is_empty() || name.is_empty() || name.contains(['(', '.', ' ']) {
        return Err(bad());
    }
    Ok(Name::qualified(schema, name))
}

/// Reads `data/functions.txt`. A name in a class of no meaning here is refused.
fn table() -> HashMap<&'static str, Class> {
    let mut classes = HashMap::with_capacity(3_000);
    let mut class = Class::Refused("is of no known class");
    for line in include_str!("data/functions.txt").lines() {
        if line.starts_with('#') {
            continue;
        }
        if let Some(section) = line.strip_prefix('[').and_then(|l| l.strip_suffix(']')) {
            class = class_of(section);
            continue;
        }
        for name in line.split_ascii_whitespace() {
            // Were a name in two classes, the stricter one would hold.
            let entry = classes.entry(name).or_insert(class);
            if *entry == Class::Harmless {
                *entry = class;
            }
        }
    }
    classes
}

fn class_of(section: &str) -> Class {
    Class::Refused(match section {
        "allow" | "syntax" => return Class::Harmless,
        "settings" => return Class::Settings,
        "files" => "reads, lists or writes files of the server",
        "server" => "changes or instructs the server",
        "sessions" => "ends or cancels the work of other sessions",
        "wal" => "writes to, or steers, the write-ahead log",
        "large_objects" => "writes large objects, or holds one open",
        "sql_text" => SQL_TEXT,
        "sequences" => "advances or sets a sequence",
        "transactions" => "takes a transaction id, or shares a snapshot",
        "locks" => "takes or gives back advisory locks, which other sessions wait for",
        "notifications" => "notifies other sessions",
        "maintenance" => "rewrites an index",
        "statistics" => "resets or changes statistics",
        "replication" => "makes, reads, moves or drops replication slots or origins",
        "internal" => INTERNAL,
        _ => "is of no known class",
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::catalogue::Snapshot;

    fn function(schema: &str, name: &str, extension: Option<&str>) -> Function {
        Function {
            schema: schema.into(),
            name: name.into(),
            extension: extension.map(Into::into),
            takes_row: name == "full_name",
            takes_one: matches!(name, "full_name" | "f" | "upper"),
            ..Function::default()
        }
    }

    fn catalogue() -> Catalogue {
        Catalogue::new(Snapshot {
            functions: vec![
                function("public", "upper", None),
                function("public", "max", Some("citext")),
                function("app", "report", None),
                function("public", "full_name", None),
                function("pg_catalog", "pg_file_write", Some("adminpack")),
            ],
            ..Snapshot::default()
        })
    }

    #[test]
    fn calls_are_judged_by_every_function_of_the_name() {
        let functions = Functions::new(
            &["app.listed".into(), "pg_catalog.pg_export_snapshot".into()],
            &["pg_catalog.pg_sleep".into(), "pg_catalog.now".into()],
        )
        .expect("names");
        let catalogue = catalogue();
        for (schema, name, passes) in [
            (None, "count", true),
            (None, "lower", true),
            (Some("pg_catalog"), "lower", true),
            (Some("pg_catalog"), "upper", true),
            (None, "upper", false),
            (Some("public"), "upper", false),
            (None, "max", true),
            (Some("public"), "max", true),
            (None, "report", false),
            (Some("app"), "report", false),
            (Some("app"), "listed", true),
            (None, "listed", false),
            (None, "nothing", false),
            (None, "tsquery", true),
            (Some("pg_catalog"), "regtype", true),
            (Some("public"), "regtype", false),
            (Some("other"), "lower", false),
            (None, "pg_file_write", false),
            (Some("pg_catalog"), "pg_file_write", false),
            (None, "pg_sleep", false),
            (Some("pg_catalog"), "now", false),
            (None, "pg_export_snapshot", true),
            (Some("information_schema"), "_pg_truetypid", true),
            (None, "set_config", false),
        ] {
            let name = Name { schema: schema.map(Into::into), name: name.into() };
            assert_eq!(
                functions.call(&name, Told::default(), &catalogue).is_ok(),
                passes,
                "{name}"
            );
        }
        let told = Told { settings: true, text: false };
        assert!(functions.call(&Name::bare("set_config"), told, &catalogue).is_ok());
        let told = Told { settings: false, text: true };
        assert!(functions.call(&Name::bare("query_to_xml"), told, &catalogue).is_ok());
        assert!(functions.call(&Name::bare("nextval"), told, &catalogue).is_err());
        for (name, passes) in [
            ("nextval", false),
            ("pg_read_file", false),
            ("amount", true),
            ("lower", true),
            ("pg_export_snapshot", true),
        ] {
            assert_eq!(functions.attribute(name).is_ok(), passes, "{name}");
        }
    }

    #[test]
    fn what_is_never_read_only_is_not_offered_as_such() {
        for (name, words) in [
            ("pg_read_file", Some("ask a DBA for what the server's files hold")),
            ("lo_import", Some("ask a DBA")),
            ("pg_terminate_backend", Some("`pgward session kill`")),
            ("pg_reload_conf", Some("ask a DBA")),
            ("pg_switch_wal", Some("ask a DBA")),
            ("pg_create_logical_replication_slot", Some("ask a DBA")),
            ("lo_put", Some("a grant that may write")),
            ("query_to_xml", Some("No grant allows it")),
            ("pg_export_snapshot", Some("Leave -j out of pg_dump")),
            ("nextval", None),
            ("pg_advisory_lock", None),
            ("pg_notify", None),
        ] {
            let found = instead(name);
            assert_eq!(found.is_some(), words.is_some(), "{name}: {found:?}");
            assert!(found.unwrap_or_default().contains(words.unwrap_or_default()), "{name}");
            assert_eq!(never(name), words == Some("No grant allows it"), "{name}");
        }
    }

    #[test]
    fn the_table_is_whole() {
        let table = table();
        assert!(table.len() > 2_800, "{}", table.len());
        assert!(!table.values().any(|c| *c == Class::Refused("is of no known class")));
        // SECURITY.md 1.5 and R12: what users need.
        for name in [
            "random",
            "clock_timestamp",
            "gen_random_uuid",
            "pg_total_relation_size",
            "rank",
            "pg_relation_size",
            "pg_blocking_pids",
            "pg_is_in_recovery",
            "percentile_cont",
            "pg_sleep",
            "currval",
            "pg_get_viewdef",
            "has_table_privilege",
            "current_setting",
            "pg_advisory_unlock_all",
            "txid_current_if_assigned",
            "pg_current_xact_id_if_assigned",
        ] {
            assert_eq!(table.get(name), Some(&Class::Harmless), "{name}");
        }
        // SECURITY.md R11: what is refused.
        for name in [
            "lo_create",
            "lo_from_bytea",
            "lo_put",
            "lo_creat",
            "lowrite",
            "lo_import",
            "lo_export",
            "pg_logical_emit_message",
            "txid_current",
            "pg_current_xact_id",
            "pg_notify",
            "pg_advisory_lock",
            "pg_try_advisory_xact_lock",
            "pg_export_snapshot",
            "pg_terminate_backend",
            "pg_cancel_backend",
            "pg_reload_conf",
            "pg_stat_reset",
            "pg_create_logical_replication_slot",
            "pg_replication_slot_advance",
            "pg_read_file",
            "pg_ls_dir",
            "pg_import_system_collations",
            "query_to_xml",
            "ts_stat",
            "ts_rewrite",
            "nextval",
            "setval",
            "pg_switch_wal",
            "gin_clean_pending_list",
            "table_to_xml",
            "brin_summarize_range",
            "pg_replication_origin_create",
            "cursor_to_xml",
            "domain_in",
            "plpgsql_call_handler",
            "pg_rotate_logfile",
            "pg_promote",
            "binary_upgrade_set_record_init_privs",
        ] {
            assert!(matches!(table.get(name), Some(Class::Refused(_))), "{name}");
        }
        assert_eq!(table.get("set_config"), Some(&Class::Settings));
    }

    #[test]
    fn lists_of_the_configuration_hold_qualified_names() {
        for bad in [
            "f",
            "a.b.c",
            "a.f(int",
            ".f",
            "a.",
            "a.f()@sha256:12",
            "f()",
            "pg_catalog.nextval(regclass)",
        ] {
            assert!(Functions::new(&[bad.into()], &[]).is_err(), "{bad}");
        }
        let set_config = Functions::new(&["pg_catalog.set_config".into()], &[]);
        assert_eq!(set_config.err(), Some(BadFunction::SetConfig));
    }
}
