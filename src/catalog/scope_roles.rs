//! Roles that PostgreSQL holds to a set of scopes: what is said to the functions that `config
//! setup-sql` prints (`pgward.open_scope_role` and its kin), and whether they are there and can
//! be relied on. The functions are the DBA's; pgward may call them and has no CREATEROLE itself.

use super::roles::{Finding, Severity, literal};
use super::{CatalogueError, Query};
use crate::policy::Scope;
use crate::sql::facts::Name;

/// The schema of the functions. Nothing in it is any session's business.
pub const SCHEMA: &str = "pgward";

/// The group of all scope roles.
pub const GROUP: &str = "pgward_scoped";

/// How it stands with the functions in one database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// They are not installed: write grants share the writer.
    Absent,
    /// Write grants run as roles of their own.
    Usable,
    /// They are there, and must not or cannot be used, for this reason: there are no sessions
    /// on write grants, since falling back to the writer would go unnoticed.
    Unusable(String),
}

/// Whether sessions with a set of scopes could begin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Givable {
    /// As far as the server's functions say.
    Yes,
    /// The server would make no role for them.
    No {
        /// In its own words.
        why: String,
        /// What would help, as the functions say: `as a DBA, in database app: GRANT …;`
        remedy: Option<String>,
    },
    /// It can't be asked just now, for this reason. No session could begin now.
    Unasked(String),
}

/// The functions that pgward calls, with the types of their arguments as `pg_proc.proargtypes`
/// writes them: `text[], text, integer`; `name`; none; `text[]`.
const FUNCTIONS: [(&str, &str); 4] = [
    ("open_scope_role", "1009 25 23"),
    ("close_scope_role", "19"),
    ("scope_roles", ""),
    ("scope_role_name", "1009"),
];

/// Asks how it stands, over the control connection. `sessions` are the reader's and the writer's
/// names: who may call the functions gets any scope, so they must not.
///
/// # Errors
/// [`CatalogueError`] when the upstream does not answer, or with other columns.
pub async fn standing<Q: Query + Sync>(
    query: &Q,
    sessions: &[&str],
) -> Result<Standing, CatalogueError<Q::Error>> {
    let rows = query.rows(&question(sessions)).await.map_err(CatalogueError::Query)?;
    let mut usable = 0;
    for row in &rows {
        let text = |at: usize| row.get(at).and_then(Option::as_deref);
        let (Some(name), Some(says)) = (text(0), text(1)) else {
            return Err(CatalogueError::Answer);
        };
        match says {
            "ok" => usable += 1,
            problem => return Ok(Standing::Unusable(format!("{SCHEMA}.{name} {problem}"))),
        }
    }
    Ok(match usable {
        0 => Standing::Absent,
        4 => Standing::Usable,
        _ => Standing::Unusable(
            "the functions in schema pgward are not those of this version; run the SQL that \
             `pgward config setup-sql` prints"
                .to_owned(),
        ),
    })
}

fn question(sessions: &[&str]) -> String {
    let ours: Vec<String> = FUNCTIONS
        .iter()
        .map(|(name, types)| format!("('{name}', '{types}'::pg_catalog.oidvector)"))
        .collect();
    let sessions: Vec<String> = sessions.iter().map(|role| literal(role)).collect();
    // The first that is wrong, the gravest first.
    format!(
        "SELECT p.proname, CASE \
         WHEN EXISTS (SELECT FROM pg_catalog.pg_roles r WHERE r.rolname = ANY (ARRAY[{sessions}]) \
           AND pg_catalog.has_function_privilege(r.oid, p.oid, 'EXECUTE') \
           AND pg_catalog.has_schema_privilege(r.oid, n.oid, 'USAGE') AND NOT r.rolsuper) \
         THEN 'may be called by the role of sessions; REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA pgward FROM PUBLIC and from that role' \
         WHEN pg_catalog.pg_get_userbyid(p.proowner) = CURRENT_USER \
         THEN 'belongs to the control role itself; let a DBA own it' \
         WHEN p.proowner <> n.nspowner \
         THEN 'belongs to another role than its schema; drop the schema and run the SQL of `pgward config setup-sql` again' \
         WHEN NOT (pg_catalog.has_function_privilege(p.oid, 'EXECUTE') \
           AND pg_catalog.has_schema_privilege(n.oid, 'USAGE')) \
         THEN 'may not be called by the control role; run the SQL of `pgward config setup-sql` again' \
         WHEN NOT p.prosecdef AND p.proname <> 'scope_role_name' \
         THEN 'is not SECURITY DEFINER; run the SQL of `pgward config setup-sql` again' \
         ELSE 'ok' END \
         FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace \
         WHERE n.nspname = '{SCHEMA}' \
         AND (p.proname::pg_catalog.text, p.proargtypes) IN (VALUES {ours}) ORDER BY p.proname",
        sessions = sessions.join(", "),
        ours = ours.join(", ")
    )
}

/// What its operator should know of a writer that is configured.
#[must_use]
pub fn of_writer(writer: &str, standing: &Standing) -> Option<Finding> {
    let (what, remedy) = match standing {
        Standing::Absent => (
            "is shared by all grants with write scopes: PostgreSQL does not hold a session to its \
             own scopes, only pgward does",
            "install the functions that `pgward config setup-sql` prints",
        ),
        Standing::Usable => (
            "is not used: sessions on grants with write scopes run as roles of their own",
            "take writer out of the configuration, and drop the role",
        ),
        Standing::Unusable(_) => return None,
    };
    Some(Finding {
        severity: Severity::Warn,
        role: writer.to_owned(),
        what: what.to_owned(),
        remedy: remedy.to_owned(),
    })
}

/// Whether the snapshot has the function that makes scope roles.
#[must_use]
pub fn is_installed(catalogue: &crate::policy::Catalogue) -> bool {
    let name = Name::qualified(SCHEMA, "open_scope_role");
    catalogue.functions(&name).next().is_some()
}

/// Makes the role for `scopes`, to log in by what `verifier` is of, for so many seconds at least.
/// One row: its name, and the role that the session's `role` is to be set to, or NULL.
#[must_use]
pub fn open(scopes: &[Scope], verifier: &str, seconds: u64) -> String {
    let seconds = seconds.min(i32::MAX.unsigned_abs().into());
    // The connection is read-only by default; in one message this holds for what follows.
    format!(
        "SET TRANSACTION READ WRITE; SELECT scope_role, acts_as FROM {SCHEMA}.open_scope_role({}, \
         {}, {seconds})",
        triples(scopes),
        literal(verifier)
    )
}

/// Makes the role as [`open`] does, in a transaction that stays open and is to be rolled back. One
/// row: NULL, or what would let the role in at the database.
#[must_use]
pub fn rehearse(scopes: &[Scope], verifier: &str) -> String {
    format!(
        "BEGIN READ WRITE; SELECT CASE WHEN NOT pg_catalog.has_database_privilege(scope_role, \
         pg_catalog.current_database(), 'CONNECT') THEN pg_catalog.format('as a DBA: GRANT \
         CONNECT ON DATABASE %I TO {GROUP};', pg_catalog.current_database()) END \
         FROM {SCHEMA}.open_scope_role({}, {}, 1)",
        triples(scopes),
        literal(verifier)
    )
}

/// The name that the role for `scopes` has or would have: one row, one column.
#[must_use]
pub fn name_for(scopes: &[Scope]) -> String {
    format!("SELECT {SCHEMA}.scope_role_name({})", triples(scopes))
}

/// Every scope role: its name, and how many sessions it has.
#[must_use]
pub fn list() -> String {
    format!("SELECT scope_role, sessions FROM {SCHEMA}.scope_roles()")
}

/// Removes a scope role: one row, `t` unless it has sessions.
#[must_use]
pub fn close(role: &str) -> String {
    format!("SET TRANSACTION READ WRITE; SELECT {SCHEMA}.close_scope_role({})", literal(role))
}

/// Scopes as the functions take them: `{verb, schema, object}`, names as they are.
fn triples(scopes: &[Scope]) -> String {
    let triples: Vec<String> = scopes
        .iter()
        .map(|scope| {
            let (verb, schema, object) = match scope {
                Scope::Write { verb, schema, table } => (verb.word(), schema, &**table),
                Scope::Execute { schema, function } => ("execute", schema, &**function),
                Scope::Maintain { schema, table } => ("maintain", schema, &**table),
                Scope::Select { schema, table } => ("select", schema, &**table),
                Scope::Ddl { schema } => ("ddl", schema, ""),
            };
            format!("ARRAY[{}, {}, {}]", literal(verb), literal(schema), literal(object))
        })
        .collect();
    format!("ARRAY[{}]::pg_catalog.text[]", triples.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Says(Vec<Vec<Option<String>>>);

    impl Query for Says {
        type Error = std::fmt::Error;

        async fn rows(&self, _: &str) -> Result<Vec<Vec<Option<String>>>, Self::Error> {
            Ok(self.0.clone())
        }
    }

    #[tokio::test]
    async fn all_functions_must_be_there_and_in_order() {
        let row = |name: &str, says: &str| vec![Some(name.to_owned()), Some(says.to_owned())];
        let four: Vec<_> = FUNCTIONS.iter().map(|(name, _)| row(name, "ok")).collect();
        let ask = async |rows| standing(&Says(rows), &["r"]).await.unwrap();
        assert_eq!(ask(Vec::new()).await, Standing::Absent);
        assert_eq!(ask(four.clone()).await, Standing::Usable);
        let Standing::Unusable(why) = ask(four[..3].to_vec()).await else { panic!("usable") };
        assert!(why.contains("not those of this version"), "{why}");
        let mut bad = four;
        bad[2] = row("scope_roles", "may be called by the role of sessions");
        let Standing::Unusable(why) = ask(bad).await else { panic!("usable") };
        assert_eq!(why, "pgward.scope_roles may be called by the role of sessions");
    }

    #[test]
    fn names_stay_inside_their_literals() {
        let scopes = [
            r#"insert:"o'h"."t\""','x""#,
            "execute:public.f",
            r#"ddl:"Odd.One""#,
            "select,maintain:public.*",
        ];
        let scopes: Vec<Scope> =
            scopes.iter().flat_map(|text| Scope::parse_list(text).unwrap()).collect();
        assert_eq!(
            triples(&scopes),
            "ARRAY[ARRAY['insert', 'o''h', E't\\\\\"'',''x'], ARRAY['execute', 'public', 'f'], \
             ARRAY['ddl', 'Odd.One', ''], ARRAY['maintain', 'public', '*'], \
             ARRAY['select', 'public', '*']]::pg_catalog.text[]"
        );
    }
}
