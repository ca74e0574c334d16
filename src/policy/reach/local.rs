//! One object: what it mentions, and what is wrong with it itself.

use std::sync::Arc;

use super::client::is_the_servers;
use super::source::{Owner, Use};
use super::{Node, Occasions, Runs, body, folded};
use crate::base::GrantId;
use crate::policy::catalogue::{Catalogue, FIRST_USER_OID, Function, Shape, Type};
use crate::policy::functions::{Class, Functions, INTERNAL, SQL_TEXT, Told};
use crate::policy::terms::{Caps, RowCaps, Terms};
use crate::policy::{settings, types};
use crate::sql::facts::{Action, Change, Name, Setting, SettingBy, Statement, Verb, Write};

/// What one object says.
#[derive(Debug, Default)]
pub(super) struct Local {
    /// What it mentions.
    pub(super) edges: Vec<Node>,
    /// What is wrong with it itself.
    pub(super) problems: Vec<Problem>,
}

/// Something that a read may not do.
#[derive(Debug)]
pub(super) struct Problem {
    /// A verb phrase: `writes public.log`.
    pub(super) act: String,
    /// The built-in function that would have to be allowed.
    pub(super) allow: Option<String>,
    /// Whether it may happen beside a write that a scope permits.
    pub(super) tolerance: Tolerance,
}

/// What may happen beside a write that a scope permits.
#[derive(Debug)]
pub(super) enum Tolerance {
    /// It may not.
    Never,
    /// It mentions something that is not known.
    Unknown,
    /// It advances a sequence or takes the transaction's id, as any write does.
    Counts,
    /// It writes, which the scopes may name.
    Writes(Write),
    /// It locks rows of these tables.
    Locks(Vec<Name>),
}

/// Functions that make rows of a table's own type, and so run the CHECKs of its columns' domains.
const ROW_MAKERS: &[&str] = &[
    "json_populate_record",
    "json_populate_recordset",
    "jsonb_populate_record",
    "jsonb_populate_recordset",
    "jsonb_populate_record_valid",
    "populate_record",
];

/// Built-in functions that a write may call beside: it takes the same itself.
const COUNTING: &[&str] = &["nextval", "txid_current", "pg_current_xact_id"];

/// What a statement mentions is gathered with the catalogue and the configuration at hand.
pub(super) struct Gather<'a> {
    pub(super) catalogue: &'a Catalogue,
    pub(super) functions: &'a Functions,
    pub(super) local: Local,
    /// Names that a trigger's function may read beside the tables there are.
    transitions: &'a [Box<str>],
}

impl Local {
    /// Of an object.
    pub(super) fn of(node: Node, catalogue: &Catalogue, functions: &Functions) -> Self {
        let mut gather = Gather::new(catalogue, functions);
        let snapshot = catalogue.snapshot();
        match node {
            Node::Function(at) => {
                if let Some(function) = snapshot.functions.get(at) {
                    gather.function(function);
                }
            }
            Node::Relation(at) => gather.relation(at),
            Node::Type(at) => {
                if let Some(of) = snapshot.types.get(at) {
                    gather.type_of(of);
                }
            }
            Node::Operator(at) => {
                if let Some(operator) = snapshot.operators.get(at)
                    && !operator.reviewed()
                    && !gather.uses(Owner::Operator(operator.oid))
                {
                    gather.problem("is not known");
                }
            }
        }
        gather.local
    }
}

impl<'a> Gather<'a> {
    pub(super) fn new(catalogue: &'a Catalogue, functions: &'a Functions) -> Self {
        Self { catalogue, functions, local: Local::default(), transitions: &[] }
    }

    fn problem(&mut self, act: impl Into<String>) {
        self.push(act.into(), None, Tolerance::Never);
    }

    fn push(&mut self, act: String, allow: Option<String>, tolerance: Tolerance) {
        self.local.problems.push(Problem { act, allow, tolerance });
    }

    fn edge(&mut self, node: Node) {
        if !self.local.edges.contains(&node) {
            self.local.edges.push(node);
        }
    }

    // Objects.

    fn function(&mut self, function: &Function) {
        let name = Name::qualified(function.schema.clone(), function.name.clone());
        if self.functions.is_refused(&name) {
            return self.problem("is refused by the configuration");
        }
        if self.functions.permits(function) {
            return;
        }
        if self.functions.outdated(function) {
            self.problem("has another definition than the one that policy.allow_functions names");
        }
        self.transitions = self.catalogue.graph.transitions(function.oid);
        if function.security_definer {
            self.problem("is SECURITY DEFINER, and runs with its owner's rights");
        }
        for setting in &function.settings {
            self.set_clause(setting);
        }
        self.type_oids(&function.types);
        if function.kind == 'a' {
            if !self.uses(Owner::Function(function.oid)) {
                self.problem("is not known");
            }
            return;
        }
        match body::statements(function) {
            Ok(statements) => statements.iter().for_each(|one| self.statement(one)),
            Err(why) => self.problem(why),
        }
    }

    fn relation(&mut self, at: usize) {
        let catalogue = self.catalogue;
        let Some(relation) = catalogue.snapshot().relations.get(at) else { return };
        let source = &catalogue.snapshot().source;
        let (schema, name) = (&*relation.schema, &*relation.name);
        let mut texts = 0;
        for text in catalogue.graph.relation_texts(source, schema, name) {
            texts += 1;
            let read = match relation.kind {
                'v' => body::query(&text.sql),
                _ => body::expression(&text.sql),
            };
            match read {
                Ok(statements) => statements.iter().for_each(|one| self.statement(one)),
                Err(why) if relation.kind == 'v' => self.problem(why),
                Err(why) => self.problem(format!("has the policy {}, which {why}", text.label)),
            }
        }
        for fired in catalogue.graph.fired(source, schema, name) {
            match &fired.runs {
                _ if !fired.occasions.meets(Occasions::PLAN) => {}
                Runs::Expression(text) => self.folded(text),
                // Which partitions hold a constant is what the planner asks.
                Runs::Beneath(oid) => match catalogue.graph.function(*oid) {
                    Some(at) => self.edge(Node::Function(at)),
                    None => self.problem("has a partition key that is not known"),
                },
                _ => {}
            }
        }
        // Reading a value of a base type calls its output function.
        for at in catalogue.types_at(&Name::qualified(schema, name)) {
            for base in catalogue.bases(at) {
                self.edge(Node::Type(base));
            }
        }
        // System views are PostgreSQL's own.
        if relation.kind == 'v' && texts == 0 && !is_system(schema) {
            self.problem("has a query that is not known");
        }
        let mut tables = 0;
        for foreign in catalogue.graph.foreign(source, schema, name) {
            tables += 1;
            self.foreign(&foreign.wrapper, foreign.handler, foreign.program);
        }
        if relation.kind == 'f' && tables == 0 {
            self.problem("is kept by a server that is not known");
        }
    }

    /// What the planner runs of an expression of a table.
    fn folded(&mut self, text: &str) {
        let catalogue = self.catalogue;
        for name in folded::calls(text) {
            for at in catalogue.functions_at(&name) {
                if catalogue.snapshot().functions.get(at).is_some_and(|f| f.immutable) {
                    self.edge(Node::Function(at));
                }
            }
        }
    }

    /// A foreign table is as good as the handler that fetches its rows.
    fn foreign(&mut self, wrapper: &str, handler: u32, program: bool) {
        let at = self.catalogue.graph.function(handler);
        let function = at.and_then(|at| self.catalogue.snapshot().functions.get(at));
        let Some(function) = function else {
            return self.problem(format!("is read by the wrapper {wrapper}, which is not known"));
        };
        let name = Name::qualified(function.schema.clone(), function.name.clone());
        let allowed = self.functions.is_allowed(&name);
        if self.functions.is_refused(&name) {
            self.problem(format!("is read by {name}, which the configuration refuses"));
        } else if !allowed && (program || !self.functions.permits(function)) {
            let act = if program {
                "runs a program on the server".to_owned()
            } else {
                format!("is read by the wrapper {wrapper}, which was not reviewed")
            };
            self.push(act, Some(name.to_string()), Tolerance::Never);
        }
    }

    fn type_of(&mut self, of: &Type) {
        if of.reviewed() {
            return;
        }
        let used = self.uses(Owner::Type(of.oid));
        match &of.shape {
            Shape::Enum => {}
            Shape::Base if used => {}
            Shape::Base => self.problem("has an input function that is not known"),
            Shape::Composite(parts) => self.type_oids(parts),
            Shape::Range(part) | Shape::Array(part) => self.type_oids(&[*part]),
            Shape::Domain { base, checked } => {
                self.type_oids(&[*base]);
                self.domain(of.oid, *checked);
            }
            Shape::Other => self.problem("is of a kind that is not known"),
        }
    }

    fn domain(&mut self, oid: u32, checked: bool) {
        let catalogue = self.catalogue;
        let mut texts = 0;
        for text in catalogue.graph.domain_texts(&catalogue.snapshot().source, oid) {
            texts += 1;
            match body::expression(&text.sql) {
                Ok(statements) => statements.iter().for_each(|one| self.statement(one)),
                Err(why) => self.problem(format!("has the CHECK {}, which {why}", text.label)),
            }
        }
        if checked && texts == 0 {
            self.problem("is a domain whose CHECK is not known");
        }
    }

    /// The functions beneath an object; whether any are known.
    fn uses(&mut self, owner: Owner) -> bool {
        let catalogue = self.catalogue;
        let mut any = false;
        for one in catalogue.graph.uses(&catalogue.snapshot().source, owner) {
            any = true;
            self.used(one);
        }
        any
    }

    fn used(&mut self, one: &Use) {
        if let Some(name) = &one.builtin {
            match self.functions.class(name) {
                // Input, output, comparison: made to be called so.
                Some(Class::Harmless | Class::Refused(INTERNAL)) => {}
                Some(Class::Refused(class)) => self.builtin(name, class),
                Some(Class::Settings) => self.problem("sets settings"),
                None => self.problem(format!("calls pg_catalog.{name}, which is not known")),
            }
            return;
        }
        let Some(at) = self.catalogue.graph.function(one.function) else {
            return self.problem("calls a function that is not known");
        };
        self.beneath(at);
    }

    /// A function that is called without being named. C code that an extension, and so a
    /// superuser, put beneath its own types, operators and casts is trusted; what is called by
    /// name is judged more strictly.
    fn beneath(&mut self, at: usize) {
        let found = self.catalogue.snapshot().functions.get(at);
        let trusted = found.is_some_and(|function| {
            let name = Name::qualified(function.schema.clone(), function.name.clone());
            let of_extension = function.extension.is_some() && !function.security_definer;
            of_extension && &*function.language == "c" && !self.functions.is_refused(&name)
        });
        if !trusted {
            self.edge(Node::Function(at));
        }
    }

    // Statements.

    /// Notes all that a statement of a body does and mentions.
    pub(super) fn statement(&mut self, statement: &Statement) {
        for what in &statement.creates {
            self.problem(format!("makes a table ({what})"));
        }
        for write in &statement.writes {
            let tolerance = match write.verb {
                // With CASCADE it may reach further.
                Verb::Truncate => Tolerance::Never,
                _ => Tolerance::Writes(write.clone()),
            };
            self.push(format!("writes {}", write.table), None, tolerance);
        }
        let harmless = match &statement.action {
            Action::Read | Action::Show | Action::Set => true,
            Action::Lock { access_share, .. } => *access_share,
            _ => !statement.writes.is_empty() || !statement.creates.is_empty(),
        };
        if !harmless {
            self.problem(format!("runs {}", statement.operation));
        }
        if !statement.row_locks.is_empty() {
            let named: Option<Vec<Name>> = statement.row_locks.iter().cloned().collect();
            let tables = named.unwrap_or_else(|| statement.reads.clone());
            self.push("locks rows".to_owned(), None, Tolerance::Locks(tables));
        }
        statement.settings.iter().for_each(|one| self.setting(one));
        let settings = statement.settings.iter().any(|s| s.by == SettingBy::SetConfig);
        for name in &statement.calls {
            self.call(name, Told { settings, text: statement.texts.contains(name) });
        }
        for field in &statement.attributes {
            if let Some(Class::Refused(class)) = self.functions.class(field) {
                self.builtin(field, class);
            }
        }
        statement.types.iter().for_each(|name| self.type_named(name));
        self.mentioned(statement);
        for name in &statement.reads {
            let known = self.read(name);
            let transition = name.schema.is_none() && self.transitions.contains(&name.name);
            if !known && !transition && !is_the_servers(name) {
                let act = format!("reads {name}, which is not known");
                self.push(act, None, Tolerance::Unknown);
            }
        }
    }

    /// Operators, fields that may be calls, and rows that are made.
    pub(super) fn mentioned(&mut self, statement: &Statement) {
        let catalogue = self.catalogue;
        for name in &statement.operators {
            catalogue.operators_at(name).for_each(|at| self.edge(Node::Operator(at)));
        }
        for field in &statement.fields {
            for at in catalogue.functions_at(&Name::bare(&**field)) {
                if catalogue.snapshot().functions.get(at).is_some_and(|f| f.takes_row) {
                    self.edge(Node::Function(at));
                }
            }
        }
        for field in &statement.attributes {
            let name = Name::bare(&**field);
            for at in catalogue.functions_at(&name) {
                if catalogue.snapshot().functions.get(at).is_some_and(|f| f.takes_one) {
                    self.edge(Node::Function(at));
                }
            }
            catalogue.types_at(&name).for_each(|at| self.edge(Node::Type(at)));
        }
        for cast in types::casts(statement, catalogue) {
            let (schema, name) = cast.function.clone();
            let name = Name::qualified(schema, name);
            let mut known = false;
            for at in catalogue.functions_at(&name) {
                known = true;
                self.beneath(at);
            }
            if !known && !self.functions.is_allowed(&name) {
                let act = format!("casts by {name}, which is not known");
                self.push(act, Some(name.to_string()), Tolerance::Never);
            }
        }
        let makes = |name: &Name| ROW_MAKERS.contains(&&*name.name);
        if statement.calls.iter().any(makes)
            || statement.operators.iter().any(|name| &*name.name == "#=")
        {
            for name in &statement.reads {
                catalogue.types_at(name).for_each(|at| self.edge(Node::Type(at)));
            }
        }
    }

    /// A relation that is read; whether one of the name is known.
    pub(super) fn read(&mut self, name: &Name) -> bool {
        let catalogue = self.catalogue;
        let mut known = false;
        for at in catalogue.relations_at(name) {
            known = true;
            self.edge(Node::Relation(at));
        }
        known
    }

    fn call(&mut self, name: &Name, told: Told) {
        let catalogue = self.catalogue;
        let builtin = match name.schema.as_deref() {
            Some(schema) if !is_system(schema) => None,
            _ => self.functions.class(&name.name),
        };
        let in_system = name.schema.as_deref().is_none_or(is_system);
        let mut known = builtin.is_some() || (in_system && types::builtin(&name.name));
        for at in catalogue.functions_at(name) {
            known = true;
            if !(told.text && self.functions.told_all(at, catalogue)) {
                self.edge(Node::Function(at));
            }
        }
        for at in catalogue.types_at(name) {
            known = true;
            self.edge(Node::Type(at));
        }
        match builtin {
            Some(Class::Refused(SQL_TEXT))
                if told.text && !self.functions.is_refused(&system(&name.name)) => {}
            Some(Class::Refused(class)) => self.builtin(&name.name, class),
            Some(Class::Settings) if !told.settings => self.problem("sets a computed setting"),
            Some(Class::Harmless) if self.functions.is_refused(&system(&name.name)) => {
                self.problem(format!("calls {name}, which the configuration refuses"));
            }
            _ if !known && !self.functions.is_allowed(name) => {
                let allow = name.schema.is_some().then(|| name.to_string());
                let act = format!("calls {name}, which is not known");
                self.push(act, allow, Tolerance::Unknown);
            }
            _ => {}
        }
    }

    fn builtin(&mut self, name: &str, class: &str) {
        let qualified = system(name);
        if self.functions.is_refused(&qualified) {
            self.problem(format!("calls {qualified}, which the configuration refuses"));
        } else if !self.functions.is_allowed(&qualified) {
            let allow = Some(qualified.to_string());
            let act = format!("calls {qualified}, which {class}");
            let counts = COUNTING.contains(&name) || name.starts_with("pg_event_trigger_");
            let tolerance = if counts { Tolerance::Counts } else { Tolerance::Never };
            self.push(act, allow, tolerance);
        }
    }

    fn type_named(&mut self, name: &Name) {
        let catalogue = self.catalogue;
        catalogue.types_at(name).for_each(|at| self.edge(Node::Type(at)));
        if !types::is_known(name, catalogue) {
            let act = format!("uses the type {name}, which is not known");
            self.push(act, None, Tolerance::Unknown);
        }
    }

    fn type_oids(&mut self, oids: &[u32]) {
        for &oid in oids.iter().filter(|oid| **oid >= FIRST_USER_OID) {
            match self.catalogue.type_at(oid) {
                Some(at) => self.edge(Node::Type(at)),
                None => self.problem(format!("uses a type (OID {oid}) that is not known")),
            }
        }
    }

    // Settings.

    /// A SET clause holds while the function runs, and is put back.
    fn set_clause(&mut self, clause: &str) {
        let (name, value) = clause.split_once('=').unwrap_or((clause, ""));
        let setting = Setting {
            name: Some(name.to_ascii_lowercase().into()),
            change: Change::To(value.into()),
            by: SettingBy::SetLocal,
        };
        if settings::judge(&setting, &reader()).is_err() {
            self.problem(format!("has the clause SET {name}"));
        }
    }

    /// A setting that a statement changes stays changed when the function is done.
    fn setting(&mut self, setting: &Setting) {
        let name = setting.name.as_deref().unwrap_or("a computed setting");
        // A write grant's triggers and policies may look at an application's own.
        let path = name == "search_path" || (name.contains('.') && !settings::is_free(name));
        if path || settings::judge(setting, &reader()).is_err() {
            self.problem(format!("sets {name}"));
        }
    }
}

/// The terms of a grant that may only read.
fn reader() -> Terms {
    Terms {
        grant: GrantId::from_random(0),
        user: Arc::from(""),
        database: Arc::from(""),
        reason: Arc::from(""),
        ticket: None,
        scopes: Arc::from([]),
        expires_at: 0,
        write_path: Arc::from([]),
        caps: Caps::default(),
        row_caps: RowCaps::default(),
        statement_bytes_max: 0,
    }
}

fn system(name: &str) -> Name {
    Name::qualified("pg_catalog", name)
}

fn is_system(schema: &str) -> bool {
    matches!(schema, "pg_catalog" | "information_schema")
}
