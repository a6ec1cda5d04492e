//! `docs/live-data.md` says of MySQL and MariaDB what the code's tables say.

use std::path::Path;

use undrift::dialect::mysql::effects::EFFECTS;
use undrift::dialect::mysql::online::Way;
use undrift::dialect::mysql::widening::{TYPES, TypeChange};

use super::support::live_data;

fn way(way: Way) -> &'static str {
    match way {
        Way::Instant => "`INSTANT`",
        Way::Nocopy => "`NOCOPY`",
        Way::Inplace => "`INPLACE`",
        Way::NocopyShared => "`NOCOPY`, writers wait",
        Way::InplaceShared => "`INPLACE`, writers wait",
        Way::CopyOnline => "`COPY`",
        Way::Copy => "`COPY`, writers wait",
    }
}

fn effects() -> String {
    let row = |effect: &undrift::dialect::mysql::effects::Effect| {
        format!("| {} | {} | {} | {} |\n", effect.change, way(effect.mariadb), way(effect.mysql), effect.note)
    };
    let rows: String = EFFECTS.iter().map(row).collect();
    format!("| change | MariaDB | MySQL | but |\n|---|---|---|---|\n{rows}")
}

fn fate(fate: TypeChange) -> &'static str {
    match fate {
        TypeChange::Instant => "no row is written",
        TypeChange::Rewrite => "widens; the table is copied",
        TypeChange::Narrows => "narrows (`may_lose_data`); the table is copied",
        TypeChange::Converts => "converts (`may_lose_data`); the table is copied",
    }
}

fn types() -> String {
    let row = |row: &undrift::dialect::mysql::widening::TypeRow| {
        let [from, to] = row.types;
        let mariadb = if row.instant_on_mariadb { TypeChange::Instant } else { row.fate };
        format!("| {} | `{from}` | `{to}` | {} | {} |\n", row.words, fate(mariadb), fate(row.fate))
    };
    let rows: String = TYPES.iter().map(row).collect();
    format!("| | from | to | MariaDB | MySQL |\n|---|---|---|---|---|\n{rows}")
}

#[test]
fn the_document_is_made_from_the_tables() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/live-data.md");
    live_data::check(&path, "mysql effects", &effects());
    live_data::check(&path, "mysql types", &types());
}
