//! Which types a text may name, and which its parameters may have. A cast, a typed literal, and
//! Bind itself run the type's input function and, for a domain, its CHECK.

use crate::policy::catalogue::{Cast, Catalogue, FIRST_USER_OID, Type};
use crate::policy::functions::Functions;
use crate::policy::reach::{Node, client};
use crate::policy::reason::Reason;
use crate::sql::facts::{Name, Statement};

/// Pseudo-types by OID (`pg_type.dat`, 14 to 18), less `unknown` (705), which drivers send for
/// "you say".
const PSEUDO_TYPES: &[u32] = &[
    32, 269, 325, 1263, 2249, 2275, 2276, 2277, 2278, 2279, 2280, 2281, 2283, 2287, 2776, 3115,
    3310, 3500, 3831, 3838, 4537, 4538, 5077, 5078, 5079, 5080,
];

/// Types of pg_catalog that are in every statement's reach.
const BUILTIN: &str = "aclitem any anyarray anycompatible anycompatiblearray anyelement anyenum \
    anyrange bit bool box bpchar bytea char cid cidr circle cstring date datemultirange daterange \
    float4 float8 gtsvector inet int2 int2vector int4 int4multirange int4range int8 \
    int8multirange int8range interval json jsonb jsonpath line lseg macaddr macaddr8 money name \
    numeric nummultirange numrange oid oid8 oidvector path pg_brin_bloom_summary \
    pg_brin_minmax_multi_summary pg_dependencies pg_lsn pg_mcv_list pg_ndistinct pg_node_tree \
    pg_snapshot point polygon record refcursor regclass regcollation regconfig regdatabase \
    regdictionary regnamespace regoper regoperator regproc regprocedure regrole regtype text tid \
    time timestamp timestamptz timetz tsmultirange tsquery tsrange tstzmultirange tstzrange \
    tsvector txid_snapshot unknown uuid varbit varchar void xid xid8 xml";

/// Judges a type as named; an unqualified name is every type of that name.
pub(crate) fn named(
    name: &Name,
    catalogue: &Catalogue,
    functions: &Functions,
) -> Result<(), Reason> {
    for at in catalogue.types_at(name) {
        client::judge(Node::Type(at), catalogue, functions)?;
    }
    if is_known(name, catalogue) {
        return Ok(());
    }
    Err(Reason::Type { name: name.to_string(), why: "no such type is known" })
}

/// What a column's definition may say for an integer with a sequence of its own, in the table's
/// schema (`transformColumnDefinition` of `parse_utilcmd.c`); anywhere else the server knows no
/// such type.
const SERIAL: [&str; 6] = ["bigserial", "serial", "serial2", "serial4", "serial8", "smallserial"];

/// Whether there is a type of the name.
pub(crate) fn is_known(name: &Name, catalogue: &Catalogue) -> bool {
    let builtin = match name.schema.as_deref() {
        None => builtin(&name.name) || SERIAL.contains(&&*name.name),
        Some("pg_catalog") => builtin(&name.name),
        Some("information_schema") => true,
        Some(_) => false,
    };
    // The row type of a system relation: pg_class as a type, harmless as its columns are.
    builtin
        || catalogue.types(name).next().is_some()
        || catalogue.relations(name).any(|r| is_system(&r.schema))
}

/// Types of the database that values of a statement can have: those of the relations that it
/// reads, and those that it names.
fn values<'a>(
    statement: &'a Statement,
    catalogue: &'a Catalogue,
) -> impl Iterator<Item = &'a Type> {
    let named = statement.types.iter().chain(&statement.reads);
    named.flat_map(|name| catalogue.types(name))
}

/// The casts that a statement may make and that call a function of the database. One between two
/// built-in types is made by every statement, unless it must be written.
pub(crate) fn casts<'a>(
    statement: &'a Statement,
    catalogue: &'a Catalogue,
) -> impl Iterator<Item = &'a Cast> {
    let reached = move |oid: u32| {
        oid < FIRST_USER_OID || values(statement, catalogue).any(|of| catalogue.holds(of.oid, oid))
    };
    catalogue.casts().filter(move |cast| {
        let written = || {
            statement.types.iter().any(|of| {
                of.name == cast.target && of.schema.as_ref().is_none_or(|s| *s == cast.schema)
            })
        };
        let assigned = cast.assigned && !statement.writes.is_empty();
        (written() || ((cast.implicit || assigned) && reached(cast.to))) && reached(cast.source)
    })
}

/// Judges the parameter types of a Parse message; 0 leaves the choice to the server.
pub(crate) fn parameters(
    oids: &[u32],
    catalogue: &Catalogue,
    functions: &Functions,
) -> Result<(), Reason> {
    for (index, &oid) in oids.iter().enumerate() {
        let why = if PSEUDO_TYPES.contains(&oid) {
            "it is a pseudo-type".to_owned()
        } else if oid < FIRST_USER_OID {
            continue;
        } else {
            match catalogue.type_at(oid) {
                None => "no such type is known".to_owned(),
                Some(at) => match catalogue.refused(Node::Type(at), functions) {
                    None => continue,
                    Some(found) => found.chain.clone(),
                },
            }
        };
        return Err(Reason::ParameterType { number: index + 1, oid, why });
    }
    Ok(())
}

/// A built-in type, or its array by the server's own name (`_int4`).
pub(crate) fn builtin(name: &str) -> bool {
    let is = |name: &str| BUILTIN.split_ascii_whitespace().any(|builtin| builtin == name);
    is(name) || name.strip_prefix('_').is_some_and(is)
}

fn is_system(schema: &str) -> bool {
    matches!(schema, "pg_catalog" | "information_schema")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::catalogue::{Relation, Shape, Snapshot};

    #[test]
    fn types_are_judged_by_every_type_of_the_name() {
        let user = |oid, schema: &str, name: &str, shape| Type {
            oid,
            schema: schema.into(),
            name: name.into(),
            extension: None,
            shape,
        };
        let functions = Functions::new(&[], &[]).expect("none");
        let catalogue = Catalogue::new(Snapshot {
            types: vec![
                user(20_001, "public", "mood", Shape::Enum),
                user(20_002, "public", "email", Shape::Domain { base: 25, checked: true }),
                user(20_003, "evil", "text", Shape::Domain { base: 25, checked: true }),
            ],
            relations: vec![Relation {
                schema: "pg_catalog".into(),
                name: "pg_class".into(),
                kind: 'r',
                rules: false,
            }],
            ..Snapshot::default()
        });
        for (schema, name, passes) in [
            (Some("pg_catalog"), "int4", true),
            (Some("pg_catalog"), "text", true),
            (None, "_int4", true),
            (None, "regclass", true),
            (None, "mood", true),
            (Some("public"), "mood", true),
            (None, "email", false),
            (None, "text", false),
            (None, "nothing", false),
            (Some("other"), "mood", false),
            (None, "pg_class", true),
            (Some("information_schema"), "sql_identifier", true),
        ] {
            let name = Name { schema: schema.map(Into::into), name: name.into() };
            assert_eq!(named(&name, &catalogue, &functions).is_ok(), passes, "{name}");
        }
        for (oids, passes) in [
            (&[0, 23, 705, 20_001][..], true),
            (&[23, 20_002], false),
            (&[99_999], false),
            (&[2281], false),
            (&[], true),
        ] {
            assert_eq!(parameters(oids, &catalogue, &functions).is_ok(), passes, "{oids:?}");
        }
    }
}
