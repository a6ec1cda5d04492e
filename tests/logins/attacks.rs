//! Everything by which a tenant's owner tried to get hold of the login that repairs it.

use rstest::rstest;
use undrift::db::{Connection, Standing};

use crate::world::{As, FILLED, World};

const TRIGGER: &str = "
CREATE FUNCTION fires() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM harm(); RETURN new; END';
CREATE TRIGGER fires BEFORE UPDATE ON users FOR EACH ROW EXECUTE FUNCTION fires();";

const HELD_CURSOR: &str = "
CREATE FUNCTION holds() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
  BEGIN EXECUTE 'DECLARE held CURSOR WITH HOLD FOR SELECT harm()'; EXCEPTION WHEN duplicate_cursor THEN NULL; END;
  RETURN new;
END $$;
CREATE TRIGGER holds BEFORE UPDATE ON users FOR EACH ROW EXECUTE FUNCTION holds();";

const DEFERRED: &str = "
CREATE FUNCTION later() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM harm(); RETURN NULL; END';
CREATE FUNCTION defers() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN SET CONSTRAINTS ALL DEFERRED; RETURN new; END $$;
CREATE TRIGGER defers BEFORE UPDATE ON users FOR EACH ROW EXECUTE FUNCTION defers();
CREATE CONSTRAINT TRIGGER later AFTER UPDATE ON users DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW EXECUTE FUNCTION later();";

const SEARCH_PATH: &str = "
CREATE SCHEMA mine;
CREATE FUNCTION mine.lower(text) RETURNS text LANGUAGE plpgsql AS 'BEGIN PERFORM public.harm(); RETURN $1; END';
CREATE FUNCTION moves() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN PERFORM set_config('search_path', 'mine, pg_catalog, public', false); RETURN new; END $$;
CREATE TRIGGER moves BEFORE UPDATE ON users FOR EACH ROW EXECUTE FUNCTION moves();";

const TEMPORARY: &str = "
CREATE FUNCTION fills() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM public.harm();
  CREATE TEMP TABLE IF NOT EXISTS users (id bigint, name varchar(40), nick varchar(40));
  RETURN new;
END $$;
CREATE TRIGGER fills BEFORE UPDATE ON users FOR EACH ROW EXECUTE FUNCTION fills();";

const BETTER_FUNCTION: &str = "
CREATE FUNCTION lower(varchar) RETURNS varchar LANGUAGE plpgsql IMMUTABLE AS
  'BEGIN PERFORM harm(); RETURN pg_catalog.lower($1::text); END';";

const OPERATOR: &str = "
CREATE FUNCTION above(bigint, integer) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS
  'BEGIN PERFORM harm(); RETURN $1 OPERATOR(pg_catalog.>) $2; END';
CREATE OPERATOR > (LEFTARG = bigint, RIGHTARG = integer, FUNCTION = above);
CREATE FUNCTION above(bigint, bigint) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS
  'BEGIN PERFORM harm(); RETURN $1 OPERATOR(pg_catalog.>) $2; END';
CREATE OPERATOR > (LEFTARG = bigint, RIGHTARG = bigint, FUNCTION = above);";

/// What the tenant has put into its database, and what it is called.
const ATTACKS: [(&str, &str); 14] = [
    ("a trigger", TRIGGER),
    ("a cursor that is run at the commit", HELD_CURSOR),
    ("a trigger that is put off to the commit", DEFERRED),
    ("another search path", SEARCH_PATH),
    ("a temporary table", TEMPORARY),
    ("a function that fits better", BETTER_FUNCTION),
    ("an operator", OPERATOR),
    ("an index", "CREATE INDEX lies ON users (name) WHERE ev(1) = 1"),
    ("a check", "ALTER TABLE users ADD CONSTRAINT lies CHECK (ev(id) = 1)"),
    ("a generated column", "ALTER TABLE users ADD lies integer GENERATED ALWAYS AS (ev(id)) STORED"),
    ("a domain", "CREATE DOMAIN d AS text CHECK (ev(1) = 1); ALTER TABLE users ADD lies d DEFAULT 'x'"),
    ("a rule", "CREATE RULE lies AS ON UPDATE TO users DO ALSO SELECT ev(new.id)"),
    (
        "a policy",
        "ALTER TABLE users ENABLE ROW LEVEL SECURITY; ALTER TABLE users FORCE ROW LEVEL SECURITY;
                  CREATE POLICY lies ON users USING (ev(id) = 1)",
    ),
    (
        "a cast",
        "CREATE FUNCTION cast_it(varchar) RETURNS integer LANGUAGE plpgsql IMMUTABLE AS
                'BEGIN RETURN harm(); END'; CREATE DOMAIN e AS integer CHECK (ev(value) = 1);
                ALTER TABLE users ADD lies e DEFAULT 1",
    ),
];

#[rstest]
fn nothing_of_a_tenants_gets_beyond_it(
    #[values(As::Superuser, As::Maker)] login: As,
    #[values("plan", "apply")] command: &str,
) {
    for (what, attack) in ATTACKS {
        let mut world = World::new();
        world.is_unharmed("before anything");
        world.by_owner(attack);
        let output = world.undrift(command, FILLED, login, &["--yes"][..usize::from(command == "apply")]);
        world.is_unharmed(&format!("{what}, {login:?}, {command}:\n{}{}", output.stdout, output.stderr));
    }
}

#[rstest]
fn a_plan_goes_through_beside_a_tenants_code(#[values(As::Superuser, As::Maker)] login: As) {
    let mut world = World::new();
    world.is_unharmed("before anything");
    world.by_owner(TRIGGER);
    world.undrift("apply", FILLED, login, &["--yes"]).expect_code(0);
    assert_eq!(world.query("SELECT count(*) FROM users WHERE nick = pg_catalog.lower(name)"), "20");
    assert_eq!(
        world.query("SELECT tableowner FROM pg_tables WHERE tablename = 'users'"),
        format!("owner_{}", world.number)
    );
    world.is_unharmed("a trigger");
}

#[tokio::test]
async fn a_view_in_a_tables_place_is_counted_without_rights_elsewhere() {
    let mut world = World::new();
    world.is_unharmed("before anything");
    world.by_owner("ALTER TABLE users RENAME TO aside; CREATE VIEW users AS SELECT * FROM aside WHERE harm() = 1");
    let mut session = world.session(As::Superuser).await;
    assert_eq!(session.standing().await.unwrap(), Standing::Other);
    let mut confined = session.confined().await.unwrap().unwrap();
    confined.session.prepare().await.unwrap();
    assert_eq!(confined.session.count("SELECT count(*) FROM users").await.unwrap(), 20);
    assert_ne!(world.logins(), "", "it logs in as somebody");
    confined.dismiss(&mut session).await.unwrap();
    session.close().await;
    world.is_unharmed("a view");
}

#[tokio::test]
async fn the_owners_own_login_needs_no_other() {
    let world = World::new();
    world.by_owner(TRIGGER);
    let url = world.server.tcp_url(&format!("owner_{}", world.number), &world.database);
    let target = undrift::db::Target::parse(&url).unwrap();
    let mut session = undrift::db::Session::connect(&target, undrift::db::Patience::default()).await.unwrap();
    assert_eq!(session.standing().await.unwrap(), Standing::Own);
    session.close().await;
}
