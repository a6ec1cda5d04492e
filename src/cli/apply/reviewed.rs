//! `undrift apply plan.json`: what was reviewed, and nothing else.

use std::path::Path;

use super::report::{Ending, Outcome};
use crate::cli::Failure;
use crate::cli::args::Selection;
use crate::cli::fleet::Work;
use crate::db::Session;
use crate::reconcile::plan_file::{self, PlanFile, Refusal, Review};
use crate::reconcile::{Assessment, Fleet, FleetMember, Reconciler, Study, of_its_server};

/// A plan file that nobody changed.
pub struct Reviewed(PlanFile);

impl Reviewed {
    /// Reads a plan file.
    pub fn read(path: &Path) -> Result<Self, Failure> {
        let name = path.display();
        let text = std::fs::read_to_string(path)
            .map_err(|error| Failure::new(format!("{name}: {error}"), "name a file that `undrift plan --out` wrote"))?;
        let file = plan_file::read(&text).map_err(|error| Failure::new(format!("{name}: {error}"), error.advice()))?;
        Ok(Self(file))
    }

    /// Leaves those tenants to work on that the file is for. Those of the file that are not there, or were chosen and are
    /// not in the file, have had their outcome.
    pub fn choose(&self, work: &mut Work, selection: &Selection) -> Vec<Outcome> {
        let wanted = self.0.tenants();
        let chosen: Vec<String> = work.tenants().map(str::to_owned).collect();
        work.keep_only(|name| wanted.contains_key(name));
        let everybody = selection.url.is_none() && selection.tenants.is_empty();
        if everybody {
            let gone = wanted.keys().filter(|name| !chosen.iter().any(|there| there == *name));
            let failed =
                |name: &&str| Outcome::failed(name, "the fleet has no such tenant", "make a new plan and review it");
            return gone.map(failed).collect();
        }
        let others = chosen.iter().filter(|name| !wanted.contains_key(name.as_str()));
        let refusal = Refusal::OtherTenant(self.0.names());
        others.map(|name| Outcome::failed(name, &refusal, refusal.advice())).collect()
    }

    /// Leaves in a survey what the file may be carried out on, under its verdicts. The others have had their outcome.
    pub fn review(&self, fleet: &mut Fleet) -> Vec<Outcome> {
        let mut outcomes = Vec::new();
        for shape in &mut fleet.shapes {
            let (first, others) = (&shape.study, &shape.others);
            shape.tenants.retain_mut(|(member, assessment)| {
                let name = &member.tenant.name;
                let study = of_its_server(first, others, member);
                match self.0.review(name, study) {
                    Ok(Review::Holds(entry)) => {
                        if let Ok(assessment) = assessment {
                            *assessment = assessment.reviewed(&study.plan, entry);
                        }
                        return true;
                    }
                    Ok(Review::Done) => outcomes.push(Outcome::of(name, Ending::Done)),
                    Err(refusal) => outcomes.push(Outcome::failed(name, &refusal, refusal.advice())),
                }
                false
            });
        }
        fleet.shapes.retain(|shape| !shape.tenants.is_empty());
        outcomes
    }

    /// Makes sure that the plan which the file holds for a group is what undrift works out now.
    pub async fn is_what_runs(
        &self,
        reconciler: &Reconciler,
        session: &mut Session,
        study: &Study,
        members: &[&FleetMember],
        assessment: &Assessment,
    ) -> Result<(), (String, String)> {
        for member in members {
            let Some((_, entry)) = self.0.of_tenant(&member.tenant.name) else { continue };
            let choice = assessment.of(entry.runs(&study.plan));
            let plan = reconciler.tailor(session, study, &choice).await;
            let plan = plan.map_err(|error| (error.to_string(), error.advice().to_owned()))?;
            entry.is(&plan).map_err(|refusal| (refusal.to_string(), refusal.advice().to_owned()))?;
        }
        Ok(())
    }
}
