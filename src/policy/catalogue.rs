//! What the upstream's own catalogue says of one database, as plain data. `catalog` loads it;
//! the rules only look things up. Objects that PostgreSQL itself brings (OID below 16384) are
//! not in it, but for the names of system relations: they are judged by our own tables.

use std::collections::{HashMap, HashSet};

use crate::policy::extensions;
use crate::policy::reach::{Graph, Memory, Source};
use crate::sql::Limits;
use crate::sql::facts::Name;

/// First OID of objects that users make (`FirstNormalObjectId`, `access/transam.h`).
pub const FIRST_USER_OID: u32 = 16_384;

/// One database's catalogue as read at one moment.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Snapshot {
    /// Major version of the server; 0 when nothing is known.
    pub major: u16,
    /// The database's encoding is not UTF8.
    pub other_encoding: bool,
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
    /// What these reach: functions beneath them, texts that run with them.
    pub source: Source,
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
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Function {
    /// Its OID.
    pub oid: u32,
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
    /// `pg_proc.prokind`: `f`unction, `p`rocedure, `a`ggregate, `w`indow function.
    pub kind: char,
    /// The types of its arguments as in DROP FUNCTION.
    pub arguments: Box<str>,
    /// `sql`, `plpgsql`, `c` …
    pub language: Box<str>,
    /// What an `sql` or `plpgsql` function runs; empty for other languages.
    pub body: Box<str>,
    /// Whether the body is SQL-standard: RETURN …, or BEGIN ATOMIC … END.
    pub standard: bool,
    /// SECURITY DEFINER.
    pub security_definer: bool,
    /// Its SET clauses, `name=value`.
    pub settings: Vec<Box<str>>,
    /// Whether it returns `trigger` or `event_trigger`, and so cannot be called.
    pub trigger: bool,
    /// The defaults of its arguments, with commas between.
    pub defaults: Box<str>,
    /// The types of its arguments and result that are not built in.
    pub types: Vec<u32>,
    /// Declared IMMUTABLE: the planner may call it.
    pub immutable: bool,
    /// The source, or symbol and library, of a function in another language.
    pub symbol: Box<str>,
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
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Operator {
    /// Its OID.
    pub oid: u32,
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
    /// Whether it is made without being written when a column is written.
    pub assigned: bool,
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

/// A snapshot with the indexes that the rules ask, and what is already known of its reach.
#[derive(Debug, Default)]
pub struct Catalogue {
    snapshot: Snapshot,
    functions: Index,
    types: Index,
    operators: Index,
    relations: Index,
    types_by_oid: HashMap<u32, usize>,
    pub(super) graph: Graph,
    pub(super) memory: Memory,
}

type Index = HashMap<Box<str>, Vec<usize>>;

impl Catalogue {
    /// Indexes a snapshot. What its objects reach is worked out when it is asked for.
    #[must_use]
    pub fn new(snapshot: Snapshot) -> Self {
        let functions = index(snapshot.functions.iter().map(|f| &f.name));
        let types = index(snapshot.types.iter().map(|t| &t.name));
        let operators = index(snapshot.operators.iter().map(|o| &o.name));
        let relations = index(snapshot.relations.iter().map(|r| &r.name));
        let types_by_oid: HashMap<_, _> =
            snapshot.types.iter().enumerate().map(|(at, t)| (t.oid, at)).collect();
        let graph = Graph::new(&snapshot);
        let memory = Memory::default();
        Self { snapshot, functions, types, operators, relations, types_by_oid, graph, memory }
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

    /// The bounds of what the grammar may be asked to read for this database.
    #[must_use]
    pub fn limits(&self) -> Limits {
        Limits { ascii_names: self.snapshot.other_encoding, ..Limits::default() }
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

    /// Casts that call a function of the database.
    pub fn casts(&self) -> impl Iterator<Item = &Cast> {
        self.snapshot.casts.iter()
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

    /// The base types that a value of a type is made of, by where they stand; those of reviewed
    /// extensions left out.
    pub(super) fn bases(&self, of: usize) -> Vec<usize> {
        let (mut open, mut seen, mut found) = (vec![of], HashSet::new(), Vec::new());
        while let Some(at) = open.pop() {
            let Some(known) = self.snapshot.types.get(at).filter(|_| seen.insert(at)) else {
                continue;
            };
            if known.shape == Shape::Base && !known.reviewed() {
                found.push(at);
            }
            let parts = parts(&known.shape).iter();
            open.extend(parts.filter_map(|part| self.types_by_oid.get(part)));
        }
        found
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

    /// Where the functions of this name stand in the snapshot; those of a trigger, which cannot
    /// be called, left out.
    pub(super) fn functions_at<'a>(&'a self, name: &'a Name) -> impl Iterator<Item = usize> {
        found_at(&self.functions, &name.name).filter(|&at| {
            let found = self.snapshot.functions.get(at);
            found.is_some_and(|f| !f.trigger && in_schema(name, &f.schema))
        })
    }

    /// Likewise the types.
    pub(super) fn types_at<'a>(&'a self, name: &'a Name) -> impl Iterator<Item = usize> {
        found_at(&self.types, &name.name)
            .filter(|&at| self.snapshot.types.get(at).is_some_and(|t| in_schema(name, &t.schema)))
    }

    /// Likewise the operators.
    pub(super) fn operators_at<'a>(&'a self, name: &'a Name) -> impl Iterator<Item = usize> {
        found_at(&self.operators, &name.name).filter(|&at| {
            self.snapshot.operators.get(at).is_some_and(|o| in_schema(name, &o.schema))
        })
    }

    /// Likewise the relations.
    pub(super) fn relations_at<'a>(&'a self, name: &'a Name) -> impl Iterator<Item = usize> {
        found_at(&self.relations, &name.name).filter(|&at| {
            self.snapshot.relations.get(at).is_some_and(|r| in_schema(name, &r.schema))
        })
    }

    /// Where the type of this OID stands; `None` for those built in, and those not known.
    pub(super) fn type_at(&self, oid: u32) -> Option<usize> {
        self.types_by_oid.get(&oid).copied()
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
}

impl Function {
    /// Whether it belongs to an extension that was reviewed and found harmless.
    #[must_use]
    pub fn reviewed(&self) -> bool {
        self.extension.as_deref().is_some_and(|e| extensions::function_reviewed(e, self))
    }
}

impl Type {
    /// Whether it belongs to an extension that was reviewed and found harmless.
    #[must_use]
    pub fn reviewed(&self) -> bool {
        self.extension.as_deref().is_some_and(extensions::reviewed)
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

fn found_at(index: &Index, name: &str) -> impl Iterator<Item = usize> {
    index.get(name).into_iter().flatten().copied()
}

fn in_schema(name: &Name, schema: &str) -> bool {
    name.schema.as_deref().is_none_or(|wanted| wanted == schema)
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
