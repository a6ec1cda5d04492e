//! The declared schema: mistakes and their diagnostics, files that build upon each other, and that
//! what is exported declares what it was made from. No database is needed.

#[path = "desired/arbitrary.rs"]
mod arbitrary;
#[path = "desired/fake.rs"]
mod fake;

use std::path::{Path, PathBuf};

use proptest::prelude::*;
use undrift::desired::{self, Declared, Wanted};
use undrift::model::{Extras, QName, Vendor};

fn wanted(text: &str, vendor: Vendor) -> Wanted {
    let declared = desired::parse("test.yaml", text).unwrap_or_else(|report| panic!("{report}"));
    declared.wanted(fake::of(vendor).as_ref()).unwrap_or_else(|report| panic!("{report}"))
}

/// Everything that is wrong with a file: as YAML, as a schema, on every server.
fn complaints(path: &Path) -> String {
    match desired::load(path) {
        Ok(declared) => declared.check(&fake::all()).to_string(),
        Err(report) => report.to_string(),
    }
}

/// The files of a folder under `tests/desired`, by name.
fn files(folder: &str) -> Vec<PathBuf> {
    let mut files: Vec<_> = std::fs::read_dir(Path::new("tests/desired").join(folder))
        .expect("the folder is in the repository")
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "yaml"))
        .collect();
    files.sort();
    assert!(!files.is_empty());
    files
}

/// Each bad file has its diagnostics beside it. `UPDATE=1 cargo test --test desired` writes them anew.
#[test]
fn every_mistake_is_explained() {
    let mut wrong = Vec::new();
    for path in files("bad") {
        let beside = path.with_extension("txt");
        let found = complaints(&path);
        assert!(!found.is_empty(), "{} has nothing wrong with it", path.display());
        if std::env::var_os("UPDATE").is_some() {
            std::fs::write(&beside, &found).unwrap();
        }
        if std::fs::read_to_string(&beside).unwrap_or_default() != found {
            wrong.push(format!("{}\n{found}", path.display()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn good_files_have_nothing_wrong_with_them() {
    for path in files("good") {
        assert_eq!(complaints(&path), "", "{}", path.display());
    }
}

#[test]
fn shipped_schemas_have_nothing_wrong_with_them() {
    for file in
        ["universal-core", "landlord", "templates/political-party", "templates/non-profit", "templates/government"]
    {
        let path = PathBuf::from(format!("schema/{file}.yaml"));
        assert_eq!(complaints(&path), "", "{file}");
        let hint = if file.contains('/') { "../undrift.schema.json" } else { "undrift.schema.json" };
        let text = std::fs::read_to_string(&path).unwrap();
        assert_eq!(text.lines().next(), Some(format!("# yaml-language-server: $schema={hint}").as_str()));
    }
}

/// `UPDATE=1 cargo test --test desired` writes it anew.
#[test]
fn the_shipped_json_schema_is_current() {
    let path = "schema/undrift.schema.json";
    let current = serde_json::to_string_pretty(&desired::json_schema()).unwrap() + "\n";
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(path, &current).unwrap();
    }
    assert!(std::fs::read_to_string(path).unwrap_or_default() == current, "{path} is out of date");
}

#[test]
fn whole_files_in_the_documentation_are_right() {
    let text = std::fs::read_to_string("docs/schema.md").unwrap();
    let blocks = text.split("```yaml\n").skip(1).filter_map(|rest| rest.split_once("```").map(|(block, _)| block));
    let whole: Vec<_> = blocks.filter(|block| block.contains("\ntables:") && !block.contains("extends:")).collect();
    assert!(whole.len() >= 2);
    for block in whole {
        let declared = desired::parse("docs/schema.md", block).unwrap_or_else(|report| panic!("{report}"));
        assert_eq!(declared.check(&fake::all()).to_string(), "");
    }
}

#[test]
fn everything_of_the_format_is_understood() {
    for dialect in fake::all() {
        let vendor = dialect.platform().vendor;
        let declared = desired::load(Path::new("tests/desired/good/everything.yaml")).unwrap();
        let wanted = declared.wanted(dialect.as_ref()).unwrap();
        insta::with_settings!({ snapshot_path => "desired/good", prepend_module_to_snapshot => false }, {
            let shown = serde_json::to_string_pretty(&(&wanted.schema, &wanted.renames)).unwrap();
            insta::assert_snapshot!(format!("everything.{vendor}"), shown);
        });
    }
}

#[test]
fn a_file_builds_upon_others() {
    let declared = desired::load(Path::new("tests/desired/good/extends.yaml")).unwrap();
    let wanted = declared.wanted(fake::of(Vendor::Postgres).as_ref()).unwrap();
    assert_eq!((wanted.name.as_str(), wanted.version.as_deref()), ("shop", None));
    let tables: Vec<_> = wanted.schema.tables.keys().map(ToString::to_string).collect();
    assert_eq!(tables, ["orders", "people"], "`drafts` was taken away, `only_mysql` is for MySQL");
    let people = &wanted.schema.tables[&QName::bare("people")];
    let columns: Vec<_> =
        people.columns.iter().map(|column| (column.name.as_str(), column.comment.as_deref())).collect();
    assert_eq!(columns, [("id", None), ("email", Some("as typed")), ("vat", None)]);
    let on_mysql = declared.wanted(fake::of(Vendor::Mysql).as_ref()).unwrap();
    assert!(on_mysql.schema.tables.contains_key(&QName::bare("only_mysql")));
}

#[test]
fn a_script_is_read_by_the_rules_of_its_engine() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("schema.sql");
    std::fs::write(&path, "create table t (id int);\n").unwrap();
    let declared = desired::load(&path).unwrap();
    let script = declared.script(fake::of(Vendor::Sqlite).as_ref()).unwrap().unwrap();
    assert_eq!(script.statements()[0].text, "create table t (id int)");
    let wanted = declared.wanted(fake::of(Vendor::Sqlite).as_ref()).unwrap();
    assert_eq!((wanted.name.as_str(), wanted.extras), ("schema", Extras::Report));
    std::fs::write(&path, b"\xff").unwrap();
    assert!(desired::load(&path).unwrap_err().to_string().contains("not UTF-8"));
}

#[test]
fn the_hash_covers_what_is_ignored_and_what_becomes_of_extras() {
    let base = "tables: { t: { columns: { a: text } } }\n";
    let hash = |more: &str| wanted(&format!("{base}{more}"), Vendor::Sqlite).hash;
    let hashes =
        [hash(""), hash("extras: drop\n"), hash("ignore: { tables: x }\n"), hash("ignore: { properties: x }\n")];
    for (place, one) in hashes.iter().enumerate() {
        assert!(hashes[..place].iter().all(|other| other != one));
    }
    assert_eq!(hash("version: 2\n"), hash(""), "the version is for people");
}

#[test]
fn the_json_schema_knows_every_key() {
    let schema = desired::json_schema();
    let text = schema.to_string();
    for object in desired::objects() {
        for key in object.keys {
            assert!(text.contains(&format!("\"{}\":{{", key.name)), "{}", key.name);
        }
    }
    assert!(schema["$defs"]["table"]["properties"]["columns"].is_object());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    /// Whatever a server could hold: export, read, and the same schema is declared.
    #[test]
    fn what_is_exported_declares_the_same(schema in arbitrary::schema()) {
        let dialect = fake::of(Vendor::Postgres);
        let text = desired::export(&schema, dialect.as_ref(), "any name: \"here\"");
        let declared = desired::parse("exported.yaml", &text)
            .map_err(|report| TestCaseError::fail(format!("{report}\n{text}")))?;
        let wanted = declared.wanted(dialect.as_ref())
            .map_err(|report| TestCaseError::fail(format!("{report}\n{text}")))?;
        prop_assert_eq!(&wanted.schema, &schema, "{}", text);
        prop_assert_eq!(wanted.extras, Extras::Report);
        prop_assert_eq!(wanted.name, "any name: \"here\"");
        prop_assert!(matches!(declared, Declared::Yaml(_)));
    }
}
