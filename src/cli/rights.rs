//! What an upstream role can do, read from the server as that role: what is missing for its
//! purpose, and what it could do beyond it.

use serde::Serialize;

use crate::config::{Database, Role};
use crate::net::dial::{DialError, SaltedPasswords, Target};
use crate::net::simple::{Client, QueryError};

/// Oldest PostgreSQL that pgward stands before.
const VERSION_MIN: i64 = 140_000;

/// One row: everything that is asked of a role.
const QUERY: &str = "\
SELECT pg_catalog.current_setting('server_version'),
       pg_catalog.current_setting('server_version_num'),
       r.rolsuper,
       r.rolbypassrls,
       r.rolcreaterole,
       r.rolcreatedb,
       r.rolreplication,
       pg_catalog.pg_has_role('pg_signal_backend', 'USAGE'),
       pg_catalog.pg_has_role('pg_write_server_files', 'USAGE'),
       pg_catalog.pg_has_role('pg_read_server_files', 'USAGE'),
       pg_catalog.pg_has_role('pg_execute_server_program', 'USAGE'),
       pg_catalog.has_database_privilege(pg_catalog.current_database(), 'CREATE'),
       pg_catalog.pg_is_in_recovery(),
       (SELECT pg_catalog.count(*)
          FROM pg_catalog.pg_class c
          JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
         WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f')
           AND n.nspname NOT IN ('pg_catalog', 'information_schema')
           AND n.nspname NOT LIKE 'pg\\_toast%' AND n.nspname NOT LIKE 'pg\\_temp\\_%'
           AND pg_catalog.has_table_privilege(c.oid, 'INSERT, UPDATE, DELETE, TRUNCATE')),
       (SELECT pg_catalog.count(*)
          FROM pg_catalog.pg_class c
          JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
         WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f')
           AND n.nspname NOT IN ('pg_catalog', 'information_schema')
           AND n.nspname NOT LIKE 'pg\\_toast%' AND n.nspname NOT LIKE 'pg\\_temp\\_%'
           AND NOT pg_catalog.has_table_privilege(c.oid, 'SELECT'))
  FROM pg_catalog.pg_roles r
 WHERE r.rolname = CURRENT_USER";

/// What a role is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Purpose {
    /// Sessions on read grants.
    Reader,
    /// Sessions on grants with write scopes.
    Writer,
    /// The control connection.
    Control,
}

/// What was found out about a role.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct RoleReport {
    /// What it is for.
    pub(super) purpose: Purpose,
    /// Its name.
    pub(super) role: String,
    /// The server's version, when it let the role in.
    pub(super) server_version: Option<String>,
    /// What must be changed.
    pub(super) problems: Vec<String>,
    /// What the role could do beyond its purpose.
    pub(super) notes: Vec<String>,
}

/// The row of [`QUERY`].
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Rights {
    version: String,
    version_number: i64,
    superuser: bool,
    bypass_rls: bool,
    create_role: bool,
    create_database: bool,
    replication: bool,
    signal_backend: bool,
    write_files: bool,
    read_files: bool,
    execute_program: bool,
    create_in_database: bool,
    in_recovery: bool,
    writable: i64,
    unreadable: i64,
}

#[derive(Debug, thiserror::Error)]
enum AskError {
    #[error(transparent)]
    Dial(#[from] DialError),
    #[error(transparent)]
    Query(#[from] QueryError),
    #[error("the server's answer has another shape than asked for")]
    Shape,
}

/// Connects as a role and reports on it. The caller bounds the time.
pub(super) async fn examine(target: &Target, role: &Role, purpose: Purpose) -> RoleReport {
    let mut report = RoleReport {
        purpose,
        role: role.user.clone(),
        server_version: None,
        problems: Vec::new(),
        notes: Vec::new(),
    };
    match ask(target, role).await {
        Ok(rights) => judge(&rights, &target.database, &mut report),
        Err(error) => {
            let hint = match error {
                AskError::Dial(DialError::Unreachable(_)) => "is the server running there?",
                AskError::Dial(DialError::Tls(_)) => "check sslmode and sslrootcert",
                _ => "check the role and pg_hba.conf; `pgward config setup-sql` prints both",
            };
            report.problems.push(format!("{error}; {hint}"));
        }
    }
    report
}

async fn ask(target: &Target, role: &Role) -> Result<Rights, AskError> {
    let mut client = Client::connect(target, role, &SaltedPasswords::default(), "10s").await?;
    let rows = client.rows(QUERY).await?;
    let row = rows.into_iter().next().ok_or(AskError::Shape)?;
    read(row).ok_or(AskError::Shape)
}

fn read(row: Vec<Option<String>>) -> Option<Rights> {
    let mut values = row.into_iter();
    let mut text = || values.next().flatten();
    let version = text()?;
    let version_number = text()?.parse().ok()?;
    let mut flag = || text().map(|value| value == "t");
    let rights = Rights {
        version,
        version_number,
        superuser: flag()?,
        bypass_rls: flag()?,
        create_role: flag()?,
        create_database: flag()?,
        replication: flag()?,
        signal_backend: flag()?,
        write_files: flag()?,
        read_files: flag()?,
        execute_program: flag()?,
        create_in_database: flag()?,
        in_recovery: flag()?,
        writable: 0,
        unreadable: 0,
    };
    let writable = text()?.parse().ok()?;
    let unreadable = text()?.parse().ok()?;
    Some(Rights { writable, unreadable, ..rights })
}

fn judge(rights: &Rights, database: &Database, report: &mut RoleReport) {
    report.server_version = Some(rights.version.clone());
    if rights.version_number < VERSION_MIN {
        let what = format!("PostgreSQL {} is too old: 14 is the oldest supported", rights.version);
        report.problems.push(what);
    }
    if rights.superuser {
        let what = "it is a superuser: every layer of the server's own stands open";
        if database.allow_superuser {
            report.notes.push(format!("{what} (allowed by allow_superuser)"));
        } else {
            report.problems.push(format!(
                "{what}; use an ordinary role (`pgward config setup-sql`), or set allow_superuser"
            ));
        }
        // Everything else follows from it.
        return;
    }
    powers(rights, report);
    match report.purpose {
        Purpose::Reader => {
            if rights.writable > 0 {
                let what = format!(
                    "it may write {} tables and views: only pgward and the server's read-only \
                     mode stand before them",
                    rights.writable
                );
                report.notes.push(what);
            }
            unreadable(rights, report);
        }
        Purpose::Writer => {
            if rights.in_recovery {
                report.problems.push("the server is a standby: nothing can be written".to_owned());
            }
            if rights.writable == 0 && !rights.in_recovery {
                report.problems.push(
                    "it may write no table; grant it pg_write_all_data, or single tables"
                        .to_owned(),
                );
            }
            unreadable(rights, report);
        }
        Purpose::Control => {
            // A role may always end the backends of its own sessions.
            let others = [Some(&database.reader), database.writer.as_ref()];
            let mut others = others.into_iter().flatten();
            if !rights.signal_backend && others.any(|other| other.user != report.role) {
                report.problems.push(
                    "it may not end other roles' backends; GRANT pg_signal_backend TO it"
                        .to_owned(),
                );
            }
        }
    }
}

/// What no purpose needs.
fn powers(rights: &Rights, report: &mut RoleReport) {
    let beyond = [
        (rights.bypass_rls, "it has BYPASSRLS: row security policies don't bind it"),
        (rights.create_role, "it has CREATEROLE"),
        (rights.create_database, "it has CREATEDB"),
        (rights.replication, "it has REPLICATION"),
        (rights.write_files, "it is in pg_write_server_files: it may write the server's files"),
        (rights.read_files, "it is in pg_read_server_files: it may read the server's files"),
        (rights.execute_program, "it is in pg_execute_server_program: it may run programs there"),
        (rights.create_in_database, "it may create schemas in the database"),
        (
            rights.signal_backend && report.purpose != Purpose::Control,
            "it is in pg_signal_backend: it may end other sessions",
        ),
    ];
    report.notes.extend(beyond.iter().filter(|(has, _)| *has).map(|(_, what)| (*what).to_owned()));
}

fn unreadable(rights: &Rights, report: &mut RoleReport) {
    if rights.unreadable > 0 {
        let what = format!("it may not read {} tables and views", rights.unreadable);
        report.notes.push(what);
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::config::Config;

    fn database(more: &str) -> Database {
        let text = format!("[databases.app]\nhost = \"h\"\nreader = {{ user = \"r\" }}\n{more}");
        let config: Config = crate::config::parse("t", &text, Path::new("/"), &|_| None).config;
        config.databases["app"].clone()
    }

    fn report(purpose: Purpose, more: &str, rights: Rights) -> RoleReport {
        let mut report = RoleReport {
            purpose,
            role: "r".into(),
            server_version: None,
            problems: vec![],
            notes: vec![],
        };
        judge(&rights, &database(more), &mut report);
        report
    }

    #[test]
    fn what_is_missing_and_what_is_too_much() {
        let plain = Rights { version: "15.3".into(), version_number: 150_003, ..Rights::default() };
        type Case = (
            Purpose,
            &'static str,
            fn(&mut Rights),
            &'static [&'static str],
            &'static [&'static str],
        );
        let cases: [Case; 9] = [
            (Purpose::Reader, "", |_| {}, &[], &[]),
            (Purpose::Reader, "", |r| r.version_number = 130_000, &["too old"], &[]),
            (Purpose::Reader, "", |r| r.superuser = true, &["superuser"], &[]),
            (
                Purpose::Reader,
                "allow_superuser = true",
                |r| r.superuser = true,
                &[],
                &["superuser"],
            ),
            (
                Purpose::Reader,
                "",
                |r| {
                    r.writable = 7;
                    r.signal_backend = true;
                    r.bypass_rls = true;
                },
                &[],
                &["BYPASSRLS", "pg_signal_backend", "may write 7"],
            ),
            (Purpose::Writer, "", |_| {}, &["may write no table"], &[]),
            (Purpose::Control, "", |_| {}, &[], &[]),
            (
                Purpose::Control,
                "writer = { user = \"w\" }",
                |_| {},
                &["GRANT pg_signal_backend"],
                &[],
            ),
            (Purpose::Control, "", |r| r.signal_backend = true, &[], &[]),
        ];
        for (purpose, more, change, problems, notes) in cases {
            let mut rights = plain.clone();
            change(&mut rights);
            let report = report(purpose, more, rights);
            for (found, expected) in [(&report.problems, problems), (&report.notes, notes)] {
                assert_eq!(found.len(), expected.len(), "{report:?}");
                for (found, expected) in found.iter().zip(expected) {
                    assert!(found.contains(expected), "{report:?}");
                }
            }
        }
    }

    #[test]
    fn the_row_is_read_in_order() {
        let row = "15.3 150003 f t f f f t f f f f f 3 4";
        let row = row.split(' ').map(|value| Some(value.to_owned())).collect();
        let rights = read(row).unwrap();
        assert_eq!((rights.version_number, rights.writable, rights.unreadable), (150_003, 3, 4));
        assert!(rights.bypass_rls && rights.signal_backend && !rights.superuser);
        assert_eq!(read(vec![Some("15".into()), None]), None);
    }
}
