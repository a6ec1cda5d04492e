//! `/approvals`

use axum::extract::{Path, State};
use axum::{Extension, Json};

use super::{Answer, Api};
use crate::http::body::Body;
use crate::http::guard::Caller;
use crate::http::parameter::Parameter;
use crate::http::query::Query;
use crate::http::view::Page;
use crate::store::{ApprovalRecord, ApprovalState};

pub(super) const QUERY: &[Parameter] = &[Parameter::optional::<ApprovalState>("state", "Only those in this state.")];

pub(super) const APPROVE: &[Parameter] = &[Parameter::optional::<String>("why", "Why; it goes to the audit.")];

pub(super) const REJECT: &[Parameter] = &[Parameter::required::<String>("why", "Why; it goes to the audit.")];

pub(super) async fn list(State(api): State<Api>, Extension(query): Extension<Query>) -> Answer<Page<ApprovalRecord>> {
    Ok(Json(Page::whole(api.context.store.approvals(query.value("state")?).await?)))
}

pub(super) async fn show(State(api): State<Api>, Path(id): Path<String>) -> Answer<ApprovalRecord> {
    Ok(Json(api.context.store.approval(&id).await?))
}

pub(super) async fn approve(
    State(api): State<Api>,
    Path(id): Path<String>,
    Extension(caller): Extension<Caller>,
    body: Body,
) -> Answer<ApprovalRecord> {
    let why = body.of(APPROVE)?.text_or_nothing("why")?;
    Ok(Json(api.context.store.person(&caller.name).answer(&id, true, &why).await?))
}

pub(super) async fn reject(
    State(api): State<Api>,
    Path(id): Path<String>,
    Extension(caller): Extension<Caller>,
    body: Body,
) -> Answer<ApprovalRecord> {
    let why = body.of(REJECT)?.text("why")?;
    Ok(Json(api.context.store.person(&caller.name).answer(&id, false, &why).await?))
}
