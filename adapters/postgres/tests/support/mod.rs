//! A schema of its own for each test, on the server that the environment names.

// Helpers of tests, where a panic is the report; not every test needs all of them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::disallowed_methods, clippy::print_stdout, dead_code)]

use std::time::SystemTime;

use tertulia_domain::Timestamp;
use tertulia_postgres::{Options, Postgres};
use tokio_postgres::{Client, NoTls};
use uuid::Uuid;

pub fn url() -> String {
    std::env::var("TERTULIA_TEST_POSTGRES")
        .expect("TERTULIA_TEST_POSTGRES names no server: run these tests with scripts/with-services.sh, which starts one")
}

pub fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
    Timestamp::from_millis(i64::try_from(since.as_millis()).unwrap()).unwrap()
}

/// Dropped with its tables at the end.
pub struct Schema(pub String);

impl Schema {
    pub fn new() -> Self {
        Self(format!("test_{}", Uuid::new_v4().simple()))
    }

    /// Not as many connections as a server takes: many tests run at once.
    pub fn options(&self) -> Options {
        Options { schema: Some(self.0.clone()), pool: 4, lanes: 2, ..Options::new(url()) }
    }

    pub async fn open(&self) -> Postgres {
        tertulia_postgres::open(&self.options(), now()).await.unwrap()
    }

    /// A connection of the test's own, in the schema.
    pub async fn client(&self) -> Client {
        let client = connect().await;
        client.batch_execute(&format!("SET search_path = {}", self.0)).await.unwrap();
        client
    }
}

pub async fn connect() -> Client {
    let (client, connection) = tokio_postgres::connect(&url(), NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

impl Drop for Schema {
    fn drop(&mut self) {
        let sql = format!("SET lock_timeout = '5s'; DROP SCHEMA IF EXISTS {} CASCADE", self.0);
        // A runtime of its own: the test's may be ending.
        let dropped = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async { connect().await.batch_execute(&sql).await.is_ok() })
        });
        if !dropped.join().unwrap_or_default() {
            println!("schema {} was left behind", self.0);
        }
    }
}
