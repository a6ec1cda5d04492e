//! Becoming the owner of the tables, so that what is made belongs to the application's login and
//! not to undrift's.

use std::time::Duration;

use super::wire::Wire;
use crate::db::{DbError, Place, Trouble};
use crate::dialect::postgres::ident;

const OWNER: &str = include_str!("queries/owner.sql");

/// Takes the role of the owner of the existing tables (an empty database: its owner) and sets the
/// search path.
pub(super) async fn become_owner(wire: &mut Wire, place: &Place, within: Duration) -> Result<(), DbError> {
    let row = wire.row(&format!("RESET ROLE; SET search_path = public; {OWNER}"), within).await?;
    let is_true = |at: usize| row.get(at) == Some(&Some("t".to_owned()));
    let doing = format!("prepare {}", place.database);
    if is_true(3) || is_true(4) {
        let what = if is_true(3) { "the server is a standby" } else { "the database is read-only" };
        return Err(DbError::new(Trouble::ReadOnly, doing, what));
    }
    let owner = row.first().cloned().flatten().unwrap_or_default();
    if is_true(1) {
        return Ok(());
    }
    if !is_true(2) {
        let message = format!("the tables belong to {owner}, and {} is no member of that role", place.user);
        return Err(DbError::new(Trouble::Privilege, doing, message).with_remedy(format!(
            "GRANT {} TO {}",
            ident(&owner),
            ident(&place.user)
        )));
    }
    wire.send(&format!("SET ROLE {}", ident(&owner)), within).await.map(drop)
}
