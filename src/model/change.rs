//! One difference between two schemas, as a from/to pair.

use serde::{Deserialize, Serialize};

use super::{ChangeKind, Check, Column, EnumType, ForeignKey, Index, Move, QName, Table, Transform};

/// One difference. `from` is what the database has, `to` is what it should have.
#[allow(missing_docs, reason = "the fields say where a change goes `from` and `to`, and in which table")]
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "change", rename_all = "snake_case")]
pub enum Change {
    /// Create a PostgreSQL schema.
    CreateNamespace { name: String },
    /// Drop a PostgreSQL schema.
    DropNamespace { name: String },
    /// Install an extension. None is ever removed.
    CreateExtension { name: String },
    /// Create an enum type.
    CreateEnum { to: EnumType },
    /// Drop an enum type.
    DropEnum { from: EnumType },
    /// Give an enum type other labels or another comment.
    AlterEnum { from: EnumType, to: EnumType },
    /// Create a table with everything in it.
    CreateTable { to: Table },
    /// Drop a table.
    DropTable { from: Table },
    /// Rename a table that was declared under a new name.
    RenameTable { from: QName, to: QName },
    /// Change the comment of a table.
    AlterTableComment { table: QName, from: Option<String>, to: Option<String> },
    /// Change one option of a table.
    AlterTableOption { table: QName, option: String, from: Option<String>, to: Option<String> },
    /// Add a column. `fill` is the SQL expression that gives rows that exist their value.
    AddColumn { table: QName, to: Column, fill: Option<String> },
    /// Drop a column.
    DropColumn { table: QName, from: Column },
    /// Rename a column that was declared under a new name, its values transformed first where they are.
    RenameColumn {
        table: QName,
        from: String,
        to: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        transform: Option<Transform>,
    },
    /// Both the old and the new name of a renamed column exist: fill the new one from the old one
    /// where it is NULL, make sure that no row disagrees, drop the old one.
    MergeColumn {
        table: QName,
        from: Column,
        to: Column,
        #[serde(default, flatten)]
        how: Move,
    },
    /// Replace a column by one of a new name whose values are computed from it. `expr` computes them.
    ReplaceColumn { table: QName, from: Column, to: Column, expr: String },
    /// Change one property of a column. `from` and `to` are the whole columns. `fill` replaces the
    /// NULLs of rows that exist before the column becomes NOT NULL. `using` computes the values of a new type.
    AlterColumn {
        table: QName,
        property: Property,
        from: Column,
        to: Column,
        fill: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        using: Option<String>,
    },
    /// Add a key, index or constraint to a table that exists.
    AddMember { table: QName, to: Member },
    /// Drop a key, index or constraint.
    DropMember { table: QName, from: Member },
    /// Replace a key, index or constraint by another definition.
    AlterMember { table: QName, from: Member, to: Member },
    /// Give a key, index or constraint of the same definition another name.
    RenameMember { table: QName, from: Member, to: Member },
}

/// The properties of a column that can change one by one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Property {
    /// The type (with it charset and collation where they change together).
    Type,
    /// NULL or NOT NULL.
    Nullable,
    /// The default.
    Default,
    /// The expression of a generated column, or whether it is one.
    Generated,
    /// How new rows are numbered.
    Identity,
    /// The collation.
    Collation,
    /// MySQL's `ON UPDATE`.
    OnUpdate,
    /// The comment.
    Comment,
    /// One of the engine's own options.
    Options,
}

/// A key, index or constraint of a table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "member", rename_all = "snake_case")]
pub enum Member {
    /// The primary key.
    PrimaryKey(Index),
    /// A unique constraint.
    Unique(Index),
    /// An index.
    Index(Index),
    /// A foreign key.
    ForeignKey(ForeignKey),
    /// A check constraint.
    Check(Check),
}

/// The kinds of members.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MemberKind {
    /// The primary key.
    PrimaryKey,
    /// A unique constraint.
    Unique,
    /// An index.
    Index,
    /// A foreign key.
    ForeignKey,
    /// A check constraint.
    Check,
}

impl MemberKind {
    /// The kind as people write it: `foreign key`.
    pub fn words(self) -> &'static str {
        match self {
            MemberKind::PrimaryKey => "primary key",
            MemberKind::Unique => "unique constraint",
            MemberKind::Index => "index",
            MemberKind::ForeignKey => "foreign key",
            MemberKind::Check => "check",
        }
    }
}

impl Member {
    /// Its kind.
    pub fn kind(&self) -> MemberKind {
        match self {
            Member::PrimaryKey(_) => MemberKind::PrimaryKey,
            Member::Unique(_) => MemberKind::Unique,
            Member::Index(_) => MemberKind::Index,
            Member::ForeignKey(_) => MemberKind::ForeignKey,
            Member::Check(_) => MemberKind::Check,
        }
    }

    /// Its name, if it has one that counts.
    pub fn name(&self) -> Option<&str> {
        match self {
            Member::PrimaryKey(index) | Member::Unique(index) | Member::Index(index) => index.name.as_deref(),
            Member::ForeignKey(key) => key.name.as_deref(),
            Member::Check(check) => check.name.as_deref(),
        }
    }

    /// Its comment.
    pub fn comment(&self) -> Option<&str> {
        match self {
            Member::PrimaryKey(index) | Member::Unique(index) | Member::Index(index) => index.comment.as_deref(),
            Member::ForeignKey(key) => key.comment.as_deref(),
            Member::Check(check) => check.comment.as_deref(),
        }
    }

    /// The same under another name.
    #[must_use]
    pub fn called(mut self, name: Option<String>) -> Self {
        match &mut self {
            Member::PrimaryKey(index) | Member::Unique(index) | Member::Index(index) => index.name = name,
            Member::ForeignKey(key) => key.name = name,
            Member::Check(check) => check.name = name,
        }
        self
    }

    /// Whether both are of one kind and say the same, names and comments aside.
    pub fn same_definition(&self, other: &Member) -> bool {
        match (self, other) {
            (Member::PrimaryKey(a), Member::PrimaryKey(b))
            | (Member::Unique(a), Member::Unique(b))
            | (Member::Index(a), Member::Index(b)) => a.same_definition(b),
            (Member::ForeignKey(a), Member::ForeignKey(b)) => a.same_definition(b),
            (Member::Check(a), Member::Check(b)) => a.same_definition(b),
            _ => false,
        }
    }

    /// Whether it is made over a column. Expressions are not read.
    pub fn is_over(&self, column: &str) -> bool {
        match self {
            Member::PrimaryKey(index) | Member::Unique(index) | Member::Index(index) => {
                index.columns().any(|name| name == column) || index.include.iter().any(|name| name == column)
            }
            Member::ForeignKey(key) => key.columns.iter().any(|name| name == column),
            Member::Check(_) => false,
        }
    }

    /// What to call it: its name, or what it consists of where it has none.
    pub fn label(&self) -> String {
        self.name().map_or_else(|| self.parts(), str::to_owned)
    }

    /// What it consists of, whatever it is called.
    pub fn parts(&self) -> String {
        match self {
            Member::PrimaryKey(_) => "primary key".to_owned(),
            Member::Unique(index) | Member::Index(index) => {
                format!("({})", index.columns().collect::<Vec<_>>().join(", "))
            }
            Member::ForeignKey(key) => format!("({}) → {}", key.columns.join(", "), key.table),
            Member::Check(check) => format!("({})", check.expr),
        }
    }
}

impl Change {
    /// The word for it.
    pub fn kind(&self) -> ChangeKind {
        match self {
            Change::CreateNamespace { .. } => ChangeKind::CreateSchema,
            Change::DropNamespace { .. } => ChangeKind::DropSchema,
            Change::CreateExtension { .. } => ChangeKind::CreateExtension,
            Change::CreateEnum { .. } => ChangeKind::CreateEnum,
            Change::DropEnum { .. } => ChangeKind::DropEnum,
            Change::AlterEnum { .. } => ChangeKind::AlterEnum,
            Change::CreateTable { .. } => ChangeKind::CreateTable,
            Change::DropTable { .. } => ChangeKind::DropTable,
            Change::RenameTable { .. } => ChangeKind::RenameTable,
            Change::AlterTableComment { .. } => ChangeKind::AlterTableComment,
            Change::AlterTableOption { .. } => ChangeKind::AlterTableOption,
            Change::AddColumn { .. } => ChangeKind::AddColumn,
            Change::DropColumn { .. } => ChangeKind::DropColumn,
            Change::RenameColumn { .. } => ChangeKind::RenameColumn,
            Change::MergeColumn { .. } => ChangeKind::MergeColumn,
            Change::ReplaceColumn { .. } => ChangeKind::ReplaceColumn,
            Change::AlterColumn { property, .. } => property.change_kind(),
            Change::AddMember { to, .. } => to.kind().changes()[0],
            Change::DropMember { from, .. } if from.is_left_over() => ChangeKind::RemoveLeftover,
            Change::DropMember { from, .. } => from.kind().changes()[1],
            Change::AlterMember { to, .. } => to.kind().changes()[2],
            Change::RenameMember { to, .. } => match to.kind() {
                MemberKind::Index => ChangeKind::RenameIndex,
                _ => ChangeKind::RenameConstraint,
            },
        }
    }

    /// The table it belongs to, under the name by which the declared schema calls it.
    pub fn table(&self) -> Option<&QName> {
        match self {
            Change::CreateNamespace { .. }
            | Change::DropNamespace { .. }
            | Change::CreateExtension { .. }
            | Change::CreateEnum { .. }
            | Change::DropEnum { .. }
            | Change::AlterEnum { .. } => None,
            Change::CreateTable { to } => Some(&to.name),
            Change::DropTable { from } => Some(&from.name),
            Change::RenameTable { to, .. } => Some(to),
            Change::AlterTableComment { table, .. }
            | Change::AlterTableOption { table, .. }
            | Change::AddColumn { table, .. }
            | Change::DropColumn { table, .. }
            | Change::RenameColumn { table, .. }
            | Change::MergeColumn { table, .. }
            | Change::ReplaceColumn { table, .. }
            | Change::AlterColumn { table, .. }
            | Change::AddMember { table, .. }
            | Change::DropMember { table, .. }
            | Change::AlterMember { table, .. }
            | Change::RenameMember { table, .. } => Some(table),
        }
    }

    /// The column it is about, if it is about one.
    pub fn column(&self) -> Option<&str> {
        match self {
            Change::AddColumn { to, .. }
            | Change::AlterColumn { to, .. }
            | Change::MergeColumn { to, .. }
            | Change::ReplaceColumn { to, .. } => Some(&to.name),
            Change::DropColumn { from, .. } => Some(&from.name),
            Change::RenameColumn { to, .. } => Some(to),
            _ => None,
        }
    }

    /// What it is about, qualified: `tenant_users.password_hash`, `users.idx_email`, `user_status`.
    pub fn object(&self) -> String {
        let within = |table: &QName, name: &str| format!("{table}.{name}");
        match self {
            Change::CreateNamespace { name } | Change::DropNamespace { name } | Change::CreateExtension { name } => {
                name.clone()
            }
            Change::CreateEnum { to } | Change::AlterEnum { to, .. } => to.name.to_string(),
            Change::DropEnum { from } => from.name.to_string(),
            Change::CreateTable { to } => to.name.to_string(),
            Change::DropTable { from } => from.name.to_string(),
            Change::RenameTable { to, .. } => to.to_string(),
            Change::AlterTableComment { table, .. } => table.to_string(),
            Change::AlterTableOption { table, option, .. } => within(table, option),
            Change::AddColumn { table, to, .. }
            | Change::AlterColumn { table, to, .. }
            | Change::MergeColumn { table, to, .. }
            | Change::ReplaceColumn { table, to, .. } => within(table, &to.name),
            Change::DropColumn { table, from } => within(table, &from.name),
            Change::RenameColumn { table, to, .. } => within(table, to),
            Change::AddMember { table, to }
            | Change::AlterMember { table, to, .. }
            | Change::RenameMember { table, to, .. } => within(table, &to.label()),
            Change::DropMember { table, from } => within(table, &from.label()),
        }
    }

    /// Whether it only takes away something that the declared schema does not mention.
    pub fn only_removes(&self) -> bool {
        matches!(
            self,
            Change::DropNamespace { .. }
                | Change::DropEnum { .. }
                | Change::DropTable { .. }
                | Change::DropColumn { .. }
                | Change::DropMember { .. }
        )
    }
}

impl Property {
    fn change_kind(self) -> ChangeKind {
        match self {
            Property::Type => ChangeKind::AlterColumnType,
            Property::Nullable => ChangeKind::AlterColumnNullable,
            Property::Default => ChangeKind::AlterColumnDefault,
            Property::Generated => ChangeKind::AlterColumnGenerated,
            Property::Identity => ChangeKind::AlterColumnIdentity,
            Property::Collation => ChangeKind::AlterColumnCollation,
            Property::OnUpdate => ChangeKind::AlterColumnOnUpdate,
            Property::Comment => ChangeKind::AlterColumnComment,
            Property::Options => ChangeKind::AlterColumnOptions,
        }
    }

    /// All properties, in the order in which they are compared.
    pub const ALL: [Property; 9] = [
        Property::Type,
        Property::Collation,
        Property::Generated,
        Property::Identity,
        Property::Nullable,
        Property::Default,
        Property::OnUpdate,
        Property::Options,
        Property::Comment,
    ];

    /// Copies this property from one column to another.
    pub fn copy(self, from: &Column, to: &mut Column) {
        match self {
            Property::Type => to.data_type.clone_from(&from.data_type),
            Property::Nullable => to.nullable = from.nullable,
            Property::Default => to.default.clone_from(&from.default),
            Property::Generated => to.generated.clone_from(&from.generated),
            Property::Identity => to.identity.clone_from(&from.identity),
            Property::Collation => to.collation.clone_from(&from.collation),
            Property::OnUpdate => to.on_update.clone_from(&from.on_update),
            Property::Comment => to.comment.clone_from(&from.comment),
            Property::Options => to.options.clone_from(&from.options),
        }
    }

    /// Whether both columns have this property in common.
    pub fn same(self, a: &Column, b: &Column) -> bool {
        match self {
            Property::Type => a.data_type == b.data_type,
            Property::Nullable => a.nullable == b.nullable,
            Property::Default => a.default == b.default,
            Property::Generated => a.generated == b.generated,
            Property::Identity => a.identity == b.identity,
            Property::Collation => a.collation == b.collation,
            Property::OnUpdate => a.on_update == b.on_update,
            Property::Comment => a.comment == b.comment,
            Property::Options => a.options == b.options,
        }
    }
}

impl MemberKind {
    /// The kinds of change for adding, dropping and altering one.
    fn changes(self) -> [ChangeKind; 3] {
        match self {
            MemberKind::PrimaryKey => {
                [ChangeKind::AddPrimaryKey, ChangeKind::DropPrimaryKey, ChangeKind::AlterPrimaryKey]
            }
            MemberKind::Unique => [ChangeKind::AddUnique, ChangeKind::DropUnique, ChangeKind::AlterUnique],
            MemberKind::Index => [ChangeKind::AddIndex, ChangeKind::DropIndex, ChangeKind::AlterIndex],
            MemberKind::ForeignKey => {
                [ChangeKind::AddForeignKey, ChangeKind::DropForeignKey, ChangeKind::AlterForeignKey]
            }
            MemberKind::Check => [ChangeKind::AddCheck, ChangeKind::DropCheck, ChangeKind::AlterCheck],
        }
    }
}
