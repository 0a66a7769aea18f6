//! What cannot be opened says why and what to do, and never the password.

// Helpers of tests, where a panic is the report.
#![allow(clippy::unwrap_used, clippy::panic)]

mod support;

use support::{Schema, connect, now, url};
use tertulia_domain::Timestamp;
use tertulia_postgres::{OpenError, Options};

async fn refused(options: &Options, now: Timestamp) -> OpenError {
    match tertulia_postgres::open(options, now).await {
        Ok(_) => panic!("it was opened"),
        Err(error) => error,
    }
}

/// `postgres://user:password@place/database`, taken apart.
fn pieces() -> (String, String, String) {
    let url = url();
    let (_, rest) = url.split_once("://").unwrap();
    let (who, rest) = rest.rsplit_once('@').unwrap();
    let (place, database) = rest.split_once('/').unwrap();
    (who.to_owned(), place.to_owned(), database.to_owned())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bad_urls_are_explained() {
    let (who, place, database) = pieces();
    let user = who.split(':').next().unwrap();
    for (url, says) in [
        (String::new(), "postgres://user:password@host:port/database"),
        ("mysql://u:s3cret@localhost/x".into(), "does not begin with postgres://"),
        ("postgres://u:s3cret@localhost".into(), "names no database"),
        ("postgres://u:s3cret@localhost:port/x".into(), "cannot be read"),
        ("postgres://u:s3cret@localhost/x?sslmode=maybe".into(), "sslmode is disable, prefer, require, verify-ca or verify-full"),
        ("postgres://u:s3cret@localhost/x?sslmode=verify-full&sslrootcert=/nowhere.pem".into(), "sslrootcert /nowhere.pem"),
        ("postgres://u:s3cret@127.0.0.1:9/x".into(), "cannot be reached"),
        ("postgres://u:s3cret@no.such.host.invalid/x".into(), "no.such.host.invalid:5432"),
        (format!("postgres://{user}:s3cret@{place}/{database}"), "does not let"),
        (format!("postgres://nobody_s:s3cret@{place}/{database}"), "does not let"),
        (format!("postgres://{who}@{place}/no_such_database"), "there is no database \"no_such_database\""),
    ] {
        let error = refused(&Options::new(&url), now()).await;
        let text = error.to_string();
        assert!(text.contains("store.url") && text.contains(says), "{url}: {text}");
        assert!(!text.contains("s3cret") && !text.contains(&who), "{text}");
        assert_eq!(error.may_pass(), says.contains("reached") || says.contains("invalid"), "{text}");
    }
    let error = refused(&Options { schema: Some("a b".into()), ..Options::new(support::url()) }, now()).await;
    assert!(error.to_string().contains("store.schema"), "{error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_schema_that_is_not_ours_is_left_alone() {
    let schema = Schema::new();
    let client = connect().await;
    client.batch_execute(&format!("CREATE SCHEMA {0}; CREATE TABLE {0}.users (id int)", schema.0)).await.unwrap();
    assert!(matches!(refused(&schema.options(), now()).await, OpenError::Foreign));
    client.batch_execute(&format!("DROP TABLE {}.users", schema.0)).await.unwrap();
    // Many nodes that start at once make it once.
    let (one, two, three) = (schema.options(), schema.options(), schema.options());
    let opened =
        tokio::join!(tertulia_postgres::open(&one, now()), tertulia_postgres::open(&two, now()), tertulia_postgres::open(&three, now()));
    assert!(opened.0.is_ok() && opened.1.is_ok() && opened.2.is_ok());
    let client = schema.client().await;
    client.batch_execute("INSERT INTO migrations VALUES (99, '')").await.unwrap();
    assert!(matches!(refused(&schema.options(), now()).await, OpenError::Newer { found: 99, .. }));
    client.batch_execute("DELETE FROM migrations WHERE version = 99; UPDATE migrations SET checksum = '' WHERE version = 1").await.unwrap();
    assert!(matches!(refused(&schema.options(), now()).await, OpenError::Altered(1)));
    client.batch_execute("DELETE FROM migrations; INSERT INTO migrations VALUES (0, '')").await.unwrap();
    let error = refused(&schema.options(), now()).await;
    assert!(error.to_string().starts_with("store.url"), "{error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_would_lose_or_confuse_is_refused() {
    let schema = Schema::new();
    let error = refused(&schema.options(), now().plus_millis(120_000)).await;
    assert!(matches!(error, OpenError::Skewed { seconds: -121..=-119 }) && error.to_string().contains("NTP"), "{error}");
    let options = |parameters: &str| Options { url: format!("{}?options={parameters}", url()), ..schema.options() };
    let error = refused(&options("-c%20default_transaction_read_only=on"), now()).await;
    assert!(matches!(error, OpenError::ReadOnly), "{error}");
    let (who, place, _) = pieces();
    let latin = format!("test_latin_{}", std::process::id());
    let client = connect().await;
    client.batch_execute(&format!("CREATE DATABASE {latin} ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0")).await.unwrap();
    let error = refused(&Options::new(format!("postgres://{who}@{place}/{latin}")), now()).await;
    client.batch_execute(&format!("DROP DATABASE {latin} WITH (FORCE)")).await.unwrap();
    assert!(matches!(error, OpenError::Encoding(_)) && error.to_string().contains("UTF8"), "{error}");
}
