//! `/tenants`

use axum::extract::{Path, State};
use axum::{Extension, Json};

use super::{Answer, Api};
use crate::http::parameter::Parameter;
use crate::http::problem::Fault;
use crate::http::query::Query;
use crate::http::view::{AuditLine, Page, TenantDetail, TenantView};
use crate::model::{Engine, Glob, Hash};
use crate::store::{Activity, AuditFilter, Sync, TenantFilter};

/// How many entries of the audit come with a tenant; `/audit` has the rest.
const HISTORY: usize = 50;

pub(super) const QUERY: &[Parameter] = &[
    Parameter::optional::<Sync>("sync", "Only those in this state."),
    Parameter::optional::<Activity>("activity", "Only those with which this is going on."),
    Parameter::optional::<Engine>("engine", "Only those on this engine."),
    Parameter::optional::<Hash>("shape", "Only those of this shape."),
    Parameter::optional::<String>("name", "Only those whose name fits this pattern: `tenant_*`."),
    Parameter::optional::<String>("label", "Only those with a label whose value fits: `tier=gold`."),
    Parameter::optional::<String>("after", "The page that begins after this name."),
    Parameter::limit(),
];

pub(super) async fn list(State(api): State<Api>, Extension(query): Extension<Query>) -> Answer<Page<TenantView>> {
    let limit = query.limit()?;
    let found = api.context.store.tenants_page(&filter(&query)?, query.text("after"), limit + 1).await?;
    let views = found.into_iter().map(TenantView::from).collect();
    Ok(Json(Page::of(views, limit, |tenant| tenant.name.clone())))
}

pub(super) async fn show(State(api): State<Api>, Path(name): Path<String>) -> Answer<TenantDetail> {
    let store = &api.context.store;
    let Some(tenant) = store.tenant(&name).await? else {
        return Err(Fault::not_found(format!("no tenant named `{name}` is known")));
    };
    let shape = match tenant.shape {
        Some(shape) => store.shape(shape).await?,
        None => None,
    };
    let filter = AuditFilter { tenant: Some(name), ..AuditFilter::default() };
    let history = store.audit(&filter, None, HISTORY).await?;
    let history = history.into_iter().map(AuditLine::from).collect();
    Ok(Json(TenantDetail::of(tenant, shape.as_ref(), history)))
}

fn filter(query: &Query) -> Result<TenantFilter, Fault> {
    Ok(TenantFilter {
        sync: query.value("sync")?,
        activity: query.value("activity")?,
        engine: query.value("engine")?,
        shape: query.value("shape")?,
        label: query.text("label").map(label).transpose()?,
        name: query.text("name").map(|text| glob("name", text)).transpose()?,
    })
}

fn label(text: &str) -> Result<(String, Glob), Fault> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), glob("label", value)?)),
        _ => Err(Fault::field("label", "`label` is a name and a pattern for its value: `tier=gold`")),
    }
}

fn glob(name: &str, text: &str) -> Result<Glob, Fault> {
    Glob::new(text).map_err(|why| Fault::field(name, format!("`{name}` is not a pattern: {why}")))
}
