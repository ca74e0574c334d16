//! What the upstream's roles could do beyond their need. Asked at start and by `config check`;
//! `serve` does not start with a finding that refuses.

use std::fmt;

use crate::catalog::{CatalogueError, Query};

/// What a role is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Sessions on read grants.
    Reader,
    /// Sessions on grants with write scopes.
    Writer,
    /// The control connection.
    Control,
}

/// How grave a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Severity {
    /// `serve` must not use the role.
    Refuse,
    /// It works, with one wall less.
    Warn,
}

/// Something about a role that its operator should know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// How grave it is.
    pub severity: Severity,
    /// The role.
    pub role: String,
    /// What it can do, or cannot.
    pub what: String,
    /// What to do about it: SQL, or a line of the configuration.
    pub remedy: String,
}

/// A role as the server describes it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct Facts {
    superuser: bool,
    bypass_rls: bool,
    create_role: bool,
    create_db: bool,
    replication: bool,
    /// Predefined roles it has the privileges of.
    member_of: Vec<String>,
    /// Tables outside of the system's schemas that it may write.
    tables_writable: u64,
    /// Schemas it may create objects in.
    schemas_creatable: u64,
    /// Whether it may end backends of the reader and the writer.
    ends_backends: bool,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "role \"{}\" {}; {}", self.role, self.what, self.remedy)
    }
}

impl Purpose {
    const fn word(self) -> &'static str {
        match self {
            Self::Reader => "reader",
            Self::Writer => "writer",
            Self::Control => "control",
        }
    }
}

/// Asks about one role (over any connection that reads the catalogue, best the control one).
/// `sessions` are the reader's and the writer's names: a control role must be able to end their
/// backends. `allow_superuser` is the database's setting.
///
/// # Errors
/// [`CatalogueError`] when the upstream does not answer, or with other columns.
pub async fn check<Q: Query + Sync>(
    query: &Q,
    role: &str,
    purpose: Purpose,
    sessions: &[&str],
    allow_superuser: bool,
) -> Result<Vec<Finding>, CatalogueError<Q::Error>> {
    let rows = query.rows(&question(role, sessions)).await.map_err(CatalogueError::Query)?;
    let Some(row) = rows.into_iter().next() else {
        return Ok(vec![Finding {
            severity: Severity::Refuse,
            role: role.to_owned(),
            what: "does not exist on the server".to_owned(),
            remedy: "run the SQL that `pgward config setup-sql` prints".to_owned(),
        }]);
    };
    let facts = facts(&row).ok_or(CatalogueError::Answer)?;
    Ok(findings(role, purpose, &facts, allow_superuser))
}

/// Whether any finding forbids using the role.
#[must_use]
pub fn refused(findings: &[Finding]) -> bool {
    findings.iter().any(|finding| finding.severity == Severity::Refuse)
}

fn question(role: &str, sessions: &[&str]) -> String {
    let role = literal(role);
    // The reader may be the writer too; the server counts roles, not uses.
    let distinct: std::collections::BTreeSet<&str> = sessions.iter().copied().collect();
    let ends: Vec<String> = distinct
        .iter()
        .map(|session| {
            let session = literal(session);
            format!(
                "(pg_catalog.pg_has_role(r.oid, s.oid, 'USAGE') OR \
                 pg_catalog.pg_has_role(r.oid, 'pg_signal_backend', 'USAGE')) AND s.rolname = {session}"
            )
        })
        .collect();
    let ends = if ends.is_empty() {
        "true".to_owned()
    } else {
        format!(
            "(SELECT pg_catalog.count(*) FROM pg_catalog.pg_roles s WHERE {}) = {}",
            ends.join(" OR "),
            ends.len()
        )
    };
    format!(
        "SELECT r.rolsuper, r.rolbypassrls, r.rolcreaterole, r.rolcreatedb, r.rolreplication, \
         (SELECT pg_catalog.string_agg(g.rolname, ',' ORDER BY g.rolname) FROM pg_catalog.pg_roles g \
          WHERE g.oid < 16384 AND g.rolname LIKE 'pg\\_%' AND pg_catalog.pg_has_role(r.oid, g.oid, 'USAGE')), \
         (SELECT pg_catalog.count(*) FROM pg_catalog.pg_class c \
          WHERE c.oid >= 16384 AND c.relkind IN ('r', 'p') AND c.relpersistence <> 't' \
          AND pg_catalog.has_table_privilege(r.oid, c.oid, 'INSERT, UPDATE, DELETE, TRUNCATE')), \
         (SELECT pg_catalog.count(*) FROM pg_catalog.pg_namespace n \
          WHERE n.nspname NOT LIKE 'pg\\_temp%' AND pg_catalog.has_schema_privilege(r.oid, n.oid, 'CREATE')), \
         {ends} \
         FROM pg_catalog.pg_roles r WHERE r.rolname = {role}"
    )
}

fn facts(row: &[Option<String>]) -> Option<Facts> {
    let text = |at: usize| row.get(at).map(Option::as_deref);
    let flag = |at: usize| text(at).map(|value| value == Some("t"));
    let count = |at: usize| text(at)??.parse().ok();
    let member_of = text(5)?.unwrap_or_default();
    Some(Facts {
        superuser: flag(0)?,
        bypass_rls: flag(1)?,
        create_role: flag(2)?,
        create_db: flag(3)?,
        replication: flag(4)?,
        member_of: member_of.split(',').filter(|g| !g.is_empty()).map(str::to_owned).collect(),
        tables_writable: count(6)?,
        schemas_creatable: count(7)?,
        ends_backends: flag(8)?,
    })
}

fn findings(role: &str, purpose: Purpose, facts: &Facts, allow_superuser: bool) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut add = |severity, what: String, remedy: String| {
        findings.push(Finding { severity, role: role.to_owned(), what, remedy });
    };
    let name = identifier(role);
    if facts.superuser {
        let severity = if allow_superuser { Severity::Warn } else { Severity::Refuse };
        add(
            severity,
            "is a superuser: no privilege of PostgreSQL holds it back".to_owned(),
            format!(
                "name another {} (see `pgward config setup-sql`), or set allow_superuser = true",
                purpose.word()
            ),
        );
        // Everything else follows from it.
        return findings;
    }
    let attributes = [
        (facts.bypass_rls, "bypasses row security", "NOBYPASSRLS"),
        (facts.create_role, "may create roles", "NOCREATEROLE"),
        (facts.create_db, "may create databases", "NOCREATEDB"),
        (facts.replication, "may replicate", "NOREPLICATION"),
    ];
    for (_, what, remedy) in attributes.into_iter().filter(|(has, ..)| *has) {
        add(Severity::Warn, what.to_owned(), format!("ALTER ROLE {name} {remedy}"));
    }
    for group in facts.member_of.iter().filter(|group| beyond(purpose, group)) {
        add(
            Severity::Warn,
            format!("has the privileges of {group}"),
            format!("REVOKE {group} FROM {name}"),
        );
    }
    if purpose != Purpose::Writer && facts.tables_writable > 0 {
        add(
            Severity::Warn,
            format!("may write {} tables", facts.tables_writable),
            format!(
                "REVOKE INSERT, UPDATE, DELETE, TRUNCATE ON ALL TABLES IN SCHEMA … FROM {name}"
            ),
        );
    }
    if facts.schemas_creatable > 0 {
        add(
            Severity::Warn,
            format!("may create objects in {} schemas", facts.schemas_creatable),
            format!("REVOKE CREATE ON SCHEMA … FROM {name}, PUBLIC"),
        );
    }
    if purpose == Purpose::Control && !facts.ends_backends {
        add(
            Severity::Refuse,
            "cannot end the backends of the reader and the writer".to_owned(),
            format!("GRANT pg_signal_backend TO {name}"),
        );
    }
    findings
}

/// Predefined roles that a role of this purpose has no need of.
fn beyond(purpose: Purpose, group: &str) -> bool {
    match group {
        "pg_monitor" | "pg_read_all_settings" | "pg_read_all_stats" | "pg_stat_scan_tables" => {
            false
        }
        "pg_read_all_data" => purpose == Purpose::Control,
        "pg_signal_backend" => purpose != Purpose::Control,
        // As `config setup-sql` makes the writer; scopes narrow it down.
        "pg_write_all_data" => purpose != Purpose::Writer,
        _ => true,
    }
}

/// A string literal, safe whatever standard_conforming_strings says.
fn literal(text: &str) -> String {
    let quoted = text.replace('\'', "''");
    if quoted.contains('\\') {
        format!("E'{}'", quoted.replace('\\', "\\\\"))
    } else {
        format!("'{quoted}'")
    }
}

fn identifier(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_superuser_is_refused_unless_overridden() {
        let facts = Facts { superuser: true, ..Facts::default() };
        let found = findings("postgres", Purpose::Reader, &facts, false);
        assert!(refused(&found));
        assert_eq!(
            found[0].to_string(),
            "role \"postgres\" is a superuser: no privilege of PostgreSQL holds it back; name \
             another reader (see `pgward config setup-sql`), or set allow_superuser = true"
        );
        assert!(!refused(&findings("postgres", Purpose::Reader, &facts, true)));
    }

    #[test]
    fn what_a_role_does_not_need_is_found() {
        let least = Facts {
            member_of: vec!["pg_monitor".into(), "pg_read_all_data".into()],
            ends_backends: true,
            ..Facts::default()
        };
        assert_eq!(findings("r", Purpose::Reader, &least, false), []);
        let much = Facts {
            bypass_rls: true,
            member_of: vec!["pg_write_all_data".into(), "pg_signal_backend".into()],
            tables_writable: 3,
            schemas_creatable: 1,
            ..least.clone()
        };
        assert_eq!(findings("r", Purpose::Reader, &much, false).len(), 5);
        assert_eq!(findings("w", Purpose::Writer, &much, false).len(), 3);
        let helpless = Facts { ends_backends: false, ..Facts::default() };
        assert!(refused(&findings("c", Purpose::Control, &helpless, false)));
        assert!(!refused(&findings("r", Purpose::Reader, &helpless, false)));
    }

    #[test]
    fn names_cannot_break_out_of_the_question() {
        assert_eq!(literal("o'hara"), "'o''hara'");
        assert_eq!(literal("a\\'b"), "E'a\\\\''b'");
        assert_eq!(identifier("a\"b"), "\"a\"\"b\"");
    }
}
