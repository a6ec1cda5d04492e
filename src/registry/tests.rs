//! From a configuration to a list of tenants, and choosing from it.

use std::path::Path;

use super::*;
use crate::model::{Engine, Labels, Logins};

fn fleet_of(folder: &Path, tenants: &str) -> Fleet {
    let text = format!("schema: core.yaml\ntenants:\n{tenants}");
    let config = Config::parse(&folder.join("undrift.yaml"), &text, &|_| None).unwrap_or_else(|r| panic!("{r}"));
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(resolve(&config))
}

fn names(tenants: &[Registered]) -> Vec<&str> {
    tenants.iter().map(|registered| registered.tenant.name.as_str()).collect()
}

fn folder_with(files: &[&str]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for file in files {
        let path = folder.path().join(file);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, "").unwrap();
    }
    folder
}

#[test]
fn files_are_found_by_pattern_relative_to_the_configuration() {
    let folder =
        folder_with(&["t/b.db", "t/a.db", "t/a.db-wal", "t/a.db.undrift-lock", "t/.c.db", "t/d.txt", "t/x/e.db"]);
    let fleet = fleet_of(folder.path(), "- { files: \"t/*.db*\", labels: { tier: gold } }");
    assert_eq!(names(&fleet.tenants), ["a", "b"]);
    assert!(fleet.troubles.is_empty());
    let first = &fleet.tenants[0];
    assert_eq!(first.target.path(), folder.path().join("t/a.db"));
    assert_eq!((first.tenant.engine, first.tenant.labels["tier"].as_str()), (Engine::Sqlite, "gold"));
    assert_eq!(first.schema.path, folder.path().join("core.yaml"));
}

#[test]
fn patterns_reach_into_folders() {
    let folder = folder_with(&["a.db", "t/b.db", "t/x/c.db", "t/[d].db", "u/e.db"]);
    for (pattern, found) in [
        ("**/*.db", &["[d]", "a", "b", "c", "e"][..]),
        ("t/**/*.db", &["[d]", "b", "c"]),
        ("[tu]/?.db", &["b", "e"]),
        ("{t,u}/*.db", &["[d]", "b", "e"]),
        ("t/[d].db", &["[d]"]),
        ("./t/../a.db", &["a"]),
    ] {
        let fleet = fleet_of(folder.path(), &format!("- files: \"{pattern}\""));
        assert_eq!(names(&fleet.tenants), found, "{pattern}");
    }
}

#[test]
fn undrifts_own_state_is_nobodys_tenant() {
    let folder = folder_with(&["a.db", "undrift-state.db"]);
    let text = format!(
        "schema: core.yaml\nstate: sqlite:{}\ntenants: [{{ files: \"*.db\" }}]",
        folder.path().join("undrift-state.db").display()
    );
    let config = Config::parse(&folder.path().join("undrift.yaml"), &text, &|_| None).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    assert_eq!(names(&runtime.block_on(resolve(&config)).tenants), ["a"]);
}

#[test]
fn a_source_that_gives_nothing_costs_only_itself() {
    let folder = folder_with(&["a.db"]);
    let fleet = fleet_of(
        folder.path(),
        "- files: [\"nothing/*.db\", \"a[.db\", a.db]\n- list: [{ name: u, url: \"postgres://h:bad/d\" }]",
    );
    assert_eq!(names(&fleet.tenants), ["a"]);
    let [nothing, pattern, address] = &fleet.troubles[..] else { panic!("{:?}", fleet.troubles) };
    assert!(nothing.is_warning() && nothing.to_string().ends_with("nothing/*.db"), "{nothing}");
    assert!(!pattern.is_warning() && pattern.to_string().contains("unclosed character class"), "{pattern}");
    assert!(address.to_string().contains("undrift.yaml:4:10: the database of u cannot be addressed"), "{address}");
}

#[test]
fn two_of_one_name_are_neither_of_them_looked_at() {
    let folder = folder_with(&["x/a.db", "y/a.db", "b.db"]);
    let fleet = fleet_of(folder.path(), "- files: [\"x/*.db\", b.db]\n- files: y/a.db");
    assert_eq!(names(&fleet.tenants), ["b"]);
    let trouble = fleet.troubles[0].to_string();
    for part in ["several tenants are called a", "x/a.db", "undrift.yaml:3:3", "y/a.db", "undrift.yaml:4:3"] {
        assert!(trouble.contains(part), "{trouble}");
    }
}

#[test]
fn two_names_for_one_database_are_neither_of_them_looked_at() {
    let list = "- list:\n  - { name: a, url: \"postgres://u:s3cret@LOCALHOST/d\" }\n  - { name: b, url: \"postgres://v@127.0.0.1:5432/d\" }\n  - { name: c, url: \"postgres://v@127.0.0.1/e\" }";
    let fleet = fleet_of(Path::new(""), list);
    assert_eq!(names(&fleet.tenants), ["c"]);
    let trouble = fleet.troubles[0].to_string();
    assert!(trouble.contains("a and b are one database") && trouble.contains("undrift.yaml:5:5"), "{trouble}");
    assert!(!format!("{trouble}{:?}", fleet.troubles).contains("s3cret"));
}

#[test]
fn a_servers_databases_are_filtered_and_scratch_ones_left_alone() {
    let server = Target::parse("postgres://u:p@h/postgres?sslmode=require").unwrap();
    let names_there = ["tenant_a", "tenant_b", "tenant_old", "postgres", "undrift_scratch_1_ab"].map(str::to_owned);
    let schema = SchemaChoice { name: "core".into(), path: "core.yaml".into() };
    let common = Common { labels: Labels::new(), schema, logins: Logins::default() };
    let exclude = [Like::new("%\\_old"), Like::new("postgres")];
    for (pattern, found) in [("tenant_%", &["tenant_a", "tenant_b"][..]), ("%", &["tenant_a", "tenant_b"]), ("x%", &[])]
    {
        let mut fleet = Fleet::default();
        let filter = Filter { matching: &Like::new(pattern), exclude: &exclude };
        fleet.adopt(&server, &names_there, &filter, &common, "undrift.yaml:1:1");
        assert_eq!(names(&fleet.tenants), found, "{pattern}");
        assert_eq!(fleet.troubles.len(), usize::from(found.is_empty()));
        assert!(fleet.troubles.iter().all(SourceError::is_warning));
    }
}

#[test]
fn a_discovered_database_is_reached_like_its_server() {
    let mut fleet = Fleet::default();
    let server = Target::parse("postgres://u:p@h/postgres?sslmode=require").unwrap();
    let common = Common {
        labels: Labels::new(),
        schema: SchemaChoice { name: "c".into(), path: "c".into() },
        logins: Logins::default(),
    };
    let filter = Filter { matching: &Like::new("%"), exclude: &[] };
    fleet.adopt(&server, &["tenant_example-corp".to_owned()], &filter, &common, "p");
    assert_eq!(fleet.tenants[0].target.to_string(), "postgres://u:***@h/tenant_example-corp?sslmode=require");
}

mod selecting {
    use super::*;

    fn fleet() -> Vec<Registered> {
        let list = "- list:\n  - { name: tenant_a, url: \"sqlite:a\", labels: { tier: gold, region: eu } }\n  - { name: tenant_b, url: \"sqlite:b\", labels: { tier: free } }\n  - { name: other, url: \"sqlite:c\" }";
        fleet_of(Path::new(""), list).tenants
    }

    fn select(flags: &[&str]) -> Result<Vec<String>, SelectError> {
        let selected = Selector::parse(flags)?.select(fleet())?;
        Ok(selected.into_iter().map(|registered| registered.tenant.name).collect())
    }

    #[test]
    fn terms_narrow_and_flags_widen() {
        for (flags, found) in [
            (&[][..], &["other", "tenant_a", "tenant_b"][..]),
            (&["tenant_*"], &["tenant_a", "tenant_b"]),
            (&["!tenant_*"], &["other"]),
            (&["tier=gold"], &["tenant_a"]),
            (&["tier!=gold"], &["other", "tenant_b"]),
            (&["tier=*"], &["tenant_a", "tenant_b"]),
            (&["tenant_*, tier!=gold"], &["tenant_b"]),
            (&["tier=gold", "other"], &["other", "tenant_a"]),
            (&["name=other"], &["other"]),
        ] {
            assert_eq!(select(flags).unwrap(), found, "{flags:?}");
        }
    }

    #[test]
    fn a_slip_of_the_pen_is_told() {
        for (flag, message) in [
            ("tenant_c", "none of 3 tenants is selected; did you mean `tenant_a`?"),
            ("tier=gould", "none of 3 tenants is selected; did you mean `tier=gold`?"),
            ("tenant_a,tier=free", "none of 3 tenants is selected"),
            ("teir=gold", "no tenant has the label `teir`; did you mean `tier`?"),
            ("colour!=red", "no tenant has the label `colour`; there are region, tier"),
            ("a[", "`--tenant a[`: not a pattern: unclosed character class; missing ']'"),
        ] {
            assert_eq!(select(&[flag]).unwrap_err().to_string(), message, "{flag}");
        }
        for flag in ["", ",", "tier=", "=gold", "!", "!=x"] {
            assert!(matches!(select(&[flag]).unwrap_err(), SelectError::Empty { .. }), "{flag}");
        }
    }
}
