//! Reads narrowed by `select:` scopes: nothing else is read but the system's own catalogs.

use crate::policy::catalogue::Relation;
use crate::policy::reach;
use crate::policy::reason::Reason;
use crate::policy::rules::Rules;
use crate::policy::{resolve, scope};
use crate::sql::facts::{Action, Name, Statement};

/// System views that show rows of other relations, or what other sessions send: refused where
/// reads are narrowed.
const TELLING: &[&str] = &[
    "pg_stats",
    "pg_stats_ext",
    "pg_stats_ext_exprs",
    "pg_statistic",
    "pg_statistic_ext_data",
    "pg_largeobject",
    "pg_stat_activity",
    "pg_prepared_statements",
    "pg_cursors",
];

/// Functions likewise.
const TELLING_CALLS: &[&str] = &[
    "lo_get",
    "lo_open",
    "loread",
    "pg_stat_get_activity",
    "pg_stat_statements",
    "pg_get_wal_record_info",
    "pg_get_wal_records_info",
    "pg_get_wal_records_info_till_end_of_wal",
    "pg_get_wal_block_info",
    "pg_logical_slot_peek_changes",
    "pg_logical_slot_peek_binary_changes",
];

/// What a statement reads that no scope names.
#[derive(Debug, Default)]
struct Lacking {
    /// The first of it.
    first: Option<String>,
    /// A table that may be read, which an unqualified name may mean too.
    instead: Option<String>,
    /// The scopes for all of it.
    scopes: Vec<String>,
    /// Something is shown that no scope names.
    telling: bool,
}

impl Lacking {
    fn add(&mut self, table: String, scope: Option<String>) {
        self.first.get_or_insert(table);
        self.telling |= scope.is_none();
        self.scopes.extend(scope);
    }

    fn reason(mut self) -> Result<(), Reason> {
        let Some(table) = self.first else { return Ok(()) };
        if self.telling {
            self.scopes.clear();
        }
        self.scopes.sort();
        self.scopes.dedup();
        Err(Reason::ReadNarrowed { table, instead: self.instead, scopes: self.scopes })
    }
}

impl Rules<'_> {
    /// With `select:` scopes nothing else is read, but the system's own catalogs.
    pub(super) fn reads(&self, statement: &Statement) -> Result<(), Reason> {
        if !self.terms.narrows_reads() {
            return Ok(());
        }
        let defines = statement.defines.as_deref().unwrap_or_default();
        let about = matches!(statement.action, Action::Maintain | Action::Ddl);
        let mut lacking = Lacking::default();
        for table in &statement.reads {
            // What is maintained or defined is permitted by its own scope.
            if about && (statement.action == Action::Maintain || defines.contains(table)) {
                continue;
            }
            if !self.may_read(table) {
                if self.likely_schema(table).is_none() {
                    return Err(Reason::RelationUnknown(table.to_string()));
                }
                self.lacks(table, &mut lacking);
            }
        }
        if let Some(call) = statement.calls.iter().find(|c| TELLING_CALLS.contains(&&*c.name)) {
            lacking.add(call.to_string(), None);
        }
        for (relation, by) in reach::client::read_beneath(statement, self.catalogue, self.functions)
        {
            let name = Name::qualified(relation.schema.clone(), relation.name.clone());
            if !self.may_read(&name) {
                lacking.add(format!("{name} (by {by})"), select(relation));
            }
        }
        lacking.reason()
    }

    /// Every relation that a name may mean must be one that may be read.
    fn lacks(&self, table: &Name, lacking: &mut Lacking) {
        let mut found = false;
        for relation in self.catalogue.relations(table) {
            let name = Name::qualified(relation.schema.clone(), relation.name.clone());
            found = true;
            if self.may_read(&name) {
                lacking.instead.get_or_insert(scope::qualified(&relation.schema, &relation.name));
            } else {
                lacking.add(name.to_string(), select(relation));
            }
        }
        if !found {
            lacking.add(self.shown(table), None);
        }
    }

    fn may_read(&self, table: &Name) -> bool {
        let permitted = |schema: &str| {
            // Not pg_toast, where values of every table lie.
            let system = matches!(schema, "information_schema" | "pg_catalog");
            (system && !TELLING.contains(&&*table.name))
                || self.terms.scopes.iter().any(|scope| scope.permits_read(schema, &table.name))
        };
        match &table.schema {
            Some(schema) => permitted(schema),
            None => {
                let mut found = self.catalogue.relations(table).peekable();
                found.peek().is_some() && found.all(|relation| permitted(&relation.schema))
            }
        }
    }
}

/// The scope for reading a relation, where there can be one.
fn select(relation: &Relation) -> Option<String> {
    let named = || format!("select:{}", scope::qualified(&relation.schema, &relation.name));
    (!resolve::system(&relation.schema)).then(named)
}
