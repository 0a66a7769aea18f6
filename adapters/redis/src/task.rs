//! Tasks of the adapter.

use std::future::Future;

use tokio::task::AbortHandle;

/// Runs until it is dropped.
pub(crate) struct Task(AbortHandle);

impl Task {
    /// In the runtime that this is called in.
    #[allow(clippy::disallowed_methods)] // It holds nothing that a drain would have to wait for.
    pub(crate) fn start(work: impl Future<Output = ()> + Send + 'static) -> Self {
        Self(tokio::spawn(work).abort_handle())
    }
}

impl Drop for Task {
    fn drop(&mut self) {
        self.0.abort();
    }
}
