//! `/audit`

use axum::extract::State;
use axum::{Extension, Json};
use jiff::Timestamp;

use super::{Answer, Api};
use crate::http::parameter::Parameter;
use crate::http::query::Query;
use crate::http::view::{AuditLine, Page};
use crate::model::Hash;
use crate::store::AuditFilter;

pub(super) const QUERY: &[Parameter] = &[
    Parameter::optional::<String>("tenant", "Only what was done to this tenant."),
    Parameter::optional::<Hash>("plan", "Only what was done under this plan."),
    Parameter::optional::<Timestamp>("since", "Only what was done since then: `2026-11-21T06:00:00Z`."),
    Parameter::optional::<i64>("before", "The page that begins before this sequence."),
    Parameter::limit(),
];

pub(super) async fn list(State(api): State<Api>, Extension(query): Extension<Query>) -> Answer<Page<AuditLine>> {
    let limit = query.limit()?;
    let filter = AuditFilter {
        tenant: query.text("tenant").map(str::to_owned),
        plan: query.value("plan")?,
        since: query.value("since")?,
    };
    let entries = api.context.store.audit(&filter, query.number("before")?, limit + 1).await?;
    let lines = entries.into_iter().map(AuditLine::from).collect();
    Ok(Json(Page::of(lines, limit, |line| line.sequence.to_string())))
}
