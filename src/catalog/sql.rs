//! What is asked of the upstream's catalogue, and how the answers are read. One text each for
//! PostgreSQL 14 to 18. Every name is qualified: the answers must not depend on search_path.

use crate::catalog::Rows;
use crate::policy::catalogue::{
    Cast, Function, Inherits, Operator, Relation, Shape, Snapshot, Type,
};

/// A value that changes whenever a function, type, operator, relation, schema or extension is
/// made, altered or dropped: row versions of the catalogues, hashed. Much cheaper than loading.
pub(super) const VERSION: &str = "\
SELECT pg_catalog.concat_ws('/', \
 (SELECT pg_catalog.concat(pg_catalog.count(*), ':', pg_catalog.sum(pg_catalog.hashtextextended(pg_catalog.concat(xmin::pg_catalog.text, ':', oid), 0)::pg_catalog.numeric)) FROM pg_catalog.pg_proc WHERE oid OPERATOR(pg_catalog.>=) 16384), \
 (SELECT pg_catalog.concat(pg_catalog.count(*), ':', pg_catalog.sum(pg_catalog.hashtextextended(pg_catalog.concat(xmin::pg_catalog.text, ':', oid), 0)::pg_catalog.numeric)) FROM pg_catalog.pg_type WHERE oid OPERATOR(pg_catalog.>=) 16384), \
 (SELECT pg_catalog.concat(pg_catalog.count(*), ':', pg_catalog.sum(pg_catalog.hashtextextended(pg_catalog.concat(xmin::pg_catalog.text, ':', oid), 0)::pg_catalog.numeric)) FROM pg_catalog.pg_operator WHERE oid OPERATOR(pg_catalog.>=) 16384), \
 (SELECT pg_catalog.concat(pg_catalog.count(*), ':', pg_catalog.sum(pg_catalog.hashtextextended(pg_catalog.concat(oid, ':', relname, ':', relnamespace, ':', relkind, ':', relhasrules), 0)::pg_catalog.numeric)) FROM pg_catalog.pg_class WHERE relpersistence OPERATOR(pg_catalog.<>) 't'), \
 (SELECT pg_catalog.concat(pg_catalog.count(*), ':', pg_catalog.sum(pg_catalog.hashtextextended(pg_catalog.concat(xmin::pg_catalog.text, ':', oid), 0)::pg_catalog.numeric)) FROM pg_catalog.pg_constraint WHERE contypid OPERATOR(pg_catalog.<>) 0), \
 (SELECT pg_catalog.concat(pg_catalog.count(*), ':', pg_catalog.sum(pg_catalog.hashtextextended(pg_catalog.concat(xmin::pg_catalog.text, ':', oid), 0)::pg_catalog.numeric)) FROM pg_catalog.pg_namespace WHERE nspname OPERATOR(pg_catalog.!~) '^pg_(temp|toast)'), \
 (SELECT pg_catalog.concat(pg_catalog.count(*), ':', pg_catalog.sum(pg_catalog.hashtextextended(pg_catalog.concat(xmin::pg_catalog.text, ':', oid), 0)::pg_catalog.numeric)) FROM pg_catalog.pg_cast WHERE oid OPERATOR(pg_catalog.>=) 16384), \
 (SELECT pg_catalog.concat(pg_catalog.count(*), ':', pg_catalog.sum(pg_catalog.hashtextextended(pg_catalog.concat(xmin::pg_catalog.text, ':', oid), 0)::pg_catalog.numeric)) FROM pg_catalog.pg_extension), \
 (SELECT pg_catalog.concat(pg_catalog.count(*), ':', pg_catalog.sum(pg_catalog.hashtextextended(pg_catalog.concat(inhrelid, ':', inhparent), 0)::pg_catalog.numeric)) FROM pg_catalog.pg_inherits))";

/// The server's version number (150018).
pub(super) const MAJOR: &str = "SELECT pg_catalog.current_setting('server_version_num')";

/// Functions, procedures and aggregates that are not PostgreSQL's own.
pub(super) const FUNCTIONS: &str = "\
SELECT n.nspname, p.proname, e.extname, \
 p.pronargs OPERATOR(pg_catalog.>=) 1 AND p.pronargs OPERATOR(pg_catalog.-) p.pronargdefaults OPERATOR(pg_catalog.<=) 1 \
 AND (t.typtype OPERATOR(pg_catalog.=) 'c' OR b.typtype OPERATOR(pg_catalog.=) 'c' OR t.typtype OPERATOR(pg_catalog.=) 'p' OR p.provariadic OPERATOR(pg_catalog.<>) 0), \
 p.pronargs OPERATOR(pg_catalog.>=) 1 AND p.pronargs OPERATOR(pg_catalog.-) p.pronargdefaults OPERATOR(pg_catalog.<=) 1 \
FROM pg_catalog.pg_proc p \
JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) p.pronamespace \
LEFT JOIN pg_catalog.pg_type t ON p.pronargs OPERATOR(pg_catalog.>=) 1 AND t.oid OPERATOR(pg_catalog.=) p.proargtypes[0] \
LEFT JOIN pg_catalog.pg_type b ON b.oid OPERATOR(pg_catalog.=) t.typbasetype \
LEFT JOIN pg_catalog.pg_depend d ON d.classid OPERATOR(pg_catalog.=) 'pg_catalog.pg_proc'::pg_catalog.regclass AND d.objid OPERATOR(pg_catalog.=) p.oid AND d.deptype OPERATOR(pg_catalog.=) 'e' \
LEFT JOIN pg_catalog.pg_extension e ON e.oid OPERATOR(pg_catalog.=) d.refobjid \
WHERE p.oid OPERATOR(pg_catalog.>=) 16384 AND n.nspname OPERATOR(pg_catalog.!~) '^pg_temp_' \
ORDER BY 1, 2, 3, 4, p.oid";

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
SELECT n.nspname, o.oprname, e.extname \
FROM pg_catalog.pg_operator o \
JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) o.oprnamespace \
LEFT JOIN pg_catalog.pg_depend d ON d.classid OPERATOR(pg_catalog.=) 'pg_catalog.pg_operator'::pg_catalog.regclass AND d.objid OPERATOR(pg_catalog.=) o.oid AND d.deptype OPERATOR(pg_catalog.=) 'e' \
LEFT JOIN pg_catalog.pg_extension e ON e.oid OPERATOR(pg_catalog.=) d.refobjid \
WHERE o.oid OPERATOR(pg_catalog.>=) 16384 \
ORDER BY 1, 2, 3, o.oid";

/// Casts with a function that is not PostgreSQL's own.
pub(super) const CASTS: &str = "\
SELECT c.castsource, c.casttarget, n.nspname, t.typname, c.castcontext OPERATOR(pg_catalog.=) 'i', f.nspname, p.proname, e.extname \
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
struct Columns(std::vec::IntoIter<Option<String>>);

impl Columns {
    fn optional(&mut self) -> Result<Option<String>, BadRow> {
        self.0.next().ok_or(BadRow)
    }

    fn text(&mut self) -> Result<Box<str>, BadRow> {
        self.optional()?.map(Into::into).ok_or(BadRow)
    }

    fn boxed(&mut self) -> Result<Option<Box<str>>, BadRow> {
        Ok(self.optional()?.map(Into::into))
    }

    fn number(&mut self) -> Result<u32, BadRow> {
        self.text()?.parse().map_err(|_| BadRow)
    }

    fn maybe_number(&mut self) -> Result<Option<u32>, BadRow> {
        self.optional()?.map(|text| text.parse().map_err(|_| BadRow)).transpose()
    }

    fn flag(&mut self) -> Result<bool, BadRow> {
        // A NULL is a comparison with a row that is not there.
        Ok(self.optional()?.as_deref() == Some("t"))
    }
}

/// The answers to the questions.
#[derive(Debug)]
pub(super) struct Answers {
    pub(super) major: Rows,
    pub(super) functions: Rows,
    pub(super) types: Rows,
    pub(super) operators: Rows,
    pub(super) casts: Rows,
    pub(super) relations: Rows,
    pub(super) inherits: Rows,
    pub(super) schemas: Rows,
}

impl Answers {
    pub(super) fn snapshot(self) -> Result<Snapshot, BadRow> {
        let version: u32 = self
            .major
            .into_iter()
            .next()
            .and_then(|row| row.into_iter().next().flatten())
            .and_then(|text| text.parse().ok())
            .ok_or(BadRow)?;
        Ok(Snapshot {
            major: u16::try_from(version / 10_000).map_err(|_| BadRow)?,
            functions: each(self.functions, function)?,
            types: each(self.types, type_row)?,
            operators: each(self.operators, operator)?,
            casts: each(self.casts, cast)?,
            relations: each(self.relations, relation)?,
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
    })
}

fn type_row(row: &mut Columns) -> Result<Type, BadRow> {
    let (oid, schema, name, extension) = (row.number()?, row.text()?, row.text()?, row.boxed()?);
    let kind = row.text()?;
    let element = row.maybe_number()?;
    let base = row.number()?;
    let checked = row.flag()?;
    let subtype = row.maybe_number()?;
    let parts = row.optional()?.unwrap_or_default();
    let parts = parts.split(',').filter(|part| !part.is_empty());
    let parts: Vec<u32> = parts.map(str::parse).collect::<Result<_, _>>().map_err(|_| BadRow)?;
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
    Ok(Operator { schema: row.text()?, name: row.text()?, extension: row.boxed()? })
}

fn cast(row: &mut Columns) -> Result<Cast, BadRow> {
    Ok(Cast {
        source: row.number()?,
        to: row.number()?,
        schema: row.text()?,
        target: row.text()?,
        implicit: row.flag()?,
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
            major: vec![row(&["150018"])],
            functions: vec![
                row(&["public", "f", "NULL", "t", "t"]),
                row(&["public", "g", "hstore", "NULL", "f"]),
            ],
            types,
            operators: vec![row(&["public", "===", "NULL"])],
            casts: vec![row(&["20001", "25", "pg_catalog", "text", "t", "public", "f", "NULL"])],
            relations: vec![row(&["public", "orders", "r", "f"]), row(&["public", "v", "v", "t"])],
            inherits: vec![row(&["public", "orders", "old", "orders"])],
            schemas: vec![row(&["old"]), row(&["public"])],
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
        assert_eq!(&*snapshot.inherits[0].child.0, "old");
        assert_eq!(snapshot.schemas.len(), 2);
        assert!(snapshot.casts[0].implicit && !snapshot.casts[0].reviewed());
        for bad in [row(&["x", "public"]), row(&["20001"]), row(&[])] {
            assert_eq!(answers(vec![bad]).snapshot(), Err(BadRow));
        }
    }
}
