//! `pgward config setup-sql`: the SQL that creates the upstream roles and the functions by which
//! pgward has a role made for each set of scopes, and the lines of pg_hba.conf that let all these
//! in from pgward's address only. Works on PostgreSQL 14 and newer.

use std::net::{IpAddr, ToSocketAddrs, UdpSocket};

use super::Common;
use super::output::{self, Failure};
use crate::catalog::scope_roles::GROUP;
use crate::config::{Config, Database, SslMode, nearest};

const EXAMPLES: &str = "\
Examples:
  pgward config setup-sql --database app > setup.sql
  psql -d app -v ON_ERROR_STOP=1 -f setup.sql
      as an administrator of the upstream
  psql -d app -c '\\password pgward_reader'
      for each role: asks for its password and sends only a SCRAM verifier

The script is plain SQL, holds no password, and can be run again. It says at its end what belongs
into pg_hba.conf. Its functions let PostgreSQL itself hold sessions with write scopes to these.";

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// The database, by its name in the configuration; needed when there is more than one
    #[arg(long, value_name = "NAME")]
    database: Option<String>,

    /// The address that pgward connects from, as pg_hba.conf writes it
    ///
    /// Default: the address of this machine on the way to the database's host.
    #[arg(long, value_name = "ADDRESS")]
    from: Option<String>,
}

/// What the script is made of.
#[derive(Debug)]
struct Plan {
    dbname: String,
    reader: String,
    /// Where sessions may need one: not configured, the functions for scope roles take its place.
    writer: Option<String>,
    control: String,
    /// `host`, `hostssl`, `local`.
    kind: &'static str,
    /// As pg_hba.conf writes it; empty for `local`.
    from: String,
}

/// Prints the script.
pub(super) fn run(args: &Args, common: &Common) -> Result<(), Failure> {
    let plan = match Config::sketch(&common.config) {
        Ok(config) if !config.databases.is_empty() => {
            of_database(choose(&config, args.database.as_deref())?, args.from.as_deref())?
        }
        _ => without_configuration(args)?,
    };
    output::print(&plan.script())
}

fn choose<'a>(config: &'a Config, name: Option<&str>) -> Result<&'a Database, Failure> {
    let names = || config.databases.keys().map(String::as_str);
    let all = names().collect::<Vec<_>>().join(", ");
    match name {
        Some(name) => config.databases.get(name).ok_or_else(|| {
            let hint = nearest(name, names()).map_or_else(
                || format!("configured: {all}"),
                |near| format!("did you mean \"{near}\"?"),
            );
            Failure::new(format!("database \"{name}\" is not configured")).hint(hint)
        }),
        None if config.databases.len() == 1 => config
            .databases
            .values()
            .next()
            .ok_or_else(|| Failure::new("no database is configured")),
        None => Err(Failure::new("more than one database is configured")
            .hint(format!("name one: --database NAME (configured: {all})"))),
    }
}

fn of_database(database: &Database, from: Option<&str>) -> Result<Plan, Failure> {
    let own_control = database.control.user != database.reader.user;
    let writer = match &database.writer {
        Some(role) => Some(role.user.clone()),
        None => (!own_control).then(|| "pgward_writer".to_owned()),
    };
    let local = database.host.starts_with('/');
    let tls = !matches!(database.sslmode, SslMode::Disable | SslMode::Prefer);
    let from = match from {
        Some(from) => from.to_owned(),
        None if local => String::new(),
        None => own_address(&database.host, database.port).ok_or_else(|| {
            Failure::new(format!(
                "this machine's address on the way to {} is not known",
                database.host
            ))
            .hint("name the address that pgward connects from: --from 10.0.0.7/32")
        })?,
    };
    Ok(Plan {
        dbname: database.dbname.clone(),
        reader: database.reader.user.clone(),
        writer,
        control: database.control.user.clone(),
        kind: if local {
            "local"
        } else if tls {
            "hostssl"
        } else {
            "host"
        },
        from,
    })
}

/// Before there is a configuration: the names that proxy.toml proposes.
fn without_configuration(args: &Args) -> Result<Plan, Failure> {
    let missing = |what: &str, flag: &str| {
        Failure::new(format!("without a configuration of databases, {what}"))
            .hint(format!("add {flag}, or name a configuration with --config"))
    };
    let dbname = args.database.clone();
    let dbname = dbname.ok_or_else(|| missing("the database isn't known", "--database NAME"))?;
    let from = args.from.clone();
    let from = from.ok_or_else(|| missing("pgward's address isn't known", "--from ADDRESS"))?;
    Ok(Plan {
        dbname,
        reader: "pgward_reader".to_owned(),
        writer: Some("pgward_writer".to_owned()),
        control: "pgward_control".to_owned(),
        kind: "hostssl",
        from,
    })
}

/// The address that packets to that host leave from. Nothing is sent.
fn own_address(host: &str, port: u16) -> Option<String> {
    let target = (host, port).to_socket_addrs().ok()?.next()?;
    let any: IpAddr = if target.is_ipv4() { [0; 4].into() } else { [0_u16; 8].into() };
    let socket = UdpSocket::bind((any, 0)).ok()?;
    socket.connect(target).ok()?;
    let address = socket.local_addr().ok()?.ip();
    Some(format!("{address}/{}", if address.is_ipv4() { 32 } else { 128 }))
}

impl Plan {
    fn script(&self) -> String {
        let Self { dbname, reader, writer, control, .. } = self;
        let mut text = format!(
            "-- Roles for pgward on database {}. Run it connected to that database, as an\n\
             -- administrator; it can be run again. PostgreSQL 14 and newer.\n",
            output::printable(dbname)
        );
        let rights = format!(
            "GRANT pg_read_all_data, pg_monitor TO {0};\n\
             ALTER ROLE {0} SET default_transaction_read_only = on;",
            name(reader)
        );
        text.push_str(&role(reader, "The reader: sessions on read grants", &rights));
        if let Some(writer) = writer {
            let rights = format!(
                "-- It may insert, update and delete everywhere, and pgward allows what a grant's scopes\n\
             -- name. Grant it single tables instead to have PostgreSQL hold it to these.\n\
             -- TRUNCATE is in no predefined role: GRANT TRUNCATE ON TABLE ... where scopes need it.\n\
             GRANT pg_read_all_data, pg_write_all_data, pg_monitor TO {};",
                name(writer)
            );
            let purpose = "The writer: sessions on grants with write scopes, where the functions for scope roles\n\
                       -- below are not installed. Where they are, nothing uses it: leave it out";
            text.push_str(&role(writer, purpose, &rights));
        }
        if control == reader {
            let grant = format!("GRANT pg_signal_backend TO {};", name(reader));
            let why = "The reader is the role of the control connection too: it ends backends";
            text.push_str(&format!("\n-- {why}.\n{grant}\n"));
        } else {
            let rights = format!("GRANT pg_signal_backend, pg_monitor TO {};", name(control));
            let why = "The control connection: ends backends of the other two, reads the catalogue";
            text.push_str(&role(control, why, &rights));
        }
        let mut roles = vec![("reader", reader)];
        roles.extend(writer.as_ref().map(|writer| ("writer", writer)));
        if control != reader {
            roles.push(("control", control));
        }
        let all: Vec<String> = roles.iter().map(|(_, role)| name(role)).collect();
        text.push_str(&format!(
            "\nGRANT CONNECT ON DATABASE {} TO {};\n",
            name(dbname),
            all.join(", ")
        ));
        text.push_str(&self.functions());
        text.push_str(&passwords(&roles));
        text.push_str(&self.hba(&roles));
        text
    }

    /// The functions that make scope roles. Whoever may call them gets any scope there is, so
    /// the role that read sessions run as must not be the one.
    fn functions(&self) -> String {
        if self.control == self.reader {
            return String::from(
                "\n-- No functions for scope roles: sessions run as the role of the control connection, and\n\
                 -- could call them. Configure a control role of its own, and print this again.\n",
            );
        }
        include_str!("functions.sql")
            .replace("{{database_name}}", &name(&self.dbname))
            .replace("{{control_name}}", &name(&self.control))
            .replace("{{control}}", &quoted(&self.control))
            .replace("{{reader}}", &quoted(&self.reader))
    }

    /// The lines of pg_hba.conf, as comments: SQL can't write that file.
    fn hba(&self, roles: &[(&str, &String)]) -> String {
        let mut quoted: Vec<String> = roles.iter().map(|(_, role)| hba_name(role)).collect();
        if self.control != self.reader {
            quoted.push(format!("+{GROUP}"));
        }
        let (roles, dbname) = (quoted.join(","), hba_name(&self.dbname));
        let mut lines = vec![format!(
            "{:<8} {dbname} {roles} {}{}scram-sha-256",
            self.kind,
            self.from,
            if self.from.is_empty() { "" } else { " " }
        )];
        lines.push(format!("{:<8} all {roles} all reject", "host"));
        lines.push(format!("{:<8} all {roles} reject", "local"));
        let lines: Vec<String> = lines.into_iter().map(|line| format!("--   {line}\n")).collect();
        format!(
            "\n-- Into pg_hba.conf, above every other line (the first match decides), then\n\
             -- SELECT pg_reload_conf(): the roles come in from pgward's address only. With more databases\n\
             -- on the server, put the lines that name one above all that reject.\n--\n{}",
            lines.concat()
        )
    }
}

/// The statements for one role.
fn role(role: &str, purpose: &str, rights: &str) -> String {
    let (ident, literal) = (name(role), quoted(role));
    format!(
        "\n-- {purpose}.\n\
         DO $pgward$ BEGIN\n\
         \x20   IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = {literal}) THEN\n\
         \x20       CREATE ROLE {ident};\n\
         \x20   END IF;\n\
         END $pgward$;\n\
         ALTER ROLE {ident} LOGIN NOCREATEDB NOCREATEROLE;\n\
         {rights}\n"
    )
}

/// How the roles get their passwords, as comments: these don't belong into a script.
fn passwords(roles: &[(&str, &String)]) -> String {
    let idents: Vec<String> =
        roles.iter().map(|(_, role)| output::printable(&name(role))).collect();
    let mut text =
        String::from("\n-- Passwords, in psql; the server gets only a SCRAM verifier:\n--\n");
    for ident in &idents {
        text.push_str(&format!("--   \\password {ident}\n"));
    }
    let flags: Vec<String> =
        roles.iter().map(|(purpose, _)| format!("-v {purpose}_password=...")).collect();
    text.push_str(&format!(
        "--\n-- or without questions, from a file (psql -f), with\n--   {}\n--\n",
        flags.join(" ")
    ));
    text.push_str("--   SET password_encryption = 'scram-sha-256';\n");
    for (ident, (purpose, _)) in idents.iter().zip(roles) {
        text.push_str(&format!("--   ALTER ROLE {ident} PASSWORD :'{purpose}_password';\n"));
    }
    text
}

/// A SQL identifier.
fn name(text: &str) -> String {
    let first = |c: char| c.is_ascii_lowercase() || c == '_';
    let plain = text.starts_with(first)
        && text.chars().all(|c| first(c) || c.is_ascii_digit())
        && text.contains('_');
    if plain { text.to_owned() } else { format!("\"{}\"", text.replace('"', "\"\"")) }
}

/// A SQL string.
fn quoted(text: &str) -> String {
    let doubled = text.replace('\'', "''");
    if text.contains('\\') {
        format!("E'{}'", doubled.replace('\\', "\\\\"))
    } else {
        format!("'{doubled}'")
    }
}

/// A name in pg_hba.conf: quotes make it nothing but a name.
fn hba_name(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    let keyword = ["all", "sameuser", "samerole", "samegroup", "replication"].contains(&text);
    if !keyword && text.chars().all(plain) { text.to_owned() } else { format!("\"{text}\"") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_in_sql_and_pg_hba() {
        let cases = [
            ("pgward_reader", "pgward_reader", "'pgward_reader'", "pgward_reader"),
            ("app", "\"app\"", "'app'", "app"),
            ("all", "\"all\"", "'all'", "\"all\""),
            ("my role", "\"my role\"", "'my role'", "\"my role\""),
            ("it's\"x", "\"it's\"\"x\"", "'it''s\"x'", "\"it's\"x\""),
            ("a\\b", "\"a\\b\"", "E'a\\\\b'", "\"a\\b\""),
        ];
        for (text, ident, literal, hba) in cases {
            assert_eq!(name(text), ident);
            assert_eq!(quoted(text), literal);
            assert_eq!(hba_name(text), hba);
        }
    }

    #[test]
    fn own_address_of_loopback() {
        assert_eq!(own_address("127.0.0.1", 5_432).as_deref(), Some("127.0.0.1/32"));
        assert_eq!(own_address("no such host", 5_432), None);
    }

    #[test]
    fn one_role_for_reading_and_control() {
        let plan = Plan {
            dbname: "app".into(),
            reader: "r".into(),
            writer: Some("w".into()),
            control: "r".into(),
            kind: "local",
            from: String::new(),
        };
        let script = plan.script();
        assert!(script.contains("GRANT pg_signal_backend TO \"r\";"));
        assert!(!script.contains("The control connection:"));
        assert!(!script.contains("scope_role("), "{script}");
        assert!(script.contains("--   local    app r,w scram-sha-256\n"), "{script}");
    }

    #[test]
    fn scope_roles_take_the_writers_place() {
        let plan = Plan {
            dbname: "app".into(),
            reader: "r".into(),
            writer: None,
            control: "o'c".into(),
            kind: "local",
            from: String::new(),
        };
        let script = plan.script();
        assert!(!script.contains("{{") && !script.contains("The writer:"), "{script}");
        assert!(script.contains("pgward.close_scope_role(name) TO \"o'c\";"), "{script}");
        assert!(script.contains("('pgward_scoped', 'o''c')"), "{script}");
        assert!(script.contains("--   local    app r,\"o'c\",+pgward_scoped scram-sha-256\n"));
        let variables = "ALTER ROLE \"o'c\" PASSWORD :'control_password';";
        assert!(script.contains(variables) && !script.contains("writer_password"), "{script}");
    }
}
