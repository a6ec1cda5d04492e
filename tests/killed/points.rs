//! Stopped at the n-th message, for every n and every way to stop.

use std::path::PathBuf;

use rstest::rstest;

use crate::plan::{Attempt, Story};
use crate::support::{Engine, Output};

/// How a run is stopped, how many of every so many points are tried by default, and which the first is.
const WAYS: [(&str, usize, usize); 4] =
    [("kill-after", 5, 1), ("error", 7, 3), ("cut-after", 11, 5), ("cut-before", 13, 7)];

/// More messages than any of the plans has: a run that never gets to its end.
const TOO_MANY: usize = 500;

#[rstest]
fn a_run_that_was_stopped_is_finished_by_the_next(
    #[values(Engine::Postgres, Engine::Mariadb, Engine::Sqlite)] engine: Engine,
    #[files("tests/killed/plans/*.txt")] plan: PathBuf,
) {
    let story = Story::read(&plan, engine);
    let mut tried = 0;
    for (way, stride, first) in WAYS {
        let (stride, first) = if all() { (1, 1) } else { (stride, first) };
        for number in (first..TOO_MANY).step_by(stride) {
            if !stops_and_goes_on(&story, &format!("{way}:apply:{number}")) {
                break;
            }
            tried += 1;
        }
    }
    assert!(tried > 2, "only {tried} points were tried");
    println!("{engine:?} {}: {tried} points", plan.display());
}

/// Whether every point is to be tried.
pub fn all() -> bool {
    std::env::var_os("UNDRIFT_KILLED").is_some_and(|value| value == "all")
}

/// Stops a run, runs again, and looks. Whether the run had so many messages.
fn stops_and_goes_on(story: &Story, crash: &str) -> bool {
    let attempt = story.begin();
    let first = attempt.undrift(Some(crash));
    if !first.stderr.contains("crash point") {
        first.expect_code(0);
        story.is_told(&attempt, crash);
        return false;
    }
    said_honestly(crash, &first);
    goes_on(&attempt, &format!("{crash}\n{}", first.stderr));
    story.is_told(&attempt, crash);
    true
}

/// A run that was killed says nothing; one that failed says so, unless all was done already.
fn said_honestly(crash: &str, output: &Output) {
    let killed = crash.starts_with("kill");
    let honest = if killed { output.code.is_none() } else { matches!(output.code, Some(0 | 1)) };
    assert!(honest, "{crash}: {output:?}");
}

/// The next run does the rest.
fn goes_on(attempt: &Attempt, at: &str) {
    let again = attempt.undrift(None);
    assert_eq!(again.code, Some(0), "{at}\nthen:\n{}\n{}", again.stdout, again.stderr);
    assert!(again.stdout.contains("1 in sync, 0 drifted, 0 unknown"), "{at}\nthen:\n{}", again.stdout);
}
