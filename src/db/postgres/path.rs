//! Where names are looked for.
//!
//! A function or an operator of a tenant's whose parameters fit better than the server's own is taken in its place wherever
//! its schema is in the search path, and runs with the rights of whoever asked. So undrift's own queries name what they use
//! with `pg_catalog`, and are parsed under a path with nothing else in it. Only what plans consist of sees `public`, and
//! functions that print definitions while they run: they leave out what is in the path.

/// For undrift's own queries. Temporary tables would be found first if they were not named last.
pub(super) const SAFE: &str = "SET search_path = pg_catalog, pg_temp";

/// The same for the rest of a transaction.
pub(super) const SAFE_HERE: &str = "SET LOCAL search_path = pg_catalog, pg_temp";

/// For the statements of plans, which are written as a person would.
pub(super) const USUAL: &str = "SET search_path = public";

/// The same for the rest of a transaction.
pub(super) const USUAL_HERE: &str = "SET LOCAL search_path = public";

/// For what the server prints: as it resolves when statements run. Nothing is parsed under it.
const PRINTING: &str = "SET LOCAL search_path = pg_catalog, public";

/// Queries of undrift's own in a session whose path is for plans. It is so again when they fail: a message is taken back
/// whole. There are answers to what is put before and after them, too, which have no rows.
pub(super) fn safely(queries: &str) -> String {
    format!("{SAFE}; {queries}; {USUAL}")
}

/// Queries in a transaction whose answers hold definitions: parsed under the safe path, run under the other. A cursor keeps
/// what its query was parsed to. The last answers are those to the queries, in order, and one to what closes the cursors.
pub(super) fn printed<'a>(queries: impl IntoIterator<Item = &'a str>) -> String {
    let queries: Vec<&str> = queries.into_iter().collect();
    let numbered = queries.iter().enumerate();
    let declared: String =
        numbered.map(|(at, query)| format!("DECLARE undrift_{at} NO SCROLL CURSOR FOR {query}; ")).collect();
    let fetched: String = (0..queries.len()).map(|at| format!("FETCH ALL undrift_{at}; ")).collect();
    // All rows are wanted, not the first few soon.
    format!("{SAFE_HERE}; SET LOCAL cursor_tuple_fraction = 1; {declared}{PRINTING}; {fetched}CLOSE ALL")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_parsed_while_the_tenants_names_are_seen() {
        let message = printed(["SELECT 1", "SELECT 2"]);
        let (before, after) = message.split_once(PRINTING).unwrap();
        assert!(
            before.starts_with(SAFE_HERE) && before.contains("FOR SELECT 1; ") && before.contains("FOR SELECT 2; ")
        );
        assert_eq!(after, "; FETCH ALL undrift_0; FETCH ALL undrift_1; CLOSE ALL");
    }
}
