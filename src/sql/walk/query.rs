//! SELECT, INSERT, UPDATE, DELETE, MERGE and what stands in their FROM (`gram.y`, SelectStmt and
//! the rules from insert statements on).

use pg_raw_parse::Node;
use pg_raw_parse::list::NodeList;
use pg_raw_parse::nodes::{
    CommonTableExpr, DeleteStmt, InsertStmt, LockingClause, MergeStmt, OnConflictClause,
    RangeFunction, RangeTableFunc, RangeTableSample, RangeVar, ReturningClause, SelectStmt,
    UpdateStmt, WithClause,
};
use pg_raw_parse::raw::{CmdType, OnConflictAction};

use super::super::facts::{Name, Unread, Verb};
use super::{Scope, Walk, name_of, restrict, table_name, unknown};

impl<'a> Walk<'a> {
    pub(super) fn select(&mut self, select: &'a SelectStmt, scope: Scope) -> Result<(), Unread> {
        let scope = self.with(select.with_clause(), scope)?;
        if let Some(into) = select.into_clause() {
            self.creates("SELECT INTO");
            self.push_list(into.options(), scope);
        }
        self.pin_settings(select);
        self.push_list(select.distinct_clause(), scope);
        self.push_all(select.target_list().iter().map(Node::ResTarget), scope);
        self.push_list(select.from_clause(), scope);
        self.push(select.where_clause(), scope);
        self.push_list(select.group_clause(), scope);
        self.push(select.having_clause(), scope);
        self.push_list(select.window_clause(), scope);
        self.push_list(select.values_lists(), scope);
        self.push_all(select.sort_clause().iter().map(Node::SortBy), scope);
        self.push(select.limit_offset(), scope);
        self.push(select.limit_count(), scope);
        for side in [select.larg(), select.rarg()].into_iter().flatten() {
            self.push(Node::SelectStmt(side), scope);
        }
        for clause in select.locking_clause() {
            self.lock_rows(clause, select.from_clause());
        }
        Ok(())
    }

    /// Binds the names of a WITH and visits its queries, each in the scope that it sees.
    fn with(&mut self, with: Option<&'a WithClause>, outer: Scope) -> Result<Scope, Unread> {
        let Some(with) = with else { return Ok(outer) };
        let mut scope = outer;
        let name =
            |cte: &'a CommonTableExpr| cte.ctename().ok_or_else(|| unknown("WITH without a name"));
        if with.recursive {
            for cte in with.ctes() {
                scope = self.bind(scope, name(cte)?)?;
            }
        }
        for cte in with.ctes() {
            self.push(cte.ctequery(), scope);
            if let Some(cycle) = cte.cycle_clause() {
                self.push(cycle.cycle_mark_value(), scope);
                self.push(cycle.cycle_mark_default(), scope);
            }
            if !with.recursive {
                scope = self.bind(scope, name(cte)?)?;
            }
        }
        Ok(scope)
    }

    /// FOR UPDATE … FOR KEY SHARE: its tables are named by their aliases.
    fn lock_rows(&mut self, clause: &'a LockingClause, from: &'a NodeList) {
        if clause.locked_rels().is_empty() {
            self.found.row_locks.push(None);
        }
        for locked in clause.locked_rels() {
            let table = match locked {
                Node::RangeVar(locked) => aliased(locked, from),
                _ => None,
            };
            self.found.row_locks.push(table);
        }
    }

    pub(super) fn insert(&mut self, insert: &'a InsertStmt, scope: Scope) -> Result<(), Unread> {
        self.writers += usize::from(!self.explained);
        let scope = self.with(insert.with_clause(), scope)?;
        self.write(Verb::Insert, insert.relation())?;
        self.push_list(insert.cols(), scope);
        self.push(insert.select_stmt(), scope);
        self.returning(insert.returning_clause(), scope);
        if let Some(conflict) = insert.on_conflict_clause() {
            self.on_conflict(conflict, insert.relation(), scope)?;
        }
        Ok(())
    }

    fn on_conflict(
        &mut self,
        conflict: &'a OnConflictClause,
        table: Option<&RangeVar>,
        scope: Scope,
    ) -> Result<(), Unread> {
        match conflict.action {
            OnConflictAction::ONCONFLICT_NONE | OnConflictAction::ONCONFLICT_NOTHING => {}
            OnConflictAction::ONCONFLICT_UPDATE => {
                self.update_of(table, conflict.target_list().iter())?;
            }
            _ => return Err(unknown("ON CONFLICT")),
        }
        if let Some(infer) = conflict.infer() {
            self.push_list(infer.index_elems(), scope);
            self.push(infer.where_clause(), scope);
        }
        self.push_all(conflict.target_list().iter().map(Node::ResTarget), scope);
        self.push(conflict.where_clause(), scope);
        Ok(())
    }

    pub(super) fn update(&mut self, update: &'a UpdateStmt, scope: Scope) -> Result<(), Unread> {
        self.writers += usize::from(!self.explained);
        let scope = self.with(update.with_clause(), scope)?;
        self.update_of(update.relation(), update.target_list().iter())?;
        self.restricted(update.where_clause(), update.relation());
        self.push_all(update.target_list().iter().map(Node::ResTarget), scope);
        self.push_list(update.from_clause(), scope);
        self.push(update.where_clause(), scope);
        self.returning(update.returning_clause(), scope);
        Ok(())
    }

    pub(super) fn delete(&mut self, delete: &'a DeleteStmt, scope: Scope) -> Result<(), Unread> {
        self.writers += usize::from(!self.explained);
        let scope = self.with(delete.with_clause(), scope)?;
        self.write(Verb::Delete, delete.relation())?;
        self.restricted(delete.where_clause(), delete.relation());
        self.push_list(delete.using_clause(), scope);
        self.push(delete.where_clause(), scope);
        self.returning(delete.returning_clause(), scope);
        Ok(())
    }

    /// An UPDATE's or DELETE's WHERE.
    fn restricted(&mut self, condition: Node<'_>, table: Option<&RangeVar>) {
        if !self.explained && !restrict::restricts(condition, table) {
            self.found.unrestricted = true;
        }
    }

    pub(super) fn merge(&mut self, merge: &'a MergeStmt, scope: Scope) -> Result<(), Unread> {
        self.writers += usize::from(!self.explained);
        let scope = self.with(merge.with_clause(), scope)?;
        let table = merge.relation();
        self.writes |= !self.explained;
        for when in merge.merge_when_clauses() {
            match when.command_type {
                CmdType::CMD_INSERT => self.write(Verb::Insert, table)?,
                CmdType::CMD_UPDATE => {
                    let set = when.target_list().iter().filter_map(|one| match one {
                        Node::ResTarget(one) => Some(one),
                        _ => None,
                    });
                    self.update_of(table, set)?;
                }
                CmdType::CMD_DELETE => self.write(Verb::Delete, table)?,
                CmdType::CMD_NOTHING => {
                    let table = table.ok_or_else(|| unknown("MERGE without a table"))?;
                    self.read_always(table);
                }
                _ => return Err(unknown("MERGE")),
            }
            self.push(when.condition(), scope);
            self.push_list(when.target_list(), scope);
            self.push_list(when.values(), scope);
        }
        self.push(merge.source_relation(), scope);
        self.push(merge.join_condition(), scope);
        self.returning(merge.returning_clause(), scope);
        Ok(())
    }

    fn returning(&mut self, returning: Option<&'a ReturningClause>, scope: Scope) {
        if let Some(returning) = returning {
            self.push_list(returning.exprs(), scope);
        }
    }

    pub(super) fn range_function(
        &mut self,
        function: &'a RangeFunction,
        scope: Scope,
    ) -> Result<(), Unread> {
        for item in function.functions() {
            // A pair: the call, and its column definitions if it has any.
            let Node::NodeList(pair) = item else { return Err(unknown("ROWS FROM")) };
            self.push_list(pair, scope);
        }
        self.push_all(function.coldeflist().iter().map(Node::ColumnDef), scope);
        match (function.alias().and_then(|alias| alias.aliasname()), known_as(function)) {
            (Some(name), _) | (None, Some(name)) => {
                self.scalars.insert(name);
            }
            (None, None) => self.scalar_unnamed = true,
        }
        Ok(())
    }

    /// XMLTABLE.
    pub(super) fn range_table_func(
        &mut self,
        table: &'a RangeTableFunc,
        scope: Scope,
    ) -> Result<(), Unread> {
        self.call(Name::bare("xmltable"));
        self.push(table.docexpr(), scope);
        self.push(table.rowexpr(), scope);
        self.push_list(table.namespaces(), scope);
        for column in table.columns() {
            self.type_name(column.type_name(), scope)?;
            self.push(column.colexpr(), scope);
            self.push(column.coldefexpr(), scope);
        }
        Ok(())
    }

    pub(super) fn table_sample(
        &mut self,
        sample: &'a RangeTableSample,
        scope: Scope,
    ) -> Result<(), Unread> {
        let method = name_of(sample.method()).ok_or_else(|| unknown("TABLESAMPLE"))?;
        self.call(method);
        self.push(sample.relation(), scope);
        self.push_list(sample.args(), scope);
        self.push(sample.repeatable(), scope);
        Ok(())
    }
}

/// What a function in FROM without an alias is known as: the name of the first one, where it is
/// a plain call.
fn known_as(function: &RangeFunction) -> Option<&str> {
    let Some(Node::NodeList(pair)) = function.functions().first() else { return None };
    let Some(Node::FuncCall(call)) = pair.first() else { return None };
    call.funcname().iter().next_back()?.as_str()
}

/// The table that an alias of a FROM stands for; `None` if it is none (a sub-query, say), or if
/// it may be one of several: inside a join with an alias of its own, a name hides no other.
fn aliased(locked: &RangeVar, from: &NodeList) -> Option<Name> {
    let mut open: Vec<Node<'_>> = from.iter().collect();
    let mut found = None;
    while let Some(item) = open.pop() {
        match item {
            Node::RangeVar(table) => {
                let known_as = match table.alias() {
                    Some(alias) => alias.aliasname(),
                    None => table.relname(),
                };
                if known_as == locked.relname() && found.replace(table_name(table)).is_some() {
                    return None;
                }
            }
            Node::JoinExpr(join) => open.extend([join.larg(), join.rarg()]),
            Node::RangeTableSample(sample) => open.push(sample.relation()),
            _ => {}
        }
    }
    found
}
