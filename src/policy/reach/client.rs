//! A client's own statement: what it mentions of the database is looked up, and refused with the
//! way to what is wrong.

use std::sync::Arc;

use super::local::Gather;
use super::{Found, Node};
use crate::policy::catalogue::Catalogue;
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
