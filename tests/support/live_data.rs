//! `docs/live-data.md`: its tables are made from the code's.

use std::path::Path;

/// Makes sure that the table between two marks is this one. `UNDRIFT_UPDATE=1` writes it there.
pub fn check(path: &Path, name: &str, table: &str) {
    let text = std::fs::read_to_string(path).expect("the document is there");
    let (start, end) = (format!("<!-- {name}: made from the code, UNDRIFT_UPDATE=1 cargo test -->\n"), "<!-- end -->");
    let (head, rest) = text.split_once(&start).unwrap_or_else(|| panic!("{} lacks {start}", path.display()));
    let (found, tail) = rest.split_once(end).unwrap_or_else(|| panic!("{name} has no end"));
    if std::env::var_os("UNDRIFT_UPDATE").is_some() && found != table {
        std::fs::write(path, format!("{head}{start}{table}{end}{tail}")).expect("the document can be written");
    } else {
        assert_eq!(found, table, "run again with UNDRIFT_UPDATE=1");
    }
}
