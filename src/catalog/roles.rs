//! What the upstream's roles could do beyond their need. Asked at start and by `config check`;
//! `serve` does not start with a finding that refuses.

use std::fmt;

use crate::catalog::{CatalogueError, Query};

/// Objects that a finding names, at most.
const NAMED_MAX: u64 = 3;

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
    /// Roles it can become that are superusers or may create roles, quoted where SQL needs it.
    becomes: Vec<String>,
    /// Tables outside of the system's schemas that it may write.
    tables_writable: Named,
    /// The schemas of these tables.
    schemas_of_writable: Named,
    /// Schemas it may create objects in.
    schemas_creatable: Named,
    /// Whether it may end backends of the reader and the writer.
    ends_backends: bool,
}

/// How many there are, and the first of them by name.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct Named {
    count: u64,
    /// At most [`NAMED_MAX`], quoted where SQL needs it, with commas between.
    names: String,
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

impl Named {
    /// `a, b, c`, or `a, b, c, …` where there are more.
    fn list(&self) -> String {
        let more = if self.count > NAMED_MAX { ", …" } else { "" };
        format!("{}{more}", self.names)
    }

    /// `2 tables (a, b)`
    fn counted(&self, thing: &str) -> String {
        let s = if self.count == 1 { "" } else { "s" };
        format!("{} {thing}{s} ({})", self.count, self.list())
    }
}

/// The roles and what each is for: a role that is named twice has the needs of both, so that no
/// remedy takes away what it needs elsewhere.
#[must_use]
pub fn purposes<'a>(roles: &[(&'a str, Purpose)]) -> Vec<(&'a str, Vec<Purpose>)> {
    let mut all: Vec<(&str, Vec<Purpose>)> = Vec::new();
    for (role, purpose) in roles {
        match all.iter_mut().find(|(known, _)| known == role) {
            Some((_, purposes)) => purposes.push(*purpose),
            None => all.push((role, vec![*purpose])),
        }
    }
    all
}

/// Asks about one role and all it is for (over any connection that reads the catalogue, best the control one).
/// `sessions` are the reader's and the writer's names: a control role must be able to end their
/// backends. `allow_superuser` is the database's setting.
///
/// # Errors
/// [`CatalogueError`] when the upstream does not answer, or with other columns.
pub async fn check<Q: Query + Sync>(
    query: &Q,
    role: &str,
    purposes: &[Purpose],
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
    Ok(findings(role, purposes, &facts, allow_superuser))
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
    // The first names of what is counted, in the place of `{name}`.
    let names = |name: &str| {
        format!(
            "pg_catalog.array_to_string((pg_catalog.array_agg(DISTINCT {name} ORDER BY {name})) \
             [1:{NAMED_MAX}], ', ')"
        )
    };
    let table = names("pg_catalog.format('%I.%I', n.nspname, c.relname)");
    let schema = names("pg_catalog.quote_ident(n.nspname)");
    let writable = "FROM pg_catalog.pg_class c \
         JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
         WHERE c.oid >= 16384 AND c.relkind IN ('r', 'p') AND c.relpersistence <> 't' \
         AND pg_catalog.has_table_privilege(r.oid, c.oid, 'INSERT, UPDATE, DELETE, TRUNCATE')";
    let creatable = "FROM pg_catalog.pg_namespace n \
         WHERE n.nspname NOT LIKE 'pg\\_temp%' \
         AND pg_catalog.has_schema_privilege(r.oid, n.oid, 'CREATE')";
    format!(
        "SELECT r.rolsuper, r.rolbypassrls, r.rolcreaterole, r.rolcreatedb, r.rolreplication, \
         (SELECT pg_catalog.string_agg(g.rolname, ',' ORDER BY g.rolname) FROM pg_catalog.pg_roles g \
          WHERE g.oid < 16384 AND g.rolname LIKE 'pg\\_%' AND pg_catalog.pg_has_role(r.oid, g.oid, 'USAGE')), \
         (SELECT pg_catalog.count(*) {writable}), (SELECT {table} {writable}), \
         (SELECT pg_catalog.count(DISTINCT n.oid) {writable}), (SELECT {schema} {writable}), \
         (SELECT pg_catalog.count(*) {creatable}), (SELECT {schema} {creatable}), \
         {ends}, \
         (SELECT pg_catalog.string_agg(pg_catalog.quote_ident(g.rolname), ', ' ORDER BY g.rolname) \
          FROM pg_catalog.pg_roles g WHERE (g.rolsuper OR g.rolcreaterole) AND g.oid <> r.oid \
          AND pg_catalog.pg_has_role(r.oid, g.oid, 'MEMBER')) \
         FROM pg_catalog.pg_roles r WHERE r.rolname = {role}"
    )
}

fn facts(row: &[Option<String>]) -> Option<Facts> {
    let text = |at: usize| row.get(at).map(Option::as_deref);
    let flag = |at: usize| text(at).map(|value| value == Some("t"));
    let named = |at: usize| {
        let count = text(at)??.parse().ok()?;
        Some(Named { count, names: text(at + 1)?.unwrap_or_default().to_owned() })
    };
    let member_of = text(5)?.unwrap_or_default();
    let becomes = text(13)?.unwrap_or_default();
    Some(Facts {
        superuser: flag(0)?,
        bypass_rls: flag(1)?,
        create_role: flag(2)?,
        create_db: flag(3)?,
        replication: flag(4)?,
        member_of: member_of.split(',').filter(|g| !g.is_empty()).map(str::to_owned).collect(),
        becomes: becomes.split(", ").filter(|g| !g.is_empty()).map(str::to_owned).collect(),
        tables_writable: named(6)?,
        schemas_of_writable: named(8)?,
        schemas_creatable: named(10)?,
        ends_backends: flag(12)?,
    })
}

fn findings(
    role: &str,
    purposes: &[Purpose],
    facts: &Facts,
    allow_superuser: bool,
) -> Vec<Finding> {
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
                "ALTER ROLE {name} NOSUPERUSER; or name another {} (see `pgward config \
                 setup-sql`), or set allow_superuser = true",
                purposes.iter().map(|purpose| purpose.word()).collect::<Vec<_>>().join(" and ")
            ),
        );
        // Everything else follows from it.
        return findings;
    }
    // As good as a superuser, before 16 in one step: it could make itself a role for anything.
    let severity = if allow_superuser { Severity::Warn } else { Severity::Refuse };
    if facts.create_role {
        add(severity, "may create roles".to_owned(), format!("ALTER ROLE {name} NOCREATEROLE"));
    }
    for other in &facts.becomes {
        add(
            severity,
            format!("can become {other}, which is a superuser or may create roles"),
            format!("REVOKE {other} FROM {name}"),
        );
    }
    let attributes = [
        (facts.bypass_rls, "bypasses row security", "NOBYPASSRLS"),
        (facts.create_db, "may create databases", "NOCREATEDB"),
        (facts.replication, "may replicate", "NOREPLICATION"),
    ];
    for (_, what, remedy) in attributes.into_iter().filter(|(has, ..)| *has) {
        add(Severity::Warn, what.to_owned(), format!("ALTER ROLE {name} {remedy}"));
    }
    for group in facts.member_of.iter().filter(|group| beyond(purposes, group)) {
        add(
            Severity::Warn,
            format!("has the privileges of {group}"),
            format!("REVOKE {group} FROM {name}"),
        );
    }
    if !purposes.contains(&Purpose::Writer) && facts.tables_writable.count > 0 {
        add(
            Severity::Warn,
            format!("may write {}", facts.tables_writable.counted("table")),
            format!(
                "REVOKE INSERT, UPDATE, DELETE, TRUNCATE ON ALL TABLES IN SCHEMA {} FROM {name}",
                facts.schemas_of_writable.list()
            ),
        );
    }
    if facts.schemas_creatable.count > 0 {
        add(
            Severity::Warn,
            format!("may create objects in {}", facts.schemas_creatable.counted("schema")),
            format!(
                "REVOKE CREATE ON SCHEMA {} FROM {name}, PUBLIC",
                facts.schemas_creatable.list()
            ),
        );
    }
    if purposes.contains(&Purpose::Control) && !facts.ends_backends {
        add(
            Severity::Refuse,
            "cannot end the backends of the reader and the writer".to_owned(),
            format!("GRANT pg_signal_backend TO {name}"),
        );
    }
    findings
}

/// Predefined roles that no purpose of a role has a need of.
fn beyond(purposes: &[Purpose], group: &str) -> bool {
    let serves = |purpose: &Purpose| match group {
        "pg_monitor" | "pg_read_all_settings" | "pg_read_all_stats" | "pg_stat_scan_tables" => true,
        "pg_read_all_data" => *purpose != Purpose::Control,
        "pg_signal_backend" => *purpose == Purpose::Control,
        // As `config setup-sql` makes the writer; scopes narrow it down.
        "pg_write_all_data" => *purpose == Purpose::Writer,
        _ => false,
    };
    !purposes.iter().any(serves)
}

/// A string literal, safe whatever standard_conforming_strings says.
pub(super) fn literal(text: &str) -> String {
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

    use Purpose::{Control, Reader, Writer};

    fn named(count: u64, names: &str) -> Named {
        Named { count, names: names.to_owned() }
    }

    #[test]
    fn a_superuser_is_refused_unless_overridden() {
        let facts = Facts { superuser: true, ..Facts::default() };
        let found = findings("postgres", &[Reader, Control], &facts, false);
        assert!(refused(&found));
        assert_eq!(
            found[0].to_string(),
            "role \"postgres\" is a superuser: no privilege of PostgreSQL holds it back; ALTER \
             ROLE \"postgres\" NOSUPERUSER; or name another reader and control (see `pgward \
             config setup-sql`), or set allow_superuser = true"
        );
        assert!(!refused(&findings("postgres", &[Reader], &facts, true)));
    }

    #[test]
    fn what_a_role_does_not_need_is_found() {
        let least = Facts {
            member_of: vec!["pg_monitor".into(), "pg_read_all_data".into()],
            ends_backends: true,
            ..Facts::default()
        };
        assert_eq!(findings("r", &[Reader], &least, false), []);
        let much = Facts {
            bypass_rls: true,
            member_of: vec!["pg_write_all_data".into(), "pg_signal_backend".into()],
            tables_writable: named(4, "public.a, public.b, s.\"C\""),
            schemas_of_writable: named(2, "public, s"),
            schemas_creatable: named(1, "public"),
            ..least.clone()
        };
        let found = findings("r", &[Reader], &much, false);
        assert_eq!(found.len(), 5);
        assert_eq!(
            found[3].to_string(),
            "role \"r\" may write 4 tables (public.a, public.b, s.\"C\", …); REVOKE INSERT, \
             UPDATE, DELETE, TRUNCATE ON ALL TABLES IN SCHEMA public, s FROM \"r\""
        );
        assert_eq!(
            found[4].to_string(),
            "role \"r\" may create objects in 1 schema (public); REVOKE CREATE ON SCHEMA public \
             FROM \"r\", PUBLIC"
        );
        assert_eq!(findings("w", &[Writer], &much, false).len(), 3);
        let helpless = Facts { ends_backends: false, ..Facts::default() };
        assert!(refused(&findings("c", &[Control], &helpless, false)));
        assert!(!refused(&findings("r", &[Reader], &helpless, false)));
    }

    #[test]
    fn no_remedy_takes_what_another_purpose_needs() {
        let groups = ["pg_read_all_data", "pg_write_all_data", "pg_signal_backend"];
        let facts = Facts {
            member_of: groups.map(str::to_owned).to_vec(),
            tables_writable: named(1, "public.a"),
            ends_backends: true,
            ..Facts::default()
        };
        // What is told to be revoked, by what the role is for.
        let cases: [(&[Purpose], &[&str]); 5] = [
            (&[Reader], &["pg_write_all_data", "pg_signal_backend", "INSERT"]),
            (&[Control], &["pg_read_all_data", "pg_write_all_data", "INSERT"]),
            (&[Reader, Control], &["pg_write_all_data", "INSERT"]),
            (&[Reader, Writer], &["pg_signal_backend"]),
            (&[Reader, Writer, Control], &[]),
        ];
        for (purposes, expected) in cases {
            let found = findings("r", purposes, &facts, false);
            assert_eq!(found.len(), expected.len(), "{purposes:?}: {found:?}");
            for (finding, revoked) in found.iter().zip(expected) {
                let start = format!("REVOKE {revoked}");
                assert!(finding.remedy.starts_with(&start), "{purposes:?}: {finding}");
            }
        }
        let unable = Facts { ends_backends: false, ..facts };
        assert!(refused(&findings("r", &[Reader, Control], &unable, false)));
    }

    #[test]
    fn who_can_make_roles_is_refused_like_a_superuser() {
        let makes = Facts { create_role: true, ends_backends: true, ..Facts::default() };
        let becomes =
            Facts { becomes: vec!["dba".into()], ends_backends: true, ..Facts::default() };
        for (facts, remedy) in
            [(makes, "ALTER ROLE \"c\" NOCREATEROLE"), (becomes, "REVOKE dba FROM \"c\"")]
        {
            for purpose in [Reader, Writer, Control] {
                let found = findings("c", &[purpose], &facts, false);
                assert!(refused(&found), "{purpose:?}");
                assert_eq!(found[0].remedy, remedy);
                assert!(!refused(&findings("c", &[purpose], &facts, true)), "{purpose:?}");
            }
        }
    }

    #[test]
    fn a_role_named_twice_is_one_role() {
        assert_eq!(
            purposes(&[("r", Reader), ("w", Writer), ("r", Control)]),
            [("r", vec![Reader, Control]), ("w", vec![Writer])]
        );
    }

    #[test]
    fn names_cannot_break_out_of_the_question() {
        assert_eq!(literal("o'hara"), "'o''hara'");
        assert_eq!(literal("a\\'b"), "E'a\\\\''b'");
        assert_eq!(identifier("a\"b"), "\"a\"\"b\"");
    }
}
