//! What runs when a table is written, maintained or defined anew: asked of the upstream's
//! catalogue in one question. The bits of `occasions` are those of [`Occasions`].

use super::sql::{BadRow, Columns};
use crate::policy::reach::{Fired, Occasions, Runs};
use crate::sql::facts::Verb;

/// Of a trigger's `tgtype` (`catalog/pg_trigger.h`), as bits of [`Occasions`].
macro_rules! occasions {
    () => {
        "((t.tgtype::int4 >> 2) & 1) + ((t.tgtype::int4 >> 4) & 1) * 2 + ((t.tgtype::int4 >> 3) & 1) * 4 + ((t.tgtype::int4 >> 5) & 1) * 8 + CASE WHEN t.tgtype & 1 = 1 AND t.tgtype & 12 <> 0 THEN 512 ELSE 0 END"
    };
}

/// Names of some columns, a line each.
macro_rules! columns {
    ($relation:literal, $numbers:literal) => {
        concat!(
            "(SELECT string_agg(a.attname, E'\\n') FROM pg_attribute a WHERE a.attrelid = ",
            $relation,
            " AND a.attnum = ANY (",
            $numbers,
            "))"
        )
    };
}

/// Triggers, the expressions that a row is made or checked with, foreign keys that pass a write
/// on, partitions, event triggers. Constants are left out, since nothing of them runs.
pub(super) const FIRED: &str = concat!(
    "SELECT coalesce(n.nspname, ''), coalesce(c.relname, ''), x.occasions, x.label, x.kind, x.function, x.text, tn.nspname, t.relname, x.keys, x.columns FROM ( ",
    "SELECT t.tgrelid AS relation, ",
    occasions!(),
    " AS occasions, 'trigger ' || t.tgname AS label, 'f' AS kind, t.tgfoid::oid AS function, concat_ws(E'\\n', t.tgoldtable, t.tgnewtable) AS text, 0::oid AS target, NULL AS keys, NULL AS columns \
      FROM pg_trigger t WHERE t.tgfoid >= 16384 AND t.tgenabled IN ('O', 'A') \
     UNION ALL SELECT t.tgrelid, ",
    occasions!(),
    ", 'trigger ' || t.tgname, 't', 0, coalesce(substring(pg_get_triggerdef(t.oid) from 'FOR EACH (?:ROW|STATEMENT) WHEN ([(].*[)]) EXECUTE (?:FUNCTION|PROCEDURE) '), 'unread WHEN'), 0, NULL, NULL \
      FROM pg_trigger t WHERE t.tgqual IS NOT NULL AND t.tgenabled IN ('O', 'A') \
     UNION ALL SELECT * FROM (SELECT d.adrelid, CASE a.attgenerated WHEN '' THEN 35 ELSE 291 END, CASE a.attgenerated WHEN '' THEN 'the default of ' ELSE 'the generated column ' END || a.attname, 't', 0, pg_get_expr(d.adbin, d.adrelid) AS text, 0, NULL, NULL \
      FROM pg_attrdef d JOIN pg_attribute a ON a.attrelid = d.adrelid AND a.attnum = d.adnum WHERE d.adrelid >= 16384) d \
      WHERE d.text ~ '[^ (][(]|[.]' AND d.text !~ '^nextval[(]''[^'']*''::regclass[)]$' \
     UNION ALL SELECT a.attrelid, 35, 'the default of ' || t.typname, 't', 0, pg_get_expr(t.typdefaultbin, 0), 0, NULL, NULL \
      FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid WHERE t.oid >= 16384 AND t.typdefaultbin IS NOT NULL AND a.attnum > 0 AND NOT a.attisdropped \
     UNION ALL SELECT * FROM (SELECT k.conrelid, 291, 'the CHECK ' || k.conname, 't', 0, pg_get_expr(k.conbin, k.conrelid) AS text, 0, NULL, NULL \
      FROM pg_constraint k WHERE k.contype = 'c' AND k.conrelid >= 16384) k WHERE k.text ~ '[^ (][(]|[.]|::' \
     UNION ALL SELECT i.indrelid, 307, 'index ' || c.relname, 't', 0, concat_ws(', ', pg_get_expr(i.indexprs, i.indrelid), pg_get_expr(i.indpred, i.indrelid)), 0, NULL, NULL \
      FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid WHERE (i.indexprs IS NOT NULL OR i.indpred IS NOT NULL) AND i.indrelid >= 16384 \
     UNION SELECT i.indrelid, 51, 'index ' || c.relname, 'b', f.function, NULL, 0, NULL, NULL \
      FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid, unnest(i.indclass::oid[]) o, pg_opclass p, \
       (SELECT a.amprocfamily AS family, a.amproc::oid AS function FROM pg_amproc a WHERE a.oid >= 16384 UNION SELECT a.amopfamily, r.oprcode::oid FROM pg_amop a JOIN pg_operator r ON r.oid = a.amopopr WHERE a.oid >= 16384) f \
      WHERE p.oid = o AND p.oid >= 16384 AND f.family = p.opcfamily AND f.function >= 16384 \
       AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.classid = 'pg_proc'::regclass AND d.objid = f.function AND d.deptype = 'e') \
     UNION SELECT p.partrelid, 259, 'the partition key', 'b', f.function, NULL, 0, NULL, NULL \
      FROM pg_partitioned_table p, unnest(p.partclass::oid[]) o JOIN pg_opclass k ON k.oid = o, \
       (SELECT a.amprocfamily AS family, a.amproc::oid AS function FROM pg_amproc a UNION SELECT a.amopfamily, r.oprcode::oid FROM pg_amop a JOIN pg_operator r ON r.oid = a.amopopr) f \
      WHERE k.oid >= 16384 AND f.family = k.opcfamily AND f.function >= 16384 \
       AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.classid = 'pg_proc'::regclass AND d.objid = f.function AND d.deptype = 'e') \
     UNION ALL SELECT p.partrelid, 259, 'the partition key', 't', 0, pg_get_expr(p.partexprs, p.partrelid), 0, NULL, NULL \
      FROM pg_partitioned_table p WHERE p.partexprs IS NOT NULL \
     UNION ALL SELECT p.polrelid, CASE p.polcmd WHEN 'a' THEN 1 WHEN 'w' THEN 2 WHEN 'd' THEN 4 ELSE 7 END, 'policy ' || p.polname, 't', 0, concat_ws(', ', pg_get_expr(p.polqual, p.polrelid), pg_get_expr(p.polwithcheck, p.polrelid)), 0, NULL, NULL \
      FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid WHERE c.relrowsecurity \
     UNION ALL SELECT s.stxrelid, 272, 'statistics ' || s.stxname, 't', 0, pg_get_expr(s.stxexprs, s.stxrelid), 0, NULL, NULL \
      FROM pg_statistic_ext s WHERE s.stxexprs IS NOT NULL \
     UNION ALL SELECT c.oid, 16, 'its query', 'q', 0, pg_get_viewdef(c.oid), 0, NULL, NULL \
      FROM pg_class c WHERE c.relkind = 'm' AND c.oid >= 16384 \
     UNION ALL SELECT k.confrelid, CASE WHEN current_setting('server_version_num')::int < 150000 THEN 516 ELSE 4 END, 'foreign key ' || k.conname, CASE k.confdeltype WHEN 'c' THEN 'd' ELSE 'u' END, 0, NULL, k.conrelid, NULL, ",
    columns!("k.conrelid", "k.conkey"),
    " FROM pg_constraint k WHERE k.contype = 'f' AND k.confdeltype IN ('c', 'n', 'd') AND NOT EXISTS (SELECT 1 FROM pg_constraint up WHERE up.oid = k.conparentid AND up.confrelid = k.confrelid) \
     UNION ALL SELECT k.confrelid, 2, 'foreign key ' || k.conname, 'u', 0, NULL, k.conrelid, ",
    columns!("k.confrelid", "k.confkey"),
    ", ",
    columns!("k.conrelid", "k.conkey"),
    " FROM pg_constraint k WHERE k.contype = 'f' AND k.confupdtype IN ('c', 'n', 'd') AND NOT EXISTS (SELECT 1 FROM pg_constraint up WHERE up.oid = k.conparentid AND up.confrelid = k.confrelid) \
     UNION ALL SELECT i.inhparent, 62, '', 'h', 0, NULL, i.inhrelid, NULL, NULL \
      FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhparent WHERE c.relkind = 'r' \
     UNION ALL SELECT i.inhparent, 63, '', 'p', 0, NULL, i.inhrelid, CASE WHEN 0 = ANY (p.partattrs::int2[]) \
       OR EXISTS (SELECT 1 FROM pg_trigger t WHERE t.tgrelid IN (SELECT l.relid FROM pg_partition_tree(i.inhrelid) l) AND t.tgtype & 19 = 19 AND t.tgenabled <> 'D') \
      THEN NULL ELSE ",
    columns!("i.inhparent", "p.partattrs::int2[]"),
    " END, NULL FROM pg_inherits i JOIN pg_partitioned_table p ON p.partrelid = i.inhparent \
     UNION ALL SELECT i.indexrelid, 0, '', 'i', 0, NULL, i.indrelid, NULL, NULL FROM pg_index i WHERE i.indrelid >= 16384 \
     UNION ALL SELECT 0, 64, 'event trigger ' || e.evtname, 'f', e.evtfoid::oid, NULL, 0, NULL, NULL \
      FROM pg_event_trigger e WHERE e.evtfoid >= 16384 AND e.evtenabled IN ('O', 'A') AND e.evtevent <> 'login' \
     UNION ALL SELECT 0, 128, 'operator class ' || p.opcname, 'b', a.amproc::oid, NULL, 0, NULL, NULL \
      FROM pg_opclass p JOIN pg_amproc a ON a.amprocfamily = p.opcfamily AND a.amproclefttype = p.opcintype \
      WHERE p.opcdefault AND p.oid >= 16384 AND p.opcintype < 16384 AND a.amproc >= 16384 \
     ) x LEFT JOIN pg_class c ON c.oid = x.relation LEFT JOIN pg_namespace n ON n.oid = c.relnamespace \
     LEFT JOIN pg_class t ON t.oid = x.target LEFT JOIN pg_namespace tn ON tn.oid = t.relnamespace \
     WHERE x.relation = 0 OR (c.relpersistence <> 't' AND n.nspname !~ '^pg_(temp|toast)') \
     ORDER BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11"
);

/// One row of the answer.
pub(super) fn fired(row: &mut Columns) -> Result<Fired, BadRow> {
    let (schema, name) = (row.text()?, row.text()?);
    let occasions = Occasions(u16::try_from(row.number()?).map_err(|_| BadRow)?);
    let (label, kind, function) = (row.text()?, row.text()?, row.number()?);
    let (text, to_schema, to_name) = (row.boxed()?, row.boxed()?, row.boxed()?);
    let (keys, columns) = (lines(row.optional()?), lines(row.optional()?));
    let target = || Ok((to_schema.clone().ok_or(BadRow)?, to_name.clone().ok_or(BadRow)?));
    let runs = match &*kind {
        "f" => Runs::Function { oid: function, transition: lines(text.map(Into::into)) },
        "b" => Runs::Beneath(function),
        // A NULL is of an object that is just being dropped.
        "t" => Runs::Expression(text.unwrap_or_default()),
        "q" => Runs::Query(text.unwrap_or_default()),
        "d" | "u" => {
            let verb = if &*kind == "d" { Verb::Delete } else { Verb::Update };
            Runs::Cascade { verb, to: target()?, keys, columns }
        }
        "p" => Runs::Partition { to: target()?, keys },
        "h" => Runs::Heir(target()?),
        "i" => Runs::Index(target()?),
        _ => return Err(BadRow),
    };
    Ok(Fired { schema, name, occasions, label, runs })
}

fn lines(text: Option<String>) -> Vec<Box<str>> {
    text.map(|text| text.lines().map(Into::into).collect()).unwrap_or_default()
}
