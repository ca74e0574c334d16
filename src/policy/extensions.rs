//! Extensions whose functions, operators and types were reviewed: what they bring computes or
//! reads, and nothing remains of it. A function of one of these is vouched for like a built-in.
//!
//! Not here, because they write, reach other servers or files, run SQL given as text, hold up
//! others, or look into raw pages: dblink, adminpack, pageinspect, pg_surgery, pg_prewarm, amcheck,
//! address_standardizer, pgrouting. What such an extension writes in SQL or PL/pgSQL is judged by
//! its body, as that of every function is; what it writes in C is refused.

use crate::policy::catalogue::Function;

/// One reviewed extension.
#[derive(Debug)]
struct Reviewed {
    name: &'static str,
    /// Functions that are not harmless after all.
    except: &'static [&'static str],
    /// Whether functions in SQL and PL/pgSQL are judged by their bodies, less these.
    by_body_but: Option<&'static [&'static str]>,
}

const fn whole(name: &'static str) -> Reviewed {
    Reviewed { name, except: &[], by_body_but: None }
}

const fn but(name: &'static str, except: &'static [&'static str]) -> Reviewed {
    Reviewed { name, except, by_body_but: None }
}

const REVIEWED: &[Reviewed] = &[
    whole("bloom"),
    whole("btree_gin"),
    whole("btree_gist"),
    whole("citext"),
    whole("cube"),
    whole("dict_int"),
    whole("dict_xsyn"),
    whole("earthdistance"),
    whole("file_fdw"),
    whole("fuzzystrmatch"),
    whole("hstore"),
    whole("intagg"),
    whole("intarray"),
    but("isn", &["isn_weak"]),
    whole("lo"),
    whole("ltree"),
    whole("old_snapshot"),
    but(
        "pg_buffercache",
        &[
            "pg_buffercache_evict",
            "pg_buffercache_evict_relation",
            "pg_buffercache_evict_all",
            "pg_buffercache_mark_dirty",
            "pg_buffercache_mark_dirty_relation",
            "pg_buffercache_mark_dirty_all",
        ],
    ),
    whole("pg_freespacemap"),
    but("pg_stat_statements", &["pg_stat_statements_reset"]),
    whole("pg_trgm"),
    but("pg_visibility", &["pg_truncate_visibility_map"]),
    whole("pg_walinspect"),
    whole("pgcrypto"),
    whole("pgrowlocks"),
    whole("pgstattuple"),
    // Its C functions compute. Of those in PL/pgSQL many alter tables, from strings.
    Reviewed { name: "postgis", except: &[], by_body_but: Some(&["postgis_full_version"]) },
    Reviewed { name: "postgis_raster", except: &[], by_body_but: Some(&[]) },
    Reviewed { name: "postgis_sfcgal", except: &[], by_body_but: Some(&[]) },
    // dblink's kind of reach is not in it: its tables are judged as foreign tables.
    but("postgres_fdw", &["postgres_fdw_disconnect", "postgres_fdw_disconnect_all"]),
    whole("seg"),
    whole("sslinfo"),
    but(
        "tablefunc",
        &["crosstab", "crosstab2", "crosstab3", "crosstab4", "crosstab_hash", "connectby"],
    ),
    whole("tsm_system_rows"),
    whole("tsm_system_time"),
    whole("unaccent"),
    whole("uuid-ossp"),
    whole("vector"),
    but("xml2", &["xpath_table", "xslt_process"]),
];

/// Whether types and operators of the extension are vouched for.
#[must_use]
pub fn reviewed(extension: &str) -> bool {
    REVIEWED.iter().any(|one| one.name == extension)
}

/// Whether this function of the extension is.
#[must_use]
pub fn function_reviewed(extension: &str, function: &Function) -> bool {
    let Some(one) = REVIEWED.iter().find(|one| one.name == extension) else { return false };
    let name = &*function.name;
    if one.except.contains(&name) {
        return false;
    }
    match one.by_body_but {
        Some(but) if matches!(&*function.language, "sql" | "plpgsql") => but.contains(&name),
        _ => true,
    }
}

/// Functions that run the queries which they are given as text, and nothing else: tablefunc's
/// `crosstab` (read-only, by SPI).
#[must_use]
pub fn runs_text(function: &Function) -> bool {
    function.extension.as_deref() == Some("tablefunc")
        && matches!(&*function.name, "crosstab" | "crosstab2" | "crosstab3" | "crosstab4")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_resets_or_writes_is_left_out() {
        let function_reviewed = |extension: &str, name: &str| {
            let function = Function { name: name.into(), ..Function::default() };
            function_reviewed(extension, &function)
        };
        assert!(function_reviewed("pg_trgm", "similarity"));
        assert!(function_reviewed("pg_stat_statements", "pg_stat_statements"));
        assert!(!function_reviewed("pg_stat_statements", "pg_stat_statements_reset"));
        assert!(!function_reviewed("dblink", "dblink"));
        assert!(function_reviewed("tablefunc", "normal_rand"));
        assert!(!function_reviewed("tablefunc", "connectby"));
        assert!(!reviewed("pageinspect"));
        let by_body = Function {
            name: "addgeometrycolumn".into(),
            language: "plpgsql".into(),
            ..Function::default()
        };
        assert!(!super::function_reviewed("postgis", &by_body));
    }
}
