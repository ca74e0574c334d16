//! What a name of the database reaches: a function by its body, a view by its query, a table by
//! its policies, a type by its CHECK and its functions, an operator by its function. Judged by
//! what is found there, never by what was promised of it (STABLE and IMMUTABLE are promises).
//!
//! The objects are the nodes of a graph, and what each mentions its edges; `local` says of one
//! object what it mentions and what is wrong with it itself. An object is refused when a path
//! leads from it to something wrong; the shortest path is the reason that a client is told.
//! Cycles are no matter: a function that calls itself is as good as what else it does.
//!
//! What is found is remembered with the catalogue, so it lasts for one snapshot.

mod body;
pub(crate) mod client;
pub(crate) mod fired;
mod folded;
mod local;
mod source;

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

pub use fired::{Fired, Fires, Occasions, Runs};
pub use source::{Foreign, Graph, Owner, Source, Text, TextOf, Use};

use crate::policy::catalogue::Catalogue;
use crate::policy::functions::Functions;
use local::Local;

/// An object of the database, by where it stands in its snapshot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Node {
    /// A function, procedure or aggregate.
    Function(usize),
    /// A table, view or other relation that can be read.
    Relation(usize),
    /// A type.
    Type(usize),
    /// An operator.
    Operator(usize),
}

/// Why an object is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// The object: `view public.v`.
    pub what: String,
    /// What it does in the end, with the object that does it: `public.f writes public.log`.
    pub act: String,
    /// The whole way there: `view public.v calls public.f, which writes public.log`.
    pub chain: String,
    /// The functions that would have to be allowed; empty when none would help.
    pub allow: Vec<String>,
}

/// What is known already, under one configuration.
#[derive(Debug, Default)]
pub struct Memory(Mutex<Known>);

#[derive(Debug, Default)]
struct Known {
    /// Of the lists in the configuration.
    lists: [u8; 32],
    locals: HashMap<Node, Arc<Local>>,
    good: HashSet<Node>,
    bad: HashMap<Node, Arc<Found>>,
}

impl Memory {
    /// What is known under these lists.
    fn known(&self, functions: &Functions) -> MutexGuard<'_, Known> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.lists != *functions.lists() {
            *known = Known { lists: *functions.lists(), ..Known::default() };
        }
        known
    }
}

impl Catalogue {
    /// Why an object may not be used; `None` when all that it reaches is harmless.
    pub(crate) fn refused(&self, node: Node, functions: &Functions) -> Option<Arc<Found>> {
        let mut known = self.memory.known(functions);
        Walk { catalogue: self, functions, known: &mut known }.refused(node)
    }

    /// What one object mentions itself.
    fn local(&self, node: Node, functions: &Functions) -> Arc<Local> {
        let mut known = self.memory.known(functions);
        Walk { catalogue: self, functions, known: &mut known }.local(node)
    }

    /// `public.f`
    fn name_of(&self, node: Node) -> String {
        let snapshot = self.snapshot();
        let named = |schema: &str, name: &str| format!("{schema}.{name}");
        match node {
            Node::Function(at) => snapshot.functions.get(at).map(|f| named(&f.schema, &f.name)),
            Node::Relation(at) => snapshot.relations.get(at).map(|r| named(&r.schema, &r.name)),
            Node::Type(at) => snapshot.types.get(at).map(|t| named(&t.schema, &t.name)),
            Node::Operator(at) => snapshot.operators.get(at).map(|o| named(&o.schema, &o.name)),
        }
        .unwrap_or_default()
    }

    /// `calls public.f`
    fn mention(&self, node: Node) -> String {
        let verb = match node {
            Node::Function(_) => "calls",
            Node::Relation(at) => match self.snapshot().relations.get(at).map(|r| r.kind) {
                Some('v') => "reads view",
                _ => "reads",
            },
            Node::Type(_) => "uses type",
            Node::Operator(_) => "uses operator",
        };
        format!("{verb} {}", self.name_of(node))
    }

    /// Every function and view that is refused, in the order of their names.
    #[must_use]
    pub fn refusals(&self, functions: &Functions) -> Vec<Found> {
        let snapshot = self.snapshot();
        let callable = snapshot.functions.iter().enumerate().filter(|(_, f)| !f.trigger);
        let mut nodes: Vec<Node> = callable.map(|(at, _)| Node::Function(at)).collect();
        let read = snapshot.relations.iter().enumerate();
        nodes.extend(read.map(|(at, _)| Node::Relation(at)));
        let found = nodes.into_iter().filter_map(|node| self.refused(node, functions));
        found.map(|found| Found::clone(&found)).collect()
    }
}

/// One search.
struct Walk<'a> {
    catalogue: &'a Catalogue,
    functions: &'a Functions,
    known: &'a mut Known,
}

impl Walk<'_> {
    fn refused(&mut self, root: Node) -> Option<Arc<Found>> {
        if self.known.good.contains(&root) {
            return None;
        }
        if let Some(found) = self.known.bad.get(&root) {
            return Some(Arc::clone(found));
        }
        let mut came_from: HashMap<Node, Node> = HashMap::new();
        let mut seen = HashSet::from([root]);
        let mut open = VecDeque::from([root]);
        while let Some(node) = open.pop_front() {
            let local = self.local(node);
            if let Some(problem) = local.problems.first() {
                let act = problem.act.clone();
                return Some(self.remember(root, node, &act, &came_from));
            }
            for &next in &local.edges {
                if !self.known.good.contains(&next) && seen.insert(next) {
                    came_from.insert(next, node);
                    open.push_back(next);
                }
            }
        }
        // All that any of them reaches was looked at.
        self.known.good.extend(seen);
        None
    }

    fn local(&mut self, node: Node) -> Arc<Local> {
        if let Some(local) = self.known.locals.get(&node) {
            return Arc::clone(local);
        }
        let local = Arc::new(Local::of(node, self.catalogue, self.functions));
        self.known.locals.insert(node, Arc::clone(&local));
        local
    }

    fn remember(
        &mut self,
        root: Node,
        last: Node,
        act: &str,
        came_from: &HashMap<Node, Node>,
    ) -> Arc<Found> {
        let mut path = vec![last];
        while let Some(&before) = path.last().and_then(|node| came_from.get(node)) {
            path.push(before);
        }
        path.reverse();
        let what = self.shown(root);
        let mut chain = what.clone();
        for (step, &node) in path.iter().skip(1).enumerate() {
            chain.push_str(if step == 0 { " " } else { ", which " });
            chain.push_str(&self.catalogue.mention(node));
        }
        chain.push_str(if path.len() > 1 { ", which " } else { " " });
        chain.push_str(act);
        let by = if path.len() > 1 {
            format!("{} {act}", self.catalogue.name_of(last))
        } else {
            act.to_owned()
        };
        let allow = self.allow(root);
        let found = Arc::new(Found { what, act: by, chain, allow });
        self.known.bad.insert(root, Arc::clone(&found));
        found
    }

    /// The functions that, were they allowed, would make this object pass: the object itself if
    /// it is a function, else those next to it that are refused.
    fn allow(&mut self, root: Node) -> Vec<String> {
        let mut allow = Vec::new();
        let mut seen = HashSet::from([root]);
        let mut open = vec![root];
        let mut hopeless = false;
        while let Some(node) = open.pop() {
            if let Node::Function(at) = node {
                let function = self.catalogue.snapshot().functions.get(at);
                // What is refused by name stays so.
                match function.filter(|function| !self.functions.refuses(function)) {
                    Some(function) => allow.push(function.entry()),
                    None => hopeless = true,
                }
                continue;
            }
            let local = self.local(node);
            for problem in &local.problems {
                match &problem.allow {
                    Some(name) => allow.push(name.clone()),
                    None => hopeless = true,
                }
            }
            for &next in &local.edges {
                let refused = !matches!(next, Node::Function(_)) || self.refused(next).is_some();
                if refused && seen.insert(next) {
                    open.push(next);
                }
            }
        }
        if hopeless {
            return Vec::new();
        }
        allow.sort();
        allow.dedup();
        allow
    }

    /// `view public.v`
    fn shown(&self, node: Node) -> String {
        let snapshot = self.catalogue.snapshot();
        let noun = match node {
            Node::Function(at) => match snapshot.functions.get(at).map(|f| f.kind) {
                Some('a') => "aggregate",
                Some('p') => "procedure",
                _ => "function",
            },
            Node::Relation(at) => match snapshot.relations.get(at).map(|r| r.kind) {
                Some('v') => "view",
                Some('f') => "foreign table",
                _ => "table",
            },
            Node::Type(_) => "type",
            Node::Operator(_) => "operator",
        };
        format!("{noun} {}", self.catalogue.name_of(node))
    }
}

#[cfg(test)]
mod tests;
