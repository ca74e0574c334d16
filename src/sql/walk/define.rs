//! DDL that stays where its names say: which objects it makes, alters, drops or ties together.
//!
//! Default deny: what is not listed here may reach further (owners, privileges, triggers, rules,
//! policies, casts, operators, CASCADE, table spaces, other databases) and has no names. The
//! expressions and queries in what is listed are walked like any other, since making an index or
//! a default runs them.

use pg_raw_parse::Node;
use pg_raw_parse::list::NodeList;
use pg_raw_parse::nodes::{
    AlterTableCmd, AlterTableStmt, ColumnDef, CommentStmt, Constraint, CreateFunctionStmt,
    CreateStmt, DefElem, DropStmt, IndexStmt, IntoClause, RangeVar, RenameStmt,
};
use pg_raw_parse::raw::{AlterTableType, ConstrType, DropBehavior, ObjectType};

use super::super::facts::{Body, Name, Unread};
use super::{Walk, name_of, qualified, table_name};

/// The table that CREATE TABLE AS or a materialised view makes.
pub(super) fn made(into: &IntoClause) -> Option<Vec<Name>> {
    let plain = into.table_space_name().is_none();
    Some(vec![into.rel().filter(|_| plain).and_then(lasting)?])
}

impl<'a> Walk<'a> {
    /// The names that DDL stays with; `None` where it may reach further.
    pub(super) fn defined(&mut self, node: Node<'a>) -> Result<Option<Vec<Name>>, Unread> {
        Ok(match node {
            Node::CreateStmt(create) => self.create_table(create)?,
            Node::AlterTableStmt(alter) => self.alter_table(alter)?,
            Node::IndexStmt(index) => self.create_index(index),
            Node::ViewStmt(view) => {
                self.push(view.query(), 0);
                view.view().and_then(lasting).map(|name| vec![name])
            }
            Node::CreateSeqStmt(create) => {
                self.sequence(create.sequence(), create.options().iter())
            }
            Node::AlterSeqStmt(alter) => self.sequence(alter.sequence(), alter.options().iter()),
            Node::CreateEnumStmt(create) => {
                qualified(create.type_name().iter().map(|part| part.sval())).map(|name| vec![name])
            }
            Node::AlterEnumStmt(alter) => {
                qualified(alter.type_name().iter().map(|part| part.sval())).map(|name| vec![name])
            }
            Node::CompositeTypeStmt(create) => {
                for column in create.coldeflist() {
                    self.type_name(column.type_name(), 0)?;
                }
                create.typevar().map(|name| vec![table_name(name)])
            }
            Node::CreateFunctionStmt(create) => self.create_function(create)?,
            Node::DropStmt(drop) => dropped(drop),
            Node::RenameStmt(rename) => renamed(rename),
            Node::CommentStmt(comment) => commented(comment),
            _ => None,
        })
    }

    fn create_table(&mut self, create: &'a CreateStmt) -> Result<Option<Vec<Name>>, Unread> {
        let plain = create.of_typename().is_none() && create.tablespacename().is_none();
        let Some(name) = create.relation().filter(|_| plain).and_then(lasting) else {
            return Ok(None);
        };
        let mut names = vec![name];
        for parent in create.inh_relations() {
            let Node::RangeVar(parent) = parent else { return Ok(None) };
            names.push(table_name(parent));
        }
        // Expressions of a partition's bounds and key could call anything.
        let keys = create.partspec().map(|key| key.part_params());
        for key in keys.into_iter().flatten() {
            self.push(key.expr(), 0);
        }
        if let Some(bound) = create.partbound() {
            let lists = [bound.listdatums(), bound.lowerdatums(), bound.upperdatums()];
            for datum in lists.into_iter().flat_map(|list| list.iter()) {
                match datum {
                    Node::PartitionRangeDatum(datum) => self.push(datum.value(), 0),
                    other => self.push(other, 0),
                }
            }
        }
        for constraint in create.constraints() {
            if !self.constraint(constraint, &mut names) {
                return Ok(None);
            }
        }
        for element in create.table_elts() {
            let known = match element {
                Node::ColumnDef(column) => self.column_defined(column, &mut names)?,
                Node::Constraint(constraint) => self.constraint(constraint, &mut names),
                Node::TableLikeClause(like) => {
                    like.relation().into_iter().for_each(|table| self.read_always(table));
                    true
                }
                _ => false,
            };
            if !known {
                return Ok(None);
            }
        }
        Ok(Some(names))
    }

    fn alter_table(&mut self, alter: &'a AlterTableStmt) -> Result<Option<Vec<Name>>, Unread> {
        let kinds = [
            ObjectType::OBJECT_TABLE,
            ObjectType::OBJECT_INDEX,
            ObjectType::OBJECT_MATVIEW,
            ObjectType::OBJECT_TYPE,
        ];
        let Some(table) = alter.relation().filter(|_| kinds.contains(&alter.objtype)) else {
            return Ok(None);
        };
        let mut names = vec![table_name(table)];
        for command in alter.cmds() {
            let Node::AlterTableCmd(command) = command else { return Ok(None) };
            if !self.alter_command(command, &mut names)? {
                return Ok(None);
            }
        }
        Ok(Some(names))
    }

    /// Whether it stays with its table; notes the tables it ties that to.
    fn alter_command(
        &mut self,
        command: &'a AlterTableCmd,
        names: &mut Vec<Name>,
    ) -> Result<bool, Unread> {
        if command.behavior == DropBehavior::DROP_CASCADE {
            return Ok(false);
        }
        Ok(match command.subtype {
            AlterTableType::AT_AddColumn | AlterTableType::AT_AlterColumnType => {
                match command.def() {
                    Node::ColumnDef(column) => self.column_defined(column, names)?,
                    _ => false,
                }
            }
            AlterTableType::AT_AddConstraint => match command.def() {
                Node::Constraint(constraint) => self.constraint(constraint, names),
                _ => false,
            },
            AlterTableType::AT_ColumnDefault => {
                self.push(command.def(), 0);
                true
            }
            AlterTableType::AT_DropColumn
            | AlterTableType::AT_DropConstraint
            | AlterTableType::AT_ValidateConstraint
            | AlterTableType::AT_DropNotNull
            | AlterTableType::AT_SetNotNull
            | AlterTableType::AT_DropExpression
            | AlterTableType::AT_SetStatistics
            | AlterTableType::AT_SetStorage
            | AlterTableType::AT_SetCompression
            | AlterTableType::AT_ClusterOn
            | AlterTableType::AT_DropCluster
            | AlterTableType::AT_DropIdentity => true,
            _ => false,
        })
    }

    fn column_defined(
        &mut self,
        column: &'a ColumnDef,
        names: &mut Vec<Name>,
    ) -> Result<bool, Unread> {
        self.type_name(column.type_name(), 0)?;
        self.push(column.raw_default(), 0);
        for constraint in column.constraints() {
            let Node::Constraint(constraint) = constraint else { return Ok(false) };
            if !self.constraint(constraint, names) {
                return Ok(false);
            }
        }
        Ok(column.fdwoptions().is_empty())
    }

    /// Whether it is known; its expression is walked, and a foreign key's table is noted.
    fn constraint(&mut self, constraint: &'a Constraint, names: &mut Vec<Name>) -> bool {
        self.push(constraint.raw_expr(), 0);
        names.extend(constraint.pktable().map(table_name));
        constraint.indexspace().is_none()
            && matches!(
                constraint.contype,
                ConstrType::CONSTR_NULL
                    | ConstrType::CONSTR_NOTNULL
                    | ConstrType::CONSTR_DEFAULT
                    | ConstrType::CONSTR_IDENTITY
                    | ConstrType::CONSTR_GENERATED
                    | ConstrType::CONSTR_CHECK
                    | ConstrType::CONSTR_PRIMARY
                    | ConstrType::CONSTR_UNIQUE
                    | ConstrType::CONSTR_FOREIGN
                    | ConstrType::CONSTR_ATTR_DEFERRABLE
                    | ConstrType::CONSTR_ATTR_NOT_DEFERRABLE
                    | ConstrType::CONSTR_ATTR_DEFERRED
                    | ConstrType::CONSTR_ATTR_IMMEDIATE
            )
    }

    /// An index stands in its table's schema and runs its expressions on every row.
    fn create_index(&mut self, index: &'a IndexStmt) -> Option<Vec<Name>> {
        for element in index.index_params() {
            self.push(Node::IndexElem(element), 0);
            if !element.opclass().is_empty() {
                return None;
            }
        }
        self.push(index.where_clause(), 0);
        let plain = index.table_space().is_none();
        let known = matches!(
            index.access_method(),
            None | Some("btree" | "hash" | "gin" | "gist" | "brin" | "spgist")
        );
        Some(vec![index.relation().filter(|_| plain && known).map(table_name)?])
    }

    fn sequence(
        &mut self,
        sequence: Option<&RangeVar>,
        options: impl Iterator<Item = Node<'a>>,
    ) -> Option<Vec<Name>> {
        let mut names = vec![sequence.and_then(lasting)?];
        for option in options {
            let Node::DefElem(option) = option else { return None };
            if option.defname() == Some("owned_by") {
                let Node::NodeList(column) = option.arg() else { return None };
                names.extend(owner_of(column)?);
            }
        }
        Some(names)
    }

    /// A new function in a trusted language that runs as whoever calls it. Making it runs
    /// nothing, but it can be called before any snapshot has it, so what it does is among the
    /// facts. Not OR REPLACE: defaults, triggers and views may call the one that was there.
    fn create_function(
        &mut self,
        create: &'a CreateFunctionStmt,
    ) -> Result<Option<Vec<Name>>, Unread> {
        for parameter in create.parameters() {
            self.type_name(parameter.arg_type(), 0)?;
            self.push(parameter.defexpr(), 0);
        }
        if !is_trigger(create) {
            self.type_name(create.return_type(), 0)?;
        }
        let mut language = None;
        for option in create.options() {
            match option.defname() {
                Some("language") => language = text(option),
                Some(
                    "as" | "volatility" | "strict" | "cost" | "rows" | "parallel" | "leakproof",
                ) => {}
                _ => return Ok(None),
            }
        }
        let sql = !matches!(create.sql_body(), Node::None);
        self.standard_body(create.sql_body());
        let trusted = matches!(language, Some("sql" | "plpgsql")) || (sql && language.is_none());
        let name = name_of(create.funcname()).filter(|_| trusted && !create.replace);
        let body = create.options().iter().find_map(|option| body_of(option));
        self.found.makes = body.map(|text| Body {
            language: language.unwrap_or("sql").into(),
            text: text.into(),
            trigger: is_trigger(create),
        });
        Ok(name.map(|name| vec![name]))
    }

    /// RETURN …, or BEGIN ATOMIC … END: walked as if it ran here.
    fn standard_body(&mut self, body: Node<'a>) {
        let mut open = vec![body];
        while let Some(node) = open.pop() {
            match node {
                Node::None => {}
                Node::NodeList(list) => open.extend(list.iter()),
                Node::ReturnStmt(value) => self.push(value.returnval(), 0),
                other => self.push(other, 0),
            }
        }
    }
}

/// The text after AS.
fn body_of(option: &DefElem) -> Option<&str> {
    match (option.defname(), option.arg()) {
        (Some("as"), Node::NodeList(parts)) => parts.first()?.as_str(),
        _ => None,
    }
}

fn is_trigger(create: &CreateFunctionStmt) -> bool {
    let Some(of) = create.return_type() else { return false };
    let names: Vec<&str> = of.names().iter().filter_map(|part| part.sval()).collect();
    matches!(names.as_slice(), ["pg_catalog", kind] | [kind] if matches!(*kind, "trigger" | "event_trigger"))
}

/// A table that is no temporary one.
fn lasting(table: &RangeVar) -> Option<Name> {
    let temporary = u8::try_from(table.relpersistence).is_ok_and(|kind| kind == b't');
    (!temporary).then(|| table_name(table))
}

fn text(option: &DefElem) -> Option<&str> {
    match option.arg() {
        Node::String(text) => text.sval(),
        _ => None,
    }
}

/// The table of OWNED BY schema.table.column; none for OWNED BY NONE.
fn owner_of(column: &NodeList) -> Option<Vec<Name>> {
    let parts: Vec<&str> = column.iter().map(|part| part.as_str()).collect::<Option<_>>()?;
    match parts.as_slice() {
        ["none"] => Some(Vec::new()),
        [table, _] => Some(vec![Name::bare(*table)]),
        [schema, table, _] => Some(vec![Name::qualified(*schema, *table)]),
        _ => None,
    }
}

fn dropped(drop: &DropStmt) -> Option<Vec<Name>> {
    if drop.behavior == DropBehavior::DROP_CASCADE {
        return None;
    }
    let name = |object: Node<'_>| match object {
        Node::NodeList(name) => name_of(name),
        Node::TypeName(name) => qualified(name.names().iter().map(|part| part.sval())),
        Node::ObjectWithArgs(function) => name_of(function.objname()),
        _ => None,
    };
    matches!(
        drop.remove_type,
        ObjectType::OBJECT_TABLE
            | ObjectType::OBJECT_VIEW
            | ObjectType::OBJECT_MATVIEW
            | ObjectType::OBJECT_INDEX
            | ObjectType::OBJECT_SEQUENCE
            | ObjectType::OBJECT_TYPE
            | ObjectType::OBJECT_DOMAIN
            | ObjectType::OBJECT_FUNCTION
            | ObjectType::OBJECT_PROCEDURE
            | ObjectType::OBJECT_ROUTINE
    )
    .then(|| drop.objects().iter().map(name).collect::<Option<Vec<_>>>())?
}

fn renamed(rename: &RenameStmt) -> Option<Vec<Name>> {
    let known = matches!(
        rename.rename_type,
        ObjectType::OBJECT_TABLE
            | ObjectType::OBJECT_VIEW
            | ObjectType::OBJECT_MATVIEW
            | ObjectType::OBJECT_INDEX
            | ObjectType::OBJECT_SEQUENCE
            | ObjectType::OBJECT_COLUMN
            | ObjectType::OBJECT_TABCONSTRAINT
    ) && rename.behavior != DropBehavior::DROP_CASCADE;
    Some(vec![rename.relation().filter(|_| known).map(table_name)?])
}

fn commented(comment: &CommentStmt) -> Option<Vec<Name>> {
    let Node::NodeList(parts) = comment.object() else { return None };
    match comment.objtype {
        ObjectType::OBJECT_TABLE
        | ObjectType::OBJECT_VIEW
        | ObjectType::OBJECT_MATVIEW
        | ObjectType::OBJECT_INDEX
        | ObjectType::OBJECT_SEQUENCE => Some(vec![name_of(parts)?]),
        // schema.table.column
        ObjectType::OBJECT_COLUMN => {
            let parts: Vec<&str> = parts.iter().map(|part| part.as_str()).collect::<Option<_>>()?;
            match parts.as_slice() {
                [schema, table, _] => Some(vec![Name::qualified(*schema, *table)]),
                _ => None,
            }
        }
        _ => None,
    }
}
