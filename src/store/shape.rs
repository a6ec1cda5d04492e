//! Shapes and plans: what was worked out once, so that nobody works it out again.

use sea_query::{Expr, ExprTrait, InsertStatement, OnConflict, Order, Query, SelectStatement};

use super::error::Result;
use super::tables::{Plans, Shapes, Tenants};
use super::{ShapeRecord, Store, json};
use crate::model::{Hash, Plan};

impl Store {
    /// Writes down a shape, in place of what was known of it.
    ///
    /// # Errors
    /// When the state cannot be written.
    pub async fn save_shape(&self, shape: &ShapeRecord) -> Result<()> {
        let mut upsert = Query::insert();
        upsert
            .into_table(Shapes::Table)
            .columns([Shapes::Id, Shapes::Plan, Shapes::Body])
            .values_panic([
                shape.id.to_string().into(),
                shape.plan.map(|plan| plan.to_string()).into(),
                json(shape).into(),
            ])
            .on_conflict(OnConflict::column(Shapes::Id).update_columns([Shapes::Plan, Shapes::Body]).to_owned());
        self.database.write_all(vec![upsert]).await.map(drop)
    }

    /// All shapes, each with the number of tenants that have it.
    ///
    /// # Errors
    /// When the state cannot be read.
    pub async fn shapes(&self) -> Result<Vec<(ShapeRecord, u64)>> {
        let mut query = Query::select();
        query
            .column((Shapes::Table, Shapes::Body))
            .expr(Expr::col((Tenants::Table, Tenants::Name)).count())
            .from(Shapes::Table)
            .left_join(Tenants::Table, Expr::col((Tenants::Table, Tenants::Shape)).equals((Shapes::Table, Shapes::Id)))
            .group_by_columns([(Shapes::Table, Shapes::Id), (Shapes::Table, Shapes::Body)])
            .order_by((Shapes::Table, Shapes::Id), Order::Asc);
        let rows = self.database.read(&query).await?;
        rows.iter().map(|row| Ok((row.record(0, "shape")?, row.get::<i64>(1)?.unsigned_abs()))).collect()
    }

    /// One shape.
    ///
    /// # Errors
    /// When the state cannot be read.
    pub async fn shape(&self, id: Hash) -> Result<Option<ShapeRecord>> {
        let mut query = Query::select();
        query.column(Shapes::Body).from(Shapes::Table).and_where(Expr::col(Shapes::Id).eq(id.to_string()));
        self.database.read(&query).await?.first().map(|row| row.record(0, "shape")).transpose()
    }

    /// Forgets those of some shapes that no tenant has.
    ///
    /// # Errors
    /// When the state cannot be written.
    pub async fn forget_shapes(&self, ids: &[Hash]) -> Result<()> {
        let delete = |ids: &[Hash]| {
            let mut delete = Query::delete();
            delete
                .from_table(Shapes::Table)
                .and_where(Expr::col(Shapes::Id).is_in(ids.iter().map(Hash::to_string)))
                .and_where(Expr::col(Shapes::Id).not_in_subquery(shapes_in_use()));
            delete
        };
        self.database.write_all(ids.chunks(500).map(delete).collect()).await.map(drop)
    }

    /// Keeps a plan under its hash.
    ///
    /// # Errors
    /// When the state cannot be written.
    pub async fn save_plan(&self, plan: &Plan) -> Result<()> {
        self.database.write_all(vec![keep(plan)]).await.map(drop)
    }

    /// The plan with a hash.
    ///
    /// # Errors
    /// When the state cannot be read, or somebody changed the plan.
    pub async fn plan(&self, hash: Hash) -> Result<Option<Plan>> {
        let mut query = Query::select();
        query.column(Plans::Body).from(Plans::Table).and_where(Expr::col(Plans::Hash).eq(hash.to_string()));
        let rows = self.database.read(&query).await?;
        let Some(row) = rows.first() else { return Ok(None) };
        if Hash::of(row.get::<&str>(0)?) != hash {
            return Err(self.database.place.record("plan", format!("its hash is not {hash}")));
        }
        row.record(0, "plan").map(Some)
    }
}

/// What keeps a plan under its hash.
pub(super) fn keep(plan: &Plan) -> InsertStatement {
    let body = json(plan);
    let mut insert = Query::insert();
    insert
        .into_table(Plans::Table)
        .columns([Plans::Hash, Plans::Saved, Plans::Body])
        .values_panic([Hash::of(&body).to_string().into(), jiff::Timestamp::now().as_millisecond().into(), body.into()])
        // The same hash is the same plan; it is needed anew.
        .on_conflict(OnConflict::column(Plans::Hash).update_column(Plans::Saved).to_owned());
    insert
}

fn shapes_in_use() -> SelectStatement {
    let mut query = Query::select();
    query.column(Tenants::Shape).from(Tenants::Table).and_where(Expr::col(Tenants::Shape).is_not_null());
    query
}
