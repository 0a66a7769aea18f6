//! What is shown while something runs: a bar on a terminal, nothing elsewhere.

use std::io::{IsTerminal, stderr};

use futures_util::{StreamExt, TryStreamExt, stream};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// One step of a scenario.
pub struct Progress(ProgressBar);

impl Progress {
    pub fn new(doing: &'static str) -> Self {
        let target = if stderr().is_terminal() { ProgressDrawTarget::stderr_with_hz(5) } else { ProgressDrawTarget::hidden() };
        let style = ProgressStyle::with_template("{msg:22} {bar:40} {pos}/{len}").unwrap_or_else(|_| ProgressStyle::default_bar());
        Self(ProgressBar::with_draw_target(Some(0), target).with_style(style).with_message(doing))
    }

    pub fn at(&self, done: u64, of: u64) {
        if self.0.length() != Some(of) {
            self.0.set_length(of);
        }
        self.0.set_position(done);
    }
}

/// Does it for each, `at_once` at a time; answers in order.
pub async fn each<I, T, E, F>(items: Vec<I>, at_once: usize, progress: &Progress, work: impl Fn(I) -> F) -> Result<Vec<T>, E>
where
    F: Future<Output = Result<T, E>>,
{
    let total = items.len() as u64;
    let mut done = 0;
    let told = |_: &T| {
        done += 1;
        progress.at(done, total);
    };
    stream::iter(items.into_iter().map(work)).buffered(at_once).inspect_ok(told).try_collect().await
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
