//! A connection that finds its server again by itself.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::future::BoxFuture;
use parking_lot::Mutex;
use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Client, ErrorKind, PushInfo, PushKind, RedisError};
use tokio::sync::Notify;

use crate::open::OpenError;
use crate::task::Task;

/// How long an answer may take. Whoever may wait for longer says so.
pub(crate) const ANSWER_WITHIN: Duration = Duration::from_secs(1);
const CONNECT_WITHIN: Duration = Duration::from_secs(1);
/// A cut network says nothing: both together are how long it takes to be noticed.
const PING_EVERY: Duration = Duration::from_secs(1);
const PONG_WITHIN: Duration = Duration::from_secs(2);
const BACK_OFF: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(2));

/// Done with each new connection before it counts.
pub(crate) type SetUp = Box<dyn Fn(MultiplexedConnection) -> BoxFuture<'static, Result<(), OpenError>> + Send + Sync>;
/// Called with what the server says unasked, in the task that reads the connection.
pub(crate) type Pushed = Arc<dyn Fn(PushInfo) + Send + Sync>;

/// Shared by all that use one connection.
pub(crate) struct Link {
    up: AtomicBool,
    state: Mutex<Result<MultiplexedConnection, String>>,
    doubt: Arc<Doubt>,
    _keeper: Mutex<Option<Task>>,
}

#[derive(Default)]
struct Doubt {
    raised: Notify,
    /// Nothing more is to be asked of it.
    broken: AtomicBool,
}

struct Keeper {
    name: &'static str,
    client: Client,
    config: AsyncConnectionConfig,
    set_up: SetUp,
}

impl Link {
    /// Connects once, so that whoever starts learns what is wrong; from then on for ever. `name`: for the log.
    /// `may_be_away`: that it is not reached is no error, either.
    pub(crate) async fn open(
        name: &'static str,
        client: Client,
        set_up: SetUp,
        pushed: Option<Pushed>,
        may_be_away: bool,
    ) -> Result<Arc<Self>, OpenError> {
        let doubt = Arc::new(Doubt::default());
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(CONNECT_WITHIN))
            .set_response_timeout(Some(ANSWER_WITHIN))
            .set_push_sender(listener(doubt.clone(), pushed));
        let keeper = Keeper { name, client, config, set_up };
        let connection = match keeper.connect().await {
            Err(error) if !may_be_away || !error.is_passing() => return Err(error),
            connected => connected,
        };
        let link = Arc::new(Self {
            up: AtomicBool::new(connection.is_ok()),
            state: Mutex::new(connection.as_ref().cloned().map_err(ToString::to_string)),
            doubt: doubt.clone(),
            _keeper: Mutex::default(),
        });
        // The task holds no link: it ends when the last user is gone.
        let kept = Arc::downgrade(&link);
        *link._keeper.lock() = Some(Task::start(async move {
            let mut connected = connection;
            loop {
                match connected {
                    Ok(connection) => {
                        let error = watch(connection, &doubt).await;
                        let Some(link) = kept.upgrade() else { return };
                        tracing::warn!(connection = keeper.name, %error, "lost Redis");
                        link.down(format!("Redis does not answer: {error}"));
                    }
                    Err(error) => tracing::warn!(connection = keeper.name, %error, "started without Redis"),
                }
                let connection = keeper.reconnect(&kept).await;
                let Some(link) = kept.upgrade() else { return };
                link.set(connection.clone());
                tracing::info!(connection = keeper.name, "found Redis again");
                connected = Ok(connection);
            }
        }));
        Ok(link)
    }

    pub(crate) fn is_up(&self) -> bool {
        self.up.load(Ordering::Relaxed)
    }

    /// The connection as it is now; why there is none, for the operator.
    pub(crate) fn connection(&self) -> Result<MultiplexedConnection, String> {
        self.state.lock().clone()
    }

    /// One atomic as long as it is well.
    pub(crate) fn health(&self) -> Result<(), String> {
        if self.is_up() { Ok(()) } else { self.connection().map(drop) }
    }

    /// Something went wrong with it: it is looked after at once.
    pub(crate) fn suspect(&self) {
        self.doubt.raised.notify_one();
    }

    /// Something was lost on it: there has to be another.
    pub(crate) fn replace(&self) {
        self.doubt.broken.store(true, Ordering::Relaxed);
        self.doubt.raised.notify_one();
    }

    fn down(&self, trouble: String) {
        self.up.store(false, Ordering::Relaxed);
        *self.state.lock() = Err(trouble);
    }

    fn set(&self, connection: MultiplexedConnection) {
        *self.state.lock() = Ok(connection);
        self.up.store(true, Ordering::Relaxed);
    }
}

impl Keeper {
    async fn connect(&self) -> Result<MultiplexedConnection, OpenError> {
        let connection = self.client.get_multiplexed_async_connection_with_config(&self.config).await?;
        (self.set_up)(connection.clone()).await?;
        Ok(connection)
    }

    async fn reconnect(&self, link: &std::sync::Weak<Link>) -> MultiplexedConnection {
        let mut pause = BACK_OFF.0;
        loop {
            match self.connect().await {
                Ok(connection) => return connection,
                Err(error) => link.upgrade().iter().for_each(|link| link.down(error.to_string())),
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(BACK_OFF.1);
        }
    }
}

fn listener(doubt: Arc<Doubt>, pushed: Option<Pushed>) -> impl Fn(PushInfo) -> Result<(), std::convert::Infallible> + Send + Sync {
    move |info| {
        match &pushed {
            _ if info.kind == PushKind::Disconnection => doubt.raised.notify_one(),
            Some(pushed) => pushed(info),
            None => {}
        }
        Ok(())
    }
}

/// Returns when it is of no more use.
async fn watch(mut connection: MultiplexedConnection, doubt: &Doubt) -> RedisError {
    connection.set_response_timeout(PONG_WITHIN);
    loop {
        // Either way it is asked.
        drop(tokio::time::timeout(PING_EVERY, doubt.raised.notified()).await);
        if doubt.broken.swap(false, Ordering::Relaxed) {
            return (ErrorKind::Io, "it did not take what was sent").into();
        }
        if let Err(error) = redis::cmd("PING").exec_async(&mut connection).await {
            return error;
        }
    }
}
