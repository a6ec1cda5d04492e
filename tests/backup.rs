//! Backups before something is lost, with the real binary and the engines' own tools.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use rstest::rstest;
use serde_json::Value;
use support::{Cli, Engine, Output, Tenant};

const BEFORE: &str = "schema: core
extras: drop
tables:
  users:
    columns:
      id: { type: bigint, identity: true }
      email: varchar(100)
      nick: { type: varchar(50) }
    primary_key: [id]
  \"odd * name\":
    columns:
      id: { type: bigint, identity: true }
      note: varchar(50)
    primary_key: [id]
";

/// Without `nick` and without the table with the odd name, and with something that loses nothing.
const AFTER: &str = "schema: core
extras: drop
tables:
  users:
    columns:
      id: { type: bigint, identity: true }
      email: varchar(100)
      age: { type: integer, nullable: true }
    primary_key: [id]
";

const ROWS: &str =
    "INSERT INTO users (id, email, nick) VALUES (1, 'a@example.org', 'nick-of-ann'), (2, 'b@example.org', 'bob');";

const ODD: &str = "INSERT INTO \"odd * name\" (id, note) VALUES (7, 'note-of-seven');";

const BACKED_UP: &str = "policy: careful
rules:
  - { match: { hazard: [deletes_data, may_lose_data] }, then: allow, backup: true }
  - { then: allow }
";

/// A tenant with rows and a schema that lacks some of what it has, in a folder with a configuration.
fn tenant(engine: Engine, backups: &str) -> Tenant {
    let tenant = Tenant::empty(engine);
    tenant.write("policy.yaml", BACKED_UP);
    configure(&tenant, &tenant.url, backups);
    tenant.write("core.yaml", BEFORE);
    tenant.run(&["apply"]).expect_code(0);
    let odd = if engine == Engine::Mariadb { ODD.replace('"', "`") } else { ODD.to_owned() };
    tenant.sql(&format!("{ROWS}{odd}"));
    tenant.write("core.yaml", AFTER);
    tenant
}

fn configure(tenant: &Tenant, url: &str, backups: &str) {
    let list = format!("tenants:\n  - list:\n      - {{ name: \"acme/eu\", url: \"{url}\" }}\n");
    tenant.write("undrift.yaml", &format!("schema: core.yaml\npolicy: policy.yaml\n{list}{backups}"));
}

/// The backups of the one tenant.
fn backups(folder: &Path) -> Vec<PathBuf> {
    let found = fs::read_dir(folder.join("acme%2Feu")).into_iter().flatten().flatten();
    found.map(|entry| entry.path()).collect()
}

/// What a backup holds, as text.
fn contents(engine: Engine, file: &Path) -> String {
    let shown = file.display().to_string();
    match engine {
        Engine::Postgres => output(Command::new("pg_restore").args(["--file=-", &shown])),
        Engine::Mariadb => fs::read_to_string(file).unwrap(),
        Engine::Sqlite => output(Command::new("sqlite3").args([&shown, ".dump"])),
    }
}

fn output(command: &mut Command) -> String {
    let output = command.output().expect("it is installed");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn columns(tenant: &Tenant) -> bool {
    tenant.takes("SELECT nick FROM users;")
}

#[rstest]
fn what_is_lost_was_copied_first(#[values(Engine::Postgres, Engine::Mariadb, Engine::Sqlite)] engine: Engine) {
    let tenant = tenant(engine, "");
    let plan = tenant.run(&["plan"]).expect_code(2).stdout;
    assert!(plan.contains("backed up first: odd * name, users"), "{plan}");
    let apply = tenant.run(&["apply"]).expect_code(0);
    assert!(apply.stderr.contains("acme/eu: backup at "), "{}", apply.stderr);

    let folder = tenant.path().join("undrift-backups");
    let [file] = &backups(&folder)[..] else { panic!("{:?}", backups(&folder)) };
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(file), mode(file.parent().unwrap())), (0o600, 0o700));
    let contents = contents(engine, file);
    assert!(contents.contains("nick-of-ann") && contents.contains("note-of-seven"), "{contents}");
    assert!(!columns(&tenant));
    tenant.run(&["plan"]).expect_code(0);
}

/// Adding loses nothing.
#[rstest]
fn what_loses_nothing_is_not_copied(#[values(Engine::Postgres, Engine::Mariadb, Engine::Sqlite)] engine: Engine) {
    let tenant = tenant(engine, "");
    tenant.write(
        "core.yaml",
        &BEFORE.replace("email: varchar(100)", "email: varchar(100)\n      age: { type: integer, nullable: true }"),
    );
    let apply = tenant.run(&["apply"]).expect_code(0);
    assert!(!apply.stderr.contains("backup") && backups(&tenant.path().join("undrift-backups")).is_empty());
}

/// The rows can be put back from the backup, by hand and with the engine's own tool.
#[rstest]
fn a_backup_can_be_restored(#[values(Engine::Postgres, Engine::Mariadb, Engine::Sqlite)] engine: Engine) {
    let tenant = tenant(engine, "backups: { to: \"here/and there\" }\n");
    let apply = tenant.run(&["apply", "--format", "json"]).expect_code(0);
    let told: Value = serde_json::from_str(&apply.stdout).unwrap();
    let told = &told["outcomes"][0]["backup"];
    let [file] = &backups(&tenant.path().join("here/and there"))[..] else { panic!("{told}") };
    assert_eq!(told["place"], fs::canonicalize(file).unwrap().display().to_string());
    assert_eq!((&told["bytes"], &told["tables"][1]), (&fs::metadata(file).unwrap().len().into(), &"users".into()));

    let other = Tenant::empty(engine);
    match engine {
        Engine::Postgres => _ = output(Command::new("pg_restore").arg("--no-owner").args(["-d", &other.url]).arg(file)),
        Engine::Mariadb => other.sql(&fs::read_to_string(file).unwrap()),
        Engine::Sqlite => _ = fs::copy(file, other.path().join("tenant.db")).unwrap(),
    }
    assert_eq!(
        other.query("SELECT nick FROM users ORDER BY id").split_whitespace().collect::<Vec<_>>(),
        ["nick-of-ann", "bob"]
    );
}

#[rstest]
#[case::fails("echo no space left >&2; exit 3", "failed (exit status: 3): no space left")]
#[case::does_nothing("true", "wrote nothing to $UNDRIFT_BACKUP_FILE")]
#[case::takes_long("sleep 60", "it was not done within 1s")]
fn without_a_backup_nothing_runs(
    #[values(Engine::Postgres, Engine::Mariadb, Engine::Sqlite)] engine: Engine,
    #[case] command: &str,
    #[case] why: &str,
) {
    let tenant = tenant(engine, &format!("backups: {{ command: \"{command}\", timeout: 1s }}\n"));
    let apply = tenant.run(&["apply"]).expect_code(1);
    assert!(
        apply.stdout.contains("the backup failed, and nothing was changed") && apply.stdout.contains(why),
        "{}",
        apply.stdout
    );
    assert!(apply.stdout.contains("next: "), "{}", apply.stdout);
    assert!(columns(&tenant) && !tenant.takes("SELECT age FROM users;"), "nothing of the plan ran");
    assert_eq!(backups(&tenant.path().join("undrift-backups")), [] as [PathBuf; 0]);

    configure(&tenant, &tenant.url, "");
    tenant.run(&["apply"]).expect_code(0);
    assert!(!columns(&tenant), "the next run has its backup");
}

/// A command of the user's knows everything that it needs, and may put the backup wherever it likes.
#[rstest]
fn a_command_may_make_it(#[values(Engine::Postgres, Engine::Mariadb, Engine::Sqlite)] engine: Engine) {
    let script = "#!/bin/sh\nprintf '%s|%s|%s|%s' \"$UNDRIFT_TENANT\" \"$UNDRIFT_ENGINE\" \"$(echo \"$UNDRIFT_TABLES\" | tr '\\n' ' ' | sed 's, *$,,')\" \
                  \"$UNDRIFT_DATABASE\" > told.txt\necho uploading\necho s3://bucket/acme\n";
    let tenant = tenant(engine, "backups: { command: sh backup.sh }\n");
    tenant.write("backup.sh", script);
    let apply = tenant.run(&["apply"]).expect_code(0);
    assert!(apply.stderr.contains("backup at s3://bucket/acme\n"), "{}", apply.stderr);
    let told = fs::read_to_string(tenant.path().join("told.txt")).unwrap();
    let key = match engine {
        Engine::Postgres => "postgres",
        Engine::Mariadb => "mysql",
        Engine::Sqlite => "sqlite",
    };
    assert!(told.starts_with(&format!("acme/eu|{key}|odd * name users|")) && !told.ends_with('|'), "{told}");
}

/// Whoever lists processes sees no password, in the environment of the user's command there is one.
#[rstest]
fn passwords_are_not_on_command_lines(#[values(Engine::Postgres, Engine::Mariadb)] engine: Engine) {
    let tenant = tenant(engine, "");
    let name = tenant.url.split(['?', '#']).next().unwrap().rsplit('/').next().unwrap().to_owned();
    let (url, tools): (String, &[&str]) = match engine {
        Engine::Postgres => {
            tenant.sql("ALTER ROLE postgres PASSWORD 's3cr\"et\\'");
            (support::postgres().tcp_url("postgres:s3cr%22et%5C", &name), &["pg_dump"])
        }
        _ => {
            tenant.sql(&format!("CREATE USER backup_test@'%' IDENTIFIED BY 's3cr\"et\\\\'; GRANT ALL ON `{name}`.* TO backup_test@'%'; GRANT ALL ON `undrift\\_scratch%`.* TO backup_test@'%';"));
            (support::mariadb().tcp_url("backup_test:s3cr%22et%5C", &name), &["mariadb-dump"])
        }
    };
    configure(&tenant, &url, "");
    let bin = tenant.path().join("bin");
    fs::create_dir(&bin).unwrap();
    for tool in tools {
        let real = output(Command::new("sh").args(["-c", &format!("command -v {tool}")]));
        let script = format!(
            "#!/bin/sh\nprintf '%s\\n' \"$@\" > {}\nexec {} \"$@\"\n",
            tenant.path().join("arguments").display(),
            real.trim()
        );
        fs::write(bin.join(tool), script).unwrap();
        fs::set_permissions(bin.join(tool), fs::Permissions::from_mode(0o755)).unwrap();
    }
    let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap());
    let apply = Cli::new().folder(tenant.path()).variable("PATH", &path).run(&["apply"]).expect_code(0);
    let arguments = fs::read_to_string(tenant.path().join("arguments")).unwrap();
    assert!(arguments.contains(&name) && !arguments.contains("s3cr"), "{arguments}");
    assert!(!format!("{}{}", apply.stdout, apply.stderr).contains("s3cr"));

    tenant.write("core.yaml", &AFTER.replace("      email: varchar(100)\n", ""));
    configure(&tenant, &url, "backups: { command: 'printf %s \"$UNDRIFT_PASSWORD\" > \"$UNDRIFT_BACKUP_FILE\"' }\n");
    tenant.run(&["apply"]).expect_code(0);
    let found = backups(&tenant.path().join("undrift-backups"))
        .into_iter()
        .find(|file| file.extension() == Some("backup".as_ref()));
    assert_eq!(fs::read_to_string(found.unwrap()).unwrap(), "s3cr\"et\\");
}

/// A tool that is not installed is named, with what to do.
#[rstest]
fn a_missing_tool_is_named(#[values(Engine::Postgres, Engine::Mariadb)] engine: Engine) {
    let tenant = tenant(engine, "");
    let apply = Cli::new().folder(tenant.path()).variable("PATH", "/nowhere").run(&["apply"]).expect_code(1);
    let (tool, package) = match engine {
        Engine::Postgres => ("pg_dump is not there", "postgresql-client"),
        _ => ("mariadb-dump is not there", "mariadb-client"),
    };
    assert!(apply.stdout.contains(tool) && apply.stdout.contains(package), "{}", apply.stdout);
    let check = Cli::new().folder(tenant.path()).variable("PATH", "/nowhere").run(&["check"]).expect_code(0);
    assert!(check.stdout.contains(&format!("wants backups, and {tool}")), "{}", check.stdout);
    assert!(columns(&tenant));
}

/// Whoever changes the structure while the backup is made has to be reckoned with.
#[test]
fn what_changed_meanwhile_is_noticed() {
    let tenant = tenant(
        Engine::Sqlite,
        "backups: { command: 'sqlite3 tenant.db \"ALTER TABLE users ADD COLUMN by_night\"; echo elsewhere' }\n",
    );
    let apply = tenant.run(&["apply"]).expect_code(1);
    assert!(apply.stdout.contains("the database changed since the plan was made"), "{}", apply.stdout);
    assert!(columns(&tenant));
}

const PLAIN: &str = "schema: core
tables:
  users:
    columns:
      id: { type: bigint, identity: true }
      password: { type: varchar(255) }
      note: { type: varchar(500), nullable: true }
    primary_key: [id]
";

const HASHED: &str = "schema: core
tables:
  users:
    columns:
      id: { type: bigint, identity: true }
      password_hash: { type: varchar(255), renamed_from: [password], transform: { bcrypt: { cost: 4 } } }
      note: { type: varchar(500), nullable: true }
    primary_key: [id]
";

fn secretive(engine: Engine) -> Tenant {
    let tenant = Tenant::empty(engine);
    tenant.write("policy.yaml", BACKED_UP);
    configure(&tenant, &tenant.url, "");
    tenant.write("core.yaml", PLAIN);
    tenant.run(&["apply"]).expect_code(0);
    tenant.sql("INSERT INTO users (id, password) VALUES (1, 'plain-as-day');");
    tenant.write("core.yaml", HASHED);
    tenant
}

/// Plain text that is about to become hashes is copied only for who insists.
#[rstest]
fn plain_text_is_not_copied(#[values(Engine::Postgres, Engine::Mariadb, Engine::Sqlite)] engine: Engine) {
    let tenant = secretive(engine);
    let apply = tenant.run(&["apply"]).expect_code(3);
    assert!(apply.stdout.contains("would keep the plain text of password"), "{}", apply.stdout);
    assert_eq!(tenant.query("SELECT password FROM users").trim(), "plain-as-day");
    let folder = tenant.path().join("undrift-backups");
    assert!(!folder.exists());

    let other = tenant.copy();
    configure(&other, &other.url, "");
    other.write(
        "policy.yaml",
        &BACKED_UP.replace(
            "rules:\n",
            "rules:\n  - { match: { column: [password, password_hash] }, then: allow, backup: false }\n",
        ),
    );
    let apply = other.run(&["apply"]).expect_code(0);
    assert!(!apply.stderr.contains("backup at") && !other.path().join("undrift-backups").exists());

    tenant.write("policy.yaml", &BACKED_UP.replace("backup: true", "backup: { plain_text: true }"));
    tenant.run(&["apply"]).expect_code(0);
    let [file] = &backups(&folder)[..] else { panic!("{:?}", backups(&folder)) };
    assert!(contents(engine, file).contains("plain-as-day"));
    for tenant in [&tenant, &other] {
        assert!(tenant.query("SELECT password_hash FROM users").starts_with("$2"));
    }
}

/// What is kept for a while loses nothing yet: the backup is made when its time is over.
#[rstest]
fn what_is_kept_is_copied_before_it_goes(#[values(Engine::Postgres, Engine::Mariadb, Engine::Sqlite)] engine: Engine) {
    let tenant = tenant(engine, "");
    tenant.write("policy.yaml", &BACKED_UP.replace("backup: true", "backup: true, quarantine: { keep_for: 30d }"));
    let apply = tenant.run(&["apply"]).expect_code(0);
    let folder = tenant.path().join("undrift-backups");
    assert!(!apply.stderr.contains("backup at") && !folder.exists(), "{}", apply.stderr);
    let kept = format!("undrift_dropped_{}_nick", jiff::Timestamp::now().strftime("%Y%m%d"));
    tenant.sql(&format!("ALTER TABLE users RENAME COLUMN {kept} TO undrift_dropped_20200101_nick;"));
    let apply = tenant.run(&["apply"]).expect_code(0);
    assert!(apply.stderr.contains("backup at"), "{}", apply.stderr);
    let [file] = &backups(&folder)[..] else { panic!("{:?}", backups(&folder)) };
    assert!(contents(engine, file).contains("nick-of-ann"));
}

/// Killed in the middle of a backup: nothing was changed, and the next run does it all.
#[rstest]
fn killed_while_it_is_made(#[values(Engine::Postgres, Engine::Mariadb, Engine::Sqlite)] engine: Engine) {
    let tenant = tenant(engine, "backups: { command: 'touch begun; sleep 3; echo elsewhere' }\n");
    let mut killed = Cli::new().folder(tenant.path()).command(&["apply"]).spawn().unwrap();
    let end = Instant::now() + Duration::from_secs(60);
    while !tenant.path().join("begun").exists() {
        assert!(Instant::now() < end, "it does not begin");
        std::thread::sleep(Duration::from_millis(20));
    }
    killed.kill().unwrap();
    killed.wait().unwrap();
    assert!(columns(&tenant));
    let apply: Output = tenant.run(&["apply"]).expect_code(0);
    assert!(apply.stderr.contains("backup at elsewhere"), "{}", apply.stderr);
    assert!(!columns(&tenant));
}

/// Rows are where the partitions are.
#[test]
fn partitions_are_copied_with_their_table() {
    let tenant = tenant(Engine::Postgres, "");
    tenant.sql(
        "DROP TABLE users; CREATE TABLE users (id bigint, email varchar(100) NOT NULL, nick varchar(50) NOT NULL);
         CREATE TABLE heir () INHERITS (users); INSERT INTO heir VALUES (1, 'a', 'nick-of-heir');",
    );
    let plan = tenant.run(&["plan"]).stdout;
    assert!(plan.contains("backed up first"), "{plan}");
    let apply = tenant.run(&["apply", "--yes"]);
    let Some(file) = backups(&tenant.path().join("undrift-backups")).pop() else {
        panic!("{}{}", apply.stdout, apply.stderr)
    };
    assert!(contents(Engine::Postgres, &file).contains("nick-of-heir"));
}
