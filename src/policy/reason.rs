//! Why a text is refused, without whose grant it was: what the verdict cache keeps. The texts a
//! client sees are made from it for each case, with the grant's name and the time left.

use std::borrow::Cow;
use std::sync::Arc;

use crate::base::Refusal;
use crate::base::refusal::policy::{self as texts, Context};
use crate::base::refusal::reach as way;
use crate::base::refusal::statement_too_long;
use crate::policy::reach::{Fires, Found};
use crate::policy::{Terms, functions, scope};

/// Why a text is refused: one variant per rule.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "each field is an argument of the text's function, which says")]
pub enum Reason {
    Syntax {
        message: String,
        position: Option<u32>,
    },
    TooComplex {
        what: &'static str,
        limit: usize,
    },
    TooLong {
        length: usize,
        limit: usize,
    },
    UnknownConstruct(String),
    Disagreement,
    Encoding(usize),
    WriteWithoutScope {
        operation: &'static str,
        table: String,
        scopes: Vec<String>,
    },
    WriteTarget {
        operation: &'static str,
        table: String,
        why: &'static str,
        hint: &'static str,
    },
    RowLock {
        table: Option<String>,
        why: Option<&'static str>,
        scopes: Vec<String>,
    },
    TableLock {
        table: String,
        mode: &'static str,
        scopes: Vec<String>,
    },
    WriteInherited {
        operation: &'static str,
        table: String,
        heir: String,
        scopes: Vec<String>,
    },
    WhereRequired {
        operation: &'static str,
        table: String,
    },
    RowsUncounted {
        operation: &'static str,
        table: String,
    },
    ReadNarrowed {
        table: String,
        instead: Option<String>,
        scopes: Vec<String>,
    },
    Statement {
        rule: &'static str,
        what: String,
        why: Option<Cow<'static, str>>,
        hint: Cow<'static, str>,
        scopes: Vec<String>,
    },
    ReadWrite {
        statement: &'static str,
        scope: Option<String>,
    },
    FunctionClass {
        function: String,
        class: &'static str,
    },
    FunctionRefused(String),
    FunctionUnknown(String),
    RelationUnknown(String),
    Fires {
        what: String,
        fires: Fires,
    },
    Reach {
        rule: &'static str,
        found: Arc<Found>,
        way_round: Option<String>,
    },
    Type {
        name: String,
        why: &'static str,
    },
    ParameterType {
        number: usize,
        oid: u32,
        why: String,
    },
    Setting {
        name: String,
        why: &'static str,
    },
    SettingValue {
        name: String,
        allowed: &'static str,
    },
    SettingComputed,
    SettingCapped {
        name: &'static str,
        cap_ms: u64,
        alone: bool,
    },
    Identity(&'static str),
    DependsOnEarlier {
        operation: &'static str,
        earlier: &'static str,
    },
}

/// Runs `with` in the context of a grant.
pub(crate) fn in_context<T>(terms: &Terms, wall: i64, with: impl FnOnce(&Context<'_>) -> T) -> T {
    let scopes: Vec<String> = terms.scopes.iter().map(ToString::to_string).collect();
    with(&Context {
        grant: terms.grant,
        user: &terms.user,
        database: &terms.database,
        reason: &terms.reason,
        read_only: !terms.may_write(),
        scopes: &scopes,
        expires_at: terms.expires_at,
        wall,
    })
}

impl Reason {
    /// What the client of this grant is told now (`wall`: microseconds since the epoch).
    #[must_use]
    pub fn refusal(&self, terms: &Terms, wall: i64) -> Refusal {
        in_context(terms, wall, |context| self.text(context))
    }

    /// Whether it is something that may just have been made, which the next snapshot has.
    #[must_use]
    pub fn unknown(&self) -> bool {
        matches!(
            self,
            Self::FunctionUnknown(_)
                | Self::RelationUnknown(_)
                | Self::Type { .. }
                | Self::ParameterType { .. }
        ) || matches!(self, Self::Statement { rule: "call", scopes, .. } if scopes.is_empty())
    }

    /// The scopes that would make the statement pass, as they stand in a command.
    #[must_use]
    pub fn scopes(&self) -> Vec<String> {
        match self {
            Self::WriteWithoutScope { scopes, .. }
            | Self::WriteInherited { scopes, .. }
            | Self::RowLock { scopes, .. }
            | Self::TableLock { scopes, .. }
            | Self::ReadNarrowed { scopes, .. }
            | Self::Statement { scopes, .. } => scopes.clone(),
            Self::Fires { fires, .. } => fires.scopes.clone(),
            Self::FunctionClass { function, .. } if !functions::never(function) => {
                vec![format!("execute:{}", scope::qualified("pg_catalog", function))]
            }
            Self::Reach { rule: "function_user", found, .. } => found
                .what
                .strip_prefix("function ")
                .map(|function| vec![format!("execute:{function}")])
                .unwrap_or_default(),
            _ => Vec::new(),
        }
    }

    fn text(&self, context: &Context<'_>) -> Refusal {
        match self {
            Self::Syntax { message, position } => texts::syntax(message, *position),
            Self::TooComplex { what, limit } => texts::too_complex(what, *limit),
            Self::TooLong { length, limit } => statement_too_long(*length, *limit),
            Self::UnknownConstruct(construct) => texts::unknown_construct(construct),
            Self::Disagreement => texts::disagreement(context),
            Self::Encoding(position) => texts::encoding(*position),
            Self::WriteWithoutScope { operation, table, scopes } => {
                texts::write_without_scope(context, operation, table, scopes)
            }
            Self::WriteTarget { operation, table, why, hint } => {
                texts::write_target(context, operation, table, why, hint)
            }
            Self::RowLock { table, why, scopes } => {
                texts::row_lock(context, table.as_deref(), *why, scopes)
            }
            Self::TableLock { table, mode, scopes } => {
                texts::table_lock(context, table, mode, scopes)
            }
            Self::WriteInherited { operation, table, heir, scopes } => {
                texts::write_inherited(context, operation, table, heir, scopes)
            }
            Self::WhereRequired { operation, table } => {
                texts::where_required(context, operation, table)
            }
            Self::RowsUncounted { operation, table } => {
                texts::rows_uncounted(context, operation, table)
            }
            Self::ReadNarrowed { table, instead, scopes } => {
                texts::read_narrowed(context, table, instead.as_deref(), scopes)
            }
            Self::Statement { rule, what, why, hint, scopes } => {
                texts::statement(context, rule, (what, why.as_deref()), hint, scopes)
            }
            Self::ReadWrite { statement, scope } => {
                texts::read_write(context, statement, scope.as_deref())
            }
            Self::FunctionClass { function, class } => {
                let instead = functions::instead(function);
                texts::function_class(context, function, class, instead, &self.scopes())
            }
            Self::FunctionRefused(function) => texts::function_refused(context, function),
            Self::RelationUnknown(relation) => texts::relation_unknown(context, relation),
            Self::Reach { rule, found, way_round } => {
                let Found { what, act, chain, allow } = &**found;
                let reach = way::Reach { rule, what, act, chain, allow };
                way::reach(context, &reach, way_round.as_deref(), &self.scopes())
            }
            Self::Fires { what, fires } => {
                let Found { act, chain, allow, what: by } = &*fires.found;
                let rule = "write_reach";
                let reach = way::Reach { rule, what: by, act, chain, allow };
                way::fires(context, what, &reach, &fires.scopes)
            }
            Self::FunctionUnknown(function) => texts::function_unknown(context, function),
            Self::Type { name, why } => texts::type_refused(context, name, why),
            Self::ParameterType { number, oid, why } => {
                texts::parameter_type(context, *number, *oid, why)
            }
            Self::Setting { name, why } => texts::setting(context, name, why),
            Self::SettingValue { name, allowed } => texts::setting_value(context, name, allowed),
            Self::SettingComputed => texts::setting_computed(context),
            Self::SettingCapped { name, cap_ms, alone } => {
                texts::setting_capped(context, name, *cap_ms, *alone)
            }
            Self::Identity(operation) => texts::identity(context, operation),
            Self::DependsOnEarlier { operation, earlier } => {
                texts::depends_on_earlier(context, operation, earlier)
            }
        }
    }
}
