//! The fleet as undrift sees it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use undrift::db::{Activity, Budget, Evidence, FileSign, Look, Memo, Patience, Target, Visit, Visitor};

use super::cost::{Pass, Work};

/// How often a server is asked whether it has counted everything by now.
const COUNTING: Duration = Duration::from_millis(500);

/// A visitor and what it learned of each tenant.
pub struct Fleet {
    visitor: Visitor,
    tenants: Vec<(Target, Memo)>,
}

impl Fleet {
    /// Looks at every tenant for the first time.
    pub async fn meet(urls: &[String], together: usize) -> Arc<Self> {
        let visitor = visitor(together);
        let tenants = meet_each(&visitor, urls, &BTreeMap::new()).await;
        Arc::new(Self { visitor, tenants })
    }

    /// Looks at every tenant of a PostgreSQL server, so long after the last write that the server's counters
    /// tell that they are idle.
    pub async fn settle(urls: &[String], together: usize) -> Arc<Self> {
        let visitor = visitor(together).with_lag(Duration::ZERO);
        let server = Target::parse(&urls[0]).expect("a URL");
        let mut counted = visitor.activity(&server).await.expect("the server counts");
        loop {
            let tenants = meet_each(&visitor, urls, &counted).await;
            tokio::time::sleep(COUNTING).await;
            let now = visitor.activity(&server).await.expect("the server counts");
            if now == counted {
                return Arc::new(Self { visitor, tenants });
            }
            counted = now;
        }
    }

    /// Looks again at each of them.
    pub fn pass(self: &Arc<Self>, name: &str, full: bool) -> Pass {
        let fleet = self.clone();
        let work: Work = Box::new(move |at| {
            let fleet = fleet.clone();
            Box::pin(async move { fleet.revisit(at, full).await })
        });
        Pass::new(name, work)
    }

    /// Asks once who was written to, and goes to nobody. All of it is done in the name of the first tenant.
    pub fn idle_pass(self: &Arc<Self>, name: &str) -> Pass {
        let fleet = self.clone();
        let work: Work = Box::new(move |at| {
            let fleet = fleet.clone();
            Box::pin(async move {
                if at == 0 {
                    fleet.pass_over_idle().await;
                }
            })
        });
        Pass::new(name, work)
    }

    /// Looks at all files from outside, so many together as the service does, in the name of the first tenant.
    pub fn file_pass(self: &Arc<Self>, name: &str) -> Pass {
        let fleet = self.clone();
        let work: Work = Box::new(move |at| {
            let fleet = fleet.clone();
            Box::pin(async move {
                if at == 0 {
                    fleet.look_from_outside().await;
                }
            })
        });
        Pass::new(name, work)
    }

    async fn look_from_outside(&self) {
        for tenants in self.tenants.chunks(128) {
            let signs = tenants.iter().filter_map(|(target, memo)| FileSign::of(target, memo)).collect();
            let unwritten = FileSign::hold(signs).await;
            assert!(unwritten.len() == tenants.len() && !unwritten.contains(&false), "some are taken for written");
        }
    }

    async fn pass_over_idle(&self) {
        let counted = self.visitor.activity(&self.tenants[0].0).await.expect("the server counts");
        for (target, memo) in &self.tenants {
            let activity = target.database().and_then(|name| counted.get(&name));
            let look = Look { known: Some(memo), full: false, activity };
            let visit = self.visitor.visit(target, look).await.expect("nobody is gone to");
            let idle = matches!(visit, Visit::Unchanged { evidence: Evidence::Activity, .. });
            assert!(idle, "{target} is not taken for idle");
        }
    }

    /// Looks again, and makes sure that it was in vain.
    async fn revisit(&self, at: usize, full: bool) {
        let (target, memo) = &self.tenants[at];
        let look = Look { known: Some(memo), full, ..Look::default() };
        let visit = self.visitor.visit(target, look).await.expect("the tenant is there");
        assert!(matches!(visit, Visit::Unchanged { .. }), "{target} is taken for changed");
    }
}

async fn meet_each(visitor: &Visitor, urls: &[String], activity: &BTreeMap<String, Activity>) -> Vec<(Target, Memo)> {
    let mut tenants = Vec::new();
    for url in urls {
        let target = Target::parse(url).expect("a URL");
        let activity = target.database().and_then(|name| activity.get(&name));
        let look = Look { activity, ..Look::default() };
        let visit = visitor.visit(&target, look).await.expect("the tenant is there");
        let Visit::Seen(seen) = visit else { panic!("nothing was known") };
        tenants.push((target, seen.memo));
    }
    tenants
}

fn visitor(together: usize) -> Visitor {
    let patience = Patience { connect: Duration::from_secs(60), read: Duration::from_secs(120) };
    Visitor::new(patience, Budget { at_once: together, per_server: together })
}
