//! The fleet as undrift sees it.

use std::sync::Arc;
use std::time::Duration;

use undrift::db::{Budget, Look, Memo, Patience, Target, Visit, Visitor};

use super::cost::{Pass, Work};

/// A visitor and what it learned of each tenant.
pub struct Fleet {
    visitor: Visitor,
    tenants: Vec<(Target, Memo)>,
}

impl Fleet {
    /// Looks at every tenant for the first time.
    pub async fn meet(urls: &[String], together: usize) -> Arc<Self> {
        let patience = Patience { connect: Duration::from_secs(60), read: Duration::from_secs(120) };
        let visitor = Visitor::new(patience, Budget { at_once: together, per_server: together });
        let mut tenants = Vec::new();
        for url in urls {
            let target = Target::parse(url).expect("a URL");
            let visit = visitor.visit(&target, Look::default()).await.expect("the tenant is there");
            let Visit::Seen(seen) = visit else { panic!("nothing was known") };
            tenants.push((target, seen.memo));
        }
        Arc::new(Self { visitor, tenants })
    }

    /// Looks again at each of them.
    pub fn pass(self: &Arc<Self>, name: &str, full: bool) -> Pass {
        let fleet = self.clone();
        let work: Work = Box::new(move |at| {
            let fleet = fleet.clone();
            Box::pin(async move { fleet.revisit(at, full).await })
        });
        Pass { name: name.to_owned(), work }
    }

    /// Looks again, and makes sure that it was in vain.
    async fn revisit(&self, at: usize, full: bool) {
        let (target, memo) = &self.tenants[at];
        let look = Look { known: Some(memo), full, ..Look::default() };
        let visit = self.visitor.visit(target, look).await.expect("the tenant is there");
        assert!(matches!(visit, Visit::Unchanged { .. }), "{target} is taken for changed");
    }
}
