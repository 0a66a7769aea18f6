//! Partitions of `messages` and `events`: one for each calendar month (UTC), there before the first row of its time comes.

use std::collections::HashSet;

use jiff::Span;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use parking_lot::Mutex;
use tertulia_domain::Timestamp;
use tertulia_ports::StoreResult;

use super::{Db, trouble};
use crate::sql::{Fault, Ran, Tx, single};

/// Months made ahead, the present one included.
const AHEAD: usize = 3;

/// Those that are known to be there.
#[derive(Default)]
pub(crate) struct Months {
    known: Mutex<HashSet<Date>>,
}

impl Months {
    fn is_known(&self, month: Date) -> bool {
        self.known.lock().contains(&month)
    }

    /// For when a row found no place: somebody may have taken a month away.
    pub(crate) fn forget(&self) {
        self.known.lock().clear();
    }
}

/// The first day of the month that it is in.
fn month_of(at: Timestamp) -> Ran<Date> {
    let at = jiff::Timestamp::from_millisecond(at.as_millis()).map_err(|error| Fault::Broken(error.to_string()))?;
    Ok(at.to_zoned(TimeZone::UTC).date().first_of_month())
}

/// Its name's end, and its first millisecond and that of the next one.
fn bounds(month: Date) -> Ran<(String, i64, i64)> {
    let range = start(month).and_then(|from| Ok((from, start(next(month)?)?)));
    let (from, until) = range.map_err(|error| Fault::Broken(error.to_string()))?;
    Ok((format!("y{:04}m{:02}", month.year(), month.month()), from, until))
}

fn start(month: Date) -> Result<i64, jiff::Error> {
    month.to_zoned(TimeZone::UTC).map(|zoned| zoned.timestamp().as_millisecond())
}

fn next(month: Date) -> Result<Date, jiff::Error> {
    month.checked_add(Span::new().months(1))
}

impl Db {
    /// Before a row of this time is written.
    pub(crate) async fn make_room(&self, at: Timestamp) -> StoreResult<()> {
        let month = month_of(at).map_err(|fault| trouble::answer(&fault))?;
        if self.months.is_known(month) {
            return Ok(());
        }
        self.write(|db| make(db, month)).await?;
        self.months.known.lock().insert(month);
        Ok(())
    }

    /// This month and the next two.
    pub(crate) async fn make_room_ahead(&self, now: Timestamp) -> StoreResult<()> {
        let (mut at, mut made) = (now, 0);
        while made < AHEAD {
            self.make_room(at).await?;
            let (_, _, until) = month_of(at).and_then(bounds).map_err(|fault| trouble::answer(&fault))?;
            at = Timestamp::from_millis(until).unwrap_or(at);
            made += 1;
        }
        Ok(())
    }
}

/// Attached rather than created in place: that lets others read and write meanwhile.
async fn make(db: Tx, month: Date) -> Ran<()> {
    let (name, from, until) = bounds(month)?;
    single(&db, "SELECT pg_advisory_xact_lock(hashtext('tertulia months ' || current_schema()))", &[], |_| Ok(())).await?;
    for table in ["messages", "events"] {
        let partition = format!("{table}_{name}");
        let there = single(&db, "SELECT to_regclass($1::text) IS NOT NULL", &[&partition], |row| Ok(row.try_get::<_, bool>(0)?)).await?;
        if !there {
            db.batch_execute(&format!(
                "CREATE TABLE {partition} (LIKE {table} INCLUDING DEFAULTS);
                 ALTER TABLE {table} ATTACH PARTITION {partition} FOR VALUES FROM ({from}) TO ({until})"
            ))
            .await?;
        }
    }
    Ok(())
}
