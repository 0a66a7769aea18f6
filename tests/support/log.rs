//! All that a process printed.

use std::io::{BufRead, BufReader, Read};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

/// Grows while the process runs; clones share it.
#[derive(Clone, Default)]
pub struct Log(Arc<(Mutex<Printed>, Condvar)>);

#[derive(Default)]
struct Printed {
    text: String,
    open: usize,
}

impl Log {
    /// Collects what comes out of `pipe` until its end.
    pub(crate) fn follow(&self, pipe: impl Read + Send + 'static) {
        self.0.0.lock().unwrap().open += 1;
        let log = self.clone();
        std::thread::spawn(move || {
            let mut lines = BufReader::new(pipe);
            let mut line = Vec::new();
            while lines.read_until(b'\n', &mut line).is_ok_and(|read| read > 0) {
                log.0.0.lock().unwrap().text.push_str(&String::from_utf8_lossy(&line));
                log.0.1.notify_all();
                line.clear();
            }
            log.0.0.lock().unwrap().open -= 1;
            log.0.1.notify_all();
        });
    }

    pub fn text(&self) -> String {
        self.0.0.lock().unwrap().text.clone()
    }

    /// Waits until `found` sees what it looks for; none when the output ended or the time is up.
    pub(crate) fn wait_for<T>(&self, within: Duration, found: impl Fn(&str) -> Option<T>) -> Option<T> {
        let end = Instant::now() + within;
        let mut printed = self.0.0.lock().unwrap();
        loop {
            if let Some(found) = found(&printed.text) {
                return Some(found);
            }
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() || printed.open == 0 {
                return None;
            }
            printed = self.0.1.wait_timeout(printed, left).unwrap().0;
        }
    }
}
