//! Becoming the owner of the tables, so that what is made belongs to the application's login and
//! not to undrift's.

use std::time::Duration;

use super::connect::Greeting;
use super::path;
use super::wire::Wire;
use crate::db::{DbError, Place, Trouble};
use crate::dialect::postgres::ident;

const OWNER: &str = include_str!("queries/owner.sql");

/// Lets the server give up a statement when nobody waits for its answer any more: its locks, and undrift's own,
/// would be held to its end otherwise. Not every server can.
const NOTICE_HANG_UPS: &str = "SET client_connection_check_interval = 1000; ";

/// Gets a session ready for changes: it becomes the tables' owner, and notices hang-ups where the server can. Returns the
/// process that did so.
pub(super) async fn prepare(wire: &mut Wire, greeting: &Greeting, within: Duration) -> Result<String, DbError> {
    let knows_hang_ups = greeting.platform.version.0 >= 14;
    let become_so = async |wire: &mut Wire, first| become_owner_after(first, wire, &greeting.place, within).await;
    match become_so(wire, if knows_hang_ups { NOTICE_HANG_UPS } else { "" }).await {
        Err(error) if knows_hang_ups && error.trouble.is_about_a_statement() => become_so(wire, "").await,
        prepared => prepared,
    }
}

/// Takes the role of the owner of the existing tables (an empty database: its owner) and sets the
/// search path.
pub(super) async fn become_owner(wire: &mut Wire, place: &Place, within: Duration) -> Result<(), DbError> {
    become_owner_after("", wire, place, within).await.map(drop)
}

async fn become_owner_after(first: &str, wire: &mut Wire, place: &Place, within: Duration) -> Result<String, DbError> {
    let row = wire.row(&format!("{first}RESET ROLE; {}", path::safely(OWNER)), within).await?;
    let text = |at: usize| row.get(at).cloned().flatten().unwrap_or_default();
    let doing = format!("prepare {}", place.database);
    if text(2) == "t" || text(3) == "t" {
        let what = if text(2) == "t" { "the server is a standby" } else { "the database is read-only" };
        return Err(DbError::new(Trouble::ReadOnly, doing, what));
    }
    if text(1) != "t" {
        let owner = text(0);
        let message = format!("the tables belong to {owner}, and {} is no member of that role", place.user);
        return Err(DbError::new(Trouble::Privilege, doing, message).with_remedy(format!(
            "GRANT {} TO {}",
            ident(&owner),
            ident(&place.user)
        )));
    }
    Ok(text(4))
}
