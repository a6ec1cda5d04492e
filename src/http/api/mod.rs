//! The API, one file for each kind of thing. The list of its operations makes both the router and the document.

mod acts;
mod approvals;
mod audit;
mod plans;
mod rollouts;
mod runs;
mod shapes;
mod status;
mod tenants;
mod waivers;

use axum::extract::Request;
use axum::handler::Handler;
use axum::http::{Method, StatusCode};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, get, post};
use axum::{Json, Router};
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde_json::{Map, Value};

use super::openapi::{self, schema_of};
use super::parameter::Parameter;
use super::problem::Fault;
use super::query::Query;
use super::router::Api;
use super::view::{AuditLine, Page, PlanView, RolloutDetail, RolloutView, ShapeDetail, ShapeView, Status};
use super::view::{TenantDetail, TenantView};
use crate::model::Hash;
use crate::store::{ApprovalRecord, Pause, RunRecord, WaiverRecord};

/// What handlers return.
type Answer<T> = Result<Json<T>, Fault>;

/// Something that can be asked of the API.
pub(super) struct Operation {
    pub(super) method: Method,
    pub(super) path: &'static str,
    /// Its name in the document.
    pub(super) id: &'static str,
    /// What it does, in a sentence.
    pub(super) about: &'static str,
    pub(super) query: &'static [Parameter],
    pub(super) body: &'static [Parameter],
    /// The status of what it answers when all is well.
    pub(super) status: StatusCode,
    pub(super) answer: fn(&mut SchemaGenerator) -> Schema,
    /// Whether it answers plain text, too.
    pub(super) texts: bool,
    pub(super) handler: MethodRouter<Api>,
}

impl Operation {
    fn get<A: JsonSchema, H: Handler<T, Api>, T: 'static>(path: &'static str, id: &'static str, handler: H) -> Self {
        Self::new::<A>(Method::GET, path, id, get(handler))
    }

    fn post<A: JsonSchema, H: Handler<T, Api>, T: 'static>(path: &'static str, id: &'static str, handler: H) -> Self {
        Self::new::<A>(Method::POST, path, id, post(handler))
    }

    fn new<A: JsonSchema>(method: Method, path: &'static str, id: &'static str, handler: MethodRouter<Api>) -> Self {
        let (status, answer) = (StatusCode::OK, schema_of::<A>);
        Self { method, path, id, about: "", query: &[], body: &[], status, answer, texts: false, handler }
    }

    fn about(self, about: &'static str) -> Self {
        Self { about, ..self }
    }

    fn query(self, query: &'static [Parameter]) -> Self {
        Self { query, ..self }
    }

    fn body(self, body: &'static [Parameter]) -> Self {
        Self { body, ..self }
    }

    fn accepted(self) -> Self {
        Self { status: StatusCode::ACCEPTED, ..self }
    }

    fn created(self) -> Self {
        Self { status: StatusCode::CREATED, ..self }
    }

    fn texts(self) -> Self {
        Self { texts: true, ..self }
    }

    /// The statuses of what may go wrong.
    pub(super) fn faults(&self) -> Vec<u16> {
        let mut faults = vec![401, 422, 429, 503];
        if self.method == Method::POST {
            faults.extend([400, 403, 413, 415]);
        }
        if self.path.contains('{') {
            faults.push(404);
        }
        if !self.body.is_empty() && self.path.contains("{id}") {
            faults.push(409);
        }
        faults.sort_unstable();
        faults
    }

    /// Adds it to a router. Whatever it is, a query with a key that it does not know is refused.
    pub(super) fn add_to(self, router: Router<Api>) -> Router<Api> {
        let parameters = self.query;
        let read = middleware::from_fn(move |request: Request, next: Next| read_query(parameters, request, next));
        router.route(self.path, self.handler.layer(read))
    }
}

async fn read_query(parameters: &'static [Parameter], mut request: Request, next: Next) -> Response {
    match Query::read(request.uri(), parameters) {
        Ok(query) => {
            request.extensions_mut().insert(query);
            next.run(request).await
        }
        Err(fault) => fault.into_response(),
    }
}

/// All operations.
pub(super) fn operations() -> Vec<Operation> {
    let mut operations = looking();
    operations.extend(acting());
    operations
}

/// Method and path of everything that the API answers.
pub fn routes() -> Vec<(String, &'static str)> {
    operations().into_iter().map(|operation| (operation.method.to_string(), operation.path)).collect()
}

fn looking() -> Vec<Operation> {
    vec![
        Operation::get::<Status, _, _>("/api/v1/status", "getStatus", status::show).about("The fleet at a glance."),
        Operation::get::<Page<TenantView>, _, _>("/api/v1/tenants", "listTenants", tenants::list)
            .about("Tenants by name.")
            .query(tenants::QUERY),
        Operation::get::<TenantDetail, _, _>("/api/v1/tenants/{name}", "getTenant", tenants::show)
            .about("A tenant, what differs in it, and what was done to it last."),
        Operation::get::<Page<ShapeView>, _, _>("/api/v1/shapes", "listShapes", shapes::list)
            .about("Shapes: tenants with one structure, one server version and one goal.")
            .query(shapes::QUERY),
        Operation::get::<ShapeDetail, _, _>("/api/v1/shapes/{id}", "getShape", shapes::show)
            .about("A shape and what separates it from its schema."),
        Operation::get::<PlanView, _, _>("/api/v1/plans/{hash}", "getPlan", plans::show)
            .about("A plan: as JSON, as a script, or for people.")
            .query(plans::QUERY)
            .texts(),
        Operation::get::<Page<RunRecord>, _, _>("/api/v1/runs", "listRuns", runs::list)
            .about("Passes over the fleet, the newest first.")
            .query(runs::QUERY),
        Operation::get::<Page<RolloutView>, _, _>("/api/v1/rollouts", "listRollouts", rollouts::list)
            .about("The last rollouts, the newest first.")
            .query(rollouts::QUERY),
        Operation::get::<RolloutDetail, _, _>("/api/v1/rollouts/{id}", "getRollout", rollouts::show)
            .about("A rollout and how far each of its tenants is."),
        Operation::get::<Page<ApprovalRecord>, _, _>("/api/v1/approvals", "listApprovals", approvals::list)
            .about("Questions to people, the newest first.")
            .query(approvals::QUERY),
        Operation::get::<ApprovalRecord, _, _>("/api/v1/approvals/{id}", "getApproval", approvals::show)
            .about("A question; the beginning of its id is enough."),
        Operation::get::<Page<WaiverRecord>, _, _>("/api/v1/waivers", "listWaivers", waivers::list)
            .about("Drift that people accept until a date, the oldest first. What the policy's file waives is not among it.")
            .query(waivers::QUERY),
        Operation::get::<Page<AuditLine>, _, _>("/api/v1/audit", "listAudit", audit::list)
            .about("What was done and by whom, the newest first.")
            .query(audit::QUERY),
        Operation::get::<Map<String, Value>, _, _>("/api/v1/openapi.json", "getOpenApi", async || {
            Json(openapi::document())
        })
        .about("This document."),
    ]
}

fn acting() -> Vec<Operation> {
    vec![
        Operation::post::<acts::Requested, _, _>("/api/v1/check", "check", acts::check)
            .about("Has tenants looked at now.")
            .body(acts::TENANTS)
            .accepted(),
        Operation::post::<ApprovalRecord, _, _>("/api/v1/approvals/{id}/approve", "approve", approvals::approve)
            .about("Answers a question with yes.")
            .body(approvals::APPROVE),
        Operation::post::<ApprovalRecord, _, _>("/api/v1/approvals/{id}/reject", "reject", approvals::reject)
            .about("Answers a question with no.")
            .body(approvals::REJECT),
        Operation::post::<WaiverRecord, _, _>("/api/v1/waivers", "waive", waivers::waive)
            .about("Accepts drift of tenants or of a shape until a date.")
            .body(waivers::WAIVE)
            .created(),
        Operation::post::<WaiverRecord, _, _>("/api/v1/waivers/{id}/unwaive", "unwaive", waivers::unwaive)
            .about("Ends a waiver before its time; the beginning of its id is enough.")
            .body(waivers::UNWAIVE),
        Operation::post::<Pause, _, _>("/api/v1/pause", "pause", acts::pause)
            .about("Lets nothing be changed until somebody resumes.")
            .body(acts::PAUSE),
        Operation::post::<acts::Requested, _, _>("/api/v1/resume", "resume", acts::resume)
            .about("Ends a pause, lets stopped rollouts go on, and has blocked tenants tried again.")
            .body(acts::TENANTS)
            .accepted(),
    ]
}

/// A hash in a path. What is none names nothing.
fn hash(text: &str, what: &str) -> Result<Hash, Fault> {
    text.parse().map_err(|_| Fault::not_found(format!("{what} is named by 64 hexadecimal digits")))
}
