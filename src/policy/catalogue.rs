//! What the upstream's own catalogue says of one database, as plain data. `catalog` loads it;
//! the rules only look things up. Objects that PostgreSQL itself brings (OID below 16384) are
//! not in it, but for the names of system relations: they are judged by our own tables.

use std::collections::{HashMap, HashSet};

use crate::policy::extensions;
use crate::sql::facts::Name;

/// First OID of objects that users make (`FirstNormalObjectId`, `access/transam.h`).
pub const FIRST_USER_OID: u32 = 16_384;

/// One database's catalogue as read at one moment.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Snapshot {
    /// Major version of the server; 0 when nothing is known.
    pub major: u16,
    /// Functions, procedures and aggregates that users or extensions made.
    pub functions: Vec<Function>,
    /// Types likewise, also the row types of tables that matter.
    pub types: Vec<Type>,
    /// Operators likewise.
    pub operators: Vec<Operator>,
    /// Casts with a function that is not PostgreSQL's own.
    pub casts: Vec<Cast>,
    /// Relations of every schema but the temporary ones and TOAST.
    pub relations: Vec<Relation>,
    /// Tables that inherit from plain tables; partitions are not among them.
    pub inherits: Vec<Inherits>,
    /// Schemas, the system's and empty ones too.
    pub schemas: Vec<Box<str>>,
}

/// A table that inherits from a plain one: what is written to the parent is written to it too.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inherits {
    /// The parent's schema and name.
    pub parent: (Box<str>, Box<str>),
    /// The child's schema and name.
    pub child: (Box<str>, Box<str>),
}

/// A function, procedure or aggregate that is not PostgreSQL's own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Function {
    /// Its schema.
    pub schema: Box<str>,
    /// Its name.
    pub name: Box<str>,
    /// The extension it belongs to.
    pub extension: Option<Box<str>>,
    /// Whether it can be called in attribute notation: one argument, of a row type (or of one
    /// that takes any).
    pub takes_row: bool,
    /// Whether it can be called with one argument, of whatever type.
    pub takes_one: bool,
}

/// A type that is not PostgreSQL's own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Type {
    /// Its OID.
    pub oid: u32,
    /// Its schema.
    pub schema: Box<str>,
    /// Its name.
    pub name: Box<str>,
    /// The extension it belongs to.
    pub extension: Option<Box<str>>,
    /// What it is made of.
    pub shape: Shape,
}

/// What a type is made of; OIDs below [`FIRST_USER_OID`] are built-in types.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Shape {
    /// An enum.
    Enum,
    /// A base type with input and output functions of its own.
    Base,
    /// A row type; the types of its columns that are not built in.
    Composite(Vec<u32>),
    /// A range or multirange over this type.
    Range(u32),
    /// An array of this type.
    Array(u32),
    /// A domain.
    Domain {
        /// Over this type.
        base: u32,
        /// With a CHECK constraint, which any cast runs.
        checked: bool,
    },
    /// A pseudo-type, or of a kind this version does not know.
    Other,
}

/// An operator that is not PostgreSQL's own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Operator {
    /// Its schema.
    pub schema: Box<str>,
    /// Its name.
    pub name: Box<str>,
    /// The extension it belongs to.
    pub extension: Option<Box<str>>,
}

/// A cast that calls a function which is not PostgreSQL's own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cast {
    /// OID of the type it casts from.
    pub source: u32,
    /// OID of the type it casts to.
    pub to: u32,
    /// Schema of the type it casts to.
    pub schema: Box<str>,
    /// Name of the type it casts to.
    pub target: Box<str>,
    /// Whether it is made without being written.
    pub implicit: bool,
    /// The function's schema and name.
    pub function: (Box<str>, Box<str>),
    /// The extension the function belongs to.
    pub extension: Option<Box<str>>,
}

/// A relation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Relation {
    /// Its schema.
    pub schema: Box<str>,
    /// Its name.
    pub name: Box<str>,
    /// `pg_class.relkind`.
    pub kind: char,
    /// Whether it has rewrite rules of its own (a view always has).
    pub rules: bool,
}

/// A snapshot with the indexes and closures that the rules ask.
#[derive(Debug, Default)]
pub struct Catalogue {
    snapshot: Snapshot,
    functions: Index,
    types: Index,
    operators: Index,
    relations: Index,
    types_by_oid: HashMap<u32, usize>,
    /// Why a type is refused, by OID; one that is not in it is vouched for.
    refused_types: HashMap<u32, &'static str>,
}

type Index = HashMap<Box<str>, Vec<usize>>;

impl Catalogue {
    /// Indexes a snapshot and works out which types may be used.
    #[must_use]
    pub fn new(snapshot: Snapshot) -> Self {
        let functions = index(snapshot.functions.iter().map(|f| &f.name));
        let types = index(snapshot.types.iter().map(|t| &t.name));
        let operators = index(snapshot.operators.iter().map(|o| &o.name));
        let relations = index(snapshot.relations.iter().map(|r| &r.name));
        let types_by_oid: HashMap<_, _> =
            snapshot.types.iter().enumerate().map(|(at, t)| (t.oid, at)).collect();
        let refused_types = refused_types(&snapshot.types);
        Self { snapshot, functions, types, operators, relations, types_by_oid, refused_types }
    }

    /// What it was made from.
    #[must_use]
    pub fn snapshot(&self) -> &Snapshot {
        &self.snapshot
    }

    /// The server's major version; 0 when nothing is known.
    #[must_use]
    pub fn major(&self) -> u16 {
        self.snapshot.major
    }

    /// Functions of this name that are not PostgreSQL's own, in any schema or in the named one.
    pub fn functions<'a>(&'a self, name: &'a Name) -> impl Iterator<Item = &'a Function> {
        found(&self.functions, &self.snapshot.functions, &name.name)
            .filter(|f| in_schema(name, &f.schema))
    }

    /// Types likewise.
    pub fn types<'a>(&'a self, name: &'a Name) -> impl Iterator<Item = &'a Type> {
        found(&self.types, &self.snapshot.types, &name.name).filter(|t| in_schema(name, &t.schema))
    }

    /// Operators likewise.
    pub fn operators<'a>(&'a self, name: &'a Name) -> impl Iterator<Item = &'a Operator> {
        found(&self.operators, &self.snapshot.operators, &name.name)
            .filter(|o| in_schema(name, &o.schema))
    }

    /// Relations likewise.
    pub fn relations<'a>(&'a self, name: &'a Name) -> impl Iterator<Item = &'a Relation> {
        found(&self.relations, &self.snapshot.relations, &name.name)
            .filter(|r| in_schema(name, &r.schema))
    }

    /// Casts that call a function which nobody vouched for.
    pub fn casts(&self) -> impl Iterator<Item = &Cast> {
        self.snapshot.casts.iter().filter(|cast| !cast.reviewed())
    }

    /// Whether a value of the type `of` is, or holds, one of the type `part`.
    #[must_use]
    pub fn holds(&self, of: u32, part: u32) -> bool {
        let (mut open, mut seen) = (vec![of], HashSet::new());
        while let Some(oid) = open.pop() {
            if oid == part {
                return true;
            }
            if seen.insert(oid)
                && let Some(known) = self.types_by_oid.get(&oid)
                && let Some(known) = self.snapshot.types.get(*known)
            {
                open.extend(parts(&known.shape));
            }
        }
        false
    }

    /// Every relation, for the nearest name of a mistyped one.
    #[must_use]
    pub fn all_relations(&self) -> &[Relation] {
        &self.snapshot.relations
    }

    /// The relation `schema.name`.
    #[must_use]
    pub fn relation(&self, schema: &str, name: &str) -> Option<&Relation> {
        found(&self.relations, &self.snapshot.relations, name).find(|r| *r.schema == *schema)
    }

    /// Every table below `schema.name` in its tree of inheritance, `(schema, name)` each.
    #[must_use]
    pub fn heirs(&self, schema: &str, name: &str) -> Vec<(&str, &str)> {
        let mut found: Vec<(&str, &str)> = Vec::new();
        let mut open = vec![(schema, name)];
        while let Some((schema, name)) = open.pop() {
            for one in &self.snapshot.inherits {
                let child = (&*one.child.0, &*one.child.1);
                if *one.parent.0 == *schema && *one.parent.1 == *name && !found.contains(&child) {
                    found.push(child);
                    open.push(child);
                }
            }
        }
        found
    }

    /// Whether there is a schema of this name.
    #[must_use]
    pub fn has_schema(&self, schema: &str) -> bool {
        self.snapshot.schemas.iter().any(|known| **known == *schema)
    }

    /// Why the type of this OID is refused; `None` when it is vouched for.
    #[must_use]
    pub fn type_refused(&self, oid: u32) -> Option<&'static str> {
        if oid < FIRST_USER_OID {
            return None;
        }
        if !self.types_by_oid.contains_key(&oid) {
            return Some("no such type is known");
        }
        self.refused_types.get(&oid).copied()
    }
}

impl Function {
    /// Whether it belongs to an extension that was reviewed and found harmless.
    #[must_use]
    pub fn reviewed(&self) -> bool {
        self.extension.as_deref().is_some_and(|e| extensions::function_reviewed(e, &self.name))
    }
}

impl Type {
    fn reviewed(&self) -> bool {
        self.extension.as_deref().is_some_and(extensions::reviewed)
    }
}

impl Cast {
    /// Whether its function belongs to an extension that was reviewed and found harmless.
    #[must_use]
    pub fn reviewed(&self) -> bool {
        let of = self.extension.as_deref();
        of.is_some_and(|e| extensions::function_reviewed(e, &self.function.1))
    }
}

impl Operator {
    /// Whether it belongs to an extension that was reviewed and found harmless.
    #[must_use]
    pub fn reviewed(&self) -> bool {
        self.extension.as_deref().is_some_and(extensions::reviewed)
    }
}

fn index<'a>(names: impl Iterator<Item = &'a Box<str>>) -> Index {
    let mut index = Index::new();
    for (at, name) in names.enumerate() {
        index.entry(name.clone()).or_default().push(at);
    }
    index
}

fn found<'a, T>(index: &'a Index, items: &'a [T], name: &str) -> impl Iterator<Item = &'a T> {
    index.get(name).into_iter().flatten().filter_map(|&at| items.get(at))
}

fn in_schema(name: &Name, schema: &str) -> bool {
    name.schema.as_deref().is_none_or(|wanted| wanted == schema)
}

/// Which types are refused, and why: those that reach a domain with a CHECK, a base type of
/// nobody's review, or something unknown. Refusal spreads until nothing changes, so cycles
/// (a composite that holds an array of itself) end.
fn refused_types(types: &[Type]) -> HashMap<u32, &'static str> {
    let known: HashSet<u32> = types.iter().map(|t| t.oid).collect();
    let mut refused: HashMap<u32, &'static str> = HashMap::new();
    for t in types.iter().filter(|t| !t.reviewed()) {
        let why = match &t.shape {
            Shape::Base => "its input function is not known",
            Shape::Domain { checked: true, .. } => "it is a domain whose CHECK would run",
            Shape::Other => "it is of a kind that is not known",
            Shape::Enum
            | Shape::Composite(_)
            | Shape::Range(_)
            | Shape::Array(_)
            | Shape::Domain { checked: false, .. } => continue,
        };
        refused.insert(t.oid, why);
    }
    loop {
        let spread: Vec<u32> = types
            .iter()
            .filter(|t| !refused.contains_key(&t.oid) && !t.reviewed())
            .filter(|t| {
                parts(&t.shape).iter().any(|part| {
                    *part >= FIRST_USER_OID && (!known.contains(part) || refused.contains_key(part))
                })
            })
            .map(|t| t.oid)
            .collect();
        if spread.is_empty() {
            return refused;
        }
        refused.extend(spread.into_iter().map(|oid| (oid, "it holds a type that is refused")));
    }
}

fn parts(shape: &Shape) -> &[u32] {
    match shape {
        Shape::Composite(parts) => parts,
        Shape::Range(part) | Shape::Array(part) | Shape::Domain { base: part, .. } => {
            std::slice::from_ref(part)
        }
        Shape::Enum | Shape::Base | Shape::Other => &[],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn type_of(oid: u32, shape: Shape) -> Type {
        let name = format!("t{oid}").into();
        Type { oid, schema: "public".into(), name, extension: None, shape }
    }

    #[test]
    fn a_type_is_as_good_as_what_it_is_made_of() {
        let mut citext = type_of(20_010, Shape::Base);
        citext.extension = Some("citext".into());
        let catalogue = Catalogue::new(Snapshot {
            types: vec![
                type_of(20_001, Shape::Enum),
                type_of(20_002, Shape::Composite(vec![20_001])),
                type_of(20_003, Shape::Domain { base: 23, checked: true }),
                type_of(20_004, Shape::Array(20_003)),
                type_of(20_005, Shape::Composite(vec![20_004, 20_005])),
                type_of(20_006, Shape::Base),
                type_of(20_007, Shape::Range(20_006)),
                type_of(20_008, Shape::Composite(vec![20_009, 20_008])),
                type_of(20_009, Shape::Domain { base: 25, checked: false }),
                citext,
                type_of(20_011, Shape::Array(99_999)),
            ],
            ..Snapshot::default()
        });
        for (oid, good) in [
            (23, true),
            (20_001, true),
            (20_002, true),
            (20_003, false),
            (20_004, false),
            (20_005, false),
            (20_006, false),
            (20_007, false),
            (20_008, true),
            (20_009, true),
            (20_010, true),
            (20_011, false),
            (30_000, false),
        ] {
            assert_eq!(catalogue.type_refused(oid).is_none(), good, "{oid}");
        }
    }
}
