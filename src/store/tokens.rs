//! The tokens that open the API, as they are kept: never the token itself.

use jiff::Timestamp;
use sea_query::{Expr, ExprTrait, Order, Query, SelectStatement};

use super::error::Result;
use super::tables::Tokens;
use super::{Store, TokenRecord, json};

impl Store {
    /// Writes down a new token.
    ///
    /// # Errors
    /// When the state cannot be written, or there is one of that id.
    pub async fn make_token(&self, token: &TokenRecord) -> Result<()> {
        let mut insert = Query::insert();
        insert.into_table(Tokens::Table).columns([Tokens::Id, Tokens::Created, Tokens::Body]).values_panic([
            token.id.as_str().into(),
            token.created.as_millisecond().into(),
            json(token).into(),
        ]);
        self.database.write_all(vec![insert]).await.map(drop)
    }

    /// All tokens, the oldest first, with those that were revoked.
    ///
    /// # Errors
    /// When the state cannot be read.
    pub async fn tokens(&self) -> Result<Vec<TokenRecord>> {
        let mut query = Query::select();
        query.column(Tokens::Body).from(Tokens::Table);
        query.order_by(Tokens::Created, Order::Asc).order_by(Tokens::Id, Order::Asc);
        self.database.read(&query).await?.iter().map(|row| row.record(0, "token")).collect()
    }

    /// The token with an id.
    ///
    /// # Errors
    /// When the state cannot be read.
    pub async fn token(&self, id: &str) -> Result<Option<TokenRecord>> {
        self.database.read(&token(id)).await?.first().map(|row| row.record(0, "token")).transpose()
    }

    /// Revokes a token. Returns whether there was one that had not been revoked.
    ///
    /// # Errors
    /// When the state cannot be written.
    pub async fn revoke_token(&self, id: &str, at: Timestamp) -> Result<bool> {
        let query = token(id);
        self.database
            .write(move |transaction| {
                Box::pin(async move {
                    let Some(row) = transaction.rows(&query).await?.pop() else { return Ok(false) };
                    let record: TokenRecord = row.record(0, "token")?;
                    if record.revoked.is_some() {
                        return Ok(false);
                    }
                    let mut update = Query::update();
                    update.table(Tokens::Table).and_where(Expr::col(Tokens::Id).eq(record.id.as_str()));
                    update.value(Tokens::Body, json(&TokenRecord { revoked: Some(at), ..record }));
                    Ok(transaction.run(&update).await? > 0)
                })
            })
            .await
    }
}

fn token(id: &str) -> SelectStatement {
    let mut query = Query::select();
    query.column(Tokens::Body).from(Tokens::Table).and_where(Expr::col(Tokens::Id).eq(id));
    query
}
