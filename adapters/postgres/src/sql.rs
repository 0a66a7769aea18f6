//! Short words for statements. Every statement is prepared once per connection.

use std::future::Future;
use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::FutureExt;
use tertulia_domain::Refusal;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

/// Why an operation did not go through.
#[derive(Debug)]
pub(crate) enum Fault {
    /// By the rules.
    Refused(Refusal),
    Sql(tokio_postgres::Error),
    /// There is no connection; nothing was done.
    Down(String),
    /// It was sent to be committed, and no answer came.
    Unknown(String),
    /// What is stored makes no sense.
    Broken(String),
}

pub(crate) type Ran<T> = Result<T, Fault>;

impl From<Refusal> for Fault {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<tokio_postgres::Error> for Fault {
    fn from(error: tokio_postgres::Error) -> Self {
        Self::Sql(error)
    }
}

impl From<serde_json::Error> for Fault {
    fn from(error: serde_json::Error) -> Self {
        Self::Broken(error.to_string())
    }
}

/// A connection that one operation has to itself. Statements whose futures are polled together go out together.
#[derive(Clone)]
pub(crate) struct Tx(Arc<Taken>);

struct Taken {
    client: deadpool_postgres::Client,
    open: AtomicBool,
}

impl Tx {
    pub(crate) fn new(client: deadpool_postgres::Client) -> Self {
        Self(Arc::new(Taken { client, open: AtomicBool::new(false) }))
    }

    /// Begins a transaction and runs `op` in it; `BEGIN` does not wait for an answer of its own.
    pub(crate) async fn begin<T>(&self, begin: &'static str, op: impl Future<Output = Ran<T>>) -> Ran<T> {
        self.0.open.store(true, Ordering::Relaxed);
        let begun = self.0.client.batch_execute(begin).map(|begun| begun.map_err(Fault::from));
        let ((), value) = futures_util::try_join!(begun, op)?;
        Ok(value)
    }

    /// Afterwards all that was done is on disk.
    pub(crate) async fn commit(&self) -> Ran<()> {
        let outcome = self.0.client.batch_execute("COMMIT").await;
        self.committed();
        outcome.map_err(unknown)
    }

    /// Nothing is left to be rolled back.
    pub(crate) fn committed(&self) {
        self.0.open.store(false, Ordering::Relaxed);
    }
}

/// An error in answer to `COMMIT`: only what says that it was rolled back is sure.
pub(crate) fn unknown(error: tokio_postgres::Error) -> Fault {
    match error.code().map(|code| code.code()) {
        Some(code) if code.starts_with("40") || code.starts_with("23") => Fault::Sql(error),
        Some(code) => Fault::Unknown(format!("commit: SQLSTATE {code}")),
        None => Fault::Unknown("the connection ended while it was committed".into()),
    }
}

impl Deref for Tx {
    type Target = deadpool_postgres::ClientWrapper;

    fn deref(&self) -> &Self::Target {
        &self.0.client
    }
}

impl Drop for Taken {
    /// Whatever was not committed is rolled back before anybody else gets the connection, also where the caller went away.
    fn drop(&mut self) {
        if *self.open.get_mut() {
            drop(self.client.batch_execute("ROLLBACK").now_or_never());
        }
    }
}

pub(crate) type Params<'a> = &'a [&'a (dyn ToSql + Sync)];

/// The first row, if there is one.
pub(crate) async fn one<T>(db: &Tx, sql: &str, params: Params<'_>, map: impl FnOnce(&Row) -> Ran<T>) -> Ran<Option<T>> {
    let statement = db.prepare_cached(sql).await?;
    let rows = db.query(&statement, params).await?;
    rows.first().map(map).transpose()
}

/// The only row of a query that always has one.
pub(crate) async fn single<T>(db: &Tx, sql: &str, params: Params<'_>, map: impl FnOnce(&Row) -> Ran<T>) -> Ran<T> {
    one(db, sql, params, map).await?.ok_or_else(|| Fault::Broken("a query that always has a row had none".into()))
}

pub(crate) async fn all<T>(db: &Tx, sql: &str, params: Params<'_>, map: impl FnMut(&Row) -> Ran<T>) -> Ran<Vec<T>> {
    let statement = db.prepare_cached(sql).await?;
    let rows = db.query(&statement, params).await?;
    rows.iter().map(map).collect()
}

/// Whether there is a row.
pub(crate) async fn is_there(db: &Tx, sql: &str, params: Params<'_>) -> Ran<bool> {
    Ok(one(db, sql, params, |_| Ok(())).await?.is_some())
}

/// Answers the number of rows changed.
pub(crate) async fn exec(db: &Tx, sql: &str, params: Params<'_>) -> Ran<u64> {
    let statement = db.prepare_cached(sql).await?;
    Ok(db.execute(&statement, params).await?)
}
