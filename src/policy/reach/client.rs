//! A client's own statement: what it mentions of the database is looked up, and refused with the
//! way to what is wrong.

use std::collections::HashSet;
use std::sync::Arc;

use super::local::Gather;
use super::{Found, Node};
use crate::policy::catalogue::{Catalogue, Relation};
use crate::policy::functions::Functions;
use crate::policy::reason::Reason;
use crate::sql::facts::{Action, Name, Statement};

/// Judges what a statement reads, and its operators, fields and rows. Calls and types that it
/// names are judged where they are looked up.
pub(crate) fn statement(
    statement: &Statement,
    catalogue: &Catalogue,
    functions: &Functions,
) -> Result<(), Reason> {
    let mut gather = Gather::new(catalogue, functions);
    gather.mentioned(statement);
    // What a definition names may be what it makes.
    let defines = matches!(statement.action, Action::Ddl | Action::Maintain);
    for name in &statement.reads {
        if !gather.read(name) && !is_the_servers(name) && !defines {
            return Err(Reason::RelationUnknown(name.to_string()));
        }
    }
    if let Some(problem) = gather.local.problems.first() {
        let what = "statement".to_owned();
        let (act, chain) = (problem.act.clone(), format!("{what} {}", problem.act));
        let allow = problem.allow.iter().cloned().collect();
        let found = Arc::new(Found { what, act, chain, allow });
        return Err(Reason::Reach { rule: "function_user", found, way_round: None });
    }
    // Beneath built-in types: no statement names it, and every one may use it.
    for at in catalogue.beneath_all() {
        judge(Node::Function(at), catalogue, functions)?;
    }
    gather.local.edges.iter().try_for_each(|&node| judge(node, catalogue, functions))
}

/// The relations of the database that functions, types and operators which a statement mentions
/// read by themselves; what a view or a policy reads is the view's own.
pub(crate) fn read_beneath<'a>(
    statement: &Statement,
    catalogue: &'a Catalogue,
    functions: &Functions,
) -> Vec<(&'a Relation, String)> {
    let mut gather = Gather::new(catalogue, functions);
    gather.mentioned(statement);
    let named = statement.calls.iter().chain(&statement.types);
    let called = statement.calls.iter().flat_map(|name| catalogue.functions_at(name));
    let typed = named.flat_map(|name| catalogue.types_at(name)).map(Node::Type);
    let mentioned = gather.local.edges.iter().copied();
    let mut open: Vec<(Node, String)> = called
        .map(Node::Function)
        .chain(typed)
        .chain(mentioned)
        .map(|node| (node, catalogue.name_of(node)))
        .collect();
    let (mut seen, mut found) = (HashSet::new(), Vec::new());
    while let Some((node, by)) = open.pop() {
        if !seen.insert(node) {
            continue;
        }
        if let Node::Relation(at) = node {
            found.extend(catalogue.snapshot().relations.get(at).map(|relation| (relation, by)));
            continue;
        }
        let local = catalogue.local(node, functions);
        open.extend(local.edges.iter().map(|&next| (next, by.clone())));
    }
    found
}

/// Judges every relation that a name may mean, as if it were read.
pub(crate) fn relations(
    name: &Name,
    catalogue: &Catalogue,
    functions: &Functions,
) -> Result<(), Reason> {
    let mut found = catalogue.relations_at(name).map(Node::Relation);
    found.try_for_each(|node| judge(node, catalogue, functions))
}

/// Judges one object that a statement mentions.
pub(crate) fn judge(
    node: Node,
    catalogue: &Catalogue,
    functions: &Functions,
) -> Result<(), Reason> {
    let Some(found) = catalogue.refused(node, functions) else { return Ok(()) };
    let way_round = match node {
        Node::Operator(at) => {
            let operator = catalogue.snapshot().operators.get(at);
            operator.map(|o| format!("the built-in one as OPERATOR(pg_catalog.{})", o.name))
        }
        Node::Function(_) | Node::Relation(_) | Node::Type(_) => None,
    };
    Err(Reason::Reach { rule: rule(node), found, way_round })
}

/// Judges a function that is called, `shadows` if a built-in one has the same name.
pub(crate) fn call(
    at: usize,
    name: &Name,
    shadows: bool,
    catalogue: &Catalogue,
    functions: &Functions,
) -> Result<(), Reason> {
    let found: Option<Arc<Found>> = catalogue.refused(Node::Function(at), functions);
    let Some(found) = found else { return Ok(()) };
    let way_round = shadows.then(|| format!("pg_catalog.{}", name.name));
    let rule = if shadows { "function_shadowed" } else { "function_user" };
    Err(Reason::Reach { rule, found, way_round })
}

const fn rule(node: Node) -> &'static str {
    match node {
        Node::Function(_) => "function_user",
        Node::Relation(_) => "relation",
        Node::Type(_) => "type",
        Node::Operator(_) => "operator",
    }
}

/// Of the schemas in which nobody but PostgreSQL makes relations. What there is none of, the
/// server says itself; values that were too long for their rows are stored, and nothing runs.
pub(super) fn is_the_servers(name: &Name) -> bool {
    matches!(name.schema.as_deref(), Some("pg_catalog" | "information_schema" | "pg_toast"))
}
