//! Scopes held against the catalogue, so that a typo is found when the grant is made and not at
//! three in the morning.

use crate::policy::Scope;
use crate::policy::catalogue::{Catalogue, Relation};

/// Why a scope would permit nothing in this database. Display names the nearest table.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unresolved {
    /// No such table (or, for `*`, no such schema), and nothing like it.
    #[error("{scope}: there is no such table in this database")]
    Unknown {
        /// The scope.
        scope: String,
    },
    /// No such table; this one is near.
    #[error("{scope}: there is no such table in this database; did you mean {nearest}?")]
    Nearest {
        /// The scope.
        scope: String,
        /// `schema.table`.
        nearest: String,
    },
    /// A view, a foreign table, or a table with rewrite rules.
    #[error("{scope}: it is no plain table: {why}")]
    Kind {
        /// The scope.
        scope: String,
        /// What it is.
        why: &'static str,
    },
}

/// Why a relation may not be written, whatever the scopes; `None` when it may.
pub(crate) fn unwritable(relation: &Relation) -> Option<&'static str> {
    match relation.kind {
        'r' | 'p' if relation.rules => Some("it has rewrite rules, which may write elsewhere"),
        'r' | 'p' => None,
        'v' => Some("it is a view, and what it writes is not judged"),
        'f' => Some("it is a foreign table, which another server keeps"),
        _ => Some("it is not a table"),
    }
}

impl Scope {
    /// Whether the scope names a table of this database that may be written.
    ///
    /// # Errors
    /// [`Unresolved`], with the nearest name where there is one.
    pub fn resolve(&self, catalogue: &Catalogue) -> Result<(), Unresolved> {
        let Self::Write { schema, table, .. } = self;
        if **table == *"*" {
            return if catalogue.all_relations().iter().any(|r| r.schema == *schema) {
                Ok(())
            } else {
                Err(Unresolved::Unknown { scope: self.to_string() })
            };
        }
        let scope = || self.to_string();
        match catalogue.relation(schema, table).map(unwritable) {
            Some(None) => Ok(()),
            Some(Some(why)) => Err(Unresolved::Kind { scope: scope(), why }),
            None => match nearest(catalogue, schema, table) {
                Some(nearest) => Err(Unresolved::Nearest { scope: scope(), nearest }),
                None => Err(Unresolved::Unknown { scope: scope() }),
            },
        }
    }
}

/// The writable table whose name is at most a few edits away, those of the same name in another
/// schema first.
fn nearest(catalogue: &Catalogue, schema: &str, table: &str) -> Option<String> {
    let wanted = format!("{schema}.{table}");
    catalogue
        .all_relations()
        .iter()
        .filter(|r| unwritable(r).is_none() && !r.schema.starts_with("pg_"))
        .filter(|r| *r.schema != *"information_schema")
        .map(|r| {
            let name = format!("{}.{}", r.schema, r.name);
            let far = if *r.name == *table { 1 } else { distance(&wanted, &name) };
            (far, name)
        })
        .filter(|(far, _)| *far <= 3)
        .min()
        .map(|(_, name)| name)
}

/// Levenshtein's distance, in characters.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.chars().enumerate() {
        let mut diagonal = i;
        let mut left = i + 1;
        for (cell, to) in row.iter_mut().skip(1).zip(&b) {
            let changed = diagonal + usize::from(from != *to);
            diagonal = *cell;
            left = changed.min(diagonal + 1).min(left + 1);
            *cell = left;
        }
        if let Some(first) = row.first_mut() {
            *first = i + 1;
        }
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::catalogue::Snapshot;

    #[test]
    fn a_typo_is_met_with_the_nearest_name() {
        let relation = |schema: &str, name: &str, kind| Relation {
            schema: schema.into(),
            name: name.into(),
            kind,
            rules: name == "ruled",
        };
        let catalogue = Catalogue::new(Snapshot {
            relations: vec![
                relation("public", "orders", 'r'),
                relation("public", "open_orders", 'v'),
                relation("public", "ruled", 'r'),
                relation("s2", "things", 'p'),
            ],
            ..Snapshot::default()
        });
        for (scope, words) in [
            ("update:public.orders", None),
            ("insert:s2.*", None),
            ("delete:s2.things", None),
            ("update:public.ordres", Some("did you mean public.orders?")),
            ("update:public.things", Some("did you mean s2.things?")),
            ("update:public.customers", Some("there is no such table")),
            ("update:nowhere.*", Some("there is no such table")),
            ("update:public.open_orders", Some("it is a view")),
            ("update:public.ruled", Some("rewrite rules")),
        ] {
            let parsed: Scope = scope.parse().expect(scope);
            let found = parsed.resolve(&catalogue).map_err(|error| error.to_string());
            match words {
                None => assert_eq!(found, Ok(())),
                Some(words) => {
                    assert!(found.clone().is_err_and(|e| e.contains(words)), "{found:?}")
                }
            }
        }
    }

    #[test]
    fn distances_are_edits() {
        for (a, b, edits) in
            [("", "", 0), ("a", "", 1), ("", "ab", 2), ("kitten", "sitting", 3), ("ab", "ba", 2)]
        {
            assert_eq!(distance(a, b), edits, "{a} {b}");
        }
    }
}
