//! Connections, transactions, and what is done again when others were in the way.

pub(crate) mod connect;
pub(crate) mod migrate;
pub(crate) mod months;
pub(crate) mod nodes;
pub(crate) mod open;
mod replica;
pub(crate) mod trouble;

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use deadpool_postgres::Pool;
use tertulia_domain::Timestamp;
use tertulia_ports::StoreResult;

use crate::messages::append::Lanes;
use crate::sql::{Fault, Ran, Tx, is_there};
use months::Months;
use replica::Replica;
use tertulia_ports::store::PageCursors;

/// How often an operation begins again after a deadlock, a lost race or a lost connection, before anything was committed.
const TRIES: u32 = 6;
const HEALTH_TIMEOUT: Duration = Duration::from_secs(2);

const WRITE: &str = "BEGIN ISOLATION LEVEL READ COMMITTED";
const READ: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";

/// The open store. Each area of the port is implemented on it, in the module of its name.
pub(crate) struct Db {
    pool: Pool,
    replica: Option<Replica>,
    pub(crate) lanes: Lanes,
    months: Arc<Months>,
    pub(crate) cursors: PageCursors,
}

impl Db {
    /// Runs `op` in a transaction of its own; whatever it changed is on disk when this answers `Ok`, and undone when it answers an
    /// error. `op` may run more than once: each time from the beginning.
    pub(crate) async fn write<T, F, R>(&self, op: F) -> StoreResult<T>
    where
        F: Fn(Tx) -> R,
        R: Future<Output = Ran<T>>,
    {
        let mut tries = Tries::default();
        loop {
            match self.transact(&op).await {
                Ok(value) => return Ok(value),
                Err(fault) => tries.go_on(fault).await?,
            }
        }
    }

    /// As [`Db::write`], for what puts events into a log at this time.
    pub(crate) async fn write_log<T, F, R>(&self, at: Timestamp, op: F) -> StoreResult<T>
    where
        F: Fn(Tx) -> R,
        R: Future<Output = Ran<T>>,
    {
        self.make_room(at).await?;
        self.write(op).await
    }

    /// Runs `op`, a single statement, by itself.
    pub(crate) async fn glance<T, F, R>(&self, op: F) -> StoreResult<T>
    where
        F: Fn(Tx) -> R,
        R: Future<Output = Ran<T>>,
    {
        let mut tries = Tries::default();
        loop {
            let outcome = match self.take().await {
                Ok(tx) => op(tx).await,
                Err(fault) => Err(fault),
            };
            match outcome {
                Ok(value) => return Ok(value),
                Err(fault) => tries.go_on(fault).await?,
            }
        }
    }

    /// Runs `op` on one consistent view, which shows all that was answered before.
    pub(crate) async fn read<T, F, R>(&self, op: F) -> StoreResult<T>
    where
        F: Fn(Tx) -> R,
        R: Future<Output = Ran<T>>,
    {
        let mut tries = Tries::default();
        loop {
            let outcome = match self.take().await {
                // There is nothing to commit: whoever has the connection next finds it rolled back.
                Ok(tx) => tx.begin(READ, op(tx.clone())).await,
                Err(fault) => Err(fault),
            };
            match outcome {
                Ok(value) => return Ok(value),
                Err(fault) => tries.go_on(fault).await?,
            }
        }
    }

    /// As [`Db::read`], for what may be some seconds old.
    pub(crate) async fn read_stale<T, F, R>(&self, op: F) -> StoreResult<T>
    where
        F: Fn(Tx) -> R,
        R: Future<Output = Ran<T>>,
    {
        if let Some(tx) = self.replica().await
            && let Ok(value) = tx.begin(READ, op(tx.clone())).await
        {
            return Ok(value);
        }
        self.read(op).await
    }

    async fn transact<T, F, R>(&self, op: &F) -> Ran<T>
    where
        F: Fn(Tx) -> R,
        R: Future<Output = Ran<T>>,
    {
        let tx = self.take().await?;
        let value = tx.begin(WRITE, op(tx.clone())).await?;
        tx.commit().await?;
        Ok(value)
    }

    async fn replica(&self) -> Option<Tx> {
        match &self.replica {
            Some(replica) => replica.take().await,
            None => None,
        }
    }

    async fn take(&self) -> Ran<Tx> {
        self.pool.get().await.map(Tx::new).map_err(trouble::no_connection)
    }

    /// Why the store cannot be written to right now.
    pub(crate) async fn health(&self) -> Result<(), String> {
        let asked = async {
            let tx = self.take().await?;
            is_there(&tx, "SELECT 1 WHERE NOT pg_is_in_recovery() AND current_setting('transaction_read_only') = 'off'", &[]).await
        };
        match tokio::time::timeout(HEALTH_TIMEOUT, asked).await {
            Ok(Ok(true)) => self.lanes.health(),
            Ok(Ok(false)) => Err("the database takes no writes: it is a standby, or set to read only".into()),
            Ok(Err(fault)) => Err(trouble::answer(&fault).to_string()),
            Err(_) => Err(format!("the database gave no answer within {} s", HEALTH_TIMEOUT.as_secs())),
        }
    }

    pub(crate) async fn close(&self) {
        self.lanes.close().await;
        self.pool.close();
        if let Some(replica) = &self.replica {
            replica.close();
        }
    }
}

/// How often something was begun.
#[derive(Default)]
struct Tries(u32);

impl Tries {
    /// After a moment, where it is worth another try: nothing was changed, and it was not tried too often.
    async fn go_on(&mut self, fault: Fault) -> StoreResult<()> {
        self.0 += 1;
        if self.0 >= TRIES || !trouble::may_go_better(&fault) {
            return Err(trouble::answer(&fault));
        }
        metrics::counter!("tertulia_store_retries_total").increment(1);
        tokio::time::sleep(trouble::pause(self.0)).await;
        Ok(())
    }
}
