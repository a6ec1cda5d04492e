//! Logins that a killed run left behind.

use crate::world::{As, FILLED, World};

#[test]
fn a_login_that_was_left_behind_goes_with_the_next_run() {
    let mut world = World::new();
    world.is_unharmed("before anything");
    let number = world.query("SELECT oid FROM pg_database WHERE datname = current_database()");
    let left = format!("undrift_login_{number}_1700000000_0a1b2c3d");
    world.by_superuser(&format!(
        "CREATE ROLE {left} LOGIN VALID UNTIL '2100-01-01'; GRANT owner_{{n}} TO {left}; SET ROLE {left}; CREATE TABLE kept (a int)"
    ));
    assert_eq!(world.logins(), left);
    world.undrift("apply", FILLED, As::Superuser, &["--yes"]).expect_code(0);
    world.is_unharmed("a login was left behind");
    assert_eq!(
        world.query("SELECT tableowner FROM pg_tables WHERE tablename = 'kept'"),
        format!("owner_{}", world.number),
        "what it made is the tenant's"
    );
}
