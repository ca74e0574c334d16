//! Writes: which table a name means, and whether a scope covers what is done to it.
//!
//! An unqualified name is looked up in `terms.write_path`, to which the session's search_path is
//! frozen. pg_catalog comes first, as on the server; a temporary table cannot be in the way,
//! since no grant can make one.

use crate::policy::reach::Occasions;
use crate::policy::reach::fired::{Deed, Search};
use crate::policy::reason::Reason;
use crate::policy::resolve::{VIEW, unwritable};
use crate::policy::rules::Rules;
use crate::policy::scope;
use crate::sql::facts::{Action, Name, Statement, Verb, Write};

const UNFOUND: &str = "no such table is on the search_path";
const UNKNOWN: &str = "no such table is known in this database";

/// A table, why no scope would do, or the scopes that would.
type Lacking = (String, Option<&'static str>, Vec<String>);

/// A written table, resolved.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Target {
    schema: Box<str>,
    table: Box<str>,
}

impl Rules<'_> {
    /// Judges everything that a statement writes.
    pub(super) fn writes(&self, statement: &Statement) -> Result<(), Reason> {
        if statement.writes.is_empty() {
            return Ok(());
        }
        let mut missing = false;
        let mut deeds = Vec::new();
        for write in &statement.writes {
            let target = match self.resolve(&write.table) {
                Ok(target) => target,
                // On a read grant the scope comes first: its HINT says how to get one. One for a
                // table that is not there could not be made.
                Err(why) => match self.unwritable(&write.table, why) {
                    None => return Err(self.without_scope(statement)),
                    Some(why) => {
                        let table = self.shown(&write.table);
                        let (operation, hint) = (operation(statement, write.verb), way_round(why));
                        return Err(Reason::WriteTarget { operation, table, why, hint });
                    }
                },
            };
            missing |= !self.permits(write.verb, &target);
            if write.inherited && write.verb != Verb::Insert {
                self.heirs(statement, write.verb, &target)?;
            }
            deeds.push(Deed {
                schema: target.schema,
                name: target.table,
                occasions: Occasions::of(write.verb),
                columns: (write.verb == Verb::Update).then(|| write.columns.clone()),
                inherited: write.inherited,
            });
        }
        if missing { Err(self.without_scope(statement)) } else { self.fires(statement, deeds) }
    }

    /// Whether all that runs with what is done is harmless, or within the scopes.
    pub(super) fn fires(&self, statement: &Statement, deeds: Vec<Deed>) -> Result<(), Reason> {
        let named = deeds.iter().find(|deed| !deed.name.is_empty());
        let on = named.map(|deed| format!(" on {}.{}", deed.schema, deed.name)).unwrap_or_default();
        let search = Search::new(self.catalogue, self.functions, &self.terms.scopes);
        search
            .judge(deeds)
            .map_err(|fires| Reason::Fires { what: format!("{}{on}", statement.operation), fires })
    }

    /// What is done to a table without ONLY is done to those that inherit from it.
    fn heirs(&self, statement: &Statement, verb: Verb, target: &Target) -> Result<(), Reason> {
        let heirs = self.catalogue.heirs(&target.schema, &target.table);
        let uncovered: Vec<Target> = heirs
            .into_iter()
            .map(|(schema, table)| Target { schema: schema.into(), table: table.into() })
            .filter(|heir| !self.permits(verb, heir))
            .collect();
        let Some(first) = uncovered.first() else { return Ok(()) };
        if !self.permits(verb, target) {
            // The refusal for the table itself comes first.
            return Ok(());
        }
        Err(Reason::WriteInherited {
            operation: operation(statement, verb),
            table: format!("{}.{}", target.schema, target.table),
            heir: format!("{}.{}", first.schema, first.table),
            scopes: uncovered
                .iter()
                .map(|heir| scope::command_argument(&[verb], &heir.schema, &heir.table))
                .collect(),
        })
    }

    /// Row locks need a scope that lets the grant write the rows they lock.
    pub(super) fn row_locks(&self, statement: &Statement) -> Result<(), Reason> {
        let mut tables: Vec<&Name> = Vec::new();
        for lock in &statement.row_locks {
            match lock {
                Some(table) => tables.push(table),
                None if statement.reads.is_empty() => {
                    return Err(Reason::RowLock { table: None, why: None, scopes: Vec::new() });
                }
                None => tables.extend(&statement.reads),
            }
        }
        let verbs = [Verb::Update, Verb::Delete];
        let Some((first, why, scopes)) = self.lacking(tables, &verbs)? else { return Ok(()) };
        Err(Reason::RowLock { table: Some(first), why, scopes })
    }

    /// LOCK TABLE in modes above ACCESS SHARE, with the privileges that PostgreSQL asks for.
    pub(super) fn table_lock(
        &self,
        statement: &Statement,
        mode: &'static str,
    ) -> Result<(), Reason> {
        let verbs = [Verb::Update, Verb::Delete, Verb::Truncate, Verb::Insert];
        let light = matches!(mode, "ROW SHARE" | "ROW EXCLUSIVE");
        let verbs = if light { &verbs[..] } else { &verbs[..3] };
        if statement.reads.is_empty() {
            return Err(Reason::TableLock { table: String::new(), mode, scopes: Vec::new() });
        }
        let lacking = self.lacking(statement.reads.iter().collect(), verbs)?;
        let Some((table, _, scopes)) = lacking else { return Ok(()) };
        Err(Reason::TableLock { table, mode, scopes })
    }

    /// The first of these tables on which no scope permits one of `verbs`; the scopes that would,
    /// for all of them; or why none would.
    fn lacking(&self, tables: Vec<&Name>, verbs: &[Verb]) -> Result<Option<Lacking>, Reason> {
        let (mut first, mut scopes) = (None, Vec::new());
        for table in tables {
            let target = self.resolve(table);
            if let Ok(target) = &target
                && verbs.iter().any(|verb| self.permits(*verb, target))
            {
                continue;
            }
            if self.likely_schema(table).is_none() {
                return Err(Reason::RelationUnknown(table.to_string()));
            }
            if let Some(why) = target.err().and_then(|why| self.unwritable(table, why)) {
                return Ok(Some((self.shown(table), Some(why), Vec::new())));
            }
            first.get_or_insert_with(|| self.shown(table));
            scopes.extend(verbs.first().map(|verb| self.argument(&[*verb], table)));
        }
        scopes.dedup();
        Ok(first.map(|first| (first, None, scopes)))
    }

    /// Why a table whose name did not resolve for this reason may not be written, whatever the
    /// scopes. On a read grant, which has no path that names are looked for along, it may be that
    /// one of its schema would do.
    fn unwritable(&self, table: &Name, why: &'static str) -> Option<&'static str> {
        if self.terms.may_write() || !matches!(why, UNKNOWN | UNFOUND) {
            return Some(why);
        }
        let Some(schema) = self.likely_schema(table) else { return Some(UNKNOWN) };
        self.resolve(&Name::qualified(schema, table.name.clone())).err()
    }

    fn permits(&self, verb: Verb, target: &Target) -> bool {
        self.terms.scopes.iter().any(|s| s.permits(verb, &target.schema, &target.table))
    }

    /// Which table the server would write; the error says why it may not be written.
    fn resolve(&self, table: &Name) -> Result<Target, &'static str> {
        let schema = match &table.schema {
            Some(schema) => schema.clone(),
            None => self.schema_of(&table.name).ok_or(UNFOUND)?,
        };
        if schema.starts_with("pg_") || *schema == *"information_schema" {
            return Err("its schema cannot be written through pgward");
        }
        let relation = self.catalogue.relation(&schema, &table.name).ok_or(UNKNOWN)?;
        match unwritable(relation) {
            Some(why) => Err(why),
            None => Ok(Target { schema, table: table.name.clone() }),
        }
    }

    pub(super) fn schema_of(&self, name: &str) -> Option<Box<str>> {
        std::iter::once("pg_catalog")
            .chain(self.terms.write_path.iter().map(|s| &**s))
            .find(|schema| self.catalogue.relation(schema, name).is_some())
            .map(Into::into)
    }

    /// The refusal that names every scope the statement needs, so that the command in its HINT
    /// makes the whole of it pass.
    fn without_scope(&self, statement: &Statement) -> Reason {
        let mut needed: Vec<(&Name, Vec<Verb>)> = Vec::new();
        for Write { verb, table, .. } in &statement.writes {
            match needed.iter_mut().find(|(name, _)| *name == table) {
                Some((_, verbs)) if verbs.contains(verb) => {}
                Some((_, verbs)) => verbs.push(*verb),
                None => needed.push((table, vec![*verb])),
            }
        }
        let scopes = needed.iter().map(|(table, verbs)| self.argument(verbs, table)).collect();
        let uncovered = statement.writes.iter().find(|write| {
            !self.resolve(&write.table).is_ok_and(|target| self.permits(write.verb, &target))
        });
        let write = uncovered.or_else(|| statement.writes.first());
        let table = write.map(|w| self.shown(&w.table)).unwrap_or_default();
        let operation = write.map_or(statement.operation, |w| operation(statement, w.verb));
        Reason::WriteWithoutScope { operation, table, scopes }
    }

    /// A scope for `table`, with the schema that its name most likely means.
    fn argument(&self, verbs: &[Verb], table: &Name) -> String {
        let schema = self.likely_schema(table);
        scope::command_argument(verbs, schema.as_deref().unwrap_or("public"), &table.name)
    }

    /// A table's name with the schema that it most likely means.
    pub(super) fn shown(&self, table: &Name) -> String {
        match self.likely_schema(table) {
            Some(schema) => format!("{schema}.{}", table.name),
            None => table.to_string(),
        }
    }

    pub(super) fn likely_schema(&self, table: &Name) -> Option<Box<str>> {
        if let Some(schema) = &table.schema {
            return Some(schema.clone());
        }
        let on_path = self.schema_of(&table.name).filter(|schema| **schema != *"pg_catalog");
        on_path.or_else(|| {
            let found = || self.catalogue.relations(table);
            let first = found().find(|r| matches!(r.kind, 'r' | 'p')).or_else(|| found().next())?;
            Some(first.schema.clone())
        })
    }
}

/// What to do about a table that may not be written.
fn way_round(why: &str) -> &'static str {
    match why {
        UNKNOWN | UNFOUND => {
            "Name the table as schema.table, and see that it is a table of this database. If it \
             was made just now, send the statement again in a second."
        }
        VIEW => "No scope permits it: write the tables that the view shows.",
        _ => "No scope permits it: ask a DBA.",
    }
}

/// The word for what is done to the table: a modifying CTE's own, not the SELECT's around it.
fn operation(statement: &Statement, verb: Verb) -> &'static str {
    match statement.operation {
        own @ ("INSERT" | "UPDATE" | "DELETE" | "MERGE") => own,
        "COPY" if statement.action == Action::CopyIn => "COPY FROM",
        _ => match verb {
            Verb::Insert => "INSERT",
            Verb::Update => "UPDATE",
            Verb::Delete => "DELETE",
            Verb::Truncate => "TRUNCATE",
        },
    }
}
