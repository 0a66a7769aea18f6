//! Every task of the server runs here, so that drain knows all of them.

use std::future::Future;
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Tracked tasks, in two kinds: work that is run to its end, and loops that stop when told.
#[derive(Clone, Default)]
pub struct Tasks {
    tracker: TaskTracker,
    stopping: CancellationToken,
}

impl Tasks {
    /// Runs `work` to its end even if nobody waits for it any more: what was committed is also told.
    pub fn run<T: Send + 'static>(&self, work: impl Future<Output = T> + Send + 'static) -> JoinHandle<T> {
        self.tracker.spawn(work)
    }

    /// Calls `tick` every `period` until the server stops.
    pub fn every<F, W>(&self, period: Duration, tick: F)
    where
        F: Fn() -> W + Send + 'static,
        W: Future<Output = ()> + Send,
    {
        let stopping = self.stopping.clone();
        self.tracker.spawn(async move {
            let mut timer = tokio::time::interval(period);
            timer.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
            loop {
                tokio::select! {
                    () = stopping.cancelled() => return,
                    _ = timer.tick() => tick().await,
                }
            }
        });
    }

    /// Completes when the server stops.
    pub fn stopping(&self) -> CancellationToken {
        self.stopping.clone()
    }

    /// Tells loops to stop and waits for everything.
    pub async fn stop(&self) {
        self.stopping.cancel();
        self.tracker.close();
        self.tracker.wait().await;
    }
}

/// What ran in a task that panicked counts as a fault with unknown outcome.
pub async fn finish<T>(task: JoinHandle<crate::Answer<T>>) -> crate::Answer<T> {
    task.await.unwrap_or_else(|error| {
        tracing::error!(%error, "a task failed");
        Err(tertulia_domain::Refusal::new(tertulia_domain::Code::Internal, "a fault of ours; the outcome is unknown"))
    })
}
