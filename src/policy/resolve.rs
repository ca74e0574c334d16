//! Scopes held against the catalogue, so that a typo is found when the grant is made and not at
//! three in the morning.

use crate::policy::catalogue::{Catalogue, Relation};
use crate::policy::{Scope, functions, scope};

/// Edits at which a name is still near.
const EDITS_MAX: usize = 3;

/// Why a scope would permit nothing in this database. Display says what, [`Unresolved::hint`]
/// what to write instead.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unresolved {
    /// There is no such thing.
    #[error("scope {scope}: there is no {kind} \"{name}\"")]
    Unknown {
        /// The scope.
        scope: String,
        /// `table`, `schema`, `function`.
        kind: &'static str,
        /// What it names.
        name: String,
        /// The nearest name that there is.
        nearest: Option<String>,
    },
    /// There is, but of another kind.
    #[error("scope {scope}: {why}")]
    Kind {
        /// The scope.
        scope: String,
        /// What it is.
        why: &'static str,
    },
}

impl Unresolved {
    /// What to write instead.
    #[must_use]
    pub fn hint(&self) -> String {
        match self {
            Self::Unknown { nearest: Some(near), .. } => format!("did you mean \"{near}\"?"),
            Self::Unknown { kind: "function", .. } => {
                "names are case-sensitive once quoted; `\\df *.*` in psql lists the functions"
                    .into()
            }
            Self::Unknown { .. } => {
                "names are case-sensitive once quoted; `\\dt *.*` in psql lists the tables".into()
            }
            Self::Kind { .. } => "name a table of the database".into(),
        }
    }
}

/// Why a view may not be written.
pub(crate) const VIEW: &str = "it is a view, and what it writes is not judged";

/// Why a relation may not be written, whatever the scopes; `None` when it may.
pub(crate) fn unwritable(relation: &Relation) -> Option<&'static str> {
    match relation.kind {
        'r' | 'p' if relation.rules => Some("it has rewrite rules, which may write elsewhere"),
        'r' | 'p' => None,
        'v' => Some(VIEW),
        'f' => Some("it is a foreign table, which another server keeps"),
        _ => Some("it is not a table"),
    }
}

impl Scope {
    /// Whether the scope names something of this database that it can be about.
    ///
    /// # Errors
    /// [`Unresolved`], with the nearest name where there is one.
    pub fn resolve(&self, catalogue: &Catalogue) -> Result<(), Unresolved> {
        match self {
            Self::Write { schema, table, .. } => {
                self.relation(catalogue, schema, table, |relation| match unwritable(relation) {
                    Some(why) => Err(why),
                    None => Ok(()),
                })
            }
            Self::Maintain { schema, table } => {
                self.relation(catalogue, schema, table, |relation| match relation.kind {
                    'r' | 'p' | 'm' => Ok(()),
                    _ => Err("it is neither a table nor a materialized view"),
                })
            }
            Self::Select { schema, table } => self.relation(catalogue, schema, table, |_| Ok(())),
            Self::Ddl { schema } if known_schema(catalogue, schema) => Ok(()),
            Self::Ddl { schema } => Err(self.no_schema(catalogue, schema)),
            Self::Execute { schema, function } => self.function(catalogue, schema, function),
        }
    }

    fn relation(
        &self,
        catalogue: &Catalogue,
        schema: &str,
        table: &str,
        fits: impl Fn(&Relation) -> Result<(), &'static str>,
    ) -> Result<(), Unresolved> {
        if table == "*" {
            let known = known_schema(catalogue, schema);
            return if known { Ok(()) } else { Err(self.no_schema(catalogue, schema)) };
        }
        match catalogue.relation(schema, table).map(&fits) {
            Some(Ok(())) => Ok(()),
            Some(Err(why)) => Err(Unresolved::Kind { scope: self.to_string(), why }),
            None => {
                let others = catalogue.all_relations().iter();
                let others = others.filter(|relation| fits(relation).is_ok());
                let names = others.map(|relation| (&*relation.schema, &*relation.name));
                Err(Unresolved::Unknown {
                    scope: self.to_string(),
                    kind: "table",
                    name: format!("{schema}.{table}"),
                    nearest: nearest(names, schema, table),
                })
            }
        }
    }

    fn function(
        &self,
        catalogue: &Catalogue,
        schema: &str,
        function: &str,
    ) -> Result<(), Unresolved> {
        if function == "*" {
            let known = known_schema(catalogue, schema);
            return if known { Ok(()) } else { Err(self.no_schema(catalogue, schema)) };
        }
        let all = &catalogue.snapshot().functions;
        let found = all.iter().any(|f| *f.schema == *schema && *f.name == *function);
        let system = matches!(schema, "pg_catalog" | "information_schema");
        if found || (system && functions::is_builtin(function)) {
            return Ok(());
        }
        Err(Unresolved::Unknown {
            scope: self.to_string(),
            kind: "function",
            name: format!("{schema}.{function}"),
            nearest: nearest(all.iter().map(|f| (&*f.schema, &*f.name)), schema, function),
        })
    }

    fn no_schema(&self, catalogue: &Catalogue, schema: &str) -> Unresolved {
        let all = catalogue.snapshot().schemas.iter();
        let near = all
            .filter(|known| !system(known))
            .map(|known| (distance(schema, known), known))
            .filter(|(far, _)| *far <= EDITS_MAX)
            .min()
            .map(|(_, known)| known.to_string());
        Unresolved::Unknown {
            scope: self.to_string(),
            kind: "schema",
            name: schema.to_owned(),
            nearest: near,
        }
    }
}

/// Whether the database has a schema.
pub(crate) fn known_schema(catalogue: &Catalogue, schema: &str) -> bool {
    let holds = || catalogue.all_relations().iter().any(|r| *r.schema == *schema);
    catalogue.has_schema(schema) || holds()
}

/// Whether a schema is the system's own.
pub(crate) fn system(schema: &str) -> bool {
    schema == "information_schema" || schema.starts_with("pg_")
}

/// The name that is at most a few edits away, one that differs in its schema only first.
fn nearest<'a>(
    names: impl Iterator<Item = (&'a str, &'a str)>,
    schema: &str,
    name: &str,
) -> Option<String> {
    let wanted = format!("{schema}.{name}");
    names
        .filter(|(other, _)| !system(other))
        .map(|(other, found)| {
            let shown = scope::qualified(other, found);
            let plain = format!("{other}.{found}");
            let same = found.eq_ignore_ascii_case(name);
            (if same { 1 } else { distance(&wanted, &plain) }, shown)
        })
        .filter(|(far, _)| *far <= EDITS_MAX)
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
    use crate::policy::catalogue::{Function, Snapshot};

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
            functions: vec![Function {
                schema: "public".into(),
                name: "f".into(),
                extension: None,
                takes_row: false,
                takes_one: false,
                ..Function::default()
            }],
            schemas: vec!["empty".into(), "public".into(), "s2".into()],
            ..Snapshot::default()
        });
        for (scope, words) in [
            ("update:public.orders", None),
            ("insert:s2.*", None),
            ("delete:s2.things", None),
            ("update:public.ordres", Some("did you mean \"public.orders\"?")),
            ("update:public.things", Some("did you mean \"s2.things\"?")),
            ("update:public.customers", Some("there is no")),
            ("update:nowhere.*", Some("there is no")),
            ("update:public.open_orders", Some("it is a view")),
            ("update:public.ruled", Some("rewrite rules")),
            ("maintain:public.orders", None),
            ("maintain:public.open_orders", Some("neither a table")),
            ("select:public.open_orders", None),
            ("execute:public.f", None),
            ("execute:public.g", Some("did you mean \"public.f\"?")),
            ("execute:pg_catalog.pg_cancel_backend", None),
            ("execute:pg_catalog.pg_cancel_backnd", Some("there is no function")),
            ("ddl:empty", None),
            ("ddl:emty", Some("did you mean \"empty\"?")),
        ] {
            let parsed: Scope = scope.parse().expect(scope);
            let found =
                parsed.resolve(&catalogue).map_err(|error| format!("{error}; {}", error.hint()));
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
