//! Which server processes work on this database: two clusters on one would lose each other's events.

use tertulia_ports::StoreResult;
use uuid::Uuid;

use super::Db;
use crate::OpenError;
use crate::rows::get;
use crate::sql::{Ran, Tx, exec, one, single};

const ROW: &str = "INSERT INTO nodes (id, cluster, bus, started_at, seen_at) VALUES ($1, $2, $3, clock_timestamp(), clock_timestamp())
    ON CONFLICT (id) DO UPDATE SET seen_at = clock_timestamp()";

/// Somebody who is there with another bus.
type Stranger = (Uuid, String, String, i64);

impl Db {
    /// Puts this process among the nodes. Refused where one seen within 15 s hears another bus or is of another cluster.
    pub(crate) async fn enroll(&self, node: Uuid, cluster: &str, bus: &str) -> Result<(), OpenError> {
        let enrolled = self.write(|db| enroll(db, node, cluster, bus)).await;
        match enrolled.map_err(|error| OpenError::Database(error.to_string()))? {
            None => Ok(()),
            Some((node, cluster, bus, seconds)) => Err(OpenError::OtherCluster { node, cluster, bus, seconds }),
        }
    }

    /// Puts the row back where it was taken away.
    pub(crate) async fn beat(&self, node: Uuid, cluster: &str, bus: &str) -> StoreResult<()> {
        self.write(async |db| exec(&db, ROW, &[&node, &cluster, &bus]).await.map(drop)).await
    }

    pub(crate) async fn leave(&self, node: Uuid) -> StoreResult<()> {
        self.write(async |db| exec(&db, "DELETE FROM nodes WHERE id = $1", &[&node]).await.map(drop)).await
    }
}

async fn enroll(db: Tx, node: Uuid, cluster: &str, bus: &str) -> Ran<Option<Stranger>> {
    const STRANGER: &str = "SELECT id, cluster, bus, extract(epoch FROM clock_timestamp() - seen_at)::bigint FROM nodes
        WHERE id <> $1 AND (bus <> $2 OR cluster <> $3) AND seen_at > clock_timestamp() - interval '15 seconds' ORDER BY seen_at DESC LIMIT 1";
    // Two that start together see each other.
    single(&db, "SELECT pg_advisory_xact_lock(hashtext('tertulia nodes ' || current_schema()))", &[], |_| Ok(())).await?;
    exec(&db, "DELETE FROM nodes WHERE seen_at < clock_timestamp() - interval '1 day'", &[]).await?;
    let stranger = one(&db, STRANGER, &[&node, &bus, &cluster], |row| Ok((get(row, 0)?, get(row, 1)?, get(row, 2)?, get(row, 3)?))).await?;
    if stranger.is_none() {
        exec(&db, ROW, &[&node, &cluster, &bus]).await?;
    }
    Ok(stranger)
}
