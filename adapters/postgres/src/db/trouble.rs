//! What an error means for those who wait.

use deadpool_postgres::PoolError;
use tertulia_domain::Refusal;
use tertulia_ports::StoreError;
use tokio_postgres::Error;

use crate::sql::Fault;

/// What can be done about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Gravity {
    /// The statement's own fault: it would fail again.
    Operation,
    /// Another one was in the way, or came first: from the beginning it may succeed, or be refused for what it then finds.
    Again,
    /// There is no server, or not this connection, or no room. Nothing was changed.
    Down,
}

pub(crate) fn gravity(error: &Error) -> Gravity {
    let Some(code) = error.code().map(|code| code.code()) else {
        // Not from the server: the connection. What a column holds is no trouble of the connection.
        let ours = error.is_closed() || has_io(error);
        return if ours { Gravity::Down } else { Gravity::Operation };
    };
    match code {
        // serialization failure, deadlock, unique violation
        "40001" | "40P01" | "23505" => Gravity::Again,
        // lock or statement took too long; a standby, or one that became it
        "55P03" | "57014" | "25006" => Gravity::Down,
        // the server goes or comes; connection trouble; no room, memory or connections
        _ if code.starts_with("57P") || code.starts_with("08") || code.starts_with("53") => Gravity::Down,
        _ => Gravity::Operation,
    }
}

fn has_io(error: &Error) -> bool {
    let mut source = std::error::Error::source(error);
    while let Some(inner) = source {
        if inner.is::<std::io::Error>() {
            return true;
        }
        source = inner.source();
    }
    false
}

/// Whether the connection that it came from is of no use any more.
pub(crate) fn is_lost(error: &Error) -> bool {
    gravity(error) == Gravity::Down && error.code().is_none_or(|code| code.code().starts_with("57P"))
}

/// Whether to begin once more: nothing was changed, and it may go better.
pub(crate) fn may_go_better(fault: &Fault) -> bool {
    matches!(fault, Fault::Sql(error) if gravity(error) == Gravity::Again || is_lost(error))
}

/// What the caller of a single operation hears.
pub(crate) fn answer(fault: &Fault) -> StoreError {
    match fault {
        Fault::Refused(refusal) => StoreError::Refused(refusal.clone()),
        Fault::Sql(error) => of_sql(error),
        Fault::Down(why) => StoreError::Down(why.clone()),
        Fault::Unknown(what) | Fault::Broken(what) => StoreError::Failed(what.clone()),
    }
}

fn of_sql(error: &Error) -> StoreError {
    if error.code().is_some_and(|code| code.code() == "22021") {
        // Texts that are not inside JSON.
        return StoreError::Refused(Refusal::field("text", "may not contain U+0000"));
    }
    match gravity(error) {
        Gravity::Operation => StoreError::Failed(text(error)),
        Gravity::Again | Gravity::Down => StoreError::Down(text(error)),
    }
}

/// The code and where it came from: the server's own words may hold values.
pub(crate) fn text(error: &Error) -> String {
    let Some(db) = error.as_db_error() else { return error.to_string() };
    let places = [db.table(), db.column(), db.constraint()].into_iter().flatten();
    places.fold(format!("SQLSTATE {}", db.code().code()), |text, place| format!("{text} {place}"))
}

pub(crate) fn no_connection(error: PoolError) -> Fault {
    Fault::Down(match error {
        PoolError::Backend(error) => format!("no connection: {}", text(&error)),
        PoolError::Timeout(_) => "no connection was free in time".into(),
        PoolError::Closed => "the store is closed".into(),
        other => other.to_string(),
    })
}

/// Before the next try: none at first, then longer, and not the same for everybody.
pub(crate) fn pause(tries: u32) -> std::time::Duration {
    let longest = 5_u64.saturating_pow(tries.saturating_sub(1)).min(200);
    let share = uuid::Uuid::new_v4().as_u64_pair().1 % longest.max(1);
    std::time::Duration::from_millis(share)
}
