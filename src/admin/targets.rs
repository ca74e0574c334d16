//! Whether the tables that scopes name exist at the upstream: a typo is found when the grant is
//! made, not when somebody stands before a refusal with it.

use crate::config::nearest;
use crate::grants::WishError;
use crate::policy::{Catalogue, Scope};

/// Looks up every scope's table, or the schema of `schema.*`.
///
/// # Errors
/// The first that does not exist, with the nearest name that does.
pub(super) fn check(scopes: &[Scope], catalogue: &Catalogue) -> Result<(), WishError> {
    for scope in scopes {
        let Scope::Write { schema, table, .. } = scope;
        let relations = catalogue.all_relations();
        let known = if &**table == "*" {
            relations.iter().any(|relation| relation.schema == *schema)
        } else {
            catalogue.relation(schema, table).is_some()
        };
        if !known {
            let asked = format!("{schema}.{table}");
            let names: Vec<String> =
                relations.iter().map(|r| format!("{}.{}", r.schema, r.name)).collect();
            return Err(missing(&asked, &names));
        }
    }
    Ok(())
}

fn missing(asked: &str, names: &[String]) -> WishError {
    let what = format!("there is no table {asked} in the database");
    let hint = match nearest(asked, names.iter().map(String::as_str)) {
        Some(near) => format!("did you mean {near}?"),
        None => {
            "write schema and table as the database has them; \\dt *.* in psql lists them, and \
                 a table made just now is known within seconds"
                .to_owned()
        }
    };
    WishError { what, hint }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::catalogue::{Relation, Snapshot};

    #[test]
    fn typos_are_found_with_the_nearest_name() {
        let relation = |schema: &str, name: &str| Relation {
            schema: schema.into(),
            name: name.into(),
            kind: 'r',
            rules: false,
        };
        let relations = vec![relation("public", "orders"), relation("sales", "leads")];
        let catalogue = Catalogue::new(Snapshot { major: 15, relations, ..Snapshot::default() });
        let cases = [
            ("update:public.orders", None),
            ("update:public.*", None),
            ("update:public.ordesr", Some("did you mean public.orders?")),
            ("delete:sale.leads", Some("did you mean sales.leads?")),
            ("insert:nowhere.*", Some("\\dt")),
        ];
        for (text, hint) in cases {
            let scopes = Scope::parse_list(text).unwrap();
            let result = check(&scopes, &catalogue);
            match hint {
                None => assert_eq!(result, Ok(()), "{text}"),
                Some(hint) => assert!(result.unwrap_err().hint.contains(hint), "{text}"),
            }
        }
    }
}
