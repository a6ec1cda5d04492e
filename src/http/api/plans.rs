//! `/plans`

use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use schemars::JsonSchema;
use serde::Deserialize;

use super::{Api, hash};
use crate::http::parameter::Parameter;
use crate::http::problem::Fault;
use crate::http::query::Query;
use crate::http::view::PlanView;

/// How a plan is wanted.
#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(rename = "PlanFormat")]
enum Format {
    /// For machines.
    #[default]
    Json,
    /// The statements.
    Sql,
    /// For people.
    Text,
}

pub(super) const QUERY: &[Parameter] =
    &[Parameter::optional::<Format>("format", "How it is wanted; JSON if left out.")];

pub(super) async fn show(
    State(api): State<Api>,
    Path(named): Path<String>,
    Extension(query): Extension<Query>,
) -> Result<Response, Fault> {
    let format = query.value("format")?.unwrap_or_default();
    let Some(plan) = api.context.store.plan(hash(&named, "a plan")?).await? else {
        return Err(Fault::not_found("no such plan is known"));
    };
    let plan = PlanView::of(&plan);
    Ok(match format {
        Format::Json => Json(plan).into_response(),
        Format::Sql => plan.sql().into_response(),
        Format::Text => plan.text().into_response(),
    })
}
