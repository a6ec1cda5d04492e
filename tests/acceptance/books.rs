//! What the audit says was done.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::world::World;

/// What was done to one tenant.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Account {
    /// Plans that were begun.
    pub begun: usize,
    /// Plans that reached their end: seen at once, or found at the next look after a kill.
    pub reached: usize,
    /// Of these, those found at the next look.
    pub resolved: usize,
    /// Plans that failed or were not started after all.
    pub not_done: usize,
    /// Plans that a kill cut off before they reached their end.
    pub cut_off: usize,
}

/// What was done to each tenant; those to whom nothing was done are not in it.
pub fn accounts(world: &World) -> BTreeMap<String, Account> {
    let mut accounts: BTreeMap<String, Account> = BTreeMap::new();
    for line in world.state("SELECT entry FROM audit WHERE tenant IS NOT NULL ORDER BY sequence").lines() {
        let entry: Value = serde_json::from_str(line).expect("entries are JSON");
        let account = accounts.entry(entry["tenant"].as_str().expect("it is about one").to_owned()).or_default();
        let event = &entry["event"];
        match event["event"].as_str().expect("events have names") {
            "begin" => account.begun += 1,
            "end" if event["outcome"] == "applied" => account.reached += 1,
            "end" => account.not_done += 1,
            "resolved" if event["reached"] == true => {
                account.reached += 1;
                account.resolved += 1;
            }
            "resolved" => account.cut_off += 1,
            _ => {}
        }
    }
    accounts
}

/// How many plans reached their end.
pub fn reached(world: &World) -> usize {
    accounts(world).values().map(|account| account.reached).sum()
}
