use rusqlite::ffi;

use super::*;

fn writer() -> Writer {
    let db = Connection::open_in_memory().unwrap();
    db.execute_batch("CREATE TABLE secrets (name TEXT, value BLOB); INSERT INTO secrets VALUES ('cursors', x'00')").unwrap();
    Writer::start(db)
}

impl Writer {
    async fn write<T: Send + 'static>(&self, op: impl FnOnce(&Connection) -> Ran<T> + Send + 'static) -> StoreResult<T> {
        self.run(op, Undo::Changes).await
    }
}

fn put(bytes: usize) -> impl FnOnce(&Connection) -> Ran<usize> + Send + 'static {
    move |db| exec(db, "INSERT INTO secrets VALUES ('x', zeroblob(?))", [bytes as i64])
}

async fn rows(writer: &Writer) -> i64 {
    writer.write(|db| crate::sql::single(db, "SELECT count(*) FROM secrets", [], |row| row.get(0))).await.unwrap()
}

#[tokio::test]
async fn what_is_refused_undoes_itself_and_nothing_else() {
    let writer = writer();
    let refused = |db: &Connection| -> Ran<()> {
        exec(db, "INSERT INTO secrets VALUES ('y', x'00')", [])?;
        Err(tertulia_domain::Refusal::not_found().into())
    };
    let (good, bad, wrong, also_good) = tokio::join!(
        writer.write(put(1)),
        writer.write(refused),
        writer.write(|db| exec(db, "INSERT INTO nowhere VALUES (1)", [])),
        writer.write(put(1)),
    );
    assert!(good.is_ok() && also_good.is_ok());
    assert!(matches!(bad, Err(StoreError::Refused(_))) && matches!(wrong, Err(StoreError::Failed(_))));
    assert_eq!(rows(&writer).await, 3);
    assert_eq!(writer.health().await, Ok(()));
}

#[tokio::test]
async fn what_promised_to_change_nothing_before_it_is_refused_is_held_to_it() {
    let writer = writer();
    let refused = |_: &Connection| -> Ran<()> { Err(tertulia_domain::Refusal::not_found().into()) };
    let (good, bad) = tokio::join!(writer.run(put(1), Undo::Nothing), writer.run(refused, Undo::Nothing));
    assert!(good.is_ok() && matches!(bad, Err(StoreError::Refused(_))));
    let liar = |db: &Connection| -> Ran<()> {
        exec(db, "INSERT INTO secrets VALUES ('y', x'00')", [])?;
        Err(tertulia_domain::Refusal::not_found().into())
    };
    assert!(matches!(writer.run(liar, Undo::Nothing).await, Err(StoreError::Down(_))));
    assert_eq!(rows(&writer).await, 2, "nothing of its batch is kept");
    assert_eq!(writer.health().await, Ok(()));
}

#[tokio::test]
async fn what_is_patient_is_written_with_the_next_or_after_a_moment() {
    let writer = writer();
    let began = std::time::Instant::now();
    assert_eq!(writer.run_patiently(put(1), Undo::Nothing).await.unwrap(), 1);
    assert!(began.elapsed() >= PATIENCE, "nothing else came");
    // What came after it comes after it.
    let count = |db: &Connection| crate::sql::single(db, "SELECT count(*) FROM secrets", [], |row| row.get::<_, i64>(0));
    let (patient, seen) = tokio::join!(writer.run_patiently(put(1), Undo::Nothing), writer.write(count));
    assert_eq!((patient.unwrap(), seen.unwrap()), (1, 3));
}

#[tokio::test]
async fn what_is_patient_when_the_writer_ends_is_written_or_refused() {
    let writer = writer();
    let (patient, ()) = tokio::join!(writer.run_patiently(put(1), Undo::Nothing), writer.close());
    patient.unwrap();
    assert!(matches!(writer.run_patiently(put(1), Undo::Nothing).await, Err(StoreError::Down(_))));
}

#[tokio::test]
async fn a_full_disk_passes() {
    let writer = writer();
    let limit = |pages: u32| move |db: &Connection| Ok(db.query_row(&format!("PRAGMA max_page_count = {pages}"), [], |_| Ok(()))?);
    writer.write(limit(10)).await.unwrap();
    assert!(matches!(writer.write(put(1_000_000)).await, Err(StoreError::Down(_))));
    assert_eq!(rows(&writer).await, 1, "reads go on, and nothing was changed");
    assert!(matches!(writer.write(put(1_000_000)).await, Err(StoreError::Down(_))));
    writer.write(limit(10_000)).await.unwrap();
    writer.write(put(1_000_000)).await.unwrap();
    assert_eq!(writer.health().await, Ok(()));
}

#[tokio::test]
async fn a_storage_that_failed_is_never_trusted_again() {
    let writer = writer();
    writer.write(put(1)).await.unwrap();
    let failing = |_: &Connection| -> Ran<()> { Err(Error::SqliteFailure(ffi::Error::new(ffi::SQLITE_IOERR_FSYNC), None).into()) };
    assert!(matches!(writer.write(failing).await, Err(StoreError::Down(_))));
    for _ in 0..2 {
        assert!(matches!(writer.write(put(1)).await, Err(StoreError::Down(_))));
        assert!(writer.health().await.is_err());
    }
}

#[tokio::test]
async fn a_caller_who_went_away_changes_nothing() {
    let writer = writer();
    let (slow, began) = (std::time::Duration::from_millis(50), Arc::new(tokio::sync::Notify::new()));
    let signal = began.clone();
    let holding = writer.write(move |_| {
        signal.notify_one();
        std::thread::sleep(slow);
        Ok(())
    });
    let impatient = async {
        began.notified().await;
        tokio::time::timeout(std::time::Duration::from_millis(1), writer.write(put(1))).await.unwrap_err();
    };
    let (held, ()) = tokio::join!(holding, impatient);
    held.unwrap();
    assert_eq!(rows(&writer).await, 1);
}
