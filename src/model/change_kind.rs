//! The words by which policies, metrics and people call a change.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Makes an enum whose variants are words of the files that people write: one list for the variants,
/// for all of them in order, and for how each is spelled.
macro_rules! words {
    ($(#[$about:meta])* $name:ident { $($(#[$doc:meta])* $variant:ident = $key:literal,)* }) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema)]
        pub enum $name {
            $($(#[$doc])* #[serde(rename = $key)] $variant,)*
        }

        impl $name {
            /// All of them, in the order of the documentation.
            pub const ALL: [$name; [$($key),*].len()] = [$($name::$variant),*];

            /// How it is written in a policy.
            pub const fn key(self) -> &'static str {
                match self {
                    $($name::$variant => $key,)*
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.key())
            }
        }
    };
}

pub(super) use words;

words! {
    /// The words by which policies, metrics and people call a change. docs/policy.md explains each.
    #[allow(missing_docs, reason = "the names are the documentation; docs/policy.md explains each")]
    ChangeKind {
        CreateSchema = "create_schema",
        DropSchema = "drop_schema",
        CreateExtension = "create_extension",
        CreateEnum = "create_enum",
        DropEnum = "drop_enum",
        AlterEnum = "alter_enum",
        CreateTable = "create_table",
        DropTable = "drop_table",
        RenameTable = "rename_table",
        AlterTableComment = "alter_table_comment",
        AlterTableOption = "alter_table_option",
        AddColumn = "add_column",
        DropColumn = "drop_column",
        RenameColumn = "rename_column",
        MergeColumn = "merge_column",
        ReplaceColumn = "replace_column",
        AlterColumnType = "alter_column_type",
        AlterColumnNullable = "alter_column_nullable",
        AlterColumnDefault = "alter_column_default",
        AlterColumnGenerated = "alter_column_generated",
        AlterColumnIdentity = "alter_column_identity",
        AlterColumnCollation = "alter_column_collation",
        AlterColumnOnUpdate = "alter_column_on_update",
        AlterColumnComment = "alter_column_comment",
        AlterColumnOptions = "alter_column_options",
        AddPrimaryKey = "add_primary_key",
        DropPrimaryKey = "drop_primary_key",
        AlterPrimaryKey = "alter_primary_key",
        AddUnique = "add_unique",
        DropUnique = "drop_unique",
        AlterUnique = "alter_unique",
        AddIndex = "add_index",
        DropIndex = "drop_index",
        AlterIndex = "alter_index",
        AddForeignKey = "add_foreign_key",
        DropForeignKey = "drop_foreign_key",
        AlterForeignKey = "alter_foreign_key",
        AddCheck = "add_check",
        DropCheck = "drop_check",
        AlterCheck = "alter_check",
        RenameConstraint = "rename_constraint",
        RenameIndex = "rename_index",
        RemoveLeftover = "remove_leftover",
    }
}
