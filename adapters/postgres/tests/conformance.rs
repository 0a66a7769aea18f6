//! The suite of the store's port, on a PostgreSQL server.

mod support;

use support::Schema;
use tertulia_ports::Store;
use tertulia_postgres::Postgres;

async fn open() -> (Store, (Postgres, Schema)) {
    let schema = Schema::new();
    let postgres = schema.open().await;
    (postgres.store.clone(), (postgres, schema))
}

tertulia_testkit::store_suite!(open());
