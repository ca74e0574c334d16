//! What other scopes than writes permit: calls, maintenance and definitions; and what holds of
//! every write: a WHERE that chooses, rows that can be counted.

use crate::policy::catalogue::Relation;
use crate::policy::functions::{self, Told};
use crate::policy::reach::fired::{Deed, Search};
use crate::policy::reach::{self, Occasions};
use crate::policy::reason::Reason;
use crate::policy::rules::{NEVER, Rules, because, never, refuse};
use crate::policy::{resolve, scope};
use crate::sql::facts::{Name, Statement};

impl Rules<'_> {
    /// UPDATE and DELETE choose their rows; rows that are capped can be counted.
    pub(super) fn restricted(&self, statement: &Statement) -> Result<(), Reason> {
        if statement.writes.is_empty() {
            return Ok(());
        }
        let table = || statement.writes.first().map(|w| self.shown(&w.table)).unwrap_or_default();
        if self.require_where && statement.unrestricted {
            return Err(Reason::WhereRequired { operation: statement.operation, table: table() });
        }
        if statement.uncounted && self.terms.row_caps.rows_written_max > 0 {
            return Err(Reason::RowsUncounted { operation: statement.operation, table: table() });
        }
        Ok(())
    }

    /// One call: by an `execute:` scope, or like any other.
    pub(super) fn call(&self, name: &Name, told: Told) -> Result<(), Reason> {
        if self.executes(name, told) {
            return Ok(());
        }
        self.functions.call(name, told, self.catalogue)
    }

    /// Whether `execute:` scopes permit a call. An unqualified name is every function of that
    /// name: each must be permitted, or be harmless.
    fn executes(&self, name: &Name, told: Told) -> bool {
        let permits = |schema: &str| {
            let system = matches!(schema, "pg_catalog" | "information_schema");
            let refused = self.functions.is_refused(&Name::qualified(schema, name.name.clone()));
            !(refused || system && functions::never(&name.name))
                && self.terms.scopes.iter().any(|scope| scope.permits_call(schema, &name.name))
        };
        if let Some(schema) = &name.schema {
            return permits(schema);
        }
        let builtin = self.functions.class(&name.name).map(|_| "pg_catalog");
        let others = self.catalogue.functions(name).map(|function| &*function.schema);
        let mut schemas: Vec<&str> = builtin.into_iter().chain(others).collect();
        schemas.dedup();
        schemas.iter().any(|schema| permits(schema))
            && schemas.iter().all(|schema| {
                let qualified = Name::qualified(*schema, name.name.clone());
                permits(schema) || self.functions.call(&qualified, told, self.catalogue).is_ok()
            })
    }

    /// Whether snapshots may go from one session to another.
    pub(super) fn shares_snapshots(&self) -> bool {
        self.executes(&Name::qualified("pg_catalog", "pg_export_snapshot"), Told::default())
    }

    /// CALL: the procedure needs a scope of its own, however harmless it may be.
    pub(super) fn called(&self, statement: &Statement) -> Result<(), Reason> {
        if statement.calls.iter().any(|call| self.executes(call, Told::default())) {
            return Ok(());
        }
        let known = |call: &&Name| self.catalogue.functions(call).next().is_some();
        let named = statement.calls.iter().find(known).or_else(|| statement.calls.first());
        let Some(name) = named else {
            return Err(refuse("call", "CALL", "Name a procedure: CALL schema.procedure()."));
        };
        let schema = name.schema.clone().or_else(|| {
            self.catalogue.functions(name).next().map(|function| function.schema.clone())
        });
        let found = self.catalogue.functions(name).next().is_some();
        let Some(schema) = schema.filter(|_| found) else {
            let why = Some("no such procedure is known".into());
            let hint = "Check its name. If it was made just now, send the statement again in a \
                        second.";
            return Err(because("call", &format!("CALL {name}"), why, hint));
        };
        let qualified = scope::qualified(&schema, &name.name);
        Err(Reason::Statement {
            rule: "call",
            what: format!("CALL {qualified}"),
            why: None,
            hint: "".into(),
            scopes: vec![format!("execute:{qualified}")],
        })
    }

    /// VACUUM and its kin, on named tables only.
    pub(super) fn maintained(&self, statement: &Statement) -> Result<(), Reason> {
        if statement.reads.is_empty() {
            return Err(self.maintains_all(statement.operation));
        }
        let mut missing: Vec<&Relation> = Vec::new();
        let mut deeds = Vec::new();
        for named in &statement.reads {
            let Some(relation) = self.maintainable(named) else {
                return Err(Reason::RelationUnknown(named.to_string()));
            };
            let fits = matches!(relation.kind, 'r' | 'p' | 'm');
            let mut scopes = self.terms.scopes.iter();
            if !(fits && scopes.any(|s| s.permits_maintenance(&relation.schema, &relation.name))) {
                missing.push(relation);
            }
            let (schema, name) = (relation.schema.clone(), relation.name.clone());
            deeds.push(Deed::of(schema, name, Occasions::MAINTAIN));
        }
        if missing.is_empty() {
            let ddl = matches!(statement.operation, "REINDEX" | "REFRESH MATERIALIZED VIEW");
            deeds.extend(ddl.then(|| Deed::of("".into(), "".into(), Occasions::DDL)));
            return self.fires(statement, deeds);
        }
        if let Some(other) = missing.iter().find(|r| !matches!(r.kind, 'r' | 'p' | 'm')) {
            let what = format!("{} on {}.{}", statement.operation, other.schema, other.name);
            let why = "it is neither a table nor a materialized view";
            return Err(because("maintain", &what, Some(why.into()), "Name a table."));
        }
        let mut scopes: Vec<String> = missing
            .iter()
            .map(|r| format!("maintain:{}", scope::qualified(&r.schema, &r.name)))
            .collect();
        if self.maintains_as_owner() {
            scopes.extend(missing.iter().map(|r| format!("ddl:{}", scope::quoted(&r.schema))));
            scopes.sort();
            scopes.dedup();
        }
        let first = missing.first().map(|r| format!(" on {}.{}", r.schema, r.name));
        Err(Reason::Statement {
            rule: "maintain",
            what: format!("{}{}", statement.operation, first.unwrap_or_default()),
            why: None,
            hint: "".into(),
            scopes,
        })
    }

    /// Whether the server lets only a table's owner maintain it, and sessions run as roles of
    /// their scopes: with `ddl:` on its schema, as that owner. MAINTAIN is a privilege from
    /// PostgreSQL 17 on.
    fn maintains_as_owner(&self) -> bool {
        let opens = Name::qualified("pgward", "open_scope_role");
        self.catalogue.snapshot().major < 17 && self.catalogue.functions(&opens).next().is_some()
    }

    /// VACUUM and its kin of everything.
    fn maintains_all(&self, operation: &'static str) -> Reason {
        let why = Some("it names no table".into());
        let Some(example) = self.some_table() else {
            return because("maintain", operation, why, "Name the tables: each needs a scope.");
        };
        let table = scope::qualified(&example.schema, &example.name);
        let word = if operation == "REINDEX" { "REINDEX TABLE" } else { operation };
        Reason::Statement {
            rule: "maintain",
            what: operation.to_owned(),
            why,
            hint: format!("Name each table, as in {word} {table}, after:").into(),
            scopes: if self.maintains_as_owner() {
                vec![format!("ddl:{}", scope::quoted(&example.schema)), format!("maintain:{table}")]
            } else {
                vec![format!("maintain:{table}")]
            },
        }
    }

    /// The relation that a name means to VACUUM and its kin; an index is its table. A session that
    /// may not write has no path to look along: there it is only named, in the scope it would take.
    fn maintainable<'b>(&'b self, named: &'b Name) -> Option<&'b Relation> {
        let path = ["pg_catalog"].into_iter().chain(self.terms.write_path.iter().map(|s| &**s));
        let schemas: Vec<&str> =
            named.schema.as_deref().map_or_else(|| path.collect(), |s| vec![s]);
        let on_path = schemas.into_iter().find_map(|schema| {
            let found = self.catalogue.relation(schema, &named.name);
            found.or_else(|| self.catalogue.indexed(schema, &named.name))
        });
        if self.terms.may_write() {
            return on_path;
        }
        let indexed = || {
            let mut schemas = self.catalogue.snapshot().schemas.iter();
            schemas.find_map(|schema| self.catalogue.indexed(schema, &named.name))
        };
        on_path
            .or_else(|| self.catalogue.relations(named).next())
            .or_else(|| named.schema.is_none().then(indexed).flatten())
    }

    /// CREATE, ALTER, DROP: of objects whose names say that they lie in a granted schema.
    pub(super) fn defined(&self, statement: &Statement) -> Result<(), Reason> {
        let Some(names) = statement.defines.as_ref().filter(|names| !names.is_empty()) else {
            return Err(never(statement));
        };
        let permitted =
            |schema: &str| self.terms.scopes.iter().any(|scope| scope.permits_ddl(schema));
        let outside = |name: &&Name| !name.schema.as_deref().is_some_and(permitted);
        let Some(first) = names.iter().find(outside) else { return self.definition(statement) };
        let what = format!("{} of {}", statement.operation, self.placed(statement, first));
        let placed: Vec<Name> =
            names.iter().filter(outside).map(|n| self.placed(statement, n)).collect();
        let mut scopes = Vec::new();
        for schema in placed.iter().filter_map(|name| name.schema.as_deref()) {
            if resolve::system(schema) {
                return Err(because("ddl", &what, Some(NEVER.into()), "Ask a DBA to run it."));
            }
            if !resolve::known_schema(self.catalogue, schema) {
                let why = Some(format!("there is no schema \"{schema}\"").into());
                let hint = "Check its name; a DBA makes schemas. If it was made just now, send \
                            the statement again in a second.";
                return Err(because("ddl", &what, why, hint));
            }
            scopes.extend((!permitted(schema)).then(|| format!("ddl:{}", scope::quoted(schema))));
        }
        scopes.sort();
        scopes.dedup();
        let bare = names.iter().zip(names.iter().map(|n| self.placed(statement, n)));
        let bare = bare.filter(|(name, _)| name.schema.is_none());
        let bare: Vec<String> = bare.map(|(_, placed)| placed.to_string()).collect();
        let (why, hint) = match (bare.is_empty(), scopes.is_empty()) {
            (true, _) => (None, String::new()),
            (false, scoped) => {
                let why = "a definition names its objects with their schema";
                let end = if scoped { "." } else { ", after:" };
                (Some(why.into()), format!("Write {}{end}", bare.join(", ")))
            }
        };
        Err(Reason::Statement { rule: "ddl", what, why, hint: hint.into(), scopes })
    }

    /// A name with the schema that it most likely means; for what is made new, public.
    fn placed(&self, statement: &Statement, name: &Name) -> Name {
        let on_others = ["INDEX", "TRIGGER", "POLICY", "RULE", "STATISTICS"];
        let operation = statement.operation.strip_prefix("CREATE ");
        let new = operation.is_some_and(|kind| !on_others.contains(&kind));
        let known = || {
            let function = || self.catalogue.functions(name).next().map(|f| f.schema.clone());
            self.likely_schema(name).or_else(function)
        };
        let schema = name.schema.clone().or_else(|| if new { None } else { known() });
        Name::qualified(schema.unwrap_or_else(|| "public".into()), name.name.clone())
    }

    /// What a definition runs: event triggers, and where a table may be written anew, its own
    /// expressions. What it makes can be used before any snapshot has it, under a name that the
    /// last one vouches for: so nothing is made, or takes such a name, that would be refused.
    fn definition(&self, statement: &Statement) -> Result<(), Reason> {
        let deed = |table: &Name, occasions| {
            let schema = table.schema.clone()?;
            Some(Deed::of(schema, table.name.clone(), occasions))
        };
        let mut deeds = vec![Deed::of("".into(), "".into(), Occasions::DDL)];
        let names = || statement.reads.iter().chain(statement.defines.iter().flatten());
        let known = |name: &Name| self.catalogue.relations(name).next().is_some();
        if statement.operation == "CREATE TABLE" && statement.defines.iter().flatten().any(known) {
            deeds.extend(names().filter_map(|table| deed(table, Occasions::EVERY)));
        }
        if statement.operation.starts_with("ALTER") {
            let text = self.text.get(statement.span.clone()).unwrap_or(self.text);
            let renames = text.windows(6).any(|word| word.eq_ignore_ascii_case(b"rename"));
            let occasions = if renames { Occasions::EVERY } else { Occasions::DEFINE };
            for table in statement.reads.iter().filter(|_| renames) {
                reach::client::relations(table, self.catalogue, self.functions)?;
            }
            deeds.extend(statement.reads.iter().filter_map(|table| deed(table, occasions)));
        }
        self.fires(statement, deeds)?;
        match &statement.makes {
            Some(body) if !body.trigger => {
                let search = Search::new(self.catalogue, self.functions, &self.terms.scopes);
                let what = statement.operation.to_owned();
                let name = statement.defines.iter().flatten().next();
                let name = name.map(Name::to_string).unwrap_or_default();
                search
                    .body(&body.language, &body.text, &format!("function {name}"))
                    .map_err(|fires| Reason::Fires { what, fires })
            }
            _ => Ok(()),
        }
    }
}
