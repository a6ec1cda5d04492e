//! What each kind of change does to a table: which algorithm the server is expected to take and what it locks.
//!
//! This is an expectation. It decides which changes share a statement, what a plan says before it was tried, and what
//! `docs/live-data.md` says. What a statement says in the end was accepted by the server ([`online`](super::online)).
//! For MariaDB each row is compared with a server by `tests/mysql`; for MySQL it is what its manual says of 8.0.29
//! and later.

use super::online::Way;
use crate::model::{Platform, Vendor, Version};

/// A kind of change of a table that exists.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs, reason = "each has its row in EFFECTS, in words")]
pub enum Kind {
    AddColumn,
    AddColumnWithExpression,
    AddVirtualColumn,
    AddStoredColumn,
    AddNumberedColumn,
    DropColumn,
    DropVirtualColumn,
    RenameColumn,
    SetDefault,
    SetComment,
    MakeNotNull,
    MakeNullable,
    WidenInPlace,
    ChangeType,
    ChangeCollation,
    ChangeIndexedCollation,
    ChangeVirtualExpression,
    ChangeStoredExpression,
    StartNumbering,
    StopNumbering,
    AddIndex,
    AddFulltextIndex,
    AddSpatialIndex,
    DropIndex,
    RenameIndex,
    AddPrimaryKey,
    AddClusteringKey,
    DropPrimaryKey,
    ReplacePrimaryKey,
    AddForeignKey,
    DropForeignKey,
    AddCheck,
    DropCheck,
    SetTableComment,
    SetTableCollation,
    SetRowFormat,
    SetEngine,
    Partition,
}

/// What a kind of change does.
#[derive(Clone, Copy, Debug)]
pub struct Effect {
    /// The kind.
    pub kind: Kind,
    /// What happens, in words.
    pub change: &'static str,
    /// How MariaDB does it.
    pub mariadb: Way,
    /// How MySQL 8.0.29 and later do it.
    pub mysql: Way,
    /// Until which version MySQL does it by writing the table anew.
    pub mysql_rewrites_before: Option<Version>,
    /// Where it is otherwise.
    pub note: &'static str,
    /// A table before and after such a change.
    pub example: [&'static str; 2],
}

impl Effect {
    /// How a server does it.
    pub fn on(&self, platform: &Platform) -> Way {
        match (platform.vendor, self.mysql_rewrites_before) {
            (Vendor::Mariadb, _) => self.mariadb,
            (_, Some(version)) if platform.version < version => Way::Inplace,
            _ => self.mysql,
        }
    }
}

/// How a server does a kind of change.
pub(super) fn way(kind: Kind, platform: &Platform) -> Way {
    EFFECTS.iter().find(|effect| effect.kind == kind).map_or(Way::Copy, |effect| effect.on(platform))
}

const fn effect(
    kind: Kind,
    change: &'static str,
    [mariadb, mysql]: [Way; 2],
    example: [&'static str; 2],
    note: &'static str,
) -> Effect {
    Effect { kind, change, mariadb, mysql, mysql_rewrites_before: None, note, example }
}

impl Effect {
    const fn mysql_since(self, minor: u16, patch: u16) -> Self {
        Self { mysql_rewrites_before: Some(Version(8, minor, patch)), ..self }
    }
}

use Kind as K;
use Way::{Copy, Inplace, InplaceShared, Instant, Nocopy, NocopyShared};

/// The table.
pub const EFFECTS: &[Effect] = &[
    effect(
        K::AddColumn,
        "add a column",
        [Instant, Instant],
        ["id int", "id int, a varchar(20) not null default 'x'"],
        "written anew where the table is `ROW_FORMAT=COMPRESSED` or has a FULLTEXT index, for which writers wait. MySQL \
         before 8.0.29: instant as the last column only",
    ),
    effect(
        K::AddColumnWithExpression,
        "add a column whose default is an expression",
        [Copy, Copy],
        ["id int", "id int, a varchar(50) default (uuid())"],
        "`CURRENT_TIMESTAMP` is no such expression",
    ),
    effect(
        K::AddVirtualColumn,
        "add a VIRTUAL column",
        [Instant, Instant],
        ["id int", "id int, a int as (id + 1)"],
        "",
    ),
    effect(K::AddStoredColumn, "add a STORED column", [Copy, Copy], ["id int", "id int, a int as (id + 1) stored"], ""),
    effect(
        K::AddNumberedColumn,
        "add an AUTO_INCREMENT column with its key",
        [InplaceShared, InplaceShared],
        ["x int", "x int, id int not null auto_increment primary key"],
        "",
    ),
    effect(
        K::DropColumn,
        "drop a column",
        [Instant, Instant],
        ["id int, a int", "id int"],
        "with an index over it: `NOCOPY`",
    )
    .mysql_since(0, 29),
    effect(
        K::DropVirtualColumn,
        "drop a VIRTUAL column",
        [Instant, Instant],
        ["id int, a int as (id + 1)", "id int"],
        "",
    ),
    effect(
        K::RenameColumn,
        "rename a column",
        [Instant, Instant],
        ["id int, a int", "id int, b int"],
        "MySQL makes checks and generated columns that mention it anew, which copies the table",
    ),
    effect(
        K::SetDefault,
        "set or drop a default",
        [Instant, Instant],
        ["id int, a int", "id int, a int default 5"],
        "",
    ),
    effect(
        K::SetComment,
        "change the comment or the visibility of a column",
        [Instant, Inplace],
        ["id int, a int", "id int, a int invisible comment 'x'"],
        "",
    ),
    effect(
        K::MakeNotNull,
        "make a column NOT NULL",
        [Inplace, Inplace],
        ["id int, a int", "id int, a int not null"],
        "rows with NULL are counted first",
    ),
    effect(
        K::MakeNullable,
        "make a column nullable",
        [Inplace, Inplace],
        ["id int, a int not null", "id int, a int"],
        "MariaDB: instant with `ROW_FORMAT=REDUNDANT`",
    ),
    effect(
        K::WidenInPlace,
        "change a type so that no row changes",
        [Instant, Inplace],
        ["id int, a varchar(20)", "id int, a varchar(60)"],
        "see the table of types",
    ),
    effect(
        K::ChangeType,
        "change a type otherwise",
        [Copy, Copy],
        ["id int, a int", "id int, a bigint"],
        "see the table of types",
    ),
    effect(
        K::ChangeCollation,
        "change the collation of a column within its character set",
        [Instant, Copy],
        ["id int, a varchar(20) collate utf8mb4_general_ci", "id int, a varchar(20) collate utf8mb4_bin"],
        "another character set copies, but for `utf8mb3` to `utf8mb4` on MariaDB",
    ),
    effect(
        K::ChangeIndexedCollation,
        "the same where an index is over the column",
        [Nocopy, Copy],
        [
            "id int, a varchar(20) collate utf8mb4_general_ci, key k (a)",
            "id int, a varchar(20) collate utf8mb4_bin, key k (a)",
        ],
        "",
    ),
    effect(
        K::ChangeVirtualExpression,
        "change the expression of a VIRTUAL column",
        [Instant, Copy],
        ["id int, a int as (id + 1)", "id int, a int as (id + 2)"],
        "",
    ),
    effect(
        K::ChangeStoredExpression,
        "change the expression of a STORED column, make it an ordinary one, or an ordinary one STORED",
        [Copy, Copy],
        ["id int, a int as (id + 1) stored", "id int, a int as (id + 2) stored"],
        "",
    ),
    effect(
        K::StartNumbering,
        "make a column AUTO_INCREMENT",
        [Copy, Copy],
        ["id int not null primary key", "id int not null auto_increment primary key"],
        "",
    ),
    effect(
        K::StopNumbering,
        "stop a column from being AUTO_INCREMENT",
        [Instant, Copy],
        ["id int not null auto_increment primary key", "id int not null primary key"],
        "",
    ),
    effect(
        K::AddIndex,
        "add an index or a unique key",
        [Nocopy, Inplace],
        ["id int, a int", "id int, a int, key k (a)"],
        "duplicates are counted first",
    ),
    effect(
        K::AddFulltextIndex,
        "add the first FULLTEXT index",
        [InplaceShared, InplaceShared],
        ["id int, a text", "id int, a text, fulltext key k (a)"],
        "each further one: `NOCOPY`, `LOCK=SHARED`",
    ),
    effect(
        K::AddSpatialIndex,
        "add a SPATIAL index",
        [NocopyShared, InplaceShared],
        ["id int, a point not null", "id int, a point not null, spatial key k (a)"],
        "",
    ),
    effect(K::DropIndex, "drop an index", [Nocopy, Inplace], ["id int, a int, key k (a)", "id int, a int"], ""),
    effect(
        K::RenameIndex,
        "rename an index",
        [Instant, Inplace],
        ["id int, a int, key k (a)", "id int, a int, key l (a)"],
        "",
    ),
    effect(
        K::AddPrimaryKey,
        "add a primary key",
        [Inplace, Inplace],
        ["id int not null", "id int not null primary key"],
        "",
    ),
    effect(
        K::AddClusteringKey,
        "add a unique key over NOT NULL columns where there is no primary key",
        [Inplace, Inplace],
        ["id int not null", "id int not null, unique key k (id)"],
        "the server puts the rows in its order",
    ),
    effect(
        K::DropPrimaryKey,
        "drop a primary key",
        [Copy, Copy],
        ["id int not null primary key", "id int not null"],
        "",
    ),
    effect(
        K::ReplacePrimaryKey,
        "replace a primary key",
        [Inplace, Inplace],
        ["id int not null primary key, a int not null", "id int not null, a int not null, primary key (id, a)"],
        "",
    ),
    effect(
        K::AddForeignKey,
        "add a foreign key",
        [Copy, Copy],
        [
            "id int primary key, a int, key k (a)",
            "id int primary key, a int, key k (a), constraint f foreign key (a) references t (id)",
        ],
        "rows that refer to nothing are counted first. The copy is the price of having the server check them too",
    ),
    effect(
        K::DropForeignKey,
        "drop a foreign key",
        [Instant, Inplace],
        [
            "id int primary key, a int, key k (a), constraint f foreign key (a) references t (id)",
            "id int primary key, a int, key k (a)",
        ],
        "",
    ),
    effect(
        K::AddCheck,
        "add a check",
        [Copy, Copy],
        ["id int", "id int, constraint c check (id > 0)"],
        "rows that violate it are counted first. A check that comes with its column costs nothing more on MariaDB",
    ),
    effect(K::DropCheck, "drop a check", [Instant, Inplace], ["id int, constraint c check (id > 0)", "id int"], ""),
    effect(
        K::SetTableComment,
        "change the comment of a table",
        [Instant, Inplace],
        ["id int", "id int) comment 'x'"],
        "",
    ),
    effect(
        K::SetTableCollation,
        "change the default collation of a table",
        [Instant, Inplace],
        ["id int", "id int) collate latin1_bin"],
        "the columns that follow it change with it, as above",
    ),
    effect(
        K::SetRowFormat,
        "change `ROW_FORMAT`, `KEY_BLOCK_SIZE` or the compression of pages",
        [Inplace, Inplace],
        ["id int", "id int) row_format=compact"],
        "",
    ),
    effect(K::SetEngine, "change the storage engine", [Copy, Copy], ["id int", "id int) engine=myisam"], ""),
    effect(
        K::Partition,
        "partition a table, or change its partitions",
        [Copy, Copy],
        ["id int", "id int) partition by hash (id) partitions 3"],
        "",
    ),
];
