//! Killed before anything of the tenant was touched: while schemas are compared and the plan is proved.

use std::path::Path;

use rstest::rstest;

use crate::leftovers::abandoned_scratch;
use crate::plan::Story;
use crate::points::all;
use crate::support::Engine;

const PLAN: &str = "tests/killed/plans/password_merged.txt";

#[rstest]
fn scratch_databases_of_killed_runs_are_gone_after_the_next(
    #[values(Engine::Postgres, Engine::Mariadb, Engine::Sqlite)] engine: Engine,
) {
    let story = Story::read(Path::new(PLAN), engine);
    let mut left = 0;
    for number in (1..).step_by(if all() { 1 } else { 6 }) {
        let crash = format!("kill-after:look:{number}");
        let attempt = story.begin();
        if !attempt.undrift(Some(&crash)).stderr.contains("crash point") {
            break;
        }
        let found = abandoned_scratch(&attempt.tenant);
        attempt.undrift(None).expect_code(0);
        let still = abandoned_scratch(&attempt.tenant);
        let forgotten: Vec<&str> = found.lines().filter(|name| still.lines().any(|other| other == *name)).collect();
        assert_eq!(forgotten, [""; 0], "{crash}");
        left += found.lines().count();
        story.is_told(&attempt, &crash);
    }
    assert!(left > 0, "no run was killed while it had a scratch database");
}
