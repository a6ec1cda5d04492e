//! Generated pairs of schemas on real servers: an empty database is brought to the first schema and
//! filled, then to the second. It must be what the second one says, with every row that survives.
//!
//! `UNDRIFT_PAIRS` says how many pairs each engine gets, `UNDRIFT_SEED` with which one to start. A pair that
//! fails is made smaller and printed with its seed.

#![allow(clippy::print_stderr, reason = "a long run tells the person who started it how it went")]

mod bench;
mod check;
mod formula;
mod golden;
mod make;
mod members;
mod mutate;
mod names;
mod random;
mod repair;
mod rows;
mod shrink;
mod spec;
#[path = "../support/mod.rs"]
mod support;
mod tree;
mod types;
mod yaml;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use undrift::model::Engine;

use bench::Bench;
use check::{Failure, Outcome, Story};
use random::Random;
use shrink::Pair;

const PAIRS: u64 = 12;
/// How often a failing pair is tried again while it is made smaller.
const TRIES: usize = 150;
/// After so many failures nobody reads on.
const ENOUGH: usize = 10;
const PATIENCE: Duration = Duration::from_secs(120);

#[test]
fn postgres_gets_from_any_schema_to_any_other() {
    every_pair(Engine::Postgres);
}

#[test]
fn mariadb_gets_from_any_schema_to_any_other() {
    every_pair(Engine::Mysql);
}

#[test]
fn sqlite_gets_from_any_schema_to_any_other() {
    every_pair(Engine::Sqlite);
}

fn every_pair(engine: Engine) {
    let bench = Bench { engine };
    let first = number("UNDRIFT_SEED").unwrap_or(1);
    let pairs = number("UNDRIFT_PAIRS").unwrap_or(PAIRS);
    let mut failures = Vec::new();
    let mut blocked = 0;
    for seed in first..first + pairs {
        let pair = generated(engine, seed);
        match tried(&bench, &pair.story()) {
            Ok(outcome) => blocked += usize::from(outcome == Outcome::Blocked),
            Err(failure) => {
                report(&bench, seed, pair, &failure);
                failures.push(seed);
                assert!(failures.len() < ENOUGH, "{engine}: these seeds fail, and others may: {failures:?}");
            }
        }
    }
    eprintln!("{engine}: {pairs} pairs, {blocked} of them blocked by their rows, {} failed", failures.len());
    assert!(failures.is_empty(), "{engine}: these seeds fail: {failures:?}");
}

fn number(variable: &str) -> Option<u64> {
    let text = std::env::var(variable).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{variable} is a number, not {text:?}")))
}

fn generated(engine: Engine, seed: u64) -> Pair {
    let mut random = Random::new(seed);
    let before = make::spec(&mut random, engine);
    let after = mutate::mutated(&mut random, &before);
    Pair { before, after }
}

/// Tries a story on a runtime of its own; a panic is a failure like any other.
fn tried(bench: &Bench, story: &Story) -> Result<Outcome, Failure> {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime");
    let way = async { tokio::time::timeout(PATIENCE, check::check(bench, story)).await };
    // What a panic says is in the report, once.
    std::panic::set_hook(Box::new(|_| ()));
    let ended = catch_unwind(AssertUnwindSafe(|| runtime.block_on(way)));
    drop(std::panic::take_hook());
    match ended {
        Ok(Ok(outcome)) => outcome,
        Ok(Err(_)) => Err(format!("not done after {PATIENCE:?}")),
        Err(panic) => {
            let text = panic.downcast_ref::<String>().cloned();
            Err(text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned())).unwrap_or_default())
        }
    }
}

fn report(bench: &Bench, seed: u64, pair: Pair, failure: &Failure) {
    let (kind, started) = (gist(failure), Instant::now());
    let mut last = failure.clone();
    let smallest = shrink::smallest(pair, TRIES, &mut |pair| {
        let tried = if started.elapsed() < PATIENCE { tried(bench, &pair.story()) } else { Ok(Outcome::Reached) };
        tried.is_err_and(|failure| {
            let same = gist(&failure) == kind;
            if same {
                last = failure;
            }
            same
        })
    });
    let (before, after) = (yaml::text(&smallest.before), yaml::text(&smallest.after));
    eprintln!("==== {} seed {seed}: {last}\n---- from\n{before}---- to\n{after}", bench.engine);
}

/// The start of a failure's message without names and numbers: what two failures must share to be the same.
fn gist(failure: &Failure) -> String {
    let line = failure.lines().next().unwrap_or_default();
    line.split([' ', ':', '.', '(', '`', '"'])
        .filter(|word| word.len() > 2 && word.bytes().all(|b| b.is_ascii_alphabetic()))
        .take(10)
        .collect::<Vec<_>>()
        .join(" ")
}
