//! What runs when a table is written, maintained or defined anew: its triggers, the expressions
//! that its rows are made and checked with, the foreign keys that pass a write on, and the same
//! of the tables that are written then. What a function of a trigger does is judged by its body,
//! as on reads, but that it may write what the grant's own scopes name, advance sequences and
//! take the transaction's id.

use std::collections::{BTreeSet, HashMap, HashSet, VecDeque};
use std::sync::Arc;

use super::local::{Gather, Local, Problem, Tolerance};
use super::{Found, Node, body};
use crate::policy::catalogue::{Catalogue, Function, Relation};
use crate::policy::functions::Functions;
use crate::policy::{Scope, scope};
use crate::sql::facts::{Name, Verb};

/// On which occasions something runs: bits, so that one row of the catalogue says them all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Occasions(pub u16);

/// Something that runs with what is done to a relation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fired {
    /// The relation's schema; empty for what no relation owns.
    pub schema: Box<str>,
    /// The relation.
    pub name: Box<str>,
    /// When.
    pub occasions: Occasions,
    /// What it is called: `trigger audit`, `the default of total`.
    pub label: Box<str>,
    /// What runs.
    pub runs: Runs,
}

/// What runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Runs {
    /// A trigger's function.
    Function {
        /// Its OID.
        oid: u32,
        /// Its transition tables, which its body may read by these names.
        transition: Vec<Box<str>>,
    },
    /// A function that an operator class puts beneath an index.
    Beneath(u32),
    /// An expression, or several with commas between, over the relation's columns.
    Expression(Box<str>),
    /// A query.
    Query(Box<str>),
    /// A foreign key that passes the change on.
    Cascade {
        /// What is done to the table that refers here.
        verb: Verb,
        /// That table's schema and name.
        to: (Box<str>, Box<str>),
        /// The columns whose update is passed on; empty where every change is.
        keys: Vec<Box<str>>,
        /// The columns of the other table that are set.
        columns: Vec<Box<str>>,
    },
    /// Nothing: the name is an index's, and this is its table.
    Index((Box<str>, Box<str>)),
    /// An heir, to which the same is done.
    Heir((Box<str>, Box<str>)),
    /// A partition, to which the same is done, and to which an update may move rows.
    Partition {
        /// Its schema and name.
        to: (Box<str>, Box<str>),
        /// The columns whose update can move a row (a DELETE here, an INSERT there); empty where
        /// every update can.
        keys: Vec<Box<str>>,
    },
}

impl Occasions {
    /// VACUUM, ANALYZE, REINDEX, CLUSTER, REFRESH.
    pub(crate) const MAINTAIN: Self = Self(16);
    /// ALTER TABLE, which may write every row anew.
    pub(crate) const DEFINE: Self = Self(32);
    /// DDL of any kind.
    pub(crate) const DDL: Self = Self(64);
    /// Any statement at all.
    pub(crate) const ANY: Self = Self(128);
    /// Planning of a read, as far as arguments are constant.
    pub(crate) const PLAN: Self = Self(256);

    /// A write.
    pub(crate) const fn of(verb: Verb) -> Self {
        Self(match verb {
            Verb::Insert => 1,
            Verb::Update => 2,
            Verb::Delete => 4,
            Verb::Truncate => 8,
        })
    }

    /// A row moves to another partition: what runs for each row that is deleted or inserted.
    const MOVE: Self = Self(512);

    /// All that can be done to a table.
    pub(crate) const EVERY: Self = Self(63);

    pub(super) const fn meets(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }
}

/// Why something must not be done to a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fires {
    /// The way to what is wrong, and the functions that would have to be allowed.
    pub found: Arc<Found>,
    /// The scopes that would cover it, as in a command.
    pub scopes: Vec<String>,
}

/// What is done to a relation.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Deed {
    /// Its schema; empty where no relation matters.
    pub(crate) schema: Box<str>,
    /// The relation.
    pub(crate) name: Box<str>,
    /// What.
    pub(crate) occasions: Occasions,
    /// The columns that are set; `None` for those that can't be told.
    pub(crate) columns: Option<Vec<Box<str>>>,
    /// Whether it is done to heirs too.
    pub(crate) inherited: bool,
}

impl Deed {
    /// One that sets what can't be told.
    pub(crate) const fn of(schema: Box<str>, name: Box<str>, occasions: Occasions) -> Self {
        Self { schema, name, occasions, columns: None, inherited: true }
    }

    /// Whether it may set one of these columns; all are meant where there are none.
    fn sets(&self, keys: &[Box<str>]) -> bool {
        let one = |set: &Vec<Box<str>>| set.iter().any(|column| keys.contains(column));
        keys.is_empty() || self.columns.as_ref().is_none_or(one)
    }
}

/// One search from a deed to all that runs with it.
pub(crate) struct Search<'a> {
    catalogue: &'a Catalogue,
    functions: &'a Functions,
    scopes: &'a [Scope],
    open: Vec<(Deed, String)>,
    seen: HashSet<Deed>,
    first: Option<(String, String, String)>,
    allow: BTreeSet<String>,
    missing: BTreeSet<String>,
    /// Whether no line of the configuration would let it pass.
    no_line: bool,
    /// Whether no scope would.
    no_scope: bool,
    /// Whether names that are not known may be of what was made just now.
    making: bool,
}

impl<'a> Search<'a> {
    pub(crate) fn new(
        catalogue: &'a Catalogue,
        functions: &'a Functions,
        scopes: &'a [Scope],
    ) -> Self {
        Self {
            catalogue,
            functions,
            scopes,
            open: Vec::new(),
            seen: HashSet::new(),
            first: None,
            allow: BTreeSet::new(),
            missing: BTreeSet::new(),
            no_line: false,
            no_scope: false,
            making: false,
        }
    }

    /// Whether a function that is to be made does nothing beyond the scopes. What it mentions
    /// may be made just now too.
    pub(crate) fn body(mut self, language: &str, text: &str, what: &str) -> Result<(), Fires> {
        self.making = true;
        let function = Function { language: language.into(), body: text.into(), ..<_>::default() };
        self.text(body::statements(&function), what);
        self.judge([])
    }

    /// Whether all that runs with these deeds is harmless, or within the scopes.
    pub(crate) fn judge(mut self, deeds: impl IntoIterator<Item = Deed>) -> Result<(), Fires> {
        self.open.extend(deeds.into_iter().map(|deed| (deed, String::new())));
        while let Some((deed, way)) = self.open.pop() {
            if self.seen.insert(deed.clone()) {
                self.deed(&deed, &way);
            }
        }
        let Some((what, act, chain)) = self.first else { return Ok(()) };
        let allow = if self.no_line { Vec::new() } else { self.allow.into_iter().collect() };
        let scopes = if self.no_scope { Vec::new() } else { self.missing.into_iter().collect() };
        Err(Fires { found: Arc::new(Found { what, act, chain, allow }), scopes })
    }

    fn deed(&mut self, deed: &Deed, way: &str) {
        let catalogue = self.catalogue;
        let table = format!("{}.{}", deed.schema, deed.name);
        let relation = catalogue.relation(&deed.schema, &deed.name);
        if relation.is_some_and(|relation| relation.kind == 'f') {
            self.hopeless();
            self.note(&format!("{way}foreign table {table}"), "is kept by another server");
        }
        let source = &catalogue.snapshot().source;
        for one in catalogue.graph.fired(source, &deed.schema, &deed.name) {
            if !one.occasions.meets(deed.occasions) {
                continue;
            }
            let of = if deed.name.is_empty() { String::new() } else { format!(" of {table}") };
            let what = format!("{way}{}{of}", one.label);
            self.runs(&one.runs, deed, &what);
        }
        if deed.occasions.meets(Occasions(3)) {
            // Domains among the columns check what is put into them.
            let row = Name::qualified(deed.schema.clone(), deed.name.clone());
            let types: Vec<Node> = catalogue.types_at(&row).map(Node::Type).collect();
            self.follow(&Local { edges: types, problems: Vec::new() }, &format!("{way}{table}"));
        }
    }

    fn runs(&mut self, runs: &Runs, deed: &Deed, what: &str) {
        match runs {
            Runs::Function { oid, .. } | Runs::Beneath(oid) => {
                let Some(at) = self.catalogue.graph.function(*oid) else {
                    self.hopeless();
                    return self.note(what, "calls a function that is not known");
                };
                self.function(at, matches!(runs, Runs::Function { .. }), what);
            }
            Runs::Expression(text) => {
                let from = scope::qualified(&deed.schema, &deed.name);
                self.text(body::query(&format!("SELECT {text} FROM {from}")), what);
            }
            Runs::Query(text) => self.text(body::query(text), what),
            Runs::Cascade { verb, to, keys, columns } => {
                if !deed.sets(keys) {
                    return;
                }
                let (schema, name) = to;
                let does = if *verb == Verb::Delete { "deletes from" } else { "updates" };
                if !self.permits(*verb, schema, name) {
                    self.no_line = true;
                    self.missing.insert(scope::command_argument(&[*verb], schema, name));
                    return self.note(what, &format!("{does} {schema}.{name}"));
                }
                self.open.push((
                    Deed {
                        schema: schema.clone(),
                        name: name.clone(),
                        occasions: Occasions::of(*verb),
                        columns: Some(columns.clone()),
                        inherited: true,
                    },
                    format!("{what} {does} {schema}.{name}, where "),
                ));
            }
            Runs::Heir(to) if deed.inherited => self.heir(to, deed, deed.occasions),
            Runs::Partition { to, keys } if deed.inherited => {
                let updates = deed.occasions.meets(Occasions::of(Verb::Update));
                let moved = updates && deed.sets(keys);
                let moved = if moved { Occasions::MOVE.0 } else { 0 };
                self.heir(to, deed, Occasions(deed.occasions.0 | moved));
            }
            Runs::Partition { .. } | Runs::Heir(_) | Runs::Index(_) => {}
        }
    }

    fn heir(&mut self, (schema, name): &(Box<str>, Box<str>), deed: &Deed, occasions: Occasions) {
        let (schema, name) = (schema.clone(), name.clone());
        self.open.push((Deed { schema, name, occasions, ..deed.clone() }, String::new()));
    }

    fn function(&mut self, at: usize, trigger: bool, what: &str) {
        let Some(function) = self.catalogue.snapshot().functions.get(at) else { return };
        // What an extension's own triggers do was not reviewed: some unlink, notify, count.
        let harmless = ["moddatetime", "insert_username"].contains(&&*function.name);
        if trigger && function.extension.is_some() && &*function.language == "c" && !harmless {
            let name = Name::qualified(function.schema.clone(), function.name.clone());
            let allowed = self.functions.vouched(function) || self.executes(&name);
            if !allowed {
                self.allow.insert(function.entry());
                self.missing.insert(executing(&function.entry()));
                self.note(what, &format!("calls {name}, which was not reviewed"));
            }
            return;
        }
        let trusted = function.extension.is_some() && &*function.language == "c";
        if !trusted {
            self.follow(&Local { edges: vec![Node::Function(at)], problems: Vec::new() }, what);
        }
    }

    fn text(&mut self, read: Result<Vec<crate::sql::facts::Statement>, String>, what: &str) {
        let (catalogue, functions) = (self.catalogue, self.functions);
        let mut gather = Gather::new(catalogue, functions);
        match read {
            Ok(statements) => statements.iter().for_each(|one| gather.statement(one)),
            Err(why) => {
                self.hopeless();
                return self.note(what, &why);
            }
        }
        self.follow(&gather.local, what);
    }

    /// Looks at what something mentions, and all that this reaches.
    fn follow(&mut self, local: &Local, what: &str) {
        for problem in &local.problems {
            if !self.tolerated(problem, what) {
                match &problem.allow {
                    Some(name) => {
                        self.allow.insert(name.clone());
                        self.missing.insert(executing(name));
                    }
                    None => self.hopeless(),
                }
                self.note(what, &problem.act);
            }
        }
        for &root in &local.edges {
            let Some((path, act)) = self.reached(root, what) else { continue };
            let mut chain = what.to_owned();
            for (step, &node) in path.iter().enumerate() {
                chain.push_str(if step == 0 { " " } else { ", which " });
                chain.push_str(&self.catalogue.mention(node));
            }
            let last = path.last().map(|&node| self.catalogue.name_of(node)).unwrap_or_default();
            let chain = format!("{chain}, which {act}");
            let lines = match root {
                Node::Function(at) => {
                    let function = self.catalogue.snapshot().functions.get(at);
                    let listed = function.filter(|f| !self.functions.refuses(f));
                    listed.map(|f| vec![f.entry()]).unwrap_or_default()
                }
                _ => {
                    let found = self.catalogue.refused(root, self.functions);
                    found.map(|found| found.allow.clone()).unwrap_or_default()
                }
            };
            if lines.is_empty() {
                self.hopeless();
            }
            self.missing.extend(lines.iter().map(|line| executing(line)));
            self.allow.extend(lines);
            if self.first.is_none() {
                self.first = Some((what.to_owned(), format!("{last} {act}"), chain));
            }
        }
    }

    /// The way from an object to something that is neither harmless nor within the scopes.
    fn reached(&mut self, root: Node, what: &str) -> Option<(Vec<Node>, String)> {
        let mut came_from: HashMap<Node, Node> = HashMap::new();
        let mut seen = HashSet::from([root]);
        let mut open = VecDeque::from([root]);
        while let Some(node) = open.pop_front() {
            if self.covered(node) {
                continue;
            }
            let local = self.catalogue.local(node, self.functions);
            for problem in &local.problems {
                if !self.tolerated(problem, what) {
                    let mut path = vec![node];
                    while let Some(&before) = path.last().and_then(|node| came_from.get(node)) {
                        path.push(before);
                    }
                    path.reverse();
                    return Some((path, problem.act.clone()));
                }
            }
            for &next in &local.edges {
                if seen.insert(next) {
                    came_from.insert(next, node);
                    open.push_back(next);
                }
            }
        }
        None
    }

    /// Whether an `execute:` scope covers a function, with all that it does.
    fn covered(&self, node: Node) -> bool {
        let Node::Function(at) = node else { return false };
        self.catalogue.snapshot().functions.get(at).is_some_and(|function| {
            let name = Name::qualified(function.schema.clone(), function.name.clone());
            self.executes(&name) && !self.functions.refuses(function)
        })
    }

    fn executes(&self, name: &Name) -> bool {
        let schema = name.schema.as_deref().unwrap_or_default();
        !self.functions.is_refused(name)
            && self.scopes.iter().any(|scope| scope.permits_call(schema, &name.name))
    }

    fn permits(&self, verb: Verb, schema: &str, name: &str) -> bool {
        self.scopes.iter().any(|scope| scope.permits(verb, schema, name))
    }

    /// Whether a write may do this beside. What is written then has triggers of its own.
    fn tolerated(&mut self, problem: &Problem, what: &str) -> bool {
        match &problem.tolerance {
            Tolerance::Counts => true,
            Tolerance::Unknown if self.making => true,
            Tolerance::Writes(write) => {
                let Some(tables) = self.tables(&write.table, &[write.verb]) else { return false };
                for table in tables {
                    let deed = Deed {
                        schema: table.schema.clone(),
                        name: table.name.clone(),
                        occasions: Occasions::of(write.verb),
                        columns: Some(write.columns.clone()),
                        inherited: write.inherited,
                    };
                    let way = format!("{what} {}, where ", problem.act);
                    self.open.push((deed, way));
                }
                true
            }
            Tolerance::Locks(tables) => tables
                .iter()
                .all(|table| self.tables(table, &[Verb::Update, Verb::Delete]).is_some()),
            Tolerance::Never | Tolerance::Unknown => {
                let name = problem.allow.as_deref().and_then(|name| name.split_once('.'));
                name.is_some_and(|(schema, name)| {
                    self.executes(&Name::qualified(schema, name))
                        && !crate::policy::functions::never(name)
                })
            }
        }
    }

    /// Every table that a name may mean, if one of the verbs is permitted on each.
    fn tables(&self, name: &Name, verbs: &[Verb]) -> Option<Vec<&'a Relation>> {
        let catalogue: &'a Catalogue = self.catalogue;
        let found: Vec<&'a Relation> = catalogue
            .relations_at(name)
            .filter_map(|at| catalogue.snapshot().relations.get(at))
            .collect();
        let covered = |table: &&Relation| {
            crate::policy::resolve::unwritable(table).is_none()
                && verbs.iter().any(|verb| self.permits(*verb, &table.schema, &table.name))
        };
        (!found.is_empty() && found.iter().all(covered)).then_some(found)
    }

    const fn hopeless(&mut self) {
        self.no_line = true;
        self.no_scope = true;
    }

    fn note(&mut self, what: &str, act: &str) {
        if self.first.is_none() {
            self.first = Some((what.to_owned(), act.to_owned(), format!("{what} {act}")));
        }
    }
}

impl Catalogue {
    /// The table of the index `schema.name`.
    pub(crate) fn indexed(&self, schema: &str, name: &str) -> Option<&Relation> {
        let mut fired = self.graph.fired(&self.snapshot().source, schema, name);
        fired.find_map(|one| match &one.runs {
            Runs::Index((schema, table)) => self.relation(schema, table),
            _ => None,
        })
    }

    /// Functions that default operator classes put beneath built-in types; C code of an extension
    /// is trusted there.
    pub(super) fn beneath_all(&self) -> impl Iterator<Item = usize> {
        let fired = self.graph.fired(&self.snapshot().source, "", "");
        fired.filter(|one| one.occasions.meets(Occasions::ANY)).filter_map(|one| {
            let Runs::Beneath(oid) = one.runs else { return None };
            let at = self.graph.function(oid)?;
            let function = self.snapshot().functions.get(at)?;
            (function.extension.is_none() || &*function.language != "c").then_some(at)
        })
    }
}

/// `execute:public.f` for `public.f(integer)@sha256:…`.
fn executing(entry: &str) -> String {
    let name = entry.split('(').next().unwrap_or(entry);
    match name.split_once('.') {
        Some((schema, name)) => format!("execute:{}", scope::qualified(schema, name)),
        None => format!("execute:{name}"),
    }
}
