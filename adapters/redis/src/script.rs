//! Scripts that run many times over in one round trip.

use redis::aio::MultiplexedConnection;
use redis::{ErrorKind, FromRedisValue, Pipeline, RedisResult, ServerErrorKind, ToRedisArgs};

use crate::link::Link;

/// In one round trip: more would hold up what others ask on the same connection.
const CALLS_MAX: usize = 1_000;

/// A script for one key.
pub(crate) struct Script(redis::Script);

/// A call: its key and what else it is given.
pub(crate) struct Call<A> {
    pub(crate) key: String,
    pub(crate) args: A,
}

impl Script {
    pub(crate) fn new(parts: &[&str]) -> Self {
        Self(redis::Script::new(&parts.concat()))
    }

    /// All answers in the order of the calls. What went wrong is for the operator; some may have been carried out then.
    pub(crate) async fn run<A: ToRedisArgs, T: FromRedisValue>(&self, link: &Link, calls: &[Call<A>]) -> Result<Vec<T>, String> {
        let mut answers = Vec::with_capacity(calls.len());
        for calls in calls.chunks(CALLS_MAX) {
            let mut connection = link.connection()?;
            let answered = self.try_run(&mut connection, calls).await.map_err(|error| {
                link.suspect();
                error.to_string()
            })?;
            answers.extend(answered);
        }
        Ok(answers)
    }

    /// A Redis that was restarted, or whose place another took, does not know the script.
    async fn try_run<A: ToRedisArgs, T: FromRedisValue>(
        &self,
        connection: &mut MultiplexedConnection,
        calls: &[Call<A>],
    ) -> RedisResult<Vec<T>> {
        let pipeline = self.pipeline(calls);
        match pipeline.query_async(connection).await {
            Err(error) if error.kind() == ErrorKind::Server(ServerErrorKind::NoScript) => {
                self.0.prepare_invoke().load_async(connection).await?;
                pipeline.query_async(connection).await
            }
            answered => answered,
        }
    }

    fn pipeline<A: ToRedisArgs>(&self, calls: &[Call<A>]) -> Pipeline {
        let mut pipeline = Pipeline::with_capacity(calls.len());
        for call in calls {
            pipeline.cmd("EVALSHA").arg(self.0.get_hash()).arg(1).arg(&call.key).arg(&call.args);
        }
        pipeline
    }
}
