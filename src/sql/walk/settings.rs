//! SET, RESET, set_config and the modes of transactions.

use pg_raw_parse::list::NodeList;
use pg_raw_parse::nodes::{A_Const, FuncCall, SelectStmt, TypeName, VariableSetStmt};
use pg_raw_parse::raw::{A_Expr_Kind, SetOperation, VariableSetKind};
use pg_raw_parse::{ConstValue, Node};

use super::super::facts::{Access, Action, Change, Setting, SettingBy, Unread};
use super::{Walk, qualified, unknown};

impl<'a> Walk<'a> {
    /// SET and RESET in all their forms.
    pub(super) fn variable_set(
        &mut self,
        set: &'a VariableSetStmt,
    ) -> Result<(&'static str, Action), Unread> {
        let by = if set.is_local { SettingBy::SetLocal } else { SettingBy::Set };
        let name = set.name().unwrap_or_default().to_lowercase();
        let operation = match set.kind {
            VariableSetKind::VAR_RESET | VariableSetKind::VAR_RESET_ALL => "RESET",
            _ => "SET",
        };
        let change = match set.kind {
            VariableSetKind::VAR_RESET_ALL => return Ok((operation, Action::ResetAll)),
            VariableSetKind::VAR_SET_MULTI => {
                return Ok((operation, transaction(&name, set.args())?));
            }
            VariableSetKind::VAR_SET_DEFAULT | VariableSetKind::VAR_RESET => Change::Reset,
            VariableSetKind::VAR_SET_CURRENT => Change::Unknown,
            VariableSetKind::VAR_SET_VALUE => {
                for value in set.args() {
                    if let Node::ParamRef(parameter) = value {
                        // libpg_query takes `SET x = $1`; the server does not.
                        self.refused = Some(("syntax error at or near \"$\"", parameter.location));
                    }
                }
                value_list(set.args()).map_or(Change::Unknown, |value| Change::To(value.into()))
            }
            _ => return Err(unknown("a kind of SET")),
        };
        let identity = matches!(name.as_str(), "role" | "session_authorization");
        self.found.settings.push(Setting { name: Some(name.into()), change, by });
        Ok((operation, if identity { Action::SetIdentity } else { Action::Set }))
    }

    /// A call of set_config: what it sets, as far as constants tell.
    pub(super) fn set_config(&mut self, call: &'a FuncCall) {
        let arguments: Vec<Node<'a>> = call.args().iter().collect();
        let [name, value, _] = arguments.as_slice() else {
            return self.set_unknown();
        };
        if call.func_variadic || arguments.iter().any(|each| matches!(each, Node::NamedArgExpr(_)))
        {
            return self.set_unknown();
        }
        let pinned = self.pinned.iter().find(|(pinned, _)| std::ptr::eq(*pinned, call));
        let name = match (constant(*name), pinned) {
            (Constant::Text(name), _) | (_, Some(&(_, name))) => Some(name.to_lowercase().into()),
            _ => None,
        };
        let change = match constant(*value) {
            Constant::Text(value) => Change::To(value.into()),
            Constant::Null => Change::Reset,
            Constant::Not => Change::Unknown,
        };
        self.found.settings.push(Setting { name, change, by: SettingBy::SetConfig });
    }

    fn set_unknown(&mut self) {
        let (name, change) = (None, Change::Unknown);
        self.found.settings.push(Setting { name, change, by: SettingBy::SetConfig });
    }

    /// pg_dump's `SELECT set_config(name, 'x', false) FROM pg_settings WHERE name = 'y'`, in
    /// exactly this form: the column can then hold only `y`, whatever the relation is.
    pub(super) fn pin_settings(&mut self, select: &'a SelectStmt) {
        let plain = select.op == SetOperation::SETOP_NONE
            && select.distinct_clause().is_empty()
            && select.with_clause().is_none()
            && select.group_clause().is_empty()
            && select.window_clause().is_empty()
            && select.values_lists().is_empty()
            && select.from_clause().len() == 1
            && select.target_list().len() == 1
            && matches!(select.having_clause(), Node::None);
        let (Some(Node::RangeVar(table)), true) = (select.from_clause().first(), plain) else {
            return;
        };
        let Node::A_Expr(condition) = select.where_clause() else { return };
        let equal = condition.kind == A_Expr_Kind::AEXPR_OP
            && condition.name().len() == 1
            && condition.name().first().and_then(Node::as_str) == Some("=");
        let Constant::Text(name) = constant(condition.rexpr()) else { return };
        if !equal
            || table.relname() != Some("pg_settings")
            || table.alias().is_some()
            || !matches!(table.schemaname(), None | Some("pg_catalog"))
            || !is_name_column(condition.lexpr())
        {
            return;
        }
        if let Some(target) = select.target_list().first()
            && let Node::FuncCall(call) = target.val()
            && call.args().first().is_some_and(is_name_column)
        {
            self.pinned.push((std::ptr::from_ref(call), name));
        }
    }
}

fn is_name_column(node: Node<'_>) -> bool {
    let Node::ColumnRef(column) = node else { return false };
    column.fields().len() == 1 && column.fields().first().and_then(Node::as_str) == Some("name")
}

/// What a constant argument holds.
enum Constant<'a> {
    /// A string, cast to text or not at all.
    Text(&'a str),
    Null,
    /// Not a constant, or none that can be told.
    Not,
}

fn constant(node: Node<'_>) -> Constant<'_> {
    match node {
        Node::A_Const(constant) if constant.isnull => Constant::Null,
        Node::A_Const(constant) => match constant.val() {
            Some(ConstValue::String(text)) => Constant::Text(text),
            _ => Constant::Not,
        },
        Node::TypeCast(cast) if cast.type_name().is_some_and(is_text) => match cast.arg() {
            Node::A_Const(inner) => constant(Node::A_Const(inner)),
            _ => Constant::Not,
        },
        _ => Constant::Not,
    }
}

/// `text` or `pg_catalog.text`, not an array of it.
fn is_text(of: &TypeName) -> bool {
    let Some(name) = qualified(of.names().iter().map(|part| part.sval())) else { return false };
    matches!(name.schema.as_deref(), None | Some("pg_catalog"))
        && &*name.name == "text"
        && of.typmods().is_empty()
        && of.array_bounds().is_empty()
}

/// The values of a SET, joined; `None` when one is no plain constant (an interval).
fn value_list(list: &NodeList) -> Option<String> {
    let mut values = Vec::new();
    for value in list {
        let Node::A_Const(constant) = value else { return None };
        values.push(constant.val()?.to_string());
    }
    Some(values.join(", "))
}

/// SET TRANSACTION, SET TRANSACTION SNAPSHOT and SET SESSION CHARACTERISTICS.
fn transaction(name: &str, modes: &NodeList) -> Result<Action, Unread> {
    let (session, snapshot) = match name {
        "transaction" => (false, false),
        "session characteristics" => (true, false),
        "transaction snapshot" => {
            return Ok(Action::SetTransaction {
                access: Access::Unsaid,
                session: false,
                snapshot: true,
            });
        }
        other => return Err(unknown(format!("SET {other}"))),
    };
    Ok(Action::SetTransaction { access: access(modes), session, snapshot })
}

/// READ ONLY or READ WRITE among the modes of a transaction; the last one wins.
pub(super) fn access(modes: &NodeList) -> Access {
    let mut access = Access::Unsaid;
    for mode in modes {
        let Node::DefElem(mode) = mode else { continue };
        if mode.defname() == Some("transaction_read_only") {
            access = match mode.arg() {
                Node::A_Const(value) if is_true(value) => Access::ReadOnly,
                _ => Access::ReadWrite,
            };
        }
    }
    access
}

fn is_true(value: &A_Const) -> bool {
    matches!(value.val(), Some(ConstValue::Integer(1) | ConstValue::Boolean(true)))
}
