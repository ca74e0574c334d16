//! What a top-level statement is: its command tag and what it does. DDL is in [`super::ddl`].

use pg_raw_parse::Node;
use pg_raw_parse::list::NodeList;
use pg_raw_parse::nodes::{
    ClosePortalStmt, CopyStmt, CreateTableAsStmt, DeallocateStmt, DefElem, ExecuteStmt,
    ExplainStmt, FetchStmt, LockStmt, PrepareStmt, TransactionStmt, VacuumStmt,
};
use pg_raw_parse::raw::{DiscardMode, ObjectType, TransactionStmtKind};

use super::super::facts::{Action, Unread, Verb};
use super::{Walk, settings, unknown};

type Decided = Result<(&'static str, Action), Unread>;

impl<'a> Walk<'a> {
    /// Decides a top-level statement and pushes what of it is to be walked.
    pub(super) fn top(&mut self, node: Node<'a>) -> Decided {
        let query = |walk: &mut Self, operation| {
            walk.tagged |= writes(node);
            walk.push(node, 0);
            Ok((operation, Action::Read))
        };
        match node {
            Node::SelectStmt(select) if select.into_clause().is_some() => {
                query(self, "SELECT INTO")
            }
            Node::SelectStmt(_) => query(self, "SELECT"),
            Node::InsertStmt(_) => query(self, "INSERT"),
            Node::UpdateStmt(_) => query(self, "UPDATE"),
            Node::DeleteStmt(_) => query(self, "DELETE"),
            Node::MergeStmt(_) => query(self, "MERGE"),
            Node::TruncateStmt(truncate) => {
                for table in truncate.relations() {
                    let Node::RangeVar(table) = table else { return Err(unknown("TRUNCATE")) };
                    self.write(Verb::Truncate, Some(table))?;
                }
                Ok(("TRUNCATE TABLE", Action::Write))
            }
            Node::ExplainStmt(explain) => self.explain(explain),
            Node::CopyStmt(copy) => self.copy(copy),
            Node::CreateTableAsStmt(create) => self.create_table_as(create),
            Node::PrepareStmt(prepare) => self.prepare(prepare),
            Node::ExecuteStmt(execute) => self.execute(execute),
            Node::DeallocateStmt(deallocate) => Ok(deallocated(deallocate)),
            Node::DeclareCursorStmt(declare) => {
                self.push(declare.query(), 0);
                let name = declare.portalname().unwrap_or_default().into();
                Ok(("DECLARE CURSOR", Action::Declare { name }))
            }
            Node::FetchStmt(fetch) => Ok(fetched(fetch)),
            Node::ClosePortalStmt(close) => Ok(closed(close)),
            Node::CallStmt(call) => {
                let call = call.funccall().ok_or_else(|| unknown("CALL"))?;
                self.push(Node::FuncCall(call), 0);
                Ok(("CALL", Action::Call))
            }
            Node::DoStmt(_) => Ok(("DO", Action::Do)),
            Node::VariableSetStmt(set) => self.variable_set(set),
            Node::VariableShowStmt(_) => Ok(("SHOW", Action::Show)),
            Node::TransactionStmt(transaction) => transacted(transaction),
            _ => self.rest(node),
        }
    }

    fn rest(&mut self, node: Node<'a>) -> Decided {
        match node {
            // Changes when constraints are checked, in this transaction only: no setting.
            Node::ConstraintsSetStmt(_) => Ok(("SET CONSTRAINTS", Action::Set)),
            Node::DiscardStmt(discard) => discarded(discard.target),
            Node::LockStmt(lock) => self.lock(lock),
            Node::NotifyStmt(notify) => Ok(("NOTIFY", notification(notify.conditionname()))),
            Node::ListenStmt(listen) => Ok(("LISTEN", notification(listen.conditionname()))),
            Node::UnlistenStmt(unlisten) => {
                Ok(("UNLISTEN", notification(unlisten.conditionname())))
            }
            Node::VacuumStmt(vacuum) => {
                self.vacuumed(vacuum);
                Ok((if vacuum.is_vacuumcmd { "VACUUM" } else { "ANALYZE" }, Action::Maintain))
            }
            Node::ClusterStmt(cluster) => {
                cluster.relation().into_iter().for_each(|table| self.read_always(table));
                Ok(("CLUSTER", Action::Maintain))
            }
            Node::ReindexStmt(reindex) => {
                reindex.relation().into_iter().for_each(|table| self.read_always(table));
                Ok(("REINDEX", Action::Maintain))
            }
            Node::RefreshMatViewStmt(refresh) => {
                refresh.relation().into_iter().for_each(|table| self.read_always(table));
                Ok(("REFRESH MATERIALIZED VIEW", Action::Maintain))
            }
            Node::CheckPointStmt(_) => Ok(("CHECKPOINT", Action::Server)),
            Node::LoadStmt(_) => Ok(("LOAD", Action::Server)),
            Node::AlterSystemStmt(_) => Ok(("ALTER SYSTEM", Action::Server)),
            node => {
                let operation = super::ddl::operation(node)?;
                super::ddl::relations(node, &mut self.found.reads);
                self.found.defines = self.defined(node)?;
                Ok((operation, Action::Ddl))
            }
        }
    }

    fn explain(&mut self, explain: &'a ExplainStmt) -> Decided {
        self.explained = !explain.options().iter().any(may_analyze);
        let mut action = match explain.query() {
            // It shows the cursor's query (or runs it) and makes no cursor.
            Node::DeclareCursorStmt(declare) => {
                self.push(declare.query(), 0);
                Action::Read
            }
            query @ (Node::SelectStmt(_)
            | Node::InsertStmt(_)
            | Node::UpdateStmt(_)
            | Node::DeleteStmt(_)
            | Node::MergeStmt(_)
            | Node::CreateTableAsStmt(_)
            | Node::RefreshMatViewStmt(_)
            | Node::ExecuteStmt(_)) => self.top(query)?.1,
            _ => return Err(unknown("EXPLAIN")),
        };
        // Its tag is EXPLAIN, whatever it runs.
        self.tagged = false;
        if let Action::Execute { analyzed, .. } = &mut action {
            *analyzed = !self.explained;
        }
        Ok(("EXPLAIN", action))
    }

    fn copy(&mut self, copy: &'a CopyStmt) -> Decided {
        self.tagged = writes(copy.query());
        self.push(copy.query(), 0);
        self.push(copy.where_clause(), 0);
        if copy.is_from {
            self.write(Verb::Insert, copy.relation())?;
        } else if let Some(table) = copy.relation() {
            self.read_always(table);
        }
        let action = match (copy.filename().is_some() || copy.is_program, copy.is_from) {
            (true, _) => Action::CopyServer,
            (false, true) => Action::CopyIn,
            (false, false) => Action::CopyOut,
        };
        Ok(("COPY", action))
    }

    fn create_table_as(&mut self, create: &'a CreateTableAsStmt) -> Decided {
        let operation = match create.objtype {
            ObjectType::OBJECT_TABLE => "CREATE TABLE AS",
            ObjectType::OBJECT_MATVIEW => "CREATE MATERIALIZED VIEW",
            _ => return Err(unknown("CREATE … AS")),
        };
        self.creates(operation);
        if let Some(into) = create.into() {
            self.push_list(into.options(), 0);
        }
        if let Node::ExecuteStmt(execute) = create.query() {
            return Ok((operation, self.execute(execute)?.1));
        }
        self.push(create.query(), 0);
        if self.explained {
            return Ok((operation, Action::Read));
        }
        self.found.defines = create.into().and_then(super::define::made);
        Ok((operation, Action::Ddl))
    }

    fn prepare(&mut self, prepare: &'a PrepareStmt) -> Decided {
        for of in prepare.argtypes() {
            self.type_name(Some(of), 0)?;
        }
        self.tagged = writes(prepare.query());
        self.push(prepare.query(), 0);
        let name = prepare.name().unwrap_or_default().into();
        // Whether it writes is known when it has been walked.
        Ok(("PREPARE", Action::Prepare { name, write: false }))
    }

    fn execute(&mut self, execute: &'a ExecuteStmt) -> Decided {
        self.push_list(execute.params(), 0);
        let name = execute.name().unwrap_or_default().into();
        Ok(("EXECUTE", Action::Execute { name, analyzed: false }))
    }

    fn lock(&mut self, lock: &'a LockStmt) -> Decided {
        for table in lock.relations() {
            let Node::RangeVar(table) = table else { return Err(unknown("LOCK TABLE")) };
            self.read_always(table);
        }
        // lockdefs.h
        let mode = match lock.mode {
            1 => "ACCESS SHARE",
            2 => "ROW SHARE",
            3 => "ROW EXCLUSIVE",
            4 => "SHARE UPDATE EXCLUSIVE",
            5 => "SHARE",
            6 => "SHARE ROW EXCLUSIVE",
            7 => "EXCLUSIVE",
            8 => "ACCESS EXCLUSIVE",
            _ => return Err(unknown("a lock mode")),
        };
        Ok(("LOCK TABLE", Action::Lock { access_share: lock.mode == 1, mode }))
    }

    fn vacuumed(&mut self, vacuum: &'a VacuumStmt) {
        for target in vacuum.rels() {
            target.relation().into_iter().for_each(|table| self.read_always(table));
        }
    }
}

const fn writes(query: Node<'_>) -> bool {
    matches!(
        query,
        Node::InsertStmt(_) | Node::UpdateStmt(_) | Node::DeleteStmt(_) | Node::MergeStmt(_)
    )
}

/// An ANALYZE among the options of EXPLAIN that isn't plainly off (`defGetBoolean`).
fn may_analyze(option: &DefElem) -> bool {
    let analyze = option.defname().is_some_and(|name| {
        name.eq_ignore_ascii_case("analyze") || name.eq_ignore_ascii_case("analyse")
    });
    let off = match option.arg() {
        Node::Integer(value) => value.ival == 0,
        Node::Boolean(value) => !value.boolval,
        Node::String(value) => value.sval().is_some_and(|value| {
            value.eq_ignore_ascii_case("false") || value.eq_ignore_ascii_case("off")
        }),
        _ => false,
    };
    analyze && !off
}

fn deallocated(deallocate: &DeallocateStmt) -> (&'static str, Action) {
    let name = deallocate.name().map(Into::into);
    (if name.is_some() { "DEALLOCATE" } else { "DEALLOCATE ALL" }, Action::Deallocate { name })
}

fn fetched(fetch: &FetchStmt) -> (&'static str, Action) {
    let name = fetch.portalname().unwrap_or_default().into();
    (if fetch.ismove { "MOVE" } else { "FETCH" }, Action::Fetch { name })
}

fn closed(close: &ClosePortalStmt) -> (&'static str, Action) {
    let name = close.portalname().map(Into::into);
    (if name.is_some() { "CLOSE CURSOR" } else { "CLOSE CURSOR ALL" }, Action::CloseCursor { name })
}

fn discarded(target: DiscardMode::Type) -> Decided {
    let (operation, what) = match target {
        DiscardMode::DISCARD_ALL => ("DISCARD ALL", "ALL"),
        DiscardMode::DISCARD_PLANS => ("DISCARD PLANS", "PLANS"),
        DiscardMode::DISCARD_SEQUENCES => ("DISCARD SEQUENCES", "SEQUENCES"),
        DiscardMode::DISCARD_TEMP => ("DISCARD TEMP", "TEMP"),
        _ => return Err(unknown("DISCARD")),
    };
    Ok((operation, Action::Discard { what }))
}

fn notification(channel: Option<&str>) -> Action {
    Action::Notification { channel: channel.map(Into::into) }
}

fn transacted(transaction: &TransactionStmt) -> Decided {
    let modes: &NodeList = transaction.options();
    let chain = transaction.chain;
    Ok(match transaction.kind {
        TransactionStmtKind::TRANS_STMT_BEGIN => ("BEGIN", Action::Begin(settings::access(modes))),
        TransactionStmtKind::TRANS_STMT_START => {
            ("START TRANSACTION", Action::Begin(settings::access(modes)))
        }
        TransactionStmtKind::TRANS_STMT_COMMIT => ("COMMIT", Action::Commit { chain }),
        TransactionStmtKind::TRANS_STMT_ROLLBACK => ("ROLLBACK", Action::Rollback { chain }),
        TransactionStmtKind::TRANS_STMT_SAVEPOINT => ("SAVEPOINT", Action::Savepoint),
        TransactionStmtKind::TRANS_STMT_RELEASE => ("RELEASE", Action::Savepoint),
        TransactionStmtKind::TRANS_STMT_ROLLBACK_TO => ("ROLLBACK", Action::Savepoint),
        TransactionStmtKind::TRANS_STMT_PREPARE => ("PREPARE TRANSACTION", Action::TwoPhase),
        TransactionStmtKind::TRANS_STMT_COMMIT_PREPARED => ("COMMIT PREPARED", Action::TwoPhase),
        TransactionStmtKind::TRANS_STMT_ROLLBACK_PREPARED => {
            ("ROLLBACK PREPARED", Action::TwoPhase)
        }
        _ => return Err(unknown("a transaction statement")),
    })
}
