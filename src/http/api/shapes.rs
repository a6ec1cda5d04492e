//! `/shapes`

use axum::extract::{Path, State};
use axum::{Extension, Json};

use super::{Answer, Api, hash};
use crate::http::parameter::Parameter;
use crate::http::problem::Fault;
use crate::http::query::Query;
use crate::http::view::{Page, ShapeDetail, ShapeView};
use crate::model::Hash;

pub(super) const QUERY: &[Parameter] =
    &[Parameter::optional::<Hash>("after", "The page that begins after this shape."), Parameter::limit()];

pub(super) async fn list(State(api): State<Api>, Extension(query): Extension<Query>) -> Answer<Page<ShapeView>> {
    let (after, limit) = (query.value::<Hash>("after")?, query.limit()?);
    let shapes = api.context.store.shapes().await?;
    let later = shapes.iter().filter(|(shape, _)| after.is_none_or(|after| shape.id > after));
    let views = later.take(limit + 1).map(|(shape, tenants)| ShapeView::of(shape, *tenants)).collect();
    Ok(Json(Page::of(views, limit, |shape| shape.id.to_string())))
}

pub(super) async fn show(State(api): State<Api>, Path(id): Path<String>) -> Answer<ShapeDetail> {
    let id = hash(&id, "a shape")?;
    let shapes = api.context.store.shapes().await?;
    match shapes.iter().find(|(shape, _)| shape.id == id) {
        Some((shape, tenants)) => Ok(Json(ShapeDetail::of(shape, *tenants))),
        None => Err(Fault::not_found("no such shape is known")),
    }
}
