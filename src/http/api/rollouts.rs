//! `/rollouts`

use axum::extract::{Path, State};
use axum::{Extension, Json};

use super::{Answer, Api};
use crate::http::parameter::Parameter;
use crate::http::problem::Fault;
use crate::http::query::Query;
use crate::http::view::{Page, RolloutDetail, RolloutView};

pub(super) const QUERY: &[Parameter] = &[Parameter::limit()];

pub(super) async fn list(State(api): State<Api>, Extension(query): Extension<Query>) -> Answer<Page<RolloutView>> {
    let rollouts = api.context.store.rollouts(query.limit()?).await?;
    Ok(Json(Page::whole(rollouts.iter().map(RolloutView::of).collect())))
}

pub(super) async fn show(State(api): State<Api>, Path(id): Path<String>) -> Answer<RolloutDetail> {
    let found = match id.parse() {
        Ok(id) => api.context.store.rollout(id).await?,
        Err(_) => None,
    };
    found.map(|rollout| Json(rollout.into())).ok_or_else(|| Fault::not_found("no such rollout is known"))
}
