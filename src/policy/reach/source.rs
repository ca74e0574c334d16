//! What the graph is made of, as plain data of the snapshot, and its indexes.

use std::collections::HashMap;

use super::fired::{Fired, Runs};
use crate::policy::catalogue::Snapshot;

/// What the objects of a snapshot reach beside what they say themselves.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Source {
    /// Functions beneath objects.
    pub uses: Vec<Use>,
    /// Texts that run with objects.
    pub texts: Vec<Text>,
    /// Foreign tables, and the tables above them.
    pub foreign: Vec<Foreign>,
    /// What runs when relations are written, maintained or defined anew.
    pub fired: Vec<Fired>,
}

/// An object that calls a function without naming it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Use {
    /// The object.
    pub owner: Owner,
    /// The function's OID.
    pub function: u32,
    /// Its name, if it is built in.
    pub builtin: Option<Box<str>>,
}

/// Which object, by its OID.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Owner {
    /// An aggregate: its support functions.
    Function(u32),
    /// An operator: its function and its estimators, which run when a statement is planned.
    Operator(u32),
    /// A type: input and output, casts, support functions of operator classes.
    Type(u32),
}

/// A text that runs when an object is used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text {
    /// With which object.
    pub of: TextOf,
    /// What it is called.
    pub label: Box<str>,
    /// The query of a view, else an expression; names that are not of pg_catalog are qualified.
    pub sql: Box<str>,
}

/// Which object a [`Text`] runs with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TextOf {
    /// A view's query.
    View {
        /// The view's schema.
        schema: Box<str>,
        /// The view.
        name: Box<str>,
    },
    /// A row-security policy for SELECT.
    Policy {
        /// The table's schema.
        schema: Box<str>,
        /// The table.
        name: Box<str>,
    },
    /// The CHECK of the domain with this OID.
    Domain(u32),
}

/// A relation that, when it is read, reads a foreign table: the table itself, or one above it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Foreign {
    /// The relation's schema.
    pub schema: Box<str>,
    /// The relation.
    pub name: Box<str>,
    /// The foreign table, `schema.name`.
    pub table: Box<str>,
    /// The foreign-data wrapper.
    pub wrapper: Box<str>,
    /// OID of its handler; 0 for none.
    pub handler: u32,
    /// Whether its options name a program to run.
    pub program: bool,
}

/// The indexes.
#[derive(Debug, Default)]
pub struct Graph {
    functions_by_oid: HashMap<u32, usize>,
    uses: HashMap<Owner, Vec<usize>>,
    relation_texts: HashMap<(Box<str>, Box<str>), Vec<usize>>,
    domain_texts: HashMap<u32, Vec<usize>>,
    foreign: HashMap<(Box<str>, Box<str>), Vec<usize>>,
    fired: HashMap<(Box<str>, Box<str>), Vec<usize>>,
    transitions: HashMap<u32, Vec<Box<str>>>,
}

impl Graph {
    /// Of a snapshot.
    #[must_use]
    pub fn new(snapshot: &Snapshot) -> Self {
        let mut graph = Self {
            functions_by_oid: snapshot
                .functions
                .iter()
                .enumerate()
                .map(|(at, f)| (f.oid, at))
                .collect(),
            ..Self::default()
        };
        for (at, one) in snapshot.source.uses.iter().enumerate() {
            graph.uses.entry(one.owner).or_default().push(at);
        }
        for (at, text) in snapshot.source.texts.iter().enumerate() {
            match &text.of {
                TextOf::View { schema, name } | TextOf::Policy { schema, name } => {
                    let key = (schema.clone(), name.clone());
                    graph.relation_texts.entry(key).or_default().push(at);
                }
                TextOf::Domain(oid) => graph.domain_texts.entry(*oid).or_default().push(at),
            }
        }
        for (at, one) in snapshot.source.foreign.iter().enumerate() {
            let key = (one.schema.clone(), one.name.clone());
            graph.foreign.entry(key).or_default().push(at);
        }
        for (at, one) in snapshot.source.fired.iter().enumerate() {
            let key = (one.schema.clone(), one.name.clone());
            graph.fired.entry(key).or_default().push(at);
            if let Runs::Function { oid, transition } = &one.runs {
                graph.transitions.entry(*oid).or_default().extend(transition.iter().cloned());
            }
        }
        graph
    }

    /// Where the function of this OID stands.
    pub(super) fn function(&self, oid: u32) -> Option<usize> {
        self.functions_by_oid.get(&oid).copied()
    }

    /// The functions beneath an object.
    pub(super) fn uses<'a>(
        &'a self,
        source: &'a Source,
        owner: Owner,
    ) -> impl Iterator<Item = &'a Use> {
        self.uses.get(&owner).into_iter().flatten().filter_map(|&at| source.uses.get(at))
    }

    /// The texts that run when a relation is read.
    pub(super) fn relation_texts<'a>(
        &'a self,
        source: &'a Source,
        schema: &str,
        name: &str,
    ) -> impl Iterator<Item = &'a Text> {
        let found = self.relation_texts.get(&(schema.into(), name.into()));
        found.into_iter().flatten().filter_map(|&at| source.texts.get(at))
    }

    /// The CHECKs of a domain.
    pub(super) fn domain_texts<'a>(
        &'a self,
        source: &'a Source,
        oid: u32,
    ) -> impl Iterator<Item = &'a Text> {
        let found = self.domain_texts.get(&oid);
        found.into_iter().flatten().filter_map(|&at| source.texts.get(at))
    }

    /// The foreign tables that are read with a relation.
    pub(super) fn foreign<'a>(
        &'a self,
        source: &'a Source,
        schema: &str,
        name: &str,
    ) -> impl Iterator<Item = &'a Foreign> {
        let found = self.foreign.get(&(schema.into(), name.into()));
        found.into_iter().flatten().filter_map(|&at| source.foreign.get(at))
    }

    /// What runs when something is done to a relation; with two empty names, what runs with no
    /// relation in particular.
    pub(super) fn fired<'a>(
        &'a self,
        source: &'a Source,
        schema: &str,
        name: &str,
    ) -> impl Iterator<Item = &'a Fired> {
        let found = self.fired.get(&(schema.into(), name.into()));
        found.into_iter().flatten().filter_map(|&at| source.fired.get(at))
    }

    /// The transition tables that a trigger's function may read.
    pub(super) fn transitions(&self, function: u32) -> &[Box<str>] {
        self.transitions.get(&function).map_or(&[], |names| names)
    }
}
