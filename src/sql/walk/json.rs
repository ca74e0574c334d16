//! SQL/JSON: syntax since PostgreSQL 16 or 17, a plain call of a function of that name before.

use pg_raw_parse::Node;
use pg_raw_parse::nodes::{
    JsonAggConstructor, JsonBehavior, JsonFuncExpr, JsonKeyValue, JsonOutput, JsonTable,
    JsonTableColumn, JsonTablePathSpec, JsonValueExpr,
};
use pg_raw_parse::raw::JsonExprOp;

use super::super::facts::{Name, Unread};
use super::{Scope, Walk, expression::surprise, unknown};

/// Names in `Statement::calls` that the grammar of a server understands by itself, with the
/// first major version that does. An older server looks the name up among its functions.
pub const SYNTAX_FUNCTIONS: &[(&str, u32)] = &[
    ("json", 17),
    ("json_array", 16),
    ("json_arrayagg", 16),
    ("json_exists", 17),
    ("json_object", 16),
    ("json_objectagg", 16),
    ("json_query", 17),
    ("json_scalar", 17),
    ("json_serialize", 17),
    ("json_table", 17),
    ("json_value", 17),
    ("merge_action", 17),
    ("xmlconcat", 9),
    ("xmlelement", 9),
    ("xmlforest", 9),
    ("xmlparse", 9),
    ("xmlpi", 9),
    ("xmlroot", 9),
    ("xmlserialize", 9),
    ("xmltable", 10),
];

impl<'a> Walk<'a> {
    /// One of the nodes of SQL/JSON.
    pub(super) fn json(&mut self, node: Node<'a>, scope: Scope) -> Result<(), Unread> {
        match node {
            Node::JsonFormat(_) | Node::JsonReturning(_) => {}
            Node::JsonValueExpr(value) => self.json_value(Some(value), scope),
            Node::JsonIsPredicate(is) => self.push(is.expr(), scope),
            Node::JsonBehavior(behavior) => self.json_behavior(Some(behavior), scope),
            Node::JsonOutput(output) => self.json_output(Some(output), scope)?,
            Node::JsonArgument(argument) => self.json_value(argument.val(), scope),
            Node::JsonTablePathSpec(path) => self.push(path.string(), scope),
            Node::JsonKeyValue(pair) => self.json_pair(Some(pair), scope),
            Node::JsonFuncExpr(function) => self.json_function(function, scope)?,
            Node::JsonTable(table) => self.json_table(table, scope),
            Node::JsonTableColumn(column) => self.json_column(column, scope)?,
            Node::JsonParseExpr(parse) => {
                self.call(Name::bare("json"));
                self.json_value(parse.expr(), scope);
                self.json_output(parse.output(), scope)?;
            }
            Node::JsonScalarExpr(scalar) => {
                self.call(Name::bare("json_scalar"));
                self.push(scalar.expr(), scope);
                self.json_output(scalar.output(), scope)?;
            }
            Node::JsonSerializeExpr(serialize) => {
                self.call(Name::bare("json_serialize"));
                self.json_value(serialize.expr(), scope);
                self.json_output(serialize.output(), scope)?;
            }
            Node::JsonObjectConstructor(object) => {
                self.call(Name::bare("json_object"));
                object.exprs().iter().for_each(|pair| self.json_pair(Some(pair), scope));
                self.json_output(object.output(), scope)?;
            }
            Node::JsonArrayConstructor(array) => {
                self.call(Name::bare("json_array"));
                array.exprs().iter().for_each(|value| self.json_value(Some(value), scope));
                self.json_output(array.output(), scope)?;
            }
            Node::JsonArrayQueryConstructor(array) => {
                self.call(Name::bare("json_array"));
                self.push(array.query(), scope);
                self.json_output(array.output(), scope)?;
            }
            Node::JsonObjectAgg(aggregate) => {
                self.call(Name::bare("json_objectagg"));
                self.json_pair(aggregate.arg(), scope);
                self.json_aggregate(aggregate.constructor(), scope)?;
            }
            Node::JsonArrayAgg(aggregate) => {
                self.call(Name::bare("json_arrayagg"));
                self.json_value(aggregate.arg(), scope);
                self.json_aggregate(aggregate.constructor(), scope)?;
            }
            other => return Err(surprise(other)),
        }
        Ok(())
    }

    fn json_value(&mut self, value: Option<&'a JsonValueExpr>, scope: Scope) {
        if let Some(value) = value {
            self.push(value.raw_expr(), scope);
            self.push(value.formatted_expr(), scope);
        }
    }

    fn json_pair(&mut self, pair: Option<&'a JsonKeyValue>, scope: Scope) {
        if let Some(pair) = pair {
            self.push(pair.key(), scope);
            self.json_value(pair.value(), scope);
        }
    }

    fn json_output(&mut self, output: Option<&'a JsonOutput>, scope: Scope) -> Result<(), Unread> {
        self.type_name(output.and_then(JsonOutput::type_name), scope)
    }

    fn json_behavior(&mut self, behavior: Option<&'a JsonBehavior>, scope: Scope) {
        if let Some(behavior) = behavior {
            self.push(behavior.expr(), scope);
        }
    }

    fn json_path(&mut self, path: Option<&'a JsonTablePathSpec>, scope: Scope) {
        if let Some(path) = path {
            self.push(path.string(), scope);
        }
    }

    fn json_aggregate(
        &mut self,
        of: Option<&'a JsonAggConstructor>,
        scope: Scope,
    ) -> Result<(), Unread> {
        let Some(of) = of else { return Ok(()) };
        self.push(of.agg_filter(), scope);
        self.push_list(of.agg_order(), scope);
        if let Some(window) = of.over() {
            self.push(Node::WindowDef(window), scope);
        }
        self.json_output(of.output(), scope)
    }

    fn json_function(&mut self, function: &'a JsonFuncExpr, scope: Scope) -> Result<(), Unread> {
        self.call(Name::bare(match function.op {
            JsonExprOp::JSON_EXISTS_OP => "json_exists",
            JsonExprOp::JSON_QUERY_OP => "json_query",
            JsonExprOp::JSON_VALUE_OP => "json_value",
            JsonExprOp::JSON_TABLE_OP => "json_table",
            _ => return Err(unknown("a kind of SQL/JSON function")),
        }));
        self.json_value(function.context_item(), scope);
        self.push(function.pathspec(), scope);
        self.push_list(function.passing(), scope);
        self.json_behavior(function.on_empty(), scope);
        self.json_behavior(function.on_error(), scope);
        self.json_output(function.output(), scope)
    }

    fn json_table(&mut self, table: &'a JsonTable, scope: Scope) {
        self.call(Name::bare("json_table"));
        self.json_value(table.context_item(), scope);
        self.json_path(table.pathspec(), scope);
        self.push_list(table.passing(), scope);
        self.push_all(table.columns().iter().map(Node::JsonTableColumn), scope);
        self.json_behavior(table.on_error(), scope);
    }

    fn json_column(&mut self, column: &'a JsonTableColumn, scope: Scope) -> Result<(), Unread> {
        self.json_path(column.pathspec(), scope);
        self.push_list(column.columns(), scope);
        self.json_behavior(column.on_empty(), scope);
        self.json_behavior(column.on_error(), scope);
        self.type_name(column.type_name(), scope)
    }
}
