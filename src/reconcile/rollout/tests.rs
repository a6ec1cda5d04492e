//! Rollouts played through, tenant by tenant.

use std::collections::BTreeSet;
use std::time::Duration;

use super::*;
use crate::model::{Engine, Labels};
use crate::policy;

struct Play {
    record: RolloutRecord,
    settings: Rollout,
    drifted: BTreeSet<String>,
    labels: Labels,
    now: Timestamp,
    busy: BTreeSet<String>,
    not_yet: bool,
}

impl Play {
    fn new(tenants: usize, rollout: &str) -> Self {
        let text = format!("policy: p\nrules: []\nrollout: {rollout}");
        let settings =
            policy::parse("p.yaml", &text).unwrap_or_else(|report| panic!("{}", report.render(false))).rollout;
        let now = Timestamp::UNIX_EPOCH;
        Self {
            record: begin(1, "core", Hash::of("goal"), now),
            settings,
            drifted: (0..tenants).map(|number| format!("t{number:03}")).collect(),
            labels: Labels::new(),
            now,
            busy: BTreeSet::new(),
            not_yet: false,
        }
    }

    fn candidates(&self) -> Vec<Candidate> {
        let candidate = |name: &String| Candidate {
            tenant: Tenant { name: name.clone(), engine: Engine::Sqlite, labels: self.labels.clone() },
            plan: Hash::of("plan"),
            ready: if self.not_yet { Readiness::Later } else { Readiness::Now },
        };
        self.drifted.iter().map(candidate).collect()
    }

    /// Whom the rollout starts now. They are busy until they end.
    fn start(&mut self) -> Vec<String> {
        let candidates = self.candidates();
        let all: Vec<String> = (0..1000).map(|number| format!("t{number:03}")).collect();
        let looked_at = all.iter().map(String::as_str).collect();
        let busy = self.busy.iter().map(String::as_str).collect();
        let started = advance(&mut self.record, &self.settings, &candidates, &looked_at, &busy, self.now);
        self.busy.extend(started.iter().cloned());
        started
    }

    fn end(&mut self, names: &[String], state: MemberState) {
        for name in names {
            self.busy.remove(name);
            settle(&mut self.record, name, state);
            if state == MemberState::Done {
                self.drifted.remove(name);
            }
        }
    }

    /// Runs everything that starts, until nothing does.
    fn run(&mut self) -> usize {
        let mut ran = 0;
        loop {
            let started = self.start();
            if started.is_empty() {
                return ran;
            }
            ran += started.len();
            self.end(&started, MemberState::Done);
        }
    }

    fn later(&mut self, minutes: u64) {
        self.now = self.now.checked_add(Duration::from_secs(60 * minutes)).unwrap();
    }
}

#[test]
fn waves_grow_with_a_pause_between_them() {
    let mut play = Play::new(30, "{ waves: [1, 10%, 100%], soak: 10m, at_once: 8 }");
    assert_eq!(play.run(), 1, "one canary");
    assert!(matches!(play.record.stage, Stage::Soaking { .. }), "{:?}", play.record.stage);
    play.later(9);
    assert_eq!(play.run(), 0);
    play.later(1);
    assert_eq!(play.run(), 2, "three of thirty have it then");
    play.later(10);
    assert_eq!(play.run(), 27);
    assert_eq!(play.record.stage, Stage::Done, "nobody is left: there is nothing to watch for");
}

#[test]
fn no_more_run_together_than_may() {
    let mut play = Play::new(30, "{ waves: [100%], at_once: 8 }");
    let first = play.start();
    assert_eq!(first.len(), 8);
    assert_eq!(play.start(), Vec::<String>::new());
    play.end(&first[..3], MemberState::Done);
    assert_eq!(play.start().len(), 3);
}

#[test]
fn the_budget_stops_it_and_a_person_goes_on() {
    let mut play = Play::new(100, "{ waves: [10, 100%], at_once: 10, stop_after: { failures: 3, share: 50% } }");
    let first = play.start();
    play.end(&first[..3], MemberState::Failed);
    play.end(&first[3..], MemberState::Done);
    assert_eq!(play.start(), Vec::<String>::new());
    assert_eq!(play.record.stage, Stage::Stopped { why: "3 of 100 tenants failed".into() });
    play.later(60);
    assert_eq!(play.start(), Vec::<String>::new(), "time does not heal it");
    resume(&mut play.record);
    assert_eq!(play.start().len(), 3, "those that failed come first");
}

#[test]
fn a_wave_of_failures_never_leads_to_the_next() {
    let mut play = Play::new(30, "{ waves: [1, 100%] }");
    let canary = play.start();
    play.end(&canary, MemberState::Failed);
    let nobody = BTreeSet::new();
    let mut advance_with = |ready| {
        let all = play.candidates().into_iter().map(|candidate| Candidate { ready, ..candidate }).collect::<Vec<_>>();
        let started = advance(&mut play.record, &play.settings, &all, &nobody, &nobody, play.now);
        assert_eq!(started, Vec::<String>::new());
    };
    advance_with(Readiness::Later);
    advance_with(Readiness::Never);
    assert_eq!(play.record.stage, Stage::Stopped { why: "every tenant of wave 1 failed (1)".into() });
}

#[test]
fn it_is_not_done_before_the_last_one_that_failed_was_tried_again() {
    let mut play = Play::new(2, "{ waves: [100%] }");
    let both = play.start();
    play.end(&both[..1], MemberState::Done);
    play.end(&both[1..], MemberState::Failed);
    play.not_yet = true;
    assert_eq!(play.start(), Vec::<String>::new());
    assert_eq!(play.record.stage, Stage::Running);
    play.not_yet = false;
    assert_eq!(play.run(), 1);
    assert_eq!(play.record.stage, Stage::Done);
}

#[test]
fn after_a_kill_it_goes_on_in_the_same_wave() {
    let mut play = Play::new(30, "{ waves: [3, 100%], soak: 10m, at_once: 3 }");
    let first = play.start();
    // One had got there when the process was killed, two had not; nobody is busy any more.
    play.busy.clear();
    play.drifted.remove(&first[0]);
    let again = play.start();
    assert_eq!(again, first[1..], "the same wave, without the one that is done");
    assert_eq!(play.record.members[&first[0]].state, MemberState::Done);
    play.end(&again, MemberState::Done);
    assert_eq!(play.start(), Vec::<String>::new());
    assert!(matches!(play.record.stage, Stage::Soaking { .. }) && play.record.wave == 0);
}

#[test]
fn a_tenant_that_comes_to_rights_by_itself_leaves() {
    let mut play = Play::new(3, "{ waves: [1, 100%], soak: 1h }");
    assert_eq!(play.run(), 1);
    play.drifted.clear();
    play.later(60);
    assert_eq!(play.run(), 0);
    assert_eq!(play.record.stage, Stage::Done);
}

#[test]
fn canaries_can_be_named_and_each_plan_is_tried_early() {
    let mut play = Play::new(4, "{ waves: [{ tenant: { ring: canary } }, 2, 100%] }");
    assert_eq!(play.run(), 4, "without canaries, and without a pause, it goes straight on");
    let mut play = Play::new(4, "{ waves: [{ tenant: \"t003\" }, 3, 100%], soak: 1m }");
    assert_eq!(play.start(), ["t003"]);
    play.end(&["t003".into()], MemberState::Done);
    play.run();
    play.later(1);
    let candidates: Vec<_> = play
        .candidates()
        .into_iter()
        .map(|candidate| {
            let plan = Hash::of(if candidate.tenant.name == "t002" { "rare" } else { "common" });
            Candidate { plan, ..candidate }
        })
        .collect();
    let nobody = BTreeSet::new();
    let started = advance(&mut play.record, &play.settings, &candidates, &nobody, &nobody, play.now);
    assert_eq!(started, ["t000", "t002"], "one of each plan");
}

#[test]
fn a_wave_is_not_over_while_one_of_it_drifts_again() {
    let mut play = Play::new(2, "{ waves: [1, 100%], soak: 1h }");
    let first = play.start();
    play.end(&first, MemberState::Done);
    play.drifted.insert(first[0].clone());
    assert_eq!(play.start(), first);
    play.end(&first, MemberState::Done);
    assert_eq!(play.start(), Vec::<String>::new());
    assert!(matches!(play.record.stage, Stage::Soaking { .. }), "{:?}", play.record.stage);
    play.later(60);
    assert_eq!(play.run(), 1);
}
