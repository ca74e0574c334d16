//! Command tags of statements that define, alter or drop (`CreateCommandTag` in `utility.c`).
//! They are not walked: nothing of them is judged but that they are DDL.

use pg_raw_parse::Node;
use pg_raw_parse::nodes::RangeVar;
use pg_raw_parse::raw::{ObjectType, RoleStmtType};

use super::super::facts::{Name, Unread};
use super::{expression::surprise, name_of, table_name};

/// The command tag of a DDL statement.
///
/// # Errors
/// [`Unread::Unknown`] for a node that is no statement at all.
#[rustfmt::skip]
pub(super) fn operation(node: Node<'_>) -> Result<&'static str, Unread> {
    Ok(match node {
        Node::CreateSchemaStmt(_) => "CREATE SCHEMA",
        Node::CreateStmt(_) => "CREATE TABLE",
        Node::AlterTableStmt(alter) => altered(alter.objtype),
        Node::AlterCollationStmt(_) => "ALTER COLLATION",
        Node::AlterDomainStmt(_) => "ALTER DOMAIN",
        Node::GrantStmt(grant) => if grant.is_grant { "GRANT" } else { "REVOKE" },
        Node::GrantRoleStmt(grant) => if grant.is_grant { "GRANT ROLE" } else { "REVOKE ROLE" },
        Node::AlterDefaultPrivilegesStmt(_) => "ALTER DEFAULT PRIVILEGES",
        Node::CreateTableSpaceStmt(_) => "CREATE TABLESPACE",
        Node::DropTableSpaceStmt(_) => "DROP TABLESPACE",
        Node::AlterTableSpaceOptionsStmt(_) => "ALTER TABLESPACE",
        Node::AlterTableMoveAllStmt(alter) => altered(alter.objtype),
        Node::CreateExtensionStmt(_) => "CREATE EXTENSION",
        Node::AlterExtensionStmt(_) | Node::AlterExtensionContentsStmt(_) => "ALTER EXTENSION",
        Node::CreateFdwStmt(_) => "CREATE FOREIGN DATA WRAPPER",
        Node::AlterFdwStmt(_) => "ALTER FOREIGN DATA WRAPPER",
        Node::CreateForeignServerStmt(_) => "CREATE SERVER",
        Node::AlterForeignServerStmt(_) => "ALTER SERVER",
        Node::CreateUserMappingStmt(_) => "CREATE USER MAPPING",
        Node::AlterUserMappingStmt(_) => "ALTER USER MAPPING",
        Node::DropUserMappingStmt(_) => "DROP USER MAPPING",
        Node::ImportForeignSchemaStmt(_) => "IMPORT FOREIGN SCHEMA",
        Node::CreatePolicyStmt(_) => "CREATE POLICY",
        Node::AlterPolicyStmt(_) => "ALTER POLICY",
        Node::CreateAmStmt(_) => "CREATE ACCESS METHOD",
        Node::CreateTrigStmt(_) => "CREATE TRIGGER",
        Node::CreateEventTrigStmt(_) => "CREATE EVENT TRIGGER",
        Node::AlterEventTrigStmt(_) => "ALTER EVENT TRIGGER",
        Node::CreatePLangStmt(_) => "CREATE LANGUAGE",
        Node::CreateRoleStmt(create) => match create.stmt_type {
            RoleStmtType::ROLESTMT_USER => "CREATE USER",
            RoleStmtType::ROLESTMT_GROUP => "CREATE GROUP",
            _ => "CREATE ROLE",
        },
        Node::AlterRoleStmt(_) | Node::AlterRoleSetStmt(_) => "ALTER ROLE",
        Node::DropRoleStmt(_) => "DROP ROLE",
        Node::CreateSeqStmt(_) => "CREATE SEQUENCE",
        Node::AlterSeqStmt(_) => "ALTER SEQUENCE",
        Node::DefineStmt(define) => defined(define.kind),
        Node::CreateDomainStmt(_) => "CREATE DOMAIN",
        Node::CreateOpClassStmt(_) => "CREATE OPERATOR CLASS",
        Node::CreateOpFamilyStmt(_) => "CREATE OPERATOR FAMILY",
        Node::AlterOpFamilyStmt(_) => "ALTER OPERATOR FAMILY",
        Node::DropStmt(drop) => dropped(drop.remove_type),
        Node::CommentStmt(_) => "COMMENT",
        Node::SecLabelStmt(_) => "SECURITY LABEL",
        Node::IndexStmt(_) => "CREATE INDEX",
        Node::CreateStatsStmt(_) => "CREATE STATISTICS",
        Node::AlterStatsStmt(_) => "ALTER STATISTICS",
        Node::CreateFunctionStmt(create) => {
            if create.is_procedure { "CREATE PROCEDURE" } else { "CREATE FUNCTION" }
        }
        Node::AlterFunctionStmt(alter) => altered(alter.objtype),
        Node::RenameStmt(rename) => altered(match rename.rename_type {
            ObjectType::OBJECT_COLUMN | ObjectType::OBJECT_ATTRIBUTE => rename.relation_type,
            other => other,
        }),
        Node::AlterObjectDependsStmt(alter) => altered(alter.object_type),
        Node::AlterObjectSchemaStmt(alter) => altered(alter.object_type),
        Node::AlterOwnerStmt(alter) => altered(alter.object_type),
        Node::AlterOperatorStmt(_) => "ALTER OPERATOR",
        Node::AlterTypeStmt(_) | Node::AlterEnumStmt(_) => "ALTER TYPE",
        Node::RuleStmt(_) => "CREATE RULE",
        Node::CompositeTypeStmt(_) | Node::CreateEnumStmt(_) | Node::CreateRangeStmt(_) => "CREATE TYPE",
        Node::ViewStmt(_) => "CREATE VIEW",
        Node::CreatedbStmt(_) => "CREATE DATABASE",
        Node::AlterDatabaseStmt(_) | Node::AlterDatabaseRefreshCollStmt(_)
        | Node::AlterDatabaseSetStmt(_) => "ALTER DATABASE",
        Node::DropdbStmt(_) => "DROP DATABASE",
        Node::CreateConversionStmt(_) => "CREATE CONVERSION",
        Node::CreateCastStmt(_) => "CREATE CAST",
        Node::CreateTransformStmt(_) => "CREATE TRANSFORM",
        Node::DropOwnedStmt(_) => "DROP OWNED",
        Node::ReassignOwnedStmt(_) => "REASSIGN OWNED",
        Node::AlterTSDictionaryStmt(_) => "ALTER TEXT SEARCH DICTIONARY",
        Node::AlterTSConfigurationStmt(_) => "ALTER TEXT SEARCH CONFIGURATION",
        Node::CreatePublicationStmt(_) => "CREATE PUBLICATION",
        Node::AlterPublicationStmt(_) => "ALTER PUBLICATION",
        Node::CreateSubscriptionStmt(_) => "CREATE SUBSCRIPTION",
        Node::AlterSubscriptionStmt(_) => "ALTER SUBSCRIPTION",
        Node::DropSubscriptionStmt(_) => "DROP SUBSCRIPTION",
        other => return Err(surprise(other)),
    })
}

/// The relations that DDL names first, for the record.
pub(super) fn relations(node: Node<'_>, into: &mut Vec<Name>) {
    let of = |table: Option<&RangeVar>| table.map(table_name);
    match node {
        Node::CreateStmt(create) => into.extend(of(create.relation())),
        Node::AlterTableStmt(alter) => into.extend(of(alter.relation())),
        Node::IndexStmt(index) => into.extend(of(index.relation())),
        Node::ViewStmt(view) => into.extend(of(view.view())),
        Node::RenameStmt(rename) => into.extend(of(rename.relation())),
        Node::AlterObjectSchemaStmt(alter) => into.extend(of(alter.relation())),
        Node::AlterOwnerStmt(alter) => into.extend(of(alter.relation())),
        Node::CreateTrigStmt(create) => into.extend(of(create.relation())),
        Node::RuleStmt(rule) => into.extend(of(rule.relation())),
        Node::CreatePolicyStmt(create) => into.extend(of(create.table())),
        Node::CreateSeqStmt(create) => into.extend(of(create.sequence())),
        Node::AlterSeqStmt(alter) => into.extend(of(alter.sequence())),
        Node::DropStmt(drop) if relation(drop.remove_type) => {
            into.extend(drop.objects().iter().filter_map(|object| match object {
                Node::NodeList(name) => name_of(name),
                _ => None,
            }));
        }
        _ => {}
    }
}

const fn relation(kind: ObjectType::Type) -> bool {
    matches!(
        kind,
        ObjectType::OBJECT_TABLE
            | ObjectType::OBJECT_VIEW
            | ObjectType::OBJECT_MATVIEW
            | ObjectType::OBJECT_INDEX
            | ObjectType::OBJECT_SEQUENCE
            | ObjectType::OBJECT_FOREIGN_TABLE
    )
}

macro_rules! tags {
    ($(#[$doc:meta])* $name:ident, $verb:literal) => {
        $(#[$doc])*
        #[rustfmt::skip]
        const fn $name(kind: ObjectType::Type) -> &'static str {
            match kind {
                ObjectType::OBJECT_ACCESS_METHOD => concat!($verb, " ACCESS METHOD"),
                ObjectType::OBJECT_AGGREGATE => concat!($verb, " AGGREGATE"),
                ObjectType::OBJECT_ATTRIBUTE | ObjectType::OBJECT_TYPE => concat!($verb, " TYPE"),
                ObjectType::OBJECT_CAST => concat!($verb, " CAST"),
                ObjectType::OBJECT_COLLATION => concat!($verb, " COLLATION"),
                ObjectType::OBJECT_CONVERSION => concat!($verb, " CONVERSION"),
                ObjectType::OBJECT_DATABASE => concat!($verb, " DATABASE"),
                ObjectType::OBJECT_DOMAIN | ObjectType::OBJECT_DOMCONSTRAINT => concat!($verb, " DOMAIN"),
                ObjectType::OBJECT_EVENT_TRIGGER => concat!($verb, " EVENT TRIGGER"),
                ObjectType::OBJECT_EXTENSION => concat!($verb, " EXTENSION"),
                ObjectType::OBJECT_FDW => concat!($verb, " FOREIGN DATA WRAPPER"),
                ObjectType::OBJECT_FOREIGN_SERVER => concat!($verb, " SERVER"),
                ObjectType::OBJECT_FOREIGN_TABLE => concat!($verb, " FOREIGN TABLE"),
                ObjectType::OBJECT_FUNCTION => concat!($verb, " FUNCTION"),
                ObjectType::OBJECT_INDEX => concat!($verb, " INDEX"),
                ObjectType::OBJECT_LANGUAGE => concat!($verb, " LANGUAGE"),
                ObjectType::OBJECT_LARGEOBJECT => concat!($verb, " LARGE OBJECT"),
                ObjectType::OBJECT_MATVIEW => concat!($verb, " MATERIALIZED VIEW"),
                ObjectType::OBJECT_OPCLASS => concat!($verb, " OPERATOR CLASS"),
                ObjectType::OBJECT_OPERATOR => concat!($verb, " OPERATOR"),
                ObjectType::OBJECT_OPFAMILY => concat!($verb, " OPERATOR FAMILY"),
                ObjectType::OBJECT_POLICY => concat!($verb, " POLICY"),
                ObjectType::OBJECT_PROCEDURE => concat!($verb, " PROCEDURE"),
                ObjectType::OBJECT_PUBLICATION => concat!($verb, " PUBLICATION"),
                ObjectType::OBJECT_ROLE => concat!($verb, " ROLE"),
                ObjectType::OBJECT_ROUTINE => concat!($verb, " ROUTINE"),
                ObjectType::OBJECT_RULE => concat!($verb, " RULE"),
                ObjectType::OBJECT_SCHEMA => concat!($verb, " SCHEMA"),
                ObjectType::OBJECT_SEQUENCE => concat!($verb, " SEQUENCE"),
                ObjectType::OBJECT_SUBSCRIPTION => concat!($verb, " SUBSCRIPTION"),
                ObjectType::OBJECT_STATISTIC_EXT => concat!($verb, " STATISTICS"),
                ObjectType::OBJECT_TABCONSTRAINT | ObjectType::OBJECT_TABLE
                | ObjectType::OBJECT_COLUMN => concat!($verb, " TABLE"),
                ObjectType::OBJECT_TABLESPACE => concat!($verb, " TABLESPACE"),
                ObjectType::OBJECT_TRANSFORM => concat!($verb, " TRANSFORM"),
                ObjectType::OBJECT_TRIGGER => concat!($verb, " TRIGGER"),
                ObjectType::OBJECT_TSCONFIGURATION => concat!($verb, " TEXT SEARCH CONFIGURATION"),
                ObjectType::OBJECT_TSDICTIONARY => concat!($verb, " TEXT SEARCH DICTIONARY"),
                ObjectType::OBJECT_TSPARSER => concat!($verb, " TEXT SEARCH PARSER"),
                ObjectType::OBJECT_TSTEMPLATE => concat!($verb, " TEXT SEARCH TEMPLATE"),
                ObjectType::OBJECT_VIEW => concat!($verb, " VIEW"),
                // Another kind of object changes nothing in the judgement.
                _ => $verb,
            }
        }
    };
}

tags!(/// The tag of an ALTER.
    altered, "ALTER");
tags!(/// The tag of a DROP.
    dropped, "DROP");
tags!(/// The tag of a CREATE by DefineStmt.
    defined, "CREATE");
