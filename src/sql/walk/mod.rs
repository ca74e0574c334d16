//! PostgreSQL's raw tree → facts. Default deny: every node tag is decided by name, and one that
//! a place of the tree should not hold ends the walk with [`Unread::Unknown`].
//!
//! The walk keeps its own stack on the heap, so the length of a chain (`1 + 1 + …`) does not
//! matter. Nodes are visited in no particular order.

mod ddl;
mod define;
mod expression;
mod json;
mod query;
mod restrict;
mod settings;
mod texts;
mod utility;

use std::collections::HashSet;

use pg_raw_parse::Node;
use pg_raw_parse::list::NodeList;
use pg_raw_parse::nodes::{RangeVar, RawStmt, ResTarget, TypeName};

use super::facts::{Action, Name, Statement, Unread, Verb, Write};
use super::grammar::Source;

pub use json::SYNTAX_FUNCTIONS;

/// Common table expressions of one statement; each table name is compared with those in scope.
const CTES_MAX: usize = 2_000;

/// The common table expressions that a place can see: the last one bound, 0 for none.
type Scope = usize;

/// One name bound by WITH, and those that it can be seen together with.
#[derive(Debug)]
struct Bound<'a> {
    outer: Scope,
    name: &'a str,
}

/// The walk over one statement.
#[derive(Debug)]
struct Walk<'a> {
    stack: Vec<(Node<'a>, Scope)>,
    /// The first stands for the empty scope.
    scopes: Vec<Bound<'a>>,
    found: Statement,
    /// Whether a statement that writes was found where it would run.
    writes: bool,
    /// INSERT, UPDATE, DELETE and MERGE statements that would run, at any depth.
    writers: usize,
    /// Whether one of them is the statement itself, whose command tag counts its rows.
    tagged: bool,
    /// EXPLAIN without ANALYZE: what would be written is only read.
    explained: bool,
    /// Calls of set_config whose first argument, a column, can only hold this name.
    pinned: Vec<(*const pg_raw_parse::nodes::FuncCall, &'a str)>,
    /// Columns `a.b`, for those whose `a` is a function in FROM.
    dotted: HashSet<(&'a str, &'a str)>,
    /// What functions in FROM are known as: as a whole row they may be scalars.
    scalars: HashSet<&'a str>,
    /// A function in FROM has a name that the grammar alone does not tell.
    scalar_unnamed: bool,
    /// Calls among whose texts is one that could not be read.
    texts_unread: Vec<Name>,
    /// Texts within this one must be ASCII: their names may be others to the server (see `names`).
    ascii_texts: bool,
    /// How many texts this one is inside of.
    depth: usize,
    /// What the server would refuse before it runs anything, with its byte in the text.
    refused: Option<(&'static str, i32)>,
}

/// Reads the facts of one statement. Its span is left empty.
///
/// # Errors
/// [`Unread::Unknown`] for what this version cannot judge, [`Unread::TooComplex`] for too many
/// common table expressions, [`Unread::Syntax`] for what only libpg_query accepts.
pub(super) fn statement(
    raw: &RawStmt,
    source: &Source<'_>,
    ascii_names: bool,
    depth: usize,
) -> Result<Statement, Unread> {
    let ascii_texts = ascii_names || !source.is_utf8();
    let mut walk = Walk { ascii_texts, depth, ..Walk::new() };
    let (operation, action) = walk.top(raw.stmt())?;
    walk.run()?;
    if let Some((message, byte)) = walk.refused {
        let position = usize::try_from(byte).ok().map(|byte| source.position(byte));
        return Err(Unread::Syntax { message: message.into(), position });
    }
    Ok(walk.finish(operation, action))
}

impl<'a> Walk<'a> {
    fn new() -> Self {
        Self {
            stack: Vec::new(),
            scopes: vec![Bound { outer: 0, name: "" }],
            found: Statement {
                span: 0..0,
                operation: "",
                action: Action::Read,
                reads: Vec::new(),
                writes: Vec::new(),
                row_locks: Vec::new(),
                calls: Vec::new(),
                types: Vec::new(),
                operators: Vec::new(),
                settings: Vec::new(),
                fields: Vec::new(),
                attributes: Vec::new(),
                creates: Vec::new(),
                unrestricted: false,
                uncounted: false,
                parameters: false,
                defines: None,
                makes: None,
                texts: Vec::new(),
                texts_unread: Vec::new(),
            },
            writes: false,
            writers: 0,
            tagged: false,
            explained: false,
            pinned: Vec::new(),
            dotted: HashSet::new(),
            scalars: HashSet::new(),
            scalar_unnamed: false,
            texts_unread: Vec::new(),
            ascii_texts: false,
            depth: 0,
            refused: None,
        }
    }

    fn run(&mut self) -> Result<(), Unread> {
        while let Some((node, scope)) = self.stack.pop() {
            self.visit(node, scope)?;
        }
        Ok(())
    }

    fn finish(self, operation: &'static str, action: Action) -> Statement {
        let mut found = self.found;
        let scalar = |of: &str| self.scalar_unnamed || self.scalars.contains(of);
        let called = self.dotted.iter().filter(|(of, _)| scalar(of));
        found.attributes.extend(called.map(|&(_, field)| field.into()));
        sort(&mut found.reads);
        sort(&mut found.writes);
        sort(&mut found.calls);
        sort(&mut found.types);
        sort(&mut found.operators);
        sort(&mut found.fields);
        sort(&mut found.attributes);
        sort(&mut found.creates);
        sort(&mut found.texts);
        found.texts.retain(|name| !self.texts_unread.contains(name));
        found.texts_unread = self.texts_unread;
        found.operation = operation;
        found.uncounted = self.writers > usize::from(self.tagged);
        found.action = match action {
            Action::Read if !found.creates.is_empty() => Action::Ddl,
            Action::Read if self.writes => Action::Write,
            Action::Prepare { name, .. } => {
                Action::Prepare { name, write: self.writes || !found.creates.is_empty() }
            }
            action => action,
        };
        found
    }

    fn push(&mut self, node: Node<'a>, scope: Scope) {
        if !matches!(node, Node::None) {
            self.stack.push((node, scope));
        }
    }

    fn push_all(&mut self, nodes: impl Iterator<Item = Node<'a>>, scope: Scope) {
        nodes.for_each(|node| self.push(node, scope));
    }

    fn push_list(&mut self, list: &'a NodeList, scope: Scope) {
        self.push_all(list.iter(), scope);
    }

    /// Binds the name of a common table expression on top of a scope.
    fn bind(&mut self, outer: Scope, name: &'a str) -> Result<Scope, Unread> {
        if self.scopes.len() > CTES_MAX {
            return Err(Unread::TooComplex { what: "common table expressions", limit: CTES_MAX });
        }
        self.scopes.push(Bound { outer, name });
        Ok(self.scopes.len() - 1)
    }

    fn is_cte(&self, table: &RangeVar, mut scope: Scope) -> bool {
        if table.schemaname().is_some() || table.catalogname().is_some() {
            return false;
        }
        while scope != 0 {
            let Some(bound) = self.scopes.get(scope) else { return false };
            if Some(bound.name) == table.relname() {
                return true;
            }
            scope = bound.outer;
        }
        false
    }

    /// A table named where a table is read.
    fn read(&mut self, table: &RangeVar, scope: Scope) {
        if !self.is_cte(table, scope) {
            self.read_always(table);
        }
    }

    /// A table named where no common table expression can stand.
    fn read_always(&mut self, table: &RangeVar) {
        self.found.reads.push(table_name(table));
    }

    fn write(&mut self, verb: Verb, table: Option<&RangeVar>) -> Result<(), Unread> {
        let table = table.ok_or_else(|| unknown("a write without a table"))?;
        if self.explained {
            self.read_always(table);
        } else {
            self.writes = true;
            let (table, inherited) = (table_name(table), table.inh);
            self.found.writes.push(Write { verb, table, inherited, columns: Vec::new() });
        }
        Ok(())
    }

    /// An UPDATE, in whichever statement, with what it sets.
    fn update_of(
        &mut self,
        table: Option<&RangeVar>,
        set: impl Iterator<Item = &'a ResTarget>,
    ) -> Result<(), Unread> {
        self.write(Verb::Update, table)?;
        if let Some(write) = self.found.writes.last_mut().filter(|_| !self.explained) {
            write.columns = set.filter_map(|one| one.name()).map(Into::into).collect();
        }
        Ok(())
    }

    /// Under EXPLAIN without ANALYZE nothing is made.
    fn creates(&mut self, what: &'static str) {
        if !self.explained {
            self.found.creates.push(what);
        }
    }

    fn call(&mut self, name: Name) {
        add(&mut self.found.calls, name);
    }

    fn operator(&mut self, name: Name) {
        add(&mut self.found.operators, name);
    }

    fn type_name(&mut self, of: Option<&'a TypeName>, scope: Scope) -> Result<(), Unread> {
        let Some(of) = of else { return Ok(()) };
        let name = qualified(of.names().iter().map(|part| part.sval()))
            .ok_or_else(|| unknown("a type without a name"))?;
        add(&mut self.found.types, name);
        self.push_list(of.typmods(), scope);
        Ok(())
    }
}

/// Adds a name unless it was the last one added, as it is in long chains of one operator.
fn add(names: &mut Vec<Name>, name: Name) {
    if names.last() != Some(&name) {
        names.push(name);
    }
}

fn sort<T: Ord>(items: &mut Vec<T>) {
    items.sort_unstable();
    items.dedup();
}

fn unknown(construct: impl Into<String>) -> Unread {
    Unread::Unknown { construct: construct.into() }
}

fn table_name(table: &RangeVar) -> Name {
    Name {
        schema: table.schemaname().map(Into::into),
        name: table.relname().unwrap_or_default().into(),
    }
}

/// The last two parts of a name with dots; a third before them can only be the database's.
fn qualified<'s>(parts: impl Iterator<Item = Option<&'s str>>) -> Option<Name> {
    let parts: Vec<&str> = parts.collect::<Option<_>>()?;
    match parts.as_slice() {
        [name] => Some(Name::bare(*name)),
        [.., schema, name] => Some(Name::qualified(*schema, *name)),
        [] => None,
    }
}

/// A name that the grammar keeps as a list of strings.
fn name_of(list: &NodeList) -> Option<Name> {
    qualified(list.iter().map(|part| part.as_str()))
}
