//! Where undrift's own login writes rows, a trigger that comes after the plan is noticed under the lock.

use undrift::db::{Connection, Standing, Trouble};

use crate::world::{As, World};

#[tokio::test]
async fn a_trigger_that_comes_after_the_plan_stops_it() {
    let mut world = World::new();
    world.is_unharmed("before anything");
    world.by_superuser(
        "ALTER TABLE users OWNER TO postgres; ALTER DATABASE tenant_{n} OWNER TO postgres; DROP FUNCTION ev; DROP FUNCTION harm;
         GRANT ALL ON users TO owner_{n}",
    );
    let mut session = world.session(As::Superuser).await;
    assert_eq!(session.standing().await.unwrap(), Standing::Own, "nobody's code is there");
    session.prepare().await.unwrap();
    session.begin().await.unwrap();
    session.execute("UPDATE users SET name = 'a' WHERE id = 1").await.unwrap();
    session.commit().await.unwrap();
    world.by_superuser("CREATE SCHEMA aside AUTHORIZATION owner_{n}");
    world.by_owner(
        "CREATE FUNCTION aside.fires() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN
           PERFORM set_config(''role'', ''none'', true); CREATE ROLE pwned_{n} SUPERUSER; RETURN new; END';
         CREATE TRIGGER fires BEFORE UPDATE ON users FOR EACH ROW EXECUTE FUNCTION aside.fires()",
    );
    let error = session.execute("UPDATE users SET name = 'b' WHERE id = 1").await.unwrap_err();
    assert_eq!(error.trouble, Trouble::Privilege, "{error}");
    assert!(error.message.contains("fires"), "{error}");
    let error = session.begin().await.unwrap_err();
    assert_eq!(error.trouble, Trouble::Privilege, "{error}");
    session.close().await;
    assert_eq!(world.query("SELECT name FROM users WHERE id = 1"), "a");
    world.is_unharmed("a trigger");
}
