//! Opening: is this a database that keeps what it acknowledges, and ours?

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tertulia_domain::Timestamp;
use tertulia_ports::sabotage::{Sabotage, is_on};
use tokio::task::JoinSet;
use tokio_postgres::{Client, Error};
use uuid::Uuid;

use super::connect::Target;
use super::migrate::migrate;
use super::replica::Replica;
use super::{Db, trouble};
use crate::messages::append::Lanes;
use crate::{OpenError, Options};
use tertulia_ports::store::PageCursors;

const SERVER_VERSION_MIN: i32 = 150_000;
const SKEW_MAX_MS: i64 = 60_000;
const PATIENCE: Duration = Duration::from_secs(10);

impl Db {
    pub(crate) async fn open(options: &Options, now: Timestamp) -> Result<Self, OpenError> {
        let mut target = Target::parse("store.url", &options.url, options.schema.as_deref())?;
        let cursor_key = prepare(&mut target, options, now).await?;
        let replica = options.replica_url.as_deref().map(|url| Target::parse("store.replica_url", url, options.schema.as_deref()));
        let replica = replica.transpose()?.map(|target| target.pool(options.pool)).transpose()?;
        let months = Arc::default();
        let db = Self {
            pool: target.pool(options.pool)?,
            replica: replica.map(Replica::new),
            lanes: Lanes::start(target.pool(options.lanes)?, options.lanes, &months),
            months,
            cursors: PageCursors::new(cursor_key),
        };
        db.make_room_ahead(now).await.map_err(|error| OpenError::Database(error.to_string()))?;
        Ok(db)
    }
}

/// Checks and migrates over a connection of its own. Answers the key of cursors.
async fn prepare(target: &mut Target, options: &Options, now: Timestamp) -> Result<[u8; 16], OpenError> {
    let connected = tokio::time::timeout(PATIENCE, target.config.connect(target.tls.clone())).await;
    let Ok(connected) = connected else {
        return Err(OpenError::Unreachable { place: target.place(), why: "no answer".into() });
    };
    let (db, connection) = connected.map_err(|error| target.refused(&error))?;
    let ended = Arc::new(Mutex::new(None));
    let mut driver = JoinSet::new();
    driver.spawn({
        let ended = ended.clone();
        async move { *ended.lock() = connection.await.err() }
    });
    check_server(&db, now).await?;
    if let Some(durable) = check_durability(&db).await? {
        target.set("synchronous_commit", durable);
    }
    if let Some(schema) = &options.schema {
        // Its name is checked: it needs no quotes.
        db.batch_execute(&format!("CREATE SCHEMA IF NOT EXISTS {schema}")).await.map_err(broken)?;
    }
    migrate(&db).await?;
    cursor_key(&db).await.map_err(broken)
}

async fn check_server(db: &Client, now: Timestamp) -> Result<(), OpenError> {
    const SQL: &str =
        "SELECT current_setting('server_version_num')::int, current_setting('server_version'), current_setting('server_encoding'),
        pg_is_in_recovery() OR current_setting('default_transaction_read_only') = 'on',
        (extract(epoch FROM clock_timestamp()) * 1000)::bigint";
    let row = db.query_one(SQL, &[]).await.map_err(broken)?;
    let (number, version, encoding): (i32, String, String) = (row.get(0), row.get(1), row.get(2));
    if number < SERVER_VERSION_MIN {
        return Err(OpenError::TooOld(version));
    }
    if encoding != "UTF8" {
        return Err(OpenError::Encoding(encoding));
    }
    if row.get(3) {
        return Err(OpenError::ReadOnly);
    }
    let skew = row.get::<_, i64>(4).saturating_sub(now.as_millis());
    if skew.saturating_abs() > SKEW_MAX_MS { Err(OpenError::Skewed { seconds: skew / 1_000 }) } else { Ok(()) }
}

/// The value of `synchronous_commit` that sessions have to set; none where theirs is good.
async fn check_durability(db: &Client) -> Result<Option<&'static str>, OpenError> {
    for setting in ["fsync", "full_page_writes"] {
        let found = show(db, setting).await?;
        if found != "on" {
            return Err(OpenError::Weak { setting, found });
        }
    }
    if is_on(Sabotage::Synchronous) {
        return Ok(Some("off"));
    }
    // `remote_write` and `remote_apply` wait for more than we ask for.
    Ok(matches!(show(db, "synchronous_commit").await?.as_str(), "off" | "local").then_some("on"))
}

async fn show(db: &Client, setting: &'static str) -> Result<String, OpenError> {
    let row = db.query_one("SELECT current_setting($1)", &[&setting]).await.map_err(broken)?;
    Ok(row.get(0))
}

async fn cursor_key(db: &Client) -> Result<[u8; 16], Error> {
    let fresh = Uuid::new_v4();
    db.execute("INSERT INTO secrets VALUES ('cursors', $1) ON CONFLICT DO NOTHING", &[&fresh.as_bytes().as_slice()]).await?;
    let row = db.query_one("SELECT value FROM secrets WHERE name = 'cursors'", &[]).await?;
    let key: Vec<u8> = row.try_get(0)?;
    Ok(key.try_into().unwrap_or_default())
}

/// For an error after the connection stood.
pub(crate) fn broken(error: Error) -> OpenError {
    match error.code().map(|code| code.code()) {
        Some("42501") => OpenError::MayNot,
        _ => OpenError::Database(trouble::text(&error)),
    }
}

/// For an error while it was made.
pub(crate) fn denied(target: &Target, error: &Error) -> OpenError {
    let name = |name: Option<&str>| name.unwrap_or_default().to_owned();
    match error.code().map(|code| code.code()) {
        Some("28P01" | "28000") => OpenError::Denied { user: name(target.config.get_user()), place: target.place() },
        Some("3D000") => OpenError::NoDatabase { name: name(target.config.get_dbname()), place: target.place() },
        Some("42501") => OpenError::MayNot,
        // It starts or stops, or has no room for one more.
        Some(code) if code.starts_with("57P") || code.starts_with("53") => {
            OpenError::Unreachable { place: target.place(), why: format!("SQLSTATE {code}") }
        }
        Some(_) => OpenError::Database(trouble::text(error)),
        None => {
            let mut why = error.to_string();
            let mut source = std::error::Error::source(error);
            while let Some(inner) = source {
                why = format!("{why}: {inner}");
                source = inner.source();
            }
            OpenError::Unreachable { place: target.place(), why }
        }
    }
}
