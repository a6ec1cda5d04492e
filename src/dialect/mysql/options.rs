//! Options of tables that stay: comment, collation, engine, format, partitions.

use super::create::{default_option, table_option};
use super::effects::Kind;
use super::names::literal;
use super::online::Way;
use super::ops::{Batch, is_collation};
use super::piece::{Lane, Phase, Piece, Slot};
use super::{hazards, members};
use crate::dialect::rank;
use crate::model::{Change, HazardNote, Object, QName};

impl Batch<'_> {
    /// The piece for one option.
    pub(super) fn option(&self, number: usize, table: &QName, option: &str, to: Option<&str>) -> Piece {
        let mut piece = Piece::new(table, number, "set option", option, Phase::Change, rank::TABLE_OPTION);
        if option == "partitions" {
            piece.alone = true;
            let before = self.before(table).and_then(|table| Some((table, table.options.get(option)?)));
            piece.frees.extend(before.map_or(Vec::new(), |(table, sql)| members::columns_of(table, sql)));
            let after = self.after(table).zip(to);
            piece.needs.extend(after.map_or(Vec::new(), |(table, sql)| members::columns_of(table, sql)));
            piece.hazards = self.dialect.does(Kind::Partition, table);
            piece.hazards.push(hazards::may_fail(format!("rows of {table} may fit into no partition")));
            // MariaDB takes any algorithm here and copies the table all the same. Nothing may follow these words.
            let way = Way::Copy.clause(self.dialect.platform.vendor);
            let clause = format!("{way} {}", to.unwrap_or("REMOVE PARTITIONING"));
            return piece.clause(Slot::Option, clause);
        }
        let collation = self.dialect.platform.collation.as_deref();
        let sql = to.map_or_else(|| default_option(option, collation), |value| table_option(option, value));
        piece.hazards = self.option_hazards(table, option, to);
        piece.lane = Lane::Option;
        if option == "engine" {
            // As with partitions.
            let way = Way::Copy.clause(self.dialect.platform.vendor);
            piece.alone = true;
            return piece.clause(Slot::Option, format!("{sql}, {way}"));
        }
        if is_collation(option) {
            piece = self.recollate(piece);
        }
        if sql.is_empty() { piece } else { piece.clause(Slot::Option, sql) }
    }

    fn option_hazards(&self, table: &QName, option: &str, to: Option<&str>) -> Vec<HazardNote> {
        let dialect = self.dialect;
        match option {
            "engine" => {
                let lost = to.and_then(|engine| hazards::loses_with_engine(table, engine));
                dialect.does(Kind::SetEngine, table).into_iter().chain(lost).collect()
            }
            "collation" | "charset" => {
                let mut notes = dialect.does(Kind::SetTableCollation, table);
                if !self.recollated(table).is_empty() {
                    let sides = [Some("?"), Some("utf8mb4")];
                    notes.extend(dialect.changes_collation(table, &table.to_string(), sides, false));
                }
                notes
            }
            "row_format"
            | "key_block_size"
            | "compression"
            | "encryption"
            | "page_compressed"
            | "encrypted"
            | "tablespace"
            | "page_compression_level" => dialect.does(Kind::SetRowFormat, table),
            _ => Vec::new(),
        }
    }

    /// A new default says nothing about the columns that are there: those that follow it are said again.
    fn recollate(&self, mut piece: Piece) -> Piece {
        let table = piece.table.clone();
        let Some(after) = self.after(&table) else { return piece };
        piece.subject.recollates = true;
        let altered = |name: &str| {
            self.changes_of(&table)
                .any(|(_, change)| matches!(change, Change::AlterColumn { to, .. } if to.name == name))
        };
        for name in self.recollated(&table) {
            let object = Object::Column(table.clone(), name.clone());
            piece.drops.push(object.clone());
            piece.makes.push(object);
            if let Some(column) = after.column(&name).filter(|_| !altered(&name)) {
                piece.clauses.push((Slot::Modify, format!("MODIFY COLUMN {}", self.dialect.column(column))));
            }
        }
        piece
    }
}

/// The piece for the comment.
pub(super) fn comment(number: usize, table: &QName, comment: Option<&str>) -> Piece {
    let piece = Piece::new(table, number, "set the comment of", "", Phase::Change, rank::TABLE_OPTION);
    Piece { lane: Lane::Option, ..piece }
        .clause(Slot::Option, format!("COMMENT={}", literal(comment.unwrap_or_default())))
}
