//! `/runs`

use axum::extract::State;
use axum::{Extension, Json};

use super::{Answer, Api};
use crate::http::parameter::Parameter;
use crate::http::query::Query;
use crate::http::view::Page;
use crate::store::RunRecord;

pub(super) const QUERY: &[Parameter] =
    &[Parameter::optional::<i64>("before", "The page that begins before this pass."), Parameter::limit()];

pub(super) async fn list(State(api): State<Api>, Extension(query): Extension<Query>) -> Answer<Page<RunRecord>> {
    let limit = query.limit()?;
    let runs = api.context.store.runs(limit + 1, query.number("before")?).await?;
    Ok(Json(Page::of(runs, limit, |run| run.id.to_string())))
}
