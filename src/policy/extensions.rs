//! Extensions whose functions, operators and types were reviewed: what they bring computes, and
//! nothing remains of it. A function of one of these is vouched for like a built-in.
//!
//! Not here, because they write, reach other servers or files, run SQL given as text, or look
//! into raw pages: dblink, postgres_fdw, file_fdw, adminpack, tablefunc, xml2, pageinspect,
//! pg_surgery, pg_prewarm, lo, pg_visibility, amcheck, pg_walinspect, old_snapshot.

/// Reviewed extensions, and of each the functions that are not harmless after all.
const REVIEWED: &[(&str, &[&str])] = &[
    ("btree_gin", &[]),
    ("btree_gist", &[]),
    ("citext", &[]),
    ("cube", &[]),
    ("dict_int", &[]),
    ("dict_xsyn", &[]),
    ("earthdistance", &[]),
    ("fuzzystrmatch", &[]),
    ("hstore", &[]),
    ("intarray", &[]),
    ("isn", &["isn_weak"]),
    ("ltree", &[]),
    (
        "pg_buffercache",
        &["pg_buffercache_evict", "pg_buffercache_evict_relation", "pg_buffercache_evict_all"],
    ),
    ("pg_freespacemap", &[]),
    ("pg_stat_statements", &["pg_stat_statements_reset"]),
    ("pg_trgm", &[]),
    ("pgcrypto", &[]),
    ("pgrowlocks", &[]),
    ("pgstattuple", &[]),
    ("seg", &[]),
    ("tsm_system_rows", &[]),
    ("tsm_system_time", &[]),
    ("unaccent", &[]),
    ("uuid-ossp", &[]),
];

/// Whether types and operators of the extension are vouched for.
#[must_use]
pub fn reviewed(extension: &str) -> bool {
    REVIEWED.iter().any(|(name, _)| *name == extension)
}

/// Whether this function of the extension is.
#[must_use]
pub fn function_reviewed(extension: &str, function: &str) -> bool {
    REVIEWED.iter().any(|(name, except)| *name == extension && !except.contains(&function))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_resets_or_writes_is_left_out() {
        assert!(function_reviewed("pg_trgm", "similarity"));
        assert!(function_reviewed("pg_stat_statements", "pg_stat_statements"));
        assert!(!function_reviewed("pg_stat_statements", "pg_stat_statements_reset"));
        assert!(!function_reviewed("dblink", "dblink"));
        assert!(!reviewed("tablefunc"));
    }
}
