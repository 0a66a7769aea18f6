//! What is left for whoever asks first: a key each, with the end of its time before the state, eight bytes.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use redis::RedisError;
use redis::aio::MultiplexedConnection;
use tertulia_domain::Timestamp;
use tertulia_ports::{Handover, Handovers, StoreError, StoreResult};
use uuid::Uuid;

use crate::link::Link;
use crate::{Names, Redis};

/// A node that ends leaves where all its connections were, at once.
const KEEP_WITHIN: Duration = Duration::from_secs(5);

pub(crate) struct Kept {
    link: Arc<Link>,
    names: Names,
}

impl Kept {
    pub(crate) fn new(redis: &Redis) -> Self {
        Self { link: redis.link.clone(), names: redis.names.clone() }
    }

    fn connection(&self) -> StoreResult<MultiplexedConnection> {
        self.link.connection().map_err(StoreError::Down)
    }

    fn failed(&self, error: RedisError) -> StoreError {
        self.link.suspect();
        // A server that answers has refused: nothing was changed.
        let refused = !error.is_io_error() && !error.is_timeout();
        if refused { StoreError::Down(error.to_string()) } else { StoreError::Failed(error.to_string()) }
    }
}

#[async_trait]
impl Handovers for Kept {
    async fn keep(&self, handovers: Vec<Handover>, now: Timestamp) -> StoreResult<()> {
        let mut pipeline = redis::pipe();
        pipeline.atomic();
        for Handover { id, state, expires_at } in &handovers {
            let left_ms = expires_at.millis_since(now);
            if left_ms > 0 {
                let value = [&expires_at.as_millis().to_be_bytes(), state.as_slice()].concat();
                pipeline.cmd("SET").arg(self.names.of("handover", id)).arg(value).arg("PX").arg(left_ms).ignore();
            }
        }
        if pipeline.is_empty() {
            return Ok(());
        }
        let mut connection = self.connection()?;
        connection.set_response_timeout(KEEP_WITHIN);
        pipeline.exec_async(&mut connection).await.map_err(|error| self.failed(error))
    }

    async fn take(&self, id: Uuid, now: Timestamp) -> StoreResult<Option<Vec<u8>>> {
        let mut connection = self.connection()?;
        let mut command = redis::cmd("GETDEL");
        command.arg(self.names.of("handover", id));
        let value: Option<Vec<u8>> = command.query_async(&mut connection).await.map_err(|error| self.failed(error))?;
        Ok(value.and_then(|value| {
            let (expires_at, state) = value.split_first_chunk()?;
            (i64::from_be_bytes(*expires_at) > now.as_millis()).then(|| state.to_vec())
        }))
    }
}
