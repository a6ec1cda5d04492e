//! Where no confined login can be had, what could run a tenant's code is blocked, and the rest runs.

use rstest::rstest;

use crate::world::{As, FILLED, PLAIN, World};

#[test]
fn what_could_run_code_is_kept_back_with_the_statement_that_helps() {
    let mut world = World::new();
    world.is_unharmed("before anything");
    let output = world.undrift("apply", FILLED, As::Member, &["--yes"]);
    let remedy = format!("ALTER ROLE \"member_{}\" CREATEROLE", world.number);
    assert!(output.code != Some(0) && output.stdout.contains(&remedy), "{}", output.stdout);
    assert_eq!(world.query("SELECT count(*) FROM pg_attribute WHERE attname = 'nick'"), "0");
    world.by_superuser(&format!("{remedy}; GRANT owner_{{n}} TO member_{{n}} WITH ADMIN OPTION"));
    world.undrift("apply", FILLED, As::Member, &["--yes"]).expect_code(0);
    world.is_unharmed("the statement was run");
}

#[test]
fn machines_are_told_what_is_blocked_and_why() {
    let mut world = World::new();
    world.is_unharmed("before anything");
    let plan = world.undrift("plan", FILLED, As::Superuser, &["--format", "json", "--logins", "off"]).expect_code(2);
    assert!(plan.stdout.contains("\"login\"") && plan.stdout.contains("logins: auto"), "{}", plan.stdout);
    world.is_unharmed("a plan");
}

#[rstest]
#[case::off("off", 0)]
#[case::own("own", 3)]
fn no_login_is_made_where_none_is_wanted(#[case] logins: &str, #[case] plain: i32) {
    let mut world = World::new();
    world.is_unharmed("before anything");
    let with = ["--yes", "--logins", logins];
    let output = world.undrift("apply", FILLED, As::Superuser, &with).expect_code(3);
    assert!(output.stdout.contains("blocked"), "{}", output.stdout);
    world.undrift("apply", PLAIN, As::Superuser, &with).expect_code(plain);
    world.is_unharmed(logins);
}

/// Nobody but a superuser can be a member of a superuser, and be confined.
#[test]
fn tables_of_a_superuser_are_changed_only_where_nobody_elses_code_is_in_reach() {
    let mut world = World::new();
    world.is_unharmed("before anything");
    world.by_superuser("ALTER TABLE users OWNER TO postgres");
    let output = world.undrift("apply", FILLED, As::Superuser, &["--yes"]).expect_code(3);
    assert!(output.stdout.contains("blocked") && output.stdout.contains("harm"), "{}", output.stdout);
    world.by_superuser("ALTER FUNCTION harm() OWNER TO postgres; ALTER FUNCTION ev(bigint) OWNER TO postgres");
    let output = world.undrift("apply", FILLED, As::Superuser, &["--yes"]).expect_code(3);
    assert!(output.stdout.contains("may create functions in the schema public"), "{}", output.stdout);
    world.by_superuser("ALTER DATABASE tenant_{n} OWNER TO postgres");
    world.undrift("apply", FILLED, As::Superuser, &["--yes"]).expect_code(0);
    world.is_unharmed("nobody but superusers has anything here");
}
