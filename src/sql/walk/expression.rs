//! The one match over all node tags that can stand below a statement, and the expressions.

use pg_raw_parse::Node;
use pg_raw_parse::list::NodeList;
use pg_raw_parse::nodes::{
    A_Expr, A_Indirection, CaseExpr, ColumnRef, FuncCall, IndexElem, JoinExpr, SubLink, TypeCast,
    WindowDef, XmlExpr,
};
use pg_raw_parse::raw::{A_Expr_Kind, SubLinkType, XmlExprOp};

use super::super::facts::{Name, Unread};
use super::{Scope, Walk, name_of, unknown};

impl<'a> Walk<'a> {
    /// Notes what one node says and pushes its children.
    #[deny(clippy::wildcard_enum_match_arm)]
    #[rustfmt::skip]
    #[expect(clippy::too_many_lines, reason = "one arm per node tag, so that a new tag fails the build")]
    pub(super) fn visit(&mut self, node: Node<'a>, scope: Scope) -> Result<(), Unread> {
        match node {
            // Leaves without a name that could hide anything.
            Node::None | Node::A_Const(_) | Node::A_Star(_) | Node::SetToDefault(_)
            | Node::CurrentOfExpr(_) | Node::SQLValueFunction(_) | Node::Integer(_)
            | Node::Float(_) | Node::Boolean(_) | Node::String(_) | Node::BitString(_) => {}

            Node::NodeList(list) => self.push_list(list, scope),

            // Statements that can stand inside others.
            Node::SelectStmt(select) => self.select(select, scope)?,
            Node::InsertStmt(insert) => self.insert(insert, scope)?,
            Node::UpdateStmt(update) => self.update(update, scope)?,
            Node::DeleteStmt(delete) => self.delete(delete, scope)?,
            Node::MergeStmt(merge) => self.merge(merge, scope)?,

            // FROM.
            Node::RangeVar(table) => self.read(table, scope),
            Node::RangeSubselect(sub) => self.push(sub.subquery(), scope),
            Node::RangeFunction(function) => self.range_function(function, scope)?,
            Node::RangeTableFunc(table) => self.range_table_func(table, scope)?,
            Node::RangeTableSample(sample) => self.table_sample(sample, scope)?,
            Node::JoinExpr(join) => self.join(join, scope),
            Node::ColumnDef(column) => {
                self.type_name(column.type_name(), scope)?;
                self.push(column.raw_default(), scope);
            }

            // Clauses.
            Node::ResTarget(target) => {
                self.subscripts(target.indirection(), scope);
                self.push(target.val(), scope);
            }
            Node::MultiAssignRef(assign) => self.push(assign.source(), scope),
            Node::SortBy(sort) => {
                if !sort.use_op().is_empty() {
                    self.operator_list(sort.use_op())?;
                }
                self.push(sort.node(), scope);
            }
            Node::WindowDef(window) => self.window(window, scope),
            Node::GroupingSet(set) => self.push_list(set.content(), scope),
            Node::IndexElem(element) => self.index_element(element, scope),
            Node::DefElem(option) => self.push(option.arg(), scope),

            // Expressions.
            Node::A_Expr(expression) => self.expression(expression, scope)?,
            Node::BoolExpr(bool) => self.push_list(bool.args(), scope),
            Node::NullTest(test) => self.push(test.arg(), scope),
            Node::BooleanTest(test) => self.push(test.arg(), scope),
            Node::SubLink(link) => self.sub_link(link, scope)?,
            Node::CaseExpr(case) => self.case(case, scope),
            Node::CaseWhen(when) => {
                self.push(when.expr(), scope);
                self.push(when.result(), scope);
            }
            Node::RowExpr(row) => self.push_list(row.args(), scope),
            Node::CoalesceExpr(coalesce) => self.push_list(coalesce.args(), scope),
            Node::MinMaxExpr(extreme) => self.push_list(extreme.args(), scope),
            Node::GroupingFunc(grouping) => self.push_list(grouping.args(), scope),
            Node::A_ArrayExpr(array) => self.push_list(array.elements(), scope),
            Node::A_Indices(indices) => {
                self.push(indices.lidx(), scope);
                self.push(indices.uidx(), scope);
            }
            Node::A_Indirection(indirection) => self.indirection(indirection, scope),
            Node::ColumnRef(column) => self.column(column),
            Node::ParamRef(parameter) => {
                self.found.parameters = true;
                if parameter.number <= 0 {
                    self.refused = Some(("there is no parameter $0", parameter.location));
                }
            }
            Node::TypeCast(cast) => self.cast(cast, scope)?,
            Node::TypeName(name) => self.type_name(Some(name), scope)?,
            Node::CollateClause(collate) => self.push(collate.arg(), scope),
            Node::FuncCall(call) => self.function(call, scope)?,
            Node::NamedArgExpr(argument) => self.push(argument.arg(), scope),
            Node::MergeSupportFunc(_) => self.call(Name::bare("merge_action")),
            Node::XmlExpr(xml) => self.xml(xml, scope)?,
            Node::XmlSerialize(xml) => {
                self.call(Name::bare("xmlserialize"));
                self.type_name(xml.type_name(), scope)?;
                self.push(xml.expr(), scope);
            }

            Node::JsonFormat(_) | Node::JsonReturning(_) | Node::JsonValueExpr(_)
            | Node::JsonIsPredicate(_) | Node::JsonBehavior(_) | Node::JsonOutput(_)
            | Node::JsonArgument(_) | Node::JsonFuncExpr(_) | Node::JsonTablePathSpec(_)
            | Node::JsonTable(_) | Node::JsonTableColumn(_) | Node::JsonKeyValue(_)
            | Node::JsonParseExpr(_) | Node::JsonScalarExpr(_) | Node::JsonSerializeExpr(_)
            | Node::JsonObjectConstructor(_) | Node::JsonArrayConstructor(_)
            | Node::JsonArrayQueryConstructor(_) | Node::JsonAggConstructor(_)
            | Node::JsonObjectAgg(_) | Node::JsonArrayAgg(_) => self.json(node, scope)?,

            // Read where they stand, by the node above them; elsewhere they are a surprise.
            Node::Alias(_) | Node::IntoClause(_) | Node::LockingClause(_) | Node::WithClause(_)
            | Node::InferClause(_) | Node::OnConflictClause(_) | Node::CTESearchClause(_)
            | Node::CTECycleClause(_) | Node::CommonTableExpr(_) | Node::MergeWhenClause(_)
            | Node::ReturningOption(_) | Node::ReturningClause(_) | Node::RangeTableFuncCol(_)
            | Node::RoleSpec(_) | Node::VacuumRelation(_)
            // Parts of DDL, which is not walked.
            | Node::TableLikeClause(_) | Node::PartitionElem(_) | Node::PartitionSpec(_)
            | Node::PartitionBoundSpec(_) | Node::PartitionRangeDatum(_) | Node::PartitionCmd(_)
            | Node::TriggerTransition(_) | Node::AlterTableCmd(_) | Node::ATAlterConstraint(_)
            | Node::ReplicaIdentityStmt(_) | Node::ObjectWithArgs(_) | Node::AccessPriv(_)
            | Node::Constraint(_) | Node::CreateOpClassItem(_) | Node::StatsElem(_)
            | Node::FunctionParameter(_) | Node::PublicationTable(_) | Node::PublicationObjSpec(_)
            // Statements that stand alone (walk::utility decides those).
            | Node::RawStmt(_) | Node::SetOperationStmt(_) | Node::ReturnStmt(_)
            | Node::PLAssignStmt(_) | Node::CreateSchemaStmt(_) | Node::AlterTableStmt(_)
            | Node::AlterCollationStmt(_) | Node::AlterDomainStmt(_) | Node::GrantStmt(_)
            | Node::GrantRoleStmt(_) | Node::AlterDefaultPrivilegesStmt(_) | Node::CopyStmt(_)
            | Node::VariableSetStmt(_) | Node::VariableShowStmt(_) | Node::CreateStmt(_)
            | Node::CreateTableSpaceStmt(_) | Node::DropTableSpaceStmt(_)
            | Node::AlterTableSpaceOptionsStmt(_) | Node::AlterTableMoveAllStmt(_)
            | Node::CreateExtensionStmt(_) | Node::AlterExtensionStmt(_)
            | Node::AlterExtensionContentsStmt(_) | Node::CreateFdwStmt(_) | Node::AlterFdwStmt(_)
            | Node::CreateForeignServerStmt(_) | Node::AlterForeignServerStmt(_)
            | Node::CreateUserMappingStmt(_) | Node::AlterUserMappingStmt(_)
            | Node::DropUserMappingStmt(_) | Node::ImportForeignSchemaStmt(_)
            | Node::CreatePolicyStmt(_) | Node::AlterPolicyStmt(_) | Node::CreateAmStmt(_)
            | Node::CreateTrigStmt(_) | Node::CreateEventTrigStmt(_) | Node::AlterEventTrigStmt(_)
            | Node::CreatePLangStmt(_) | Node::CreateRoleStmt(_) | Node::AlterRoleStmt(_)
            | Node::AlterRoleSetStmt(_) | Node::DropRoleStmt(_) | Node::CreateSeqStmt(_)
            | Node::AlterSeqStmt(_) | Node::DefineStmt(_) | Node::CreateDomainStmt(_)
            | Node::CreateOpClassStmt(_) | Node::CreateOpFamilyStmt(_) | Node::AlterOpFamilyStmt(_)
            | Node::DropStmt(_) | Node::TruncateStmt(_) | Node::CommentStmt(_)
            | Node::SecLabelStmt(_) | Node::DeclareCursorStmt(_) | Node::ClosePortalStmt(_)
            | Node::FetchStmt(_) | Node::IndexStmt(_) | Node::CreateStatsStmt(_)
            | Node::AlterStatsStmt(_) | Node::CreateFunctionStmt(_) | Node::AlterFunctionStmt(_)
            | Node::DoStmt(_) | Node::InlineCodeBlock(_) | Node::CallStmt(_) | Node::CallContext(_)
            | Node::RenameStmt(_) | Node::AlterObjectDependsStmt(_)
            | Node::AlterObjectSchemaStmt(_) | Node::AlterOwnerStmt(_) | Node::AlterOperatorStmt(_)
            | Node::AlterTypeStmt(_) | Node::RuleStmt(_) | Node::NotifyStmt(_)
            | Node::ListenStmt(_) | Node::UnlistenStmt(_) | Node::TransactionStmt(_)
            | Node::CompositeTypeStmt(_) | Node::CreateEnumStmt(_) | Node::CreateRangeStmt(_)
            | Node::AlterEnumStmt(_) | Node::ViewStmt(_) | Node::LoadStmt(_)
            | Node::CreatedbStmt(_) | Node::AlterDatabaseStmt(_)
            | Node::AlterDatabaseRefreshCollStmt(_) | Node::AlterDatabaseSetStmt(_)
            | Node::DropdbStmt(_) | Node::AlterSystemStmt(_) | Node::ClusterStmt(_)
            | Node::VacuumStmt(_) | Node::ExplainStmt(_) | Node::CreateTableAsStmt(_)
            | Node::RefreshMatViewStmt(_) | Node::CheckPointStmt(_) | Node::DiscardStmt(_)
            | Node::LockStmt(_) | Node::ConstraintsSetStmt(_) | Node::ReindexStmt(_)
            | Node::CreateConversionStmt(_) | Node::CreateCastStmt(_)
            | Node::CreateTransformStmt(_) | Node::PrepareStmt(_) | Node::ExecuteStmt(_)
            | Node::DeallocateStmt(_) | Node::DropOwnedStmt(_) | Node::ReassignOwnedStmt(_)
            | Node::AlterTSDictionaryStmt(_) | Node::AlterTSConfigurationStmt(_)
            | Node::CreatePublicationStmt(_) | Node::AlterPublicationStmt(_)
            | Node::CreateSubscriptionStmt(_) | Node::AlterSubscriptionStmt(_)
            | Node::DropSubscriptionStmt(_)
            // Made by the analyser, the planner or the executor, never by the grammar.
            | Node::Bitmapset(_) | Node::TableFunc(_) | Node::Param(_) | Node::Aggref(_)
            | Node::WindowFunc(_) | Node::WindowFuncRunCondition(_) | Node::SubscriptingRef(_)
            | Node::FuncExpr(_) | Node::OpExpr(_) | Node::ScalarArrayOpExpr(_) | Node::SubPlan(_)
            | Node::AlternativeSubPlan(_) | Node::FieldSelect(_) | Node::FieldStore(_)
            | Node::CoerceViaIO(_) | Node::ArrayCoerceExpr(_) | Node::ConvertRowtypeExpr(_)
            | Node::CollateExpr(_) | Node::CaseTestExpr(_) | Node::ArrayExpr(_)
            | Node::RowCompareExpr(_) | Node::JsonConstructorExpr(_) | Node::JsonExpr(_)
            | Node::MergeAction(_) | Node::CoerceToDomain(_) | Node::CoerceToDomainValue(_)
            | Node::NextValueExpr(_) | Node::InferenceElem(_) | Node::ReturningExpr(_)
            | Node::TargetEntry(_) | Node::RangeTblRef(_) | Node::FromExpr(_)
            | Node::OnConflictExpr(_) | Node::Query(_) | Node::RangeTblEntry(_)
            | Node::RTEPermissionInfo(_) | Node::RangeTblFunction(_) | Node::TableSampleClause(_)
            | Node::WithCheckOption(_) | Node::SortGroupClause(_) | Node::WindowClause(_)
            | Node::RowMarkClause(_) | Node::Invalid(_) => return Err(surprise(node)),
        }
        Ok(())
    }

    fn function(&mut self, call: &'a FuncCall, scope: Scope) -> Result<(), Unread> {
        let name = name_of(call.funcname()).ok_or_else(|| unknown("a call without a name"))?;
        if matches!(name.schema.as_deref(), None | Some("pg_catalog")) {
            match &*name.name {
                "set_config" => self.set_config(call),
                // libpg_query takes `EXTRACT($1 FROM …)`; the server does not.
                "extract" => {
                    if let Some(Node::ParamRef(field)) = call.args().first()
                        && name.schema.is_some()
                    {
                        self.refused = Some(("syntax error at or near \"$\"", field.location));
                    }
                }
                _ => {}
            }
        }
        self.texts(call, &name);
        self.call(name);
        self.push_list(call.args(), scope);
        self.push_all(call.agg_order().iter().map(Node::SortBy), scope);
        self.push(call.agg_filter(), scope);
        if let Some(window) = call.over() {
            self.push(Node::WindowDef(window), scope);
        }
        Ok(())
    }

    fn window(&mut self, window: &'a WindowDef, scope: Scope) {
        self.push_list(window.partition_clause(), scope);
        self.push_all(window.order_clause().iter().map(Node::SortBy), scope);
        self.push(window.start_offset(), scope);
        self.push(window.end_offset(), scope);
    }

    fn expression(&mut self, expression: &'a A_Expr, scope: Scope) -> Result<(), Unread> {
        match expression.kind {
            // The name of these is a key word, and they are these operators.
            A_Expr_Kind::AEXPR_BETWEEN | A_Expr_Kind::AEXPR_BETWEEN_SYM => {
                self.operator(Name::bare(">="));
                self.operator(Name::bare("<="));
            }
            A_Expr_Kind::AEXPR_NOT_BETWEEN | A_Expr_Kind::AEXPR_NOT_BETWEEN_SYM => {
                self.operator(Name::bare("<"));
                self.operator(Name::bare(">"));
            }
            A_Expr_Kind::AEXPR_OP
            | A_Expr_Kind::AEXPR_OP_ANY
            | A_Expr_Kind::AEXPR_OP_ALL
            | A_Expr_Kind::AEXPR_DISTINCT
            | A_Expr_Kind::AEXPR_NOT_DISTINCT
            | A_Expr_Kind::AEXPR_NULLIF
            | A_Expr_Kind::AEXPR_IN
            | A_Expr_Kind::AEXPR_LIKE
            | A_Expr_Kind::AEXPR_ILIKE
            | A_Expr_Kind::AEXPR_SIMILAR => self.operator_list(expression.name())?,
            _ => return Err(unknown("a kind of operator")),
        }
        self.push(expression.lexpr(), scope);
        self.push(expression.rexpr(), scope);
        Ok(())
    }

    fn operator_list(&mut self, name: &'a NodeList) -> Result<(), Unread> {
        let name = name_of(name).ok_or_else(|| unknown("an operator without a name"))?;
        self.operator(name);
        Ok(())
    }

    fn sub_link(&mut self, link: &'a SubLink, scope: Scope) -> Result<(), Unread> {
        if !link.oper_name().is_empty() {
            self.operator_list(link.oper_name())?;
        } else if link.sub_link_type == SubLinkType::ANY_SUBLINK {
            // IN (SELECT …)
            self.operator(Name::bare("="));
        }
        self.push(link.testexpr(), scope);
        self.push(link.subselect(), scope);
        Ok(())
    }

    fn case(&mut self, case: &'a CaseExpr, scope: Scope) {
        if !matches!(case.arg(), Node::None) {
            // CASE x WHEN y compares.
            self.operator(Name::bare("="));
        }
        self.push(case.arg(), scope);
        self.push_list(case.args(), scope);
        self.push(case.defresult(), scope);
    }

    fn join(&mut self, join: &'a JoinExpr, scope: Scope) {
        if join.is_natural || !join.using_clause().is_empty() {
            self.operator(Name::bare("="));
        }
        self.push(join.larg(), scope);
        self.push(join.rarg(), scope);
        self.push(join.quals(), scope);
    }

    fn cast(&mut self, cast: &'a TypeCast, scope: Scope) -> Result<(), Unread> {
        if let Node::ParamRef(parameter) = cast.arg()
            && cast.location < 0
        {
            // libpg_query takes `date $1`; the server takes only a constant there.
            self.refused = Some(("syntax error at or near \"$\"", parameter.location));
        }
        self.type_name(cast.type_name(), scope)?;
        self.push(cast.arg(), scope);
        Ok(())
    }

    /// `a.b` may be the function b called with the row a.
    fn column(&mut self, column: &'a ColumnRef) {
        if column.fields().len() > 1
            && let Some(Node::String(last)) = column.fields().iter().next_back()
        {
            self.field(last.sval());
            if let (2, Some(Node::String(of)), Some(field)) =
                (column.fields().len(), column.fields().first(), last.sval())
            {
                self.dotted.insert((of.sval().unwrap_or_default(), field));
            }
        }
    }

    fn indirection(&mut self, indirection: &'a A_Indirection, scope: Scope) {
        for step in indirection.indirection() {
            if let Node::String(field) = step {
                self.field(field.sval());
                self.found.attributes.extend(field.sval().map(Into::into));
            }
        }
        self.subscripts(indirection.indirection(), scope);
        self.push(indirection.arg(), scope);
    }

    fn field(&mut self, name: Option<&str>) {
        if let Some(name) = name
            && self.found.fields.last().map(|last| &**last) != Some(name)
        {
            self.found.fields.push(name.into());
        }
    }

    /// The subscripts among fields and stars.
    fn subscripts(&mut self, indirection: &'a NodeList, scope: Scope) {
        self.push_all(indirection.iter().filter(|step| matches!(step, Node::A_Indices(_))), scope);
    }

    fn index_element(&mut self, element: &'a IndexElem, scope: Scope) {
        self.push(element.expr(), scope);
        self.push_list(element.opclassopts(), scope);
    }

    fn xml(&mut self, xml: &'a XmlExpr, scope: Scope) -> Result<(), Unread> {
        let name = match xml.op {
            XmlExprOp::IS_XMLCONCAT => Some("xmlconcat"),
            XmlExprOp::IS_XMLELEMENT => Some("xmlelement"),
            XmlExprOp::IS_XMLFOREST => Some("xmlforest"),
            XmlExprOp::IS_XMLPARSE => Some("xmlparse"),
            XmlExprOp::IS_XMLPI => Some("xmlpi"),
            XmlExprOp::IS_XMLROOT => Some("xmlroot"),
            XmlExprOp::IS_XMLSERIALIZE => Some("xmlserialize"),
            XmlExprOp::IS_DOCUMENT => None,
            _ => return Err(unknown("a kind of XML expression")),
        };
        if let Some(name) = name {
            self.call(Name::bare(name));
        }
        self.push_list(xml.named_args(), scope);
        self.push_list(xml.args(), scope);
        Ok(())
    }
}

/// A node that no place of a tree that is walked should hold.
pub(super) fn surprise(node: Node<'_>) -> Unread {
    // Debug's first word is the tag; the rest can be long.
    let tag = match node {
        Node::Invalid(raw) => format!("a node of tag {}", raw.type_),
        node => format!("{:?}", std::mem::discriminant(&node)),
    };
    unknown(tag)
}
