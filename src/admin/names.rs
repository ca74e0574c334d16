//! Names in scopes, resolved through the database's catalogue when a grant is made: a typo is
//! told then, with the nearest name, and not by a refused statement in the middle of an incident.

use crate::grants::WishError;
use crate::policy::{Catalogue, Scope};

/// Checks that every scope names something in the catalogue that it can be about.
///
/// # Errors
/// The first that doesn't, with the nearest name that would.
pub(super) fn check(scopes: &[Scope], catalogue: &Catalogue) -> Result<(), WishError> {
    for scope in scopes {
        scope
            .resolve(catalogue)
            .map_err(|error| WishError { what: error.to_string(), hint: error.hint() })?;
    }
    Ok(())
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
        let schemas = vec!["public".into(), "sales".into()];
        let catalogue =
            Catalogue::new(Snapshot { major: 15, relations, schemas, ..Snapshot::default() });
        let cases = [
            ("update:public.orders", None),
            ("update:public.*", None),
            ("insert,delete:sales.items", None),
            ("update:public.ordesr", Some("did you mean \"public.orders\"?")),
            ("update:public.orders_id_seq", Some("name a table")),
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
