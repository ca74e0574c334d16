//! What attacks are run on: a database with every way in, bystanders, and a fingerprint of all
//! that must stay as it is.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;

use tempfile::TempDir;

use crate::support::pg::{Pg, run};
use crate::support::wire::Wire;

/// One database under attack.
pub(crate) struct Ground {
    pub(crate) database: String,
    admin: Wire,
    port: u16,
    /// Anybody may write here.
    files: TempDir,
    /// Runs a statement for the whole time; of the role that the attackers use.
    busy: Wire,
    /// Listens, idle.
    listener: Wire,
    /// The number of the type `public.checked`.
    checked: String,
}

/// Everything that must not change, by name.
pub(crate) type Fingerprint = BTreeMap<String, String>;

/// Rows of every table, row versions of every catalogue; a table's name begins with `granted`
/// where scopes may write it. `xmax` shows locks on rows, too.
const RELATIONS: &str = r"
SELECT c.oid::regclass::text, (xpath('/row/h/text()', query_to_xml(format(CASE
    WHEN c.relkind = 'S' THEN 'SELECT concat(last_value, is_called) h FROM %s'
    WHEN c.oid = 'pg_class'::regclass
        THEN 'SELECT concat(count(*), md5(string_agg(r::text || xmin::text, '','' ORDER BY oid))) h FROM %s r
              WHERE relname !~ ''granted'''
    WHEN c.relnamespace = 'pg_catalog'::regnamespace
        THEN 'SELECT concat(count(*), '':'', sum(hashtextextended(concat(xmin, '':'', xmax, '':'', ctid), 0)::numeric)) h FROM %s'
    ELSE 'SELECT concat(count(*), md5(string_agg(concat(r, xmax), '','' ORDER BY r::text))) h FROM ONLY %s r' END,
    c.oid::regclass), false, true, '')))[1]::text
FROM pg_class c
WHERE c.relkind IN ('r', 'm', 'S') AND NOT c.relisshared AND c.relname !~ '^granted'
  AND c.relnamespace::regnamespace::text !~ '^pg_toast'
ORDER BY 1";

/// What is no row of this database.
const OTHER: &str = r"
SELECT 'roles', md5(string_agg(a::text, ',' ORDER BY oid)) FROM pg_authid a
    WHERE rolname ~ '^(intruder|reader$|writer$|control$|boss$|postgres$)'
UNION ALL SELECT 'members', string_agg(concat(roleid, member), ',' ORDER BY roleid, member)
    FROM pg_auth_members WHERE (roleid < 16384 OR roleid = 'boss'::regrole) AND member IN (SELECT oid FROM pg_roles WHERE rolname IN ('reader', 'writer', 'control', 'boss'))
UNION ALL SELECT 'settings of roles', string_agg(s::text, ',' ORDER BY setdatabase, setrole) FROM pg_db_role_setting s
    WHERE setdatabase IN (0, (SELECT oid FROM pg_database WHERE datname = current_database()))
      AND setrole IN (SELECT 0 UNION SELECT oid FROM pg_roles WHERE rolname IN ('reader', 'writer', 'control', 'boss'))
UNION ALL SELECT 'the database', (SELECT concat(datname, datdba, datallowconn, datconnlimit, datacl) FROM pg_database WHERE datname = current_database())
UNION ALL SELECT 'databases', string_agg(datname, ',') FROM pg_database WHERE datname ~ '^stolen'
UNION ALL SELECT 'tablespaces', count(*)::text FROM pg_tablespace
UNION ALL SELECT 'slots', string_agg(slot_name, ',') FROM pg_replication_slots WHERE database = current_database() OR slot_name ~ '^stolen'
UNION ALL SELECT 'origins', string_agg(roname, ',') FROM pg_replication_origin WHERE roname ~ '^stolen'
UNION ALL SELECT 'large objects', count(*)::text FROM pg_largeobject_metadata
UNION ALL SELECT 'prepared', string_agg(gid, ',') FROM pg_prepared_xacts WHERE database = current_database()
UNION ALL SELECT 'advisory locks', count(*)::text FROM pg_locks WHERE locktype = 'advisory'
    AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
UNION ALL SELECT 'configuration', concat(pg_conf_load_time(), (SELECT string_agg(name || setting, ',') FROM pg_file_settings WHERE sourcefile ~ 'auto.conf'))
UNION ALL SELECT 'statistics', (SELECT stats_reset::text FROM pg_stat_database WHERE datname = current_database())
UNION ALL SELECT 'listening', string_agg(DISTINCT c, ',') FROM pg_listening_channels() c
UNION ALL SELECT 'data directory', string_agg(f, ',' ORDER BY f) FROM pg_ls_dir('.') f WHERE f !~ '^(postmaster|pg_|current_)'";

impl Ground {
    /// A new database with the objects that attacks use; `role` is what pgward's sessions run as.
    pub(crate) fn new(pg: &Pg, role: &str) -> Self {
        let database = pg.database();
        let files = tempfile::Builder::new().prefix("pgward-corpus-").tempdir().unwrap();
        std::fs::set_permissions(files.path(), PermissionsExt::from_mode(0o777)).unwrap();
        let admin = pg.admin(&database);
        let mut ground = Self {
            busy: Wire::connect(pg.port(), role, &database, crate::support::pg::PASSWORD),
            listener: pg.admin(&database),
            port: pg.port(),
            checked: String::new(),
            database,
            files,
            admin: pg.admin("postgres"),
        };
        ground.admin = admin;
        ground.make(include_bytes!("../../readonly_corpus/objects.sql"));
        ground.checked = ground.admin.query("SELECT 'public.checked'::regtype::oid").value();
        run(&mut ground.listener, "LISTEN stolen");
        ground.busy.send(&crate::support::message::query("SELECT pg_sleep(3600)"));
        ground
    }

    /// Runs SQL as its owner.
    pub(crate) fn make(&mut self, objects: &[u8]) {
        let sql = String::from_utf8(self.filled(objects)).unwrap();
        run(&mut self.admin, &sql);
    }

    /// A message with the names of this ground in it.
    pub(crate) fn filled(&self, message: &[u8]) -> Vec<u8> {
        let mut out = message.to_vec();
        for (name, value) in [
            ("@PORT@", self.port.to_string()),
            ("@DATABASE@", self.database.clone()),
            ("@FILES@", self.files.path().display().to_string()),
            ("@BYSTANDER@", self.busy.pid.to_string()),
            ("@LISTENER@", self.listener.pid.to_string()),
            ("@CHECKED@", self.checked.clone()),
        ] {
            while let Some(at) = out.windows(name.len()).position(|w| w == name.as_bytes()) {
                out.splice(at..at + name.len(), value.bytes());
            }
        }
        out
    }

    /// All that must stay as it is.
    pub(crate) fn fingerprint(&mut self) -> Fingerprint {
        let mut found = Fingerprint::new();
        for sql in [RELATIONS, OTHER] {
            let reply = self.admin.query(sql);
            assert!(reply.errors.is_empty(), "{:?}", reply.errors);
            for row in reply.rows {
                let mut row = row.into_iter().map(Option::unwrap_or_default);
                found.insert(row.next().unwrap(), row.next().unwrap());
            }
        }
        let listed = std::fs::read_dir(self.files.path()).unwrap();
        let mut names: Vec<_> = listed.map(|e| format!("{:?}", e.unwrap().file_name())).collect();
        names.sort();
        found.insert("files".to_owned(), names.concat());
        found.insert("bystanders".to_owned(), self.bystanders());
        found
    }

    fn bystanders(&mut self) -> String {
        let sql = format!(
            "SELECT string_agg(concat(pid, backend_start, query_start, CASE WHEN pid = {} THEN state END), ',') \
             FROM pg_stat_activity WHERE pid = {}",
            self.busy.pid, self.busy.pid
        );
        let busy = self.admin.query(&sql).value();
        let alive = self.listener.query("SELECT 'listening'");
        // A notification would come as A.
        format!("{busy} {} {:?}", alive.sequence, alive.rows)
    }
}

/// What differs, in words.
pub(crate) fn difference(before: &Fingerprint, after: &Fingerprint) -> Vec<String> {
    let names: std::collections::BTreeSet<_> = before.keys().chain(after.keys()).collect();
    let changed = names.into_iter().filter(|name| before.get(*name) != after.get(*name));
    changed.map(|name| format!("{name}: {:?} -> {:?}", before.get(name), after.get(name))).collect()
}
