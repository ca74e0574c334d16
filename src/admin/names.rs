//! Names in scopes, resolved through the database's catalogue when a grant is made: a typo is
//! told then, with the nearest name, and not by a refused statement in the middle of an incident.

use crate::config::nearest;
use crate::grants::WishError;
use crate::policy::{Catalogue, Scope};

/// Kinds of relations that can be written (`pg_class.relkind`): tables, partitioned and foreign
/// ones, views.
const WRITABLE: [char; 4] = ['r', 'p', 'f', 'v'];

/// Checks that every scope names something in the catalogue.
///
/// # Errors
/// The first that doesn't, with the nearest name that would.
pub(super) fn check(scopes: &[Scope], catalogue: &Catalogue) -> Result<(), WishError> {
    for scope in scopes {
        let Scope::Write { schema, table, .. } = scope;
        let found = if **table == *"*" {
            catalogue.all_relations().iter().any(|relation| relation.schema == *schema)
        } else {
            let relation = catalogue.relation(schema, table);
            relation.is_some_and(|relation| WRITABLE.contains(&relation.kind))
        };
        if !found {
            return Err(unknown(scope, schema, table, catalogue));
        }
    }
    Ok(())
}

fn unknown(scope: &Scope, schema: &str, table: &str, catalogue: &Catalogue) -> WishError {
    let relations = catalogue.all_relations().iter().filter(|relation| {
        WRITABLE.contains(&relation.kind)
            && !["pg_catalog", "information_schema"].contains(&&*relation.schema)
    });
    let (what, candidates): (String, Vec<String>) = if table == "*" {
        let what = format!("scope {scope}: there is no schema \"{schema}\" with tables");
        (what, relations.map(|relation| relation.schema.to_string()).collect())
    } else {
        let what = format!("scope {scope}: there is no table \"{schema}.{table}\"");
        let name = |relation: &crate::policy::catalogue::Relation| {
            format!("{}.{}", relation.schema, relation.name)
        };
        (what, relations.map(name).collect())
    };
    let wanted = if table == "*" { schema.to_owned() } else { format!("{schema}.{table}") };
    let hint = match nearest(&wanted, candidates.iter().map(String::as_str)) {
        Some(near) => format!("did you mean \"{near}\"?"),
        None => "names are case-sensitive once quoted; `\\dt *.*` in psql lists the tables".into(),
    };
    WishError { what, hint }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::catalogue::{Relation, Snapshot};

    #[test]
    fn typos_are_told_with_the_nearest_name() {
        let relation = |schema: &str, name: &str, kind| Relation {
            schema: schema.into(),
            name: name.into(),
            kind,
            rules: false,
        };
        let relations = vec![
            relation("public", "orders", 'r'),
            relation("public", "orders_id_seq", 'S'),
            relation("sales", "items", 'p'),
        ];
        let catalogue = Catalogue::new(Snapshot { major: 15, relations, ..Snapshot::default() });
        let cases = [
            ("update:public.orders", None),
            ("update:public.*", None),
            ("insert,delete:sales.items", None),
            ("update:public.ordesr", Some("did you mean \"public.orders\"?")),
            ("update:public.orders_id_seq", Some("names are case-sensitive")),
            ("update:sale.items", Some("did you mean \"sales.items\"?")),
            ("update:salse.*", Some("did you mean \"sales\"?")),
            ("update:public.\"Orders\"", Some("did you mean \"public.orders\"?")),
        ];
        for (text, hint) in cases {
            let scopes = Scope::parse_list(text).unwrap();
            let error = check(&scopes, &catalogue).err();
            match (&error, hint) {
                (None, None) => {}
                (Some(error), Some(hint)) => assert!(error.hint.contains(hint), "{error:?}"),
                _ => panic!("{text}: {error:?}"),
            }
        }
    }
}
