//! The progress bar; none where standard error is no terminal.

use std::io::{IsTerminal, stderr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::source::Source;

pub struct Progress {
    bar: ProgressBar,
    /// Bytes read so far.
    read: Arc<AtomicU64>,
}

impl Progress {
    pub fn new(source: &Source) -> Self {
        let target = if stderr().is_terminal() { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let template = match source.size {
            Some(_) => "{bar:40} {percent}% {msg} {eta} left",
            None => "{spinner} {msg} {elapsed}",
        };
        let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
        let bar = ProgressBar::with_draw_target(source.size, target).with_style(style);
        bar.enable_steady_tick(Duration::from_millis(200));
        Self { bar, read: source.read.clone() }
    }

    pub fn show(&self, lines: u64) {
        self.bar.set_position(self.read.load(Ordering::Relaxed));
        self.bar.set_message(format!("{lines} messages"));
    }

    pub fn finish(&self) {
        self.bar.finish_and_clear();
    }
}
