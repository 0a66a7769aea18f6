//! Short words for statements. Every statement is prepared once per connection.

use rusqlite::{Connection, Params, Row};
use tertulia_domain::Refusal;

/// Why an operation inside a transaction did not go through.
#[derive(Debug)]
pub(crate) enum Fault {
    /// By the rules.
    Refused(Refusal),
    Sql(rusqlite::Error),
    /// What is stored makes no sense.
    Broken(String),
}

pub(crate) type Ran<T> = Result<T, Fault>;

impl From<Refusal> for Fault {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<rusqlite::Error> for Fault {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sql(error)
    }
}

impl From<serde_json::Error> for Fault {
    fn from(error: serde_json::Error) -> Self {
        Self::Broken(error.to_string())
    }
}

/// The first row, if there is one.
pub(crate) fn one<T>(db: &Connection, sql: &str, params: impl Params, map: impl FnOnce(&Row<'_>) -> rusqlite::Result<T>) -> Ran<Option<T>> {
    let mut statement = db.prepare_cached(sql)?;
    let mut rows = statement.query(params)?;
    rows.next()?.map(map).transpose().map_err(Fault::from)
}

/// The only row of a query that always has one.
pub(crate) fn single<T>(db: &Connection, sql: &str, params: impl Params, map: impl FnOnce(&Row<'_>) -> rusqlite::Result<T>) -> Ran<T> {
    one(db, sql, params, map)?.ok_or(Fault::Sql(rusqlite::Error::QueryReturnedNoRows))
}

pub(crate) fn all<T>(db: &Connection, sql: &str, params: impl Params, map: impl FnMut(&Row<'_>) -> rusqlite::Result<T>) -> Ran<Vec<T>> {
    let mut statement = db.prepare_cached(sql)?;
    let rows = statement.query_map(params, map)?;
    rows.collect::<Result<_, _>>().map_err(Fault::from)
}

/// Answers the number of rows changed.
pub(crate) fn exec(db: &Connection, sql: &str, params: impl Params) -> Ran<usize> {
    Ok(db.prepare_cached(sql)?.execute(params)?)
}

/// As [`exec`], for a new row: answers its number.
pub(crate) fn insert(db: &Connection, sql: &str, params: impl Params) -> Ran<i64> {
    Ok(db.prepare_cached(sql)?.insert(params)?)
}
