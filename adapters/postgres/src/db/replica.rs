//! A standby that takes reads which may be some seconds old. Without it everything goes on as before.

use std::time::{Duration, Instant};

use deadpool_postgres::Pool;
use parking_lot::Mutex;

use crate::sql::{Ran, Tx, single};

/// Further behind, it is not asked.
const LAG_MAX_S: f64 = 5.0;
/// How long what was seen of it counts.
const SEEN_FOR: Duration = Duration::from_secs(1);
/// How long it may take to answer when it is looked at.
const PATIENCE: Duration = Duration::from_millis(500);

pub(super) struct Replica {
    pool: Pool,
    seen: Mutex<Option<(Instant, bool)>>,
}

impl Replica {
    pub(super) fn new(pool: Pool) -> Self {
        Self { pool, seen: Mutex::new(None) }
    }

    /// A connection to it; none where it is down or behind.
    pub(super) async fn take(&self) -> Option<Tx> {
        let seen = self.seen.lock().filter(|(at, _)| at.elapsed() < SEEN_FOR);
        if seen.is_some_and(|(_, good)| !good) {
            return None;
        }
        let look = async {
            let tx = Tx::new(self.pool.get().await.map_err(super::trouble::no_connection)?);
            let fresh = seen.is_some() || is_fresh(&tx).await?;
            Ran::Ok((tx, fresh))
        };
        let found = tokio::time::timeout(PATIENCE, look).await.ok().and_then(Ran::ok);
        let tx = found.filter(|(_, fresh)| *fresh).map(|(tx, _)| tx);
        if seen.is_none() {
            let was = self.seen.lock().replace((Instant::now(), tx.is_some()));
            if was.is_none_or(|(_, good)| good != tx.is_some()) {
                tracing::info!(usable = tx.is_some(), "the replica was looked at");
            }
            metrics::gauge!("tertulia_store_replica_usable").set(if tx.is_some() { 1.0 } else { 0.0 });
        }
        tx
    }

    pub(super) fn close(&self) {
        self.pool.close();
    }
}

/// Where all that was received is replayed it is as fresh as it can know, however long ago the last change was.
async fn is_fresh(tx: &Tx) -> Ran<bool> {
    const SQL: &str = "SELECT NOT pg_is_in_recovery() OR (EXISTS (SELECT 1 FROM pg_stat_wal_receiver WHERE status = 'streaming')
        AND (pg_last_wal_receive_lsn() = pg_last_wal_replay_lsn()
          OR extract(epoch FROM clock_timestamp() - pg_last_xact_replay_timestamp())::float8 < $1))";
    single(tx, SQL, &[&LAG_MAX_S], |row| Ok(row.try_get::<_, Option<bool>>(0)?.unwrap_or_default())).await
}
