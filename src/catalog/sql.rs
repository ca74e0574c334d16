//! What is asked of the upstream's catalogue, and how the answers are read. One text each for
//! PostgreSQL 14 to 18. Every name is qualified: the answers must not depend on search_path.

use crate::catalog::Rows;
use crate::policy::catalogue::{
    Cast, Function, Inherits, Operator, Relation, Shape, Snapshot, Type,
};
use crate::policy::reach::{Foreign, Owner, Source, Text, TextOf, Use};

/// Rows of a catalogue, hashed.
macro_rules! hashed {
    ($row:literal, $from:literal) => {
        concat!(
            "(SELECT pg_catalog.concat(pg_catalog.count(*), ':', pg_catalog.sum(pg_catalog.hashtextextended(pg_catalog.concat(",
            $row,
            "), 0)::pg_catalog.numeric)) FROM pg_catalog.",
            $from,
            ")"
        )
    };
    ($from:literal) => {
        hashed!("xmin::pg_catalog.text, ':', oid", $from)
    };
}

/// A value that changes whenever something that a verdict rests on is made, altered or dropped:
/// row versions of the catalogues, hashed. Much cheaper than loading. Rows of pg_class change
/// with every VACUUM, so of them only what matters is looked at.
pub(super) const VERSION: &str = concat!(
    "SELECT pg_catalog.concat_ws('/', ",
    hashed!("pg_proc WHERE oid OPERATOR(pg_catalog.>=) 16384"),
    ", ",
    hashed!("pg_type WHERE oid OPERATOR(pg_catalog.>=) 16384"),
    ", ",
    hashed!("pg_operator WHERE oid OPERATOR(pg_catalog.>=) 16384"),
    ", ",
    hashed!(
        "oid, ':', relname, ':', relnamespace, ':', relkind, ':', relhasrules, ':', relrowsecurity, ':', relnatts",
        "pg_class WHERE relpersistence OPERATOR(pg_catalog.<>) 't'"
    ),
    ", ",
    hashed!(
        "pg_constraint WHERE contype OPERATOR(pg_catalog.=) ANY ('{c,f}'::pg_catalog.\"char\"[]) AND oid OPERATOR(pg_catalog.>=) 16384"
    ),
    ", ",
    hashed!("pg_trigger WHERE tgfoid OPERATOR(pg_catalog.>=) 16384"),
    ", ",
    hashed!("pg_attrdef WHERE adrelid OPERATOR(pg_catalog.>=) 16384"),
    ", ",
    hashed!(
        "xmin::pg_catalog.text, ':', indexrelid",
        "pg_index WHERE indrelid OPERATOR(pg_catalog.>=) 16384"
    ),
    ", ",
    hashed!("pg_opclass WHERE oid OPERATOR(pg_catalog.>=) 16384"),
    ", ",
    hashed!("pg_statistic_ext"),
    ", ",
    hashed!("pg_event_trigger"),
    ", ",
    hashed!("pg_namespace WHERE nspname OPERATOR(pg_catalog.!~) '^pg_(temp|toast)'"),
    ", ",
    hashed!("pg_extension"),
    ", ",
    hashed!("pg_rewrite WHERE oid OPERATOR(pg_catalog.>=) 16384"),
    ", ",
    hashed!("pg_policy"),
    ", ",
    hashed!("pg_cast WHERE oid OPERATOR(pg_catalog.>=) 16384"),
    ", ",
    hashed!("pg_amproc WHERE oid OPERATOR(pg_catalog.>=) 16384"),
    ", ",
    hashed!("pg_foreign_data_wrapper"),
    ", ",
    hashed!("pg_foreign_server"),
    ", ",
    hashed!("xmin::pg_catalog.text, ':', ftrelid", "pg_foreign_table"),
    ", ",
    hashed!("inhrelid, ':', inhparent", "pg_inherits"),
    ")"
);

/// Said before the catalogue is loaded: what texts the server then writes of views and
/// expressions has every name qualified that isn't its own.
pub(super) const PATH: &str = "SELECT pg_catalog.set_config('search_path', 'pg_catalog', false)";

/// The server's version number (150018), and the database's encoding.
pub(super) const SERVER: &str =
    "SELECT pg_catalog.current_setting('server_version_num'), pg_catalog.getdatabaseencoding()";

/// Functions, procedures and aggregates that are not PostgreSQL's own.
pub(super) const FUNCTIONS: &str = "\
SELECT n.nspname, p.proname, e.extname, \
 p.pronargs >= 1 AND p.pronargs - p.pronargdefaults <= 1 AND (t.typtype = 'c' OR b.typtype = 'c' OR t.typtype = 'p' OR p.provariadic <> 0), \
 p.pronargs >= 1 AND p.pronargs - p.pronargdefaults <= 1, \
 p.oid, p.prokind, oidvectortypes(p.proargtypes), l.lanname, \
 CASE WHEN p.prosqlbody IS NOT NULL THEN pg_get_function_sqlbody(p.oid) WHEN l.lanname IN ('sql', 'plpgsql') THEN p.prosrc ELSE '' END, \
 p.prosqlbody IS NOT NULL, p.prosecdef, array_to_string(p.proconfig, E'\\n'), \
 p.prorettype IN ('trigger'::regtype, 'event_trigger'::regtype), \
 pg_get_expr(p.proargdefaults, 0), \
 (SELECT string_agg(DISTINCT u::text, ',' ORDER BY u::text) FROM unnest(p.proargtypes::oid[] || p.prorettype || p.proallargtypes) u WHERE u >= 16384), \
 CASE WHEN l.lanname IN ('sql', 'plpgsql') THEN '' ELSE concat_ws(' ', p.prosrc, p.probin) END, p.provolatile = 'i' \
FROM pg_proc p \
JOIN pg_namespace n ON n.oid = p.pronamespace \
JOIN pg_language l ON l.oid = p.prolang \
LEFT JOIN pg_type t ON p.pronargs >= 1 AND t.oid = p.proargtypes[0] \
LEFT JOIN pg_type b ON b.oid = t.typbasetype \
LEFT JOIN pg_depend d ON d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e' \
LEFT JOIN pg_extension e ON e.oid = d.refobjid \
WHERE p.oid >= 16384 AND n.nspname !~ '^pg_temp_' \
ORDER BY 1, 2, 3, 4, p.oid";

/// Which functions objects call beside those that their texts name: support functions of
/// aggregates, functions of operators, input and output of types, operator classes.
pub(super) const USES: &str = "\
SELECT u.kind, u.owner, p.oid, CASE WHEN p.oid < 16384 THEN p.proname END FROM ( \
 SELECT 'f' AS kind, a.aggfnoid::oid AS owner, f::oid AS function FROM pg_aggregate a, unnest(ARRAY[a.aggtransfn, a.aggfinalfn, a.aggcombinefn, a.aggserialfn, a.aggdeserialfn, a.aggmtransfn, a.aggminvtransfn, a.aggmfinalfn]) f WHERE a.aggfnoid >= 16384 \
 UNION SELECT 'o', o.oid, f::oid FROM pg_operator o, unnest(ARRAY[o.oprcode, o.oprrest, o.oprjoin]) f WHERE o.oid >= 16384 \
 UNION SELECT 't', t.oid, f::oid FROM pg_type t, unnest(ARRAY[t.typinput, t.typoutput, t.typreceive, t.typsend, t.typmodin, t.typmodout, t.typsubscript]) f WHERE t.oid >= 16384 AND t.typtype = 'b' AND t.typsubscript <> 'array_subscript_handler'::regproc \
 UNION SELECT 't', r.rngtypid, f::oid FROM pg_range r, unnest(ARRAY[r.rngcanonical, r.rngsubdiff]) f WHERE r.rngtypid >= 16384 \
 UNION SELECT 't', x, a.amproc::oid FROM pg_amproc a, unnest(ARRAY[a.amproclefttype, a.amprocrighttype]) x WHERE a.oid >= 16384 AND x >= 16384 \
) u JOIN pg_proc p ON p.oid = u.function \
ORDER BY 1, 2, 3";

/// Texts that run with an object: a view's query, the policies of a table for SELECT, a domain's
/// CHECK.
pub(super) const TEXTS: &str = "\
SELECT 'v', n.nspname, c.relname, '0', 'query', pg_get_viewdef(c.oid) \
 FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
 WHERE c.relkind = 'v' AND c.oid >= 16384 AND c.relpersistence <> 't' \
UNION ALL SELECT 'p', n.nspname, c.relname, '0', p.polname, pg_get_expr(p.polqual, p.polrelid) \
 FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid JOIN pg_namespace n ON n.oid = c.relnamespace \
 WHERE c.relrowsecurity AND p.polcmd IN ('*', 'r') AND p.polqual IS NOT NULL \
UNION ALL SELECT 'd', '', '', k.contypid::text, k.conname, pg_get_expr(k.conbin, 0) \
 FROM pg_constraint k WHERE k.contypid >= 16384 AND k.contype = 'c' \
ORDER BY 1, 2, 3, 4, 5";

/// Foreign tables, and the tables above them that reading reads them too; what serves them.
pub(super) const FOREIGN: &str = "\
WITH RECURSIVE above AS ( \
 SELECT f.ftrelid AS relation, f.ftrelid AS foreign_table FROM pg_foreign_table f \
 UNION SELECT i.inhparent, a.foreign_table FROM above a JOIN pg_inherits i ON i.inhrelid = a.relation \
) \
SELECT n.nspname, c.relname, fn.nspname, fc.relname, w.fdwname, w.fdwhandler::oid, \
 EXISTS (SELECT 1 FROM unnest(f.ftoptions || s.srvoptions) o WHERE o LIKE 'program=%') \
FROM above a \
JOIN pg_class c ON c.oid = a.relation JOIN pg_namespace n ON n.oid = c.relnamespace \
JOIN pg_class fc ON fc.oid = a.foreign_table JOIN pg_namespace fn ON fn.oid = fc.relnamespace \
JOIN pg_foreign_table f ON f.ftrelid = a.foreign_table \
JOIN pg_foreign_server s ON s.oid = f.ftserver \
JOIN pg_foreign_data_wrapper w ON w.oid = s.srvfdw \
ORDER BY 1, 2, 3, 4";

/// Types that are not PostgreSQL's own, with what they are made of.
pub(super) const TYPES: &str = "\
SELECT t.oid, n.nspname, t.typname, e.extname, t.typtype, \
 CASE WHEN t.typsubscript OPERATOR(pg_catalog.=) 'pg_catalog.array_subscript_handler'::pg_catalog.regproc THEN t.typelem END, \
 t.typbasetype, \
 EXISTS (SELECT 1 FROM pg_catalog.pg_constraint c WHERE c.contypid OPERATOR(pg_catalog.=) t.oid AND c.contype OPERATOR(pg_catalog.=) 'c'), \
 (SELECT pg_catalog.min(r.rngsubtype::pg_catalog.int8) FROM pg_catalog.pg_range r WHERE t.typtype OPERATOR(pg_catalog.=) ANY ('{r,m}'::pg_catalog.\"char\"[]) AND (r.rngtypid OPERATOR(pg_catalog.=) t.oid OR r.rngmultitypid OPERATOR(pg_catalog.=) t.oid)), \
 (SELECT pg_catalog.string_agg(a.atttypid::pg_catalog.text, ',' ORDER BY a.attnum) FROM pg_catalog.pg_attribute a WHERE a.attrelid OPERATOR(pg_catalog.=) t.typrelid AND t.typrelid OPERATOR(pg_catalog.<>) 0 AND a.attnum OPERATOR(pg_catalog.>) 0 AND NOT a.attisdropped AND a.atttypid OPERATOR(pg_catalog.>=) 16384) \
FROM pg_catalog.pg_type t \
JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) t.typnamespace \
LEFT JOIN pg_catalog.pg_depend d ON d.classid OPERATOR(pg_catalog.=) 'pg_catalog.pg_type'::pg_catalog.regclass AND d.objid OPERATOR(pg_catalog.=) t.oid AND d.deptype OPERATOR(pg_catalog.=) 'e' \
LEFT JOIN pg_catalog.pg_extension e ON e.oid OPERATOR(pg_catalog.=) d.refobjid \
WHERE t.oid OPERATOR(pg_catalog.>=) 16384 AND n.nspname OPERATOR(pg_catalog.!~) '^pg_(temp|toast)' \
ORDER BY t.oid";

/// Operators that are not PostgreSQL's own.
pub(super) const OPERATORS: &str = "\
SELECT n.nspname, o.oprname, e.extname, o.oid \
FROM pg_catalog.pg_operator o \
JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) o.oprnamespace \
LEFT JOIN pg_catalog.pg_depend d ON d.classid OPERATOR(pg_catalog.=) 'pg_catalog.pg_operator'::pg_catalog.regclass AND d.objid OPERATOR(pg_catalog.=) o.oid AND d.deptype OPERATOR(pg_catalog.=) 'e' \
LEFT JOIN pg_catalog.pg_extension e ON e.oid OPERATOR(pg_catalog.=) d.refobjid \
WHERE o.oid OPERATOR(pg_catalog.>=) 16384 \
ORDER BY 1, 2, 3, o.oid";

/// Casts with a function that is not PostgreSQL's own.
pub(super) const CASTS: &str = "\
SELECT c.castsource, c.casttarget, n.nspname, t.typname, c.castcontext OPERATOR(pg_catalog.=) 'i', c.castcontext OPERATOR(pg_catalog.=) 'a', f.nspname, p.proname, e.extname \
FROM pg_catalog.pg_cast c \
JOIN pg_catalog.pg_type t ON t.oid OPERATOR(pg_catalog.=) c.casttarget \
JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) t.typnamespace \
JOIN pg_catalog.pg_proc p ON p.oid OPERATOR(pg_catalog.=) c.castfunc \
JOIN pg_catalog.pg_namespace f ON f.oid OPERATOR(pg_catalog.=) p.pronamespace \
LEFT JOIN pg_catalog.pg_depend d ON d.classid OPERATOR(pg_catalog.=) 'pg_catalog.pg_proc'::pg_catalog.regclass AND d.objid OPERATOR(pg_catalog.=) p.oid AND d.deptype OPERATOR(pg_catalog.=) 'e' \
LEFT JOIN pg_catalog.pg_extension e ON e.oid OPERATOR(pg_catalog.=) d.refobjid \
WHERE c.castfunc OPERATOR(pg_catalog.>=) 16384 \
ORDER BY c.oid";

/// Relations of every schema but the temporary ones and TOAST. System views have rules of
/// course; only those of plain tables matter.
pub(super) const RELATIONS: &str = "\
SELECT n.nspname, c.relname, c.relkind, c.relhasrules \
FROM pg_catalog.pg_class c \
JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace \
WHERE c.relkind OPERATOR(pg_catalog.=) ANY ('{r,p,v,m,f,S}'::pg_catalog.\"char\"[]) AND c.relpersistence OPERATOR(pg_catalog.<>) 't' \
AND n.nspname OPERATOR(pg_catalog.!~) '^pg_(temp|toast)' \
ORDER BY 1, 2, 3";

/// Tables that inherit from plain tables. A partition is written through its parent only.
pub(super) const INHERITS: &str = "\
SELECT pn.nspname, p.relname, cn.nspname, c.relname \
FROM pg_catalog.pg_inherits i \
JOIN pg_catalog.pg_class p ON p.oid OPERATOR(pg_catalog.=) i.inhparent AND p.relkind OPERATOR(pg_catalog.=) 'r' \
JOIN pg_catalog.pg_namespace pn ON pn.oid OPERATOR(pg_catalog.=) p.relnamespace \
JOIN pg_catalog.pg_class c ON c.oid OPERATOR(pg_catalog.=) i.inhrelid \
JOIN pg_catalog.pg_namespace cn ON cn.oid OPERATOR(pg_catalog.=) c.relnamespace \
ORDER BY 1, 2, 3, 4";

/// Every schema but the temporary ones and TOAST.
pub(super) const SCHEMAS: &str = "\
SELECT n.nspname FROM pg_catalog.pg_namespace n \
WHERE n.nspname OPERATOR(pg_catalog.!~) '^pg_(temp|toast)' ORDER BY 1";

/// A row that does not have the columns that were asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct BadRow;

/// One row's columns, read in order.
pub(super) struct Columns(std::vec::IntoIter<Option<String>>);

impl Columns {
    pub(super) fn optional(&mut self) -> Result<Option<String>, BadRow> {
        self.0.next().ok_or(BadRow)
    }

    pub(super) fn text(&mut self) -> Result<Box<str>, BadRow> {
        self.optional()?.map(Into::into).ok_or(BadRow)
    }

    pub(super) fn boxed(&mut self) -> Result<Option<Box<str>>, BadRow> {
        Ok(self.optional()?.map(Into::into))
    }

    pub(super) fn number(&mut self) -> Result<u32, BadRow> {
        self.text()?.parse().map_err(|_| BadRow)
    }

    fn maybe_number(&mut self) -> Result<Option<u32>, BadRow> {
        self.optional()?.map(|text| text.parse().map_err(|_| BadRow)).transpose()
    }

    fn numbers(&mut self) -> Result<Vec<u32>, BadRow> {
        let numbers = self.optional()?.unwrap_or_default();
        let numbers = numbers.split(',').filter(|number| !number.is_empty());
        numbers.map(|number| number.parse().map_err(|_| BadRow)).collect()
    }

    fn character(&mut self) -> Result<char, BadRow> {
        self.text()?.chars().next().ok_or(BadRow)
    }

    fn flag(&mut self) -> Result<bool, BadRow> {
        // A NULL is a comparison with a row that is not there.
        Ok(self.optional()?.as_deref() == Some("t"))
    }
}

/// The answers to the questions.
#[derive(Debug)]
pub(super) struct Answers {
    pub(super) server: Rows,
    pub(super) functions: Rows,
    pub(super) types: Rows,
    pub(super) operators: Rows,
    pub(super) casts: Rows,
    pub(super) relations: Rows,
    pub(super) uses: Rows,
    pub(super) texts: Rows,
    pub(super) foreign: Rows,
    pub(super) inherits: Rows,
    pub(super) schemas: Rows,
    pub(super) fired: Rows,
}

impl Answers {
    pub(super) fn snapshot(self) -> Result<Snapshot, BadRow> {
        let server = self.server.into_iter().next().ok_or(BadRow)?;
        let [Some(version), Some(encoding)] = server.as_slice() else { return Err(BadRow) };
        let version: u32 = version.parse().map_err(|_| BadRow)?;
        Ok(Snapshot {
            major: u16::try_from(version / 10_000).map_err(|_| BadRow)?,
            other_encoding: encoding != "UTF8",
            functions: each(self.functions, function)?,
            types: each(self.types, type_row)?,
            operators: each(self.operators, operator)?,
            casts: each(self.casts, cast)?,
            relations: each(self.relations, relation)?,
            source: Source {
                uses: each(self.uses, used)?,
                texts: each(self.texts, text_of)?,
                foreign: each(self.foreign, foreign)?,
                fired: each(self.fired, super::fired::fired)?,
            },
            inherits: each(self.inherits, inherits)?,
            schemas: each(self.schemas, Columns::text)?,
        })
    }
}

fn each<T>(rows: Rows, read: fn(&mut Columns) -> Result<T, BadRow>) -> Result<Vec<T>, BadRow> {
    rows.into_iter().map(|row| read(&mut Columns(row.into_iter()))).collect()
}

fn function(row: &mut Columns) -> Result<Function, BadRow> {
    Ok(Function {
        schema: row.text()?,
        name: row.text()?,
        extension: row.boxed()?,
        takes_row: row.flag()?,
        takes_one: row.flag()?,
        oid: row.number()?,
        kind: row.character()?,
        arguments: row.text()?,
        language: row.text()?,
        body: row.boxed()?.unwrap_or_default(),
        standard: row.flag()?,
        security_definer: row.flag()?,
        settings: row
            .optional()?
            .map(|all| all.lines().map(Into::into).collect())
            .unwrap_or_default(),
        trigger: row.flag()?,
        defaults: row.boxed()?.unwrap_or_default(),
        types: row.numbers()?,
        symbol: row.text()?,
        immutable: row.flag()?,
    })
}

fn used(row: &mut Columns) -> Result<Use, BadRow> {
    let (kind, oid) = (row.text()?, row.number()?);
    let owner = match &*kind {
        "f" => Owner::Function(oid),
        "o" => Owner::Operator(oid),
        "t" => Owner::Type(oid),
        _ => return Err(BadRow),
    };
    Ok(Use { owner, function: row.number()?, builtin: row.boxed()? })
}

fn text_of(row: &mut Columns) -> Result<Text, BadRow> {
    let (kind, schema, relation) = (row.text()?, row.text()?, row.text()?);
    let (oid, label) = (row.number()?, row.text()?);
    let of = match &*kind {
        "v" => TextOf::View { schema, name: relation },
        "p" => TextOf::Policy { schema, name: relation },
        "d" => TextOf::Domain(oid),
        _ => return Err(BadRow),
    };
    // A NULL is of an object that is just being dropped.
    Ok(Text { of, label, sql: row.boxed()?.unwrap_or_default() })
}

fn foreign(row: &mut Columns) -> Result<Foreign, BadRow> {
    Ok(Foreign {
        schema: row.text()?,
        name: row.text()?,
        table: format!("{}.{}", row.text()?, row.text()?).into(),
        wrapper: row.text()?,
        handler: row.number()?,
        program: row.flag()?,
    })
}

fn type_row(row: &mut Columns) -> Result<Type, BadRow> {
    let (oid, schema, name, extension) = (row.number()?, row.text()?, row.text()?, row.boxed()?);
    let kind = row.text()?;
    let element = row.maybe_number()?;
    let base = row.number()?;
    let checked = row.flag()?;
    let subtype = row.maybe_number()?;
    let parts = row.numbers()?;
    let shape = match (&*kind, element, subtype) {
        ("b", Some(element), _) => Shape::Array(element),
        ("b", None, _) => Shape::Base,
        ("c", ..) => Shape::Composite(parts),
        ("d", ..) => Shape::Domain { base, checked },
        ("e", ..) => Shape::Enum,
        ("r" | "m", _, Some(subtype)) => Shape::Range(subtype),
        _ => Shape::Other,
    };
    Ok(Type { oid, schema, name, extension, shape })
}

fn operator(row: &mut Columns) -> Result<Operator, BadRow> {
    Ok(Operator {
        schema: row.text()?,
        name: row.text()?,
        extension: row.boxed()?,
        oid: row.number()?,
    })
}

fn cast(row: &mut Columns) -> Result<Cast, BadRow> {
    Ok(Cast {
        source: row.number()?,
        to: row.number()?,
        schema: row.text()?,
        target: row.text()?,
        implicit: row.flag()?,
        assigned: row.flag()?,
        function: (row.text()?, row.text()?),
        extension: row.boxed()?,
    })
}

fn relation(row: &mut Columns) -> Result<Relation, BadRow> {
    let (schema, name, kind) = (row.text()?, row.text()?, row.text()?);
    let kind = kind.chars().next().ok_or(BadRow)?;
    Ok(Relation { schema, name, kind, rules: row.flag()? && matches!(kind, 'r' | 'p') })
}

fn inherits(row: &mut Columns) -> Result<Inherits, BadRow> {
    Ok(Inherits { parent: (row.text()?, row.text()?), child: (row.text()?, row.text()?) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(columns: &[&str]) -> Vec<Option<String>> {
        columns.iter().map(|c| (*c != "NULL").then(|| (*c).to_owned())).collect()
    }

    #[test]
    fn rows_become_a_snapshot_or_an_error() {
        let answers = |types: Rows| Answers {
            server: vec![row(&["150018", "UTF8"])],
            functions: vec![
                row(&[
                    "public",
                    "f",
                    "NULL",
                    "t",
                    "t",
                    "20100",
                    "f",
                    "t public.orders",
                    "sql",
                    "SELECT 1",
                    "f",
                    "t",
                    "search_path=public\nwork_mem=1MB",
                    "f",
                    "1, 2",
                    "20003,20004",
                    "",
                    "t",
                ]),
                row(&[
                    "public",
                    "g",
                    "hstore",
                    "NULL",
                    "f",
                    "20101",
                    "a",
                    "",
                    "internal",
                    "",
                    "f",
                    "f",
                    "NULL",
                    "f",
                    "NULL",
                    "NULL",
                    "gin_x lib",
                    "f",
                ]),
            ],
            types,
            operators: vec![row(&["public", "===", "NULL", "20200"])],
            casts: vec![row(&[
                "20001",
                "25",
                "pg_catalog",
                "text",
                "t",
                "f",
                "public",
                "f",
                "NULL",
            ])],
            relations: vec![row(&["public", "orders", "r", "f"]), row(&["public", "v", "v", "t"])],
            uses: vec![row(&["o", "20200", "65", "int4eq"]), row(&["t", "20003", "20100", "NULL"])],
            texts: vec![
                row(&["d", "", "", "20003", "email_check", "(VALUE <> '')"]),
                row(&["v", "public", "v", "0", "query", " SELECT 1"]),
            ],
            foreign: vec![row(&["public", "p", "public", "remote", "file_fdw", "20102", "t"])],
            inherits: vec![row(&["public", "orders", "old", "orders"])],
            schemas: vec![row(&["old"]), row(&["public"])],
            fired: vec![
                row(&[
                    "public",
                    "orders",
                    "3",
                    "trigger t",
                    "f",
                    "20100",
                    "olds\nnews",
                    "NULL",
                    "NULL",
                    "NULL",
                    "NULL",
                ]),
                row(&[
                    "public",
                    "orders",
                    "2",
                    "foreign key k",
                    "u",
                    "0",
                    "NULL",
                    "public",
                    "items",
                    "id",
                    "order_id",
                ]),
            ],
        };
        let types = vec![
            row(&["20001", "public", "mood", "NULL", "e", "NULL", "0", "f", "NULL", "NULL"]),
            row(&["20002", "public", "_mood", "NULL", "b", "20001", "0", "f", "NULL", "NULL"]),
            row(&["20003", "public", "email", "NULL", "d", "NULL", "25", "t", "NULL", "NULL"]),
            row(&[
                "20004",
                "public",
                "orders",
                "NULL",
                "c",
                "NULL",
                "0",
                "f",
                "NULL",
                "20001,20003",
            ]),
            row(&["20005", "public", "spans", "NULL", "m", "NULL", "0", "f", "20001", "NULL"]),
        ];
        let snapshot = answers(types).snapshot().expect("snapshot");
        assert_eq!(snapshot.major, 15);
        assert!(snapshot.functions[0].takes_row && !snapshot.functions[1].takes_row);
        let [f, g] = &snapshot.functions[..] else { panic!("two functions") };
        assert!(f.security_definer && !g.security_definer && g.kind == 'a');
        assert_eq!(
            (&*f.language, f.settings.len(), &f.types[..]),
            ("sql", 2, &[20_003, 20_004][..])
        );
        assert_eq!(snapshot.source.uses[0].builtin.as_deref(), Some("int4eq"));
        assert!(snapshot.source.foreign[0].program);
        let shapes: Vec<_> = snapshot.types.iter().map(|t| t.shape.clone()).collect();
        assert_eq!(
            shapes,
            [
                Shape::Enum,
                Shape::Array(20_001),
                Shape::Domain { base: 25, checked: true },
                Shape::Composite(vec![20_001, 20_003]),
                Shape::Range(20_001),
            ]
        );
        assert!(!snapshot.relations[1].rules);
        assert!(snapshot.casts[0].implicit);
        assert_eq!(&*snapshot.inherits[0].child.0, "old");
        assert_eq!(snapshot.schemas.len(), 2);
        for bad in [row(&["x", "public"]), row(&["20001"]), row(&[])] {
            assert_eq!(answers(vec![bad]).snapshot(), Err(BadRow));
        }
    }
}
