//! What generated pairs found once, so that it stays found: one file a case below `cases/`, in the form
//! in which a failing pair is printed, with rows of its own where they matter. Where the rows do not allow
//! all of it, a section `blocked` says why.

use std::fs;
use std::path::{Path, PathBuf};

use undrift::model::Engine;

use crate::bench::Bench;
use crate::check::{Outcome, Story};
use crate::tried;

#[test]
fn postgres_cases_stay_solved() {
    every_case(Engine::Postgres, "postgres");
}

#[test]
fn mariadb_cases_stay_solved() {
    every_case(Engine::Mysql, "mariadb");
}

#[test]
fn sqlite_cases_stay_solved() {
    every_case(Engine::Sqlite, "sqlite");
}

fn every_case(engine: Engine, folder: &str) {
    let mut failures = Vec::new();
    for path in cases(folder) {
        let case = Case::read(&path);
        match tried(&Bench { engine }, &case.story()) {
            Ok(outcome) if outcome == case.outcome() => {}
            Ok(outcome) => failures.push(format!("{}: {outcome:?}", path.display())),
            Err(failure) => failures.push(format!("{}: {failure}", path.display())),
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

fn cases(folder: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/generated/cases").join(folder);
    let entries = fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.expect("it can be listed").path()).collect();
    paths.sort();
    paths
}

/// The sections of a file.
struct Case {
    path: PathBuf,
    text: String,
}

impl Case {
    fn read(path: &Path) -> Self {
        let text = fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        Self { path: path.to_owned(), text }
    }

    fn section(&self, name: &str) -> Option<String> {
        let heading = format!("---- {name}\n");
        let start = self.text.find(&heading)? + heading.len();
        let end = self.text[start..].find("\n---- ").map_or(self.text.len(), |end| start + end + 1);
        Some(self.text[start..end].to_owned())
    }

    fn schema(&self, name: &str) -> String {
        self.section(name).unwrap_or_else(|| panic!("{} has no section {name}", self.path.display()))
    }

    /// Two schema files, a script between them, and a query whose answer may not change.
    fn story(&self) -> Story {
        let kept = self.section("keeps").unwrap_or_default();
        Story {
            before: self.schema("from"),
            rows: self.section("rows").unwrap_or_default(),
            after: self.schema("to"),
            survivors: Box::new(move |_| Ok(kept.clone())),
        }
    }

    /// The rows are in the way where the file has a section that says why.
    fn outcome(&self) -> Outcome {
        if self.section("blocked").is_some() { Outcome::Blocked } else { Outcome::Reached }
    }
}
