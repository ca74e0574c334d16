//! `[databases.<name>]`: where the databases are, and as whom pgward goes there.

use std::collections::BTreeMap;
use std::net::IpAddr;

use secrecy::SecretString;

use super::check::{Surroundings, file};
use super::read::{Reader, Section};
use super::{Database, Role, SslMode};
use crate::base::limits::IDENTIFIER_BYTES_MAX;

/// Every database of the file.
pub(super) fn all<'t>(
    reader: &mut Reader<'t>,
    section: &Section<'t>,
    around: &Surroundings<'_>,
) -> BTreeMap<String, Database> {
    let mut databases = BTreeMap::new();
    for name in section.names() {
        let Some(inner) = section.named(reader, &name) else { continue };
        if name.is_empty()
            || name.len() > IDENTIFIER_BYTES_MAX
            || name.chars().any(char::is_control)
        {
            let what = "the name is empty, longer than 63 bytes, or has control characters";
            let remedy = "clients name it as dbname: give it a plain name";
            reader.problem(inner.line, &section.key(&name), what, remedy);
        }
        if let Some(database) = one(reader, inner, &name, around) {
            databases.insert(name, database);
        }
    }
    databases
}

fn one<'t>(
    reader: &mut Reader<'t>,
    mut section: Section<'t>,
    name: &str,
    around: &Surroundings<'_>,
) -> Option<Database> {
    if !section.is_present() {
        return None;
    }
    let host = section.text(reader, "host").filter(|host| !host.value.is_empty());
    if host.is_none() {
        let remedy = format!("add a line under [databases.{name}]: host = \"db.example.com\"");
        reader.problem(section.line, &section.key("host"), "it is missing", remedy);
    }
    let port = section.number(reader, "port", 5_432, 1..=65_535);
    let dbname = section.text_or(reader, "dbname", name).value;
    let sslmode = sslmode(reader, &mut section, host.as_ref().map_or("", |host| &host.value));
    let sslrootcert = section.text(reader, "sslrootcert");
    let sslrootcert = sslrootcert.map(|at| file(reader, &at, around));
    let inner = section.table(reader, "reader");
    let reader_is_there = inner.is_present();
    let reading = role(reader, inner, around);
    if !reader_is_there {
        let remedy = "add a line: reader = { user = \"pgward_reader\", password_env = \
                      \"PGWARD_READER_PASSWORD\" }; `pgward config setup-sql` prints how to \
                      create the role";
        reader.problem(section.line, &section.key("reader"), "it is missing", remedy);
    }
    let inner = section.table(reader, "writer");
    let writer = role(reader, inner, around);
    let inner = section.table(reader, "control");
    let control_is_there = inner.is_present();
    let control = role(reader, inner, around);
    let allow_superuser = section.boolean(reader, "allow_superuser", false);
    section.finish(reader);
    let reading = reading?;
    let control = if control_is_there { control? } else { reading.clone() };
    Some(Database {
        name: name.to_owned(),
        host: host?.value,
        port: u16::try_from(port).ok()?,
        dbname,
        sslmode,
        sslrootcert,
        reader: reading,
        writer,
        control,
        allow_superuser,
    })
}

fn sslmode<'t>(reader: &mut Reader<'t>, section: &mut Section<'t>, host: &str) -> SslMode {
    let near = is_near(host);
    let default = if near { SslMode::Disable } else { SslMode::VerifyFull };
    let words = [
        ("disable", SslMode::Disable),
        ("prefer", SslMode::Prefer),
        ("require", SslMode::Require),
        ("verify-ca", SslMode::VerifyCa),
        ("verify-full", SslMode::VerifyFull),
    ];
    section.word(reader, "sslmode", default, &words)
}

/// Whether bytes to that host stay on this machine.
fn is_near(host: &str) -> bool {
    host.starts_with('/')
        || host == "localhost"
        || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// `{ user, password | password_env | password_file }`.
fn role<'t>(
    reader: &mut Reader<'t>,
    mut section: Section<'t>,
    around: &Surroundings<'_>,
) -> Option<Role> {
    let user = section.text(reader, "user").filter(|user| !user.value.is_empty());
    if section.is_present() && user.is_none() {
        let remedy = "name the role: user = \"…\"";
        reader.problem(section.line, &section.key("user"), "it is missing", remedy);
    }
    let names = ["password", "password_env", "password_file"];
    let password = secret(reader, &mut section, around, names);
    let password_file = section.text(reader, "password_file").map(|at| around.path(&at.value));
    section.finish(reader);
    Some(Role { user: user?.value, password, password_file })
}

/// A secret that is written out, or stands in an environment variable or a file: the names of
/// these three keys.
pub(super) fn secret<'t>(
    reader: &mut Reader<'t>,
    section: &mut Section<'t>,
    around: &Surroundings<'_>,
    [name, name_env, name_file]: [&'static str; 3],
) -> Option<SecretString> {
    let plain = section.text(reader, name);
    let variable = section.text(reader, name_env);
    let path = section.text(reader, name_file);
    let given = [&plain, &variable, &path].into_iter().flatten().count();
    if given > 1 {
        let what = format!("more than one of {name}, {name_env} and {name_file}");
        reader.problem(section.line, &section.key(name), what, "keep one of them");
    }
    if let Some(at) = plain {
        if at.value.is_empty() {
            let remedy =
                format!("write the {name}, or leave the key out where the server asks for none");
            reader.wrong(&at, "it is empty".to_owned(), remedy);
        }
        return Some(SecretString::from(at.value));
    }
    if let Some(at) = variable {
        let value = (around.env)(&at.value);
        let fault = match value.as_deref() {
            None => Some("not set"),
            Some("") => Some("empty"),
            Some(_) => None,
        };
        if let Some(fault) = fault {
            let what = format!("the environment variable {} is {fault}", at.value);
            reader.wrong(&at, what, format!("set it where pgward starts, or use {name_file}"));
        }
        return value.map(SecretString::from);
    }
    let at = path?;
    let path = around.path(&at.value);
    match std::fs::read_to_string(&path) {
        Ok(text) => {
            let secret = text.trim_end_matches(['\r', '\n']);
            if secret.is_empty() {
                let what = format!("{} is empty", path.display());
                reader.wrong(&at, what, format!("write the {name} into its first line"));
            }
            Some(SecretString::from(secret))
        }
        Err(error) => {
            let what = format!("{} cannot be read: {error}", path.display());
            reader.wrong(&at, what, "correct the path, or make the file readable for pgward");
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_near() {
        let cases = [
            ("/var/run/postgresql", true),
            ("localhost", true),
            ("127.0.0.1", true),
            ("127.8.0.1", true),
            ("::1", true),
            ("10.0.0.5", false),
            ("db.example.com", false),
            ("", false),
        ];
        for (host, expected) in cases {
            assert_eq!(is_near(host), expected, "{host}");
        }
    }
}
