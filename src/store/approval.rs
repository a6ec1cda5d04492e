//! Questions to people, and their answers.

use jiff::Timestamp;
use sea_query::{
    DeleteStatement, Expr, ExprTrait, InsertStatement, OnConflict, Order, Query, SelectStatement, UpdateStatement,
};

use super::database::{Row, Transaction};
use super::error::{AnswerError, Result};
use super::tables::Approvals;
use super::{Answer, ApprovalRecord, ApprovalState, AuditEntry, AuditEvent, Question, Store, audit, json};
use crate::model::Hash;

impl Store {
    /// Asks a question, unless it stands or was answered: then nothing happens. A question that expired or was
    /// withdrawn is asked anew. Returns whether it was asked.
    ///
    /// # Errors
    /// When the state cannot be written.
    pub async fn ask(&self, approval: &ApprovalRecord) -> Result<bool> {
        Ok(self.database.write_all(vec![insert(approval)]).await? > 0)
    }

    /// The questions in one state or in all, the newest first.
    ///
    /// # Errors
    /// When the state cannot be read.
    pub async fn approvals(&self, state: Option<ApprovalState>) -> Result<Vec<ApprovalRecord>> {
        let mut query = listed();
        query.and_where_option(state.map(|state| Expr::col(Approvals::State).eq(state.to_string())));
        self.database.read(&query).await?.iter().map(record).collect()
    }

    /// The question with an id, or the only one whose id begins like that.
    ///
    /// # Errors
    /// [`AnswerError::NotFound`], [`AnswerError::Ambiguous`], or when the state cannot be read.
    pub async fn approval(&self, id: &str) -> Result<ApprovalRecord, AnswerError> {
        let id = id.to_owned();
        self.database.look(move |transaction| Box::pin(async move { find(transaction, &id).await })).await?
    }

    /// Answers a question. Of several answers, the first counts. The audit knows of the answer as soon as
    /// the question does.
    ///
    /// # Errors
    /// [`AnswerError`] says why the answer was not taken.
    pub async fn answer(
        &self,
        id: &str,
        approved: bool,
        answer: Answer,
        now: Timestamp,
    ) -> Result<ApprovalRecord, AnswerError> {
        let id = id.to_owned();
        self.database
            .write(move |transaction| {
                Box::pin(async move { take_answer(transaction, &id, approved, answer, now).await })
            })
            .await?
    }

    /// Takes questions back, answered with yes or not at all, because there is nothing to approve any more.
    ///
    /// # Errors
    /// When the state cannot be written.
    pub async fn withdraw(&self, ids: &[String]) -> Result<()> {
        let withdraw = |ids: &[String]| {
            let mut update = closed(ApprovalState::Withdrawn);
            update.and_where(Expr::col(Approvals::Id).is_in(ids));
            update
        };
        self.database.write_all(ids.chunks(500).map(withdraw).collect()).await.map(drop)
    }

    /// Ends the questions, and the approvals, whose time is over, and returns them.
    ///
    /// # Errors
    /// When the state cannot be written.
    pub async fn expire(&self, now: Timestamp) -> Result<Vec<ApprovalRecord>> {
        let mut update = closed(ApprovalState::Expired);
        update
            .and_where(Expr::col(Approvals::Expires).lte(now.as_millisecond()))
            .returning(Query::returning().columns([Approvals::Body, Approvals::State, Approvals::Answer]));
        self.database
            .write(move |transaction| {
                Box::pin(async move { transaction.rows(&update).await?.iter().map(record).collect() })
            })
            .await
    }
}

/// The questions that were settled and asked before an instant: what is not needed any more.
pub(super) fn settled_before(cutoff: i64) -> DeleteStatement {
    let open = [ApprovalState::Pending, ApprovalState::Approved].map(|state| state.to_string());
    let mut delete = Query::delete();
    delete
        .from_table(Approvals::Table)
        .and_where(Expr::col(Approvals::State).is_not_in(open))
        .and_where(Expr::col(Approvals::Asked).lt(cutoff));
    delete
}

/// A refusal is no failure of the transaction.
async fn take_answer(
    transaction: &mut Transaction,
    id: &str,
    approved: bool,
    answer: Answer,
    now: Timestamp,
) -> Result<Result<ApprovalRecord, AnswerError>> {
    let asked = match find(transaction, id).await? {
        Ok(asked) => asked,
        refused => return Ok(refused),
    };
    let state = if approved { ApprovalState::Approved } else { ApprovalState::Rejected };
    if transaction.run(&answered(&asked.id, state, &answer, now)).await? == 0 {
        return Ok(Err(refusal(asked)));
    }
    let event = AuditEvent::Answered { approval: asked.id.clone(), approved, answer: answer.clone() };
    let entry = AuditEntry { at: now, event, tenant: None, plan: plan(&asked.question) };
    audit::append(transaction, &[entry]).await?;
    Ok(Ok(ApprovalRecord { state, answer: Some(answer), ..asked }))
}

fn refusal(asked: ApprovalRecord) -> AnswerError {
    match asked.state {
        ApprovalState::Approved | ApprovalState::Rejected => AnswerError::AlreadyAnswered(Box::new(asked)),
        ApprovalState::Withdrawn => AnswerError::Withdrawn,
        // Nobody has told yet that its time is over, perhaps.
        ApprovalState::Pending | ApprovalState::Expired => AnswerError::Expired,
    }
}

async fn find(transaction: &mut Transaction, id: &str) -> Result<Result<ApprovalRecord, AnswerError>> {
    if id.is_empty() || !id.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return Ok(Err(AnswerError::NotFound));
    }
    let id = id.to_ascii_lowercase();
    let mut query = listed();
    // No hexadecimal digit comes after `f`.
    query
        .and_where(Expr::col(Approvals::Id).gte(id.as_str()))
        .and_where(Expr::col(Approvals::Id).lt(format!("{id}g")))
        .limit(2);
    let rows = transaction.rows(&query).await?;
    Ok(match rows.as_slice() {
        [] => Err(AnswerError::NotFound),
        [row] => Ok(record(row)?),
        _ => Err(AnswerError::Ambiguous),
    })
}

fn insert(approval: &ApprovalRecord) -> InsertStatement {
    use Approvals::{Answer, Asked, Body, Expires, Id, Plan, State};
    let reopened = [ApprovalState::Expired, ApprovalState::Withdrawn].map(|state| state.to_string());
    let mut insert = Query::insert();
    insert
        .into_table(Approvals::Table)
        .columns([Id, State, Plan, Asked, Expires, Answer, Body])
        .values_panic([
            approval.id.as_str().into(),
            approval.state.to_string().into(),
            plan(&approval.question).map(|plan| plan.to_string()).into(),
            approval.asked.as_millisecond().into(),
            approval.expires.as_millisecond().into(),
            approval.answer.as_ref().map(json).into(),
            json(approval).into(),
        ])
        .on_conflict(
            OnConflict::column(Id)
                .update_columns([State, Plan, Asked, Expires, Answer, Body])
                .action_and_where(Expr::col((Approvals::Table, State)).is_in(reopened))
                .to_owned(),
        );
    insert
}

/// The answer, if the question still waits for one: compared and set at once.
fn answered(id: &str, state: ApprovalState, answer: &Answer, now: Timestamp) -> UpdateStatement {
    let mut update = Query::update();
    update
        .table(Approvals::Table)
        .value(Approvals::State, state.to_string())
        .value(Approvals::Answer, json(answer))
        .and_where(Expr::col(Approvals::Id).eq(id))
        .and_where(Expr::col(Approvals::State).eq(ApprovalState::Pending.to_string()))
        .and_where(Expr::col(Approvals::Expires).gt(now.as_millisecond()));
    update
}

/// The end of questions that are open. A no stays a no.
fn closed(state: ApprovalState) -> UpdateStatement {
    let open = [ApprovalState::Pending, ApprovalState::Approved].map(|state| state.to_string());
    let mut update = Query::update();
    update
        .table(Approvals::Table)
        .value(Approvals::State, state.to_string())
        .and_where(Expr::col(Approvals::State).is_in(open));
    update
}

fn listed() -> SelectStatement {
    let mut query = Query::select();
    query
        .columns([Approvals::Body, Approvals::State, Approvals::Answer])
        .from(Approvals::Table)
        .order_by(Approvals::Asked, Order::Desc)
        .order_by(Approvals::Id, Order::Asc);
    query
}

/// What was asked stands in the body; what became of it, in columns.
fn record(row: &Row) -> Result<ApprovalRecord> {
    let answer = if row.get::<Option<&str>>(2)?.is_some() { Some(row.record(2, "answer")?) } else { None };
    Ok(ApprovalRecord { state: row.word(1)?, answer, ..row.record(0, "approval")? })
}

fn plan(question: &Question) -> Option<Hash> {
    match question {
        Question::Plan { plan, .. } => Some(*plan),
        Question::Brake { .. } => None,
    }
}
