//! Whether an UPDATE's or DELETE's WHERE chooses among the rows of its table.
//!
//! A condition that says nothing of the table's own columns is all or nothing, and some that
//! name a column are true of every row: `id = id`, `x LIKE '%'`, `a IS NULL OR a IS NOT NULL`.
//! This is caution against accidents and not a proof: what it can't see through counts as a
//! choice (`id > -1` may be every row, and only the data knows).

use pg_raw_parse::list::NodeList;
use pg_raw_parse::nodes::{A_Expr, BoolExpr, CaseExpr, RangeVar, SubLink};
use pg_raw_parse::raw::{A_Expr_Kind, BoolExprType, BoolTestType, NullTestType, SubLinkType};
use pg_raw_parse::{ConstValue, Node};

/// How deep a condition is looked into; what lies below counts as a choice.
const DEPTH_MAX: usize = 200;

/// How many parts of one OR are compared with each other.
const PAIRS_MAX: usize = 64;

/// The table that is written, as its condition names it.
struct Target<'a> {
    table: &'a RangeVar,
}

/// Whether the condition chooses rows. `None` (no WHERE) doesn't.
pub(super) fn restricts(condition: Node<'_>, table: Option<&RangeVar>) -> bool {
    let Some(table) = table else { return false };
    !matches!(condition, Node::None) && Target { table }.chooses(condition, DEPTH_MAX)
}

impl Target<'_> {
    /// Whether the value of a condition can differ from row to row of the table.
    fn chooses(&self, node: Node<'_>, depth: usize) -> bool {
        let Some(depth) = depth.checked_sub(1) else { return true };
        match node {
            Node::CurrentOfExpr(_) => true,
            Node::A_Const(value) => is_false(value.val()),
            Node::TypeCast(cast) => self.chooses(cast.arg(), depth),
            Node::CollateClause(collate) => self.chooses(collate.arg(), depth),
            Node::ColumnRef(_) => self.owns(node),
            Node::BoolExpr(expression) => self.logic(expression, depth),
            Node::A_Expr(expression) => self.comparison(expression, depth),
            Node::NullTest(test) => {
                let compared = matches!(test.arg(), Node::A_Expr(inner) if compares(inner));
                !(compared && test.nulltesttype == NullTestType::IS_NOT_NULL)
                    && self.mentions(test.arg(), depth)
            }
            Node::BooleanTest(test) => {
                let known = test.booltesttype == BoolTestType::IS_NOT_UNKNOWN;
                !known && self.mentions(test.arg(), depth) && self.chooses(test.arg(), depth)
            }
            Node::CoalesceExpr(coalesce) => {
                let mut args = coalesce.args().iter();
                args.any(|arg| self.mentions(arg, depth) && self.chooses(arg, depth))
            }
            Node::CaseExpr(case) => self.case(case, depth),
            Node::SubLink(link) => self.sub_link(link, depth),
            other => self.mentions(other, depth),
        }
    }

    fn any_chooses(&self, list: &NodeList, depth: usize) -> bool {
        list.iter().any(|item| self.chooses(item, depth))
    }

    fn case(&self, case: &CaseExpr, depth: usize) -> bool {
        let whens: Vec<(Node<'_>, Node<'_>)> = case
            .args()
            .iter()
            .filter_map(|when| match when {
                Node::CaseWhen(when) => Some((when.expr(), when.result())),
                _ => None,
            })
            .collect();
        let looks = self.mentions(case.arg(), depth)
            || whens.iter().any(|(when, _)| self.mentions(*when, depth));
        // Without ELSE a row that meets no WHEN is left out.
        let leaves_out = matches!(case.defresult(), Node::None);
        let mut results = whens.iter().map(|(_, result)| *result).chain([case.defresult()]);
        if looks {
            leaves_out || results.any(|result| self.chooses(result, depth))
        } else {
            results.any(|result| self.mentions(result, depth) && self.chooses(result, depth))
        }
    }

    fn logic(&self, expression: &BoolExpr, depth: usize) -> bool {
        let args = expression.args();
        match expression.boolop {
            // One part that chooses is enough.
            BoolExprType::AND_EXPR => self.any_chooses(args, depth),
            // One part that is true of every row is too many.
            BoolExprType::OR_EXPR => {
                let all: Vec<Node<'_>> = args.iter().collect();
                let pairs = all.iter().take(PAIRS_MAX).enumerate().any(|(at, one)| {
                    all.iter()
                        .take(PAIRS_MAX)
                        .skip(at + 1)
                        .any(|other| opposites(*one, *other, depth))
                });
                !pairs && all.into_iter().all(|arg| self.chooses(arg, depth))
            }
            _ => args.iter().any(|arg| self.negation_chooses(arg, depth)),
        }
    }

    /// NOT of a condition: what is false of every row becomes true of every row.
    fn negation_chooses(&self, node: Node<'_>, depth: usize) -> bool {
        let Some(depth) = depth.checked_sub(1) else { return true };
        match node {
            Node::A_Const(value) => is_true(value.val()),
            Node::TypeCast(cast) => self.negation_chooses(cast.arg(), depth),
            Node::BoolExpr(inner) if inner.boolop == BoolExprType::NOT_EXPR => {
                self.any_chooses(inner.args(), depth)
            }
            Node::BoolExpr(inner) if inner.boolop == BoolExprType::OR_EXPR => {
                inner.args().iter().any(|arg| self.negation_chooses(arg, depth))
            }
            Node::BoolExpr(inner) => {
                let mut args = inner.args().iter();
                args.all(|arg| self.negation_chooses(arg, depth))
            }
            // x <> x, x < x: false of every row.
            Node::A_Expr(inner) if compares(inner) => {
                self.mentions(node, depth) && !same(inner.lexpr(), inner.rexpr(), depth)
            }
            Node::SubLink(link) => self.sub_link(link, depth),
            other => self.mentions(other, depth),
        }
    }

    fn comparison(&self, expression: &A_Expr, depth: usize) -> bool {
        let (left, right) = (expression.lexpr(), expression.rexpr());
        let operator = operator(expression);
        if operator == Some("=") && compares(expression) {
            // (condition) = true
            match (left, right) {
                (condition, truth) | (truth, condition)
                    if is_const_true(truth) && !matches!(condition, Node::ColumnRef(_)) =>
                {
                    return self.mentions(condition, depth) && self.chooses(condition, depth);
                }
                _ => {}
            }
        }
        match expression.kind {
            A_Expr_Kind::AEXPR_LIKE | A_Expr_Kind::AEXPR_ILIKE | A_Expr_Kind::AEXPR_SIMILAR => {
                let all = operator != Some("!~~") && operator != Some("!~~*");
                if all
                    && matches_all(right, |text| {
                        text.contains('%') && text.chars().all(|c| c == '%')
                    })
                {
                    return false;
                }
            }
            A_Expr_Kind::AEXPR_IN if operator == Some("=") => {
                if let Node::NodeList(list) = right
                    && list.iter().any(|item| same(left, item, depth))
                {
                    return false;
                }
            }
            A_Expr_Kind::AEXPR_BETWEEN | A_Expr_Kind::AEXPR_BETWEEN_SYM => {
                if let Node::NodeList(bounds) = right
                    && bounds.iter().all(|bound| same(left, bound, depth))
                {
                    return false;
                }
            }
            A_Expr_Kind::AEXPR_OP_ANY => {
                if let Node::A_ArrayExpr(array) = right
                    && array.elements().iter().any(|item| same(left, item, depth))
                {
                    return false;
                }
            }
            A_Expr_Kind::AEXPR_OP
                if matches!(operator, Some("~" | "~*"))
                    && matches_all(right, |text| {
                        matches!(text, "" | ".*" | "^" | "$" | "^.*$" | "^.*")
                    }) =>
            {
                return false;
            }
            _ if compares(expression) && self.same_but_for_arithmetic(left, right, depth) => {
                return false;
            }
            _ => {}
        }
        self.mentions(left, depth) || self.mentions(right, depth)
    }

    /// `id = id`, `id >= id - 1`, `name = name || ''`.
    fn same_but_for_arithmetic(&self, left: Node<'_>, right: Node<'_>, depth: usize) -> bool {
        same(left, right, depth)
            || matches!((core(left, depth), core(right, depth)), (Some(a), Some(b)) if same(a, b, depth))
    }

    /// EXISTS (SELECT 1) is the same for every row; `id IN (SELECT id FROM the_table)` is true
    /// of every row; a sub-query with a WHERE of its own may look at the row.
    fn sub_link(&self, link: &SubLink, depth: usize) -> bool {
        let Node::SelectStmt(select) = link.subselect() else { return true };
        let plain = matches!(select.where_clause(), Node::None)
            && matches!(select.having_clause(), Node::None)
            && matches!(select.limit_count(), Node::None)
            && matches!(select.limit_offset(), Node::None)
            && select.larg().is_none();
        if link.sub_link_type != SubLinkType::ANY_SUBLINK
            && link.sub_link_type != SubLinkType::ALL_SUBLINK
        {
            return !plain;
        }
        if !self.mentions(link.testexpr(), depth) {
            return !plain;
        }
        let mut from = select.from_clause().iter();
        let itself = matches!((from.next(), from.next()), (Some(Node::RangeVar(table)), None)
            if table.relname() == self.table.relname());
        let mut columns = select.target_list().iter();
        let column = columns.next().map(|column| column.val());
        let same_column = column.is_some_and(|column| same(link.testexpr(), column, depth));
        !(plain && itself && same_column)
    }

    /// Whether a column of the table stands anywhere in an expression.
    fn mentions(&self, node: Node<'_>, depth: usize) -> bool {
        let Some(depth) = depth.checked_sub(1) else { return true };
        let any = |list: &NodeList| list.iter().any(|item| self.mentions(item, depth));
        match node {
            Node::None
            | Node::A_Const(_)
            | Node::ParamRef(_)
            | Node::SQLValueFunction(_)
            | Node::SetToDefault(_) => false,
            Node::ColumnRef(_) => self.owns(node),
            Node::NodeList(list) => any(list),
            Node::TypeCast(cast) => self.mentions(cast.arg(), depth),
            Node::CollateClause(collate) => self.mentions(collate.arg(), depth),
            Node::FuncCall(call) => any(call.args()),
            Node::CoalesceExpr(coalesce) => any(coalesce.args()),
            Node::MinMaxExpr(extreme) => any(extreme.args()),
            Node::A_ArrayExpr(array) => any(array.elements()),
            Node::RowExpr(row) => any(row.args()),
            Node::BoolExpr(expression) => any(expression.args()),
            Node::NullTest(test) => self.mentions(test.arg(), depth),
            Node::BooleanTest(test) => self.mentions(test.arg(), depth),
            Node::A_Expr(expression) => {
                self.mentions(expression.lexpr(), depth) || self.mentions(expression.rexpr(), depth)
            }
            Node::SubLink(link) => self.sub_link(link, depth),
            _ => true,
        }
    }

    /// Whether a column is the table's own: one of another table of FROM or USING chooses none
    /// of its rows. Without a qualifier it counts as its own.
    fn owns(&self, node: Node<'_>) -> bool {
        let Node::ColumnRef(column) = node else { return true };
        let parts: Vec<_> = column.fields().iter().collect();
        let [.., qualifier, _] = parts.as_slice() else { return true };
        let name = match self.table.alias() {
            Some(alias) => alias.aliasname(),
            None => self.table.relname(),
        };
        qualifier.as_str() == name
    }
}

fn is_true(value: Option<ConstValue<'_>>) -> bool {
    match value {
        Some(ConstValue::Boolean(value)) => value,
        Some(ConstValue::String(text)) => boolean(text) == Some(true),
        _ => false,
    }
}

fn is_false(value: Option<ConstValue<'_>>) -> bool {
    match value {
        Some(ConstValue::Boolean(value)) => !value,
        Some(ConstValue::String(text)) => boolean(text) == Some(false),
        // NULL chooses no row.
        None => true,
        Some(_) => false,
    }
}

fn is_const_true(node: Node<'_>) -> bool {
    match node {
        Node::A_Const(value) => is_true(value.val()),
        Node::TypeCast(cast) => is_const_true(cast.arg()),
        _ => false,
    }
}

fn boolean(text: &str) -> Option<bool> {
    match text.trim().to_ascii_lowercase().as_str() {
        "t" | "true" | "y" | "yes" | "on" | "1" => Some(true),
        "f" | "false" | "n" | "no" | "off" | "0" => Some(false),
        _ => None,
    }
}

fn operator(expression: &A_Expr) -> Option<&str> {
    expression.name().iter().next_back().and_then(|name| name.as_str())
}

/// A comparison that can be true of equal sides, or false of them.
fn compares(expression: &A_Expr) -> bool {
    match expression.kind {
        A_Expr_Kind::AEXPR_OP => {
            matches!(operator(expression), Some("=" | "<" | ">" | "<=" | ">=" | "<>" | "!="))
        }
        A_Expr_Kind::AEXPR_DISTINCT | A_Expr_Kind::AEXPR_NOT_DISTINCT => true,
        _ => false,
    }
}

/// A constant text of which a pattern's test holds.
fn matches_all(pattern: Node<'_>, test: impl Fn(&str) -> bool) -> bool {
    match pattern {
        Node::A_Const(value) => {
            matches!(value.val(), Some(ConstValue::String(text)) if test(text))
        }
        Node::TypeCast(cast) => matches_all(cast.arg(), test),
        // SIMILAR TO, and LIKE … ESCAPE.
        Node::FuncCall(call) => call.args().first().is_some_and(|of| matches_all(of, test)),
        _ => false,
    }
}

/// The column under additions of constants and casts.
fn core(node: Node<'_>, depth: usize) -> Option<Node<'_>> {
    let depth = depth.checked_sub(1)?;
    match node {
        Node::ColumnRef(_) => Some(node),
        Node::TypeCast(cast) => core(cast.arg(), depth),
        Node::A_Expr(expression)
            if expression.kind == A_Expr_Kind::AEXPR_OP
                && matches!(operator(expression), Some("+" | "-" | "*" | "/" | "||")) =>
        {
            match (expression.lexpr(), expression.rexpr()) {
                (of, Node::A_Const(_)) | (Node::A_Const(_), of) => core(of, depth),
                _ => None,
            }
        }
        _ => None,
    }
}

/// Whether two expressions are written alike. Calls are never alike: they may be volatile.
fn same(a: Node<'_>, b: Node<'_>, depth: usize) -> bool {
    let Some(depth) = depth.checked_sub(1) else { return false };
    match (a, b) {
        (Node::ColumnRef(a), Node::ColumnRef(b)) => {
            let last = |list: &NodeList| {
                list.iter().next_back().and_then(|n| n.as_str().map(str::to_owned))
            };
            let qualifier = |list: &NodeList| {
                let mut parts = list.iter().rev().skip(1);
                parts.next().and_then(|n| n.as_str().map(str::to_owned))
            };
            let (of_a, of_b) = (qualifier(a.fields()), qualifier(b.fields()));
            last(a.fields()).is_some()
                && last(a.fields()) == last(b.fields())
                && (of_a == of_b || of_a.is_none() || of_b.is_none())
        }
        (Node::A_Const(a), Node::A_Const(b)) => {
            format!("{:?}", a.val()) == format!("{:?}", b.val())
        }
        (Node::TypeCast(a), Node::TypeCast(b)) => same(a.arg(), b.arg(), depth),
        (Node::A_Expr(a), Node::A_Expr(b)) => {
            a.kind == b.kind
                && operator(a) == operator(b)
                && same(a.lexpr(), b.lexpr(), depth)
                && same(a.rexpr(), b.rexpr(), depth)
        }
        (Node::CoalesceExpr(a), Node::CoalesceExpr(b)) => same_lists(a.args(), b.args(), depth),
        (Node::RowExpr(a), Node::RowExpr(b)) => same_lists(a.args(), b.args(), depth),
        (Node::NodeList(a), Node::NodeList(b)) => same_lists(a, b, depth),
        (Node::NullTest(a), Node::NullTest(b)) => {
            a.nulltesttype == b.nulltesttype && same(a.arg(), b.arg(), depth)
        }
        _ => false,
    }
}

fn same_lists(a: &NodeList, b: &NodeList, depth: usize) -> bool {
    a.len() == b.len() && a.iter().zip(b.iter()).all(|(a, b)| same(a, b, depth))
}

/// Whether one of two conditions holds whenever the other doesn't (NULLs aside).
fn opposites(a: Node<'_>, b: Node<'_>, depth: usize) -> bool {
    let Some(depth) = depth.checked_sub(1) else { return false };
    match (a, b) {
        (Node::NullTest(a), Node::NullTest(b)) => {
            a.nulltesttype != b.nulltesttype && same(a.arg(), b.arg(), depth)
        }
        (Node::A_Expr(a), Node::A_Expr(b)) if compares(a) && compares(b) => {
            let opposed = matches!(
                (operator(a), operator(b)),
                (Some("="), Some("<>" | "!="))
                    | (Some("<>" | "!="), Some("="))
                    | (Some("<" | "<="), Some(">="))
                    | (Some(">" | ">="), Some("<="))
                    | (Some(">="), Some("<"))
                    | (Some("<="), Some(">"))
            );
            opposed && same(a.lexpr(), b.lexpr(), depth) && same(a.rexpr(), b.rexpr(), depth)
        }
        (Node::BoolExpr(not), other) | (other, Node::BoolExpr(not))
            if not.boolop == BoolExprType::NOT_EXPR =>
        {
            not.args().iter().any(|arg| same(arg, other, depth))
        }
        _ => false,
    }
}
